//! Sets of whole numbers as sorted, disjoint, closed intervals.

use crate::time::Interval;

/// A set of whole numbers. Numbers of columns are 64 bits wide, sums 128.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Intervals(Vec<(i128, i128)>);

impl Intervals {
    /// No number.
    pub const NONE: Self = Self(Vec::new());

    /// Every number.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![(i128::MIN, i128::MAX)])
    }

    /// From `lo` to `hi`, both included; nothing when `lo > hi`.
    #[must_use]
    pub fn range(lo: i128, hi: i128) -> Self {
        if lo > hi { Self::NONE } else { Self(vec![(lo, hi)]) }
    }

    /// The same set from an interval of time; its ends at the limits of 64 bits are no ends.
    #[must_use]
    pub fn of(interval: Interval) -> Self {
        let lo = if interval.lo == i64::MIN { i128::MIN } else { i128::from(interval.lo) };
        let hi = if interval.hi == i64::MAX { i128::MAX } else { i128::from(interval.hi) };
        if interval.is_empty() { Self::NONE } else { Self::range(lo, hi) }
    }

    /// What is in some of them.
    #[must_use]
    pub fn union(sets: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<(i128, i128)> = sets.into_iter().flat_map(|s| s.0).collect();
        all.sort_unstable();
        let mut out: Vec<(i128, i128)> = Vec::with_capacity(all.len());
        for (lo, hi) in all {
            match out.last_mut() {
                Some((_, end)) if lo <= end.saturating_add(1) => *end = (*end).max(hi),
                _ => out.push((lo, hi)),
            }
        }
        Self(out)
    }

    /// What is not in it.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut out = Vec::with_capacity(self.0.len() + 1);
        let mut next = Some(i128::MIN);
        for (lo, hi) in &self.0 {
            if let (Some(from), Some(to)) = (next, lo.checked_sub(1))
                && from <= to
            {
                out.push((from, to));
            }
            next = hi.checked_add(1);
        }
        if let Some(from) = next {
            out.push((from, i128::MAX));
        }
        Self(out)
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self::union([self.complement(), other.complement()]).complement()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether everything is in it.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self.0.as_slice(), [(i128::MIN, i128::MAX)])
    }

    /// Whether a number is in it.
    #[must_use]
    pub fn contains(&self, n: i128) -> bool {
        let at = self.0.partition_point(|(lo, _)| *lo <= n);
        at.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, hi)| n <= *hi)
    }

    /// The intervals, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (i128, i128)> {
        self.0.iter().copied()
    }

    /// The intervals cut to 64 bits.
    pub fn iter_i64(&self) -> impl Iterator<Item = (i64, i64)> {
        let cut = |n: i128| i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX });
        self.0
            .iter()
            .filter(|(lo, hi)| *hi >= i128::from(i64::MIN) && *lo <= i128::from(i64::MAX))
            .map(move |(lo, hi)| (cut(*lo), cut(*hi)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set() -> impl Strategy<Value = Intervals> {
        prop::collection::vec((-20_i128..20, 0_i128..6), 0..5)
            .prop_map(|r| Intervals::union(r.into_iter().map(|(lo, n)| Intervals::range(lo, lo + n))))
    }

    proptest! {
        #[test]
        fn algebra(a in set(), b in set()) {
            for n in -30..30 {
                prop_assert_eq!(a.complement().contains(n), !a.contains(n));
                prop_assert_eq!(a.and(&b).contains(n), a.contains(n) && b.contains(n));
                prop_assert_eq!(Intervals::union([a.clone(), b.clone()]).contains(n), a.contains(n) || b.contains(n));
            }
            prop_assert_eq!(a.complement().complement(), a);
        }
    }

    #[test]
    fn ends() {
        assert!(Intervals::all().complement().is_empty() && Intervals::NONE.complement().is_all());
        assert!(Intervals::range(0, i128::MAX).complement().contains(-1));
    }
}
