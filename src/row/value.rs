//! Values as they are compared and calculated with.

use std::cmp::Ordering;

use super::One;
use crate::check::typed::{Constant, Part};
use crate::schema::Scalar;
use crate::time::{Clock, date_parts};
use crate::value::{Decimal, Number, Value};

/// A value that is there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Val {
    Text(String),
    Number(Number),
    Bool(bool),
    Date(i32),
    Time(i64),
    /// Not empty; `None` is a record without the member.
    List(Vec<Option<Val>>),
}

impl Val {
    /// A stored value; nothing for an empty list.
    pub fn of(value: &Value, scalar: Scalar) -> Option<Self> {
        Some(match value {
            Value::Text(text) => Self::Text(text.clone()),
            Value::Number(n) => {
                let decimals = if let Scalar::Number { decimals } = scalar { decimals } else { 0 };
                Self::Number(Decimal::new(i128::from(*n), decimals).into())
            }
            Value::Bool(b) => Self::Bool(*b),
            Value::Date(day) => Self::Date(*day),
            Value::Time(ms) => Self::Time(*ms),
            Value::List(items) if items.is_empty() => return None,
            Value::List(items) => Self::List(items.iter().map(|i| Self::of(i.as_ref()?, scalar)).collect()),
        })
    }

    /// A whole number.
    pub fn whole(n: i64) -> Self {
        Self::Number(Number::whole(n))
    }

    /// The calendar day of a date or of an instant.
    pub fn day(&self, clock: &Clock) -> Option<i32> {
        match self {
            Self::Date(day) => Some(*day),
            Self::Time(ms) => Some(clock.day_of(*ms)),
            _ => None,
        }
    }

    /// Order by value; a date and an instant by calendar day. Nothing for values of different kinds.
    pub fn compare(&self, other: &Self, clock: &Clock) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Number(a), Self::Number(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            _ => Some(self.day(clock)?.cmp(&other.day(clock)?)),
        }
    }

    /// A part of a date or of an instant, or the size of a list.
    pub fn part(&self, part: Part, clock: &Clock) -> Option<Self> {
        let n = match (part, self) {
            (Part::Size, Self::List(items)) => i64::try_from(items.len()).ok()?,
            (Part::Hour, Self::Time(ms)) => clock.hour_of(*ms),
            _ => {
                let parts = date_parts(self.day(clock)?);
                match part {
                    Part::Year => parts.year,
                    Part::Month => parts.month,
                    Part::Day => parts.day,
                    Part::Weekday => parts.weekday,
                    Part::Hour | Part::Size => return None,
                }
            }
        };
        Some(Self::whole(n))
    }
}

impl One<'_> {
    pub(super) fn constant(&self, constant: &Constant) -> Val {
        match constant {
            Constant::Number(n) => Val::Number((*n).into()),
            Constant::Text(text) => Val::Text(text.clone()),
            Constant::Bool(b) => Val::Bool(*b),
            Constant::Point(point) if point.is_day() => Val::Date(self.clock.day(point)),
            Constant::Point(point) => Val::Time(self.clock.instant(point)),
        }
    }
}
