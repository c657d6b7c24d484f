//! What the rows of each of many runs come to: their number, their sum, the greatest, the least, all of them as one set. Runs follow
//! each other, each ending where `ends` says.
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

/// Whether any bit is set in each of the runs, by their order. Says how many runs there are that are not empty.
///
/// Method: the bits of a run but its last one are all set in a number; adding those that are set in the run carries into its last bit
/// if there is any. One addition does that for all runs of a word.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn any_in_runs(boundaries: &[u64], bits: &[u64], out: &mut Vec<u64>) -> usize {
    let extract = match_target! {
        "x86_64+bmi2" => |bits: u64, mask: u64| std::arch::x86_64::_pext_u64(bits, mask),
        _ => extracted,
    };
    out.clear();
    let (mut carried, mut runs, mut word) = (false, 0_usize, 0_u64);
    let next = boundaries.iter().skip(1).chain([&0]);
    for ((bits, here), next) in bits.iter().zip(boundaries).zip(next) {
        // A run's last row stands before the next one begins.
        let lasts = here >> 1 | next << 63;
        let inner = !lasts;
        let (sum, first) = inner.overflowing_add(bits & inner);
        let (sum, second) = sum.overflowing_add(u64::from(carried));
        carried = first || second;
        let (found, filled) = (extract(sum | bits, lasts), runs % 64);
        runs += lasts.count_ones() as usize;
        word |= found << filled;
        if filled + lasts.count_ones() as usize >= 64 {
            out.push(word);
            // In two steps, as nothing may be left.
            word = (found >> 1) >> (63 - filled);
        }
    }
    out.push(word);
    runs
}

/// Keeps the last of as many bits as `least` in each run that follow each other: one is left where a run has that many, if all that
/// it has follow each other.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn keep_from(least: u32, boundaries: &[u64], bits: &mut [u64], room: &mut Vec<u64>) {
    for _ in 1..least {
        room.clear();
        room.extend_from_slice(bits);
        let before = [0].iter().chain(room.iter());
        for (((bits, own), before), begins) in bits.iter_mut().zip(room.iter()).zip(before).zip(boundaries) {
            *bits &= (own << 1 | before >> 63) & !begins;
        }
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

/// The sum of the values of each run, `add` being added to each value; those alone whose bit is set. Sums have to fit.
pub(crate) fn sum_runs(ends: &[u32], values: &[u32], add: u32, among: Option<&[u64]>, room: &mut Vec<u32>, out: &mut Vec<u32>) {
    running_sums(values, add, among, room);
    out.clear();
    let mut before = 0;
    // What has been added up before overflows, and cancels out.
    out.extend(ends.iter().map(|end| {
        let up_to = (*end as usize).checked_sub(1).and_then(|last| room.get(last)).copied().unwrap_or(0);
        let run = up_to.wrapping_sub(before);
        before = up_to;
        run
    }));
}

/// Small numbers as large ones, times `unit`; a product wraps.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn widened(numbers: &[u32], unit: u64, out: &mut Vec<i64>) {
    out.clear();
    out.extend(numbers.iter().map(|n| u64::from(*n).wrapping_mul(unit).cast_signed()));
}

/// The values up to each row, added up.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
fn running_sums(values: &[u32], add: u32, among: Option<&[u64]>, out: &mut Vec<u32>) {
    match_target! {
        "x86_64+avx512f" => wide::running_sums(values, add, among, out),
        _ => plain::running_sums(values, add, among, out),
    }
}

impl RunOf {
    /// Of each run, of those values alone whose bit is set.
    pub fn each(
        self,
        (ends, boundaries): (&[u32], &[u64]),
        values: &[u32],
        among: Option<&[u64]>,
        room: &mut Vec<u32>,
        out: &mut Vec<u32>,
    ) {
        match self {
            Self::Greatest => running::<GREATEST>(values, among, boundaries, room),
            Self::LeastBelowMost => running::<LEAST>(values, among, boundaries, room),
            Self::Set => running::<SET>(values, among, boundaries, room),
        }
        out.clear();
        let mut start = 0;
        out.extend(ends.iter().map(|end| {
            let last = if *end > start { room.get(*end as usize - 1).copied() } else { None };
            start = *end;
            last.unwrap_or(0)
        }));
    }
}

const GREATEST: u8 = 0;
const LEAST: u8 = 1;
const SET: u8 = 2;

/// What is made of the values of each row's run up to it.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
fn running<const OF: u8>(values: &[u32], among: Option<&[u64]>, starts: &[u64], out: &mut Vec<u32>) {
    match_target! {
        "x86_64+avx512f" => wide::running::<OF>(values, among, starts, out),
        _ => plain::running::<OF>(values, among, starts, out),
    }
}

