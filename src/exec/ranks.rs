//! Where the rows of contacts stand in a block: the place of a contact among those with rows is its rank among the bits of all that have some,
//! which takes fewer places of the memory than to search for it.

use std::ops::Range;

use super::chunk::Events;
use super::words::{self, Set};
use crate::store::RowBlock;

/// Who has events of a type, and how many of those come before each.
pub(super) struct Ranks {
    contacts: Set,
    /// How many come before each word, and in all.
    before: Vec<u32>,
}

impl Ranks {
    pub fn of(events: &Events<'_>) -> Self {
        let mut contacts = words::empty();
        events.summary.count().present_into(contacts.as_mut_slice());
        let before = contacts.iter().chain([&0]).scan(0, |rank, word| {
            let before = *rank;
            *rank += word.count_ones();
            Some(before)
        });
        Self { before: before.collect(), contacts }
    }

    /// Whether a contact has any.
    pub fn has(&self, slot: u16) -> bool {
        words::contains(&self.contacts, slot.into())
    }

    /// How many contacts that have some come before a slot, be it the one behind the last.
    pub fn rank(&self, slot: usize) -> usize {
        let word = self.contacts.get(slot / 64).copied().unwrap_or(0);
        let before = self.before.get(slot / 64).copied().unwrap_or(0);
        (before + (word & ((1 << (slot % 64)) - 1)).count_ones()) as usize
    }

    /// The rank with which a block of some slots begins; nothing where its contacts are not those that have some.
    pub fn of_block(&self, slots: Range<u32>, rows: &RowBlock<'_>) -> Option<usize> {
        let begin = self.rank(slots.start as usize);
        let many = self.rank(slots.end as usize).saturating_sub(begin);
        (many == rows.slots().len()).then_some(begin)
    }
}
