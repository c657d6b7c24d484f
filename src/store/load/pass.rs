//! The rows of a chunk's events, sorted by type, contact, instant and arrival: those that arrive, less duplicates, and those
//! that the store has of the same types.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::super::column::Column;
use super::super::record::Body;
use super::super::slots;
use super::super::snapshot::Snapshot;
use super::super::{CHUNK, StoreError, Words};
use super::partition::Partition;
use crate::schema::{AttrId, EventId, EventType, Scalar};
use crate::value::Value;

/// One event on its way into a block.
#[derive(Clone, Copy, Default)]
pub(super) struct Row {
    /// The contact's place in its chunk.
    pub slot: u16,
    /// Whether an `event_id` stands before the attributes.
    has_id: bool,
    /// The event's instant.
    pub ts: i64,
    /// Arrival, for equal instants; what the store has came before, and has no [`NEW`].
    arrival: u32,
    /// Where the attributes begin in the bytes of the type; of a stored row its position.
    place: u32,
    /// Bytes of the attributes.
    len: u32,
}

/// The bit of an arrival that tells new rows from stored ones.
const NEW: u32 = 1 << 31;
/// Bytes of a hashed `event_id`.
const ID_BYTES: usize = 16;

/// Where the attributes of a row are.
pub(super) enum Source<'s> {
    New(Body<'s>),
    Stored(&'s StoredRow),
}

/// What the rows of one type point into.
#[derive(Clone, Copy)]
pub(super) struct Origin<'o> {
    /// Ids and attributes of the new rows, as they arrived.
    pub bytes: &'o [u8],
    /// The rows of the store.
    pub stored: &'o Stored,
    /// Whether any of them has an `event_id`.
    pub with_ids: bool,
    /// The texts that have a number.
    pub texts: &'o [Arc<str>],
}

impl Row {
    /// The attributes of a new row; a stored one has none here.
    pub fn attributes<'o>(&self, origin: Origin<'o>) -> &'o [u8] {
        let place = self.place as usize;
        origin.bytes.get(place..place + self.len as usize).unwrap_or_default()
    }

    /// The attributes of a new row, taken from the beginning of those of several, or the stored row.
    pub fn source<'o>(&self, origin: Origin<'o>, attributes: &mut &'o [u8]) -> Option<Source<'o>> {
        if self.arrival & NEW == 0 {
            return origin.stored.rows.get(self.place as usize).map(Source::Stored);
        }
        let (body, rest) = attributes.split_at_checked(self.len as usize)?;
        *attributes = rest;
        Some(Source::New(Body::new(body)))
    }

    /// The hashed id of the event.
    pub fn event_id(&self, origin: Origin<'_>) -> Option<u128> {
        if self.arrival & NEW == 0 {
            return origin.stored.rows.get(self.place as usize)?.event_id;
        }
        self.new_id(origin.bytes)
    }

    fn new_id(&self, bytes: &[u8]) -> Option<u128> {
        let start = (self.place as usize).checked_sub(ID_BYTES).filter(|_| self.has_id)?;
        bytes.get(start..)?.first_chunk().map(|id| u128::from_le_bytes(*id))
    }
}

/// The rows of one type, and what they point into: apart from those of other types, so that what is read together is near.
#[derive(Default)]
pub(super) struct TypeRows {
    /// The rows.
    pub rows: Vec<Row>,
    /// Ids and attributes, in order of arrival.
    pub bytes: Vec<u8>,
}

/// The rows of a pass by type. Kept from chunk to chunk, because memory that is new has to be cleared first.
#[derive(Default)]
pub(super) struct Pass {
    /// The rows of each type.
    pub by_type: Vec<TypeRows>,
    spare: Vec<Row>,
    /// Whether any new row has an `event_id`.
    pub has_ids: bool,
    deletions: HashSet<(u16, u128)>,
}

/// What became of the new rows of a pass.
#[derive(Default)]
pub(super) struct Settled {
    /// Rows left out, because their id was known.
    pub duplicates: u64,
    /// The types of which the store has rows that are deleted now.
    pub deleted_from: Vec<bool>,
}