/// 64 values with the bits that say which of them count, and what is left at the end.
fn words<'v>(values: &'v [u32], among: Option<&'v [u64]>) -> impl Iterator<Item = (&'v [u32], u64)> {
    let mut bits = among.map(|among| among.iter());
    values.chunks(64).map(move |values| (values, bits.as_mut().map_or(u64::MAX, |bits| bits.next().copied().unwrap_or(0))))
}

/// One value after the other.
mod plain {
    use super::{LEAST, SET, words};

    #[inline]
    pub fn running_sums(values: &[u32], add: u32, among: Option<&[u64]>, out: &mut Vec<u32>) {
        out.clear();
        let mut sum = 0_u32;
        for (values, word) in words(values, among) {
            out.extend(values.iter().enumerate().map(|(bit, value)| {
                let counts = 0_u32.wrapping_sub(u32::from(word >> bit & 1 == 1));
                sum = sum.wrapping_add(value.wrapping_add(add) & counts);
                sum
            }));
        }
    }

    #[inline]
    pub fn running<const OF: u8>(values: &[u32], among: Option<&[u64]>, starts: &[u64], out: &mut Vec<u32>) {
        out.clear();
        let mut known = 0_u32;
        for ((values, word), starts) in words(values, among).zip(starts) {
            out.extend(values.iter().enumerate().map(|(bit, value)| {
                let value = match OF {
                    LEAST => !value,
                    SET => 1 << (value % 32),
                    _ => *value,
                };
                let value = if word >> bit & 1 == 1 { value } else { 0 };
                let before = if starts >> bit & 1 == 1 { 0 } else { known };
                known = if OF == SET { before | value } else { before.max(value) };
                known
            }));
        }
    }
}

