//! The events of one type in one chunk: a summary for each contact, and blocks of rows in the order contact, instant,
//! arrival.

use std::borrow::Cow;
use std::ops::Range;

use super::bytes::{Sections, SectionsWriter};
use super::column::{Column, IntColumn, encode_ints};

/// Columns of an event part besides attributes, which follow at [`ATTRIBUTES`].
pub(super) const SUMMARY: u16 = 0;
pub(super) const ROWS: u16 = 1;
pub(super) const EVENT_IDS: u16 = 2;
pub(super) const ATTRIBUTES: u16 = 8;

/// What is known of every contact's events of one type: how many, the first and the last.
#[derive(Debug, Clone)]
pub struct EventChunk<'a> {
    count: IntColumn<'a>,
    first: IntColumn<'a>,
    last: IntColumn<'a>,
    ends: Cow<'a, [u32]>,
}

/// A run of whole contacts with their rows.
#[derive(Debug, Clone)]
pub struct RowBlock<'a> {
    slots: Cow<'a, [u16]>,
    ends: Cow<'a, [u32]>,
    ts: IntColumn<'a>,
}

/// Encodes a summary; `block_ends` are the slots at which the blocks end.
pub(super) fn encode_summary(count: &[Option<i64>], first: &[Option<i64>], last: &[Option<i64>], block_ends: &[u32]) -> Vec<u8> {
    let mut sections = SectionsWriter::default();
    sections.push(&encode_ints(count));
    sections.push(&encode_ints(first));
    sections.push(&encode_ints(last));
    sections.push_slice(block_ends);
    sections.finish()
}

/// Encodes the contacts and instants of a block: each contact with the end of its rows.
pub(super) fn encode_rows(slots: &[u16], ends: &[u32], ts: &[Option<i64>]) -> Vec<u8> {
    let mut sections = SectionsWriter::default();
    sections.push_slice(slots);
    sections.push_slice(ends);
    sections.push(&encode_ints(ts));
    sections.finish()
}

fn int(bytes: &[u8]) -> Option<IntColumn<'_>> {
    match Column::decode(bytes)? {
        Column::Int(column) => Some(column),
        _ => None,
    }
}

impl<'a> EventChunk<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Option<Self> {
        let mut sections = Sections::open(payload)?;
        let chunk = Self {
            count: int(sections.next()?)?,
            first: int(sections.next()?)?,
            last: int(sections.next()?)?,
            ends: sections.next_slice()?,
        };
        chunk.ends.is_sorted().then_some(chunk)
    }

    /// Number of events of each contact that has some.
    #[must_use]
    pub fn count(&self) -> &IntColumn<'a> {
        &self.count
    }

    /// Instant of each contact's first event.
    #[must_use]
    pub fn first(&self) -> &IntColumn<'a> {
        &self.first
    }

    /// Instant of each contact's last event.
    #[must_use]
    pub fn last(&self) -> &IntColumn<'a> {
        &self.last
    }

    /// Number of blocks.
    #[must_use]
    pub fn blocks(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// The slots whose rows are in a block.
    #[must_use]
    pub fn block_slots(&self, block: u32) -> Range<u32> {
        let block = block as usize;
        let start = block.checked_sub(1).and_then(|p| self.ends.get(p)).copied().unwrap_or(0);
        start..self.ends.get(block).copied().unwrap_or(start)
    }
}

impl<'a> RowBlock<'a> {
    pub(super) fn decode(payload: &'a [u8]) -> Option<Self> {
        let mut sections = Sections::open(payload)?;
        let block = Self { slots: sections.next_slice()?, ends: sections.next_slice()?, ts: int(sections.next()?)? };
        let rows = block.ends.last().map_or(0, |end| *end as usize);
        (block.slots.len() == block.ends.len() && rows == block.ts.len() && block.ends.is_sorted()).then_some(block)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ts.len()
    }

