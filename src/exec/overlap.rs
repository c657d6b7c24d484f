//! How sets of contacts overlap.

use roaring::RoaringBitmap;

/// The sizes of all intersections of some sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// How many contacts there are.
    pub contacts: u64,
    /// The size of each set.
    pub sizes: Vec<u64>,
    /// The contacts that are in exactly these sets and in no other, by what sets they are; largest first, then by the sets.
    /// Contacts in none are in [`Self::none`].
    pub exactly: Vec<Exactly>,
    /// Contacts in none of the sets.
    pub none: u64,
}

/// Contacts that are in exactly some sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exactly {
    /// Positions of the sets, ascending.
    pub sets: Vec<usize>,
    /// How many contacts.
    pub contacts: u64,
}

impl Overlap {
    /// The overlap of some sets among so many contacts.
    ///
    /// Time and memory grow with the number of combinations that occur, not with all that could.
    ///
    /// ```
    /// use roaring::RoaringBitmap;
    /// use segql::exec::Overlap;
    /// let sets = [RoaringBitmap::from_iter([1, 2, 3]), RoaringBitmap::from_iter([3, 4])];
    /// let overlap = Overlap::of(&sets, 10);
    /// assert_eq!((overlap.reach(), overlap.both(0, 1), overlap.only(0)), (4, 1, 2));
    /// assert_eq!(overlap.jaccard(0, 1), Some((1, 4)));
    /// ```
    #[must_use]
    pub fn of(sets: &[RoaringBitmap], contacts: u64) -> Self {
        let mut parts: Vec<(Vec<usize>, RoaringBitmap)> = Vec::new();
        let mut reached = RoaringBitmap::new();
        for (at, set) in sets.iter().enumerate() {
            let mut next = Vec::with_capacity(parts.len() * 2 + 1);
            for (mut inside, members) in parts {
                let both = &members & set;
                let left = members - set;
                if !left.is_empty() {
                    next.push((inside.clone(), left));
                }
                if !both.is_empty() {
                    inside.push(at);
                    next.push((inside, both));
                }
            }
            let new = set - &reached;
            if !new.is_empty() {
                next.push((vec![at], new));
            }
            reached |= set;
            parts = next;
        }
        let mut exactly: Vec<Exactly> =
            parts.into_iter().map(|(sets, members)| Exactly { sets, contacts: members.len() }).collect();
        exactly.sort_by(|a, b| b.contacts.cmp(&a.contacts).then_with(|| a.sets.cmp(&b.sets)));
        Self {
            contacts,
            sizes: sets.iter().map(RoaringBitmap::len).collect(),
            exactly,
            none: contacts.saturating_sub(reached.len()),
        }
    }

    /// Contacts in at least one of the sets.
    #[must_use]
    pub fn reach(&self) -> u64 {
        self.exactly.iter().map(|e| e.contacts).sum()
    }

    /// Contacts in both of two sets.
    #[must_use]
    pub fn both(&self, a: usize, b: usize) -> u64 {
        self.exactly.iter().filter(|e| e.sets.contains(&a) && e.sets.contains(&b)).map(|e| e.contacts).sum()
    }

    /// Contacts in one set and in no other.
    #[must_use]
    pub fn only(&self, set: usize) -> u64 {
        self.exactly.iter().find(|e| e.sets == [set]).map_or(0, |e| e.contacts)
    }

    /// The contacts in both of two sets, and those in at least one: their quotient is the Jaccard index. `None` when both
    /// are empty.
    #[must_use]
    pub fn jaccard(&self, a: usize, b: usize) -> Option<(u64, u64)> {
        let both = self.both(a, b);
        let size = |set: usize| self.sizes.get(set).copied().unwrap_or(0);
        let some = if a == b { size(a) } else { size(a) + size(b) - both };
        (some > 0).then_some((both, some))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_contact_is_counted_once(members in prop::collection::vec(prop::collection::btree_set(0_u32..40, 0..30), 0..6)) {
            let sets: Vec<RoaringBitmap> = members.iter().map(|m| m.iter().copied().collect()).collect();
            let overlap = Overlap::of(&sets, 40);
            prop_assert_eq!(overlap.reach() + overlap.none, 40);
            for exactly in &overlap.exactly {
                let counted = (0..40).filter(|c| (0..members.len()).all(|at| members[at].contains(c) == exactly.sets.contains(&at)));
                prop_assert_eq!(counted.count() as u64, exactly.contacts);
                prop_assert!(exactly.contacts > 0);
            }
            for a in 0..members.len() {
                for b in 0..members.len() {
                    let both = members[a].intersection(&members[b]).count() as u64;
                    prop_assert_eq!(overlap.both(a, b), both);
                    let union = members[a].union(&members[b]).count() as u64;
                    prop_assert_eq!(overlap.jaccard(a, b), (union > 0).then_some((both, union)));
                }
            }
        }
    }
}