/// 16 values in a register.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi32, _mm512_alignr_epi32, _mm512_mask_max_epu32, _mm512_mask_or_epi32, _mm512_maskz_add_epi32,
        _mm512_maskz_mov_epi32, _mm512_permutexvar_epi32, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_sllv_epi32,
        _mm512_xor_si512,
    };

    use super::{LEAST, SET, words};

    /// Replaces values by 16, the last ones filled up; `see` is told which of them count, and where they stand.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn each(
        values: &[u32],
        among: Option<&[u64]>,
        out: &mut Vec<u32>,
        mut see: impl FnMut(__m512i, u16, (usize, u32)) -> __m512i,
    ) {
        out.resize(values.len().next_multiple_of(64), 0);
        let (outs, _) = out.as_chunks_mut::<64>();
        for (at, ((values, word), out)) in words(values, among).zip(outs).enumerate() {
            let mut filled = [0; 64];
            let block = if let Ok(whole) = <&[u32; 64]>::try_from(values) {
                whole
            } else {
                filled.iter_mut().zip(values).for_each(|(place, value)| *place = *value);
                &filled
            };
            let (sixteens, _) = block.as_chunks::<16>();
            let (outs, _) = out.as_chunks_mut::<16>();
            for (from, (lanes, out)) in (0..64).step_by(16).zip(sixteens.iter().zip(outs)) {
                #[expect(clippy::cast_possible_truncation, reason = "16 of the bits")]
                let counts = (word >> from) as u16;
                *out = bytemuck::cast(see(bytemuck::cast(*lanes), counts, (at, from)));
            }
        }
        out.truncate(values.len());
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn running_sums(values: &[u32], add: u32, among: Option<&[u64]>, out: &mut Vec<u32>) {
        let zero = _mm512_setzero_si512();
        let (last, add) = (_mm512_set1_epi32(15), _mm512_set1_epi32(add.cast_signed()));
        let mut before = zero;
        each(values, among, out, |v, counts, _| {
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
    pub fn running<const OF: u8>(values: &[u32], among: Option<&[u64]>, starts: &[u64], out: &mut Vec<u32>) {
        let zero = _mm512_setzero_si512();
        let (last, one, ones) = (_mm512_set1_epi32(15), _mm512_set1_epi32(1), _mm512_set1_epi32(-1));
        let mut before = zero;
        each(values, among, out, |v, counts, (at, from)| {
            let v = match OF {
                LEAST => _mm512_xor_si512(v, ones),
                SET => _mm512_sllv_epi32(one, v),
                _ => v,
            };
            let mut v = _mm512_maskz_mov_epi32(counts, v);
            #[expect(clippy::cast_possible_truncation, reason = "16 of the bits")]
            let starts = (starts.get(at).copied().unwrap_or(0) >> from) as u16;
            // A place takes what is so far before it unless a run begins in between.
            let by1 = !starts & !1;
            let by2 = by1 & by1 << 1;
            let by4 = by2 & by2 << 2;
            let by8 = by4 & by4 << 4;
            v = join::<OF>(v, by1, _mm512_alignr_epi32::<15>(v, zero));
            v = join::<OF>(v, by2, _mm512_alignr_epi32::<14>(v, zero));
            v = join::<OF>(v, by4, _mm512_alignr_epi32::<12>(v, zero));
            v = join::<OF>(v, by8, _mm512_alignr_epi32::<8>(v, zero));
            let first_run = if starts == 0 { u16::MAX } else { (starts & starts.wrapping_neg()).wrapping_sub(1) };
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
            rows in prop::collection::vec((0_u32..1 << 20, any::<bool>()), 0..400),
            lengths in prop_oneof![
                prop::collection::vec(prop_oneof![3 => 0_u32..9, 1 => 0_u32..90], 0..120),
                prop::collection::vec(prop_oneof![3 => 1_u32..9, 1 => 1_u32..90], 0..30),
            ],
            add in 0_u32..1000, of_all in any::<bool>(),
        ) {
            let values: Vec<u32> = rows.iter().map(|(value, _)| *value).collect();
            let mut words = vec![0_u64; values.len().div_ceil(64)];
            for (at, (_, counts)) in rows.iter().enumerate() {
                words[at / 64] |= u64::from(*counts) << (at % 64);
            }
            let among = (!of_all).then_some(words.as_slice());
            let most = u32::try_from(values.len()).unwrap();
            let mut ends: Vec<u32> = lengths.iter().scan(0, |end, length| { *end = (*end + length).min(most); Some(*end) }).collect();
            if ends.last() != Some(&most) {
                ends.push(most);
            }
            let mut start = 0;
            let own: Vec<Vec<u32>> = ends.iter().map(|end| {
                let run = (start..*end as usize).filter(|at| among.is_none_or(|among| bit(among, *at))).map(|at| values[at]).collect();
                start = *end as usize;
                run
            }).collect();
            let (mut running, mut out) = (Vec::new(), Vec::new());
            let bounds = boundaries(&ends, values.len());
            let runs = (ends.as_slice(), bounds.as_slice());
            sum_runs(&ends, &values, add, among, &mut running, &mut out);
            prop_assert_eq!(&out, &own.iter().map(|run| run.iter().map(|v| v + add).sum()).collect::<Vec<u32>>());
            RunOf::Greatest.each(runs, &values, among, &mut running, &mut out);
            prop_assert_eq!(&out, &own.iter().map(|run| run.iter().copied().max().unwrap_or(0)).collect::<Vec<u32>>());
            RunOf::LeastBelowMost.each(runs, &values, among, &mut running, &mut out);
            prop_assert_eq!(&out, &own.iter().map(|run| run.iter().copied().min().map_or(0, |v| !v)).collect::<Vec<u32>>());
            let small: Vec<u32> = values.iter().map(|v| v % 32).collect();
            RunOf::Set.each(runs, &small, among, &mut running, &mut out);
            prop_assert_eq!(&out, &own.iter().map(|run| run.iter().fold(0, |set, v| set | 1 << (v % 32))).collect::<Vec<u32>>());
            // The same on every processor.
            let mut same = Vec::new();
            running_sums(&values, add, among, &mut running);
            plain::running_sums(&values, add, among, &mut same);
            prop_assert_eq!(&running, &same);
            super::running::<GREATEST>(&values, among, &bounds, &mut running);
            plain::running::<GREATEST>(&values, among, &bounds, &mut same);
            prop_assert_eq!(&running, &same);
            super::running::<LEAST>(&values, among, &bounds, &mut running);
            plain::running::<LEAST>(&values, among, &bounds, &mut same);
            prop_assert_eq!(&running, &same);
            super::running::<SET>(&small, among, &bounds, &mut running);
            plain::running::<SET>(&small, among, &bounds, &mut same);
            prop_assert_eq!(&running, &same);
            for (bits, mask) in words.iter().zip(&bounds) {
                let mut set = [0];
                super::super::deposit(&[*mask], &[extracted(*bits, *mask)], &mut set);
                prop_assert_eq!(set[0], bits & mask);
            }
            if !of_all {
                count_runs(&ends, &words, &mut out);
                prop_assert_eq!(&out, &own.iter().map(|run| u32::try_from(run.len()).unwrap()).collect::<Vec<u32>>());
                let mut any = Vec::new();
                let mut start = 0;
                let lengths: Vec<u32> = ends.iter().map(|end| { let length = *end - start; start = *end; length }).collect();
                prop_assert_eq!(any_in_runs(&bounds, &words, &mut any), lengths.iter().filter(|length| **length > 0).count());
                for (at, (run, _)) in own.iter().zip(&lengths).filter(|(_, length)| **length > 0).enumerate() {
                    prop_assert_eq!(bit(&any, at), !run.is_empty());
                }
                for least in 1..5 {
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
