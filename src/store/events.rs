//! The events of one type in one chunk: a summary for each contact, and blocks of rows in the order contact, instant,
//! arrival.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use super::bytes::{Sections, SectionsWriter};
use super::column::{Column, IntColumn, encode_ints, kernels};

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
    boundaries: OnceLock<Vec<u64>>,
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

    /// Bytes of memory that are its own.
    #[must_use]
    pub fn own_bytes(&self) -> usize {
        self.count.own_bytes() + self.first.own_bytes() + self.last.own_bytes()
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
        let (slots, ends) = (sections.next_slice()?, sections.next_slice()?);
        let block = Self { slots, ends, ts: int(sections.next()?)?, boundaries: OnceLock::new() };
        let rows = block.ends.last().map_or(0, |end| *end as usize);
        // Every slot has rows.
        let ascend = block.ends.first().is_none_or(|end| *end > 0) && block.ends.is_sorted_by(|a, b| a < b);
        (block.slots.len() == block.ends.len() && rows == block.ts.len() && ascend).then_some(block)
    }

    /// Bytes of memory that are its own, with those of the [boundaries](Self::boundaries).
    #[must_use]
    pub fn own_bytes(&self) -> usize {
        size_of::<Self>() + self.ts.own_bytes() + self.ts.len() / 8
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

    /// How many rows of each contact have a bit in a set; all of them without a set.
    pub fn count_runs(&self, among: Option<&[u64]>, out: &mut Vec<u32>) {
        if let Some(among) = among {
            kernels::count_runs(&self.ends, among, out);
        } else {
            out.clear();
            out.extend(self.contacts().map(|(_, rows)| u32::try_from(rows.len()).unwrap_or(u32::MAX)));
        }
    }

    /// The slots with rows, ascending.
    #[must_use]
    pub fn slots(&self) -> &[u16] {
        &self.slots
    }

    /// A bit for each row with which a slot begins, and one after the last row. They are made when they are asked for first.
    #[must_use]
    pub fn boundaries(&self) -> &[u64] {
        self.boundaries.get_or_init(|| kernels::boundaries(&self.ends, self.ts.len()))
    }

    /// Where the rows of each slot end.
    #[must_use]
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The rows of one slot.
    #[must_use]
    pub fn rows_of(&self, slot: u16) -> Range<usize> {
        match self.slots.binary_search(&slot) {
            Ok(at) => self.rows_at(at),
            Err(_) => 0..0,
        }
    }

    /// The rows of the slot at a position among those with rows.
    #[must_use]
    pub fn rows_at(&self, at: usize) -> Range<usize> {
        let start = at.checked_sub(1).and_then(|p| self.ends.get(p)).map_or(0, |e| *e as usize);
        start..self.ends.get(at).map_or(start, |e| *e as usize)
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
            Some(s) if *s == slot => (found, self.rows_at(found)),
            _ => (found, 0..0),
        }
    }

    /// The same, step by step: fast where hardly a contact is passed over.
    #[must_use]
    pub fn rows_next(&self, from: usize, slot: u16) -> (usize, Range<usize>) {
        let mut at = from;
        while self.slots.get(at).is_some_and(|s| *s < slot) {
            at += 1;
        }
        (at, if self.slots.get(at) == Some(&slot) { self.rows_at(at) } else { 0..0 })
    }

    /// The instants of the rows; every row has one, ascending for each contact.
    #[must_use]
    pub fn ts(&self) -> &IntColumn<'a> {
        &self.ts
    }
}

/// Encodes the hashed ids of a block's rows: two words each, 0 for a row without. Where few rows have one, only those are
/// kept, with their places and the number of rows.
pub(super) fn encode_event_ids(ids: &[Option<u128>]) -> Vec<u8> {
    let mut sections = SectionsWriter::default();
    let with: Vec<(u32, u128)> = (0..).zip(ids).filter_map(|(row, id)| Some((row, (*id)?))).collect();
    if with.len() < ids.len() / 2 {
        sections.push_slice(&with.iter().flat_map(|(_, id)| halves(*id)).collect::<Vec<_>>());
        sections.push_slice(&with.iter().map(|(row, _)| *row).collect::<Vec<_>>());
        sections.push_slice(&[u32::try_from(ids.len()).unwrap_or(u32::MAX)]);
    } else {
        sections.push_slice(&ids.iter().flat_map(|id| halves(id.unwrap_or(0))).collect::<Vec<_>>());
    }
    sections.finish()
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of 128 bits")]
fn halves(id: u128) -> [u64; 2] {
    [id as u64, (id >> 64) as u64]
}

fn joined([low, high]: &[u64; 2]) -> u128 {
    u128::from(*high) << 64 | u128::from(*low)
}

/// Encodes the ids of deleted events with the slots of their contacts, ascending.
pub(super) fn encode_deletions(deletions: &[(u16, u128)]) -> Vec<u8> {
    let slots: Vec<u16> = deletions.iter().map(|(slot, _)| *slot).collect();
    let words: Vec<u64> = deletions.iter().flat_map(|(_, id)| halves(*id)).collect();
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
    (rest.is_empty() && pairs.len() == slots.len()).then(|| slots.iter().copied().zip(pairs.iter().map(joined)).collect())
}

/// Reads hashed ids back.
pub(super) fn decode_event_ids(payload: &[u8]) -> Option<Vec<Option<u128>>> {
    let mut sections = Sections::open(payload)?;
    let words: Cow<'_, [u64]> = sections.next_slice()?;
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let Some(rows) = sections.next_slice::<u32>() else {
        return Some(pairs.iter().map(joined).map(|id| (id != 0).then_some(id)).collect());
    };
    let len = *sections.next_slice::<u32>()?.first()?;
    let mut ids = vec![None; usize::try_from(len).ok().filter(|_| rows.last().is_none_or(|last| *last < len))?];
    for (row, pair) in rows.iter().zip(pairs) {
        *ids.get_mut(*row as usize)? = Some(joined(pair));
    }
    (rows.len() == pairs.len()).then_some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_whether_many_rows_have_one_or_few() {
        let with = |share: u128| (0..500_u128).map(|n| (n % share == 0).then_some(n << 70 | 1)).collect::<Vec<_>>();
        for ids in [with(1), with(2), with(3), with(400), vec![None; 500], Vec::new()] {
            assert_eq!(decode_event_ids(&encode_event_ids(&ids)).unwrap(), ids);
        }
        assert!(encode_event_ids(&with(400)).len() < 200);
        let deleted = [(3, 7_u128 << 100), (3, 9), (65_535, u128::MAX)];
        assert_eq!(decode_deletions(&encode_deletions(&deleted)).unwrap(), deleted);
    }
}
