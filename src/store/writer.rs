//! Appending: batches that are durable when the call returns, in every answer from then on, and folded into the columns
//! later.
//!
//! Batches that several threads append at the same time share a transaction and its wait for the disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::delta::{self, DeltaKey, DeltaKind};
use super::env::{Meta, Table, WriterLock};
use super::load::{self, FOLD_BYTES, FoldSummary, write_row};
use super::record::{Batch, BatchKind, Body};
use super::{CHUNK, MAX_CONTACT_ID_BYTES, Store, StoreError};
use crate::schema::Schema;

/// How to append.
#[derive(Debug, Clone, Copy)]
pub struct WriterOptions {
    /// Appended bytes beyond which an append ends with folding; `None`: only [`Writer::fold`] folds.
    pub fold_bytes: Option<u64>,
    /// Chunks to fold at the same time.
    pub threads: usize,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { fold_bytes: Some(FOLD_BYTES), threads: rayon::current_num_threads() }
    }
}

/// What is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The number of this append, ascending in the order in which they hold.
    pub sequence: u64,
    /// Contacts that the store did not have.
    pub contacts_new: u32,
}

/// The right to append to a store, for as long as the value lives. It may be shared between threads.
pub struct Writer<'s> {
    store: &'s Store,
    table: Table,
    options: WriterOptions,
    state: Mutex<State>,
    /// Apart from the state, so that rows are looked at while others are being committed.
    schema: Mutex<Arc<Schema>>,
    waiting: Mutex<Waiting>,
    _lock: WriterLock,
}

/// What the last transaction left.
struct State {
    meta: Meta,
    delta_bytes: u64,
}

/// Appends that wait for a transaction, and what became of others.
#[derive(Default)]
struct Waiting {
    next: u64,
    jobs: Vec<(u64, Vec<Batch>)>,
    done: HashMap<u64, Result<Appended, StoreError>>,
}

impl<'s> Writer<'s> {
    /// Begins to write.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another writes; failures of the engine.
    pub fn begin(store: &'s Store, options: WriterOptions) -> Result<Self, StoreError> {
        let lock = store.lock()?;
        store.remove_unfinished()?;
        let table = store.upgrade()?;
        let meta = {
            let txn = store.env.read_txn().map_err(|e| store.engine(&e))?;
            store.meta(&txn)?
        };
        let schema = Mutex::new(Arc::new(meta.schema()?));
        let state = Mutex::new(State { meta, delta_bytes: store.delta_bytes()? });
        Ok(Self { store, table, options, state, schema, waiting: Mutex::default(), _lock: lock })
    }

