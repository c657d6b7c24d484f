//! One consistent state of a store.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Bound;

use heed::{RoTxn, WithoutTls};

use super::bytes::unframe;
use super::column::Column;
use super::env::{Meta, Store, generation_of};
use super::events::{ATTRIBUTES, EVENT_IDS, EventChunk, ROWS, RowBlock, SUMMARY, decode_event_ids};
use super::key::{Part, PartKind, ValueKey};
use super::{CHUNK, StoreError};
use crate::schema::{AttrId, EventId, FieldId, Schema};

/// Kinds of framed values.
pub(super) const KIND_COLUMN: u8 = 1;
pub(super) const KIND_SUMMARY: u8 = 2;
pub(super) const KIND_ROWS: u8 = 3;
pub(super) const KIND_EVENT_IDS: u8 = 4;

/// Columns of a field's part.
pub(super) const FIELD_VALUES: u16 = 0;
pub(super) const FIELD_SINCE: u16 = 1;
pub(super) const FIELD_SEEN: u16 = 2;

/// Contacts whose ids are in one value.
pub(super) const IDS_BLOCK: u32 = 1 << 13;

/// One consistent state of a store. The values it hands out are borrowed from the file and may go to other threads.
pub struct Snapshot<'s> {
    store: &'s Store,
    txn: RoTxn<'s, WithoutTls>,
    schema: Schema,
    contacts: u32,
    generations: RefCell<HashMap<Part, Option<u32>>>,
}

impl<'s> Snapshot<'s> {
    pub(super) fn new(store: &'s Store, txn: RoTxn<'s, WithoutTls>, meta: &Meta) -> Result<Self, StoreError> {
        Ok(Self { store, txn, schema: meta.schema()?, contacts: meta.contacts, generations: RefCell::default() })
    }

    /// Fields and events.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Number of contacts.
    #[must_use]
    pub fn contacts(&self) -> u32 {
        self.contacts
    }

