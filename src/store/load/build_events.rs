//! Events: rows sorted by type, contact, instant and arrival, merged with what the store has, duplicates left out.

use super::super::column::{TextBuilder, encode_ints, encode_list};
use super::super::events::{
    ATTRIBUTES, EVENT_IDS, ROWS, SUMMARY, encode_deletions, encode_event_ids, encode_rows, encode_summary,
};
use super::super::key::{Part, PartKind};
use super::super::record::{Attribute, BodyValue};
use super::super::snapshot::Snapshot;
use super::super::snapshot::{KIND_COLUMN, KIND_DELETIONS, KIND_EVENT_IDS, KIND_ROWS, KIND_SUMMARY};
use super::super::{CHUNK, StoreError, Words};
use super::build::{Job, Output};
use super::partition::Partition;
use super::pass::{Origin, Pass, Row, Source, Stored, TypeRows, touched_types};
use crate::schema::{ColumnType, EventId, EventType, Scalar, Schema};
use crate::value::{Value, ValueRef};

/// Rows after which a block ends with its contact.
const BLOCK_ROWS: usize = 1 << 16;
/// Bytes of rows sorted at once; a chunk with more is built in several passes over runs of its contacts.
pub(super) const PASS_BYTES: u64 = 64 << 20;

/// Everything of one event type that spans passes.
struct TypeState {
    count: Vec<Option<i64>>,
    first: Vec<Option<i64>>,
    last: Vec<Option<i64>>,
    block_ends: Vec<u32>,
}

/// Builds the parts of the event types that the rows are of.
pub(super) fn build(
    job: &Job<'_>,
    chunk: u32,
    partition: &Partition,
    input: &mut Pass,
    output: &Output<'_>,
) -> Result<(), StoreError> {
    let snapshot = job.store.snapshot()?;
    let types = job.schema.events.len();
    let passes = u32::try_from(partition.len().div_ceil(PASS_BYTES)).unwrap_or(CHUNK).clamp(1, CHUNK);
    let mut states: Vec<Option<TypeState>> = (0..types).map(|_| None).collect();
    let touched = if passes == 1 { None } else { Some(touched_types(partition, &snapshot, chunk, types)?) };
    let (mut added, mut duplicates) = (0, 0);
    let mut deletions: Vec<(u16, u128)> = Vec::new();
    for pass in 0..passes {
        let slots = pass * CHUNK / passes..(pass + 1) * CHUNK / passes;
        input.read(partition, &slots, types)?;
        let mut touched = touched.clone().unwrap_or_else(|| input.touched());
        let settled = input.settle(&snapshot, chunk)?;
        touched.iter_mut().zip(&settled.deleted_from).for_each(|(t, deleted)| *t |= deleted);
        let mut stored = Stored::load(&snapshot, chunk, &slots, &touched, None)?;
        stored.remove(input.deletions());
        deletions.extend(input.deletions());
        duplicates += settled.duplicates;
        added += input.len() as u64;
        input.merge(&stored);
        let with_ids = input.has_ids || stored.has_ids();
        for (((event, TypeRows { rows, bytes }), state), deleted) in
            (0_u16..).map(EventId).zip(&input.by_type).zip(&mut states).zip(&settled.deleted_from)
        {
            // A type whose last row is deleted is written anew, too.
            if !rows.is_empty() || *deleted {
                let state = state.get_or_insert_with(TypeState::new);
                let origin = Origin { bytes, stored: &stored, with_ids, texts: job.texts };
                state.add(job.schema, chunk, event, rows, origin, output)?;
            }
        }
    }
    for (id, state) in (0_u16..).zip(states) {
        if let Some(state) = state {
            state.finish(Part { chunk, kind: PartKind::Event(EventId(id)) }, output);
        }
    }
    if !deletions.is_empty() {
        deletions.extend(snapshot.deletions(chunk)?);
        put_deletions(chunk, deletions, output);
    }
    output.counts(added, duplicates);
    Ok(())
}

