//! What a plan reads of a chunk: fetched and decoded once for an [`Engine`], shared by all its evaluations.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::chunk::{Block, ChunkData, Events, Ids};
use super::lists::{self, ByChunk};
use super::sketches::Made;
use super::{Cancel, ExecError};
use crate::plan::{Atom, Expr, Marks, Node, Part, Plan};
use crate::schema::{AttrId, EventId, FieldId};
use crate::store::column::Column;
use crate::store::{EventChunk, Layer, RowBlock, Snapshot, StoreError, Words};

/// A snapshot with the columns that have been decoded of it. Views are borrowed from the file: they cost little memory.
pub struct Engine<'s> {
    snapshot: &'s Snapshot<'s>,
    members: Cache<u32, Arc<Words>>,
    fields: Cache<(Layer, FieldId, u32), Option<Arc<Column<'s>>>>,
    since: Cache<(Layer, FieldId, u32), Option<Arc<Column<'s>>>>,
    ids: Cache<u32, Arc<Ids<'s>>>,
    summaries: Cache<(Layer, EventId, u32), Option<Arc<EventChunk<'s>>>>,
    rows: Cache<(Layer, EventId, u32, u32), Arc<RowBlock<'s>>>,
    attributes: Cache<AttributeKey, Option<Arc<Column<'s>>>>,
    /// Static lists, by their texts.
    lists: RefCell<Vec<KnownList>>,
    /// What estimates are made from.
    sketches: Made,
}

/// Layer, event type, chunk, block and attribute.
type AttributeKey = (Layer, EventId, u32, u32, AttrId);
type Cache<K, V> = RefCell<HashMap<K, V>>;
type KnownList = (Arc<[String]>, Arc<ByChunk>);

/// The columns that parts of a plan read.
#[derive(Debug, Default)]
pub(super) struct Needs {
    fields: BTreeSet<FieldId>,
    since: BTreeSet<FieldId>,
    ids: bool,
    events: BTreeMap<EventId, BTreeSet<AttrId>>,
}

impl Needs {
    pub fn of(plan: &Plan, marks: &Marks) -> Self {
        let mut needs = Self::default();
        for part in marks.parts(plan) {
            match part {
                Part::Node(id) => needs.add_node(plan.node(id)),
                Part::Expr(id) => needs.add_expr(plan.expr(id)),
            }
        }
        needs
    }

    fn add_node(&mut self, node: &Node) {
        let Node::Atom(atom) = node else { return };
        self.fields.extend(atom.fields());
        match atom {
            Atom::ContactId(_) | Atom::Sample(_) => self.ids = true,
            Atom::Unchanged { field, .. } => {
                self.since.insert(*field);
            }
            _ => atom.events(&mut |event, attr| self.add_event(event, attr)),
        }
    }