    /// The slots with rows, ascending, each with its rows.
    pub fn contacts(&self) -> impl Iterator<Item = (u16, Range<usize>)> {
        let mut start = 0;
        self.slots.iter().zip(self.ends.iter()).map(move |(slot, end)| {
            let range = start..*end as usize;
            start = *end as usize;
            (*slot, range)
        })
    }

    /// The rows of one slot.
    #[must_use]
    pub fn rows_of(&self, slot: u16) -> Range<usize> {
        match self.slots.binary_search(&slot) {
            Ok(at) => {
                let start = at.checked_sub(1).and_then(|p| self.ends.get(p)).map_or(0, |e| *e as usize);
                start..self.ends.get(at).map_or(start, |e| *e as usize)
            }
            Err(_) => 0..0,
        }
    }

    /// The first contact from position `from` on whose slot is not below `slot`, and its rows if it is that slot's.
    /// Fast where the contacts that are asked for lie close together, and fast where they lie far apart.
    #[must_use]
    pub fn rows_from(&self, from: usize, slot: u16) -> (usize, Range<usize>) {
        let below = |at: usize| self.slots.get(at).is_some_and(|s| *s < slot);
        let (mut lo, mut step) = (from, 1);
        while below(lo + step - 1) {
            lo += step;
            step *= 2;
        }
        let hi = (lo + step - 1).min(self.slots.len());
        let found = lo + self.slots.get(lo..hi).map_or(0, |rest| rest.partition_point(|s| *s < slot));
        match self.slots.get(found) {
            Some(s) if *s == slot => {
                let start = found.checked_sub(1).and_then(|p| self.ends.get(p)).map_or(0, |e| *e as usize);
                (found, start..self.ends.get(found).map_or(start, |e| *e as usize))
            }
            _ => (found, 0..0),
        }
    }

    /// The instants of the rows; every row has one, ascending for each contact.
    #[must_use]
    pub fn ts(&self) -> &IntColumn<'a> {
        &self.ts
    }
}

/// Encodes the hashed ids of a block's rows: two words each, 0 for a row without.
pub(super) fn encode_event_ids(ids: &[Option<u128>]) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of 128 bits")]
    let words: Vec<u64> = ids.iter().flat_map(|id| id.map_or([0, 0], |id| [id as u64, (id >> 64) as u64])).collect();
    let mut sections = SectionsWriter::default();
    sections.push_slice(&words);
    sections.finish()
}

/// Encodes the ids of deleted events with the slots of their contacts, ascending.
pub(super) fn encode_deletions(deletions: &[(u16, u128)]) -> Vec<u8> {
    let slots: Vec<u16> = deletions.iter().map(|(slot, _)| *slot).collect();
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of 128 bits")]
    let words: Vec<u64> = deletions.iter().flat_map(|(_, id)| [*id as u64, (*id >> 64) as u64]).collect();
    let mut sections = SectionsWriter::default();
    sections.push_slice(&slots);
    sections.push_slice(&words);
    sections.finish()
}

/// Reads the ids of deleted events back.
pub(super) fn decode_deletions(payload: &[u8]) -> Option<Vec<(u16, u128)>> {
    let mut sections = Sections::open(payload)?;
    let slots: Cow<'_, [u16]> = sections.next_slice()?;
    let words: Cow<'_, [u64]> = sections.next_slice()?;
    let (pairs, rest) = words.as_chunks::<2>();
    let id = |[low, high]: &[u64; 2]| u128::from(*high) << 64 | u128::from(*low);
    (rest.is_empty() && pairs.len() == slots.len()).then(|| slots.iter().copied().zip(pairs.iter().map(id)).collect())
}

/// Reads hashed ids back.
pub(super) fn decode_event_ids(payload: &[u8]) -> Option<Vec<Option<u128>>> {
    let words: Cow<'_, [u64]> = Sections::open(payload)?.next_slice()?;
    let (pairs, rest) = words.as_chunks::<2>();
    rest.is_empty().then(|| {
        let id = |[low, high]: &[u64; 2]| u128::from(*high) << 64 | u128::from(*low);
        pairs.iter().map(id).map(|id| (id != 0).then_some(id)).collect()
    })
}
