//! The columns of one chunk.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::meter::Meter;
use crate::schema::{AttrId, EventId, FieldId};
use crate::store::column::Column;
use crate::store::{EventChunk, RowBlock, Words};

/// What a plan needs of one chunk; a column that nobody has a value in is missing.
pub(super) struct ChunkData<'s> {
    /// Its number.
    pub chunk: u32,
    /// Slots of it.
    pub len: u32,
    /// The contacts that are evaluated with these columns.
    pub members: Arc<Words>,
    pub fields: HashMap<FieldId, Arc<Column<'s>>>,
    /// Since when fields have been as they are.
    pub since: HashMap<FieldId, Arc<Column<'s>>>,
    pub ids: Option<Arc<Ids<'s>>>,
    pub events: HashMap<EventId, Events<'s>>,
    /// What is looked at of them.
    pub meter: Meter,
}

/// The events of one type.
pub(super) struct Events<'s> {
    pub summary: Arc<EventChunk<'s>>,
    pub blocks: Vec<Block<'s>>,
}

impl Events<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.blocks.iter().map(|block| block.rows.rows()).sum()
    }

    /// Whether there are hardly more rows than contacts that have some: then what is known of the contacts is not worth looking at before
    /// the rows.
    pub fn is_thin(&self) -> bool {
        self.rows() < 2 * self.blocks.iter().map(|block| block.rows.slots().len()).sum::<usize>()
    }
}

/// A run of whole contacts.
pub(super) struct Block<'s> {
    pub rows: Arc<RowBlock<'s>>,
    pub attributes: BTreeMap<AttrId, Arc<Column<'s>>>,
}

/// The ids of all contacts of a chunk: columns of as many each, but for the last.
pub(super) struct Ids<'s>(pub Vec<Column<'s>>);

impl<'s> Ids<'s> {
    /// The id of a contact.
    pub fn get(&self, slot: usize) -> Option<&'s str> {
        let size = self.0.first().map_or(1, Column::len).max(1);
        match self.0.get(slot / size)? {
            Column::Text(column) => column.text(slot % size),
            _ => None,
        }
    }
}

impl ChunkData<'_> {
    pub fn new(chunk: u32, len: u32, members: Arc<Words>) -> Self {
        Self {
            chunk,
            len,
            members,
            fields: HashMap::new(),
            since: HashMap::new(),
            ids: None,
            events: HashMap::new(),
            meter: Meter::default(),
        }
    }

    /// Whether looking at all texts of its fields takes no time: those of many contacts are the same.
    pub fn has_few_texts(&self) -> bool {
        const FEW: u32 = 1024;
        self.fields.values().all(|column| !matches!(column.as_ref(), Column::Text(texts) if texts.distinct() > FEW))
    }
}
