//! What the rows of each of many runs come to: their number, their sum, the greatest, the least, all of them as one set. Runs follow
//! each other, and none is empty.
//!
//! Method: values are added up, or compared, along all rows in registers, and the result is picked up where a run ends. Runs are
//! short, so a loop over each would mostly wait for wrong guesses about where it ends.

use multiversion::multiversion;
use multiversion::target::match_target;

/// How many bits are set in each of the runs.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn count_runs(ends: &[u32], bits: &[u64], out: &mut Vec<u32>) {
    // Of the words before the one that is looked at.
    let (mut whole, mut at) = (0, 0);
    let mut before = 0;
    out.clear();
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

/// A bit where a run begins, and one after the last row.
pub(crate) fn boundaries(ends: &[u32], rows: usize) -> Vec<u64> {
    let mut out = vec![0; rows / 64 + 1];
    if let Some(first) = out.first_mut() {
        *first = 1;
    }
    for end in ends {
        if let Some(word) = out.get_mut(*end as usize / 64) {
            *word |= 1 << (end % 64);
        }
    }
    out
}

/// Whether any bit is set in each of the runs, by their order.
///
/// Method: the bits of a run but its last one are all set in a number; adding those that are set in the run carries into its last bit
/// if there is any. One addition does that for all runs of a word.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn any_in_runs(boundaries: &[u64], bits: &[u64], out: &mut Vec<u64>) {
    let extract = match_target! {
        "x86_64+bmi2" => |bits: u64, mask: u64| std::arch::x86_64::_pext_u64(bits, mask),
        _ => extracted,
    };
    out.clear();
    let (mut carried, mut filled, mut word) = (false, 0, 0_u64);
    for (bits, lasts) in bits.iter().zip(lasts(boundaries)) {
        let inner = !lasts;
        let (sum, first) = inner.overflowing_add(bits & inner);
        let (sum, second) = sum.overflowing_add(u64::from(carried));
        carried = first || second;
        let (found, many) = (extract(sum | bits, lasts), lasts.count_ones());
        word |= found << filled;
        if filled + many >= 64 {
            out.push(word);
            // In two steps, as nothing may be left.
            word = (found >> 1) >> (63 - filled);
        }
        filled = (filled + many) % 64;
    }
    out.push(word);
}

/// Keeps the last of as many bits as `least` in each run that follow each other: one is left where a run has that many, if all that
/// it has follow each other.
///
/// Method: where so many follow each other up to a row, and up to the row as many before, twice as many do.
pub(crate) fn keep_from(least: u32, boundaries: &[u64], bits: &mut [u64], room: &mut Vec<u64>) {
    let mut known = 1;
    while known < least {
        // The two may overlap; if they do not, no run may begin in between. Less than a word is easy to move by.
        let by = known.min(least - known).min(32);
        room.clear();
        room.extend_from_slice(bits);
        join_earlier(by, (by == known).then_some(boundaries), room, bits);
        known += by;
    }
}

/// Keeps the bits of rows so many before which there is one too, where no run begins with the first row after that one.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
fn join_earlier(by: u32, boundaries: Option<&[u64]>, before: &[u64], bits: &mut [u64]) {
    /// The word before and one, moved up by less than 64; in two steps, as it may be by nothing.
    fn moved(by: u32, here: u64, before: u64) -> u64 {
        here << by | (before >> 1) >> (63 - by)
    }
    let earlier = [0].iter().chain(before);
    for ((bits, here), earlier) in bits.iter_mut().zip(before).zip(earlier) {
        *bits &= moved(by, *here, *earlier);
    }
    if let Some(boundaries) = boundaries {
        let earlier = [0].iter().chain(boundaries);
        for ((bits, here), earlier) in bits.iter_mut().zip(boundaries).zip(earlier) {
            *bits &= !moved(by - 1, *here, *earlier);
        }
    }
}

