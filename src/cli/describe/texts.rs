//! How often texts occur, however many there are.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::BuildHasher as _;

use crate::exec::Cancel;
use crate::store::column::Hasher;

/// Parts of the table: one that grows moves what it has, and Ctrl-C waits for it.
const PARTS: u64 = 64;
/// Texts looked at between two looks at the cancel flag.
const SOME: usize = 1 << 12;

/// Texts with how often each occurs. They stay where they are: millions of small pieces of memory would take long to give back.
pub struct Texts<'t>(Vec<HashMap<&'t str, u64, Hasher>>);

/// The most frequent ones, and how many others there are with how many occurrences.
pub type Most = (Vec<(String, u64)>, Option<(usize, u64)>);

impl Default for Texts<'_> {
    fn default() -> Self {
        Self((0..PARTS).map(|_| HashMap::default()).collect())
    }
}

impl<'t> Texts<'t> {
    /// A text occurs so many times more.
    pub fn add(&mut self, text: &'t str, times: u64) {
        // The lower bits choose the place within a part.
        let part = (Hasher::default().hash_one(text) >> 40) % PARTS;
        let Some(part) = usize::try_from(part).ok().and_then(|part| self.0.get_mut(part)) else { return };
        *part.entry(text).or_default() += times;
    }

    /// The most frequent texts, at most so many, equally frequent ones by name; nothing when nobody wants them any more.
    pub fn most_frequent(&self, shown: usize, cancel: &Cancel) -> Option<Most> {
        let mut most: Vec<(&str, u64)> = Vec::with_capacity(shown + 1);
        let (mut texts, mut all) = (0, 0);
        for (text, count) in self.0.iter().flatten() {
            if texts % SOME == 0 && cancel.is_cancelled() {
                return None;
            }
            texts += 1;
            all += count;
            let at = most.partition_point(|(other, n)| (Reverse(*n), *other) < (Reverse(*count), *text));
            if at < shown {
                most.insert(at, (text, *count));
                most.truncate(shown);
            }
        }
        let rest = texts - most.len();
        let more = (rest > 0).then(|| (rest, all - most.iter().map(|(_, n)| n).sum::<u64>()));
        Some((most.into_iter().map(|(text, n)| (text.to_owned(), n)).collect(), more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_cancelled_ends() {
        let cancel = Cancel::default();
        let mut texts = Texts::default();
        texts.add("a", 1);
        assert!(texts.most_frequent(1, &cancel).is_some());
        cancel.cancel();
        assert!(texts.most_frequent(1, &cancel).is_none());
    }

    proptest! {
        #[test]
        fn as_if_all_were_sorted(texts in prop::collection::vec(("[a-f]{1,2}", 0_u64..5), 0..60), shown in 1_usize..12) {
            let mut counted = Texts::default();
            let mut all: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
            for (text, n) in &texts {
                counted.add(text, *n);
                *all.entry(text.clone()).or_default() += n;
            }
            let mut all: Vec<(String, u64)> = all.into_iter().collect();
            all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            let rest = all.split_off(all.len().min(shown));
            let more = (!rest.is_empty()).then(|| (rest.len(), rest.iter().map(|(_, n)| n).sum()));
            prop_assert_eq!(counted.most_frequent(shown, &Cancel::default()), Some((all, more)));
        }
    }
}
