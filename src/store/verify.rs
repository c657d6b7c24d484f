//! Looking at everything: the checksum and the shape of every value, what the structures say of each other, and counts that
//! are made again by another path.

use std::collections::{HashMap, HashSet};

use roaring::RoaringBitmap;
use serde::Serialize;

use super::bytes::unframe;
use super::column::{CodeSet, Column, IntColumn};
use super::env::generation_of;
use super::events::{ATTRIBUTES, EVENT_IDS, ROWS, SUMMARY};
use super::key::{Part, PartKind, ValueKey};
use super::load::UNFINISHED;
use super::snapshot::{KIND_COLUMN, KIND_DELETIONS, KIND_EVENT_IDS, KIND_ROWS, KIND_SUMMARY, Layer, Snapshot};
use super::{CHUNK, Store, StoreError, Words, slots};
use crate::schema::{AttrId, EventId, FieldId};

/// What was looked at, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Values whose checksum was compared.
    pub values: u64,
    /// Contacts that were counted.
    pub contacts: u64,
    /// Values of fields that were counted.
    pub fields: u64,
    /// Events that were counted.
    pub events: u64,
    /// One sentence for everything that is wrong; none in a store that is whole.
    pub problems: Vec<String>,
}

/// Problems that are told; a store with more is damaged enough.
const TOLD: usize = 1000;

impl Store {
    /// Reads everything in one state of the store and says what is wrong. `stop` ends it early.
    ///
    /// # Errors
    /// [`StoreError::Interrupted`] when `stop` says so; a store whose description cannot be read. Everything else is a
    /// problem of the report.
    pub fn verify(&self, stop: &dyn Fn() -> bool) -> Result<Verified, StoreError> {
        let snapshot = self.snapshot()?;
        let mut check = Check { store: self, snapshot: &snapshot, found: Verified::default(), stop };
        check.values()?;
        check.parts();
        check.ids()?;
        for chunk in 0..snapshot.chunks() {
            check.go_on()?;
            let members = snapshot.members(chunk);
            let layers = match snapshot.layers(chunk, true) {
                Ok(layers) => layers,
                Err(error) => {
                    check.problem(error.to_string());
                    vec![(Layer::Base, members)]
                }
            };
            for (layer, members) in layers {
                check.fields(chunk, layer, &members)?;
                check.events(chunk, layer, &members)?;
            }
        }
        Ok(check.found)
    }
}

struct Check<'c> {
    store: &'c Store,
    snapshot: &'c Snapshot<'c>,
    found: Verified,
    stop: &'c dyn Fn() -> bool,
}