    /// Number of chunks.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        self.contacts.div_ceil(CHUNK)
    }

    /// Number of contacts in a chunk.
    #[must_use]
    pub fn chunk_len(&self, chunk: u32) -> u32 {
        self.contacts.saturating_sub(chunk.saturating_mul(CHUNK)).min(CHUNK)
    }

    /// The number of a contact.
    ///
    /// # Errors
    /// A failure of the engine.
    pub fn find(&self, id: &str) -> Result<Option<u32>, StoreError> {
        if id.is_empty() || id.len() > super::MAX_CONTACT_ID_BYTES {
            return Ok(None);
        }
        let bytes = self.store.tables.ids.get(&self.txn, id.as_bytes()).map_err(|e| self.store.engine(&e))?;
        Ok(bytes.and_then(|b| b.first_chunk::<4>()).map(|b| u32::from_le_bytes(*b)))
    }

    /// So many ids before and after one, in the order of ids.
    pub(super) fn ids_around(&self, id: &str, many: usize) -> Result<Vec<String>, StoreError> {
        let failed = |e: heed::Error| self.store.engine(&e);
        let id = id.as_bytes();
        let before = self.store.tables.ids.rev_range(&self.txn, &(Bound::Unbounded, Bound::Excluded(id))).map_err(failed)?;
        let after = self.store.tables.ids.range(&self.txn, &(Bound::Excluded(id), Bound::Unbounded)).map_err(failed)?;
        before
            .take(many)
            .chain(after.take(many))
            .map(|entry| entry.map(|(id, _)| String::from_utf8_lossy(id).into_owned()).map_err(failed))
            .collect()
    }

    /// The ids of a chunk's contacts, in blocks that each hold the next ones in order.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn ids(&self, chunk: u32) -> Result<Vec<Column<'_>>, StoreError> {
        let part = Part { chunk, kind: PartKind::Ids };
        let blocks = self.chunk_len(chunk).div_ceil(IDS_BLOCK);
        (0..blocks)
            .map(|block| {
                let key =
                    self.key(part, 0, block)?.ok_or_else(|| StoreError::damaged(format!("the contact ids of chunk {chunk}")))?;
                self.column(&key)?.ok_or_else(|| damaged(&key))
            })
            .collect()
    }

    /// The id of a contact.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn id_of(&self, contact: u32) -> Result<String, StoreError> {
        let (chunk, slot) = (contact / CHUNK, contact % CHUNK);
        let part = Part { chunk, kind: PartKind::Ids };
        let key = self
            .key(part, 0, slot / IDS_BLOCK)?
            .ok_or_else(|| StoreError::damaged(format!("the contact ids of chunk {chunk}")))?;
        match self.column(&key)? {
            Some(Column::Text(ids)) => ids.text((slot % IDS_BLOCK) as usize).map(str::to_owned).ok_or_else(|| damaged(&key)),
            _ => Err(damaged(&key)),
        }
    }

    /// The ids of a set of contacts, bytewise ascending.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn sorted_ids(&self, contacts: &roaring::RoaringBitmap) -> Result<Vec<String>, StoreError> {
        let mut ids = Vec::with_capacity(usize::try_from(contacts.len()).unwrap_or(0));
        let mut loaded: Option<(u32, Vec<Column<'_>>)> = None;
        for contact in contacts {
            let (chunk, slot) = (contact / CHUNK, contact % CHUNK);
            if loaded.as_ref().is_none_or(|(c, _)| *c != chunk) {
                loaded = Some((chunk, self.ids(chunk)?));
            }
            let column = loaded.as_ref().and_then(|(_, blocks)| blocks.get((slot / IDS_BLOCK) as usize));
            match column {
                Some(Column::Text(texts)) => ids.extend(texts.text((slot % IDS_BLOCK) as usize).map(str::to_owned)),
                _ => return Err(StoreError::damaged(format!("the contact ids of chunk {chunk}"))),
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// The values of a field; `None` when no contact of the chunk has one.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn field(&self, field: FieldId, chunk: u32) -> Result<Option<Column<'_>>, StoreError> {
        self.field_column(field, chunk, FIELD_VALUES)
    }

    /// Since when each value of a field has been as it is, also for values that were emptied: milliseconds.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn field_since(&self, field: FieldId, chunk: u32) -> Result<Option<Column<'_>>, StoreError> {
        self.field_column(field, chunk, FIELD_SINCE)
    }

    /// When the newest contact line spoke of a field: milliseconds.
    pub(super) fn field_seen(&self, field: FieldId, chunk: u32) -> Result<Option<Column<'_>>, StoreError> {
        self.field_column(field, chunk, FIELD_SEEN)
    }

    fn field_column(&self, field: FieldId, chunk: u32, column: u16) -> Result<Option<Column<'_>>, StoreError> {
        match self.key(Part { chunk, kind: PartKind::Field(field) }, column, 0)? {
            Some(key) => self.column(&key),
            None => Ok(None),
        }
    }

    /// The summary of an event type; `None` when no contact of the chunk has one.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn events(&self, event: EventId, chunk: u32) -> Result<Option<EventChunk<'_>>, StoreError> {
        let Some(key) = self.event_key(event, chunk, SUMMARY, 0)? else { return Ok(None) };
        let Some(payload) = self.payload(&key, KIND_SUMMARY)? else { return Ok(None) };
        EventChunk::decode(payload).map(Some).ok_or_else(|| damaged(&key))
    }

    /// The rows of a block.
    ///
    /// # Errors
    /// A damaged or missing value, or a failure of the engine.
    pub fn rows(&self, event: EventId, chunk: u32, block: u32) -> Result<RowBlock<'_>, StoreError> {
        let key =
            self.event_key(event, chunk, ROWS, block)?.ok_or_else(|| StoreError::damaged(format!("events of chunk {chunk}")))?;
        let payload = self.payload(&key, KIND_ROWS)?.ok_or_else(|| damaged(&key))?;
        RowBlock::decode(payload).ok_or_else(|| damaged(&key))
    }

    /// An attribute of the rows of a block; `None` when no row of the block has it.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn attribute(&self, event: EventId, chunk: u32, block: u32, attr: AttrId) -> Result<Option<Column<'_>>, StoreError> {
        match self.event_key(event, chunk, ATTRIBUTES.saturating_add(attr.0), block)? {
            Some(key) => self.column(&key),
            None => Ok(None),
        }
    }

    /// The hashed ids of the rows of a block; `None` when no row has one.
    pub(super) fn event_ids(&self, event: EventId, chunk: u32, block: u32) -> Result<Option<Vec<Option<u128>>>, StoreError> {
        let Some(key) = self.event_key(event, chunk, EVENT_IDS, block)? else { return Ok(None) };
        let Some(payload) = self.payload(&key, KIND_EVENT_IDS)? else { return Ok(None) };
        decode_event_ids(payload).map(Some).ok_or_else(|| damaged(&key))
    }

    fn event_key(&self, event: EventId, chunk: u32, column: u16, block: u32) -> Result<Option<ValueKey>, StoreError> {
        self.key(Part { chunk, kind: PartKind::Event(event) }, column, block)
    }

    /// The key of a value in this state; `None` when the part does not exist.
    fn key(&self, part: Part, column: u16, block: u32) -> Result<Option<ValueKey>, StoreError> {
        let known = self.generations.borrow().get(&part).copied();
        let generation = if let Some(generation) = known {
            generation
        } else {
            let generation =
                generation_of(self.store.tables.parts.get(&self.txn, &part.bytes()).map_err(|e| self.store.engine(&e))?);
            self.generations.borrow_mut().insert(part, generation);
            generation
        };
        Ok(generation.map(|generation| ValueKey { part, generation, column, block }))
    }

    fn column(&self, key: &ValueKey) -> Result<Option<Column<'_>>, StoreError> {
        match self.payload(key, KIND_COLUMN)? {
            Some(payload) => Column::decode(payload).map(Some).ok_or_else(|| damaged(key)),
            None => Ok(None),
        }
    }

    fn payload(&self, key: &ValueKey, kind: u8) -> Result<Option<&[u8]>, StoreError> {
        let bytes = key.bytes();
        let Some(value) = self.store.tables.values.get(&self.txn, &bytes).map_err(|e| self.store.engine(&e))? else {
            return Ok(None);
        };
        let verified = self.store.is_verified(&bytes);
        let payload = unframe(kind, value, !verified).ok_or_else(|| damaged(key))?;
        if !verified {
            self.store.set_verified(&bytes);
        }
        Ok(Some(payload))
    }
}

fn damaged(key: &ValueKey) -> StoreError {
    StoreError::damaged(key.to_string())
}
