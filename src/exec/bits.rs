//! Sets of places, dense, of any length: the rows of a block, and what [`super::words`] does with the contacts of a chunk.

use std::ops::Range;

use crate::check::typed::CompareOp;
use crate::store::column::kernels::{compared_scaled, furthest};

pub(super) use crate::store::column::kernels::{
    and, and_not, any_in_runs, between_counts, between_i64, count, drop_firsts, keep_ends, keep_from, keep_hours, or, repeated,
};

/// Whether a place is in the set.
pub(super) fn contains(set: &[u64], place: usize) -> bool {
    set.get(place / 64).is_some_and(|w| w >> (place % 64) & 1 == 1)
}

/// The places, ascending.
pub(super) fn iter(set: &[u64]) -> impl Iterator<Item = usize> {
    set.iter().enumerate().flat_map(|(at, word)| {
        let mut bits = *word;
        std::iter::from_fn(move || {
            let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            Some(at * 64 + bit)
        })
    })
}

/// The places below `len` that pass.
pub(super) fn of(len: usize, mut passes: impl FnMut(usize) -> bool) -> Vec<u64> {
    let words = (0..len.div_ceil(64)).map(|word| {
        let places = word * 64..len.min(word * 64 + 64);
        places.fold(0, |bits, place| bits | u64::from(passes(place)) << (place % 64))
    });
    words.collect()
}

/// Whether the products of some numbers with another fit into 64 bits.
pub(super) fn fits(numbers: &[i64], by: i64) -> bool {
    furthest(numbers).checked_mul(by.unsigned_abs()).is_some_and(|n| i64::try_from(n).is_ok())
}

/// How numbers compare with others, after both have been multiplied.
pub(super) fn compared(op: CompareOp, (a, left): (&[i64], i64), (b, right): (&[i64], i64)) -> Vec<u64> {
    if !fits(a, left) || !fits(b, right) {
        let scaled = |of: &[i64], by: i64, at: usize| i128::from(of.get(at).copied().unwrap_or(0)) * i128::from(by);
        return of(a.len().min(b.len()), |at| op.accepts(scaled(a, left, at).cmp(&scaled(b, right, at))));
    }
    let (mut less, mut equal) = (Vec::new(), Vec::new());
    compared_scaled((a, left), (b, right), &mut less, &mut equal);
    match op {
        CompareOp::Less => return less,
        CompareOp::Equal => return equal,
        CompareOp::LessOrEqual | CompareOp::Greater => or(&mut less, &equal),
        CompareOp::NotEqual => less = equal,
        CompareOp::GreaterOrEqual => {}
    }
    if op != CompareOp::LessOrEqual {
        // What is beyond the last place does not matter.
        for word in &mut less {
            *word = !*word;
        }
    }
    less
}

/// The first so many places.
pub(super) fn first(len: usize) -> Vec<u64> {
    let mut set = vec![u64::MAX; len.div_ceil(64)];
    if let (Some(last), rest @ 1..) = (set.last_mut(), len % 64) {
        *last = (1 << rest) - 1;
    }
    set
}

/// Keeps those in a range.
pub(super) fn keep_range(set: &mut [u64], range: Range<usize>) {
    let (before, from) = (range.start / 64, range.start % 64);
    let (until, to) = (range.end / 64, range.end % 64);
    if let Some(word) = set.get_mut(before) {
        *word &= u64::MAX << from;
    }
    if let Some(word) = set.get_mut(until) {
        *word &= (1 << to) - 1;
    }
    set.iter_mut().take(before).for_each(|word| *word = 0);
    set.iter_mut().skip(until + 1).for_each(|word| *word = 0);
}

/// Keeps those that pass.
pub(super) fn retain(set: &mut [u64], mut passes: impl FnMut(usize) -> bool) {
    for (at, word) in set.iter_mut().enumerate() {
        let mut bits = *word;
        while bits != 0 {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            if !passes(at * 64 + bit) {
                *word &= !(1 << bit);
            }
        }
    }
}

/// The words of a range with their numbers, without the bits outside of it.
fn inside(set: &[u64], range: Range<usize>) -> impl DoubleEndedIterator<Item = (usize, u64)> {
    let words = range.start / 64..range.end.div_ceil(64).max(range.start / 64);
    let end = words.end;
    set.get(words.clone()).unwrap_or_default().iter().zip(words).map(move |(word, at)| {
        let from = if at == range.start / 64 { u64::MAX << (range.start % 64) } else { u64::MAX };
        let to = if at + 1 == end && !range.end.is_multiple_of(64) { (1 << (range.end % 64)) - 1 } else { u64::MAX };
        (at, word & from & to)
    })
}

