//! One consistent state of a store.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use heed::{RoTxn, WithoutTls};
use roaring::RoaringBitmap;

use super::bytes::unframe;
use super::column::Column;
use super::env::{Meta, Store, generation_of};
use super::events::{ATTRIBUTES, EVENT_IDS, EventChunk, ROWS, RowBlock, SUMMARY, decode_deletions, decode_event_ids};
use super::key::{Part, PartKind, ValueKey};
use super::load::Overlay;
use super::{CHUNK, StoreError, Words, delta, slots};
use crate::schema::{AttrId, EventId, FieldId, Schema};

/// Kinds of framed values.
pub(super) const KIND_COLUMN: u8 = 1;
pub(super) const KIND_SUMMARY: u8 = 2;
pub(super) const KIND_ROWS: u8 = 3;
pub(super) const KIND_EVENT_IDS: u8 = 4;
pub(super) const KIND_DELETIONS: u8 = 5;
pub(super) const KIND_DELTA: u8 = 6;
pub(super) const KIND_ERASED: u8 = 7;

/// Columns of a field's part.
pub(super) const FIELD_VALUES: u16 = 0;
pub(super) const FIELD_SINCE: u16 = 1;
pub(super) const FIELD_SEEN: u16 = 2;

/// Contacts whose ids are in one value.
pub(super) const IDS_BLOCK: u32 = 1 << 13;

/// Which contacts of a chunk columns are asked for.
///
/// What has been appended since the last fold lies beside the columns of a chunk. The contacts that it touches have columns
/// of their own, in which both are together; the same slot means the same contact in either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// Those that nothing has been appended for.
    Base,
    /// Those that something has been appended for.
    Delta,
}

/// One consistent state of a store. The values it hands out are borrowed from the file and may go to other threads.
pub struct Snapshot<'s> {
    store: &'s Store,
    txn: RoTxn<'s, WithoutTls>,
    schema: Schema,
    /// Numbers that have been given to contacts, erased ones included.
    numbers: u32,
    erased: RoaringBitmap,
    generations: RefCell<HashMap<Part, Option<u32>>>,
    /// The chunks that something has been appended to, read when they are asked for.
    overlays: BTreeMap<u32, OnceCell<Overlay>>,
}

impl<'s> Snapshot<'s> {
    pub(super) fn new(store: &'s Store, txn: RoTxn<'s, WithoutTls>, meta: &Meta) -> Result<Self, StoreError> {
        let overlays = match store.delta() {
            Some(table) => delta::chunks(store, table, &txn)?.into_iter().map(|chunk| (chunk, OnceCell::new())).collect(),
            None => BTreeMap::new(),
        };
        let erased = store.erased(&txn)?;
        let schema = meta.schema()?;
        Ok(Self { store, txn, schema, numbers: meta.contacts, erased, generations: RefCell::default(), overlays })
    }

