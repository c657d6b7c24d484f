//! A store as files that others read: contacts and events as Parquet, memberships as Parquet, sets as Roaring bitmaps.
//!
//! Goes in: a [`Snapshot`]. Comes out: tables that import back to the same answers. Each field has the instant since when it is
//! as it is in a column `ts(FIELD)`; ids of events are written as the hashes that are kept of them; ids of deleted events are
//! lines of NDJSON that delete them again.

mod table;

use std::io::Write;

use parquet::errors::ParquetError;
use roaring::RoaringBitmap;

use crate::schema::{AttrId, Column as Definition, ColumnType, EventId, FieldId, Scalar, Schema};
use crate::store::column::Column;
use crate::store::record::EVENT_HASH;
use crate::store::{CHUNK, Layer, Snapshot, StoreError};
use crate::value::Value;
use table::Table;

/// Rows of a row group.
const GROUP: usize = 1 << 16;

/// What ends an export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file.
    #[error("cannot write the file: {0}")]
    Parquet(#[from] ParquetError),
    /// The file.
    #[error("cannot write the file: {0}")]
    Io(#[from] std::io::Error),
}

/// The name of the column that says since when a field is as it is.
#[must_use]
pub fn since_column(field: &str) -> String {
    format!("ts({field})")
}

fn optional(name: &str, ty: ColumnType) -> (String, ColumnType, bool) {
    (name.to_owned(), ty, true)
}

fn required(name: &str, ty: Scalar) -> (String, ColumnType, bool) {
    (name.to_owned(), ColumnType::Scalar(ty), false)
}

/// Writes all contacts with their fields; returns how many. `stop` ends it early.
///
/// # Errors
/// Damage, a full disk, [`StoreError::Interrupted`].
pub fn contacts<W: Write + Send>(snapshot: &Snapshot<'_>, out: W, stop: &dyn Fn() -> bool) -> Result<u64, ExportError> {
    let schema = snapshot.schema();
    let mut columns = vec![required("contact_id", Scalar::Text)];
    for field in &schema.fields {
        columns.push(optional(&field.name, field.ty));
        columns.push(optional(&since_column(&field.name), ColumnType::Scalar(Scalar::Time)));
    }
    let mut table = Table::new(out, "contacts", &columns)?;
    let mut written = 0;
    for chunk in 0..snapshot.chunks() {
        let ids = Ids::of(snapshot, chunk)?;
        for (layer, members) in snapshot.layers(chunk, true)? {
            if stop() {
                return Err(StoreError::Interrupted.into());
            }
            let slots: Vec<usize> = slots(&members).collect();
            written += slots.len() as u64;
            let mut cells = vec![slots.iter().map(|slot| ids.get(*slot)).collect::<Vec<_>>()];
            for (id, field) in (0_u16..).map(FieldId).zip(&schema.fields) {
                let values = snapshot.field_in(layer, id, chunk)?;
                let since = snapshot.field_since(layer, id, chunk)?;
                let of = |column: &Option<Column<'_>>, scalar| -> Vec<Option<Value>> {
                    slots.iter().map(|slot| column.as_ref().and_then(|c| c.value(*slot, scalar))).collect()
                };
                cells.push(of(&values, field.ty.scalar()));
                cells.push(of(&since, Scalar::Time));
            }
            table.write(&cells)?;
        }
    }
    table.finish()?;
    Ok(written)
}

/// Event types whose attributes fit into one table: each name has one type. Most schemas need one table.
#[must_use]
pub fn event_tables(schema: &Schema) -> Vec<Vec<EventId>> {
    let mut tables: Vec<(Vec<EventId>, Vec<&Definition>)> = Vec::new();
    for (id, ty) in (0_u16..).map(EventId).zip(&schema.events) {
        let fits = |known: &[&Definition]| ty.attributes.iter().all(|a| known.iter().all(|k| k.name != a.name || k.ty == a.ty));
        let at = tables.iter().position(|(_, known)| fits(known)).unwrap_or(tables.len());
        if at == tables.len() {
            tables.push((Vec::new(), Vec::new()));
        }
        if let Some((events, known)) = tables.get_mut(at) {
            events.push(id);
            for attribute in &ty.attributes {
                if known.iter().all(|k| k.name != attribute.name) {
                    known.push(attribute);
                }
            }
        }
    }
    tables.into_iter().map(|(events, _)| events).collect()
}

