//! The parts of the touched chunks: built by several threads, written by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::bytes::frame;
use super::super::column::encode_texts;
use super::super::key::{Part, PartKind, ValueKey};
use super::super::snapshot::{IDS_BLOCK, KIND_COLUMN};
use super::super::{CHUNK, Store, StoreError, Words, slots};
use super::dictionary::NewIds;
use super::partition::{Partition, Partitions};
use super::pass::Pass;
use super::{UNFINISHED, build_events, build_fields};
use crate::schema::Schema;

/// Values written in one transaction, in bytes: what LMDB keeps in memory until it is committed.
const TRANSACTION_BYTES: usize = 128 << 20;

/// Bytes of rows that chunks are made of at the same time, however many cores there are: building takes about four times as much
/// memory.
const BUILD_BYTES: u64 = 192 << 20;

/// What all chunks need.
pub(super) struct Job<'a> {
    pub store: &'a Store,
    pub schema: &'a Schema,
    pub contacts: &'a Partitions,
    pub events: &'a Partitions,
    /// The texts that have a number in the rows of events.
    pub texts: &'a [Arc<str>],
    pub generation: u32,
    /// Contacts before this import.
    pub previous: u32,
    pub ids: Ids<'a>,
    /// Whether to give up.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// The ids of contacts that are in no part yet.
#[derive(Clone, Copy)]
pub(super) enum Ids<'a> {
    /// Those that an import has met.
    Imported(&'a NewIds),
    /// Those that were appended, by chunk.
    Appended(&'a std::collections::BTreeMap<u32, Vec<String>>),
}

/// A value that stays in memory: its part, column, block and payload.
pub(super) type Kept = (Part, u16, u32, Vec<u8>);

/// What was built.
#[derive(Default)]
pub(super) struct Built {
    pub parts: Vec<Part>,
    pub events_added: u64,
    pub duplicates: u64,
}

/// Where the builders of a chunk put their values.
pub(super) enum Output<'a> {
    /// To the thread that writes them, under a generation.
    Store(u32, &'a crossbeam_channel::Sender<Message>),
    /// Into memory.
    Memory(&'a std::cell::RefCell<Vec<Kept>>),
}

pub(super) enum Message {
    Value(ValueKey, Vec<u8>),
    Part(Part),
    Counts { added: u64, duplicates: u64 },
    Failed(StoreError),
}

impl Output<'_> {
    /// Writes a value of a part.
    pub fn put(&self, part: Part, column: u16, block: u32, kind: u8, payload: &[u8]) {
        match self {
            Self::Store(generation, _) => {
                let key = ValueKey { part, generation: *generation, column, block };
                self.send(Message::Value(key, frame(kind, payload)));
            }
            Self::Memory(kept) => kept.borrow_mut().push((part, column, block, payload.to_vec())),
        }
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
        if let Self::Store(_, sender) = self {
            // The writer hangs up only after a failure of its own, which is then what is reported.
            drop(sender.send(message));
        }
    }
}

/// Builds the parts of all `chunks` and writes them, not visible yet.
pub(super) fn build(job: &Job<'_>, chunks: &[u32], threads: usize) -> Result<Built, StoreError> {
    let chunk = |chunk: u32, pass: &mut Pass, output: &Output<'_>| build_chunk(job, chunk, pass, output);
    let rows = |chunk: u32| job.contacts.get(chunk).map_or(0, Partition::len) + job.events.get(chunk).map_or(0, Partition::len);
    let largest = chunks.iter().map(|chunk| rows(*chunk)).max().unwrap_or(0).clamp(1, build_events::PASS_BYTES);
    let most = usize::try_from(BUILD_BYTES / largest).unwrap_or(usize::MAX);
    build_by(job.store, (job.generation, job.stop), chunks, threads.min(most), &chunk)
}

/// The same with another builder of chunks.
pub(super) fn build_by(
    store: &Store,
    (generation, stop): (u32, &(dyn Fn() -> bool + Sync)),
    chunks: &[u32],
    threads: usize,
    builder: &(dyn Fn(u32, &mut Pass, &Output<'_>) -> Result<(), StoreError> + Sync),
) -> Result<Built, StoreError> {
    if chunks.is_empty() {
        return Ok(Built::default());
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = crossbeam_channel::bounded(64);
        for _ in 0..threads.clamp(1, chunks.len()) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                let output = Output::Store(generation, &sender);
                let mut pass = Pass::default();
                while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if stop() {
                        return;
                    }
                    if let Err(error) = builder(*chunk, &mut pass, &output) {
                        output.send(Message::Failed(error));
                        return;
                    }
                }
            });
        }
        drop(sender);
        write(store, stop, &receiver)
    })
}

fn write(
    store: &Store,
    stop: &(dyn Fn() -> bool + Sync),
    receiver: &crossbeam_channel::Receiver<Message>,
) -> Result<Built, StoreError> {
    let failed = |e: heed::Error| store.engine(&e);
    let mut built = Built::default();
    let mut txn = store.env.write_txn().map_err(failed)?;
    store.tables.meta.put(&mut txn, UNFINISHED, &[]).map_err(failed)?;
    let mut pending = 0;
    for message in receiver {
        if stop() {
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
    if stop() {
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
    let new: Vec<&str> = match job.ids {
        Ids::Imported(ids) => (position..)
            .take((CHUNK - known) as usize)
            .map_while(|p| ids.get(p))
            .map(|id| std::str::from_utf8(id).unwrap_or_default())
            .collect(),
        Ids::Appended(ids) => ids.get(&chunk).map_or(&[][..], Vec::as_slice).iter().map(String::as_str).collect(),
    };
    if new.is_empty() {
        return Ok(());
    }
    let snapshot = job.store.snapshot()?;
    let old = snapshot.base_ids(chunk)?;
    let mut ids: Vec<Option<&str>> = Vec::with_capacity(CHUNK as usize);
    for column in &old {
        if let super::super::column::Column::Text(texts) = column {
            ids.extend((0..column.len()).map(|slot| texts.text(slot)));
        }
    }
    ids.extend(new.into_iter().map(Some));
    put_ids(chunk, &ids, output);
    Ok(())
}

/// Writes the ids of a chunk.
fn put_ids(chunk: u32, ids: &[Option<&str>], output: &Output<'_>) {
    let part = Part { chunk, kind: PartKind::Ids };
    for (block, ids) in (0_u32..).zip(ids.chunks(IDS_BLOCK as usize)) {
        output.put(part, 0, block, KIND_COLUMN, &encode_texts(ids, false));
    }
    output.done(part);
}

/// Builds every part of a chunk that has something of some contacts, without them.
pub(super) fn build_without(
    store: &Store,
    schema: &Schema,
    chunk: u32,
    erased: &Words,
    output: &Output<'_>,
) -> Result<(), StoreError> {
    let snapshot = store.snapshot()?;
    let columns = snapshot.base_ids(chunk)?;
    let mut ids: Vec<Option<&str>> = Vec::with_capacity(CHUNK as usize);
    for column in &columns {
        if let super::super::column::Column::Text(texts) = column {
            ids.extend((0..column.len()).map(|slot| texts.text(slot)));
        }
    }
    for slot in slots::iter(erased) {
        if let Some(id) = ids.get_mut(usize::from(slot)) {
            *id = None;
        }
    }
    put_ids(chunk, &ids, output);
    build_fields::build_without(schema, &snapshot, chunk, erased, output)?;
    build_events::build_without(schema, &snapshot, chunk, erased, output)
}