impl Check<'_> {
    fn go_on(&self) -> Result<(), StoreError> {
        if (self.stop)() { Err(StoreError::Interrupted) } else { Ok(()) }
    }

    fn problem(&mut self, problem: impl Into<String>) {
        if self.found.problems.len() < TOLD {
            let problem = problem.into();
            if !self.found.problems.contains(&problem) {
                self.found.problems.push(problem);
            }
        }
    }

    fn holds(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.problem(problem());
        }
    }

    /// What was read, or a problem.
    fn read<T>(&mut self, read: Result<T, StoreError>) -> Option<T> {
        read.map_err(|error| self.problem(error.to_string())).ok()
    }

    /// Every value has its checksum, and belongs to a part as it is now.
    fn values(&mut self) -> Result<(), StoreError> {
        let (store, snapshot) = (self.store, self.snapshot);
        let unfinished = store.tables.meta.get(snapshot.txn(), UNFINISHED).is_ok_and(|mark| mark.is_some());
        let newest = store.meta(snapshot.txn())?.generation;
        let entries = match store.tables.values.iter(snapshot.txn()) {
            Ok(entries) => entries,
            Err(error) => {
                self.problem(store.engine(&error).to_string());
                return Ok(());
            }
        };
        for entry in entries {
            self.go_on()?;
            let (bytes, value) = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.problem(store.engine(&error).to_string());
                    return Ok(());
                }
            };
            let Some(key) = ValueKey::from_bytes(bytes) else {
                self.problem("a value has a key that means nothing");
                continue;
            };
            self.found.values += 1;
            self.holds(unframe(kind(&key), value, true).is_some(), || format!("{key} is damaged: its checksum is wrong"));
            let now = store.tables.parts.get(snapshot.txn(), &key.part.bytes()).map(generation_of);
            // What an import that is under way or was killed has written is beyond the newest generation.
            let left = unfinished && key.generation == newest.wrapping_add(1);
            let current = now.is_ok_and(|now| now == Some(key.generation));
            self.holds(current || left, || format!("{key} is left over from an older state"));
        }
        Ok(())
    }

    /// Every part has its values, and is of something that there is.
    fn parts(&mut self) {
        let (store, snapshot) = (self.store, self.snapshot);
        let entries = match store.tables.parts.iter(snapshot.txn()) {
            Ok(entries) => entries,
            Err(error) => return self.problem(store.engine(&error).to_string()),
        };
        let schema = snapshot.schema();
        for entry in entries {
            let (bytes, generation) = match entry {
                Ok(entry) => entry,
                Err(error) => return self.problem(store.engine(&error).to_string()),
            };
            let (Some(part), Some(generation)) = (Part::from_bytes(bytes), generation_of(Some(generation))) else {
                self.problem("a part has a key that means nothing");
                continue;
            };
            let key = ValueKey { part, generation, column: 0, block: 0 };
            let known = match part.kind {
                PartKind::Field(id) => schema.field_column(id).is_some(),
                PartKind::Event(id) => schema.event_type(id).is_some(),
                PartKind::Ids | PartKind::Deleted => true,
            };
            self.holds(known && part.chunk < snapshot.chunks(), || format!("{key} is of nothing that there is"));
            let first = store.tables.values.get(snapshot.txn(), &key.bytes()).is_ok_and(|value| value.is_some());
            self.holds(first, || format!("{key} is missing"));
        }
    }

    /// Each contact has one id, by which it is found, and no other ids are found.
    fn ids(&mut self) -> Result<(), StoreError> {
        let (store, snapshot) = (self.store, self.snapshot);
        match store.tables.ids.len(snapshot.txn()) {
            Ok(ids) => self.holds(ids == u64::from(snapshot.contacts()), || {
                format!("{ids} ids are known, and there are {} contacts", snapshot.contacts())
            }),
            Err(error) => self.problem(store.engine(&error).to_string()),
        }
        for chunk in 0..snapshot.chunks() {
            self.go_on()?;
            let Some(columns) = self.read(snapshot.ids(chunk)) else { continue };
            let members = snapshot.members(chunk);
            let mut number = chunk * CHUNK;
            for column in &columns {
                let Column::Text(ids) = column else {
                    self.problem(format!("the contact ids of chunk {chunk} are no texts"));
                    continue;
                };
                for place in 0..column.len() {
                    let member = slots::contains(&members, u16::try_from(number % CHUNK).unwrap_or(u16::MAX));
                    match ids.text(place) {
                        Some(id) if member => {
                            let found = self.read(snapshot.find(id)).flatten();
                            self.holds(found == Some(number), || format!("contact {number} is not found by its id"));
                            self.found.contacts += 1;
                        }
                        Some(_) => self.problem(format!("contact {number} is erased and has an id")),
                        None => self.holds(!member, || format!("contact {number} has no id")),
                    }
                    number += 1;
                }
            }
            let slots = number - chunk * CHUNK;
            let wanted = snapshot.chunk_len(chunk);
            self.holds(slots == wanted, || format!("chunk {chunk} has ids of {slots} contacts instead of {wanted}"));
        }
        let (found, contacts) = (self.found.contacts, u64::from(snapshot.contacts()));
        self.holds(found == contacts, || format!("{found} contacts have an id instead of {contacts}"));
        Ok(())
    }

    /// Who has a value has it since an instant, and zone maps and bitmaps say the same as the values.
    fn fields(&mut self, chunk: u32, layer: Layer, members: &Words) -> Result<(), StoreError> {
        let snapshot = self.snapshot;
        for (id, definition) in (0_u16..).map(FieldId).zip(&snapshot.schema().fields) {
            self.go_on()?;
            let name = &definition.name;
            let Some(column) = self.read(snapshot.field_in(layer, id, chunk)).flatten() else { continue };
            let since = self.read(snapshot.field_since(layer, id, chunk)).flatten();
            let Some(Column::Int(since)) = since else {
                self.problem(format!("field `{name}` of chunk {chunk} does not say since when its values hold"));
                continue;
            };
            self.holds(column.len() == CHUNK as usize && since.len() == CHUNK as usize, || {
                format!("field `{name}` of chunk {chunk} has {} slots", column.len())
            });
            self.scans(&column, &|| format!("field `{name}` of chunk {chunk}"));
            let mut present = 0;
            for slot in 0..=u16::MAX {
                let at = usize::from(slot);
                let set = match &column {
                    Column::Int(c) => c.get(at).is_some(),
                    Column::Text(c) => c.text(at).is_some(),
                    Column::List(c) => !c.range(at).is_empty(),
                };
                if !set {
                    continue;
                }
                if slots::contains(members, slot) {
                    present += 1;
                    self.holds(since.is_present(at), || {
                        format!("field `{name}` of contact {} does not say since when it holds", chunk * CHUNK + u32::from(slot))
                    });
                } else if layer == Layer::Base && !slots::contains(&snapshot.members(chunk), slot) {
                    self.problem(format!(
                        "field `{name}` has a value of contact {}, whom there is not",
                        chunk * CHUNK + u32::from(slot)
                    ));
                }
            }
            self.found.fields += present;
        }
        Ok(())
    }

    /// Scans find what looking at each value finds.
    fn scans(&mut self, column: &Column<'_>, what: &dyn Fn() -> String) {
        const VALUES: u32 = 64;
        match column {
            Column::Int(column) => self.int_scans(column, what),
            Column::Text(texts) => {
                self.int_scans(texts.codes(), what);
                let distinct = texts.distinct();
                let ascending = (1..distinct).all(|code| texts.value(code - 1) < texts.value(code));
                self.holds(ascending, || format!("the texts of {} are not in order", what()));
                let mut counts = vec![0_u64; distinct as usize];
                for code in (0..column.len()).filter_map(|slot| texts.code(slot)) {
                    match counts.get_mut(code as usize) {
                        Some(count) => *count += 1,
                        None => return self.problem(format!("{} has a text that is not in its dictionary", what())),
                    }
                }
                for (code, count) in (0..distinct.min(VALUES)).zip(&counts) {
                    let mut set = CodeSet::none(distinct);
                    set.insert(code);
                    let mut found = vec![0_u64; column.len().div_ceil(64)];
                    let scanned = texts.scan(&set, &mut found).map(|()| ones(&found));
                    self.holds(scanned == Some(*count), || format!("a bitmap of {} does not say the same as its values", what()));
                }
            }
            Column::List(list) => self.scans(list.items(), what),
        }
    }

    fn int_scans(&mut self, column: &IntColumn<'_>, what: &dyn Fn() -> String) {
        let values = || (0..column.len()).filter_map(|slot| column.get(slot));
        let (least, greatest) = column.bounds();
        let (Some(min), Some(max)) = (values().min(), values().max()) else { return };
        self.holds(least <= min && max <= greatest, || format!("values of {} lie beyond its bounds", what()));
        let middle = least.midpoint(greatest);
        let mut found = vec![0_u64; column.len().div_ceil(64)];
        column.scan(middle, i64::MAX, &mut found);
        let counted = values().filter(|n| *n >= middle).count() as u64;
        self.holds(ones(&found) == counted, || format!("a scan of {} does not find what its values are", what()));
    }

    /// Summaries say what the rows are; rows are in order; ids are there once; deleted ones are not there.
    fn events(&mut self, chunk: u32, layer: Layer, members: &Words) -> Result<(), StoreError> {
        let snapshot = self.snapshot;
        let deleted: HashSet<(u16, u128)> = self.read(snapshot.deletions(chunk)).unwrap_or_default().into_iter().collect();
        let mut ids: HashMap<(u16, u128), EventId> = HashMap::new();
        for (event, ty) in (0_u16..).map(EventId).zip(&snapshot.schema().events) {
            self.go_on()?;
            let what = || format!("events `{}` of chunk {chunk}", ty.name);
            let Some(summary) = self.read(snapshot.events_in(layer, event, chunk)).flatten() else { continue };
            let mut seen = RoaringBitmap::new();
            let mut before = None;
            for block in 0..summary.blocks() {
                let Some(rows) = self.read(snapshot.rows_in(layer, event, chunk, block)) else { continue };
                let of_rows = self.read(snapshot.event_ids_in(layer, event, chunk, block)).flatten();
                let as_many = of_rows.as_ref().is_none_or(|ids| ids.len() == rows.rows());
                self.holds(as_many, || format!("{} have not as many ids as rows", what()));
                for (slot, range) in rows.contacts() {
                    let number = chunk * CHUNK + u32::from(slot);
                    self.holds(
                        before.is_none_or(|before| before < slot) && summary.block_slots(block).contains(&u32::from(slot)),
                        || format!("{} are not in order at contact {number}", what()),
                    );
                    before = Some(slot);
                    seen.insert(u32::from(slot));
                    let times: Vec<i64> = range.clone().filter_map(|row| rows.ts().at(row)).collect();
                    self.holds(times.len() == range.len() && times.is_sorted(), || {
                        format!("{} of contact {number} are not in order", what())
                    });
                    let at = usize::from(slot);
                    let counted = i64::try_from(range.len()).ok();
                    let same = summary.count().get(at) == counted
                        && summary.first().get(at) == times.first().copied()
                        && summary.last().get(at) == times.last().copied();
                    self.holds(same, || {
                        format!("the summary of {} says something else than the rows of contact {number}", what())
                    });
                    let of_member = slots::contains(members, slot);
                    if of_member {
                        self.found.events += range.len() as u64;
                        for id in of_rows.iter().filter_map(|ids| ids.get(range.clone())).flatten().flatten() {
                            self.holds(ids.insert((slot, *id), event).is_none(), || {
                                format!("an id is there twice in {} of contact {number}", what())
                            });
                            self.holds(!deleted.contains(&(slot, *id)), || {
                                format!("a deleted event is there in {} of contact {number}", what())
                            });
                        }
                    } else if layer == Layer::Base && !slots::contains(&snapshot.members(chunk), slot) {
                        self.problem(format!("{} has rows of contact {number}, whom there is not", what()));
                    }
                }
                for (attr, definition) in (0_u16..).map(AttrId).zip(&ty.attributes) {
                    if let Some(column) = self.read(snapshot.attribute_in(layer, event, chunk, block, attr)).flatten() {
                        self.holds(column.len() == rows.rows(), || {
                            format!("attribute `{}` of {} has {} rows", definition.name, what(), column.len())
                        });
                        self.scans(&column, &|| format!("attribute `{}` of {}", definition.name, what()));
                    }
                }
            }
            let counted = (0..CHUNK as usize).filter(|slot| summary.count().get(*slot).is_some()).count() as u64;
            self.holds(counted == seen.len(), || {
                format!("the summary of {} has {counted} contacts, the rows {}", what(), seen.len())
            });
        }
        Ok(())
    }
}

fn ones(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// The kind of the value of a key.
fn kind(key: &ValueKey) -> u8 {
    match (key.part.kind, key.column) {
        (PartKind::Deleted, _) => KIND_DELETIONS,
        (PartKind::Event(_), SUMMARY) => KIND_SUMMARY,
        (PartKind::Event(_), ROWS) => KIND_ROWS,
        (PartKind::Event(_), EVENT_IDS) => KIND_EVENT_IDS,
        (PartKind::Event(_), ATTRIBUTES..) | (PartKind::Ids | PartKind::Field(_), _) => KIND_COLUMN,
        (PartKind::Event(_), _) => 0,
    }
}
