//! Sets of places as bits and one by one; bits of some places that follow each other, put where the places are.

use multiversion::multiversion;
use multiversion::target::match_target;

/// Puts the bits of the places of `of`, one after the other, where those are: `passes` for those that `said` has a bit for, or for all.
/// Others keep theirs.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn spread(of: &[u64], said: Option<&[u64]>, passes: &[u64], set: &mut [u64]) {
    let deposit = match_target! {
        "x86_64+bmi2" => |bits: u64, mask: u64| std::arch::x86_64::_pdep_u64(bits, mask),
        _ => deposited,
    };
    let mut at = 0;
    for (of, set) in of.iter().zip(set) {
        if *of == 0 {
            continue;
        }
        let said = said.map_or(*of, |said| deposit(window(said, at), *of));
        *set = *set & !said | deposit(window(passes, at), *of) & said;
        at += of.count_ones() as usize;
    }
}

/// Adds the bits of the places of `of`, one after the other, where those are.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn deposit(of: &[u64], bits: &[u64], set: &mut [u64]) {
    let deposit = match_target! {
        "x86_64+bmi2" => |bits: u64, mask: u64| std::arch::x86_64::_pdep_u64(bits, mask),
        _ => deposited,
    };
    let mut at = 0;
    for (of, set) in of.iter().zip(set) {
        if *of != 0 {
            *set |= deposit(window(bits, at), *of);
            at += of.count_ones() as usize;
        }
    }
}

/// The places of a set, ascending, which has less than 65,537.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vbmi2+popcnt+bmi1+bmi2",
    "x86_64+avx2+popcnt+bmi1+bmi2"
))]
pub(crate) fn places(set: &[u64], out: &mut Vec<u16>) {
    let many = set.iter().map(|word| word.count_ones() as usize).sum::<usize>();
    out.clear();
    // Of a word as many are written as it can have.
    out.resize(many + 64, 0);
    let mut at = 0;
    for (word, base) in set.iter().zip((0_u16..=u16::MAX).step_by(64)).filter(|(word, _)| **word != 0) {
        let Some(room) = out.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<64>()) else { break };
        match_target! {
            "x86_64+avx512vbmi2" => wide::places(*word, base, room),
            _ => places_of(*word, base, room),
        }
        at += word.count_ones() as usize;
    }
    out.truncate(many);
}

/// The places of a word, the first of which is `base`, and anything behind them.
#[inline(always)]
fn places_of(word: u64, base: u16, room: &mut [u16; 64]) {
    let mut bits = word;
    for place in room {
        if bits == 0 {
            break;
        }
        #[expect(clippy::cast_possible_truncation, reason = "below 64")]
        let bit = bits.trailing_zeros() as u16;
        *place = base + bit;
        bits &= bits - 1;
    }
}

/// 0 to 63.
#[cfg(target_arch = "x86_64")]
const NUMBERS: [u8; 64] = {
    let (mut numbers, mut n) = ([0; 64], 0_u8);
    while n < 64 {
        #[expect(clippy::indexing_slicing, reason = "below 64")]
        {
            numbers[n as usize] = n;
        }
        n += 1;
    }
    numbers
};

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi16, _mm512_castsi512_si256, _mm512_cvtepu8_epi16, _mm512_extracti64x4_epi64,
        _mm512_maskz_compress_epi8, _mm512_set1_epi16,
    };

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
    pub fn places(word: u64, base: u16, room: &mut [u16; 64]) {
        let numbers: __m512i = bytemuck::cast(super::NUMBERS);
        let (kept, base) = (_mm512_maskz_compress_epi8(word, numbers), _mm512_set1_epi16(base.cast_signed()));
        let low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(kept));
        let high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(kept));
        *room = bytemuck::cast([_mm512_add_epi16(low, base), _mm512_add_epi16(high, base)]);
    }
}

/// The 64 bits from a place on.
#[inline(always)]
pub(super) fn window(bits: &[u64], at: usize) -> u64 {
    let (word, bit) = (at / 64, at % 64);
    let here = bits.get(word).copied().unwrap_or(0) >> bit;
    // Shifting in two steps leaves nothing where the first word has all of them.
    here | (bits.get(word + 1).copied().unwrap_or(0) << 1) << (63 - bit)
}

/// The lowest bits, put where the mask has one.
fn deposited(bits: u64, mut mask: u64) -> u64 {
    let (mut bits, mut out) = (bits, 0);
    while mask != 0 {
        let lowest = mask & mask.wrapping_neg();
        if bits & 1 == 1 {
            out |= lowest;
        }
        bits >>= 1;
        mask ^= lowest;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::bit;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_those_of_the_bits(words in prop::collection::vec(prop_oneof![Just(0_u64), Just(u64::MAX), any::<u64>()], 0..9)) {
            let expected: Vec<u16> = (0..words.len() * 64).filter(|at| bit(&words, *at)).map(|at| u16::try_from(at).unwrap()).collect();
            let mut found = vec![7];
            places(&words, &mut found);
            prop_assert_eq!(&found, &expected);
            let mut one_by_one = Vec::new();
            for (word, base) in words.iter().zip((0_u16..).step_by(64)) {
                let mut room = [0; 64];
                places_of(*word, base, &mut room);
                one_by_one.extend_from_slice(&room[..word.count_ones() as usize]);
            }
            prop_assert_eq!(one_by_one, expected);
        }

        #[test]
        fn bits_come_where_their_places_are(
            of in prop::collection::vec(prop_oneof![Just(0_u64), Just(u64::MAX), any::<u64>()], 0..8),
            bits in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 8), is_said in any::<bool>(),
        ) {
            let (passes, said): (Vec<u64>, Vec<u64>) = bits.iter().map(|(a, b, _)| (*a, *b)).unzip();
            let mut set: Vec<u64> = bits.iter().map(|(_, _, c)| *c).take(of.len()).collect();
            let before = set.clone();
            spread(&of, is_said.then_some(&said), &passes, &mut set);
            let mut at = 0;
            for place in 0..of.len() * 64 {
                let mut expected = bit(&before, place);
                if bit(&of, place) {
                    if !is_said || bit(&said, at) {
                        expected = bit(&passes, at);
                    }
                    at += 1;
                }
                prop_assert_eq!(bit(&set, place), expected);
            }
            for (mask, (bits, ..)) in of.iter().zip(&bits) {
                let mut set = [0];
                spread(&[*mask], None, &[*bits], &mut set);
                prop_assert_eq!(set[0], deposited(*bits, *mask));
                let mut set = [1];
                deposit(&[*mask], &[*bits], &mut set);
                prop_assert_eq!(set[0], deposited(*bits, *mask) | 1);
            }
        }
    }
}
