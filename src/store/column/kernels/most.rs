//! The most frequent value of each of many runs, of few different ones.
//!
//! Method: how often each value has come so far stands in the bytes of one register, of which every row adds one; what a run has is the
//! difference of two of them, those at its end and at the end of the run before. Which of the values that are equally frequent comes
//! first is looked up among 16 rows at once.

use multiversion::multiversion;
use multiversion::target::match_target;

use super::runs::{lasts, words};
use super::spread::window;

/// Values are below this.
pub(crate) const FEW: u64 = 16;

/// How often each value occurs, as far as a byte tells.
pub(crate) type Counts = [u8; 16];

/// Rows whose values are looked up at once.
const AT_ONCE: usize = 16;

/// What every value adds, and nothing.
static ONE_OF: [Counts; 256] = {
    let mut ones = [[0; 16]; 256];
    let mut value = 0;
    while value < 16 {
        #[expect(clippy::indexing_slicing, reason = "checked by the compiler")]
        {
            ones[value][value] = 1;
        }
        value += 1;
    }
    ones
};

/// The place of [`ONE_OF`] that adds nothing.
const NOTHING: u8 = 16;

/// How often the most frequent value of each run occurs, times 16, and the value; those alone whose bit is set. Of equally frequent ones it
/// is the one that comes first. 0 of no value.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn most_frequent(
    (ends, boundaries): (&[u32], &[u64]),
    values: &[u32],
    among: Option<&[u64]>,
    room: &mut Vec<Counts>,
    out: &mut Vec<u32>,
) {
    count_up(values, among, boundaries, ends.len(), room);
    match_target! {
        "x86_64+avx512f+avx512bw+avx512vl" => wide::each(ends, room, (values, among), out),
        _ => each(ends, room, (values, among), out, (most_and_tied, have_bit)),
    }
}

/// The counts at the end of each run.
#[inline(always)]
fn count_up(values: &[u32], among: Option<&[u64]>, boundaries: &[u64], runs: usize, out: &mut Vec<Counts>) {
    // The rows of a run all write to its place; behind those of 64 rows there is room for as many runs.
    out.resize(runs + 64, [0; 16]);
    let (mut counts, mut at) = ([0_u8; 16], 0);
    for ((values, word), lasts) in words(values, among).zip(lasts(boundaries)) {
        let mut places = [NOTHING; 64];
        for (bit, (place, value)) in places.iter_mut().zip(values).enumerate() {
            let value = (value % 16) as u8;
            *place = if word >> bit & 1 == 1 { value } else { NOTHING };
        }
        let Some(out) = out.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<64>()) else { break };
        let mut run = 0;
        // What is filled up adds nothing, and ends nothing.
        for (bit, place) in places.iter().enumerate() {
            if let Some(one) = ONE_OF.get(usize::from(*place)) {
                for (count, one) in counts.iter_mut().zip(one) {
                    *count = count.wrapping_add(*one);
                }
            }
            if let Some(place) = out.get_mut(run % 64) {
                *place = counts;
            }
            run += usize::from(lasts >> bit & 1 == 1);
        }
        at += run;
    }
    out.truncate(runs);
}

/// The most frequent value of each run, by the counts at the ends of all. `most_and_tied` tells how often any value occurs at most in what was
/// counted last without what was counted before, and a bit for each that does; `have_bit`, which of the first 16 values have a bit in a
/// set.
#[inline(always)]
fn each(
    ends: &[u32],
    counts: &[Counts],
    (values, among): (&[u32], Option<&[u64]>),
    out: &mut Vec<u32>,
    (most_and_tied, have_bit): (impl Fn(&Counts, &Counts) -> (u32, u32), impl Fn(u32, &[u32; AT_ONCE]) -> u16),
) {
    let (mut start, mut before) = (0, &[0; 16]);
    out.clear();
    out.resize(ends.len(), 0);
    for ((end, so_far), out) in ends.iter().zip(counts).zip(out.iter_mut()) {
        let run = (start, *end as usize);
        let (most, tied) =
            if u8::try_from(run.1 - run.0).is_ok() { most_and_tied(so_far, before) } else { most_of_many(values, among, run) };
        (start, before) = (run.1, so_far);
        let first = first_of_few(tied, values, among, run, &have_bit).unwrap_or_else(|| first_of(tied, values, among, run));
        *out = if most == 0 { 0 } else { most << 4 | first };
    }
}

