//! Bulk import: batches in order of arrival in, one visible change out.
//!
//! Method: an external sort by chunk. Every row goes to the partition of its contact's chunk, in memory while there is
//! room and to a temporary file after that; `finish` builds the parts of each touched chunk, several chunks at a time,
//! merged with what the store has of them. Parts are written under a new generation in transactions of bounded size,
//! and the last transaction makes all of them visible at once.

mod build;
mod build_events;
mod build_fields;
mod dictionary;
mod erase;
mod fold;
mod overlay;
mod partition;
mod pass;
mod small;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::env::{FORMAT, Meta, WriterLock, part_digest};
use super::key::{Part, ValueKey};
use super::record::{Batch, BatchKind};
use super::{CHUNK, MAX_CONTACT_ID_BYTES, Store, StoreError, Texts};
use crate::schema::Schema;
use dictionary::{Dictionary, UNKNOWN};
pub use erase::{EraseSummary, Erasure};
pub use fold::FoldSummary;
pub(super) use fold::{FOLD_BYTES, fold};
pub(super) use overlay::Overlay;
use partition::Partitions;
pub(super) use partition::{count, write_row};

/// How to load.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// Where partitions go that do not fit into memory; `None` is the folder for temporary files.
    pub temp_dir: Option<PathBuf>,
    /// Bytes of partitions to keep in memory.
    pub memory_budget: usize,
    /// Chunks to build at the same time.
    pub threads: usize,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { temp_dir: None, memory_budget: 256 << 20, threads: rayon::current_num_threads() }
    }
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadSummary {
    /// Contacts that the store did not have.
    pub contacts_new: u32,
    /// Contacts that it has now.
    pub contacts_total: u32,
    /// Events added.
    pub events_added: u64,
    /// Events left out because the contact has one with the same `event_id`.
    pub duplicates: u64,
}

/// An import under way. Dropped without [`Self::finish`], nothing of it is kept.
pub struct Loader<'s> {
    store: &'s Store,
    schema: Schema,
    meta: Meta,
    dictionary: Dictionary<'s>,
    /// The numbers of a batch, kept for the next.
    numbers: Vec<u32>,
    contacts: Partitions,
    events: Partitions,
    texts: Arc<Texts>,
    options: LoadOptions,
    _lock: WriterLock,
}

impl<'s> Loader<'s> {
    /// Begins an import of rows that were made for `schema`, which is the store's or has grown from it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another import runs; [`StoreError::Schema`] when the schema is not the store's or a
    /// longer one; failures of the engine.
    pub fn begin(store: &'s Store, schema: &Schema, options: LoadOptions) -> Result<Self, StoreError> {
        let lock = store.lock()?;
        store.remove_unfinished()?;
        let txn = store.env.read_txn().map_err(|e| store.engine(&e))?;
        let mut meta = store.meta(&txn)?;
        let known = meta.schema()?;
        if !is_grown_from(schema, &known) {
            return Err(StoreError::Schema("the schema is not the store's schema, nor one that has grown from it".to_owned()));
        }
        meta.set_schema(schema);
        meta.format = FORMAT;
        let contacts = meta.contacts;
        Ok(Self {
            store,
            schema: schema.clone(),
            meta,
            dictionary: Dictionary::new(store, txn, contacts),
            numbers: Vec::new(),
            contacts: Partitions::new(&options),
            events: Partitions::new(&options),
            texts: Arc::default(),
            options,
            _lock: lock,
        })
    }

    /// The numbers that texts may have in the batches for this import.
    #[must_use]
    pub fn texts(&self) -> Arc<Texts> {
        Arc::clone(&self.texts)
    }

    /// Takes the next rows.
    ///
    /// # Errors
    /// A full disk under the temporary folder, too many contacts, failures of the engine.
    pub fn push(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let partitions = if batch.kind() == BatchKind::Contacts { &mut self.contacts } else { &mut self.events };
        self.dictionary.known(batch.rows().map(|(id, _)| id), &mut self.numbers);
        for ((id, body), known) in batch.rows().zip(&self.numbers) {
            debug_assert!(id.len() <= MAX_CONTACT_ID_BYTES);
            let contact = if *known == UNKNOWN { self.dictionary.number(id)? } else { *known };
            partitions.push(contact / CHUNK, contact % CHUNK, body);
        }
        partitions.spill_if_full()
    }

    /// Builds what was pushed and makes it visible, all at once.
    ///
    /// # Errors
    /// Whatever keeps a part from being read or written; the store is then as it was.
    pub fn finish(self) -> Result<LoadSummary, StoreError> {
        self.finish_unless(&|| false)
    }

