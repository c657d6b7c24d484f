//! Static lists as sets of contacts.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Cancel, Engine, ExecError, words};
use crate::store::{CHUNK, Words};

/// The members of a list by chunk.
pub(super) type ByChunk = HashMap<u32, Box<Words>>;

/// The contacts whose ids are in a list.
pub(super) fn members(engine: &Engine<'_>, ids: &Arc<[String]>, cancel: &Cancel) -> Result<ByChunk, ExecError> {
    let mut members = ByChunk::new();
    for (at, id) in ids.iter().enumerate() {
        if at % 1024 == 0 && cancel.is_cancelled() {
            return Err(ExecError::Cancelled);
        }
        if let Some(contact) = engine.snapshot().find(id)? {
            let set = members.entry(contact / CHUNK).or_insert_with(words::empty);
            words::insert(set, (contact % CHUNK) as usize);
        }
    }
    Ok(members)
}
