//! What a schema is made of.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Decimals of a number whose schema does not say.
pub const DEFAULT_DECIMALS: u8 = 6;
/// The most decimals a number may have.
pub const MAX_DECIMALS: u8 = 9;

/// Position of a field in [`Schema::fields`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FieldId(pub u16);

/// Position of an event type in [`Schema::events`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventId(pub u16);

/// Position of an attribute in [`EventType::attributes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttrId(pub u16);

/// Fields, events and the time zone in which calendar words are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Zone of `today`, `this month`, `6mo` and of instants written without an offset.
    pub timezone: Tz,
    /// Columns of contacts, in order of appearance; records are flattened to dotted names.
    pub fields: Vec<Column>,
    /// Event types: the system events first, then the customer's in order of appearance.
    pub events: Vec<EventType>,
    /// Codes of lints that are allowed, such as `W0201`.
    pub allowed_lints: Vec<String>,
}

/// One field of a contact, or one attribute of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Name in NFC; dotted (`adres.miasto`) inside a record.
    pub name: String,
    /// What it holds.
    pub ty: ColumnType,
    /// The closed set of texts, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// Words for people: shown on hover, in completion, in reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// One value, or empty.
    Scalar(Scalar),
    /// A list of texts or numbers; an empty list is empty.
    List(Scalar),
    /// One member of a list of records (`items.cena`): a list in which single elements may be missing, as long
    /// as its sister columns.
    Item(Scalar),
}

/// The type of a single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scalar {
    /// Unicode text in NFC.
    Text,
    /// An exact decimal kept as an integer scaled by `10^decimals`.
    Number {
        /// Digits after the point, 0 to [`MAX_DECIMALS`].
        decimals: u8,
    },
    /// True or false.
    Bool,
    /// A calendar day, as days since 1970-01-01.
    Date,
    /// An instant, as milliseconds since 1970-01-01T00:00:00Z.
    Time,
}

/// Who sends an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The customer's own systems (`Zakup`).
    Customer,
    /// Messaging itself (`MailOpen`).
    System,
}

/// One type of event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventType {
    /// Name in NFC.
    pub name: String,
    /// Who sends it.
    pub kind: EventKind,
    /// Words for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its attributes, records flattened.
    pub attributes: Vec<Column>,
}

impl ColumnType {
    /// The type of one value or element.
    #[must_use]
    pub fn scalar(self) -> Scalar {
        match self {
            Self::Scalar(s) | Self::List(s) | Self::Item(s) => s,
        }
    }

    /// Whether a contact or an event can have several values.
    #[must_use]
    pub fn is_list(self) -> bool {
        !matches!(self, Self::Scalar(_))
    }
}

impl std::fmt::Display for ColumnType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scalar(s) => write!(f, "{s}"),
            Self::List(s) => write!(f, "list<{s}>"),
            Self::Item(s) => write!(f, "{s} of a list of records"),
        }
    }
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Number { .. } => "number",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Time => "time",
        })
    }
}

impl Column {
    /// A column without a closed set or a description.
    #[must_use]
    pub fn new(name: &str, ty: ColumnType) -> Self {
        Self { name: name.to_owned(), ty, values: None, description: None }
    }
}

impl EventType {
    /// The attribute called `name`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<AttrId> {
        position(&self.attributes, |c| c.name == name).map(AttrId)
    }
}

impl Schema {
    /// A schema with the system events alone.
    #[must_use]
    pub fn new(timezone: Tz) -> Self {
        Self { timezone, fields: Vec::new(), events: super::system_events(), allowed_lints: Vec::new() }
    }

    /// The field called `name` (NFC, exact).
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldId> {
        position(&self.fields, |c| c.name == name).map(FieldId)
    }

    /// The event type called `name` (NFC, exact).
    #[must_use]
    pub fn event(&self, name: &str) -> Option<EventId> {
        position(&self.events, |e| e.name == name).map(EventId)
    }

    /// The column of a field.
    #[must_use]
    pub fn field_column(&self, id: FieldId) -> Option<&Column> {
        self.fields.get(usize::from(id.0))
    }

    /// The event type of an identifier.
    #[must_use]
    pub fn event_type(&self, id: EventId) -> Option<&EventType> {
        self.events.get(usize::from(id.0))
    }

    /// The column of an attribute.
    #[must_use]
    pub fn attribute_column(&self, event: EventId, attr: AttrId) -> Option<&Column> {
        self.event_type(event)?.attributes.get(usize::from(attr.0))
    }
}

fn position<T>(items: &[T], test: impl FnMut(&T) -> bool) -> Option<u16> {
    items.iter().position(test).and_then(|p| u16::try_from(p).ok())
}
