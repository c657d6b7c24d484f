//! Everything known of one contact.

use std::cell::RefCell;
use std::collections::HashMap;

use super::column::Column;
use super::events::{EventChunk, RowBlock};
use super::{CHUNK, Layer, Snapshot, StoreError};
use crate::row::{Event, Profile};
use crate::schema::{AttrId, EventId, EventType, FieldId};
use crate::value::Value;

/// Contacts before and after an id that may have been meant.
const NEIGHBOURS: usize = 8;

/// One event of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its type.
    pub event: EventId,
    /// Its instant, milliseconds since 1970-01-01T00:00:00Z.
    pub ts: i64,
    /// Its attributes, in the order of the schema.
    pub attributes: Vec<Option<Value>>,
}

impl Snapshot<'_> {
    /// Everything known of the contact with an id, as `row` takes it; `None` when there is no such contact. Only what is the
    /// contact's own is read. For many contacts one after the other, [`Self::profiles`] is faster.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn profile(&self, id: &str) -> Result<Option<Profile>, StoreError> {
        self.profiles().get(id)
    }

    /// A reader of contacts that remembers where their values stand.
    #[must_use]
    pub fn profiles(&self) -> Profiles<'_> {
        Profiles { snapshot: self, chunks: RefCell::default() }
    }

    /// Ids of contacts that are written much like `id`: others in upper or lower case, and its neighbours in the order of ids.
    ///
    /// # Errors
    /// A failure of the engine.
    pub fn ids_like(&self, id: &str) -> Result<Vec<String>, StoreError> {
        let mut like = self.ids_around(id, NEIGHBOURS)?;
        for other in [id.to_lowercase(), id.to_uppercase()] {
            if self.find(&other)?.is_some() {
                like.push(other);
            }
        }
        Ok(like)
    }

    /// The values of all fields of a contact, in the order of the schema.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn fields_of(&self, contact: u32) -> Result<Vec<Option<Value>>, StoreError> {
        let (chunk, slot) = (contact / CHUNK, (contact % CHUNK) as usize);
        let layer = self.layer_of(contact)?;
        (0_u16..)
            .zip(&self.schema().fields)
            .map(|(id, column)| Ok(self.field_in(layer, FieldId(id), chunk)?.and_then(|c| c.value(slot, column.ty.scalar()))))
            .collect()
    }

    /// Since when each field of a contact has been as it is, in milliseconds; `None` for one that no line has spoken of.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn since_of(&self, contact: u32) -> Result<Vec<Option<i64>>, StoreError> {
        let (chunk, slot) = (contact / CHUNK, (contact % CHUNK) as usize);
        let layer = self.layer_of(contact)?;
        (0_u16..)
            .zip(&self.schema().fields)
            .map(|(id, _)| {
                Ok(self
                    .field_since(layer, FieldId(id), chunk)?
                    .and_then(|c| if let Column::Int(c) = c { c.get(slot) } else { None }))
            })
            .collect()
    }

    /// All events of a contact, type by type, each in order of instant and arrival.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn events_of(&self, contact: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let (chunk, slot) = (contact / CHUNK, contact % CHUNK);
        let layer = self.layer_of(contact)?;
        let mut events = Vec::new();
        for (id, ty) in (0_u16..).map(EventId).zip(&self.schema().events) {
            let Some(summary) = self.events_in(layer, id, chunk)? else { continue };
            let Some(block) = (0..summary.blocks()).find(|b| summary.block_slots(*b).contains(&slot)) else { continue };
            let rows = self.rows_in(layer, id, chunk, block)?;
            let range = rows.rows_of(u16::try_from(slot).unwrap_or(u16::MAX));
            let columns: Vec<Option<Column<'_>>> = (0_u16..)
                .take(ty.attributes.len())
                .map(|a| self.attribute_in(layer, id, chunk, block, AttrId(a)))
                .collect::<Result<_, _>>()?;
            for row in range {
                let value = |(column, definition): (&Option<Column<'_>>, &crate::schema::Column)| {
                    column.as_ref().and_then(|c| c.value(row, definition.ty.scalar()))
                };
                events.push(StoredEvent {
                    event: id,
                    ts: rows.ts().at(row).unwrap_or_default(),
                    attributes: columns.iter().zip(&ty.attributes).map(value).collect(),
                });
            }
        }
        Ok(events)
    }
}

/// Reads contacts one by one, and remembers the columns of the chunks that it has been in, so that the next contact of a chunk costs
/// its own values only. Views of columns are small; a reader that has seen all of a store of ten million contacts holds some tens of
/// megabytes.
pub struct Profiles<'s> {
    snapshot: &'s Snapshot<'s>,
    chunks: RefCell<HashMap<(u32, Layer), ChunkColumns<'s>>>,
}

