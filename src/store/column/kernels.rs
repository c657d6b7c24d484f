//! Inner loops over packed values and dense words, compiled for several processors; the best one is chosen when the program
//! runs. A plain x86-64 build has neither wide comparisons nor a population count.

#![expect(clippy::inline_always, reason = "a function that is not part of its caller is compiled for the plain processor")]

use multiversion::multiversion;

mod hours;
mod most;
mod runs;
mod spread;

pub(super) use hours::{DAY, HOUR, MOST_MS, Origin, SHIFT, since_u32, since_u40};
pub(crate) use hours::{keep_hours, repeated};
pub(crate) use most::{Counts, FEW, most_frequent};
pub(crate) use runs::{RunOf, any_in_runs, boundaries, count_runs, keep_from, sum_runs, widened};
pub(crate) use spread::{deposit, spread};

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
