//! Sets of contacts of one chunk, dense.

use super::bits;
use crate::store::column::kernels::{places, spread};
use crate::store::{WORDS, Words};

/// A set on the heap: 8 kB, which stays in the first or second level of the cache.
pub(super) type Set = Box<Words>;

/// Nobody.
pub(super) fn empty() -> Set {
    Box::new([0; WORDS])
}

/// The same contacts. Not in place of the caller, whose frame would grow by the 8 kB that are copied.
#[inline(never)]
pub(super) fn copy(set: &Words) -> Set {
    Box::new(*set)
}

pub(super) fn is_empty(set: &Words) -> bool {
    set.iter().all(|w| *w == 0)
}

/// Keeps what is in `other` too.
pub(super) fn and(set: &mut Words, other: &Words) {
    bits::and(set, other);
}

/// Removes what is in `other`.
pub(super) fn and_not(set: &mut Words, other: &Words) {
    bits::and_not(set, other);
}

/// Adds what is in `other`.
pub(super) fn or(set: &mut Words, other: &Words) {
    bits::or(set, other);
}

/// The contacts, ascending.
pub(super) fn slots(set: &Words) -> Vec<u16> {
    let mut slots = Vec::new();
    places(set, &mut slots);
    slots
}

/// The set of some contacts, which ascend.
pub(super) fn of_slots(slots: &[u16]) -> Set {
    let mut set = empty();
    // Many follow each other: a word is written once.
    for of_word in slots.chunk_by(|a, b| a / 64 == b / 64) {
        let word = of_word.iter().fold(0_u64, |word, slot| word | 1 << (slot % 64));
        if let Some(place) = of_word.first().and_then(|slot| set.get_mut(usize::from(*slot) / 64)) {
            *place |= word;
        }
    }
    set
}

/// How many they are.
pub(super) fn count(set: &Words) -> usize {
    bits::count(set)
}

pub(super) fn contains(set: &Words, slot: usize) -> bool {
    bits::contains(set, slot)
}

pub(super) fn insert(set: &mut Words, slot: usize) {
    if let Some(word) = set.get_mut(slot / 64) {
        *word |= 1 << (slot % 64);
    }
}

/// Inserts a contact or removes it, without a branch.
pub(super) fn put(set: &mut Words, slot: usize, is_in: bool) {
    if let Some(word) = set.get_mut(slot / 64) {
        *word = *word & !(1 << (slot % 64)) | u64::from(is_in) << (slot % 64);
    }
}

/// Inserts or removes the contacts of `of` for whom `said` has a bit, or all of them: one is in if `passes` has a bit at its position
/// among them.
pub(super) fn put_all(set: &mut Words, of: &Words, said: Option<&[u64]>, passes: &[u64]) {
    spread(of, said, passes, set);
}

/// The contacts, ascending.
pub(super) fn iter(set: &Words) -> impl Iterator<Item = usize> {
    bits::iter(set)
}
