//! Erasing contacts: every part that has something of them is written anew without it.

use std::collections::BTreeMap;

use super::super::{CHUNK, Store, StoreError, Words, slots};
use super::build::build_by;
use super::fold::fold;

/// What an erasure did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EraseSummary {
    /// Contacts that were erased.
    pub erased: u32,
    /// Ids that the store does not have.
    pub unknown: Vec<String>,
}

/// Notes of erasures, without anything personal.
const ERASURES: &[u8] = b"erasures";

impl Store {
    /// Erases contacts with everything that is known of them: ids, fields, events, deleted events' ids. Either all of them
    /// are gone then, or none. A note remains that says when (`now`, milliseconds) and how many.
    ///
    /// Pages of the file that are free now may still hold what they held: [`Store::compact`] makes a file without them.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another writes; damage; failures of the engine.
    pub fn erase(&self, contacts: &[&str], now: i64) -> Result<EraseSummary, StoreError> {
        let _lock = self.lock()?;
        self.remove_unfinished()?;
        let threads = rayon::current_num_threads();
        let mut summary = EraseSummary::default();
        let mut by_chunk: BTreeMap<u32, Box<Words>> = BTreeMap::new();
        let mut found: BTreeMap<u32, &str> = BTreeMap::new();
        {
            let snapshot = self.snapshot()?;
            for id in contacts {
                match snapshot.find(id)? {
                    Some(number) => drop(found.insert(number, id)),
                    None => summary.unknown.push((*id).to_owned()),
                }
            }
        }
        if found.is_empty() {
            return Ok(summary);
        }
        let table = self.upgrade()?;
        fold(self, table, threads, &|| false)?;
        for number in found.keys() {
            let set = by_chunk.entry(number / CHUNK).or_insert_with(slots::empty);
            slots::insert(set, u16::try_from(number % CHUNK).unwrap_or(u16::MAX));
        }
        let failed = |e: heed::Error| self.engine(&e);
        let (mut meta, mut erased) = {
            let txn = self.env.read_txn().map_err(failed)?;
            (self.meta(&txn)?, self.erased(&txn)?)
        };
        meta.generation = meta.generation.wrapping_add(1);
        let schema = meta.schema()?;
        let chunks: Vec<u32> = by_chunk.keys().copied().collect();
        let built =
            build_by(self, (meta.generation, &|| false), &chunks, threads, &|chunk, _, output| match by_chunk.get(&chunk) {
                Some(set) => super::build::build_without(self, &schema, chunk, set, output),
                None => Ok(()),
            })?;
        let mut txn = self.env.write_txn().map_err(failed)?;
        for (number, id) in &found {
            self.tables.ids.delete(&mut txn, id.as_bytes()).map_err(failed)?;
            erased.insert(*number);
        }
        self.put_erased(&mut txn, &erased)?;
        summary.erased = u32::try_from(found.len()).unwrap_or(u32::MAX);
        self.note_erasure(&mut txn, now, summary.erased)?;
        self.publish_parts(&mut txn, meta, &built.parts)?;
        self.commit(txn)?;
        Ok(summary)
    }

    fn note_erasure(&self, txn: &mut heed::RwTxn<'_>, now: i64, contacts: u32) -> Result<(), StoreError> {
        let mut notes = self.erasures(txn)?;
        notes.push(Erasure { at: now, contacts });
        let bytes = serde_json::to_vec(&notes).map_err(|e| StoreError::damaged(format!("the notes of erasures ({e})")))?;
        self.tables.meta.put(txn, ERASURES, &bytes).map_err(|e| self.engine(&e))
    }

    /// When how many contacts were erased.
    pub(in crate::store) fn erasures(&self, txn: &heed::RoTxn<'_>) -> Result<Vec<Erasure>, StoreError> {
        match self.tables.meta.get(txn, ERASURES).map_err(|e| self.engine(&e))? {
            Some(bytes) => serde_json::from_slice(bytes).map_err(|_| StoreError::damaged("the notes of erasures")),
            None => Ok(Vec::new()),
        }
    }
}

/// The note of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Erasure {
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// How many contacts.
    pub contacts: u32,
}