/// The columns of a chunk.
struct ChunkColumns<'s> {
    fields: Vec<Option<Column<'s>>>,
    since: Vec<Option<Column<'s>>>,
    /// By event type.
    events: Vec<Option<Events<'s>>>,
}

/// The events of one type in a chunk.
struct Events<'s> {
    summary: EventChunk<'s>,
    /// By block, from when one of its contacts was asked for.
    blocks: Vec<Option<Block<'s>>>,
}

struct Block<'s> {
    rows: RowBlock<'s>,
    attributes: Vec<Option<Column<'s>>>,
}

impl Profiles<'_> {
    /// Everything known of the contact with an id; `None` when there is no such contact.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn get(&self, id: &str) -> Result<Option<Profile>, StoreError> {
        let Some(contact) = self.snapshot.find(id)? else { return Ok(None) };
        let (chunk, slot) = (contact / CHUNK, contact % CHUNK);
        let layer = self.snapshot.layer_of(contact)?;
        let mut chunks = self.chunks.borrow_mut();
        let columns = match chunks.entry((chunk, layer)) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(ChunkColumns::read(self.snapshot, layer, chunk)?),
        };
        let schema = self.snapshot.schema();
        let at = slot as usize;
        let field = |(column, definition): (&Option<Column<'_>>, &crate::schema::Column)| {
            column.as_ref().and_then(|c| c.value(at, definition.ty.scalar()))
        };
        let since = |column: &Option<Column<'_>>| if let Some(Column::Int(c)) = column { c.get(at) } else { None };
        let mut profile = Profile {
            id: id.to_owned(),
            fields: columns.fields.iter().zip(&schema.fields).map(field).collect(),
            since: columns.since.iter().map(since).collect(),
            events: Vec::new(),
        };
        for ((id, ty), events) in (0_u16..).map(EventId).zip(&schema.events).zip(&mut columns.events) {
            let Some(events) = events else { continue };
            if events.summary.count().get(at).is_some() {
                events.read(self.snapshot, (id, ty), (layer, chunk, slot), &mut profile.events)?;
            }
        }
        Ok(Some(profile))
    }
}

impl<'s> ChunkColumns<'s> {
    fn read(snapshot: &'s Snapshot<'s>, layer: Layer, chunk: u32) -> Result<Self, StoreError> {
        let fields = || (0_u16..).take(snapshot.schema().fields.len()).map(FieldId);
        let events = (0_u16..).take(snapshot.schema().events.len()).map(EventId);
        let of_type = |id| -> Result<Option<Events<'s>>, StoreError> {
            let Some(summary) = snapshot.events_in(layer, id, chunk)? else { return Ok(None) };
            let blocks = (0..summary.blocks()).map(|_| None).collect();
            Ok(Some(Events { summary, blocks }))
        };
        Ok(Self {
            fields: fields().map(|f| snapshot.field_in(layer, f, chunk)).collect::<Result<_, _>>()?,
            since: fields().map(|f| snapshot.field_since(layer, f, chunk)).collect::<Result<_, _>>()?,
            events: events.map(of_type).collect::<Result<_, _>>()?,
        })
    }
}

impl<'s> Events<'s> {
    /// Adds the events of a contact.
    fn read(
        &mut self,
        snapshot: &'s Snapshot<'s>,
        (id, ty): (EventId, &EventType),
        (layer, chunk, slot): (Layer, u32, u32),
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let number = (0..self.summary.blocks()).find(|b| self.summary.block_slots(*b).contains(&slot));
        let Some((number, place)) = number.and_then(|n| Some((n, self.blocks.get_mut(n as usize)?))) else { return Ok(()) };
        let block = match place {
            Some(block) => block,
            None => place.insert(Block {
                rows: snapshot.rows_in(layer, id, chunk, number)?,
                attributes: (0_u16..)
                    .take(ty.attributes.len())
                    .map(|a| snapshot.attribute_in(layer, id, chunk, number, AttrId(a)))
                    .collect::<Result<_, _>>()?,
            }),
        };
        for row in block.rows.rows_of(u16::try_from(slot).unwrap_or(u16::MAX)) {
            let value = |(column, definition): (&Option<Column<'_>>, &crate::schema::Column)| {
                column.as_ref().and_then(|c| c.value(row, definition.ty.scalar()))
            };
            events.push(Event {
                event: id,
                ts: block.rows.ts().at(row).unwrap_or_default(),
                attributes: block.attributes.iter().zip(&ty.attributes).map(value).collect(),
            });
        }
        Ok(())
    }
}
