//! Fields: contact lines applied in order of their instants over what the store has.

use std::collections::{BTreeMap, BTreeSet};

use super::super::column::{encode_ints, encode_list, encode_texts};
use super::super::key::{Part, PartKind};
use super::super::record::{Body, BodyValue};
use super::super::snapshot::{FIELD_SEEN, FIELD_SINCE, FIELD_VALUES, KIND_COLUMN, Layer, Snapshot};
use super::super::{CHUNK, StoreError, Words, slots};
use super::build::{Job, Output};
use super::partition::Partition;
use crate::schema::{ColumnType, FieldId, Scalar, Schema};
use crate::value::{Value, ValueRef};

/// One field of all contacts of a chunk.
struct Field {
    values: Vec<Option<Value>>,
    since: Vec<Option<i64>>,
    seen: Vec<Option<i64>>,
}

/// Contact lines of one chunk, in the order in which they are applied.
#[derive(Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Instant, slot and place of the body.
    order: Vec<(i64, u16, std::ops::Range<usize>)>,
}

impl Lines {
    /// Instant and arrival decide within a batch, and batches hold one after the other. Most lines carry no instants, and
    /// then sorting changes nothing.
    pub fn new(partition: &Partition) -> Result<Self, StoreError> {
        let mut lines = Self::default();
        partition.each(&mut |slot, body| {
            let ts = Body::new(body).contact_head().ok_or_else(damaged)?;
            lines.order.push((ts, slot, lines.bytes.len()..lines.bytes.len() + body.len()));
            lines.bytes.extend_from_slice(body);
            Ok(())
        })?;
        let mut begin = 0;
        for end in partition.ends().iter().copied().chain([lines.order.len()]) {
            lines.order.get_mut(begin..end).unwrap_or_default().sort_by_key(|(ts, ..)| *ts);
            begin = end;
        }
        Ok(lines)
    }

    /// The slots of all lines, in order.
    pub fn slots(&self) -> impl Iterator<Item = u16> {
        self.order.iter().map(|(_, slot, _)| *slot)
    }

    /// The fields that they speak of.
    pub fn fields(&self) -> Result<BTreeSet<u16>, StoreError> {
        let mut fields = BTreeSet::new();
        self.entries(&mut |_, _, id, _| {
            fields.insert(id);
            Ok(())
        })?;
        Ok(fields)
    }

    /// Instant, slot, field and value of everything that the lines say.
    fn entries<'l>(
        &'l self,
        see: &mut dyn FnMut(i64, u16, u16, Option<BodyValue<'l>>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for (ts, slot, range) in &self.order {
            let mut body = Body::new(self.bytes.get(range.clone()).unwrap_or_default());
            body.contact_head().ok_or_else(damaged)?;
            while !body.is_at_end() {
                let (id, value) = body.entry().ok_or_else(damaged)?;
                see(*ts, *slot, id, value)?;
            }
        }
        Ok(())
    }
}

fn damaged() -> StoreError {
    StoreError::damaged("lines of contacts")
}

/// Builds the parts of the fields that the rows speak of.
pub(super) fn build(job: &Job<'_>, chunk: u32, partition: &Partition, output: &Output<'_>) -> Result<(), StoreError> {
    let lines = Lines::new(partition)?;
    let snapshot = job.store.snapshot()?;
    let mut fields: BTreeMap<u16, Field> = BTreeMap::new();
    lines.entries(&mut |ts, slot, id, value| {
        let field = match fields.entry(id) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Field::load(job.schema, &snapshot, FieldId(id), chunk, None)?)
            }
        };
        field.apply(usize::from(slot), ts, value.map(owned));
        Ok(())
    })?;
    fields.into_iter().try_for_each(|(id, field)| field.put(job.schema, chunk, FieldId(id), output))
}

/// Builds one field for the contacts of `only`: what the store has of them, and what the lines say.
pub(super) fn build_field(
    schema: &Schema,
    snapshot: &Snapshot<'_>,
    (field, chunk): (FieldId, u32),
    lines: &Lines,
    only: &Words,
    output: &Output<'_>,
) -> Result<(), StoreError> {
    let mut built = Field::load(schema, snapshot, field, chunk, Some(only))?;
    lines.entries(&mut |ts, slot, id, value| {
        if id == field.0 {
            built.apply(usize::from(slot), ts, value.map(owned));
        }
        Ok(())
    })?;
    built.put(schema, chunk, field, output)
}

/// Builds the fields of a chunk that some contacts have a value of, without these contacts.
pub(super) fn build_without(
    schema: &Schema,
    snapshot: &Snapshot<'_>,
    chunk: u32,
    erased: &Words,
    output: &Output<'_>,
) -> Result<(), StoreError> {
    let mut others = slots::first(CHUNK);
    others.iter_mut().zip(erased).for_each(|(word, erased)| *word &= !erased);
    for id in (0_u16..).map(FieldId).take(snapshot.schema().fields.len()) {
        // Whoever has a value has been seen.
        let Some(super::super::column::Column::Int(seen)) = snapshot.field_seen(id, chunk)? else { continue };
        if slots::iter(erased).any(|slot| seen.get(usize::from(slot)).is_some()) {
            Field::load(schema, snapshot, id, chunk, Some(&others))?.put(schema, chunk, id, output)?;
        }
    }
    Ok(())
}

impl Field {
    /// What the store has, of the contacts of `only` if there is such a set.
    fn load(schema: &Schema, snapshot: &Snapshot<'_>, id: FieldId, chunk: u32, only: Option<&Words>) -> Result<Self, StoreError> {
        let slots = CHUNK as usize;
        let wanted = |slot: usize| only.is_none_or(|only| u16::try_from(slot).is_ok_and(|slot| slots::contains(only, slot)));
        let mut field = Self { values: vec![None; slots], since: vec![None; slots], seen: vec![None; slots] };
        let Some(scalar) = schema.field_column(id).map(|c| c.ty.scalar()) else { return Ok(field) };
        // A part that does not exist has no column.
        if snapshot.schema().field_column(id).is_none() {
            return Ok(field);
        }
        if let Some(column) = snapshot.field(id, chunk)? {
            for (slot, target) in field.values.iter_mut().enumerate().filter(|(slot, _)| wanted(*slot)) {
                *target = column.value(slot, scalar);
            }
        }
        for (column, targets) in [
            (snapshot.field_since(Layer::Base, id, chunk)?, &mut field.since),
            (snapshot.field_seen(id, chunk)?, &mut field.seen),
        ] {
            if let Some(super::super::column::Column::Int(column)) = column {
                for (slot, target) in targets.iter_mut().enumerate().filter(|(slot, _)| wanted(*slot)) {
                    *target = column.get(slot);
                }
            }
        }
        Ok(field)
    }

    /// Writes the part.
    fn put(&self, schema: &Schema, chunk: u32, id: FieldId, output: &Output<'_>) -> Result<(), StoreError> {
        let part = Part { chunk, kind: PartKind::Field(id) };
        let definition = schema.field_column(id).ok_or_else(damaged)?;
        output.put(part, FIELD_VALUES, 0, KIND_COLUMN, &encode(&self.values, definition.ty, true));
        output.put(part, FIELD_SINCE, 0, KIND_COLUMN, &encode_ints(&self.since));
        output.put(part, FIELD_SEEN, 0, KIND_COLUMN, &encode_ints(&self.seen));
        output.done(part);
        Ok(())
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
