//! Tests on the values of a column, brought to its encoding once, then asked place by place.

use super::bits;
use super::cells::Cell;
use super::eval::Context;
use super::operands::Operands;
use super::tests_on_cells::{CellTest, has};
use crate::check::typed::{CountRange, HasOp};
use crate::plan::{Intervals, ItemFilter, Predicate};
use crate::schema::Scalar;
use crate::store::column::{CodeSet, Column, IntColumn, ListColumn};
use crate::value::{Folding, fold};

/// Finds the columns of a chunk, or of a block, by their number; nothing for one in which nobody has a value.
pub(super) trait Columns<'c> {
    fn column(&self, at: u16) -> Option<(&'c Column<'c>, Scalar)>;
}

/// A test on a column.
pub(super) enum ColumnTest<'c> {
    Always(bool),
    /// The packed number is in one interval.
    Range {
        column: &'c IntColumn<'c>,
        lo: i64,
        hi: i64,
        or_empty: bool,
    },
    /// The packed number is in a set.
    Ints {
        column: &'c IntColumn<'c>,
        set: &'c Intervals,
        or_empty: bool,
    },
    /// The code is in a set.
    Codes {
        codes: &'c IntColumn<'c>,
        set: CodeSet,
        or_empty: bool,
    },
    /// Elements of a list against wanted texts: for each code the position among them.
    Texts {
        list: &'c ListColumn<'c>,
        codes: &'c IntColumn<'c>,
        wanted: Vec<Option<usize>>,
        count: usize,
        op: HasOp,
        or_empty: bool,
    },
    /// So many records pass.
    Items {
        list: &'c ListColumn<'c>,
        range: CountRange,
        filter: ItemTest<'c>,
        or_empty: bool,
    },
    /// Everything else, value by value.
    Value {
        column: &'c Column<'c>,
        scalar: Scalar,
        test: CellTest<'c>,
        or_empty: bool,
    },
}