    fn add_expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Field(field) => {
                self.fields.insert(*field);
            }
            Expr::ContactId => self.ids = true,
            Expr::Aggregate(aggregate) => {
                aggregate.sources.iter().for_each(|s| s.attributes(&mut |event, attr| self.add_event(event, attr)));
            }
            _ => {}
        }
    }

    /// Whether anything of them has been appended in a chunk since it was folded.
    fn appended(&self, snapshot: &Snapshot<'_>, chunk: u32) -> Result<bool, StoreError> {
        for field in self.fields.iter().chain(&self.since) {
            if snapshot.has_appended_field(*field, chunk)? {
                return Ok(true);
            }
        }
        for event in self.events.keys() {
            if snapshot.has_appended_events(*event, chunk)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn add_event(&mut self, event: EventId, attr: Option<AttrId>) {
        self.events.entry(event).or_default().extend(attr);
    }
}

impl<'s> Engine<'s> {
    /// An engine without any column yet.
    #[must_use]
    pub fn new(snapshot: &'s Snapshot<'s>) -> Self {
        Self {
            snapshot,
            members: RefCell::default(),
            fields: RefCell::default(),
            since: RefCell::default(),
            ids: RefCell::default(),
            summaries: RefCell::default(),
            rows: RefCell::default(),
            attributes: RefCell::default(),
            lists: RefCell::default(),
            sketches: Made::default(),
        }
    }

    /// The state that is evaluated.
    #[must_use]
    pub fn snapshot(&self) -> &'s Snapshot<'s> {
        self.snapshot
    }

    /// What a plan needs of a chunk: of the contacts that nothing it needs has been appended for, and of the others apart.
    pub(super) fn chunk(&self, chunk: u32, needs: &Needs) -> Result<Vec<ChunkData<'s>>, StoreError> {
        if !needs.appended(self.snapshot, chunk)? {
            let members = cached(&self.members, chunk, || Ok(self.snapshot.members(chunk).into()))?;
            return Ok(vec![self.layer(chunk, Layer::Base, members, needs)?]);
        }
        let layers = self.snapshot.layers(chunk, true)?;
        layers.into_iter().map(|(layer, members)| self.layer(chunk, layer, members.into(), needs)).collect()
    }

    fn layer(&self, chunk: u32, layer: Layer, members: Arc<Words>, needs: &Needs) -> Result<ChunkData<'s>, StoreError> {
        let mut data = ChunkData::new(chunk, self.snapshot.chunk_len(chunk), members);
        for field in &needs.fields {
            if let Some(column) = self.field_column(layer, *field, chunk)? {
                data.fields.insert(*field, column);
            }
        }
        for field in &needs.since {
            if let Some(column) = self.since_column(layer, *field, chunk)? {
                data.since.insert(*field, column);
            }
        }
        if needs.ids {
            data.ids = Some(self.ids(chunk)?);
        }
        for (event, attributes) in &needs.events {
            if let Some(events) = self.events(layer, *event, chunk, attributes)? {
                data.events.insert(*event, events);
            }
        }
        Ok(data)
    }

    /// The sketches that have been made.
    pub(super) fn made(&self) -> &Made {
        &self.sketches
    }

    pub(super) fn field_column(&self, layer: Layer, field: FieldId, chunk: u32) -> Result<Option<Arc<Column<'s>>>, StoreError> {
        cached(&self.fields, (layer, field, chunk), || Ok(self.snapshot.field_in(layer, field, chunk)?.map(Arc::new)))
    }

    pub(super) fn since_column(&self, layer: Layer, field: FieldId, chunk: u32) -> Result<Option<Arc<Column<'s>>>, StoreError> {
        cached(&self.since, (layer, field, chunk), || Ok(self.snapshot.field_since(layer, field, chunk)?.map(Arc::new)))
    }

    pub(super) fn summary(&self, layer: Layer, event: EventId, chunk: u32) -> Result<Option<Arc<EventChunk<'s>>>, StoreError> {
        cached(&self.summaries, (layer, event, chunk), || Ok(self.snapshot.events_in(layer, event, chunk)?.map(Arc::new)))
    }

    pub(super) fn attribute_column(
        &self,
        layer: Layer,
        event: EventId,
        chunk: u32,
        block: u32,
        attr: AttrId,
    ) -> Result<Option<Arc<Column<'s>>>, StoreError> {
        let read = || Ok(self.snapshot.attribute_in(layer, event, chunk, block, attr)?.map(Arc::new));
        cached(&self.attributes, (layer, event, chunk, block, attr), read)
    }

    /// The contacts of a static list.
    pub(super) fn list(&self, ids: &Arc<[String]>, cancel: &Cancel) -> Result<Arc<ByChunk>, ExecError> {
        let known = self.lists.borrow().iter().find(|(known, _)| Arc::ptr_eq(known, ids)).map(|(_, list)| Arc::clone(list));
        if let Some(list) = known {
            return Ok(list);
        }
        let list = Arc::new(lists::members(self, ids, cancel)?);
        self.lists.borrow_mut().push((Arc::clone(ids), Arc::clone(&list)));
        Ok(list)
    }

    /// The ids of the contacts of a chunk.
    pub(super) fn ids(&self, chunk: u32) -> Result<Arc<Ids<'s>>, StoreError> {
        cached(&self.ids, chunk, || Ok(Arc::new(Ids(self.snapshot.ids(chunk)?))))
    }

    fn events(
        &self,
        layer: Layer,
        event: EventId,
        chunk: u32,
        wanted: &BTreeSet<AttrId>,
    ) -> Result<Option<Events<'s>>, StoreError> {
        let Some(summary) = self.summary(layer, event, chunk)? else { return Ok(None) };
        let mut blocks = Vec::new();
        for block in 0..summary.blocks() {
            let read = || Ok(Arc::new(self.snapshot.rows_in(layer, event, chunk, block)?));
            let rows = cached(&self.rows, (layer, event, chunk, block), read)?;
            let mut attributes = BTreeMap::new();
            for attr in wanted {
                if let Some(column) = self.attribute_column(layer, event, chunk, block, *attr)? {
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
