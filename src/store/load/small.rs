//! Small imports are appended: one transaction, whatever the size of the store.

use std::sync::Arc;

use super::super::delta::{self, DeltaKey, DeltaKind};
use super::super::env::Table;
use super::super::record::spell_out;
use super::super::{CHUNK, StoreError};
use super::fold::{FOLD_BYTES, fold};
use super::partition::{Partition, each_whole, write_row};
use super::pass::Pass;
use super::{LoadSummary, Loader, Partitions};

/// The most bytes of rows that an import appends instead of rewriting the chunks that it touches.
const APPEND_BYTES: u64 = 8 << 20;

/// Whether an import is better appended.
pub(super) fn is_small(previous: u32, contacts: &Partitions, events: &Partitions) -> bool {
    let in_memory = contacts.in_memory().is_some() && events.in_memory().is_some();
    previous > 0 && in_memory && contacts.len() + events.len() <= APPEND_BYTES
}

impl Loader<'_> {
    /// Appends everything, in one transaction.
    pub(super) fn append(mut self, table: Table, stop: &(dyn Fn() -> bool + Sync)) -> Result<LoadSummary, StoreError> {
        let store = self.store;
        let failed = |e: heed::Error| store.engine(&e);
        let previous = self.meta.contacts;
        {
            // A store of an older format has just become one of this.
            let txn = store.env.read_txn().map_err(failed)?;
            self.meta.parts_digest = store.meta(&txn)?.parts_digest;
        }
        self.meta.contacts = self.dictionary.contacts();
        self.meta.sequence += 1;
        let (ids, txn) = self.dictionary.into_new_ids();
        drop(txn);
        let mut values: Vec<(u32, DeltaKind, Vec<u8>)> = Vec::new();
        for position in 0..self.meta.contacts - previous {
            let number = previous + position;
            if values.last().is_none_or(|(chunk, ..)| *chunk != number / CHUNK) {
                values.push((number / CHUNK, DeltaKind::Ids, Vec::new()));
            }
            if let Some((.., rows)) = values.last_mut() {
                let slot = u16::try_from(number % CHUNK).unwrap_or(u16::MAX);
                write_row(rows, slot, ids.get(position).unwrap_or_default());
            }
        }
        let lines = self.contacts.in_memory().into_iter().flatten();
        values.extend(lines.map(|(chunk, rows)| (chunk, DeltaKind::Lines, rows.to_vec())));
        // Numbers of texts mean nothing after this import.
        let texts = self.texts.all();
        for (chunk, rows) in self.events.in_memory().into_iter().flatten() {
            values.push((chunk, DeltaKind::Events, spelled_out(rows, &texts)?));
        }
        let (mut events_added, mut duplicates) = (0, 0);
        for (chunk, _, rows) in values.iter().filter(|(_, kind, _)| *kind == DeltaKind::Events) {
            let (added, known) = count(store, table, (*chunk, self.schema.events.len()), rows)?;
            events_added += added;
            duplicates += known;
        }
        if stop() {
            return Err(StoreError::Interrupted);
        }
        let mut txn = store.env.write_txn().map_err(failed)?;
        for (id, position) in ids.sorted() {
            store.tables.ids.put(&mut txn, id, &(previous + position).to_le_bytes()).map_err(failed)?;
        }
        for (chunk, kind, rows) in &values {
            let key = DeltaKey { chunk: *chunk, kind: *kind, sequence: self.meta.sequence };
            table.put(&mut txn, &key.bytes(), &delta::value(rows)).map_err(failed)?;
        }
        store.put_meta(&mut txn, &self.meta)?;
        store.commit(txn)?;
        if store.delta_bytes()? > FOLD_BYTES {
            // The import is done already; what is not folded now will be another time.
            drop(fold(store, table, self.options.threads, stop));
        }
        Ok(LoadSummary {
            contacts_new: self.meta.contacts - previous,
            contacts_total: store.snapshot()?.contacts(),
            events_added,
            duplicates,
        })
    }
}

/// Rows of events with their texts in place of the numbers of these.
fn spelled_out(rows: &[u8], texts: &[Arc<str>]) -> Result<Vec<u8>, StoreError> {
    let (mut out, mut spelled) = (Vec::with_capacity(rows.len()), Vec::new());
    each_whole(rows, &mut |slot, body| {
        spelled.clear();
        spell_out(body, texts, &mut spelled).ok_or_else(|| StoreError::damaged("temporary data of the import"))?;
        write_row(&mut out, slot, &spelled);
        Ok(())
    })?;
    Ok(out)
}

/// How many of a chunk's new events are new, and how many were known already by their ids.
fn count(store: &super::Store, table: Table, (chunk, types): (u32, usize), new: &[u8]) -> Result<(u64, u64), StoreError> {
    let snapshot = store.snapshot()?;
    let mut partition = Partition::default();
    delta::read(store, table, snapshot.txn(), chunk, &mut |key, rows| {
        if key.kind == DeltaKind::Events {
            partition.push_batch(rows);
        }
        Ok(())
    })?;
    let before = partition.ends().last().copied().unwrap_or(0);
    partition.push_batch(new);
    let mut pass = Pass::default();
    pass.read(&partition, &(0..CHUNK), types)?;
    let all = pass.rows_after(before);
    pass.settle(&snapshot, chunk)?;
    let added = pass.rows_after(before);
    Ok((added, all - added))
}
