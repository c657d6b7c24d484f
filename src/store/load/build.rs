//! The parts of the touched chunks: built by several threads, written by one.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::bytes::frame;
use super::super::column::encode_texts;
use super::super::key::{Part, PartKind, ValueKey};
use super::super::snapshot::{IDS_BLOCK, KIND_COLUMN};
use super::super::{CHUNK, Store, StoreError};
use super::dictionary::NewIds;
use super::partition::Partitions;
use super::pass::Pass;
use super::{UNFINISHED, build_events, build_fields};
use crate::schema::Schema;

/// Values written in one transaction, in bytes: what LMDB keeps in memory until it is committed.
const TRANSACTION_BYTES: usize = 128 << 20;

/// What all chunks need.
pub(super) struct Job<'a> {
    pub store: &'a Store,
    pub schema: &'a Schema,
    pub contacts: &'a Partitions,
    pub events: &'a Partitions,
    pub generation: u32,
    /// Contacts before this import.
    pub previous: u32,
    pub ids: &'a NewIds,
    /// Whether to give up.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// What was built.
#[derive(Default)]
pub(super) struct Built {
    pub parts: Vec<Part>,
    pub events_added: u64,
    pub duplicates: u64,
}

/// Where the builders of a chunk put their values.
pub(super) struct Output<'a> {
    generation: u32,
    sender: &'a crossbeam_channel::Sender<Message>,
}

enum Message {
    Value(ValueKey, Vec<u8>),
    Part(Part),
    Counts { added: u64, duplicates: u64 },
    Failed(StoreError),
}

impl Output<'_> {
    /// Writes a value of a part.
    pub fn put(&self, part: Part, column: u16, block: u32, kind: u8, payload: &[u8]) {
        let key = ValueKey { part, generation: self.generation, column, block };
        self.send(Message::Value(key, frame(kind, payload)));
    }

    /// Says that a part is complete.
    pub fn done(&self, part: Part) {
        self.send(Message::Part(part));
    }

    /// Says what became of a chunk's events.
    pub fn counts(&self, added: u64, duplicates: u64) {
        self.send(Message::Counts { added, duplicates });
    }

    fn send(&self, message: Message) {
        // The writer hangs up only after a failure of its own, which is then what is reported.
        drop(self.sender.send(message));
    }
}

/// Builds the parts of all `chunks` and writes them, not visible yet.
pub(super) fn build(job: &Job<'_>, chunks: &[u32], threads: usize) -> Result<Built, StoreError> {
    if chunks.is_empty() {
        return Ok(Built::default());
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = crossbeam_channel::bounded(64);
        for _ in 0..threads.clamp(1, chunks.len()) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                let output = Output { generation: job.generation, sender: &sender };
                let mut pass = Pass::default();
                while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if (job.stop)() {
                        return;
                    }
                    if let Err(error) = build_chunk(job, *chunk, &mut pass, &output) {
                        output.send(Message::Failed(error));
                        return;
                    }
                }
            });
        }
        drop(sender);
        write(job, &receiver)
    })
}

fn write(job: &Job<'_>, receiver: &crossbeam_channel::Receiver<Message>) -> Result<Built, StoreError> {
    let store = job.store;
    let failed = |e: heed::Error| store.engine(&e);
    let mut built = Built::default();
    let mut txn = store.env.write_txn().map_err(failed)?;
    store.tables.meta.put(&mut txn, UNFINISHED, &[]).map_err(failed)?;
    let mut pending = 0;
    for message in receiver {
        if (job.stop)() {
            return Err(StoreError::Interrupted);
        }
        match message {
            Message::Value(key, value) => {
                store.tables.values.put(&mut txn, &key.bytes(), &value).map_err(failed)?;
                pending += value.len();
                if pending > TRANSACTION_BYTES {
                    store.commit(txn)?;
                    txn = store.env.write_txn().map_err(failed)?;
                    pending = 0;
                }
            }
            Message::Part(part) => built.parts.push(part),
            Message::Counts { added, duplicates } => {
                built.events_added += added;
                built.duplicates += duplicates;
            }
            Message::Failed(error) => return Err(error),
        }
    }
    // Workers that were asked to give up have left chunks out.
    if (job.stop)() {
        return Err(StoreError::Interrupted);
    }
    // The mark goes with the last values: from here on only `publish` is missing, and what it does not publish is
    // found by its generation.
    store.commit(txn)?;
    Ok(built)
}

fn build_chunk(job: &Job<'_>, chunk: u32, pass: &mut Pass, output: &Output<'_>) -> Result<(), StoreError> {
    build_ids(job, chunk, output)?;
    if let Some(rows) = job.contacts.get(chunk) {
        build_fields::build(job, chunk, rows, output)?;
    }
    if let Some(rows) = job.events.get(chunk) {
        build_events::build(job, chunk, rows, pass, output)?;
    }
    Ok(())
}

/// The ids of a chunk that has new contacts, with those it had.
fn build_ids(job: &Job<'_>, chunk: u32, output: &Output<'_>) -> Result<(), StoreError> {
    let first = chunk * CHUNK;
    let known = job.previous.saturating_sub(first).min(CHUNK);
    let position = first.saturating_sub(job.previous);
    let new: Vec<&str> = (position..)
        .take((CHUNK - known) as usize)
        .map_while(|p| job.ids.get(p))
        .map(|id| std::str::from_utf8(id).unwrap_or_default())
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let snapshot = job.store.snapshot()?;
    let old = if known > 0 { snapshot.ids(chunk)? } else { Vec::new() };
    let mut ids: Vec<Option<&str>> = Vec::with_capacity(CHUNK as usize);
    for column in &old {
        if let super::super::column::Column::Text(texts) = column {
            ids.extend((0..column.len()).map(|slot| texts.text(slot)));
        }
    }
    ids.extend(new.into_iter().map(Some));
    let part = Part { chunk, kind: PartKind::Ids };
    for (block, ids) in (0_u32..).zip(ids.chunks(IDS_BLOCK as usize)) {
        output.put(part, 0, block, KIND_COLUMN, &encode_texts(ids, false));
    }
    output.done(part);
    Ok(())
}