/// Writes the ids of a chunk's deleted events.
fn put_deletions(chunk: u32, mut deletions: Vec<(u16, u128)>, output: &Output<'_>) {
    deletions.sort_unstable();
    deletions.dedup();
    let part = Part { chunk, kind: PartKind::Deleted };
    output.put(part, 0, 0, KIND_DELETIONS, &encode_deletions(&deletions));
    output.done(part);
}

/// Builds one event type for the contacts of `only`: their rows in the store and those of `pass`, which are settled.
pub(super) fn build_type(
    schema: &Schema,
    snapshot: &Snapshot<'_>,
    part: Part,
    pass: &Pass,
    only: &Words,
    output: &Output<'_>,
) -> Result<(), StoreError> {
    let PartKind::Event(event) = part.kind else { return Ok(()) };
    let chunk = part.chunk;
    let mut alone = pass.of_type(event);
    let touched: Vec<bool> = (0_u16..).take(schema.events.len()).map(|id| id == event.0).collect();
    let mut stored = Stored::load(snapshot, chunk, &(0..CHUNK), &touched, Some(only))?;
    stored.remove(pass.deletions());
    alone.merge(&stored);
    let with_ids = alone.has_ids || stored.has_ids();
    let mut state = TypeState::new();
    let at = usize::from(event.0);
    if let (Some(TypeRows { rows, .. }), Some(TypeRows { bytes, .. })) = (alone.by_type.get(at), pass.by_type.get(at)) {
        state.add(schema, chunk, event, rows, Origin { bytes, stored: &stored, with_ids, texts: &[] }, output)?;
    }
    state.finish(part, output);
    Ok(())
}

/// Builds the events of a chunk without some contacts: those types of which they have rows, and the deleted ids.
pub(super) fn build_without(
    schema: &Schema,
    snapshot: &Snapshot<'_>,
    chunk: u32,
    erased: &Words,
    output: &Output<'_>,
) -> Result<(), StoreError> {
    let mut others = super::super::slots::first(CHUNK);
    others.iter_mut().zip(erased).for_each(|(word, erased)| *word &= !erased);
    let mut none = Pass::default();
    none.read(&Partition::default(), &(0..CHUNK), schema.events.len())?;
    for event in (0_u16..).map(EventId).take(snapshot.schema().events.len()) {
        let Some(summary) = snapshot.events(event, chunk)? else { continue };
        if super::super::slots::iter(erased).any(|slot| summary.count().get(usize::from(slot)).is_some()) {
            build_type(schema, snapshot, Part { chunk, kind: PartKind::Event(event) }, &none, &others, output)?;
        }
    }
    let deletions = snapshot.deletions(chunk)?;
    let kept: Vec<(u16, u128)> =
        deletions.iter().copied().filter(|(slot, _)| super::super::slots::contains(&others, *slot)).collect();
    if kept.len() < deletions.len() {
        put_deletions(chunk, kept, output);
    }
    Ok(())
}

impl TypeState {
    fn new() -> Self {
        let slots = CHUNK as usize;
        Self { count: vec![None; slots], first: vec![None; slots], last: vec![None; slots], block_ends: Vec::new() }
    }

    /// Writes the summary, with which the part is complete.
    fn finish(self, part: Part, output: &Output<'_>) {
        let summary = encode_summary(&self.count, &self.first, &self.last, &self.block_ends);
        output.put(part, SUMMARY, 0, KIND_SUMMARY, &summary);
        output.done(part);
    }

    /// Adds the rows of the contacts of a pass, block by block.
    fn add(
        &mut self,
        schema: &Schema,
        chunk: u32,
        event: EventId,
        rows: &[Row],
        origin: Origin<'_>,
        output: &Output<'_>,
    ) -> Result<(), StoreError> {
        let part = Part { chunk, kind: PartKind::Event(event) };
        let ty = schema.event_type(event).ok_or_else(|| StoreError::damaged("temporary data of the import"))?;
        let mut rest = rows;
        while !rest.is_empty() {
            // A block ends with the contact that fills it.
            let mut end = rest.len().min(BLOCK_ROWS);
            if let Some(slot) = rest.get(end - 1).map(|r| r.slot) {
                end += rest.get(end..).unwrap_or_default().iter().take_while(|r| r.slot == slot).count();
            }
            let (block, tail) = rest.split_at(end);
            rest = tail;
            let number = u32::try_from(self.block_ends.len()).unwrap_or(u32::MAX);
            self.add_block(part, number, block, origin, output);
            attributes(part, number, ty, block, origin, output)?;
        }
        Ok(())
    }

