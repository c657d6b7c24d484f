//! Folding: what has been appended goes into the columns of its chunks, a few chunks at a time, each few in a transaction
//! of their own. Answers are the same before, in between and after; readers go on.

use std::collections::BTreeMap;

use super::super::delta::{self, DeltaKind};
use super::super::env::Table;
use super::super::{Store, StoreError};
use super::build::{self, Ids, Job};
use super::overlay::new_ids;
use super::{LoadOptions, Partitions};

/// Appended bytes beyond which a writer folds.
pub(in crate::store) const FOLD_BYTES: u64 = 64 << 20;

/// What folding did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FoldSummary {
    /// Chunks that were written anew.
    pub chunks: u32,
}

/// Folds everything. The caller has the right to write.
pub(in crate::store) fn fold(
    store: &Store,
    table: Table,
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<FoldSummary, StoreError> {
    let chunks = {
        let txn = store.env.read_txn().map_err(|e| store.engine(&e))?;
        delta::chunks(store, table, &txn)?
    };
    let mut summary = FoldSummary::default();
    for some in chunks.chunks(threads.max(1)) {
        fold_some(store, table, some, threads, stop)?;
        summary.chunks += u32::try_from(some.len()).unwrap_or(u32::MAX);
    }
    Ok(summary)
}

fn fold_some(
    store: &Store,
    table: Table,
    chunks: &[u32],
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<(), StoreError> {
    let failed = |e: heed::Error| store.engine(&e);
    let options = LoadOptions { memory_budget: usize::MAX, ..LoadOptions::default() };
    let (mut lines, mut events) = (Partitions::new(&options), Partitions::new(&options));
    let mut ids: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut meta = {
        let txn = store.env.read_txn().map_err(failed)?;
        for chunk in chunks {
            delta::read(store, table, &txn, *chunk, &mut |key, rows| {
                match key.kind {
                    DeltaKind::Ids => ids.entry(*chunk).or_default().extend(new_ids(rows)?),
                    DeltaKind::Lines => lines.push_batch(*chunk, rows),
                    DeltaKind::Events => events.push_batch(*chunk, rows),
                }
                Ok(())
            })?;
        }
        store.meta(&txn)?
    };
    meta.generation = meta.generation.wrapping_add(1);
    let schema = meta.schema()?;
    let job = Job {
        store,
        schema: &schema,
        contacts: &lines,
        events: &events,
        texts: &[],
        generation: meta.generation,
        previous: 0,
        ids: Ids::Appended(&ids),
        stop,
    };
    let built = build::build(&job, chunks, threads)?;
    let mut txn = store.env.write_txn().map_err(failed)?;
    store.publish_parts(&mut txn, meta, &built.parts)?;
    for chunk in chunks {
        let (first, last) = delta::range(*chunk);
        let range = (first.as_ref().map(<[u8; 4]>::as_slice), last.as_ref().map(<[u8; 13]>::as_slice));
        table.delete_range(&mut txn, &range).map_err(failed)?;
    }
    store.commit(txn)
}
