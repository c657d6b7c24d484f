//! All values of a chunk, one after the other, whatever layer they are in: for descriptions, not for evaluation.

use std::ops::ControlFlow;

use super::profile::StoredEvent;
use super::{CHUNK, Snapshot, StoreError, slots};
use crate::schema::{AttrId, EventId, FieldId};
use crate::value::Value;

impl Snapshot<'_> {
    /// The values of a field in a chunk, by slot.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn field_values(&self, field: FieldId, chunk: u32) -> Result<Vec<Option<Value>>, StoreError> {
        let mut values = vec![None; self.chunk_len(chunk) as usize];
        let Some(definition) = self.schema().field_column(field) else { return Ok(values) };
        for (layer, members) in self.layers(chunk, self.has_appended_field(field, chunk)?)? {
            let Some(column) = self.field_in(layer, field, chunk)? else { continue };
            for slot in slots::iter(&members).map(usize::from) {
                if let Some(value) = values.get_mut(slot) {
                    *value = column.value(slot, definition.ty.scalar());
                }
            }
        }
        Ok(values)
    }

    /// Hands on the number of every contact of a chunk that has events of a type, with these events in order of time, until it is told to
    /// break off.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn event_rows(
        &self,
        event: EventId,
        chunk: u32,
        see: &mut dyn FnMut(u32, &[StoredEvent]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let Some(ty) = self.schema().event_type(event) else { return Ok(()) };
        let mut events = Vec::new();
        for (layer, members) in self.layers(chunk, self.has_appended_events(event, chunk)?)? {
            let blocks = self.events_in(layer, event, chunk)?.map_or(0, |summary| summary.blocks());
            for block in 0..blocks {
                let rows = self.rows_in(layer, event, chunk, block)?;
                let columns = (0_u16..)
                    .map(AttrId)
                    .zip(&ty.attributes)
                    .map(|(id, definition)| Ok((self.attribute_in(layer, event, chunk, block, id)?, definition.ty.scalar())))
                    .collect::<Result<Vec<_>, StoreError>>()?;
                for (slot, of_contact) in rows.contacts().filter(|(slot, _)| slots::contains(&members, *slot)) {
                    events.clear();
                    events.extend(of_contact.map(|row| StoredEvent {
                        event,
                        ts: rows.ts().at(row).unwrap_or_default(),
                        attributes: columns.iter().map(|(column, scalar)| column.as_ref()?.value(row, *scalar)).collect(),
                    }));
                    if see(chunk * CHUNK + u32::from(slot), &events).is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// How many contacts of a chunk have events of a type, and how many events that is.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn event_counts(&self, event: EventId, chunk: u32) -> Result<(u64, u64), StoreError> {
        let (mut contacts, mut events) = (0, 0);
        for (layer, members) in self.layers(chunk, self.has_appended_events(event, chunk)?)? {
            let Some(summary) = self.events_in(layer, event, chunk)? else { continue };
            for count in slots::iter(&members).filter_map(|slot| summary.count().get(usize::from(slot))).filter(|n| *n > 0) {
                contacts += 1;
                events += u64::try_from(count).unwrap_or(0);
            }
        }
        Ok((contacts, events))
    }
}
