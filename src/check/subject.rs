//! What is tested: its type, and what people call it.

use std::borrow::Cow;

use super::events::a_type;
use crate::schema::{Column, ColumnType, EventId, Scalar};
use crate::syntax::Span;

/// The left side of a test, or a value on its own.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// Its type; of a list of records that of its first member.
    pub ty: ColumnType,
    /// The closed set of its texts.
    pub values: Option<Vec<String>>,
    /// What people call it, such as ``field `Kraj` ``.
    pub what: Cow<'static, str>,
    /// Where it stands.
    pub span: Span,
    /// The list of records that it is.
    pub records: Option<Records>,
}

/// A list of records, whose members are columns of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Records {
    /// The event type whose attributes they are; the contact's fields otherwise.
    pub event: Option<EventId>,
    /// The name of the list.
    pub name: String,
}

impl Subject {
    /// A field or an attribute.
    pub fn column(what: &str, column: &Column, span: Span) -> Self {
        Self {
            ty: column.ty,
            values: column.values.clone(),
            what: format!("{what} `{}`", column.name).into(),
            span,
            records: None,
        }
    }

    /// A value of a scalar type.
    pub fn scalar(scalar: Scalar, what: impl Into<Cow<'static, str>>, span: Span) -> Self {
        Self { ty: ColumnType::Scalar(scalar), values: None, what: what.into(), span, records: None }
    }

    /// A count or a sum.
    pub fn number(what: impl Into<Cow<'static, str>>, span: Span) -> Self {
        Self::scalar(Scalar::Number { decimals: 0 }, what, span)
    }

    /// An instant.
    pub fn instant(what: impl Into<Cow<'static, str>>, span: Span) -> Self {
        Self::scalar(Scalar::Time, what, span)
    }

    /// The same, standing elsewhere under another name.
    pub fn named(mut self, what: impl Into<Cow<'static, str>>, span: Span) -> Self {
        self.what = what.into();
        self.span = span;
        self
    }

    /// The same without its closed set, where any text may be asked for.
    pub fn free(&self) -> Self {
        Self { values: None, ..self.clone() }
    }

    /// The type of a single value; `None` for a list.
    pub fn single(&self) -> Option<Scalar> {
        match self.ty {
            ColumnType::Scalar(scalar) if self.records.is_none() => Some(scalar),
            _ => None,
        }
    }

    /// `text`, `a number`, `a list of records`
    pub fn kind(&self) -> String {
        if self.records.is_some() { "a list of records".to_owned() } else { a_type(self.ty) }
    }

    /// ``field `Kraj` is text``
    pub fn is(&self) -> String {
        format!("{} is {}", self.what, self.kind())
    }
}

/// Whether values of two types can be compared: of one kind, or a date and an instant.
pub(super) fn comparable(a: Scalar, b: Scalar) -> bool {
    let is_when = |s| matches!(s, Scalar::Date | Scalar::Time);
    std::mem::discriminant(&a) == std::mem::discriminant(&b) || is_when(a) && is_when(b)
}
