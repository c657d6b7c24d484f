//! Values while they are calculated with: single ones, and columns of them.

use std::cmp::Ordering;

use super::bits;
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

/// Whole numbers, some of which may be missing.
#[derive(Debug, Clone)]
pub(super) struct Ints {
    /// 0 where there is none.
    values: Vec<i64>,
    /// Which are there; nothing where all are.
    present: Option<Vec<u64>>,
}

impl Ints {
    /// So many missing ones.
    pub fn empty(len: usize) -> Self {
        Self { values: vec![0; len], present: Some(vec![0; len.div_ceil(64)]) }
    }

    /// Numbers of which all are there.
    pub fn all(values: Vec<i64>) -> Self {
        Self { values, present: None }
    }

    /// The number at a position.
    pub fn get(&self, at: usize) -> Option<i64> {
        self.values.get(at).copied().filter(|_| self.present.as_ref().is_none_or(|present| bits::contains(present, at)))
    }

    /// Sets the number at a position.
    pub fn put(&mut self, at: usize, n: i64) {
        if let Some(place) = self.values.get_mut(at) {
            *place = n;
        }
        if let Some(word) = self.present.as_mut().and_then(|present| present.get_mut(at / 64)) {
            *word |= 1 << (at % 64);
        }
    }

    /// Sets the numbers at some positions, of a column of which none is missing.
    pub fn put_all(&mut self, positions: &[u16], numbers: &[i64]) {
        for (at, n) in positions.iter().zip(numbers) {
            if let Some(place) = self.values.get_mut(usize::from(*at)) {
                *place = *n;
            }
        }
    }

    /// All of them, if none is missing.
    pub fn whole(&self) -> Option<&[i64]> {
        self.present.is_none().then_some(&self.values)
    }

    /// The same to keep; back again if any is missing.
    pub fn into_whole(self) -> Result<Vec<i64>, Self> {
        if self.present.is_none() { Ok(self.values) } else { Err(self) }
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Option<i64>> {
        (0..self.values.len()).map(|at| self.get(at))
    }
}

impl FromIterator<Option<i64>> for Ints {
    fn from_iter<I: IntoIterator<Item = Option<i64>>>(numbers: I) -> Self {
        let (mut values, mut present) = (Vec::new(), Vec::new());
        let mut missing = false;
        let numbers = numbers.into_iter();
        values.reserve(numbers.size_hint().0);
        for n in numbers {
            let bit = values.len() % 64;
            if bit == 0 {
                present.push(0_u64);
            }
            if let Some(word) = present.last_mut() {
                *word |= u64::from(n.is_some()) << bit;
            }
            missing |= n.is_none();
            values.push(n.unwrap_or(0));
        }
        Self { values, present: missing.then_some(present) }
    }
}

/// The values of some contacts, by position among them.
#[derive(Debug, Clone)]
pub(super) enum Values<'c> {
    /// All have the same, or none has one.
    Same(Option<Cell<'c>>),
    /// All of one type.
    Ints(Scalar, Ints),
    Texts(Vec<Option<&'c str>>),
    Cells(Vec<Option<Cell<'c>>>),
}

impl<'c> Values<'c> {
    /// The value at a position.
    pub fn get(&self, at: usize) -> Option<Cell<'c>> {
        match self {
            Self::Same(cell) => *cell,
            Self::Ints(scalar, all) => all.get(at).map(|n| Cell::Int(*scalar, n)),
            Self::Texts(all) => all.get(at).copied().flatten().map(Cell::Text),
            Self::Cells(all) => all.get(at).copied().flatten(),
        }
    }

    /// Sets the value at a position below `len`; what is not set stays empty. Not for a column that was made [`Self::Same`].
    pub fn put(&mut self, len: usize, at: usize, cell: Cell<'c>) {
        match (&mut *self, cell) {
            (Self::Ints(scalar, all), Cell::Int(other, n)) if *scalar == other => all.put(at, n),
            (Self::Texts(all), Cell::Text(text)) => set(all, at, text),
            (Self::Cells(all), cell) => set(all, at, cell),
            (Self::Same(_), _) => {
                *self = match cell {
                    Cell::Int(scalar, _) => Self::Ints(scalar, Ints::empty(len)),
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
            Self::Ints(scalar, all) => Self::Ints(*scalar, positions.iter().map(|at| all.get(usize::from(*at))).collect()),
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
