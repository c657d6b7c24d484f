//! Very many numbers in order, without keeping each of them: how often each value occurs.

use std::cmp::Ordering;

use crate::exec::Cancel;

/// Numbers that are put in order together.
const SOME: usize = 1 << 16;

/// Numbers as they come.
#[derive(Default)]
pub struct Numbers {
    new: Vec<i64>,
    /// Values ascending, with how often each occurs; each list is at most half as long as the one before.
    sorted: Vec<Vec<(i64, u64)>>,
}

/// All of them, in order.
pub struct Sorted {
    /// Values ascending, with how many numbers are not greater.
    ends: Vec<(i64, u64)>,
}

impl Numbers {
    /// Adds a number.
    pub fn add(&mut self, n: i64, cancel: &Cancel) {
        self.new.push(n);
        if self.new.len() >= SOME {
            self.settle(cancel);
        }
    }

    /// Puts the new ones in order. What is cancelled is not complete.
    fn settle(&mut self, cancel: &Cancel) {
        self.new.sort_unstable();
        let mut runs: Vec<(i64, u64)> = Vec::new();
        for n in self.new.drain(..) {
            match runs.last_mut() {
                Some((value, count)) if *value == n => *count += 1,
                _ => runs.push((n, 1)),
            }
        }
        while let Some(last) = self.sorted.pop_if(|last| last.len() < runs.len().saturating_mul(2)) {
            runs = merged(&last, &runs, cancel);
        }
        self.sorted.push(runs);
    }

    /// All of them; what is cancelled is not complete.
    pub fn finish(mut self, cancel: &Cancel) -> Sorted {
        self.settle(cancel);
        let mut all = Vec::new();
        while let Some(last) = self.sorted.pop() {
            all = merged(&last, &all, cancel);
        }
        let mut end = 0;
        for (_, count) in &mut all {
            end += *count;
            *count = end;
        }
        Sorted { ends: all }
    }
}

/// Two lists as one. It ends early when nobody wants it any more.
fn merged(one: &[(i64, u64)], other: &[(i64, u64)], cancel: &Cancel) -> Vec<(i64, u64)> {
    let mut out = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.iter().copied().peekable(), other.iter().copied().peekable());
    while !(out.len().is_multiple_of(SOME) && cancel.is_cancelled()) {
        let order = match (one.peek(), other.peek()) {
            (Some(a), Some(b)) => a.0.cmp(&b.0),
            (None, _) => Ordering::Greater,
            (_, None) => Ordering::Less,
        };
        let next = match order {
            Ordering::Less => one.next(),
            Ordering::Greater => other.next(),
            Ordering::Equal => one.next().zip(other.next()).map(|(a, b)| (a.0, a.1 + b.1)),
        };
        match next {
            Some(next) => out.push(next),
            None => break,
        }
    }
    out
}

impl Sorted {
    /// How many numbers there are.
    pub fn len(&self) -> u64 {
        self.ends.last().map_or(0, |(_, end)| *end)
    }

    /// The least and the greatest.
    pub fn bounds(&self) -> Option<(i64, i64)> {
        Some((self.ends.first()?.0, self.ends.last()?.0))
    }

    /// The number at a place.
    pub fn at(&self, place: u64) -> Option<i64> {
        let found = self.ends.partition_point(|(_, end)| *end <= place);
        self.ends.get(found).map(|(value, _)| *value)
    }

    /// How many numbers are less than a bound.
    pub fn below(&self, bound: i128) -> u64 {
        let found = self.ends.partition_point(|(value, _)| i128::from(*value) < bound);
        found.checked_sub(1).and_then(|last| self.ends.get(last)).map_or(0, |(_, end)| *end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_cancelled_ends() {
        let cancel = Cancel::default();
        let mut numbers = Numbers::default();
        (0..1_000_000).for_each(|n| numbers.add(n, &cancel));
        cancel.cancel();
        assert!(numbers.finish(&cancel).len() < 1_000_000);
    }

    proptest! {
        #[test]
        fn as_if_each_were_kept(few in prop::collection::vec(-40_i64..40, 0..300), times in 1_usize..900, place in any::<u64>(), bound in -50_i128..50) {
            let cancel = Cancel::default();
            let mut numbers = Numbers::default();
            let mut all: Vec<i64> = few.iter().cycle().take(few.len() * times).copied().collect();
            for n in &all {
                numbers.add(*n, &cancel);
            }
            all.sort_unstable();
            let sorted = numbers.finish(&cancel);
            prop_assert_eq!(sorted.len(), all.len() as u64);
            prop_assert_eq!(sorted.bounds(), all.first().copied().zip(all.last().copied()));
            if !all.is_empty() {
                let place = place % all.len() as u64;
                prop_assert_eq!(sorted.at(place), Some(all[usize::try_from(place).unwrap()]));
            }
            prop_assert_eq!(sorted.below(bound), all.iter().filter(|n| i128::from(**n) < bound).count() as u64);
        }
    }
}