    /// The same, but gives up when `stop` says so before the change is visible.
    ///
    /// # Errors
    /// [`StoreError::Interrupted`] then; else those of [`Self::finish`].
    pub fn finish_unless(mut self, stop: &(dyn Fn() -> bool + Sync)) -> Result<LoadSummary, StoreError> {
        let previous = self.meta.contacts;
        let table = self.store.upgrade()?;
        if small::is_small(previous, &self.contacts, &self.events) {
            return self.append(table, stop);
        }
        // What has been appended arrived before.
        fold(self.store, table, self.options.threads, stop)?;
        {
            let txn = self.store.env.read_txn().map_err(|e| self.store.engine(&e))?;
            let folded = self.store.meta(&txn)?;
            (self.meta.generation, self.meta.parts_digest) = (folded.generation, folded.parts_digest);
        }
        // Building needs the room.
        self.contacts.spill_rest()?;
        self.events.spill_rest()?;
        let generation = self.meta.generation.wrapping_add(1);
        self.meta.generation = generation;
        self.meta.contacts = self.dictionary.contacts();
        let (ids, txn) = self.dictionary.into_new_ids();
        drop(txn);
        let mut chunks: Vec<u32> = self.contacts.chunks().chain(self.events.chunks()).collect();
        chunks.extend(previous / CHUNK..self.meta.contacts.div_ceil(CHUNK));
        chunks.sort_unstable();
        chunks.dedup();
        let job = build::Job {
            store: self.store,
            schema: &self.schema,
            contacts: &self.contacts,
            events: &self.events,
            texts: &self.texts.all(),
            generation,
            previous,
            ids: build::Ids::Imported(&ids),
            stop,
        };
        let built = build::build(&job, &chunks, self.options.threads)?;
        // What publishing needs for all ids at once may take their room.
        drop((self.contacts, self.events));
        self.store.publish(&self.meta, &ids, previous, &built.parts)?;
        Ok(LoadSummary {
            contacts_new: self.meta.contacts - previous,
            contacts_total: self.store.snapshot()?.contacts(),
            events_added: built.events_added,
            duplicates: built.duplicates,
        })
    }
}

/// Whether every field, event and attribute of `known` stands at its place in `schema`.
pub(super) fn is_grown_from(schema: &Schema, known: &Schema) -> bool {
    let prefix = |longer: &[crate::schema::Column], shorter: &[crate::schema::Column]| {
        longer.len() >= shorter.len() && longer.iter().zip(shorter).all(|(a, b)| a.name == b.name && a.ty == b.ty)
    };
    prefix(&schema.fields, &known.fields)
        && schema.events.len() >= known.events.len()
        && schema.events.iter().zip(&known.events).all(|(a, b)| a.name == b.name && prefix(&a.attributes, &b.attributes))
}

impl Store {
    /// Makes the parts of a generation visible and removes the ones they replace, in one transaction.
    fn publish(&self, meta: &Meta, ids: &dictionary::NewIds, first: u32, parts: &[Part]) -> Result<(), StoreError> {
        let failed = |e: heed::Error| self.engine(&e);
        let mut txn = self.env.write_txn().map_err(failed)?;
        for (id, position) in ids.sorted() {
            self.tables.ids.put(&mut txn, id, &(first + position).to_le_bytes()).map_err(failed)?;
        }
        self.publish_parts(&mut txn, meta.clone(), parts)?;
        self.commit(txn)
    }

    /// The same within a transaction that does more.
    fn publish_parts(&self, txn: &mut heed::RwTxn<'_>, mut meta: Meta, parts: &[Part]) -> Result<(), StoreError> {
        let failed = |e: heed::Error| self.engine(&e);
        let mut digest = meta.parts_digest.unwrap_or_default();
        let mut replaced = Vec::new();
        for part in parts {
            let key = part.bytes();
            if let Some(old) = super::env::generation_of(self.tables.parts.get(txn, &key).map_err(failed)?) {
                replaced.push((*part, old));
                digest ^= part_digest(&key, &old.to_le_bytes());
            }
            digest ^= part_digest(&key, &meta.generation.to_le_bytes());
            self.tables.parts.put(txn, &key, &meta.generation.to_le_bytes()).map_err(failed)?;
        }
        meta.parts_digest = Some(digest);
        for (part, generation) in replaced {
            self.remove_part(txn, part, generation)?;
        }
        self.put_meta(txn, &meta)?;
        self.tables.meta.delete(txn, UNFINISHED).map(drop).map_err(failed)
    }

    /// Removes the values of one generation of a part.
    fn remove_part(&self, txn: &mut heed::RwTxn<'_>, part: Part, generation: u32) -> Result<(), StoreError> {
        let first = ValueKey { part, generation, column: 0, block: 0 }.bytes();
        let last = ValueKey { part, generation, column: u16::MAX, block: u32::MAX }.bytes();
        let range = (std::ops::Bound::Included(first.as_slice()), std::ops::Bound::Included(last.as_slice()));
        self.tables.values.delete_range(txn, &range).map(drop).map_err(|e| self.engine(&e))
    }

    /// Removes what an import that did not finish has left behind.
    pub(super) fn remove_unfinished(&self) -> Result<(), StoreError> {
        let failed = |e: heed::Error| self.engine(&e);
        let mut unfinished = HashSet::new();
        {
            let txn = self.env.read_txn().map_err(failed)?;
            let meta = self.meta(&txn)?;
            // A generation beyond the published one can only be unfinished; it is marked before its first value.
            if self.tables.meta.get(&txn, UNFINISHED).map_err(failed)?.is_none() {
                return Ok(());
            }
            for entry in self.tables.values.iter(&txn).map_err(failed)? {
                let (key, _) = entry.map_err(failed)?;
                if let Some(ValueKey { part, generation, .. }) = ValueKey::from_bytes(key)
                    && generation == meta.generation.wrapping_add(1)
                {
                    unfinished.insert((part, generation));
                }
            }
        }
        let mut txn = self.env.write_txn().map_err(failed)?;
        for (part, generation) in unfinished {
            self.remove_part(&mut txn, part, generation)?;
        }
        self.tables.meta.delete(&mut txn, UNFINISHED).map_err(failed)?;
        self.commit(txn)
    }
}

/// Present while an import writes values that are not visible yet.
pub(super) const UNFINISHED: &[u8] = b"unfinished";