impl Pass {
    /// The rows of one type alone; what they point into stays here.
    pub fn of_type(&self, event: EventId) -> Self {
        let mut alone = Self { has_ids: self.has_ids, ..Self::default() };
        alone.by_type.resize_with(self.by_type.len(), TypeRows::default);
        let at = usize::from(event.0);
        if let (Some(to), Some(from)) = (alone.by_type.get_mut(at), self.by_type.get(at)) {
            to.rows.clone_from(&from.rows);
        }
        alone
    }

    /// Takes the new rows of some contacts, in order of arrival, in place of those of before.
    pub fn read(&mut self, partition: &Partition, slots: &std::ops::Range<u32>, types: usize) -> Result<(), StoreError> {
        for of_type in &mut self.by_type {
            of_type.rows.clear();
            of_type.bytes.clear();
        }
        self.by_type.resize_with(types, TypeRows::default);
        self.has_ids = false;
        self.deletions.clear();
        let mut arrival = NEW;
        partition.each(&mut |slot, body| {
            if slots.contains(&u32::from(slot)) {
                self.push(slot, body, arrival).ok_or_else(damaged)?;
                arrival = arrival.saturating_add(1);
            }
            Ok(())
        })
    }

    fn push(&mut self, slot: u16, body: &[u8], arrival: u32) -> Option<()> {
        let mut body = Body::new(body);
        let head = body.event_head()?;
        if head.is_deletion() {
            self.deletions.insert((slot, head.event_id?));
            return Some(());
        }
        let TypeRows { rows, bytes } = self.by_type.get_mut(usize::from(head.event.0))?;
        if let Some(id) = head.event_id {
            bytes.extend_from_slice(&id.to_le_bytes());
            self.has_ids = true;
        }
        let (place, len) = (u32::try_from(bytes.len()).ok()?, u32::try_from(body.len()).ok()?);
        bytes.extend_from_slice(body.rest());
        rows.push(Row { slot, has_id: head.event_id.is_some(), ts: head.ts, arrival, place, len });
        Some(())
    }

    /// Which types have rows.
    pub fn touched(&self) -> Vec<bool> {
        self.by_type.iter().map(|of_type| !of_type.rows.is_empty()).collect()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.by_type.iter().map(|of_type| of_type.rows.len()).sum()
    }

    /// How many rows arrived after the first `many`, deletions among them counted.
    pub fn rows_after(&self, many: usize) -> u64 {
        let first = NEW.saturating_add(u32::try_from(many).unwrap_or(u32::MAX));
        self.by_type.iter().flat_map(|of_type| &of_type.rows).filter(|row| row.arrival >= first).count() as u64
    }

    /// The events that are deleted by new rows: slot and id.
    pub fn deletions(&self) -> &HashSet<(u16, u128)> {
        &self.deletions
    }

    /// Leaves out rows whose contact has an event with the same id, here or in the store, whatever its type; the first to
    /// arrive stays. A deleted id stays known, so that the order of arrival does not matter.
    pub fn settle(&mut self, snapshot: &Snapshot<'_>, chunk: u32) -> Result<Settled, StoreError> {
        let mut settled = Settled { duplicates: 0, deleted_from: vec![false; self.by_type.len()] };
        if !self.has_ids && self.deletions.is_empty() {
            return Ok(settled);
        }
        let mut concerned = slots::empty();
        self.deletions.iter().for_each(|(slot, _)| slots::insert(&mut concerned, *slot));
        let mut first: HashMap<(u16, u128), u32> = HashMap::new();
        for TypeRows { rows, bytes } in &self.by_type {
            for row in rows {
                if let Some(id) = row.new_id(bytes) {
                    slots::insert(&mut concerned, row.slot);
                    let arrival = first.entry((row.slot, id)).or_insert(row.arrival);
                    *arrival = row.arrival.min(*arrival);
                }
            }
        }
        stored_ids(snapshot, chunk, &concerned, &mut |event, slot, id| {
            // What the store has arrived before everything new.
            if let Some(arrival) = first.get_mut(&(slot, id)) {
                *arrival = 0;
            }
            if !self.deletions.is_empty()
                && self.deletions.contains(&(slot, id))
                && let Some(deleted) = settled.deleted_from.get_mut(usize::from(event.0))
            {
                *deleted = true;
            }
        })?;
        let mut deleted = self.deletions.clone();
        deleted.extend(snapshot.deletions(chunk)?.into_iter().filter(|(slot, _)| slots::contains(&concerned, *slot)));
        let before = self.len();
        for TypeRows { rows, bytes } in &mut self.by_type {
            rows.retain(|row| {
                row.new_id(bytes)
                    .is_none_or(|id| first.get(&(row.slot, id)) == Some(&row.arrival) && !deleted.contains(&(row.slot, id)))
            });
        }
        settled.duplicates = (before - self.len()) as u64;
        Ok(settled)
    }

