//! Lists: where each slot's elements end, and a column of all elements.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use super::super::bytes::{Sections, SectionsWriter};
use super::{Column, TAG_LIST, kernels, tagged};

/// A column of lists; a slot without elements is empty.
#[derive(Debug, Clone)]
pub struct ListColumn<'a> {
    ends: Cow<'a, [u32]>,
    items: Column<'a>,
    filled: OnceLock<Filled>,
}

/// Where elements belong, as bits; made when it is asked for first.
#[derive(Debug, Clone)]
struct Filled {
    /// The slots that have elements.
    slots: Vec<u64>,
    /// The elements with which a slot begins.
    boundaries: Vec<u64>,
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
        (flat && total == items.len() && ends.is_sorted()).then(|| Self { ends, items, filled: OnceLock::new() })
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

    /// Bytes of memory that are the column's own, with those that it takes when elements are looked for.
    #[must_use]
    pub fn own_bytes(&self) -> usize {
        let ends = if let Cow::Owned(ends) = &self.ends { size_of_val(ends.as_slice()) } else { 0 };
        size_of::<Self>() + ends + self.items.own_bytes() + (self.ends.len() + self.items.len()) / 8
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
        let Filled { slots, boundaries } = self.filled();
        let mut any = Vec::new();
        kernels::any_in_runs(boundaries, elements, &mut any);
        kernels::deposit(slots, &any, out);
    }

    fn filled(&self) -> &Filled {
        self.filled.get_or_init(|| {
            let mut start = 0;
            let mut slots = vec![0; self.ends.len().div_ceil(64)];
            for (slots, ends) in slots.iter_mut().zip(self.ends.chunks(64)) {
                for (bit, end) in ends.iter().enumerate() {
                    *slots |= u64::from(*end > start) << bit;
                    start = *end;
                }
            }
            Filled { slots, boundaries: kernels::boundaries(&self.ends, self.items.len()) }
        })
    }

    /// Sets the bit of every slot that has elements.
    pub fn present_into(&self, out: &mut [u64]) {
        out.iter_mut().zip(&self.filled().slots).for_each(|(out, slots)| *out |= slots);
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
