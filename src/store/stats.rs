//! How large everything is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::delta::{DeltaKey, DeltaKind};
use super::env::DATA_FILE;
use super::events::{EVENT_IDS, ROWS, SUMMARY};
use super::key::{PartKind, ValueKey};
use super::load::{Erasure, count};
use super::snapshot::Layer;
use super::{Store, StoreError};
use crate::schema::EventId;

/// The sizes of a store's structures, and what it is made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Version of the format.
    pub format: u32,
    /// Contacts.
    pub contacts: u32,
    /// Contacts that were erased.
    pub erased: u64,
    /// Events.
    pub events: u64,
    /// Chunks of 65,536 contacts.
    pub chunks: u32,
    /// Time zone of the schema.
    pub timezone: String,
    /// Version of the time zone database that the store was made with.
    pub timezone_database: String,
    /// Version of the time zone database that this program has.
    pub timezone_database_here: String,
    /// Bytes of the data file.
    pub file_bytes: u64,
    /// Bytes of its pages that hold something.
    pub used_bytes: u64,
    /// Contact id to number.
    pub ids: Size,
    /// What has been appended and not folded.
    pub delta: Delta,
    /// The ids of contacts by number.
    pub contact_ids: Size,
    /// The ids of deleted events.
    pub deleted_events: Size,
    /// Each field with its name.
    pub fields: Vec<Named>,
    /// Each event type with its name, attributes included.
    pub event_types: Vec<Named>,
    /// The same bytes by what they hold, all types together.
    pub event_columns: EventBytes,
    /// When how many contacts were erased.
    pub erasures: Vec<Erasure>,
}

/// How many values, and how many bytes they have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Values, or entries of a table.
    pub values: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What the bytes of event types hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct EventBytes {
    /// How many events each contact has, and the instants of the first and the last.
    pub summaries: Size,
    /// Whose each event is, and its instant.
    pub rows: Size,
    /// Hashed ids of events.
    pub ids: Size,
    /// Attributes.
    pub attributes: Size,
}

/// What has been appended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Delta {
    /// Chunks that it touches.
    pub chunks: u64,
    /// Lines of contacts.
    pub lines: u64,
    /// Events and deletions of events.
    pub events: u64,
    /// Bytes of rows.
    pub bytes: u64,
}

/// The size of a structure that has a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The name in the schema.
    pub name: String,
    /// Contacts with a value, or events.
    pub count: u64,
    /// Values in which they are kept.
    pub values: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Size {
    fn add(&mut self, value: &[u8]) {
        self.values += 1;
        self.bytes += value.len() as u64;
    }
}

impl EventBytes {
    fn of(&mut self, column: u16) -> &mut Size {
        match column {
            SUMMARY => &mut self.summaries,
            ROWS => &mut self.rows,
            EVENT_IDS => &mut self.ids,
            _ => &mut self.attributes,
        }
    }
}

impl Store {
    /// Sizes of one state of the store.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let snapshot = self.snapshot()?;
        let txn = snapshot.txn();
        let failed = |e: heed::Error| self.engine(&e);
        let meta = self.meta(txn)?;
        let mut sizes: BTreeMap<PartKind, Size> = BTreeMap::new();
        let mut event_columns = EventBytes::default();
        for entry in self.tables.values.iter(txn).map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            if let Some(key) = ValueKey::from_bytes(key) {
                sizes.entry(key.part.kind).or_default().add(value);
                if matches!(key.part.kind, PartKind::Event(_)) {
                    event_columns.of(key.column).add(value);
                }
            }
        }
        let mut delta = Delta::default();
        if let Some(table) = self.delta() {
            let mut chunks = std::collections::BTreeSet::new();
            for entry in table.iter(txn).map_err(failed)? {
                let (key, value) = entry.map_err(failed)?;
                let Some(key) = DeltaKey::from_bytes(key) else { continue };
                chunks.insert(key.chunk);
                let payload = value.get(super::bytes::FRAME..).unwrap_or_default();
                delta.bytes += payload.len() as u64;
                match key.kind {
                    DeltaKind::Ids => {}
                    DeltaKind::Lines => delta.lines += count(payload) as u64,
                    DeltaKind::Events => delta.events += count(payload) as u64,
                }
            }
            delta.chunks = chunks.len() as u64;
        }
        let mut fields = Vec::new();
        for (id, column) in (0_u16..).map(crate::schema::FieldId).zip(&snapshot.schema().fields) {
            let Size { values, bytes } = sizes.get(&PartKind::Field(id)).copied().unwrap_or_default();
            let without = crate::lint::Facts::without(&snapshot, id);
            let without = without.ok_or_else(|| StoreError::damaged(format!("field `{}`", column.name)))?;
            let count = u64::from(snapshot.contacts()).saturating_sub(without);
            fields.push(Named { name: column.name.clone(), count, values, bytes });
        }
        let mut event_types = Vec::new();
        for (id, ty) in (0_u16..).map(EventId).zip(&snapshot.schema().events) {
            let Size { values, bytes } = sizes.get(&PartKind::Event(id)).copied().unwrap_or_default();
            let mut count = 0;
            for chunk in 0..snapshot.chunks() {
                for (layer, members) in snapshot.layers(chunk, snapshot.has_appended_events(id, chunk)?)? {
                    count += count_events(&snapshot, layer, id, chunk, &members)?;
                }
            }
            event_types.push(Named { name: ty.name.clone(), count, values, bytes });
        }
        let of = |kind: PartKind| sizes.get(&kind).copied().unwrap_or_default();
        let ids = self.tables.ids.stat(txn).map_err(failed)?;
        let pages = (ids.leaf_pages + ids.branch_pages + ids.overflow_pages) as u64;
        let path = self.path().join(DATA_FILE);
        let file = std::fs::metadata(&path).map_err(|error| StoreError::Io { action: "look at", path, error })?;
        Ok(Stats {
            format: meta.format,
            contacts: snapshot.contacts(),
            erased: snapshot.erased().len(),
            events: event_types.iter().map(|ty| ty.count).sum(),
            chunks: snapshot.chunks(),
            timezone: meta.timezone,
            timezone_database: meta.timezone_database,
            timezone_database_here: chrono_tz::IANA_TZDB_VERSION.to_owned(),
            file_bytes: file.len(),
            used_bytes: self.env.non_free_pages_size().map_err(failed)?,
            ids: Size { values: ids.entries as u64, bytes: pages * u64::from(ids.page_size) },
            delta,
            contact_ids: of(PartKind::Ids),
            deleted_events: of(PartKind::Deleted),
            fields,
            event_types,
            event_columns,
            erasures: self.erasures(txn)?,
        })
    }
}

fn count_events(
    snapshot: &super::Snapshot<'_>,
    layer: Layer,
    event: EventId,
    chunk: u32,
    members: &super::Words,
) -> Result<u64, StoreError> {
    let Some(summary) = snapshot.events_in(layer, event, chunk)? else { return Ok(0) };
    let counts = super::slots::iter(members).filter_map(|slot| summary.count().get(usize::from(slot)));
    Ok(counts.map(i64::cast_unsigned).sum())
}