/// Writes all events of some types that [`event_tables`] has put together; returns how many. `stop` ends it early.
///
/// # Errors
/// Damage, a full disk, [`StoreError::Interrupted`].
pub fn events<W: Write + Send>(
    snapshot: &Snapshot<'_>,
    types: &[EventId],
    out: W,
    stop: &dyn Fn() -> bool,
) -> Result<u64, ExportError> {
    let schema = snapshot.schema();
    let mut attributes: Vec<&Definition> = Vec::new();
    for attribute in types.iter().filter_map(|id| schema.event_type(*id)).flat_map(|ty| &ty.attributes) {
        if attributes.iter().all(|a| a.name != attribute.name) {
            attributes.push(attribute);
        }
    }
    let mut columns = vec![required("contact_id", Scalar::Text), required("event", Scalar::Text), required("ts", Scalar::Time)];
    columns.push(optional("event_id", ColumnType::Scalar(Scalar::Text)));
    columns.extend(attributes.iter().map(|a| optional(&a.name, a.ty)));
    let mut table = Table::new(out, "events", &columns)?;
    let mut cells: Vec<Vec<Option<Value>>> = vec![Vec::new(); columns.len()];
    let mut written = 0;
    for chunk in 0..snapshot.chunks() {
        let ids = Ids::of(snapshot, chunk)?;
        for id in types {
            let Some(ty) = schema.event_type(*id) else { continue };
            for (layer, members) in snapshot.layers(chunk, snapshot.has_appended_events(*id, chunk)?)? {
                let blocks = snapshot.events_in(layer, *id, chunk)?.map_or(0, |summary| summary.blocks());
                for block in 0..blocks {
                    if stop() {
                        return Err(StoreError::Interrupted.into());
                    }
                    let rows = snapshot.rows_in(layer, *id, chunk, block)?;
                    let event_ids = snapshot.event_ids_in(layer, *id, chunk, block)?;
                    let of_attributes: Vec<Option<(Column<'_>, Scalar)>> = (attributes.iter())
                        .map(|a| column(snapshot, layer, (*id, chunk, block), ty.attribute(&a.name), a.ty.scalar()))
                        .collect::<Result<_, _>>()?;
                    for (slot, range) in rows.contacts().filter(|(slot, _)| contains(&members, *slot)) {
                        for row in range {
                            let event_id = event_ids.as_ref().and_then(|ids| ids.get(row).copied().flatten());
                            let keys = [
                                ids.get(usize::from(slot)),
                                Some(Value::Text(ty.name.clone())),
                                rows.ts().at(row).map(Value::Time),
                                event_id.map(|id| Value::Text(shown(id))),
                            ];
                            let values = of_attributes.iter().map(|c| c.as_ref().and_then(|(c, scalar)| c.value(row, *scalar)));
                            cells.iter_mut().zip(keys.into_iter().chain(values)).for_each(|(column, cell)| column.push(cell));
                            written += 1;
                            if written % GROUP as u64 == 0 {
                                table.write(&cells)?;
                                cells.iter_mut().for_each(Vec::clear);
                            }
                        }
                    }
                }
            }
        }
    }
    table.write(&cells)?;
    table.finish()?;
    Ok(written)
}

/// An attribute of a block with the type of its values.
fn column<'s>(
    snapshot: &'s Snapshot<'_>,
    layer: Layer,
    (event, chunk, block): (EventId, u32, u32),
    attr: Option<AttrId>,
    scalar: Scalar,
) -> Result<Option<(Column<'s>, Scalar)>, StoreError> {
    match attr {
        Some(attr) => Ok(snapshot.attribute_in(layer, event, chunk, block, attr)?.map(|column| (column, scalar))),
        None => Ok(None),
    }
}

