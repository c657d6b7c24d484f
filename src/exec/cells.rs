//! Values while they are calculated with: single ones, and columns of them.

use std::cmp::Ordering;

use crate::check::typed::Part;
use crate::schema::Scalar;
use crate::store::column::{Column, ListColumn};
use crate::time::{LocalTimes, date_parts};
use crate::value::{Decimal, Number};

/// A value that is there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'c> {
    /// A number of so many decimals, a day, an instant, 0 or 1: as it is stored.
    Int(Scalar, i64),
    /// A number that was calculated.
    Number(Number),
    Text(&'c str),
    List(List<'c>),
}

/// A list that is not empty; single elements may be missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'c> {
    items: &'c Column<'c>,
    start: usize,
    end: usize,
    scalar: Scalar,
}

/// A whole number.
pub(super) const WHOLE: Scalar = Scalar::Number { decimals: 0 };

/// What makes two stored values equal: kind and value, whatever the decimals of their columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key<'c> {
    Int(u8, i64),
    Text(&'c str),
}

impl<'c> Cell<'c> {
    /// A value of a column of `scalar`s; nothing for an empty one.
    pub fn of(column: &'c Column<'c>, place: usize, scalar: Scalar) -> Option<Self> {
        match column {
            Column::Int(c) => c.get(place).map(|n| Self::Int(scalar, n)),
            Column::Text(c) => c.text(place).map(Self::Text),
            Column::List(c) => List::of(c, place, scalar).map(Self::List),
        }
    }

    pub fn whole(n: i64) -> Self {
        Self::Int(WHOLE, n)
    }

    /// A count.
    pub fn count(n: u64) -> Self {
        Self::whole(i64::try_from(n).unwrap_or(i64::MAX))
    }

    pub fn number(self) -> Option<Number> {
        match self {
            Self::Int(Scalar::Number { decimals }, n) => Some(Decimal::new(i128::from(n), decimals).into()),
            Self::Number(n) => Some(n),
            _ => None,
        }
    }

    /// The calendar day of a date or of an instant.
    pub fn day(self, clock: &LocalTimes) -> Option<i32> {
        match self {
            Self::Int(Scalar::Date, day) => Some(clamp_day(day)),
            Self::Int(Scalar::Time, ms) => Some(clock.day_of(ms)),
            _ => None,
        }
    }

    /// Order by value; a date and an instant by calendar day. Nothing for values of different kinds.
    pub fn compare(self, other: Cell<'_>, clock: &LocalTimes) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a, x), Cell::Int(b, y)) if a == b => Some(x.cmp(&y)),
            (Self::Int(Scalar::Number { decimals: a }, x), Cell::Int(Scalar::Number { decimals: b }, y)) if a.max(b) <= 18 => {
                let scaled = |n: i64, decimals: u8| i128::from(n) * 10_i128.pow(u32::from(a.max(b) - decimals));
                Some(scaled(x, a).cmp(&scaled(y, b)))
            }
            (Self::Text(a), Cell::Text(b)) => Some(a.cmp(b)),
            (a, b) => match (a.number(), b.number()) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => Some(a.day(clock)?.cmp(&b.day(clock)?)),
            },
        }
    }

    /// What makes it equal to others; nothing for calculated numbers and lists.
    pub fn key(self) -> Option<Key<'c>> {
        match self {
            Self::Int(Scalar::Number { mut decimals }, mut n) => {
                while decimals > 0 && n % 10 == 0 {
                    n /= 10;
                    decimals -= 1;
                }
                Some(Key::Int(decimals, n))
            }
            Self::Int(Scalar::Bool, n) => Some(Key::Int(100, n)),
            Self::Int(Scalar::Date, n) => Some(Key::Int(101, n)),
            Self::Int(_, n) => Some(Key::Int(102, n)),
            Self::Text(text) => Some(Key::Text(text)),
            Self::Number(_) | Self::List(_) => None,
        }
    }

    /// A part of a date or of an instant, or the size of a list.
    pub fn part(self, part: Part, clock: &LocalTimes) -> Option<i64> {
        match (part, self) {
            (Part::Size, Self::List(list)) => i64::try_from(list.len()).ok(),
            (Part::Hour, Self::Int(Scalar::Time, ms)) => Some(clock.hour_of(ms)),
            (Part::Size | Part::Hour, _) => None,
            (part, moment) => {
                let parts = date_parts(moment.day(clock)?);
                Some(match part {
                    Part::Year => parts.year,
                    Part::Month => parts.month,
                    Part::Day => parts.day,
                    _ => parts.weekday,
                })
            }
        }
    }
}

