//! What is done with the values that [`super::sweep`] makes: they are kept, or only who passes a test is.

use super::cells::{Cell, Values, WHOLE};
use super::rows::{Whole, cell_of};
use super::tests_on_cells::CellTest;
use super::words::{self, Set};
use crate::check::typed::CompareOp;
use crate::plan::{Function, NumberTest, Predicate};
use crate::schema::Scalar;
use crate::store::column::Column;
use crate::value::Number;

/// Takes what a function makes of contacts; of those that nothing is said of, nothing matches or nothing has a value.
pub(super) trait Sink<'c> {
    /// The contacts that follow are of this block.
    fn open(&mut self, whole: &Whole<'c>);
    /// A count, a sum, an instant.
    fn int(&mut self, slot: u16, value: i64);
    /// A sum of so many values, at least one.
    fn average(&mut self, slot: u16, sum: i64, count: u32);
    /// A value of the column of the block.
    fn stored(&mut self, slot: u16, int: i64);
}

/// Keeps the values.
pub(super) struct Collected<'c> {
    ints: Vec<Option<i64>>,
    cells: Vec<Option<Cell<'c>>>,
    /// By slot; nothing where all contacts of the chunk are asked for.
    positions: Option<Vec<u16>>,
    column: Option<&'c Column<'c>>,
    scalar: Scalar,
}

impl<'c> Collected<'c> {
    /// For the values of some contacts of a chunk of so many slots.
    pub fn new(function: &Function, slots: &[u16], len: usize) -> Self {
        let positions = (slots.len() != len).then(|| {
            let mut positions = vec![0; len];
            for (at, slot) in (0..).zip(slots) {
                if let Some(position) = positions.get_mut(usize::from(*slot)) {
                    *position = at;
                }
            }
            positions
        });
        let (mut ints, mut cells) = (Vec::new(), Vec::new());
        match function {
            Function::Average | Function::FirstOf | Function::LastOf | Function::MostFrequent(_) => {
                cells.resize(slots.len(), None);
            }
            function => ints.resize(slots.len(), function.counts().then_some(0)),
        }
        Self { ints, cells, positions, column: None, scalar: WHOLE }
    }

    fn position(&self, slot: u16) -> usize {
        let slot = usize::from(slot);
        self.positions.as_ref().map_or(slot, |positions| positions.get(slot).copied().unwrap_or(0).into())
    }

    fn put(&mut self, slot: u16, cell: Option<Cell<'c>>) {
        let at = self.position(slot);
        if let Some(place) = self.cells.get_mut(at) {
            *place = cell;
        }
    }

    /// The values, numbers being of a type.
    pub fn values(self, scalar: Scalar) -> Values<'c> {
        if self.cells.is_empty() { Values::Ints(scalar, self.ints) } else { Values::Cells(self.cells) }
    }
}

impl<'c> Sink<'c> for Collected<'c> {
    fn open(&mut self, whole: &Whole<'c>) {
        (self.column, self.scalar) = (whole.column, whole.scalar);
    }

    fn int(&mut self, slot: u16, value: i64) {
        let at = self.position(slot);
        if let Some(place) = self.ints.get_mut(at) {
            *place = Some(value);
        }
    }

    fn average(&mut self, slot: u16, sum: i64, count: u32) {
        self.put(slot, average(Cell::Int(self.scalar, sum), count.into()).map(Cell::Number));
    }

    fn stored(&mut self, slot: u16, int: i64) {
        let cell = self.column.and_then(|column| cell_of(column, int, self.scalar));
        self.put(slot, cell);
    }
}

/// The average of so many values with a sum; nothing of none.
pub(super) fn average(sum: Cell<'_>, n: u64) -> Option<Number> {
    match sum {
        Cell::Int(Scalar::Number { decimals }, sum) if decimals <= 18 => {
            Number::fraction(i128::from(sum), i128::from(n) * 10_i128.pow(u32::from(decimals)))
        }
        sum => sum.number()?.divide(Number::whole(i64::try_from(n).ok()?)),
    }
}

