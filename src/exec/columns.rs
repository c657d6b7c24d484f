//! What a plan reads of a chunk: fetched and decoded once for an [`Engine`], shared by all its evaluations.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::chunk::{Block, ChunkData, Events, Ids};
use super::kept::Cache;
use super::lists::{self, ByChunk};
use super::sketches::Made;
use super::{Cancel, ExecError};
use crate::plan::{Atom, Expr, Marks, Node, Part, Plan};
use crate::schema::{AttrId, EventId, FieldId};
use crate::store::column::Column;
use crate::store::{EventChunk, Layer, RowBlock, Snapshot, StoreError, WORDS, Words};

/// A snapshot with the columns that have been decoded of it, up to a budget of memory. Views are borrowed from the file: they cost
/// little of it.
pub struct Engine<'s> {
    snapshot: &'s Snapshot<'s>,
    /// Bytes of memory that what is kept takes, and may take.
    kept: Cell<usize>,
    budget: usize,
    members: Cache<u32, Arc<Words>>,
    full: OnceCell<Arc<Words>>,
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

/// Bytes that an engine keeps: more than all columns of ten million contacts and 400 million events take as a rule.
pub const BUDGET: usize = 1 << 30;

/// Layer, event type, chunk, block and attribute.
type AttributeKey = (Layer, EventId, u32, u32, AttrId);
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
    /// An engine without any column yet, which keeps up to [`BUDGET`] bytes from one evaluation to the next.
    #[must_use]
    pub fn new(snapshot: &'s Snapshot<'s>) -> Self {
        Self::with_budget(snapshot, BUDGET)
    }

    /// The same with another budget.
    #[must_use]
    pub fn with_budget(snapshot: &'s Snapshot<'s>, budget: usize) -> Self {
        Self {
            snapshot,
            kept: Cell::new(0),
            budget,
            members: Cache::default(),
            full: OnceCell::new(),
            fields: Cache::default(),
            since: Cache::default(),
            ids: Cache::default(),
            summaries: Cache::default(),
            rows: Cache::default(),
            attributes: Cache::default(),
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
            let members = self.members(chunk)?;
            return Ok(vec![self.layer(chunk, Layer::Base, members, needs)?]);
        }
        let layers = self.snapshot.layers(chunk, true)?;
        layers.into_iter().map(|(layer, members)| self.layer(chunk, layer, members.into(), needs)).collect()
    }

    /// The contacts of a chunk. Nearly all chunks have all that they can have: those share one set, which then is in the cache.
    fn members(&self, chunk: u32) -> Result<Arc<Words>, StoreError> {
        if self.snapshot.is_full(chunk) {
            return Ok(Arc::clone(self.full.get_or_init(|| Arc::new([u64::MAX; WORDS]))));
        }
        self.members.get(&self.kept, chunk, || Ok(self.snapshot.members(chunk).into()))
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

    /// Forgets the columns that are kept if they take more memory than they may. What one evaluation needs is not forgotten while it
    /// lasts.
    pub(super) fn begin(&self) {
        if self.kept.get() <= self.budget {
            return;
        }
        self.kept.set(0);
        self.members.clear();
        self.fields.clear();
        self.since.clear();
        self.ids.clear();
        self.summaries.clear();
        self.rows.clear();
        self.attributes.clear();
    }

    /// Bytes of memory that the columns take that are kept, at most; what they borrow from the store's file is not counted.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.kept.get()
    }

    /// The sketches that have been made.
    pub(super) fn made(&self) -> &Made {
        &self.sketches
    }

    pub(super) fn field_column(&self, layer: Layer, field: FieldId, chunk: u32) -> Result<Option<Arc<Column<'s>>>, StoreError> {
        self.fields.get(&self.kept, (layer, field, chunk), || Ok(self.snapshot.field_in(layer, field, chunk)?.map(Arc::new)))
    }

    pub(super) fn since_column(&self, layer: Layer, field: FieldId, chunk: u32) -> Result<Option<Arc<Column<'s>>>, StoreError> {
        self.since.get(&self.kept, (layer, field, chunk), || Ok(self.snapshot.field_since(layer, field, chunk)?.map(Arc::new)))
    }

    pub(super) fn summary(&self, layer: Layer, event: EventId, chunk: u32) -> Result<Option<Arc<EventChunk<'s>>>, StoreError> {
        self.summaries.get(&self.kept, (layer, event, chunk), || Ok(self.snapshot.events_in(layer, event, chunk)?.map(Arc::new)))
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
        self.attributes.get(&self.kept, (layer, event, chunk, block, attr), read)
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
        self.ids.get(&self.kept, chunk, || Ok(Arc::new(Ids(self.snapshot.ids(chunk)?))))
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
            let rows = self.rows.get(&self.kept, (layer, event, chunk, block), read)?;
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