/// A stored day; what no calendar knows is its end.
pub(super) fn clamp_day(day: i64) -> i32 {
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}

impl<'c> List<'c> {
    fn of(column: &'c ListColumn<'c>, place: usize, scalar: Scalar) -> Option<Self> {
        let range = column.range(place);
        (!range.is_empty()).then(|| Self { items: column.items(), start: range.start, end: range.end, scalar })
    }

    /// Number of elements, missing ones included.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// The type of the elements.
    pub fn scalar(&self) -> Scalar {
        self.scalar
    }

    /// The elements that are there.
    pub fn cells(self) -> impl Iterator<Item = Cell<'c>> {
        (self.start..self.end).filter_map(move |at| Cell::of(self.items, at, self.scalar))
    }
}

/// The values of some contacts, by position among them.
#[derive(Debug, Clone)]
pub(super) enum Values<'c> {
    /// All have the same, or none has one.
    Same(Option<Cell<'c>>),
    /// All of one type.
    Ints(Scalar, Vec<Option<i64>>),
    Texts(Vec<Option<&'c str>>),
    Cells(Vec<Option<Cell<'c>>>),
}

impl<'c> Values<'c> {
    /// The value at a position.
    pub fn get(&self, at: usize) -> Option<Cell<'c>> {
        match self {
            Self::Same(cell) => *cell,
            Self::Ints(scalar, all) => all.get(at).copied().flatten().map(|n| Cell::Int(*scalar, n)),
            Self::Texts(all) => all.get(at).copied().flatten().map(Cell::Text),
            Self::Cells(all) => all.get(at).copied().flatten(),
        }
    }

    /// Sets the value at a position below `len`; what is not set stays empty. Not for a column that was made [`Self::Same`].
    pub fn put(&mut self, len: usize, at: usize, cell: Cell<'c>) {
        match (&mut *self, cell) {
            (Self::Ints(scalar, all), Cell::Int(other, n)) if *scalar == other => set(all, at, n),
            (Self::Texts(all), Cell::Text(text)) => set(all, at, text),
            (Self::Cells(all), cell) => set(all, at, cell),
            (Self::Same(_), _) => {
                *self = match cell {
                    Cell::Int(scalar, _) => Self::Ints(scalar, vec![None; len]),
                    Cell::Text(_) => Self::Texts(vec![None; len]),
                    Cell::Number(_) | Cell::List(_) => Self::Cells(vec![None; len]),
                };
                self.put(len, at, cell);
            }
            (other, cell) => {
                let mut cells: Vec<Option<Cell<'c>>> = (0..len).map(|at| other.get(at)).collect();
                set(&mut cells, at, cell);
                *self = Self::Cells(cells);
            }
        }
    }

    /// The values at some positions.
    pub fn pick(&self, positions: &[u16]) -> Self {
        fn picked<T: Copy>(all: &[Option<T>], positions: &[u16]) -> Vec<Option<T>> {
            positions.iter().map(|at| all.get(usize::from(*at)).copied().flatten()).collect()
        }
        match self {
            Self::Same(cell) => Self::Same(*cell),
            Self::Ints(scalar, all) => Self::Ints(*scalar, picked(all, positions)),
            Self::Texts(all) => Self::Texts(picked(all, positions)),
            Self::Cells(all) => Self::Cells(picked(all, positions)),
        }
    }

    /// Puts each value where its position says, in a column of `len`.
    pub fn put_all(&mut self, len: usize, positions: &[u16], values: &Self) {
        for (at, position) in positions.iter().enumerate() {
            if let Some(cell) = values.get(at) {
                self.put(len, usize::from(*position), cell);
            }
        }
    }
}

fn set<T>(all: &mut [Option<T>], at: usize, value: T) {
    if let Some(slot) = all.get_mut(at) {
        *slot = Some(value);
    }
}