    /// The store's schema, for which batches are made.
    #[must_use]
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(&lock(&self.schema))
    }

    /// Gives the store a schema that has grown from its own; durable when this returns.
    ///
    /// # Errors
    /// [`StoreError::Schema`] for a schema that has not grown from the store's; failures of the engine.
    pub fn grow(&self, schema: &Schema) -> Result<(), StoreError> {
        let mut state = lock(&self.state);
        if !load::is_grown_from(schema, &self.schema()) {
            return Err(StoreError::Schema("the schema is not the store's schema, nor one that has grown from it".to_owned()));
        }
        let mut meta = state.meta.clone();
        meta.set_schema(schema);
        let mut txn = self.store.env.write_txn().map_err(|e| self.store.engine(&e))?;
        self.store.put_meta(&mut txn, &meta)?;
        self.store.commit(txn)?;
        state.meta = meta;
        *lock(&self.schema) = Arc::new(schema.clone());
        Ok(())
    }

    /// Appends batches, all or nothing. When this returns they are durable, and every snapshot from then on has them.
    ///
    /// Lines of contacts hold in the order of their instants within one call, and the calls hold one after the other: a
    /// line that is older than what has been said of a field before says nothing.
    ///
    /// # Errors
    /// [`StoreError::Rows`] for rows that do not fit the schema; a full disk; failures of the engine. The store is then as
    /// it was.
    pub fn append(&self, batches: Vec<Batch>) -> Result<Appended, StoreError> {
        let schema = self.schema();
        batches.iter().try_for_each(|batch| fits(&schema, batch))?;
        let ticket = {
            let mut waiting = lock(&self.waiting);
            let ticket = waiting.next;
            waiting.next += 1;
            waiting.jobs.push((ticket, batches));
            ticket
        };
        let mut state = lock(&self.state);
        let jobs = {
            let mut waiting = lock(&self.waiting);
            // Whoever had the turn before may have taken this one along.
            if let Some(result) = waiting.done.remove(&ticket) {
                return result;
            }
            std::mem::take(&mut waiting.jobs)
        };
        let mut own = None;
        for (number, result) in self.commit(&mut state, &jobs) {
            if number == ticket {
                own = Some(result);
            } else {
                lock(&self.waiting).done.insert(number, result);
            }
        }
        if self.options.fold_bytes.is_some_and(|most| state.delta_bytes > most) {
            // The append is done already; what is not folded now will be another time.
            drop(self.fold_now(&mut state));
        }
        own.unwrap_or_else(|| Err(StoreError::Rows("an append has been lost between threads".to_owned())))
    }

    /// Folds what has been appended into the columns.
    ///
    /// # Errors
    /// Damage, a full disk, failures of the engine. No answer changes.
    pub fn fold(&self) -> Result<FoldSummary, StoreError> {
        self.fold_now(&mut lock(&self.state))
    }

    fn fold_now(&self, state: &mut State) -> Result<FoldSummary, StoreError> {
        let folded = load::fold(self.store, self.table, self.options.threads, &|| false);
        let txn = self.store.env.read_txn().map_err(|e| self.store.engine(&e))?;
        state.meta = self.store.meta(&txn)?;
        state.delta_bytes = self.store.delta_bytes()?;
        folded
    }

    /// Commits appends together; if that fails, each alone, so that one does not take the others with it.
    fn commit(&self, state: &mut State, jobs: &[(u64, Vec<Batch>)]) -> Vec<(u64, Result<Appended, StoreError>)> {
        match self.write(state, jobs) {
            Ok(appended) => jobs.iter().map(|(ticket, _)| *ticket).zip(appended.into_iter().map(Ok)).collect(),
            Err(error) => match jobs {
                [(ticket, _)] => vec![(*ticket, Err(error))],
                _ => jobs.iter().flat_map(|job| self.commit(state, std::slice::from_ref(job))).collect(),
            },
        }
    }

    fn write(&self, state: &mut State, jobs: &[(u64, Vec<Batch>)]) -> Result<Vec<Appended>, StoreError> {
        let store = self.store;
        let failed = |e: heed::Error| store.engine(&e);
        let (contacts, sequence) = (state.meta.contacts, state.meta.sequence);
        let mut write = || -> Result<(Vec<Appended>, u64), StoreError> {
            let mut txn = store.env.write_txn().map_err(failed)?;
            let (mut appended, mut bytes) = (Vec::new(), 0);
            for (_, batches) in jobs {
                let before = state.meta.contacts;
                state.meta.sequence += 1;
                let values = self.rows(&mut txn, &mut state.meta.contacts, batches)?;
                for ((chunk, kind), rows) in values {
                    let key = DeltaKey { chunk, kind, sequence: state.meta.sequence };
                    bytes += rows.len() as u64;
                    self.table.put(&mut txn, &key.bytes(), &delta::value(&rows)).map_err(failed)?;
                }
                appended.push(Appended { sequence: state.meta.sequence, contacts_new: state.meta.contacts - before });
            }
            store.put_meta(&mut txn, &state.meta)?;
            store.commit(txn)?;
            Ok((appended, bytes))
        };
        match write() {
            Ok((appended, bytes)) => {
                state.delta_bytes += bytes;
                Ok(appended)
            }
            Err(error) => {
                (state.meta.contacts, state.meta.sequence) = (contacts, sequence);
                Err(error)
            }
        }
    }

    /// The rows of an append by chunk, with the ids of new contacts.
    fn rows(
        &self,
        txn: &mut heed::RwTxn<'_>,
        contacts: &mut u32,
        batches: &[Batch],
    ) -> Result<BTreeMap<(u32, DeltaKind), Vec<u8>>, StoreError> {
        let failed = |e: heed::Error| self.store.engine(&e);
        let ids = self.store.tables.ids;
        let mut values: BTreeMap<(u32, DeltaKind), Vec<u8>> = BTreeMap::new();
        for batch in batches {
            let kind = if batch.kind() == BatchKind::Contacts { DeltaKind::Lines } else { DeltaKind::Events };
            for (id, body) in batch.rows() {
                let known = ids.get(txn, id).map_err(failed)?.and_then(|b| b.first_chunk::<4>()).map(|b| u32::from_le_bytes(*b));
                let number = if let Some(number) = known {
                    number
                } else {
                    let number = *contacts;
                    *contacts = number.checked_add(1).filter(|n| *n <= 0xffff_0000).ok_or(StoreError::TooManyContacts)?;
                    ids.put(txn, id, &number.to_le_bytes()).map_err(failed)?;
                    write_row(values.entry((number / CHUNK, DeltaKind::Ids)).or_default(), slot(number), id);
                    number
                };
                write_row(values.entry((number / CHUNK, kind)).or_default(), slot(number), body);
            }
        }
        Ok(values)
    }
}

impl Store {
    /// Bytes that have been appended and not folded, as pages of the file.
    pub(super) fn delta_bytes(&self) -> Result<u64, StoreError> {
        let txn = self.env.read_txn().map_err(|e| self.engine(&e))?;
        let Some(table) = self.delta() else { return Ok(0) };
        let stat = table.stat(&txn).map_err(|e| self.engine(&e))?;
        Ok((stat.leaf_pages + stat.overflow_pages) as u64 * u64::from(stat.page_size))
    }
}

fn slot(number: u32) -> u16 {
    u16::try_from(number % CHUNK).unwrap_or(u16::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether every row of a batch has a contact, and an event type, fields and attributes of the schema.
fn fits(schema: &Schema, batch: &Batch) -> Result<(), StoreError> {
    let wrong = |what: &str| Err(StoreError::Rows(format!("a row of the batch has {what}")));
    for (id, body) in batch.rows() {
        if id.is_empty() || id.len() > MAX_CONTACT_ID_BYTES || std::str::from_utf8(id).is_err() {
            return wrong("no usable contact id");
        }
        let mut body = Body::new(body);
        let columns = if batch.kind() == BatchKind::Contacts {
            body.contact_head().map(|_| schema.fields.len())
        } else {
            match body.event_head() {
                Some(head) if head.is_deletion() => head.event_id.map(|_| 0),
                Some(head) => schema.event_type(head.event).map(|ty| ty.attributes.len()),
                None => None,
            }
        };
        let Some(columns) = columns else { return wrong("an event type that the schema does not have") };
        while !body.is_at_end() {
            match body.entry() {
                Some((column, _)) if usize::from(column) < columns => {}
                _ => return wrong("a field or an attribute that the schema does not have"),
            }
        }
    }
    Ok(())
}