    fn add_block(&mut self, part: Part, number: u32, rows: &[Row], origin: Origin<'_>, output: &Output<'_>) {
        let (mut slots, mut ends) = (Vec::new(), Vec::new());
        let mut end = 0_u32;
        for of_contact in rows.chunk_by(|a, b| a.slot == b.slot) {
            let (Some(first), Some(last)) = (of_contact.first(), of_contact.last()) else { continue };
            end += u32::try_from(of_contact.len()).unwrap_or(u32::MAX);
            slots.push(first.slot);
            ends.push(end);
            let at = usize::from(first.slot);
            if let (Some(c), Some(f), Some(l)) = (self.count.get_mut(at), self.first.get_mut(at), self.last.get_mut(at)) {
                *c = i64::try_from(of_contact.len()).ok();
                *f = Some(first.ts);
                *l = Some(last.ts);
            }
        }
        let ts: Vec<Option<i64>> = rows.iter().map(|r| Some(r.ts)).collect();
        output.put(part, ROWS, number, KIND_ROWS, &encode_rows(&slots, &ends, &ts));
        if origin.with_ids {
            let ids: Vec<Option<u128>> = rows.iter().map(|r| r.event_id(origin)).collect();
            if ids.iter().any(Option::is_some) {
                output.put(part, EVENT_IDS, number, KIND_EVENT_IDS, &encode_event_ids(&ids));
            }
        }
        self.block_ends.push(slots.last().map_or(0, |slot| u32::from(*slot) + 1));
    }
}

/// Encodes the attributes of a block; one that no row has is not stored.
fn attributes(
    part: Part,
    block: u32,
    ty: &EventType,
    rows: &[Row],
    origin: Origin<'_>,
    output: &Output<'_>,
) -> Result<(), StoreError> {
    let damaged = || StoreError::damaged("temporary data of the import");
    // Rows that follow one another here arrived far from each other. Copying their attributes together waits for the memory
    // of many at once, reading them where they are for that of each.
    let mut together = Vec::with_capacity(rows.iter().map(|row| row.attributes(origin).len()).sum());
    for row in rows {
        together.extend_from_slice(row.attributes(origin));
    }
    let mut rest = together.as_slice();
    let mut columns: Vec<AttributeColumn<'_>> = ty.attributes.iter().map(|a| AttributeColumn::new(a.ty)).collect();
    for (at, row) in rows.iter().enumerate() {
        match row.source(origin, &mut rest).ok_or_else(damaged)? {
            Source::New(mut body) => {
                while !body.is_at_end() {
                    let (id, value) = body.attribute().ok_or_else(damaged)?;
                    let column = columns.get_mut(usize::from(id)).ok_or_else(damaged)?;
                    match value {
                        Attribute::Value(value) => column.set(at, rows.len(), value),
                        Attribute::Numbered(number) => {
                            let text = origin.texts.get(number as usize).ok_or_else(damaged)?;
                            column.set_numbered(at, rows.len(), number, text);
                        }
                    }
                }
            }
            Source::Stored(row) => {
                for (id, value) in &row.attributes {
                    columns.get_mut(usize::from(*id)).ok_or_else(damaged)?.set_stored(at, rows.len(), value);
                }
            }
        }
    }
    for (id, column) in (0_u16..).zip(columns) {
        if let Some(encoded) = column.encode(rows.len()) {
            output.put(part, ATTRIBUTES + id, block, KIND_COLUMN, &encoded);
        }
    }
    Ok(())
}

