//! Sets of contacts of one chunk, by slot.

use super::{WORDS, Words};

/// Nobody.
pub(super) fn empty() -> Box<Words> {
    Box::new([0; WORDS])
}

/// The first `len` slots.
pub(super) fn first(len: u32) -> Box<Words> {
    let mut set = empty();
    for (base, word) in (0_u32..).step_by(64).zip(set.iter_mut()) {
        let left = len.saturating_sub(base);
        *word = if left >= 64 { u64::MAX } else { (1 << left) - 1 };
    }
    set
}

pub(super) fn insert(set: &mut Words, slot: u16) {
    if let Some(word) = set.get_mut(usize::from(slot / 64)) {
        *word |= 1 << (slot % 64);
    }
}

pub(super) fn remove(set: &mut Words, slot: u16) {
    if let Some(word) = set.get_mut(usize::from(slot / 64)) {
        *word &= !(1 << (slot % 64));
    }
}

pub(super) fn contains(set: &Words, slot: u16) -> bool {
    set.get(usize::from(slot / 64)).is_some_and(|word| word >> (slot % 64) & 1 == 1)
}

pub(super) fn is_empty(set: &Words) -> bool {
    set.iter().all(|word| *word == 0)
}

/// Whether a run of slots has one of the set.
pub(super) fn any_in(set: &Words, run: std::ops::Range<u32>) -> bool {
    let Some(last) = run.end.checked_sub(1).filter(|last| *last >= run.start) else { return false };
    let (from, to) = ((run.start / 64) as usize, (last / 64) as usize);
    set.iter().enumerate().take(to.saturating_add(1)).skip(from).any(|(at, word)| {
        let mut mask = u64::MAX;
        if at == from {
            mask &= u64::MAX << (run.start % 64);
        }
        if at == to {
            mask &= u64::MAX >> (63 - last % 64);
        }
        word & mask != 0
    })
}

/// The slots, ascending.
pub(super) fn iter(set: &Words) -> impl Iterator<Item = u16> {
    (0_u32..).step_by(64).zip(set).filter(|(_, word)| **word != 0).flat_map(|(base, word)| {
        (0..64).filter(move |bit| word >> bit & 1 == 1).filter_map(move |bit| u16::try_from(base + bit).ok())
    })
}

/// The slots as runs of neighbours, ascending.
pub(super) fn runs(set: &Words) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    iter(set).map(usize::from).for_each(|slot| extend(&mut runs, slot..slot + 1));
    runs
}

/// Adds a run behind others; one that begins where the last one ends goes on with it.
pub(super) fn extend(runs: &mut Vec<std::ops::Range<usize>>, run: std::ops::Range<usize>) {
    match runs.last_mut() {
        Some(last) if last.end == run.start => last.end = run.end,
        _ => runs.push(run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_members() {
        let mut set = first(70);
        assert!(contains(&set, 69) && !contains(&set, 70));
        assert!(any_in(&set, 69..200) && !any_in(&set, 70..65_536) && !any_in(&set, 5..5));
        remove(&mut set, 69);
        insert(&mut set, 65_535);
        assert!(!any_in(&set, 69..65_535) && any_in(&set, 65_535..65_536));
        assert_eq!(iter(&set).count(), 70);
        assert_eq!(runs(&set), [0..69, 65_535..65_536]);
        assert!(first(0).iter().all(|w| *w == 0) && first(65_536).iter().all(|w| *w == u64::MAX));
    }
}
