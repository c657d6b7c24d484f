//! Lists: where each slot's elements end, and a column of all elements.

use std::borrow::Cow;
use std::ops::Range;

use super::super::bytes::{Sections, SectionsWriter};
use super::{Column, TAG_LIST, tagged};

/// A column of lists; a slot without elements is empty.
#[derive(Debug, Clone)]
pub struct ListColumn<'a> {
    ends: Cow<'a, [u32]>,
    items: Column<'a>,
}

/// Encodes a column from the number of elements of each slot and the encoded column of all elements.
#[must_use]
pub fn encode_list(lengths: &[u32], items: &[u8]) -> Vec<u8> {
    let ends: Vec<u32> = lengths
        .iter()
        .scan(0_u32, |end, length| {
            *end = end.saturating_add(*length);
            Some(*end)
        })
        .collect();
    let mut sections = SectionsWriter::default();
    sections.push_slice(&ends);
    sections.push(items);
    tagged(TAG_LIST, &sections.finish())
}

impl<'a> ListColumn<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut sections = Sections::open(bytes)?;
        let ends = sections.next_slice::<u32>()?;
        let items = Column::decode(sections.next()?)?;
        // No encoder makes lists of lists, and decoding them would recurse without a bound.
        let flat = !matches!(items, Column::List(_));
        let total = ends.last().map_or(0, |end| *end as usize);
        (flat && total == items.len() && ends.is_sorted()).then_some(Self { ends, items })
    }

    /// Number of slots.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no slot.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Where a slot's elements stand in [`Self::items`].
    #[must_use]
    pub fn range(&self, slot: usize) -> Range<usize> {
        let end = self.ends.get(slot).map_or(0, |e| *e as usize);
        let start = slot.checked_sub(1).and_then(|p| self.ends.get(p)).map_or(0, |e| *e as usize);
        start..end.max(start)
    }

    /// All elements.
    #[must_use]
    pub fn items(&self) -> &Column<'a> {
        &self.items
    }

    /// Sets the bit of every slot that has one of some elements, given as bits.
    pub fn slots_of(&self, elements: &[u64], out: &mut [u64]) {
        let mut slot = 0;
        for (at, word) in elements.iter().enumerate() {
            let mut bits = *word;
            while bits != 0 {
                let element = at * 64 + bits.trailing_zeros() as usize;
                while self.ends.get(slot).is_some_and(|end| *end as usize <= element) {
                    slot += 1;
                }
                let end = self.ends.get(slot).map_or(usize::MAX, |end| *end as usize);
                // The slot's other elements say nothing new.
                bits = if end < at * 64 + 64 { bits & u64::MAX << (end % 64) } else { 0 };
                if slot < self.ends.len()
                    && let Some(target) = out.get_mut(slot / 64)
                {
                    *target |= 1 << (slot % 64);
                }
            }
        }
    }

    /// Sets the bit of every slot that has elements.
    pub fn present_into(&self, out: &mut [u64]) {
        let mut start = 0;
        for (slot, end) in self.ends.iter().enumerate() {
            if *end > start
                && let Some(word) = out.get_mut(slot / 64)
            {
                *word |= 1 << (slot % 64);
            }
            start = *end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::column::encode_ints;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn elements_belong_to_slots(lengths in prop::collection::vec(prop_oneof![4 => 0_u32..4, 1 => 0_u32..90], 0..200), some in any::<[u64; 8]>()) {
            let total = lengths.iter().sum::<u32>() as usize;
            let items: Vec<Option<i64>> = (0..total).map(|n| i64::try_from(n).ok()).collect();
            let bytes = encode_list(&lengths, &encode_ints(&items));
            let list = ListColumn::decode(&bytes[8..]).unwrap();
            let elements: Vec<u64> = (0..total.div_ceil(64)).map(|at| some[at % 8] & if at + 1 == total.div_ceil(64) && !total.is_multiple_of(64) { (1 << (total % 64)) - 1 } else { u64::MAX }).collect();
            let mut out = vec![0; lengths.len().div_ceil(64)];
            list.slots_of(&elements, &mut out);
            for slot in 0..lengths.len() {
                let expected = list.range(slot).any(|item| elements[item / 64] >> (item % 64) & 1 == 1);
                prop_assert_eq!(out[slot / 64] >> (slot % 64) & 1 == 1, expected);
            }
        }
    }
}