/// Removes the first of the bits of each run so many times: what is left says who has more.
///
/// Method: as [`any_in_runs`]; the addition leaves the bits of a run but its last one as they are less 1, and a number has all its bits
/// but the lowest in common with what is 1 less.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn drop_firsts(times: u32, boundaries: &[u64], bits: &mut [u64]) {
    for _ in 0..times {
        let mut carried = false;
        for (bits, lasts) in bits.iter_mut().zip(lasts(boundaries)) {
            let inner = !lasts;
            let (sum, first) = inner.overflowing_add(*bits & inner);
            let (sum, second) = sum.overflowing_add(u64::from(carried));
            carried = first || second;
            *bits &= sum;
        }
    }
}

/// Keeps the bits with which runs end, or those with which they begin.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn keep_ends(last: bool, boundaries: &[u64], bits: &mut [u64]) {
    if last {
        bits.iter_mut().zip(lasts(boundaries)).for_each(|(bits, lasts)| *bits &= lasts);
    } else {
        bits.iter_mut().zip(boundaries).for_each(|(bits, begins)| *bits &= begins);
    }
}

/// The bits where the mask has one, together.
fn extracted(bits: u64, mut mask: u64) -> u64 {
    let (mut out, mut at) = (0, 0);
    while mask != 0 {
        let lowest = mask & mask.wrapping_neg();
        out |= u64::from(bits & lowest != 0) << at;
        at += 1;
        mask ^= lowest;
    }
    out
}

/// What is made of the values of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunOf {
    /// The greatest value; 0 of none.
    Greatest,
    /// What is left of the greatest number of 32 bits by the least value; 0 of none.
    LeastBelowMost,
    /// A bit for each value, which are below 32.
    Set,
}

/// The sum of the values of each run, `add` being added to each value; those alone whose bit is set. It and all sums in it have to fit
/// into 32 bits with a sign, and is multiplied by `unit`.
pub(crate) fn sum_runs(
    boundaries: &[u64],
    values: &[u32],
    (add, unit): (u32, i64),
    among: Option<&[u64]>,
    room: &mut Vec<u32>,
    out: &mut Vec<i64>,
) {
    totals(values, add, among, boundaries, room);
    differences(room, unit, out);
}

/// The values up to the end of each run, added up; what overflows cancels out.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
fn totals(values: &[u32], add: u32, among: Option<&[u64]>, boundaries: &[u64], out: &mut Vec<u32>) {
    match_target! {
        "x86_64+avx512f" => wide::totals(values, add, among, boundaries, out),
        _ => plain::totals(values, add, among, boundaries, out),
    }
}

/// Each number without the one before it.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
fn differences(numbers: &[u32], unit: i64, out: &mut Vec<i64>) {
    out.clear();
    out.extend(numbers.first().map(|first| i64::from(first.cast_signed()) * unit));
    let pairs = numbers.iter().zip(numbers.get(1..).unwrap_or_default());
    out.extend(pairs.map(|(before, n)| i64::from(n.wrapping_sub(*before).cast_signed()) * unit));
}

/// Small numbers as large ones.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn widened(numbers: &[u32], out: &mut Vec<i64>) {
    out.clear();
    out.extend(numbers.iter().map(|n| i64::from(*n)));
}

impl RunOf {
    /// Of each run, of those values alone whose bit is set.
    pub fn each(self, boundaries: &[u64], values: &[u32], among: Option<&[u64]>, out: &mut Vec<u32>) {
        match self {
            Self::Greatest => joined::<GREATEST>(values, among, boundaries, out),
            Self::LeastBelowMost => joined::<LEAST>(values, among, boundaries, out),
            Self::Set => joined::<SET>(values, among, boundaries, out),
        }
    }
}

const GREATEST: u8 = 0;
const LEAST: u8 = 1;
const SET: u8 = 2;

/// What is made of the values of each run.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
fn joined<const OF: u8>(values: &[u32], among: Option<&[u64]>, boundaries: &[u64], out: &mut Vec<u32>) {
    match_target! {
        "x86_64+avx512f" => wide::joined::<OF>(values, among, boundaries, out),
        _ => plain::joined::<OF>(values, among, boundaries, out),
    }
}

