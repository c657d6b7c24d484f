//! The columns of one chunk.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::schema::{AttrId, EventId, FieldId};
use crate::store::column::Column;
use crate::store::{EventChunk, RowBlock};

/// What a plan needs of one chunk; a column that nobody has a value in is missing.
pub(super) struct ChunkData<'s> {
    /// Contacts in the chunk.
    pub len: u32,
    pub fields: HashMap<FieldId, Arc<Column<'s>>>,
    pub ids: Option<Arc<Vec<Column<'s>>>>,
    pub events: HashMap<EventId, Events<'s>>,
}

/// The events of one type.
pub(super) struct Events<'s> {
    pub summary: Arc<EventChunk<'s>>,
    pub blocks: Vec<Block<'s>>,
}

/// A run of whole contacts.
pub(super) struct Block<'s> {
    pub rows: Arc<RowBlock<'s>>,
    pub attributes: BTreeMap<AttrId, Arc<Column<'s>>>,
}

impl ChunkData<'_> {
    pub fn new(len: u32) -> Self {
        Self { len, fields: HashMap::new(), ids: None, events: HashMap::new() }
    }
}
