//! Contact ids to numbers, in order of arrival.

use hashbrown::HashTable;
use heed::{RoTxn, WithoutTls};

use super::super::{Store, StoreError};

/// The ids that an import has met: those of the store are looked up there once.
pub(super) struct Dictionary<'s> {
    store: &'s Store,
    txn: RoTxn<'s, WithoutTls>,
    table: HashTable<Entry>,
    arena: Vec<u8>,
    /// Number of contacts that the store had.
    previous: u32,
    new: Vec<(u64, u32)>,
}

/// A known id. Most are short and stand in the entry itself, so that finding one touches memory once.
#[derive(Clone, Copy)]
struct Entry {
    number: u32,
    len: u32,
    /// The id and zeros after it; of a longer one its hash and its place in the arena.
    key: [u64; 2],
}

const INLINE: usize = 16;

/// No contact has this number.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// A short id and zeros after it.
fn inline(id: &[u8]) -> Option<[u64; 2]> {
    let mut key = [0; INLINE];
    key.get_mut(..id.len())?.copy_from_slice(id);
    let (low, high) = key.split_first_chunk::<8>()?;
    Some([u64::from_le_bytes(*low), u64::from_le_bytes(*high.first_chunk::<8>()?)])
}

/// The hash of an id, and its key when it is short.
fn hashed(id: &[u8]) -> (u64, Option<[u64; 2]>) {
    match inline(id) {
        Some(key) => (hash_inline(key), Some(key)),
        None => (std::hash::BuildHasher::hash_one(&super::super::column::Hasher::default(), id), None),
    }
}

/// The hash of a short id is made of its key, so that the table can grow without the arena.
fn hash_inline(key: [u64; 2]) -> u64 {
    std::hash::BuildHasher::hash_one(&super::super::column::Hasher::default(), (key[0], key[1]))
}

impl Entry {
    fn hash(&self) -> u64 {
        if self.len as usize <= INLINE { hash_inline(self.key) } else { self.key[0] }
    }
}

/// The ids that the store did not have, in order of arrival.
pub(super) struct NewIds {
    arena: Vec<u8>,
    places: Vec<(u64, u32)>,
}

impl<'s> Dictionary<'s> {
    pub fn new(store: &'s Store, txn: RoTxn<'s, WithoutTls>, previous: u32) -> Self {
        Self { store, txn, table: HashTable::new(), arena: Vec::new(), previous, new: Vec::new() }
    }

    /// The numbers of the contacts that have been met already, in order; [`UNKNOWN`] for the others.
    ///
    /// One look-up does not wait for the memory that another one touches, as it would with the rest of the work between them.
    pub fn known<'i>(&self, ids: impl Iterator<Item = &'i [u8]>, numbers: &mut Vec<u32>) {
        numbers.clear();
        numbers.extend(ids.map(|id| {
            let (hash, key) = hashed(id);
            self.find(id, hash, key).unwrap_or(UNKNOWN)
        }));
    }

    fn find(&self, id: &[u8], hash: u64, key: Option<[u64; 2]>) -> Option<u32> {
        let len = id.len();
        let found = if let Some(key) = key {
            self.table.find(hash, |e| e.key == key && e.len as usize == len)
        } else {
            let same = |e: &Entry| e.len as usize == len && e.key[0] == hash && slice(&self.arena, e.key[1], e.len) == id;
            self.table.find(hash, same)
        };
        found.map(|entry| entry.number)
    }

    /// The number of a contact; a new one gets the next.
    pub fn number(&mut self, id: &[u8]) -> Result<u32, StoreError> {
        let (hash, key) = hashed(id);
        if let Some(number) = self.find(id, hash, key) {
            return Ok(number);
        }
        let len = u32::try_from(id.len()).unwrap_or(u32::MAX);
        let known = if self.previous == 0 {
            None
        } else {
            self.store
                .tables
                .ids
                .get(&self.txn, id)
                .map_err(|e| self.store.engine(&e))?
                .and_then(|b| b.first_chunk::<4>())
                .map(|b| u32::from_le_bytes(*b))
        };
        let start = self.arena.len() as u64;
        if known.is_none() || key.is_none() {
            self.arena.extend_from_slice(id);
        }
        let number = if let Some(number) = known {
            number
        } else {
            let number =
                u32::try_from(self.new.len()).ok().and_then(|n| self.previous.checked_add(n)).filter(|n| *n < 0xffff_0000);
            self.new.push((start, len));
            number.ok_or(StoreError::TooManyContacts)?
        };
        self.table.insert_unique(hash, Entry { number, len, key: key.unwrap_or([hash, start]) }, Entry::hash);
        Ok(number)
    }

    /// How many contacts there are now.
    pub fn contacts(&self) -> u32 {
        self.previous.saturating_add(u32::try_from(self.new.len()).unwrap_or(u32::MAX))
    }

    /// What is new, and the transaction that look-ups were made in.
    pub fn into_new_ids(self) -> (NewIds, RoTxn<'s, WithoutTls>) {
        (NewIds { arena: self.arena, places: self.new }, self.txn)
    }
}

impl NewIds {
    /// The id at a position.
    pub fn get(&self, position: u32) -> Option<&[u8]> {
        self.places.get(position as usize).map(|(start, len)| slice(&self.arena, *start, *len))
    }

    /// All ids, bytewise ascending, with their positions.
    pub fn sorted(&self) -> impl Iterator<Item = (&[u8], u32)> {
        let mut order: Vec<u32> = (0..).take(self.places.len()).collect();
        order.sort_unstable_by_key(|position| self.get(*position).unwrap_or_default());
        order.into_iter().map(|position| (self.get(position).unwrap_or_default(), position))
    }
}

fn slice(arena: &[u8], start: u64, len: u32) -> &[u8] {
    usize::try_from(start).ok().and_then(|start| arena.get(start..start + len as usize)).unwrap_or_default()
}
