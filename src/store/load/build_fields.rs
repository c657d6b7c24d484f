//! Fields: contact lines applied in order of their instants over what the store has.

use std::collections::BTreeMap;

use super::super::column::{encode_ints, encode_list, encode_texts};
use super::super::key::{Part, PartKind};
use super::super::record::{Body, BodyValue};
use super::super::snapshot::{FIELD_SEEN, FIELD_SINCE, FIELD_VALUES, KIND_COLUMN, Snapshot};
use super::super::{CHUNK, StoreError};
use super::build::{Job, Output};
use super::partition::Partition;
use crate::schema::{ColumnType, FieldId, Scalar};
use crate::value::{Value, ValueRef};

/// One field of all contacts of a chunk.
struct Field {
    values: Vec<Option<Value>>,
    since: Vec<Option<i64>>,
    seen: Vec<Option<i64>>,
}

/// Builds the parts of the fields that the rows speak of.
pub(super) fn build(job: &Job<'_>, chunk: u32, partition: &Partition, output: &Output<'_>) -> Result<(), StoreError> {
    let damaged = || StoreError::damaged("temporary data of the import");
    let mut bytes = Vec::new();
    let mut order = Vec::new();
    partition.each(&mut |slot, body| {
        let ts = Body::new(body).contact_head().ok_or_else(damaged)?;
        order.push((ts, slot, bytes.len()..bytes.len() + body.len()));
        bytes.extend_from_slice(body);
        Ok(())
    })?;
    // Instant and arrival decide what holds; most files carry no instants, and then this changes nothing.
    order.sort_by_key(|(ts, ..)| *ts);
    let snapshot = job.store.snapshot()?;
    let mut fields: BTreeMap<u16, Field> = BTreeMap::new();
    for (ts, slot, range) in order {
        let mut body = Body::new(bytes.get(range).unwrap_or_default());
        body.contact_head().ok_or_else(damaged)?;
        while !body.is_at_end() {
            let (id, value) = body.entry().ok_or_else(damaged)?;
            let field = match fields.entry(id) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(Field::load(job, &snapshot, FieldId(id), chunk)?)
                }
            };
            field.apply(usize::from(slot), ts, value.map(owned));
        }
    }
    for (id, field) in fields {
        let part = Part { chunk, kind: PartKind::Field(FieldId(id)) };
        let Some(definition) = job.schema.field_column(FieldId(id)) else { return Err(damaged()) };
        output.put(part, FIELD_VALUES, 0, KIND_COLUMN, &encode(&field.values, definition.ty, true));
        output.put(part, FIELD_SINCE, 0, KIND_COLUMN, &encode_ints(&field.since));
        output.put(part, FIELD_SEEN, 0, KIND_COLUMN, &encode_ints(&field.seen));
        output.done(part);
    }
    Ok(())
}

impl Field {
    fn load(job: &Job<'_>, snapshot: &Snapshot<'_>, id: FieldId, chunk: u32) -> Result<Self, StoreError> {
        let slots = CHUNK as usize;
        let mut field = Self { values: vec![None; slots], since: vec![None; slots], seen: vec![None; slots] };
        let Some(scalar) = job.schema.field_column(id).map(|c| c.ty.scalar()) else { return Ok(field) };
        // A part that does not exist has no column.
        if snapshot.schema().field_column(id).is_none() {
            return Ok(field);
        }
        if let Some(column) = snapshot.field(id, chunk)? {
            for (slot, target) in field.values.iter_mut().enumerate() {
                *target = column.value(slot, scalar);
            }
        }
        for (column, targets) in
            [(snapshot.field_since(id, chunk)?, &mut field.since), (snapshot.field_seen(id, chunk)?, &mut field.seen)]
        {
            if let Some(super::super::column::Column::Int(column)) = column {
                for (slot, target) in targets.iter_mut().enumerate() {
                    *target = column.get(slot);
                }
            }
        }
        Ok(field)
    }

    /// What a line of `ts` says of a contact; an older line than the newest says nothing any more.
    fn apply(&mut self, slot: usize, ts: i64, value: Option<Value>) {
        let (Some(current), Some(since), Some(seen)) =
            (self.values.get_mut(slot), self.since.get_mut(slot), self.seen.get_mut(slot))
        else {
            return;
        };
        if seen.is_some_and(|seen| ts < seen) {
            return;
        }
        if seen.is_none() || *current != value {
            *since = Some(ts);
            *current = value;
        }
        *seen = Some(ts);
    }
}

/// A value of a body, owned; an empty list is empty.
pub(super) fn owned(value: BodyValue<'_>) -> Value {
    match value {
        BodyValue::Scalar(value) => value.to_value(),
        BodyValue::List(items) => Value::List(items.map(|item| item.as_ref().map(ValueRef::to_value)).collect()),
    }
}

/// Encodes values of a column type; `bitmaps` for the contacts of a chunk.
fn encode(values: &[Option<Value>], ty: ColumnType, bitmaps: bool) -> Vec<u8> {
    if !ty.is_list() {
        return encode_scalars(values.iter().map(Option::as_ref), ty.scalar(), bitmaps);
    }
    let items_of = |value: &Option<Value>| match value {
        Some(Value::List(items)) => items.len(),
        _ => 0,
    };
    let lengths: Vec<u32> = values.iter().map(|v| u32::try_from(items_of(v)).unwrap_or(u32::MAX)).collect();
    let items = values.iter().flat_map(|value| match value {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    });
    encode_list(&lengths, &encode_scalars(items.map(Option::as_ref), ty.scalar(), false))
}

fn encode_scalars<'v>(values: impl Iterator<Item = Option<&'v Value>>, scalar: Scalar, bitmaps: bool) -> Vec<u8> {
    if scalar == Scalar::Text {
        let texts: Vec<Option<&str>> = values
            .map(|value| match value {
                Some(Value::Text(text)) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        return encode_texts(&texts, bitmaps);
    }
    let ints: Vec<Option<i64>> = values
        .map(|value| match value {
            Some(Value::Number(n) | Value::Time(n)) => Some(*n),
            Some(Value::Bool(b)) => Some(i64::from(*b)),
            Some(Value::Date(day)) => Some(i64::from(*day)),
            _ => None,
        })
        .collect();
    encode_ints(&ints)
}