#[inline(always)]
fn most_and_tied(so_far: &Counts, before: &Counts) -> (u32, u32) {
    let mut counts = [0_u8; 16];
    for ((count, so_far), before) in counts.iter_mut().zip(so_far).zip(before) {
        *count = so_far.wrapping_sub(*before);
    }
    let most = counts.iter().fold(0, |most, count| most.max(*count));
    (most.into(), tied(&counts, most))
}

/// A bit for each value that occurs so often.
#[inline(always)]
fn tied<T: Copy + PartialEq>(counts: &[T; 16], most: T) -> u32 {
    counts.iter().enumerate().fold(0, |tied, (value, count)| tied | u32::from(*count == most) << value)
}

/// The same for a run of which a byte does not hold the counts.
#[inline(never)]
fn most_of_many(values: &[u32], among: Option<&[u64]>, (start, end): (usize, usize)) -> (u32, u32) {
    let mut counts = [0_u32; 16];
    for (row, value) in (start..).zip(values.get(start..end).unwrap_or_default()) {
        if let Some(count) = counts.get_mut((value % 16) as usize) {
            *count += u32::from(among.is_none_or(|among| window(among, row) & 1 == 1));
        }
    }
    let most = counts.iter().fold(0, |most, count| most.max(*count));
    (most, tied(&counts, most))
}

/// The first value of a run that has a bit in `tied`, any one if none has; nothing where one look does not tell.
#[inline(always)]
fn first_of_few(
    tied: u32,
    values: &[u32],
    among: Option<&[u64]>,
    (start, end): (usize, usize),
    have_bit: impl Fn(u32, &[u32; AT_ONCE]) -> u16,
) -> Option<u32> {
    let there = match among {
        None => u64::MAX,
        Some(among) => {
            let [here, next] = among.get(start / 64..)?.first_chunk::<2>()?;
            here >> (start % 64) | (next << 1) << (63 - start % 64)
        }
    };
    let there = there & (u64::MAX >> 64_usize.checked_sub(end - start)?);
    // The rows that count mostly follow each other, with others before them.
    let before = there.trailing_zeros() as usize % 64;
    let values = values.get(start + before..)?.first_chunk::<AT_ONCE>()?;
    let hits = there >> before & u64::from(have_bit(tied, values));
    #[expect(clippy::needless_bitwise_bool, reason = "one guess, which is right for nearly all")]
    let is_told = (hits != 0) | (there >> before >> AT_ONCE == 0);
    is_told.then(|| values.get(hits.trailing_zeros() as usize % AT_ONCE).copied().unwrap_or(0) % 16)
}

/// The same for any run, 0 if none has: one row that counts after the other.
#[inline(never)]
fn first_of(tied: u32, values: &[u32], among: Option<&[u64]>, (start, end): (usize, usize)) -> u32 {
    for from in (start..end).step_by(64) {
        let mut there = among.map_or(u64::MAX, |among| window(among, from)) & (u64::MAX >> (64 - (end - from).min(64)));
        while there != 0 {
            let value = values.get(from + there.trailing_zeros() as usize).copied().unwrap_or(0) % 16;
            if tied >> value & 1 == 1 {
                return value;
            }
            there &= there - 1;
        }
    }
    0
}

