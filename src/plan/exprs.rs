//! Expressions: one value for each contact, possibly empty.

use super::{ExprId, NodeId, Source, TimeSpan};
use crate::check::typed::{ArithmeticOp, Part};
use crate::schema::FieldId;
use crate::value::Decimal;

/// A value of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Expr {
    /// Always empty.
    Nothing,
    /// The same for all.
    Constant(Constant),
    /// A field.
    Field(FieldId),
    /// The contact's id.
    ContactId,
    /// Made from events.
    Aggregate(Aggregate),
    /// Of numbers.
    Arithmetic(ExprId, ArithmeticOp, ExprId),
    /// The first value for members of the set, the second for all others.
    If(NodeId, ExprId, ExprId),
    /// Of a number.
    Logistic(ExprId),
    /// A part of a date or of an instant, or the size of a list.
    Part(Part, ExprId),
}

/// A value that is the same for all contacts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Constant {
    /// A number.
    Number(Decimal),
    /// A text.
    Text(String),
    /// True or false.
    Bool(bool),
    /// Days since 1970-01-01.
    Day(i32),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
}

/// A function over the matching events of some types.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Aggregate {
    /// What is made of them.
    pub function: Function,
    /// Which events, in the order of the schema.
    pub sources: Vec<Source>,
    /// When.
    pub span: TimeSpan,
}

/// What is made of the matching events; see [`crate::check::typed::Function`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "as in the typed tree")]
pub enum Function {
    Count,
    Sum,
    Average,
    Min,
    Max,
    Distinct,
    MostFrequent(u64),
    First,
    Last,
    FirstOf,
    LastOf,
    Nth(i64),
    ActiveDays,
    ActivePeriods {
        /// Where the periods begin, the newest first; each ends before the one before it begins, the first with now.
        starts: Vec<i64>,
        at_least: u64,
    },
}

impl Function {
    /// Whether it is 0 where nothing matches; empty otherwise.
    #[must_use]
    pub fn counts(&self) -> bool {
        matches!(self, Self::Count | Self::Sum | Self::Distinct | Self::ActiveDays | Self::ActivePeriods { .. })
    }
}
