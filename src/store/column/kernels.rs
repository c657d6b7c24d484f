//! Inner loops over packed values and dense words, compiled for several processors; the best one is chosen when the program
//! runs. A plain x86-64 build has neither wide comparisons nor a population count.

#![expect(clippy::inline_always, reason = "a function that is not part of its caller is compiled for the plain processor")]

use multiversion::multiversion;

/// Sets the bits of the values between `lo` and `lo + span`, where `present` has one too.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(super) fn between_u8(values: &[u8], lo: u8, span: u8, present: Option<&[u64]>, out: &mut [u64]) {
    between(values, |v| v.wrapping_sub(lo) <= span, present, out);
}

/// As [`between_u8`].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(super) fn between_u16(values: &[u16], lo: u16, span: u16, present: Option<&[u64]>, out: &mut [u64]) {
    between(values, |v| v.wrapping_sub(lo) <= span, present, out);
}

/// As [`between_u8`].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(super) fn between_u32(values: &[u32], lo: u32, span: u32, present: Option<&[u64]>, out: &mut [u64]) {
    between(values, |v| v.wrapping_sub(lo) <= span, present, out);
}

/// As [`between_u8`].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(super) fn between_u64(values: &[u64], lo: u64, span: u64, present: Option<&[u64]>, out: &mut [u64]) {
    between(values, |v| v.wrapping_sub(lo) <= span, present, out);
}

/// As [`between_u8`], for values of 40 bits whose upper 32 stand apart from their lowest 8. The upper ones decide for nearly
/// all; only where they equal those of a bound are the lowest looked at.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(super) fn between_u40(high: &[u32], low: &[u8], (lo, hi): (u64, u64), present: Option<&[u64]>, out: &mut [u64]) {
    #[expect(clippy::cast_possible_truncation, reason = "40 bits without their lowest 8")]
    let (from, to) = ((lo >> 8) as u32, (hi >> 8) as u32);
    if lo == 0 {
        // The least value stands for empty places too, which would all be looked at twice.
        split(high, low, |v| v < to, |v| v == to, |v| v <= hi, present, out);
    } else {
        split(high, low, |v| from < v && v < to, |v| v == from || v == to, |v| lo <= v && v <= hi, present, out);
    }
}

/// Values whose upper bits are `inside` pass; where those are on an `edge` the whole value says so.
#[inline(always)]
fn split(
    high: &[u32],
    low: &[u8],
    inside: impl Fn(u32) -> bool,
    edge: impl Fn(u32) -> bool,
    passes: impl Fn(u64) -> bool,
    present: Option<&[u64]>,
    out: &mut [u64],
) {
    let blocks = high.chunks(64).zip(low.chunks(64)).zip(out.iter_mut());
    for (at, ((high, low), target)) in blocks.enumerate() {
        let mut word = compared(high, &inside);
        let mut edges = compared(high, &edge);
        while edges != 0 {
            let bit = edges.trailing_zeros() as usize;
            edges &= edges - 1;
            if let (Some(high), Some(low)) = (high.get(bit), low.get(bit)) {
                word |= u64::from(passes(u64::from(*high) << 8 | u64::from(*low))) << bit;
            }
        }
        *target |= word & present.map_or(u64::MAX, |p| p.get(at).copied().unwrap_or(0));
    }
}

/// How many bits are set in each of the runs that end at these places, each beginning where the one before ends.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn count_runs(ends: &[u32], bits: &[u64], out: &mut Vec<u32>) {
    // Of the words before the one that is looked at.
    let (mut whole, mut at) = (0, 0);
    let mut before = 0;
    out.extend(ends.iter().map(|end| {
        let (word, rest) = (*end as usize / 64, end % 64);
        while at < word {
            whole += bits.get(at).map_or(0, |word| word.count_ones());
            at += 1;
        }
        let up_to = whole + bits.get(word).map_or(0, |word| (word & ((1 << rest) - 1)).count_ones());
        let run = up_to - before;
        before = up_to;
        run
    }));
}

/// Keeps the bits that are in `other` too.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn and(set: &mut [u64], other: &[u64]) {
    set.iter_mut().zip(other).for_each(|(a, b)| *a &= b);
}

/// Removes the bits that are in `other`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn and_not(set: &mut [u64], other: &[u64]) {
    set.iter_mut().zip(other).for_each(|(a, b)| *a &= !b);
}

/// Adds the bits that are in `other`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn or(set: &mut [u64], other: &[u64]) {
    set.iter_mut().zip(other).for_each(|(a, b)| *a |= b);
}

/// How many bits are set.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn count(set: &[u64]) -> usize {
    set.iter().map(|word| word.count_ones() as usize).sum()
}

/// Compares 64 values at a time.
#[inline(always)]
fn between<T: Copy>(values: &[T], passes: impl Fn(T) -> bool, present: Option<&[u64]>, out: &mut [u64]) {
    for (at, (block, target)) in values.chunks(64).zip(out.iter_mut()).enumerate() {
        *target |= compared(block, &passes) & present.map_or(u64::MAX, |p| p.get(at).copied().unwrap_or(0));
    }
}

/// Up to 64 values as bits: into bytes, which vectorises, and those into bits.
#[inline(always)]
fn compared<T: Copy>(block: &[T], passes: impl Fn(T) -> bool) -> u64 {
    let mut hits = [0_u8; 64];
    if let Ok(block) = <&[T; 64]>::try_from(block) {
        for (hit, value) in hits.iter_mut().zip(block) {
            *hit = u8::from(passes(*value));
        }
    } else {
        for (hit, value) in hits.iter_mut().zip(block) {
            *hit = u8::from(passes(*value));
        }
    }
    pack_bytes(&hits)
}

/// 64 bytes of 0 or 1 as 64 bits.
#[inline(always)]
fn pack_bytes(bytes: &[u8; 64]) -> u64 {
    // The product moves the lowest bit of each of 8 bytes into the top byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = bytes.as_chunks::<8>();
    eights
        .iter()
        .enumerate()
        .fold(0, |word, (at, eight)| word | (u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56) << (8 * at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_are_counted(words in prop::collection::vec(any::<u64>(), 0..6), lengths in prop::collection::vec(0_u32..90, 0..12)) {
            let places = u32::try_from(words.len() * 64).unwrap();
            let ends: Vec<u32> = lengths.iter().scan(0, |end, length| { *end = (*end + length).min(places); Some(*end) }).collect();
            let mut start = 0;
            let expected: Vec<u32> = ends.iter().map(|end| {
                let run = (start..*end).filter(|bit| words[*bit as usize / 64] >> (bit % 64) & 1 == 1).count();
                start = *end;
                u32::try_from(run).unwrap()
            }).collect();
            let mut out = Vec::new();
            count_runs(&ends, &words, &mut out);
            prop_assert_eq!(out, expected);
        }
    }
}