/// Which of the first 16 values have a bit in `set`.
#[inline(always)]
fn have_bit(set: u32, values: &[u32; AT_ONCE]) -> u16 {
    let bit = |(bit, value): (usize, &u32)| u16::from(set >> (value % 16) & 1 == 1) << bit;
    values.iter().enumerate().map(bit).fold(0, |bits, bit| bits | bit)
}

/// 16 values in a register.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8_mask, _mm_cvtsi128_si32, _mm_min_epu8, _mm_minpos_epu16, _mm_set1_epi8, _mm_srli_epi16, _mm_sub_epi8,
        _mm_xor_si128, _mm512_set1_epi32, _mm512_srlv_epi32, _mm512_test_epi32_mask,
    };

    use super::{AT_ONCE, Counts};

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    pub fn each(ends: &[u32], counts: &[Counts], rows: (&[u32], Option<&[u64]>), out: &mut Vec<u32>) {
        let most_and_tied = |so_far: &Counts, before: &Counts| {
            let counts = _mm_sub_epi8(bytemuck::cast(*so_far), bytemuck::cast(*before));
            // Only the least of 8 numbers can be asked for: of what is left of 255, in pairs.
            let left = _mm_xor_si128(counts, _mm_set1_epi8(-1));
            let least = _mm_minpos_epu16(_mm_min_epu8(left, _mm_srli_epi16::<8>(left)));
            let most = !_mm_cvtsi128_si32(least).to_le_bytes()[0];
            (most.into(), _mm_cmpeq_epi8_mask(counts, _mm_set1_epi8(most.cast_signed())).into())
        };
        let one = _mm512_set1_epi32(1);
        let have_bit = |set: u32, values: &[u32; AT_ONCE]| {
            _mm512_test_epi32_mask(_mm512_srlv_epi32(_mm512_set1_epi32(set.cast_signed()), bytemuck::cast(*values)), one)
        };
        super::each(ends, counts, rows, out, (most_and_tied, have_bit));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::bit;
    use super::super::boundaries;
    use super::*;
    use proptest::prelude::*;

    /// One row after the other.
    fn most(rows: &[u32]) -> u32 {
        let mut best = 0;
        for value in rows {
            let count = u32::try_from(rows.iter().filter(|v| *v == value).count()).unwrap();
            if count > best >> 4 {
                best = count << 4 | value;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn the_most_frequent_is_found(
            rows in prop::collection::vec((0_u32..1000, prop::bool::weighted(0.8)), 1..1500),
            lengths in prop::collection::vec(prop_oneof![6 => 1_u32..9, 3 => 9_u32..60, 1 => 200_u32..700], 0..100),
            different in 1_u32..=16, of_all in any::<bool>(),
        ) {
            let values: Vec<u32> = rows.iter().map(|(value, _)| value % different).collect();
            let mut words = vec![0_u64; values.len().div_ceil(64)];
            for (at, (_, counts)) in rows.iter().enumerate() {
                words[at / 64] |= u64::from(*counts) << (at % 64);
            }
            let among = (!of_all).then_some(words.as_slice());
            let all = u32::try_from(values.len()).unwrap();
            let mut ends: Vec<u32> = lengths.iter().scan(0, |end, length| { *end += length; (*end < all).then_some(*end) }).collect();
            ends.push(all);
            let (mut room, mut out) = (Vec::new(), Vec::new());
            most_frequent((&ends, &boundaries(&ends, values.len())), &values, among, &mut room, &mut out);
            prop_assert_eq!(out.len(), ends.len());
            let mut same = Vec::new();
            each(&ends, &room, (&values, among), &mut same, (most_and_tied, have_bit));
            prop_assert_eq!(&out, &same);
            let mut start = 0;
            for (end, found) in ends.iter().map(|end| *end as usize).zip(out) {
                let own = (start..end).filter(|at| among.is_none_or(|among| bit(among, *at))).map(|at| values[at]).collect::<Vec<_>>();
                prop_assert_eq!(found, most(&own), "{}..{}", start, end);
                start = end;
            }
        }
    }
}
