//! Contact ids to numbers, in order of arrival.

use std::hash::BuildHasher;

use heed::{RoTxn, WithoutTls};

use super::super::column::Hasher;
use super::super::{CHUNK, Store, StoreError};

/// The ids that an import has met: those of the store are looked up there once.
pub(super) struct Dictionary<'s> {
    store: &'s Store,
    txn: RoTxn<'s, WithoutTls>,
    /// A hash table: an id stands at the place that its hash says, or after it where that is taken. At least a quarter is free,
    /// and the length is a power of two.
    table: Vec<Entry>,
    /// Places that are taken.
    taken: usize,
    /// The long ids of contacts that the store had.
    known: Vec<u8>,
    /// Number of contacts that the store had.
    previous: u32,
    new: NewIds,
}

/// A known id. Most are short and stand in the entry itself, so that finding one touches memory once.
#[derive(Clone, Copy)]
struct Entry {
    /// [`UNKNOWN`] where the place is free.
    number: u32,
    len: u32,
    /// The id and zeros after it; of a longer one its hash, and its place among the known ones if it is one of them.
    key: [u64; 2],
}

const FREE: Entry = Entry { number: UNKNOWN, len: 0, key: [0; 2] };

/// An id that is looked up.
#[derive(Clone, Copy)]
struct Wanted<'i> {
    id: &'i [u8],
    hash: u64,
    /// The id itself when it is short.
    key: Option<[u64; 2]>,
}

const INLINE: usize = 16;
/// Places of the smallest table.
const SMALLEST: usize = 1024;
/// Ids that are looked up together.
const TOGETHER: usize = 32;

/// No contact has this number.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// A short id and zeros after it.
fn inline(id: &[u8]) -> Option<[u64; 2]> {
    let mut key = [0; INLINE];
    key.get_mut(..id.len())?.copy_from_slice(id);
    let (low, high) = key.split_first_chunk::<8>()?;
    Some([u64::from_le_bytes(*low), u64::from_le_bytes(*high.first_chunk::<8>()?)])
}

impl<'i> Wanted<'i> {
    fn new(id: &'i [u8]) -> Self {
        match inline(id) {
            Some(key) => Self { id, hash: hash_inline(key), key: Some(key) },
            None => Self { id, hash: BuildHasher::hash_one(&Hasher::default(), id), key: None },
        }
    }
}

/// The hash of a short id is made of its key, so that the table can grow without the ids.
fn hash_inline(key: [u64; 2]) -> u64 {
    BuildHasher::hash_one(&Hasher::default(), (key[0], key[1]))
}

impl Entry {
    fn hash(&self) -> u64 {
        if self.len as usize <= INLINE { hash_inline(self.key) } else { self.key[0] }
    }
}

/// The ids that the store did not have, in order of arrival.
///
/// They are kept by the chunk: there are no large vectors that are moved when they grow, and where an id ends takes four bytes.
#[derive(Default)]
pub(super) struct NewIds {
    chunks: Vec<IdsOfChunk>,
    len: u32,
}

/// The ids of [`CHUNK`] contacts, one after the other.
#[derive(Default)]
struct IdsOfChunk {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl<'s> Dictionary<'s> {
    pub fn new(store: &'s Store, txn: RoTxn<'s, WithoutTls>, previous: u32) -> Self {
        Self { store, txn, table: vec![FREE; SMALLEST], taken: 0, known: Vec::new(), previous, new: NewIds::default() }
    }

    /// The numbers of the contacts that have been met already, in order; [`UNKNOWN`] for the others.
    ///
    /// Several are looked up together: where they stand is read before any is compared, so that no look-up waits for the
    /// memory that another one touches.
    pub fn known<'i>(&self, mut ids: impl Iterator<Item = &'i [u8]>, numbers: &mut Vec<u32>) {
        numbers.clear();
        let mut wanted: Vec<Wanted<'_>> = Vec::with_capacity(TOGETHER);
        let mut found = [FREE; TOGETHER];
        loop {
            wanted.clear();
            wanted.extend(ids.by_ref().take(TOGETHER).map(Wanted::new));
            if wanted.is_empty() {
                return;
            }
            for (found, wanted) in found.iter_mut().zip(&wanted) {
                *found = self.entry(wanted.hash);
            }
            numbers.extend(found.iter().zip(&wanted).map(|(entry, wanted)| {
                // The number of a free place says the same as that of a place after which the id does not stand.
                if entry.number == UNKNOWN || self.is(entry, wanted) { entry.number } else { self.find(wanted) }
            }));
        }
    }

    /// Whether an entry is that of an id.
    fn is(&self, entry: &Entry, wanted: &Wanted<'_>) -> bool {
        entry.len as usize == wanted.id.len()
            && match wanted.key {
                Some(key) => entry.key == key,
                None => entry.key[0] == wanted.hash && self.long_id(entry) == Some(wanted.id),
            }
    }

    /// The id of an entry that does not hold it.
    fn long_id(&self, entry: &Entry) -> Option<&[u8]> {
        match entry.number.checked_sub(self.previous) {
            Some(position) => self.new.get(position),
            None => self.known.get(usize::try_from(entry.key[1]).ok()?..)?.get(..entry.len as usize),
        }
    }