impl<'c> ColumnTest<'c> {
    /// The test of a predicate on a column of some columns.
    pub fn new(
        context: &'c Context<'_>,
        columns: &dyn Columns<'c>,
        at: u16,
        (predicate, or_empty): (&'c Predicate, bool),
        operands: &Operands<'c>,
    ) -> Self {
        let Some((column, scalar)) = columns.column(at) else { return Self::Always(or_empty) };
        match (predicate, column) {
            (Predicate::Items(range, filter), Column::List(list)) => {
                let filter = ItemTest::new(context, columns, filter, operands);
                Self::Items { list, range: *range, filter, or_empty }
            }
            _ => Self::of(context, column, scalar, (predicate, or_empty), operands),
        }
    }

    /// The test of a predicate that looks at one column alone.
    fn of(
        context: &'c Context<'_>,
        column: &'c Column<'c>,
        scalar: Scalar,
        (predicate, or_empty): (&'c Predicate, bool),
        operands: &Operands<'c>,
    ) -> Self {
        match (column, predicate) {
            (_, Predicate::Never) if !or_empty => Self::Always(false),
            (_, Predicate::Set) if or_empty => Self::Always(true),
            (Column::Int(column), Predicate::Set) => Self::Range { column, lo: i64::MIN, hi: i64::MAX, or_empty },
            (Column::Text(column), Predicate::Set) => {
                Self::Range { column: column.codes(), lo: i64::MIN, hi: i64::MAX, or_empty }
            }
            (Column::Int(column), Predicate::In(set)) => Self::ints(column, set, or_empty),
            (Column::Text(column), Predicate::Text(test)) => {
                let set = context.prepared.codes(column, test);
                if set.is_empty() && !or_empty {
                    Self::Always(false)
                } else {
                    Self::Codes { codes: column.codes(), set, or_empty }
                }
            }
            (Column::List(list), Predicate::HasText(op, wanted, folding)) => match list.items() {
                Column::Text(items) => {
                    let place = |code| {
                        let text = items.value(code)?;
                        wanted.binary_search_by(|w| w.as_str().cmp(&fold(text, *folding))).ok()
                    };
                    let places = if *folding == Folding::default() {
                        let mut places = vec![None; items.distinct() as usize];
                        for (place, code) in wanted.iter().enumerate().filter_map(|(at, w)| Some((at, items.find(w)?))) {
                            if let Some(slot) = places.get_mut(code as usize) {
                                *slot = Some(place);
                            }
                        }
                        places
                    } else {
                        (0..items.distinct()).map(place).collect()
                    };
                    Self::Texts { list, codes: items.codes(), wanted: places, count: wanted.len(), op: *op, or_empty }
                }
                _ => Self::Always(or_empty),
            },
            _ => Self::Value { column, scalar, test: CellTest::new(context, predicate, operands), or_empty },
        }
    }

    /// Whether numbers are in a set.
    pub fn ints(column: &'c IntColumn<'c>, set: &'c Intervals, or_empty: bool) -> Self {
        let mut intervals = set.iter_i64();
        match (intervals.next(), intervals.next()) {
            (Some((lo, hi)), None) => Self::Range { column, lo, hi, or_empty },
            (None, _) if !or_empty => Self::Always(false),
            _ => Self::Ints { column, set, or_empty },
        }
    }

    /// Whether nothing passes.
    pub fn is_never(&self) -> bool {
        matches!(self, Self::Always(false))
    }

    /// Whether it tests all places at once, whatever is asked for.
    pub fn scans(&self) -> bool {
        matches!(self, Self::Always(_) | Self::Range { .. } | Self::Codes { .. })
    }

    /// Keeps the places whose values pass. Not for tests that compare with values of the contact.
    pub fn narrow(&self, places: &mut [u64]) {
        let scanned = |column: &IntColumn<'_>, or_empty: bool, scan: &dyn Fn(&mut [u64])| {
            let mut found = vec![0; places.len()];
            scan(&mut found);
            if or_empty {
                let mut present = vec![0; places.len()];
                column.present_into(&mut present);
                found.iter_mut().zip(&present).for_each(|(f, p)| *f |= !p);
            }
            found
        };
        let found = match self {
            Self::Always(true) => return,
            Self::Always(false) => vec![0; places.len()],
            Self::Range { column, lo, hi, or_empty } => scanned(column, *or_empty, &|out| column.scan(*lo, *hi, out)),
            Self::Codes { codes, set, or_empty } => scanned(codes, *or_empty, &|out| set.scan(codes, out)),
            test => return bits::retain(places, |place| test.passes(place, 0)),
        };
        bits::and(places, &found);
    }

    /// Whether the value at a place passes; it is of the contact at position `at`.
    pub fn passes(&self, place: usize, at: usize) -> bool {
        match self {
            Self::Always(answer) => *answer,
            Self::Range { column, lo, hi, or_empty } => column.get(place).map_or(*or_empty, |n| *lo <= n && n <= *hi),
            Self::Ints { column, set, or_empty } => column.get(place).map_or(*or_empty, |n| set.contains(i128::from(n))),
            Self::Codes { codes, set, or_empty } => {
                codes.get(place).map_or(*or_empty, |code| u32::try_from(code).is_ok_and(|c| set.contains(c)))
            }
            Self::Texts { list, codes, wanted, count, op, or_empty } => {
                let range = list.range(place);
                if range.is_empty() {
                    return *or_empty;
                }
                let position = |code: i64| wanted.get(usize::try_from(code).ok()?).copied().flatten();
                has(*op, *count, range.filter_map(|item| position(codes.get(item)?)))
            }
            Self::Items { list, range, filter, or_empty } => {
                let items = list.range(place).len();
                if items == 0 {
                    return *or_empty;
                }
                range.contains((0..items).filter(|item| filter.passes(place, *item, at)).count() as u64)
            }
            Self::Value { column, scalar, test, or_empty } => {
                Cell::of(column, place, *scalar).map_or(*or_empty, |cell| test.passes(cell, at))
            }
        }
    }
}

/// A test on one record.
pub(super) enum ItemTest<'c> {
    All(Vec<ItemTest<'c>>),
    Any(Vec<ItemTest<'c>>),
    Quorum(CountRange, Vec<ItemTest<'c>>),
    Not(Box<ItemTest<'c>>),
    /// A member nobody has.
    Always(bool),
    Member {
        list: &'c ListColumn<'c>,
        test: Box<ColumnTest<'c>>,
        or_empty: bool,
    },
}

impl<'c> ItemTest<'c> {
    fn new(context: &'c Context<'_>, columns: &dyn Columns<'c>, filter: &'c ItemFilter, operands: &Operands<'c>) -> Self {
        let all =
            |parts: &'c [ItemFilter]| -> Vec<Self> { parts.iter().map(|p| Self::new(context, columns, p, operands)).collect() };
        match filter {
            ItemFilter::All(parts) => Self::All(all(parts)),
            ItemFilter::Any(parts) => Self::Any(all(parts)),
            ItemFilter::Quorum(range, parts) => Self::Quorum(*range, all(parts)),
            ItemFilter::Not(inner) => Self::Not(Box::new(Self::new(context, columns, inner, operands))),
            ItemFilter::Test { column, predicate, or_empty } => match columns.column(*column) {
                Some((Column::List(list), scalar)) => {
                    let test = ColumnTest::of(context, list.items(), scalar, (predicate, *or_empty), operands);
                    Self::Member { list, test: Box::new(test), or_empty: *or_empty }
                }
                _ => Self::Always(*or_empty),
            },
        }
    }

    /// Whether a record of the list at a place passes.
    fn passes(&self, place: usize, item: usize, at: usize) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|p| p.passes(place, item, at)),
            Self::Any(parts) => parts.iter().any(|p| p.passes(place, item, at)),
            Self::Quorum(range, parts) => range.contains(parts.iter().filter(|p| p.passes(place, item, at)).count() as u64),
            Self::Not(inner) => !inner.passes(place, item, at),
            Self::Always(answer) => *answer,
            Self::Member { list, test, or_empty } => {
                // A list of records is as long in all its columns.
                let range = list.range(place);
                if item < range.len() { test.passes(range.start + item, at) } else { *or_empty }
            }
        }
    }
}