/// The bits of a range that lies within one word, with the first place of the word: nearly all contacts have few rows.
fn in_one_word(set: &[u64], range: &Range<usize>) -> Option<(usize, u64)> {
    let at = range.start / 64;
    let length = range.len();
    if length == 0 || range.start % 64 + length > 64 {
        return None;
    }
    Some((at * 64, set.get(at)? & u64::MAX >> (64 - length) << (range.start % 64)))
}

/// From the first to the last of a range, with what lies between.
pub(super) fn bounds(set: &[u64], range: Range<usize>) -> Range<usize> {
    if let Some((base, word)) = in_one_word(set, &range) {
        let start = base + word.trailing_zeros() as usize;
        return if word == 0 { 0..0 } else { start..base + 64 - word.leading_zeros() as usize };
    }
    let mut some = inside(set, range).filter(|(_, word)| *word != 0);
    let Some((first, word)) = some.next() else { return 0..0 };
    let start = first * 64 + word.trailing_zeros() as usize;
    let (last, word) = some.next_back().unwrap_or((first, word));
    start..last * 64 + 64 - word.leading_zeros() as usize
}

/// Hands on those of a range, ascending.
pub(super) fn each_in(set: &[u64], range: Range<usize>, mut see: impl FnMut(usize)) {
    let mut each = |base: usize, mut word: u64| {
        while word != 0 {
            see(base + word.trailing_zeros() as usize);
            word &= word - 1;
        }
    };
    match in_one_word(set, &range) {
        Some((base, word)) => each(base, word),
        None => inside(set, range).for_each(|(at, word)| each(at * 64, word)),
    }
}

/// How many lie in a range.
pub(super) fn count_in(set: &[u64], range: Range<usize>) -> usize {
    if let Some((_, word)) = in_one_word(set, &range) {
        return word.count_ones() as usize;
    }
    inside(set, range).map(|(_, word)| word.count_ones() as usize).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_compare(
            pairs in prop::collection::vec((-5_i64..5, -5_i64..5, any::<i64>()), 1..150), left in -3_i64..4, right in -3_i64..4, large in any::<bool>(),
        ) {
            let a: Vec<i64> = pairs.iter().map(|(a, _, far)| if large { *far } else { *a }).collect();
            let b: Vec<i64> = pairs.iter().map(|(_, b, _)| *b).collect();
            for op in [CompareOp::Equal, CompareOp::NotEqual, CompareOp::Less, CompareOp::LessOrEqual, CompareOp::Greater, CompareOp::GreaterOrEqual] {
                let found = compared(op, (&a, left), (&b, right));
                for (at, (a, b)) in a.iter().zip(&b).enumerate() {
                    let expected = op.accepts((i128::from(*a) * i128::from(left)).cmp(&(i128::from(*b) * i128::from(right))));
                    prop_assert_eq!(contains(&found, at), expected, "{:?} {} {}", op, a, b);
                }
            }
        }

        #[test]
        fn ranges_see_what_lies_in_them(
            words in prop::collection::vec(any::<u64>(), 1..5), few in any::<bool>(), a in 0_usize..320, b in 0_usize..320,
        ) {
            let set: Vec<u64> = words.iter().map(|w| if few { w & (w >> 7) & (w >> 13) & (w >> 29) & (w >> 41) } else { *w }).collect();
            let (from, to) = (a.min(b).min(set.len() * 64), a.max(b).min(set.len() * 64));
            let inside: Vec<usize> = iter(&set).filter(|bit| (from..to).contains(bit)).collect();
            prop_assert_eq!(count_in(&set, from..to), inside.len());
            let expected = if inside.is_empty() { 0..0 } else { inside[0]..inside[inside.len() - 1] + 1 };
            prop_assert_eq!(bounds(&set, from..to), expected);
            let mut each = Vec::new();
            each_in(&set, from..to, |place| each.push(place));
            prop_assert_eq!(each, inside);
            let mut kept = set.clone();
            retain(&mut kept, |bit| bit % 3 == 0);
            prop_assert_eq!(iter(&kept).collect::<Vec<_>>(), iter(&set).filter(|bit| bit % 3 == 0).collect::<Vec<_>>());
            prop_assert_eq!(iter(&first(to)).collect::<Vec<_>>(), (0..to).collect::<Vec<_>>());
            prop_assert_eq!(of(to, |place| contains(&set, place)), iter(&set).filter(|bit| *bit < to).fold(vec![0; to.div_ceil(64)], |mut bits, bit| { bits[bit / 64] |= 1 << (bit % 64); bits }));
            let mut within = set.clone();
            keep_range(&mut within, from..to);
            prop_assert_eq!(iter(&within).collect::<Vec<_>>(), iter(&set).filter(|bit| (from..to).contains(bit)).collect::<Vec<_>>());
        }
    }
}