    pub(super) fn store(&self) -> &'s Store {
        self.store
    }

    pub(super) fn txn(&self) -> &RoTxn<'s, WithoutTls> {
        &self.txn
    }

    /// Fields and events.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Number of contacts.
    #[must_use]
    pub fn contacts(&self) -> u32 {
        self.numbers.saturating_sub(u32::try_from(self.erased.len()).unwrap_or(u32::MAX))
    }

    /// Numbers that contacts have: all of them are below this one. The numbers of erased contacts are not given again.
    #[must_use]
    pub fn numbers(&self) -> u32 {
        self.numbers
    }

    /// The numbers of contacts that were erased.
    #[must_use]
    pub fn erased(&self) -> &RoaringBitmap {
        &self.erased
    }

    /// Number of chunks.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        self.numbers.div_ceil(CHUNK)
    }

    /// Number of slots of a chunk.
    #[must_use]
    pub fn chunk_len(&self, chunk: u32) -> u32 {
        self.numbers.saturating_sub(chunk.saturating_mul(CHUNK)).min(CHUNK)
    }

    /// Whether a chunk has as many contacts as it can have, none of whom has been erased.
    #[must_use]
    pub fn is_full(&self, chunk: u32) -> bool {
        let first = chunk * CHUNK;
        self.chunk_len(chunk) == CHUNK && self.erased.range_cardinality(first..=first.saturating_add(CHUNK - 1)) == 0
    }

    /// The contacts of a chunk.
    #[must_use]
    pub fn members(&self, chunk: u32) -> Box<Words> {
        let mut members = slots::first(self.chunk_len(chunk));
        let first = chunk * CHUNK;
        for number in self.erased.range(first..=first.saturating_add(CHUNK - 1)) {
            slots::remove(&mut members, u16::try_from(number - first).unwrap_or(u16::MAX));
        }
        members
    }

    /// The contacts of a chunk that something has been appended for since the last fold; `None` when there is nobody.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn appended(&self, chunk: u32) -> Result<Option<&Words>, StoreError> {
        Ok(self.overlay(chunk)?.map(Overlay::touched))
    }

    /// The contacts of a chunk by the layer in which their values are; `appended` says whether what is asked for is touched by
    /// what has been appended at all. There is at least one layer.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn layers(&self, chunk: u32, appended: bool) -> Result<Vec<(Layer, Box<Words>)>, StoreError> {
        let mut members = self.members(chunk);
        let mut layers = Vec::with_capacity(1);
        if appended && let Some(appended) = self.appended(chunk)? {
            let mut touched = members.clone();
            touched.iter_mut().zip(appended).for_each(|(word, appended)| *word &= appended);
            members.iter_mut().zip(touched.iter()).for_each(|(word, touched)| *word &= !touched);
            layers.push((Layer::Delta, touched));
        }
        if layers.is_empty() || !slots::is_empty(&members) {
            layers.push((Layer::Base, members));
        }
        Ok(layers)
    }

    /// Whether anything has been appended for a field.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn has_appended_field(&self, field: FieldId, chunk: u32) -> Result<bool, StoreError> {
        Ok(self.overlay(chunk)?.is_some_and(|overlay| overlay.has(PartKind::Field(field))))
    }

    /// Whether anything has been appended for an event type.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn has_appended_events(&self, event: EventId, chunk: u32) -> Result<bool, StoreError> {
        Ok(self.overlay(chunk)?.is_some_and(|overlay| overlay.has(PartKind::Event(event))))
    }

    /// The layer in which a contact's values are.
    pub(super) fn layer_of(&self, contact: u32) -> Result<Layer, StoreError> {
        let slot = u16::try_from(contact % CHUNK).unwrap_or(u16::MAX);
        let appended = self.appended(contact / CHUNK)?.is_some_and(|touched| slots::contains(touched, slot));
        Ok(if appended { Layer::Delta } else { Layer::Base })
    }

    /// What has been appended for a chunk.
    pub(super) fn overlay(&self, chunk: u32) -> Result<Option<&Overlay>, StoreError> {
        let Some(cell) = self.overlays.get(&chunk) else { return Ok(None) };
        if cell.get().is_none() {
            // Nobody else can have set it: a snapshot stays on its thread.
            drop(cell.set(Overlay::read(self, chunk)?));
        }
        Ok(cell.get())
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
        let blocks = self.chunk_len(chunk).div_ceil(IDS_BLOCK);
        (0..blocks)
            .map(|block| {
                self.ids_block(chunk, block)?.ok_or_else(|| StoreError::damaged(format!("the contact ids of chunk {chunk}")))
            })
            .collect()
    }

    /// The ids that a chunk had when it was folded last.
    pub(super) fn base_ids(&self, chunk: u32) -> Result<Vec<Column<'_>>, StoreError> {
        let part = Part { chunk, kind: PartKind::Ids };
        let mut columns = Vec::new();
        for block in 0..CHUNK / IDS_BLOCK {
            match self.column(Layer::Base, part, 0, block)? {
                Some(column) => columns.push(column),
                None => break,
            }
        }
        Ok(columns)
    }

    fn ids_block(&self, chunk: u32, block: u32) -> Result<Option<Column<'_>>, StoreError> {
        if let Some(overlay) = self.overlay(chunk)?
            && overlay.has(PartKind::Ids)
            && let Some(payload) = overlay.value(self, chunk, PartKind::Ids, 0, block)?
        {
            return Column::decode(payload).map(Some).ok_or_else(|| StoreError::damaged("the ids of new contacts"));
        }
        self.column(Layer::Base, Part { chunk, kind: PartKind::Ids }, 0, block)
    }

    /// The id of a contact.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn id_of(&self, contact: u32) -> Result<String, StoreError> {
        let (chunk, slot) = (contact / CHUNK, contact % CHUNK);
        let damaged = || StoreError::damaged(format!("the contact ids of chunk {chunk}"));
        match self.ids_block(chunk, slot / IDS_BLOCK)? {
            Some(Column::Text(ids)) => ids.text((slot % IDS_BLOCK) as usize).map(str::to_owned).ok_or_else(damaged),
            _ => Err(damaged()),
        }
    }

    /// The ids of a set of contacts, bytewise ascending.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn sorted_ids(&self, contacts: &RoaringBitmap) -> Result<Vec<String>, StoreError> {
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

    /// The values that a field had when its chunk was folded last, see [`Self::field_in`].
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn field(&self, field: FieldId, chunk: u32) -> Result<Option<Column<'_>>, StoreError> {
        self.field_in(Layer::Base, field, chunk)
    }

    /// The values of a field; `None` when no contact of the layer has one.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn field_in(&self, layer: Layer, field: FieldId, chunk: u32) -> Result<Option<Column<'_>>, StoreError> {
        self.field_column(layer, field, chunk, FIELD_VALUES)
    }

    /// Since when each value of a field has been as it is, also for values that were emptied: milliseconds.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn field_since(&self, layer: Layer, field: FieldId, chunk: u32) -> Result<Option<Column<'_>>, StoreError> {
        self.field_column(layer, field, chunk, FIELD_SINCE)
    }

    /// When the newest contact line spoke of a field: milliseconds.
    pub(super) fn field_seen(&self, field: FieldId, chunk: u32) -> Result<Option<Column<'_>>, StoreError> {
        self.field_column(Layer::Base, field, chunk, FIELD_SEEN)
    }

    fn field_column(&self, layer: Layer, field: FieldId, chunk: u32, column: u16) -> Result<Option<Column<'_>>, StoreError> {
        self.column(layer, Part { chunk, kind: PartKind::Field(field) }, column, 0)
    }

    /// The summary that an event type had when its chunk was folded last, see [`Self::events_in`].
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn events(&self, event: EventId, chunk: u32) -> Result<Option<EventChunk<'_>>, StoreError> {
        self.events_in(Layer::Base, event, chunk)
    }

    /// The summary of an event type; `None` when no contact of the layer has an event of it.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn events_in(&self, layer: Layer, event: EventId, chunk: u32) -> Result<Option<EventChunk<'_>>, StoreError> {
        let part = Part { chunk, kind: PartKind::Event(event) };
        match self.value(layer, part, SUMMARY, 0, KIND_SUMMARY)? {
            Some(payload) => EventChunk::decode(payload).map(Some).ok_or_else(|| damaged(part, SUMMARY, 0)),
            None => Ok(None),
        }
    }

    /// The rows that a block had when its chunk was folded last, see [`Self::rows_in`].
    ///
    /// # Errors
    /// A damaged or missing value, or a failure of the engine.
    pub fn rows(&self, event: EventId, chunk: u32, block: u32) -> Result<RowBlock<'_>, StoreError> {
        self.rows_in(Layer::Base, event, chunk, block)
    }

    /// The rows of a block of the events of a layer.
    ///
    /// # Errors
    /// A damaged or missing value, or a failure of the engine.
    pub fn rows_in(&self, layer: Layer, event: EventId, chunk: u32, block: u32) -> Result<RowBlock<'_>, StoreError> {
        let part = Part { chunk, kind: PartKind::Event(event) };
        let payload = self.value(layer, part, ROWS, block, KIND_ROWS)?.ok_or_else(|| damaged(part, ROWS, block))?;
        RowBlock::decode(payload).ok_or_else(|| damaged(part, ROWS, block))
    }

    /// An attribute of the rows that a block had when its chunk was folded last, see [`Self::attribute_in`].
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn attribute(&self, event: EventId, chunk: u32, block: u32, attr: AttrId) -> Result<Option<Column<'_>>, StoreError> {
        self.attribute_in(Layer::Base, event, chunk, block, attr)
    }

    /// An attribute of the rows of a block; `None` when no row of the block has it.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn attribute_in(
        &self,
        layer: Layer,
        event: EventId,
        chunk: u32,
        block: u32,
        attr: AttrId,
    ) -> Result<Option<Column<'_>>, StoreError> {
        let part = Part { chunk, kind: PartKind::Event(event) };
        self.column(layer, part, ATTRIBUTES.saturating_add(attr.0), block)
    }

    /// The hashed ids of the rows of a block; `None` when no row has one.
    pub(super) fn event_ids(&self, event: EventId, chunk: u32, block: u32) -> Result<Option<Vec<Option<u128>>>, StoreError> {
        self.event_ids_in(Layer::Base, event, chunk, block)
    }

    /// The hashed ids of the rows of a block of the events of a layer; `None` when no row has one.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn event_ids_in(
        &self,
        layer: Layer,
        event: EventId,
        chunk: u32,
        block: u32,
    ) -> Result<Option<Vec<Option<u128>>>, StoreError> {
        let part = Part { chunk, kind: PartKind::Event(event) };
        match self.value(layer, part, EVENT_IDS, block, KIND_EVENT_IDS)? {
            Some(payload) => decode_event_ids(payload).map(Some).ok_or_else(|| damaged(part, EVENT_IDS, block)),
            None => Ok(None),
        }
    }

    /// The ids of the events of a chunk that were deleted, with the slots of their contacts.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn deleted_events(&self, chunk: u32) -> Result<Vec<(u16, u128)>, StoreError> {
        let mut deleted = self.deletions(chunk)?;
        deleted.extend(self.overlay(chunk)?.into_iter().flat_map(Overlay::deletions));
        deleted.sort_unstable();
        deleted.dedup();
        Ok(deleted)
    }

    /// The ids of the events of a chunk that were deleted before it was folded last, with the slots of their contacts.
    pub(super) fn deletions(&self, chunk: u32) -> Result<Vec<(u16, u128)>, StoreError> {
        let part = Part { chunk, kind: PartKind::Deleted };
        match self.value(Layer::Base, part, 0, 0, KIND_DELETIONS)? {
            Some(payload) => decode_deletions(payload).ok_or_else(|| damaged(part, 0, 0)),
            None => Ok(Vec::new()),
        }
    }

    /// The key of a value in this state; `None` when the part does not exist.
    pub(super) fn key(&self, part: Part, column: u16, block: u32) -> Result<Option<ValueKey>, StoreError> {
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

    fn column(&self, layer: Layer, part: Part, column: u16, block: u32) -> Result<Option<Column<'_>>, StoreError> {
        match self.value(layer, part, column, block, KIND_COLUMN)? {
            Some(payload) => Column::decode(payload).map(Some).ok_or_else(|| damaged(part, column, block)),
            None => Ok(None),
        }
    }

    /// A value of a part in a layer. Contacts that something has been appended for have the values of the base where that
    /// does not concern the part.
    fn value(&self, layer: Layer, part: Part, column: u16, block: u32, kind: u8) -> Result<Option<&[u8]>, StoreError> {
        if layer == Layer::Delta
            && let Some(overlay) = self.overlay(part.chunk)?
            && overlay.has(part.kind)
        {
            return overlay.value(self, part.chunk, part.kind, column, block);
        }
        match self.key(part, column, block)? {
            Some(key) => self.payload(&key, kind),
            None => Ok(None),
        }
    }

    /// Whether a key of the table of values is of a part as it is in this state.
    pub(super) fn is_current(&self, key: &[u8]) -> Result<bool, StoreError> {
        let key = ValueKey::from_bytes(key).ok_or_else(|| StoreError::damaged("the key of a value"))?;
        Ok(self.key(key.part, key.column, key.block)? == Some(key))
    }

    fn payload(&self, key: &ValueKey, kind: u8) -> Result<Option<&[u8]>, StoreError> {
        let bytes = key.bytes();
        let Some(value) = self.store.tables.values.get(&self.txn, &bytes).map_err(|e| self.store.engine(&e))? else {
            return Ok(None);
        };
        let verified = self.store.is_verified(&bytes);
        let payload = unframe(kind, value, !verified).ok_or_else(|| StoreError::damaged(key.to_string()))?;
        if !verified {
            self.store.set_verified(&bytes);
        }
        Ok(Some(payload))
    }
}

fn damaged(part: Part, column: u16, block: u32) -> StoreError {
    StoreError::damaged(ValueKey { part, generation: 0, column, block }.to_string())
}
