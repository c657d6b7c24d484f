//! A Roaring bitmap of one chunk, read in place from its portable form, and made by way of it.
//!
//! Method: the format of the Roaring specification; a chunk is exactly one container, which without runs is an array of
//! up to 4,096 positions or 1,024 words.

use std::borrow::Cow;
use std::io::Read;

use roaring::RoaringBitmap;

use super::super::bytes::cast;
use super::kernels;

/// First word of the portable form without run containers.
const COOKIE: u32 = 12346;
/// Cookie, number of containers, key and cardinality, offset.
const HEAD: usize = 16;
/// Above so many positions a container is a bitmap.
const ARRAY_MAX: usize = 4096;

/// The portable form of a set of slots, ascending.
pub(super) fn encode(slots: &[u16]) -> Vec<u8> {
    let mut out = Vec::new();
    if let Ok(bitmap) = RoaringBitmap::from_sorted_iter(slots.iter().map(|s| u32::from(*s))) {
        // Writing into memory does not fail.
        drop(bitmap.serialize_into(&mut out));
    }
    out
}

/// The set of some slots of a chunk, by the numbers of contacts. Quicker than the ways in which the crate takes dense bits, which count them
/// without the processor's instruction and look for each.
pub(crate) fn of_words(chunk: u32, words: &[u64]) -> RoaringBitmap {
    let many = kernels::count(words);
    let (Ok(key), Some(last)) = (u16::try_from(chunk), many.checked_sub(1).and_then(|last| u16::try_from(last).ok())) else {
        return RoaringBitmap::new();
    };
    let ([c0, c1, c2, c3], [k0, k1], [l0, l1]) = (COOKIE.to_le_bytes(), key.to_le_bytes(), last.to_le_bytes());
    let head: [u8; HEAD] = [c0, c1, c2, c3, 1, 0, 0, 0, k0, k1, l0, l1, 16, 0, 0, 0];
    let head = head.as_slice();
    let made = if many > ARRAY_MAX {
        let words: Cow<'_, [u64]> =
            if cfg!(target_endian = "little") { words.into() } else { words.iter().map(|word| word.to_le()).collect() };
        RoaringBitmap::deserialize_unchecked_from(head.chain(bytemuck::cast_slice::<u64, u8>(&words)))
    } else {
        let mut slots = Vec::new();
        kernels::places(words, &mut slots);
        for slot in &mut slots {
            *slot = slot.to_le();
        }
        RoaringBitmap::deserialize_unchecked_from(head.chain(bytemuck::cast_slice::<u16, u8>(&slots)))
    };
    // Reading from memory does not fail.
    made.unwrap_or_default()
}

/// How many slots a portable form has, from its head.
pub(super) fn cardinality(bytes: &[u8]) -> Option<u32> {
    let [.., l0, l1, _, _, _, _] = *bytes.first_chunk::<HEAD>()?;
    Some(u32::from(u16::from_le_bytes([l0, l1])) + 1)
}

/// Adds the slots of a portable form to a set; `None` for bytes that [`encode`] did not write.
pub(super) fn union_into(bytes: &[u8], out: &mut [u64]) -> Option<()> {
    let (head, data) = bytes.split_first_chunk::<HEAD>()?;
    let [c0, c1, c2, c3, n0, n1, n2, n3, _, _, l0, l1, ..] = *head;
    if u32::from_le_bytes([c0, c1, c2, c3]) != COOKIE || u32::from_le_bytes([n0, n1, n2, n3]) != 1 {
        return None;
    }
    let cardinality = usize::from(u16::from_le_bytes([l0, l1])) + 1;
    if cardinality > ARRAY_MAX {
        let words: Cow<'_, [u64]> = cast(data)?;
        out.iter_mut().zip(words.iter()).for_each(|(o, w)| *o |= w);
        return Some(());
    }
    let slots: Cow<'_, [u16]> = cast(data)?;
    for slot in slots.iter() {
        *out.get_mut(usize::from(*slot) / 64)? |= 1 << (slot % 64);
    }
    (slots.len() == cardinality).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_and_everybody() {
        assert_eq!(of_words(7, &[0; 1024]), RoaringBitmap::new());
        assert_eq!(of_words(1, &[u64::MAX; 1024]), RoaringBitmap::from_sorted_iter(65_536..131_072).unwrap());
    }

    #[test]
    fn arrays_and_bitmaps_come_back() {
        for step in [1_u16, 2, 7, 100, 60_000] {
            let slots: Vec<u16> = (3..65_535).step_by(usize::from(step)).collect();
            let mut out = vec![0; 1024];
            union_into(&encode(&slots), &mut out).unwrap();
            let back: Vec<u16> = (0..=u16::MAX).filter(|s| super::super::bit(&out, usize::from(*s))).collect();
            assert_eq!(back, slots);
            let made = of_words(3, &out);
            assert_eq!(made, RoaringBitmap::from_sorted_iter(slots.iter().map(|s| 3 << 16 | u32::from(*s))).unwrap());
            assert_eq!(made.len(), slots.len() as u64);
        }
    }
}
