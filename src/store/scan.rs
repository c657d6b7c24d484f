//! All values of a chunk, one after the other, whatever layer they are in: for descriptions, not for evaluation.

use std::ops::{ControlFlow, Range};

use roaring::RoaringBitmap;

use super::column::Column;
use super::{CHUNK, RowBlock, Snapshot, StoreError, slots};
use crate::schema::{AttrId, EventId, FieldId};
use crate::value::Value;

/// Events of one type in columns, some rows of which count.
pub struct EventColumns<'a> {
    /// How many contacts have the events that count.
    pub contacts: u64,
    /// The rows that count, ascending.
    pub runs: Vec<Range<usize>>,
    /// The rows with their instants.
    pub rows: RowBlock<'a>,
    /// Each attribute; `None` for one that no row has.
    pub attributes: Vec<Option<Column<'a>>>,
}

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

    /// Shows the columns of a field in a chunk, each with the slots that count in it: those of contacts whose values are in that column,
    /// and who are among some.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn field_columns<'s>(
        &'s self,
        field: FieldId,
        chunk: u32,
        among: Option<&RoaringBitmap>,
        see: &mut dyn FnMut(&Column<'s>, &[Range<usize>]),
    ) -> Result<(), StoreError> {
        for (layer, mut members) in self.layers(chunk, self.has_appended_field(field, chunk)?)? {
            let Some(column) = self.field_in(layer, field, chunk)? else { continue };
            if let Some(some) = among {
                let first = chunk * CHUNK;
                let mut wanted = slots::empty();
                for number in some.range(first..=first.saturating_add(CHUNK - 1)) {
                    slots::insert(&mut wanted, u16::try_from(number - first).unwrap_or(u16::MAX));
                }
                members.iter_mut().zip(wanted.iter()).for_each(|(member, wanted)| *member &= wanted);
            }
            see(&column, &slots::runs(&members));
        }
        Ok(())
    }

    /// Shows the events of a type in a chunk that happened until an instant (milliseconds), block by block, until it is told to break off.
    ///
    /// # Errors
    /// A damaged value, or a failure of the engine.
    pub fn event_columns<'s>(
        &'s self,
        event: EventId,
        chunk: u32,
        until: i64,
        see: &mut dyn FnMut(&EventColumns<'s>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let attributes = self.schema().event_type(event).map_or(0, |ty| ty.attributes.len());
        for (layer, members) in self.layers(chunk, self.has_appended_events(event, chunk)?)? {
            let blocks = self.events_in(layer, event, chunk)?.map_or(0, |summary| summary.blocks());
            for block in 0..blocks {
                let rows = self.rows_in(layer, event, chunk, block)?;
                let (mut contacts, mut runs) = (0, Vec::new());
                let whole = rows.ts().bounds().1 <= until;
                for (_, of_contact) in rows.contacts().filter(|(slot, _)| slots::contains(&members, *slot)) {
                    // The rows of a contact are in order of time.
                    let shown = if whole { of_contact } else { rows.ts().ascending_in(of_contact, i64::MIN, until) };
                    if !shown.is_empty() {
                        contacts += 1;
                        slots::extend(&mut runs, shown);
                    }
                }
                let attributes = (0_u16..)
                    .take(attributes)
                    .map(|attr| self.attribute_in(layer, event, chunk, block, AttrId(attr)))
                    .collect::<Result<Vec<_>, StoreError>>()?;
                if see(&EventColumns { contacts, runs, rows, attributes }).is_break() {
                    return Ok(());
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
