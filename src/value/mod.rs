//! Values as they are stored, and exact decimals.
//!
//! Goes in: text and JSON numbers from scripts and data. Comes out: integers with a fixed scale. Nothing here is
//! ever rounded without saying so ([`Rounded`]).

mod decimal;
mod logistic;
mod number;
mod sample;
mod text;

pub use decimal::{Decimal, DecimalError, Rounded};
pub use logistic::LOGISTIC_DECIMALS;
pub use number::Number;
pub use sample::{in_sample, sample_hash};
pub use text::{Folding, fold, grouped, nfc};

/// One value of a field or an attribute, owned. An empty value is `None` where one may be absent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// Text in NFC.
    Text(String),
    /// A number scaled by its column's decimals.
    Number(i64),
    /// True or false.
    Bool(bool),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// The elements of a list; `None` is a missing member in a list of records.
    List(Vec<Option<Value>>),
}

/// A borrowed [`Value`], as decoders hand it to the store.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// Text in NFC.
    Text(&'a str),
    /// A number scaled by its column's decimals.
    Number(i64),
    /// True or false.
    Bool(bool),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// The elements of a list; `None` is a missing member in a list of records.
    List(&'a [Option<ValueRef<'a>>]),
}

impl ValueRef<'_> {
    /// The same value, owned.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match *self {
            Self::Text(s) => Value::Text(s.to_owned()),
            Self::Number(n) => Value::Number(n),
            Self::Bool(b) => Value::Bool(b),
            Self::Date(d) => Value::Date(d),
            Self::Time(t) => Value::Time(t),
            Self::List(items) => Value::List(items.iter().map(|i| i.as_ref().map(ValueRef::to_value)).collect()),
        }
    }
}