/// Keeps whose values pass.
pub(super) struct Tested<'t, 'c> {
    test: &'t CellTest<'c>,
    scalar: Scalar,
    /// The one interval of numbers that passes, if that is the whole test.
    range: Option<(i64, i64)>,
    ratio: Option<Ratio>,
    /// The column of the block, if it is one of texts.
    texts: Option<&'c Column<'c>>,
    /// Whether texts of the block pass, by code: [`UNKNOWN`], or 0 or 1.
    known: Vec<u8>,
    found: Set,
}

const UNKNOWN: u8 = 2;

/// A comparison of a sum and a number of values with a bound, without a division: `sum * left` with `count * right`.
#[derive(Clone, Copy)]
struct Ratio {
    op: CompareOp,
    left: i128,
    right: i128,
}

/// How averages of stored numbers compare, unless that needs more than 128 bits.
fn ratio(test: &NumberTest, scalar: Scalar) -> Option<Ratio> {
    let (NumberTest::Compare(op, bound), Scalar::Number { decimals }) = (test, scalar) else { return None };
    let left = 10_i128.checked_pow(u32::from(bound.scale()))?;
    let right = bound.mantissa().checked_mul(10_i128.checked_pow(u32::from(decimals))?)?;
    // Sums have 64 bits, and there are fewer rows than 32 bits can count.
    left.checked_mul(1 << 64)?;
    right.checked_mul(1 << 32)?;
    Some(Ratio { op: *op, left, right })
}

impl<'t, 'c> Tested<'t, 'c> {
    /// A test, on numbers of a type if it is on numbers; `found` has who passes unless something is said of them.
    pub fn new((predicate, test): (&Predicate, &'t CellTest<'c>), scalar: Scalar, found: Set) -> Self {
        let ratio = if let Predicate::Number(number) = predicate { ratio(number, scalar) } else { None };
        Self { test, scalar, range: test.range(scalar), ratio, texts: None, known: Vec::new(), found }
    }

    /// Who passes.
    pub fn found(self) -> Set {
        self.found
    }

    fn put(&mut self, slot: u16, passes: bool) {
        words::put(&mut self.found, usize::from(slot), passes);
    }
}

impl<'c> Sink<'c> for Tested<'_, 'c> {
    fn open(&mut self, whole: &Whole<'c>) {
        self.texts = whole.column.filter(|column| matches!(column, Column::Text(_)));
        self.known.clear();
        if let Some(Column::Text(column)) = self.texts {
            self.known.resize(column.distinct() as usize, UNKNOWN);
        }
    }

    fn int(&mut self, slot: u16, value: i64) {
        let passes = match self.range {
            Some((lo, hi)) => lo <= value && value <= hi,
            None => self.test.passes(Cell::Int(self.scalar, value), 0),
        };
        self.put(slot, passes);
    }

    fn average(&mut self, slot: u16, sum: i64, count: u32) {
        let passes = match self.ratio {
            Some(Ratio { op, left, right }) => op.accepts((i128::from(sum) * left).cmp(&(i128::from(count) * right))),
            None => average(Cell::Int(self.scalar, sum), count.into()).is_some_and(|n| self.test.passes(Cell::Number(n), 0)),
        };
        self.put(slot, passes);
    }

    fn stored(&mut self, slot: u16, int: i64) {
        let Some(column) = self.texts else { return self.int(slot, int) };
        let Some(known) = usize::try_from(int).ok().and_then(|code| self.known.get_mut(code)) else { return };
        if *known == UNKNOWN {
            *known = u8::from(cell_of(column, int, self.scalar).is_some_and(|cell| self.test.passes(cell, 0)));
        }
        let passes = *known == 1;
        self.put(slot, passes);
    }
}