/// Bits of the last rows of runs: each stands before the next one begins.
#[inline(always)]
pub(super) fn lasts(boundaries: &[u64]) -> impl Iterator<Item = u64> {
    boundaries.iter().zip(boundaries.iter().skip(1).chain([&0])).map(|(here, next)| here >> 1 | next << 63)
}

/// 64 values with the bits that say which of them count, and what is left at the end.
#[inline(always)]
pub(super) fn words<'v>(values: &'v [u32], among: Option<&'v [u64]>) -> impl Iterator<Item = (&'v [u32], u64)> {
    let mut bits = among.map(|among| among.iter());
    values.chunks(64).map(move |values| (values, bits.as_mut().map_or(u64::MAX, |bits| bits.next().copied().unwrap_or(0))))
}

/// One value after the other.
mod plain {
    use super::{LEAST, SET, lasts, words};

    #[inline]
    pub fn totals(values: &[u32], add: u32, among: Option<&[u64]>, boundaries: &[u64], out: &mut Vec<u32>) {
        out.clear();
        let mut sum = 0_u32;
        for ((values, word), lasts) in words(values, among).zip(lasts(boundaries)) {
            for (bit, value) in values.iter().enumerate() {
                let counts = 0_u32.wrapping_sub(u32::from(word >> bit & 1 == 1));
                sum = sum.wrapping_add(value.wrapping_add(add) & counts);
                if lasts >> bit & 1 == 1 {
                    out.push(sum);
                }
            }
        }
    }

    #[inline]
    pub fn joined<const OF: u8>(values: &[u32], among: Option<&[u64]>, boundaries: &[u64], out: &mut Vec<u32>) {
        out.clear();
        let mut known = 0_u32;
        for ((values, word), lasts) in words(values, among).zip(lasts(boundaries)) {
            for (bit, value) in values.iter().enumerate() {
                let value = match OF {
                    LEAST => !value,
                    SET => 1 << (value % 32),
                    _ => *value,
                };
                let value = if word >> bit & 1 == 1 { value } else { 0 };
                known = if OF == SET { known | value } else { known.max(value) };
                if lasts >> bit & 1 == 1 {
                    out.push(known);
                    known = 0;
                }
            }
        }
    }
}