    /// Adds the stored rows and sorts each type.
    pub fn merge(&mut self, stored: &Stored) {
        for (position, row) in (0_u32..NEW).zip(&stored.rows) {
            if let Some(of_type) = self.by_type.get_mut(usize::from(row.event.0)) {
                let (slot, ts) = (row.slot, row.ts);
                of_type.rows.push(Row { slot, has_id: false, ts, arrival: position, place: position, len: 0 });
            }
        }
        for of_type in &mut self.by_type {
            sort(&mut of_type.rows, &mut self.spare);
        }
    }
}

/// Which event types a partition changes. Deletions may change any of which the chunk has ids.
pub(super) fn touched_types(
    partition: &Partition,
    snapshot: &Snapshot<'_>,
    chunk: u32,
    types: usize,
) -> Result<Vec<bool>, StoreError> {
    let mut touched = vec![false; types];
    let mut deletes = false;
    partition.each(&mut |_, body| {
        let head = Body::new(body).event_head().ok_or_else(damaged)?;
        if head.is_deletion() {
            deletes = true;
        } else {
            *touched.get_mut(usize::from(head.event.0)).ok_or_else(damaged)? = true;
        }
        Ok(())
    })?;
    if deletes {
        for (event, touched) in (0_u16..).map(EventId).zip(&mut touched).take(snapshot.schema().events.len()) {
            *touched |= snapshot.events(event, chunk)?.is_some();
        }
    }
    Ok(touched)
}

fn damaged() -> StoreError {
    StoreError::damaged("temporary data of the import")
}