/// Writes a line of NDJSON for each deleted event, which deletes it again; returns how many.
///
/// # Errors
/// Damage, a full disk.
pub fn deletions(snapshot: &Snapshot<'_>, out: &mut dyn Write) -> Result<u64, ExportError> {
    let mut written = 0;
    for chunk in 0..snapshot.chunks() {
        let ids = Ids::of(snapshot, chunk)?;
        for (slot, id) in snapshot.deleted_events(chunk)? {
            if let Some(Value::Text(contact)) = ids.get(usize::from(slot)) {
                let line = serde_json::json!({ "contact_id": contact, "event_id": shown(id), "op": "delete" });
                writeln!(out, "{line}")?;
                written += 1;
            }
        }
    }
    Ok(written)
}

/// Writes `segment, contact_id, valid_from, valid_to` for the members of segments at an instant: they are members from then
/// on, as far as this evaluation knows, so `valid_to` is empty.
///
/// # Errors
/// Damage, a full disk.
pub fn memberships<W: Write + Send>(
    snapshot: &Snapshot<'_>,
    segments: &[(&str, &RoaringBitmap)],
    now: i64,
    out: W,
) -> Result<u64, ExportError> {
    let columns = [
        required("segment", Scalar::Text),
        required("contact_id", Scalar::Text),
        required("valid_from", Scalar::Time),
        optional("valid_to", ColumnType::Scalar(Scalar::Time)),
    ];
    let mut table = Table::new(out, "segment_membership", &columns)?;
    let mut written = 0;
    for (name, members) in segments {
        for ids in snapshot.sorted_ids(members)?.chunks(GROUP) {
            written += ids.len() as u64;
            let same = |value: Option<Value>| vec![value; ids.len()];
            let contacts = ids.iter().map(|id| Some(Value::Text(id.clone()))).collect();
            table.write(&[same(Some(Value::Text((*name).to_owned()))), contacts, same(Some(Value::Time(now))), same(None)])?;
        }
    }
    table.finish()?;
    Ok(written)
}

/// Writes the dictionary of bitmaps: `number, contact_id` for every contact.
///
/// # Errors
/// Damage, a full disk.
pub fn dictionary<W: Write + Send>(snapshot: &Snapshot<'_>, out: W) -> Result<u64, ExportError> {
    let mut table =
        Table::new(out, "contacts", &[required("number", Scalar::Number { decimals: 0 }), required("contact_id", Scalar::Text)])?;
    let mut written = 0;
    for chunk in 0..snapshot.chunks() {
        let ids = Ids::of(snapshot, chunk)?;
        let slots: Vec<usize> = slots(&snapshot.members(chunk)).collect();
        written += slots.len() as u64;
        let number = |slot: &usize| Some(Value::Number(i64::from(chunk) * i64::from(CHUNK) + i64::try_from(*slot).unwrap_or(0)));
        table.write(&[slots.iter().map(number).collect(), slots.iter().map(|slot| ids.get(*slot)).collect()])?;
    }
    table.finish()?;
    Ok(written)
}

/// How the hash of an event's id is written, so that an import knows it for one.
fn shown(id: u128) -> String {
    format!("{EVENT_HASH}{id:032x}")
}

/// The ids of a chunk's contacts.
struct Ids<'s>(Vec<Column<'s>>);

impl<'s> Ids<'s> {
    fn of(snapshot: &'s Snapshot<'_>, chunk: u32) -> Result<Self, StoreError> {
        snapshot.ids(chunk).map(Self)
    }

    fn get(&self, slot: usize) -> Option<Value> {
        let size = self.0.first().map_or(1, Column::len).max(1);
        self.0.get(slot / size)?.value(slot % size, Scalar::Text)
    }
}

fn contains(set: &crate::store::Words, slot: u16) -> bool {
    set.get(usize::from(slot / 64)).is_some_and(|word| word >> (slot % 64) & 1 == 1)
}

fn slots(set: &crate::store::Words) -> impl Iterator<Item = usize> {
    (0..=u16::MAX).filter(move |slot| contains(set, *slot)).map(usize::from)
}