/// 16 values in a register.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi32, _mm512_alignr_epi32, _mm512_mask_max_epu32, _mm512_mask_or_epi32, _mm512_maskz_add_epi32,
        _mm512_maskz_compress_epi32, _mm512_maskz_mov_epi32, _mm512_permutexvar_epi32, _mm512_set1_epi32, _mm512_setzero_si512,
        _mm512_sllv_epi32, _mm512_xor_si512,
    };

    use super::{LEAST, SET, lasts, words};

    /// Makes values of values by 16, the last ones filled up, and keeps those of the last rows of runs. `see` is told which of them count, and
    /// where runs begin.
    #[inline]
    #[target_feature(enable = "avx512f")]
    #[expect(clippy::cast_possible_truncation, reason = "16 of the bits")]
    fn each(
        values: &[u32],
        among: Option<&[u64]>,
        boundaries: &[u64],
        out: &mut Vec<u32>,
        mut see: impl FnMut(__m512i, u16, u16) -> __m512i,
    ) {
        // One boundary stands after the last run. What is kept of 16 values is written with zeros behind it.
        let runs = boundaries.iter().map(|word| word.count_ones() as usize).sum::<usize>().saturating_sub(1);
        out.resize(runs + 16, 0);
        let mut at = 0;
        for (((values, word), begins), lasts) in words(values, among).zip(boundaries).zip(lasts(boundaries)) {
            let mut filled = [0; 64];
            let block = if let Ok(whole) = <&[u32; 64]>::try_from(values) {
                whole
            } else {
                filled.iter_mut().zip(values).for_each(|(place, value)| *place = *value);
                &filled
            };
            let (sixteens, _) = block.as_chunks::<16>();
            for (from, lanes) in (0..64).step_by(16).zip(sixteens) {
                let made = see(bytemuck::cast(*lanes), (word >> from) as u16, (begins >> from) as u16);
                let lasts = (lasts >> from) as u16;
                let kept = _mm512_maskz_compress_epi32(lasts, made);
                if let Some(place) = out.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<16>()) {
                    *place = bytemuck::cast(kept);
                }
                at += lasts.count_ones() as usize;
            }
        }
        out.truncate(runs);
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn totals(values: &[u32], add: u32, among: Option<&[u64]>, boundaries: &[u64], out: &mut Vec<u32>) {
        let zero = _mm512_setzero_si512();
        let (last, add) = (_mm512_set1_epi32(15), _mm512_set1_epi32(add.cast_signed()));
        let mut before = zero;
        each(values, among, boundaries, out, |v, counts, _| {
            let v = _mm512_maskz_add_epi32(counts, v, add);
            let v = _mm512_add_epi32(v, _mm512_alignr_epi32::<15>(v, zero));
            let v = _mm512_add_epi32(v, _mm512_alignr_epi32::<14>(v, zero));
            let v = _mm512_add_epi32(v, _mm512_alignr_epi32::<12>(v, zero));
            let v = _mm512_add_epi32(v, _mm512_alignr_epi32::<8>(v, zero));
            let v = _mm512_add_epi32(v, before);
            before = _mm512_permutexvar_epi32(last, v);
            v
        });
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn joined<const OF: u8>(values: &[u32], among: Option<&[u64]>, boundaries: &[u64], out: &mut Vec<u32>) {
        let zero = _mm512_setzero_si512();
        let (last, one, ones) = (_mm512_set1_epi32(15), _mm512_set1_epi32(1), _mm512_set1_epi32(-1));
        let mut before = zero;
        each(values, among, boundaries, out, |v, counts, begins| {
            let v = match OF {
                LEAST => _mm512_xor_si512(v, ones),
                SET => _mm512_sllv_epi32(one, v),
                _ => v,
            };
            let mut v = _mm512_maskz_mov_epi32(counts, v);
            // A place takes what is so far before it unless a run begins in between.
            let by1 = !begins & !1;
            let by2 = by1 & by1 << 1;
            let by4 = by2 & by2 << 2;
            let by8 = by4 & by4 << 4;
            v = join::<OF>(v, by1, _mm512_alignr_epi32::<15>(v, zero));
            v = join::<OF>(v, by2, _mm512_alignr_epi32::<14>(v, zero));
            v = join::<OF>(v, by4, _mm512_alignr_epi32::<12>(v, zero));
            v = join::<OF>(v, by8, _mm512_alignr_epi32::<8>(v, zero));
            let first_run = if begins == 0 { u16::MAX } else { (begins & begins.wrapping_neg()).wrapping_sub(1) };
            v = join::<OF>(v, first_run, before);
            before = _mm512_permutexvar_epi32(last, v);
            v
        });
    }

    /// What two values come to, in the lanes of the mask.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn join<const OF: u8>(v: __m512i, mask: u16, other: __m512i) -> __m512i {
        if OF == SET { _mm512_mask_or_epi32(v, mask, v, other) } else { _mm512_mask_max_epu32(v, mask, v, other) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::bit;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_come_to_what_their_rows_do(
            rows in prop::collection::vec((0_u32..1 << 20, any::<bool>()), 1..400),
            lengths in prop::collection::vec(prop_oneof![3 => 1_u32..9, 1 => 1_u32..90], 0..120),
            add in 0_u32..1000, less in 0_u32..1000, unit in 1_i64..4, of_all in any::<bool>(),
        ) {
            let values: Vec<u32> = rows.iter().map(|(value, _)| *value).collect();
            let mut words = vec![0_u64; values.len().div_ceil(64)];
            for (at, (_, counts)) in rows.iter().enumerate() {
                words[at / 64] |= u64::from(*counts) << (at % 64);
            }
            let among = (!of_all).then_some(words.as_slice());
            let most = u32::try_from(values.len()).unwrap();
            let mut ends: Vec<u32> = lengths.iter().scan(0, |end, length| { *end += length; (*end < most).then_some(*end) }).collect();
            ends.push(most);
            let mut start = 0;
            let own: Vec<Vec<u32>> = ends.iter().map(|end| {
                let run = (start..*end as usize).filter(|at| among.is_none_or(|among| bit(among, *at))).map(|at| values[at]).collect();
                start = *end as usize;
                run
            }).collect();
            let bounds = boundaries(&ends, values.len());
            let (mut room, mut sums, mut out, mut same) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            sum_runs(&bounds, &values, (add.wrapping_sub(less), unit), among, &mut room, &mut sums);
            let shifted = |v: &u32| (i64::from(*v) + i64::from(add) - i64::from(less)) * unit;
            prop_assert_eq!(&sums, &own.iter().map(|run| run.iter().map(shifted).sum()).collect::<Vec<i64>>());
            plain::totals(&values, add.wrapping_sub(less), among, &bounds, &mut same);
            prop_assert_eq!(&room, &same);
            RunOf::Greatest.each(&bounds, &values, among, &mut out);
            prop_assert_eq!(&out, &own.iter().map(|run| run.iter().copied().max().unwrap_or(0)).collect::<Vec<u32>>());
            plain::joined::<GREATEST>(&values, among, &bounds, &mut same);
            prop_assert_eq!(&out, &same);
            RunOf::LeastBelowMost.each(&bounds, &values, among, &mut out);
            prop_assert_eq!(&out, &own.iter().map(|run| run.iter().copied().min().map_or(0, |v| !v)).collect::<Vec<u32>>());
            plain::joined::<LEAST>(&values, among, &bounds, &mut same);
            prop_assert_eq!(&out, &same);
            let small: Vec<u32> = values.iter().map(|v| v % 32).collect();
            RunOf::Set.each(&bounds, &small, among, &mut out);
            prop_assert_eq!(&out, &own.iter().map(|run| run.iter().fold(0, |set, v| set | 1 << (v % 32))).collect::<Vec<u32>>());
            plain::joined::<SET>(&small, among, &bounds, &mut same);
            prop_assert_eq!(&out, &same);
            for (bits, mask) in words.iter().zip(&bounds) {
                let mut set = [0];
                super::super::deposit(&[*mask], &[extracted(*bits, *mask)], &mut set);
                prop_assert_eq!(set[0], bits & mask);
            }
            if !of_all {
                count_runs(&ends, &words, &mut out);
                prop_assert_eq!(&out, &own.iter().map(|run| u32::try_from(run.len()).unwrap()).collect::<Vec<u32>>());
                let mut any = Vec::new();
                any_in_runs(&bounds, &words, &mut any);
                for (at, run) in own.iter().enumerate() {
                    prop_assert_eq!(bit(&any, at), !run.is_empty());
                }
                for times in 0..4 {
                    let mut left = words.clone();
                    drop_firsts(times, &bounds, &mut left);
                    let mut passed = 0;
                    for at in 0..values.len() {
                        passed = if bit(&bounds, at) { 0 } else { passed };
                        passed += u32::from(bit(&words, at));
                        prop_assert_eq!(bit(&left, at), bit(&words, at) && passed > times, "{} {}", times, at);
                    }
                }
                for last in [false, true] {
                    let mut kept = words.clone();
                    keep_ends(last, &bounds, &mut kept);
                    for at in 0..values.len() {
                        prop_assert_eq!(bit(&kept, at), bit(&words, at) && bit(&bounds, if last { at + 1 } else { at }));
                    }
                }
                for least in 1..23 {
                    let (mut kept, mut room) = (words.clone(), Vec::new());
                    keep_from(least, &bounds, &mut kept, &mut room);
                    for at in 0..values.len() {
                        let expected = (0..least as usize)
                            .all(|back| at >= back && bit(&words, at - back) && (back == 0 || !bit(&bounds, at + 1 - back)));
                        prop_assert_eq!(bit(&kept, at), expected);
                    }
                }
            }
        }
    }
}
