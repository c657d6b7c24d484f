//! Hours and days of very many instants.

use multiversion::multiversion;

use super::Planes;

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
    let mut upper = [0; 64];
    let Planes { high, middle, low } = values;
    by_64(out, high.chunks(64).zip(middle.chunks(64)).zip(low.chunks(64)), among, |out, ((high, middle), low)| {
        for ((upper, high), middle) in upper.iter_mut().zip(high).zip(middle) {
            *upper = u32::from(*high) << 16 | u32::from(*middle);
        }
        for ((out, upper), low) in out.iter_mut().zip(&upper).zip(low) {
            // Twice 128 in the upper part; the carry of what is below is all that the lowest bits are good for.
            *out = (upper << 1).wrapping_add((u32::from(*low) + rest) >> SHIFT).wrapping_add(whole);
        }
        // Copied, or each would be gathered from memory.
        for &(from, later) in origin.changes {
            let (from_upper, from_low) = ((from >> 8) as u32, from as u8);
            for ((out, upper), low) in out.iter_mut().zip(&upper).zip(low) {
                let is_after = *upper > from_upper || *upper == from_upper && *low >= from_low;
                *out = out.wrapping_add(if is_after { later } else { 0 });
            }
        }
        for out in out {
            *out /= PER;
        }
    });
}

/// The same for instants that are packed as multiples of `unit` milliseconds.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
#[expect(clippy::cast_possible_truncation, reason = "below `MOST_MS`")]
pub(in super::super) fn since_u32<const PER: u32>(values: &[u32], unit: u32, origin: Origin<'_>, among: &[u64], out: &mut [u32]) {
    by_64(out, values.chunks(64), among, |out, values| {
        for (out, value) in out.iter_mut().zip(values) {
            *out = ((u64::from(*value) * u64::from(unit) + origin.since) >> SHIFT) as u32;
        }
        for &(from, later) in origin.changes {
            for (out, value) in out.iter_mut().zip(values) {
                *out = out.wrapping_add(if u64::from(*value) >= from { later } else { 0 });
            }
        }
        for out in out {
            *out /= PER;
        }
    });
}

/// Hands on 64 places at a time, and what is left at the end; those alone whose word has a bit.
#[inline(always)]
fn by_64<T>(out: &mut [u32], values: impl Iterator<Item = T>, among: &[u64], mut see: impl FnMut(&mut [u32], T)) {
    for ((out, values), word) in out.chunks_mut(64).zip(values).zip(among) {
        if *word != 0 {
            see(out, values);
        }
    }
}

/// Keeps the rows whose hour of the day has a bit in `set`; hours count from a midnight on.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn keep_hours(hours: &[u32], set: u32, rows: &mut [u64]) {
    for (hours, rows) in hours.chunks(64).zip(rows).filter(|(_, rows)| **rows != 0) {
        *rows &= super::compared(hours, |hour| set >> (hour % 24) & 1 == 1);
    }
}

/// Sets the bits of the rows whose number is that of the row before; those alone whose words have a bit are told.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn repeated(numbers: &[u32], among: &[u64], out: &mut [u64]) {
    for ((at, out), among) in (0..).step_by(64).zip(out).zip(among) {
        *out = match at {
            _ if *among == 0 => 0,
            // Nothing comes before the first.
            0 => equal(numbers, numbers.get(1..numbers.len().min(64)).unwrap_or_default()) << 1,
            at => equal(numbers.get(at - 1..).unwrap_or_default(), numbers.get(at..).unwrap_or_default()),
        };
    }
}

/// Which of the first 64 numbers are equal.
#[inline(always)]
fn equal(a: &[u32], b: &[u32]) -> u64 {
    let mut word = 0;
    if let (Some(a), Some(b)) = (a.first_chunk::<64>(), b.first_chunk::<64>()) {
        for (bit, (a, b)) in a.iter().zip(b).enumerate() {
            word |= u64::from(a == b) << bit;
        }
    } else {
        for (bit, (a, b)) in a.iter().zip(b).enumerate() {
            word |= u64::from(a == b) << bit;
        }
    }
    word
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
