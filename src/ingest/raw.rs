//! Values as files spell them, before a schema says what they are.

use std::borrow::Cow;

/// A value of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw<'a> {
    /// JSON null, an empty CSV cell.
    Null,
    /// A text of a format with types.
    Text(Cow<'a, str>),
    /// A cell of a format without types.
    Cell(&'a str),
    /// A number, as it is written.
    Number(Cow<'a, str>),
    /// A whole number.
    Int(i64),
    /// A double; its shortest text is meant.
    Double(f64),
    /// A decimal with its scale.
    Decimal(i128, u8),
    /// True or false.
    Bool(bool),
    /// An instant in milliseconds.
    Instant(i64),
    /// A day since 1970-01-01.
    Day(i32),
    /// A list.
    List(Vec<Raw<'a>>),
    /// A record.
    Record(Vec<(Cow<'a, str>, Raw<'a>)>),
}

impl Raw<'_> {
    /// `the number 5`, `the text "x"`, for messages.
    pub fn describe(&self) -> String {
        let cut = |text: &str| text.chars().take(60).collect::<String>();
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Text(text) => format!("the text \"{}\"", cut(text)),
            Self::Cell(text) => format!("`{}`", cut(text)),
            Self::Number(text) => format!("the number {}", cut(text)),
            Self::Int(n) => format!("the number {n}"),
            Self::Double(n) => format!("the number {n}"),
            Self::Decimal(n, scale) => format!("the number {}", crate::value::Decimal::new(*n, *scale)),
            Self::Bool(b) => b.to_string(),
            Self::Instant(_) => "an instant".to_owned(),
            Self::Day(day) => format!("the date {}", crate::time::format_date(*day)),
            Self::List(_) => "a list".to_owned(),
            Self::Record(_) => "a record".to_owned(),
        }
    }

    /// The value as the text of an id: numbers as they are written.
    pub fn as_id(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(Cow::Borrowed(text)),
            Self::Cell(text) => Some(Cow::Borrowed(text)),
            Self::Int(n) => Some(Cow::Owned(n.to_string())),
            Self::Double(n) => Some(Cow::Owned(format!("{n:?}"))),
            Self::Decimal(n, scale) => Some(Cow::Owned(crate::value::Decimal::new(*n, *scale).to_string())),
            _ => None,
        }
    }
}

/// One row: what it says of whom. A missing key is not there; a null is.
pub(super) struct Row<'r> {
    /// Of whom.
    pub contact: Option<&'r Raw<'r>>,
    /// The event's name; `None` for field values of a contact.
    pub event: Option<&'r Raw<'r>>,
    /// Whether it is an event.
    pub is_event: bool,
    /// Its instant.
    pub ts: Option<&'r Raw<'r>>,
    /// What makes the event unique.
    pub event_id: Option<&'r Raw<'r>>,
    /// `delete` takes the event with the `event_id` back.
    pub op: Option<&'r Raw<'r>>,
    /// Fields or attributes.
    pub values: &'r [(Cow<'r, str>, Raw<'r>)],
}

/// What reads rows: the encoder, or the inference of a schema.
pub(super) trait Visitor: Send {
    /// Takes a row of a line; `text` shows the line when it has to be rejected.
    fn row(&mut self, line: u64, row: &Row<'_>, text: &dyn Fn() -> String);
    /// Takes a row of a flat file, given as columns and places in them where these are optional; `false`: it has to be
    /// handed over as a [`Row`].
    fn cells(&mut self, _flat: &super::columns::Flat<'_>, _row: u32, _optional: &[(u16, u32)]) -> bool {
        false
    }
    /// Notes a line that is no row.
    fn reject(&mut self, line: u64, code: super::Reason, message: String, text: String);
}