/// One attribute of a block; its vectors stay empty until a row has it.
enum AttributeColumn<'v> {
    Ints(Vec<Option<i64>>),
    Texts(TextBuilder<'v>),
    IntLists { lengths: Vec<u32>, items: Vec<Option<i64>> },
    TextLists { lengths: Vec<u32>, items: TextBuilder<'v> },
}

impl<'v> AttributeColumn<'v> {
    fn new(ty: ColumnType) -> Self {
        match (ty.is_list(), ty.scalar()) {
            (false, Scalar::Text) => Self::Texts(TextBuilder::default()),
            (false, _) => Self::Ints(Vec::new()),
            (true, Scalar::Text) => Self::TextLists { lengths: Vec::new(), items: TextBuilder::default() },
            (true, _) => Self::IntLists { lengths: Vec::new(), items: Vec::new() },
        }
    }

    fn set(&mut self, row: usize, rows: usize, value: BodyValue<'v>) {
        match value {
            BodyValue::Scalar(value) => self.set_scalar(row, rows, value),
            BodyValue::List(list) => self.set_list(row, rows, list.len, list),
        }
    }

    fn set_numbered(&mut self, row: usize, rows: usize, number: u32, text: &'v str) {
        // Decoders hand texts to columns of texts only.
        if let Self::Texts(values) = self {
            values.set_numbered(row, rows, number, text);
        }
    }

    fn set_stored(&mut self, row: usize, rows: usize, value: &'v Value) {
        match value {
            Value::List(list) => {
                self.set_list(
                    row,
                    rows,
                    u32::try_from(list.len()).unwrap_or(u32::MAX),
                    list.iter().map(|item| item.as_ref().and_then(borrowed)),
                );
            }
            value => {
                if let Some(value) = borrowed(value) {
                    self.set_scalar(row, rows, value);
                }
            }
        }
    }

    fn set_scalar(&mut self, row: usize, rows: usize, value: ValueRef<'v>) {
        match self {
            Self::Ints(values) => {
                values.resize(rows, None);
                if let Some(slot) = values.get_mut(row) {
                    *slot = int(value);
                }
            }
            Self::Texts(values) => {
                if let ValueRef::Text(text) = value {
                    values.set(row, rows, text);
                }
            }
            // Decoders hand lists to list columns only.
            Self::IntLists { .. } | Self::TextLists { .. } => {}
        }
    }

    fn set_list(&mut self, row: usize, rows: usize, len: u32, list: impl Iterator<Item = Option<ValueRef<'v>>>) {
        let lengths = match self {
            Self::IntLists { lengths, items } => {
                items.extend(list.map(|item| item.and_then(int)));
                lengths
            }
            Self::TextLists { lengths, items } => {
                for item in list {
                    items.push(if let Some(ValueRef::Text(text)) = item { Some(text) } else { None });
                }
                lengths
            }
            Self::Ints(_) | Self::Texts(_) => return,
        };
        lengths.resize(rows, 0);
        if let Some(slot) = lengths.get_mut(row) {
            *slot = len;
        }
    }

    fn encode(self, rows: usize) -> Option<Vec<u8>> {
        match self {
            Self::Ints(values) => (values.len() == rows).then(|| encode_ints(&values)),
            Self::Texts(values) => (values.len() == rows).then(|| values.encode(false)),
            Self::IntLists { lengths, items } => (lengths.len() == rows).then(|| encode_list(&lengths, &encode_ints(&items))),
            Self::TextLists { lengths, items } => (lengths.len() == rows).then(|| encode_list(&lengths, &items.encode(false))),
        }
    }
}

fn int(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Number(n) | ValueRef::Time(n) => Some(n),
        ValueRef::Bool(b) => Some(i64::from(b)),
        ValueRef::Date(day) => Some(i64::from(day)),
        ValueRef::Text(_) | ValueRef::List(_) => None,
    }
}

fn borrowed(value: &Value) -> Option<ValueRef<'_>> {
    Some(match value {
        Value::Text(text) => ValueRef::Text(text),
        Value::Number(n) => ValueRef::Number(*n),
        Value::Bool(b) => ValueRef::Bool(*b),
        Value::Date(day) => ValueRef::Date(*day),
        Value::Time(t) => ValueRef::Time(*t),
        Value::List(_) => return None,
    })
}
