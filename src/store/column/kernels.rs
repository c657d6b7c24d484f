//! Inner loops over packed values and dense words, compiled for several processors; the best one is chosen when the program
//! runs. A plain x86-64 build has neither wide comparisons nor a population count.

#![expect(clippy::inline_always, reason = "a function that is not part of its caller is compiled for the plain processor")]

use multiversion::multiversion;

mod compare;
mod hours;
mod most;
mod runs;
mod spread;

pub(super) use compare::{Planes, between_u8, between_u16, between_u32, between_u40, between_u64, joined, known_u8, known_u16};
pub(crate) use compare::{between_counts, between_i64, compared_scaled};
pub(super) use hours::{DAY, HOUR, MOST_MS, Origin, SHIFT, since_u32, since_u40};
pub(crate) use hours::{keep_hours, repeated};
pub(crate) use most::{Counts, FEW, most_frequent};
pub(crate) use runs::{RunOf, any_in_runs, boundaries, count_runs, drop_firsts, keep_ends, keep_from, sum_runs, widened};
pub(crate) use spread::{deposit, places, spread};

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
