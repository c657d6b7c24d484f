//! Inner loops over packed values and dense words, compiled for several processors; the best one is chosen when the program
//! runs. A plain x86-64 build has neither wide comparisons nor a population count.

#![expect(clippy::inline_always, reason = "a function that is not part of its caller is compiled for the plain processor")]

use multiversion::multiversion;

mod hours;
mod runs;
mod spread;

pub(super) use hours::{DAY, HOUR, MOST_MS, Origin, SHIFT, since_u32, since_u40};
pub(crate) use hours::{keep_hours, repeated};
pub(crate) use runs::{RunOf, any_in_runs, boundaries, count_runs, drop_firsts, keep_ends, keep_from, sum_runs, widened};
pub(crate) use spread::{deposit, places, spread};

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

/// Values of 40 bits after they have been shifted: the upper 16, the next 16, and the lowest 8.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planes<'v> {
    pub high: &'v [u16],
    pub middle: &'v [u16],
    pub low: &'v [u8],
    pub shift: u32,
}

/// A value of 40 bits.
#[inline(always)]
pub(super) fn joined(high: u16, middle: u16, low: u8) -> u64 {
    u64::from(high) << 24 | u64::from(middle) << 8 | u64::from(low)
}

/// As [`between_u8`], for values between `lo` and `hi`, of 40 bits. The upper ones decide for nearly all; only where they equal those of a
/// bound is the rest looked at. `hi` is `u64::MAX` where nothing is above it.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(super) fn between_u40(values: Planes<'_>, (lo, hi): (u64, u64), present: Option<&[u64]>, out: &mut [u64]) {
    let above = hi == u64::MAX;
    let (lo, hi) = (lo << values.shift, hi << values.shift);
    #[expect(clippy::cast_possible_truncation, reason = "40 bits without their lowest 24")]
    let (from, to) = ((lo >> 24) as u16, (hi >> 24) as u16);
    if above {
        split(values, |v| v > from, |v| v == from, |v| lo <= v, present, out);
    } else if lo == 0 {
        // The least value stands for empty places too, which would all be looked at twice.
        split(values, |v| v < to, |v| v == to, |v| v <= hi, present, out);
    } else {
        split(values, |v| from < v && v < to, |v| v == from || v == to, |v| lo <= v && v <= hi, present, out);
    }
}

/// Values whose upper bits are `inside` pass; where those are on an `edge` the whole value says so.
#[inline(always)]
fn split(
    Planes { high, middle, low, .. }: Planes<'_>,
    inside: impl Fn(u16) -> bool,
    edge: impl Fn(u16) -> bool,
    passes: impl Fn(u64) -> bool,
    present: Option<&[u64]>,
    out: &mut [u64],
) {
    for ((at, block), target) in (0..).step_by(64).zip(high.chunks(64)).zip(out.iter_mut()) {
        let present = present.map_or(u64::MAX, |p| p.get(at / 64).copied().unwrap_or(0));
        let mut word = compared(block, &inside);
        let mut edges = compared(block, &edge) & present;
        while edges != 0 {
            let bit = edges.trailing_zeros() as usize;
            edges &= edges - 1;
            if let (Some(high), Some(middle), Some(low)) = (block.get(bit), middle.get(at + bit), low.get(at + bit)) {
                word |= u64::from(passes(joined(*high, *middle, *low))) << bit;
            }
        }
        *target |= word & present;
    }
}

/// Sets the bits of the values for which a table says so, and nothing beyond its end.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(super) fn known_u8(values: &[u8], table: &[bool], present: Option<&[u64]>, out: &mut [u64]) {
    // Of all values that there can be, so that nothing has to be compared with its end.
    let mut whole = [false; 1 << 8];
    whole.iter_mut().zip(table).for_each(|(whole, known)| *whole = *known);
    #[expect(clippy::indexing_slicing, reason = "as long as there are values")]
    between(values, |v| whole[usize::from(v)], present, out);
}

/// As [`known_u8`].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(super) fn known_u16(values: &[u16], table: &[bool], present: Option<&[u64]>, out: &mut [u64]) {
    let mut whole = vec![false; 1 << 16];
    whole.iter_mut().zip(table).for_each(|(whole, known)| *whole = *known);
    let Some(whole) = whole.first_chunk::<{ 1 << 16 }>() else { return };
    #[expect(clippy::indexing_slicing, reason = "as long as there are values")]
    between(values, |v| whole[usize::from(v)], present, out);
}

/// Which numbers lie between two others.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn between_i64(values: &[i64], lo: i64, hi: i64, out: &mut Vec<u64>) {
    out.clear();
    out.extend(values.chunks(64).map(|values| compared(values, |v| lo <= v && v <= hi)));
}

/// Which counts lie between two others.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn between_counts(values: &[u32], lo: u32, hi: u32, out: &mut Vec<u64>) {
    out.clear();
    out.extend(values.chunks(64).map(|values| compared(values, |v| lo <= v && v <= hi)));
}

/// How numbers compare with others after both are multiplied: which are less, and which are equal. Products have to fit.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn compared_scaled((a, left): (&[i64], i64), (b, right): (&[i64], i64), less: &mut Vec<u64>, equal: &mut Vec<u64>) {
    less.clear();
    equal.clear();
    for (a, b) in a.chunks(64).zip(b.chunks(64)) {
        let mut differences = [0_i64; 64];
        for ((difference, a), b) in differences.iter_mut().zip(a).zip(b) {
            let (a, b) = (a.wrapping_mul(left), b.wrapping_mul(right));
            *difference = i64::from(a > b) - i64::from(a < b);
        }
        less.push(compared(&differences, |n| n < 0));
        equal.push(compared(&differences, |n| n == 0));
    }
}

/// The greatest distance from 0.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn furthest(values: &[i64]) -> u64 {
    values.iter().fold(0, |most, n| most.max(n.unsigned_abs()))
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

/// Up to 64 values as bits. In this form the compiler makes masks of comparisons.
#[inline(always)]
fn compared<T: Copy>(block: &[T], passes: impl Fn(T) -> bool) -> u64 {
    let mut word = 0;
    if let Ok(block) = <&[T; 64]>::try_from(block) {
        for (bit, value) in block.iter().enumerate() {
            word |= u64::from(passes(*value)) << bit;
        }
    } else {
        for (bit, value) in block.iter().enumerate() {
            word |= u64::from(passes(*value)) << bit;
        }
    }
    word
}
