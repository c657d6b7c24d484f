//! What a plan reads of a chunk: fetched and decoded once for an [`Engine`], shared by all its evaluations.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::chunk::{Block, ChunkData, Events};
use crate::plan::{Atom, Node, Plan};
use crate::schema::{AttrId, EventId, FieldId};
use crate::store::column::Column;
use crate::store::{EventChunk, RowBlock, Snapshot, StoreError};

/// A snapshot with the columns that have been decoded of it. Views are borrowed from the file: they cost little memory.
pub struct Engine<'s> {
    snapshot: &'s Snapshot<'s>,
    fields: Cache<(FieldId, u32), Option<Arc<Column<'s>>>>,
    ids: Cache<u32, Arc<Vec<Column<'s>>>>,
    summaries: Cache<(EventId, u32), Option<Arc<EventChunk<'s>>>>,
    rows: Cache<(EventId, u32, u32), Arc<RowBlock<'s>>>,
    attributes: Cache<(EventId, u32, u32, AttrId), Option<Arc<Column<'s>>>>,
}

type Cache<K, V> = RefCell<HashMap<K, V>>;

/// The columns that a plan reads.
#[derive(Debug, Default)]
pub(super) struct Needs {
    fields: BTreeSet<FieldId>,
    ids: bool,
    events: BTreeMap<EventId, BTreeSet<AttrId>>,
}

impl Needs {
    pub fn of(plan: &Plan) -> Self {
        let mut needs = Self::default();
        for (_, node) in plan.nodes() {
            let Node::Atom(atom) = node else { continue };
            needs.fields.extend(atom.fields());
            match atom {
                Atom::Field { .. } => {}
                Atom::ContactId(_) => needs.ids = true,
                Atom::Events(events) => {
                    needs.events.entry(events.event).or_default().extend(events.attributes());
                }
            }
        }
        needs
    }
}

impl<'s> Engine<'s> {
    /// An engine without any column yet.
    #[must_use]
    pub fn new(snapshot: &'s Snapshot<'s>) -> Self {
        Self {
            snapshot,
            fields: RefCell::default(),
            ids: RefCell::default(),
            summaries: RefCell::default(),
            rows: RefCell::default(),
            attributes: RefCell::default(),
        }
    }

    /// The state that is evaluated.
    #[must_use]
    pub fn snapshot(&self) -> &'s Snapshot<'s> {
        self.snapshot
    }

    /// What a plan needs of a chunk.
    pub(super) fn chunk(&self, chunk: u32, needs: &Needs) -> Result<ChunkData<'s>, StoreError> {
        let mut data = ChunkData::new(self.snapshot.chunk_len(chunk));
        for field in &needs.fields {
            let column = cached(&self.fields, (*field, chunk), || Ok(self.snapshot.field(*field, chunk)?.map(Arc::new)))?;
            if let Some(column) = column {
                data.fields.insert(*field, column);
            }
        }
        if needs.ids {
            data.ids = Some(cached(&self.ids, chunk, || Ok(Arc::new(self.snapshot.ids(chunk)?)))?);
        }
        for (event, attributes) in &needs.events {
            if let Some(events) = self.events(*event, chunk, attributes)? {
                data.events.insert(*event, events);
            }
        }
        Ok(data)
    }

    fn events(&self, event: EventId, chunk: u32, wanted: &BTreeSet<AttrId>) -> Result<Option<Events<'s>>, StoreError> {
        let summary = cached(&self.summaries, (event, chunk), || Ok(self.snapshot.events(event, chunk)?.map(Arc::new)))?;
        let Some(summary) = summary else { return Ok(None) };
        let mut blocks = Vec::new();
        for block in 0..summary.blocks() {
            let rows = cached(&self.rows, (event, chunk, block), || Ok(Arc::new(self.snapshot.rows(event, chunk, block)?)))?;
            let mut attributes = BTreeMap::new();
            for attr in wanted {
                let key = (event, chunk, block, *attr);
                let column =
                    cached(&self.attributes, key, || Ok(self.snapshot.attribute(event, chunk, block, *attr)?.map(Arc::new)))?;
                if let Some(column) = column {
                    attributes.insert(*attr, column);
                }
            }
            blocks.push(Block { rows, attributes });
        }
        Ok(Some(Events { summary, blocks }))
    }
}

/// The value of a key, made once.
fn cached<K: Copy + Eq + std::hash::Hash, V: Clone>(
    cache: &Cache<K, V>,
    key: K,
    make: impl FnOnce() -> Result<V, StoreError>,
) -> Result<V, StoreError> {
    if let Some(value) = cache.borrow().get(&key) {
        return Ok(value.clone());
    }
    let value = make()?;
    cache.borrow_mut().insert(key, value.clone());
    Ok(value)
}