    /// What stands where a hash says.
    fn entry(&self, hash: u64) -> Entry {
        self.table.get(self.place(hash)).copied().unwrap_or(FREE)
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the lower bits count")]
    fn place(&self, hash: u64) -> usize {
        hash as usize & (self.table.len() - 1)
    }

    fn find(&self, wanted: &Wanted<'_>) -> u32 {
        let mut hash = wanted.hash;
        loop {
            let entry = self.entry(hash);
            if entry.number == UNKNOWN || self.is(&entry, wanted) {
                return entry.number;
            }
            hash = hash.wrapping_add(1);
        }
    }

    fn insert(&mut self, entry: Entry) {
        if self.taken * 4 >= self.table.len() * 3 {
            let larger = vec![FREE; self.table.len() * 2];
            let entries = std::mem::replace(&mut self.table, larger);
            entries.into_iter().filter(|entry| entry.number != UNKNOWN).for_each(|entry| self.put(entry));
        }
        self.put(entry);
        self.taken += 1;
    }

    fn put(&mut self, entry: Entry) {
        let mut hash = entry.hash();
        while self.entry(hash).number != UNKNOWN {
            hash = hash.wrapping_add(1);
        }
        let place = self.place(hash);
        if let Some(free) = self.table.get_mut(place) {
            *free = entry;
        }
    }

    /// The number of a contact; a new one gets the next.
    pub fn number(&mut self, id: &[u8]) -> Result<u32, StoreError> {
        let wanted = Wanted::new(id);
        let number = self.find(&wanted);
        if number != UNKNOWN {
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
        let mut start = 0;
        let number = if let Some(number) = known {
            if wanted.key.is_none() {
                start = self.known.len() as u64;
                self.known.extend_from_slice(id);
            }
            number
        } else {
            let number = self.contacts();
            if number >= 0xffff_0000 {
                return Err(StoreError::TooManyContacts);
            }
            self.new.push(id);
            number
        };
        self.insert(Entry { number, len, key: wanted.key.unwrap_or([wanted.hash, start]) });
        Ok(number)
    }

    /// How many contacts there are now.
    pub fn contacts(&self) -> u32 {
        self.previous.saturating_add(self.new.len)
    }

    /// What is new, and the transaction that look-ups were made in.
    pub fn into_new_ids(self) -> (NewIds, RoTxn<'s, WithoutTls>) {
        (self.new, self.txn)
    }
}

impl NewIds {
    fn push(&mut self, id: &[u8]) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(IdsOfChunk::default());
        }
        if let Some(IdsOfChunk { bytes, ends }) = self.chunks.last_mut() {
            bytes.extend_from_slice(id);
            ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            self.len += 1;
        }
    }

    /// The id at a position.
    pub fn get(&self, position: u32) -> Option<&[u8]> {
        let IdsOfChunk { bytes, ends } = self.chunks.get((position / CHUNK) as usize)?;
        let at = (position % CHUNK) as usize;
        let start = if at == 0 { 0 } else { *ends.get(at - 1)? };
        bytes.get(start as usize..*ends.get(at)? as usize)
    }

    /// All ids, bytewise ascending, with their positions.
    pub fn sorted(&self) -> impl Iterator<Item = (&[u8], u32)> {
        let mut order: Vec<u32> = (0..self.len).collect();
        order.sort_unstable_by_key(|position| self.get(*position).unwrap_or_default());
        order.into_iter().map(|position| (self.get(position).unwrap_or_default(), position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    /// Short and long ids, more than fit into a chunk, in no order.
    fn ids(from: u32, to: u32) -> impl Iterator<Item = Vec<u8>> {
        (from..to).map(|n| {
            let shuffled = n.wrapping_mul(2_654_435_761);
            let long = if n % 3 == 0 { "contact-with-a-long-id-" } else { "" };
            format!("{long}{shuffled}").into_bytes()
        })
    }

    #[test]
    fn ids_have_the_numbers_of_their_arrival() {
        let store = Store::temporary(&Schema::new(chrono_tz::UTC)).unwrap();
        let (known, all) = (70_000, 210_000);
        let mut previous = 0;
        // The second time the store has some of them, which arrive between new ones.
        for contacts in [known, all] {
            let mut dictionary = Dictionary::new(&store, store.env.read_txn().unwrap(), previous);
            let expected: Vec<u32> = (0..contacts).collect();
            for (id, number) in ids(previous, contacts).zip(previous..) {
                if let Some(of_store) = number.checked_sub(previous).filter(|n| *n < previous) {
                    let id = ids(of_store, of_store + 1).next().unwrap();
                    assert_eq!(dictionary.number(&id).unwrap(), of_store);
                }
                assert_eq!(dictionary.number(&id).unwrap(), number);
            }
            assert_eq!(dictionary.contacts(), contacts);
            let (every, mut numbers) = (ids(0, contacts).collect::<Vec<_>>(), Vec::new());
            dictionary.known(every.iter().map(Vec::as_slice), &mut numbers);
            assert!(numbers == expected);
            let (new, txn) = dictionary.into_new_ids();
            drop(txn);
            assert_eq!(new.get(contacts - previous), None);
            let mut sorted: Vec<(Vec<u8>, u32)> = ids(previous, contacts).zip(0..).collect();
            sorted.sort_unstable();
            assert!(new.sorted().eq(sorted.iter().map(|(id, position)| (id.as_slice(), *position))));
            let mut txn = store.env.write_txn().unwrap();
            for (id, position) in new.sorted() {
                store.tables.ids.put(&mut txn, id, &(previous + position).to_le_bytes()).unwrap();
            }
            txn.commit().unwrap();
            previous = contacts;
        }
    }
}
