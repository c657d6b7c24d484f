//! The schema: which fields contacts have and which attributes events carry.
//!
//! Comes in as `schema.toml` ([`toml`]) or from data (`ingest::infer`); goes out as a [`Schema`], whose
//! records are already flattened: the attribute `adres = { record = { miasto = "text" } }` is the column
//! `adres.miasto`, and a list of records `items` is one list column for each of its members (`items.sku`,
//! `items.cena`), all of the same length.
//!
//! Property callers rely on: identifiers ([`FieldId`], [`EventId`], [`AttrId`]) are positions, a schema only
//! ever grows at the end, and so an identifier means the same for as long as a store lives.

mod grow;
mod system;

pub mod toml;
mod types;

pub use system::system_events;
pub use types::{
    AttrId, Column, ColumnType, DEFAULT_DECIMALS, EventId, EventKind, EventType, FieldId, MAX_DECIMALS, Scalar, Schema,
};
