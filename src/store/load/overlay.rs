//! What has been appended to a chunk, brought together with what the chunk has, for the contacts concerned: the parts are
//! built by the same code as folding, into memory, when they are asked for.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};

use super::super::column::{Column, encode_texts};
use super::super::delta::{self, DeltaKind};
use super::super::key::{Part, PartKind};
use super::super::snapshot::{IDS_BLOCK, Snapshot};
use super::super::{CHUNK, StoreError, Words, slots};
use super::build::{Kept, Output};
use super::build_events;
use super::build_fields::{self, Lines};
use super::partition::{Partition, each_whole};
use super::pass::Pass;
use crate::schema::{EventId, FieldId};

/// What has been appended to a chunk.
pub(in crate::store) struct Overlay {
    touched: Box<Words>,
    /// New contacts, in order of their slots.
    ids: Vec<String>,
    lines: Lines,
    /// The new events, without those that are left out.
    pass: Pass,
    parts: BTreeMap<PartKind, OnceCell<Values>>,
}

/// Payloads by column and block.
type Values = HashMap<(u16, u32), Vec<u8>>;

impl Overlay {
    /// Reads what has been appended to a chunk.
    pub fn read(snapshot: &Snapshot<'_>, chunk: u32) -> Result<Self, StoreError> {
        let store = snapshot.store();
        let (mut ids, mut lines, mut events) = (Vec::new(), Partition::default(), Partition::default());
        let mut touched = slots::empty();
        if let Some(table) = store.delta() {
            delta::read(store, table, snapshot.txn(), chunk, &mut |key, bytes| {
                match key.kind {
                    DeltaKind::Ids => ids.extend(new_ids(bytes)?),
                    DeltaKind::Lines => lines.push_batch(bytes),
                    DeltaKind::Events => events.push_batch(bytes),
                }
                Ok(())
            })?;
        }
        let lines = Lines::new(&lines)?;
        lines.slots().for_each(|slot| slots::insert(&mut touched, slot));
        events.each(&mut |slot, _| {
            slots::insert(&mut touched, slot);
            Ok(())
        })?;
        let types = snapshot.schema().events.len();
        let mut pass = Pass::default();
        pass.read(&events, &(0..CHUNK), types)?;
        let mut changed = pass.touched();
        let settled = pass.settle(snapshot, chunk)?;
        changed.iter_mut().zip(settled.deleted_from).for_each(|(changed, deleted)| *changed |= deleted);
        let mut parts = BTreeMap::new();
        if !ids.is_empty() {
            parts.insert(PartKind::Ids, OnceCell::new());
        }
        for field in lines.fields()? {
            parts.insert(PartKind::Field(FieldId(field)), OnceCell::new());
        }
        for (event, _) in (0_u16..).zip(changed).filter(|(_, changed)| *changed) {
            parts.insert(PartKind::Event(EventId(event)), OnceCell::new());
        }
        Ok(Self { touched, ids, lines, pass, parts })
    }

    /// The contacts concerned.
    pub fn touched(&self) -> &Words {
        &self.touched
    }

    /// The events that are deleted: slot and id.
    pub fn deletions(&self) -> impl Iterator<Item = (u16, u128)> {
        self.pass.deletions().iter().copied()
    }

    /// Whether a part of the chunk is changed.
    pub fn has(&self, kind: PartKind) -> bool {
        self.parts.contains_key(&kind)
    }

    /// A value of a changed part.
    pub fn value(
        &self,
        snapshot: &Snapshot<'_>,
        chunk: u32,
        kind: PartKind,
        column: u16,
        block: u32,
    ) -> Result<Option<&[u8]>, StoreError> {
        let Some(cell) = self.parts.get(&kind) else { return Ok(None) };
        if cell.get().is_none() {
            // Nobody else can have set it: a snapshot stays on its thread.
            drop(cell.set(self.build(snapshot, Part { chunk, kind })?));
        }
        Ok(cell.get().and_then(|values| values.get(&(column, block))).map(Vec::as_slice))
    }

    fn build(&self, snapshot: &Snapshot<'_>, part: Part) -> Result<Values, StoreError> {
        let schema = snapshot.schema();
        let kept: RefCell<Vec<Kept>> = RefCell::default();
        let output = Output::Memory(&kept);
        match part.kind {
            PartKind::Ids => return self.build_ids(snapshot, part.chunk),
            PartKind::Field(field) => {
                build_fields::build_field(schema, snapshot, (field, part.chunk), &self.lines, &self.touched, &output)?;
            }
            PartKind::Event(_) => {
                build_events::build_type(schema, snapshot, part, &self.pass, &self.touched, &output)?;
            }
            PartKind::Deleted => {}
        }
        Ok(kept.into_inner().into_iter().map(|(_, column, block, payload)| ((column, block), payload)).collect())
    }

    /// The blocks of ids from the one on in which the first new contact is.
    fn build_ids(&self, snapshot: &Snapshot<'_>, chunk: u32) -> Result<Values, StoreError> {
        let base = snapshot.base_ids(chunk)?;
        let known: usize = base.iter().map(Column::len).sum();
        let size = IDS_BLOCK as usize;
        let first = known / size;
        let mut ids: Vec<Option<&str>> = Vec::with_capacity(CHUNK as usize);
        if let Some(Column::Text(last)) = base.get(first) {
            ids.extend((0..last.codes().len()).map(|slot| last.text(slot)));
        }
        ids.extend(self.ids.iter().map(|id| Some(id.as_str())));
        let blocks = (first..).zip(ids.chunks(size));
        Ok(blocks.map(|(block, ids)| ((0, u32::try_from(block).unwrap_or(u32::MAX)), encode_texts(ids, false))).collect())
    }
}

/// The ids of a batch of new contacts.
pub(in crate::store) fn new_ids(bytes: &[u8]) -> Result<Vec<String>, StoreError> {
    let mut ids = Vec::new();
    each_whole(bytes, &mut |_, id| {
        ids.push(String::from_utf8(id.to_vec()).map_err(|_| StoreError::damaged("the id of a new contact"))?);
        Ok(())
    })?;
    Ok(ids)
}
