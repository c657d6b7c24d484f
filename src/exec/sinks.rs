//! What is done with the values that [`super::sweep`] makes: they are kept, or only who passes a test is.

use std::mem::take;

use super::bits;
use super::cells::{Cell, Ints, Values};
use super::rows::{Whole, cell_of};
use super::tests_on_cells::CellTest;
use super::words::{self, Set};
use crate::check::typed::CompareOp;
use crate::plan::{Function, NumberTest, Predicate};
use crate::schema::Scalar;
use crate::store::Words;
use crate::store::column::Column;
use crate::store::column::kernels::widened;
use crate::value::Number;

/// What a function makes of the contacts of a block, by position among them.
pub(super) struct Made<'m> {
    pub kind: Kind,
    pub values: &'m [i64],
    /// Who has a value; nothing where all have one.
    pub said: Option<&'m [u64]>,
    /// Of averages: how many values each is of.
    pub counts: &'m [u32],
}

/// What the numbers of [`Made`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Counts, sums, instants.
    Whole,
    /// Sums that have to be divided by the number of their values.
    Average,
    /// How far the sum of the values lies from that of as many times [`Sink::pivot`].
    FromPivot,
    /// Values of the column of the block.
    Stored,
}

impl Made<'_> {
    fn get(&self, at: usize) -> Option<i64> {
        self.values.get(at).copied().filter(|_| self.said.is_none_or(|said| bits::contains(said, at)))
    }

    fn average(&self, at: usize, scalar: Scalar) -> Option<Number> {
        average(Cell::Int(scalar, self.get(at)?), self.counts.get(at).copied()?.into())
    }
}

/// Takes what a function makes of contacts; of those that nothing is said of, nothing matches or nothing has a value.
pub(super) trait Sink<'c> {
    /// What is made of the contacts of a block, of whom those in `asked` are asked for.
    fn take(&mut self, whole: &Whole<'c>, made: &Made<'_>, asked: &Words);

    /// A stored number with which averages are compared, if that is all that is done with them: then it is enough to know on which side of
    /// it they lie.
    fn pivot(&self) -> Option<i64> {
        None
    }

    /// The only numbers that pass, from the first to the second: of others it is enough to know that they are others.
    fn range(&self) -> Option<(i64, i64)> {
        None
    }

    /// That those contacts of a block pass who have a bit at their position, and no others. For sinks that have a range.
    fn pass(&mut self, _whole: &Whole<'c>, _passes: &[u64], _asked: &Words) {}
}

/// Keeps the values.
pub(super) struct Collected<'c> {
    ints: Ints,
    cells: Vec<Option<Cell<'c>>>,
    /// By slot; nothing where all contacts of the chunk are asked for.
    positions: Option<Vec<u16>>,
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
        let (mut ints, mut cells) = (Ints::all(Vec::new()), Vec::new());
        match function {
            Function::Average | Function::FirstOf | Function::LastOf | Function::MostFrequent(_) => {
                cells.resize(slots.len(), None);
            }
            function if function.counts() => ints = Ints::all(vec![0; slots.len()]),
            _ => ints = Ints::empty(slots.len()),
        }
        Self { ints, cells, positions }
    }

    /// The values, numbers being of a type.
    pub fn values(self, scalar: Scalar) -> Values<'c> {
        if self.cells.is_empty() { Values::Ints(scalar, self.ints) } else { Values::Cells(self.cells) }
    }
}

impl<'c> Sink<'c> for Collected<'c> {
    fn take(&mut self, whole: &Whole<'c>, made: &Made<'_>, asked: &Words) {
        if let (None, None, Kind::Whole) = (&self.positions, made.said, made.kind) {
            return self.ints.put_all(whole.rows.slots(), made.values);
        }
        for (at, slot) in whole.rows.slots().iter().map(|slot| usize::from(*slot)).enumerate() {
            let position = match &self.positions {
                None => slot,
                Some(_) if !words::contains(asked, slot) => continue,
                Some(positions) => positions.get(slot).copied().unwrap_or(0).into(),
            };
            let Some(value) = made.get(at) else { continue };
            let cell = match made.kind {
                Kind::Whole => {
                    self.ints.put(position, value);
                    continue;
                }
                Kind::Stored => whole.column.and_then(|column| cell_of(column, value, whole.scalar)),
                Kind::Average => made.average(at, whole.scalar).map(Cell::Number),
                // Nothing is kept that has a pivot.
                Kind::FromPivot => None,
            };
            if let Some(place) = self.cells.get_mut(position) {
                *place = cell;
            }
        }
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
    /// Whether texts of the block pass, by code.
    known: Vec<bool>,
    /// Sets of positions among the contacts of a block.
    passes: Vec<u64>,
    /// How many values averages are of, or what they are compared with.
    counts: Vec<i64>,
    found: Set,
}

