//! Everything known of one contact.

use super::column::Column;
use super::{CHUNK, Snapshot, StoreError};
use crate::schema::{AttrId, EventId, FieldId};
use crate::value::Value;

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
