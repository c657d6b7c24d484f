//! Hours and days of very many instants.

use multiversion::multiversion;
use multiversion::target::match_target;

use super::Planes;
use super::compare::compared;
#[cfg(target_arch = "x86_64")]
use super::compare::wide;

/// An hour has 28,125 times 128 milliseconds.
pub(in super::super) const HOUR: u32 = 28_125;
pub(in super::super) const DAY: u32 = 24 * HOUR;
pub(in super::super) const SHIFT: u32 = 7;
/// Milliseconds from the origin on that can be told: 17 years.
pub(in super::super) const MOST_MS: u64 = 1 << (32 + SHIFT);

/// Where an origin lies: the instant that is packed as 0 comes `since` milliseconds after it, and from each of `changes` on, packed
/// instants come so many times 128 milliseconds later or, as numbers wrap, earlier.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Origin<'o> {
    pub since: u64,
    pub changes: &'o [(u64, u32)],
}

/// How many hours, or `PER` times 128 milliseconds, lie between the origin and packed instants, in whole numbers; those alone whose
/// words have a bit are told.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
#[expect(clippy::cast_possible_truncation, reason = "the bits are divided")]
pub(in super::super) fn since_u40<const PER: u32>(values: Planes<'_>, origin: Origin<'_>, among: &[u64], out: &mut [u32]) {
    let (whole, rest) = ((origin.since >> SHIFT) as u32, origin.since as u32 & ((1 << SHIFT) - 1));
    let Planes { high, middle, low, shift } = values;
    by_64(out, among, |at| {
        let (high, middle, low) = (block(high, at), block(middle, at), block(low, at));
        let (mut upper, mut out) = ([0; 64], [0_u32; 64]);
        for ((upper, high), middle) in upper.iter_mut().zip(high).zip(middle) {
            *upper = u32::from(high) << 16 | u32::from(middle);
        }
        // How often 128 goes into the instant, and the carry of what is below: that is all that the lowest bits are good for.
        if let Some(less) = shift.checked_sub(1) {
            for ((out, upper), low) in out.iter_mut().zip(&upper).zip(&low) {
                let below = (upper << (8 - shift) | u32::from(*low) >> shift) & ((1 << SHIFT) - 1);
                *out = (upper >> less).wrapping_add((below + rest) >> SHIFT).wrapping_add(whole);
            }
        } else {
            for ((out, upper), low) in out.iter_mut().zip(&upper).zip(&low) {
                *out = (upper << 1).wrapping_add((u32::from(*low) + rest) >> SHIFT).wrapping_add(whole);
            }
        }
        // Copied, or each would be gathered from memory.
        for &(from, later) in origin.changes {
            let from = from << shift;
            let (from_upper, from_low) = ((from >> 8) as u32, from as u8);
            for ((out, upper), low) in out.iter_mut().zip(&upper).zip(&low) {
                let is_after = *upper > from_upper || *upper == from_upper && *low >= from_low;
                *out = out.wrapping_add(if is_after { later } else { 0 });
            }
        }
        for out in &mut out {
            *out /= PER;
        }
        out
    });
}

/// The same for instants that are packed as multiples of `unit` milliseconds.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
#[expect(clippy::cast_possible_truncation, reason = "below `MOST_MS`")]
pub(in super::super) fn since_u32<const PER: u32>(values: &[u32], unit: u32, origin: Origin<'_>, among: &[u64], out: &mut [u32]) {
    by_64(out, among, |at| {
        let values = block(values, at);
        let mut out = [0_u32; 64];
        for (out, value) in out.iter_mut().zip(&values) {
            *out = ((u64::from(*value) * u64::from(unit) + origin.since) >> SHIFT) as u32;
        }
        for &(from, later) in origin.changes {
            for (out, value) in out.iter_mut().zip(&values) {
                *out = out.wrapping_add(if u64::from(*value) >= from { later } else { 0 });
            }
        }
        for out in &mut out {
            *out /= PER;
        }
        out
    });
}

/// Puts what is told of 64 places from one on there, for those alone whose word has a bit.
#[inline(always)]
fn by_64(out: &mut [u32], among: &[u64], tell: impl Fn(usize) -> [u32; 64]) {
    for ((at, out), word) in (0..).step_by(64).zip(out.chunks_mut(64)).zip(among) {
        if *word == 0 {
            continue;
        }
        let told = tell(at);
        if let Ok(out) = <&mut [u32; 64]>::try_from(&mut *out) {
            *out = told;
        } else {
            for (out, told) in out.iter_mut().zip(told) {
                *out = told;
            }
        }
    }
}

/// 64 values from a place on, the last ones filled up.
#[inline(always)]
fn block<T: Copy + Default>(values: &[T], at: usize) -> [T; 64] {
    let rest = values.get(at..).unwrap_or_default();
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut filled = [T::default(); 64];
        filled.iter_mut().zip(rest).for_each(|(place, value)| *place = *value);
        filled
    })
}

/// Keeps the rows whose hour of the day has a bit in `set`; hours count from a midnight on.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn keep_hours(hours: &[u32], set: u32, rows: &mut [u64]) {
    let have_any = match_target! {
        "x86_64+avx512f" => |hours: &[u32; 64]| wide::have_any(hours, set),
        _ => |hours: &[u32; 64]| compared(hours, |hour| set & hour != 0),
    };
    for (at, rows) in (0..).step_by(64).zip(rows).filter(|(_, rows)| **rows != 0) {
        let mut of_day = block(hours, at);
        for hour in &mut of_day {
            *hour = 1 << (*hour % 24);
        }
        *rows &= have_any(&of_day);
    }
}

/// Sets the bits of the rows whose number is that of the row before; those alone whose words have a bit are told.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn repeated(numbers: &[u32], among: &[u64], out: &mut [u64]) {
    let equal = match_target! {
        "x86_64+avx512f" => |a: &[u32; 64], b: &[u32; 64]| wide::equal(a, b),
        _ => |a: &[u32; 64], b: &[u32; 64]| a.iter().zip(b).rev().fold(0, |word, (a, b)| word << 1 | u64::from(a == b)),
    };
    for ((at, out), among) in (0..).step_by(64).zip(out).zip(among) {
        *out = match at {
            _ if *among == 0 => 0,
            // Nothing comes before the first.
            0 => equal(&block(numbers, 0), &block(numbers, 1)) << 1,
            at => equal(&block(numbers, at - 1), &block(numbers, at)),
        };
        // Behind the last one they have been filled up.
        let left = numbers.len().saturating_sub(at);
        *out &= if left < 64 { (1 << left) - 1 } else { u64::MAX };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn repetitions_are_those_of_the_number_before(numbers in prop::collection::vec(0_u32..3, 0..300)) {
            let mut out = vec![7; numbers.len().div_ceil(64)];
            repeated(&numbers, &vec![1; out.len()], &mut out);
            for at in 0..numbers.len() {
                prop_assert_eq!(out[at / 64] >> (at % 64) & 1 == 1, at > 0 && numbers[at - 1] == numbers[at], "{}", at);
            }
        }

        #[test]
        fn hours_that_are_kept_have_a_bit(hours in prop::collection::vec(0_u32..5000, 0..200), set in 0_u32..1 << 24) {
            let mut rows = vec![u64::MAX; hours.len().div_ceil(64)];
            keep_hours(&hours, set, &mut rows);
            for (at, hour) in hours.iter().enumerate() {
                prop_assert_eq!(rows[at / 64] >> (at % 64) & 1 == 1, set >> (hour % 24) & 1 == 1);
            }
        }
    }
}