/// A comparison of a sum and a number of values with a bound, without a division: `sum * left` with `count * right`.
#[derive(Clone, Copy)]
struct Ratio {
    op: CompareOp,
    left: i64,
    right: i64,
}

/// How averages of stored numbers compare, unless that needs factors of more than 64 bits.
fn ratio(test: &NumberTest, scalar: Scalar) -> Option<Ratio> {
    let (NumberTest::Compare(op, bound), Scalar::Number { decimals }) = (test, scalar) else { return None };
    let left = 10_i64.checked_pow(u32::from(bound.scale()))?;
    let right = bound.mantissa().checked_mul(10_i128.checked_pow(u32::from(decimals))?)?;
    Some(Ratio { op: *op, left, right: i64::try_from(right).ok()? })
}

/// The first and the last that pass, if all between them do.
fn one_run(known: &[bool]) -> Option<(i64, i64)> {
    let first = known.iter().position(|passes| *passes)?;
    let passing = known.iter().skip(first).take_while(|passes| **passes).count();
    let is_all = !known.iter().skip(first + passing).any(|passes| *passes);
    is_all.then_some((i64::try_from(first).ok()?, i64::try_from(first + passing).ok()? - 1))
}

impl<'t, 'c> Tested<'t, 'c> {
    /// A test, on numbers of a type if it is on numbers; `found` has who passes unless something is said of them.
    pub fn new((predicate, test): (&Predicate, &'t CellTest<'c>), scalar: Scalar, found: Set) -> Self {
        let ratio = if let Predicate::Number(number) = predicate { ratio(number, scalar) } else { None };
        Self { test, scalar, range: test.range(scalar), ratio, known: Vec::new(), passes: Vec::new(), counts: Vec::new(), found }
    }

    /// Who passes.
    pub fn found(self) -> Set {
        self.found
    }
}

impl<'c> Sink<'c> for Tested<'_, 'c> {
    fn pivot(&self) -> Option<i64> {
        let Ratio { left, right, .. } = self.ratio?;
        (right % left == 0).then_some(right / left)
    }

    fn range(&self) -> Option<(i64, i64)> {
        self.range
    }

    fn pass(&mut self, whole: &Whole<'c>, passes: &[u64], asked: &Words) {
        words::put_all(&mut self.found, &whole.contacts, None, passes);
        words::and(&mut self.found, asked);
    }

    fn take(&mut self, whole: &Whole<'c>, made: &Made<'_>, asked: &Words) {
        let slots = whole.rows.slots();
        let (test, scalar, ratio) = (self.test, self.scalar, self.ratio);
        // By position; of those alone who are asked for, where that takes a while.
        let each = |passes: &mut dyn FnMut(usize) -> Option<bool>| {
            let is_asked = |at: usize| slots.get(at).is_some_and(|slot| words::contains(asked, usize::from(*slot)));
            bits::of(slots.len(), |at| is_asked(at) && passes(at) == Some(true))
        };
        let passes = match (made.kind, whole.column, self.range) {
            (Kind::Average, ..) => match ratio {
                Some(Ratio { op, left, right }) => {
                    widened(made.counts, &mut self.counts);
                    bits::compared(op, (made.values, left), (&self.counts, right))
                }
                None => each(&mut |at| Some(test.passes(Cell::Number(made.average(at, whole.scalar)?), 0))),
            },
            (Kind::FromPivot, ..) => {
                let op = ratio.map_or(CompareOp::Equal, |ratio| ratio.op);
                self.counts.clear();
                self.counts.resize(made.values.len(), 0);
                bits::compared(op, (made.values, 1), (&self.counts, 1))
            }
            // Few texts are asked once each.
            (Kind::Stored, Some(Column::Text(column)), _) if (column.distinct() as usize) < slots.len() / 2 => {
                self.known.clear();
                let passes = |code| column.value(code).is_some_and(|text| test.passes(Cell::Text(text), 0));
                self.known.extend((0..column.distinct()).map(passes));
                if let Some((first, last)) = one_run(&self.known) {
                    bits::between_i64(made.values, first, last, &mut self.passes);
                    take(&mut self.passes)
                } else {
                    let known = |code: i64| usize::try_from(code).ok().and_then(|code| self.known.get(code)) == Some(&true);
                    bits::of(slots.len(), |at| made.values.get(at).is_some_and(|code| known(*code)))
                }
            }
            (Kind::Stored, Some(column @ Column::Text(_)), _) => {
                each(&mut |at| Some(test.passes(cell_of(column, made.get(at)?, whole.scalar)?, 0)))
            }
            (_, _, Some((lo, hi))) => {
                bits::between_i64(made.values, lo, hi, &mut self.passes);
                take(&mut self.passes)
            }
            _ => each(&mut |at| Some(test.passes(Cell::Int(scalar, made.get(at)?), 0))),
        };
        words::put_all(&mut self.found, &whole.contacts, made.said, &passes);
        self.passes = passes;
        // Something may have been said of others too.
        words::and(&mut self.found, asked);
    }
}