/// Sorts the rows of one type by contact, instant and arrival. They mostly arrive in order of time: so they are dealt out by
/// contact, which keeps their order, and only contacts whose rows are then not in order are sorted.
fn sort(rows: &mut Vec<Row>, spare: &mut Vec<Row>) {
    let key = |row: &Row| (row.ts, row.arrival);
    if rows.len() < CHUNK as usize / 8 {
        rows.sort_unstable_by_key(|row| (row.slot, row.ts, row.arrival));
        return;
    }
    let mut starts = vec![0_u32; CHUNK as usize + 1];
    for row in rows.iter() {
        if let Some(count) = starts.get_mut(usize::from(row.slot) + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    spare.clear();
    spare.resize(rows.len(), Row::default());
    for row in rows.iter() {
        if let Some(start) = starts.get_mut(usize::from(row.slot)) {
            if let Some(place) = spare.get_mut(*start as usize) {
                *place = *row;
            }
            *start += 1;
        }
    }
    std::mem::swap(rows, spare);
    for of_contact in rows.chunk_by_mut(|a, b| a.slot == b.slot) {
        if !of_contact.is_sorted_by_key(key) {
            of_contact.sort_unstable_by_key(key);
        }
    }
}

/// The ids of the events that some contacts have in the store.
fn stored_ids(
    snapshot: &Snapshot<'_>,
    chunk: u32,
    concerned: &Words,
    see: &mut dyn FnMut(EventId, u16, u128),
) -> Result<(), StoreError> {
    for event in (0_u16..).map(EventId).take(snapshot.schema().events.len()) {
        let Some(summary) = snapshot.events(event, chunk)? else { continue };
        for block in 0..summary.blocks() {
            if !slots::any_in(concerned, summary.block_slots(block)) {
                continue;
            }
            let Some(ids) = snapshot.event_ids(event, chunk, block)? else { continue };
            for (slot, rows) in snapshot.rows(event, chunk, block)?.contacts() {
                if slots::contains(concerned, slot) {
                    ids.get(rows).unwrap_or_default().iter().flatten().for_each(|id| see(event, slot, *id));
                }
            }
        }
    }
    Ok(())
}

/// The rows that the store has of the types that are built anew.
#[derive(Default)]
pub(super) struct Stored {
    rows: Vec<StoredRow>,
}

/// A row of the store.
pub(super) struct StoredRow {
    event: EventId,
    slot: u16,
    ts: i64,
    event_id: Option<u128>,
    /// Its attributes.
    pub attributes: Vec<(u16, Value)>,
}

impl Stored {
    /// Whether any row has an `event_id`.
    pub fn has_ids(&self) -> bool {
        self.rows.iter().any(|row| row.event_id.is_some())
    }

    /// Leaves out the events with some ids.
    pub fn remove(&mut self, deleted: &HashSet<(u16, u128)>) {
        if !deleted.is_empty() {
            self.rows.retain(|row| row.event_id.is_none_or(|id| !deleted.contains(&(row.slot, id))));
        }
    }

    /// The rows of the touched types, of the contacts in `slots` that are in `only` if there is one.
    pub fn load(
        snapshot: &Snapshot<'_>,
        chunk: u32,
        slots: &std::ops::Range<u32>,
        touched: &[bool],
        only: Option<&Words>,
    ) -> Result<Self, StoreError> {
        let mut stored = Self { rows: Vec::new() };
        let wanted = |slot: u16| slots.contains(&u32::from(slot)) && only.is_none_or(|only| slots::contains(only, slot));
        for ((event, ty), touched) in (0_u16..).map(EventId).zip(&snapshot.schema().events).zip(touched) {
            if *touched && let Some(summary) = snapshot.events(event, chunk)? {
                for block in 0..summary.blocks() {
                    let range = summary.block_slots(block);
                    let shared = range.start.max(slots.start)..range.end.min(slots.end);
                    if !shared.is_empty() && only.is_none_or(|only| slots::any_in(only, shared)) {
                        stored.load_block(snapshot, (chunk, event, block), ty, &wanted)?;
                    }
                }
            }
        }
        Ok(stored)
    }

    fn load_block(
        &mut self,
        snapshot: &Snapshot<'_>,
        (chunk, event, block): (u32, EventId, u32),
        ty: &EventType,
        wanted: &dyn Fn(u16) -> bool,
    ) -> Result<(), StoreError> {
        let rows = snapshot.rows(event, chunk, block)?;
        let ids = snapshot.event_ids(event, chunk, block)?;
        let columns: Vec<(u16, Scalar, Column<'_>)> = (0_u16..)
            .zip(&ty.attributes)
            .filter_map(|(id, definition)| {
                let column = snapshot.attribute(event, chunk, block, AttrId(id)).transpose()?;
                Some(column.map(|column| (id, definition.ty.scalar(), column)))
            })
            .collect::<Result<_, _>>()?;
        for (slot, range) in rows.contacts().filter(|(slot, _)| wanted(*slot)) {
            for row in range {
                self.rows.push(StoredRow {
                    event,
                    slot,
                    ts: rows.ts().at(row).unwrap_or_default(),
                    event_id: ids.as_ref().and_then(|ids| ids.get(row).copied().flatten()),
                    attributes: columns
                        .iter()
                        .filter_map(|(id, scalar, column)| Some((*id, column.value(row, *scalar)?)))
                        .collect(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_like_a_plain_sort() {
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for rows in [0_u32, 1, 100, 20_000] {
            let mut some: Vec<Row> = (0..rows)
                .map(|arrival| {
                    let (slot, ts) = (u16::try_from(random(3000)).unwrap(), random(50).cast_signed() - 25);
                    Row { slot, has_id: false, ts, arrival, place: arrival, len: 0 }
                })
                .collect();
            let mut wanted: Vec<_> = some.iter().map(|r| (r.slot, r.ts, r.arrival)).collect();
            wanted.sort_unstable();
            sort(&mut some, &mut Vec::new());
            assert_eq!(some.iter().map(|r| (r.slot, r.ts, r.place)).collect::<Vec<_>>(), wanted);
        }
    }
}
