//! Where the texts of a column stand, by their hashes: for long lists of texts that are looked for again and again.

use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Hasher, TextColumn};

/// The fewest texts that are worth a hash each, on either side: a short dictionary stays in the cache.
const MIN_WANTED: usize = 64;
const MIN_DISTINCT: u32 = 4096;
/// Places are made for a list when lists with this fraction of the dictionary's texts have been looked for before, text by text:
/// making them takes as long as looking for some more of those.
const FRACTION: u32 = 128;
/// Places that share a beginning.
const PER_BUCKET: usize = 8;
/// Places that are compared at once: nearly always the whole bucket.
const WINDOW: usize = 16;

/// Texts to look for, hashed once for all columns.
///
/// ```
/// use segql::store::column::WantedTexts;
/// let texts: Vec<String> = (0..100).map(|n| n.to_string()).collect();
/// assert!(WantedTexts::new(&texts).is_some());
/// assert!(WantedTexts::new(&texts[..10]).is_none());
/// ```
#[derive(Debug)]
pub struct WantedTexts<'t>(Vec<(u32, &'t str)>);

impl<'t> WantedTexts<'t> {
    /// The texts of a list; `None` for one that is so short that hashes gain nothing.
    #[must_use]
    pub fn new(texts: &'t [String]) -> Option<Self> {
        if texts.len() < MIN_WANTED {
            return None;
        }
        let mut hashed: Vec<(u32, &str)> = texts.iter().map(|text| (hash(text), text.as_str())).collect();
        // In the order of places, so that memory is read forwards.
        hashed.sort_unstable();
        Some(Self(hashed))
    }
}

/// The upper half: it is as good as the whole for columns of this size.
fn hash(text: &str) -> u32 {
    u32::try_from(Hasher::default().hash_one(text) >> 32).unwrap_or(u32::MAX)
}

/// What a column knows of the lists that it has been asked for. A copy begins anew.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    wanted: AtomicU32,
    places: OnceLock<Box<Places>>,
}

impl Clone for Lookups {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// The slots that have a text, in the order of the hashes of their texts.
#[derive(Debug)]
struct Places {
    /// The upper bits of a hash are the number of a bucket.
    shift: u32,
    /// Where each bucket begins, and where the last one ends.
    starts: Vec<u32>,
    /// The lower bits of the hashes, and a window of nothing behind them.
    marks: Vec<u16>,
    slots: Vec<u16>,
}

impl TextColumn<'_> {
    /// Sets the bit of every slot whose text is wanted. Gives the bytes that it has looked at; `None`, with no bit set, when the
    /// column does not know where its texts stand: it learns that with the second long list.
    #[must_use]
    pub fn scan_wanted(&self, wanted: &WantedTexts<'_>, out: &mut [u64]) -> Option<usize> {
        let places = self.places(wanted.0.len())?;
        let mut bytes = 0;
        for (hash, text) in &wanted.0 {
            let bucket = places.bucket(*hash);
            bytes += bucket.len() * (size_of::<u16>() * 2);
            places.each(bucket, mark_of(*hash), |slot| {
                if self.text(slot) == Some(*text)
                    && let Some(word) = out.get_mut(slot / 64)
                {
                    *word |= 1 << (slot % 64);
                }
            });
        }
        Some(bytes)
    }

    /// Bytes of the places, if they can be made.
    pub(super) fn places_bytes(&self) -> usize {
        let is_large = self.distinct() >= MIN_DISTINCT;
        // A mark and a slot each, and the beginnings of buckets.
        if is_large { self.codes.len() * (2 * size_of::<u16>()) + self.codes.len() / PER_BUCKET * size_of::<u32>() } else { 0 }
    }

    fn places(&self, wanted: usize) -> Option<&Places> {
        if let Some(places) = self.lookups.places.get() {
            return Some(places);
        }
        if self.distinct() < MIN_DISTINCT || self.codes.len() > usize::from(u16::MAX) + 1 {
            return None;
        }
        let before = self.lookups.wanted.fetch_add(u32::try_from(wanted).unwrap_or(u32::MAX >> 8), Ordering::Relaxed);
        (before >= self.distinct() / FRACTION).then(|| self.lookups.places.get_or_init(|| Box::new(Places::of(self))).as_ref())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower bits")]
fn mark_of(hash: u32) -> u16 {
    hash as u16
}

impl Places {
    fn of(column: &TextColumn<'_>) -> Self {
        let hashes: Vec<u32> = (0..column.distinct()).map(|code| column.value(code).map_or(0, hash)).collect();
        let hash_of = |code: i64| usize::try_from(code).ok().and_then(|code| hashes.get(code)).copied().unwrap_or(0);
        let len = column.codes.len();
        let buckets = (len / PER_BUCKET).next_power_of_two().max(2);
        let shift = u32::BITS - buckets.trailing_zeros();
        let bucket_of = |hash: u32| (hash >> shift) as usize;
        // The number of places of each bucket, then where the one behind it begins, then, once all places are taken, where it ends.
        let mut starts = vec![0_u32; buckets + 1];
        column.codes.each(0..len, |_, code| {
            if let Some(count) = starts.get_mut(bucket_of(hash_of(code)) + 1) {
                *count += 1;
            }
        });
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        // Every window has its full length.
        let (mut marks, mut slots) = (vec![0; sum as usize + WINDOW], vec![0; sum as usize]);
        column.codes.each(0..len, |slot, code| {
            let hash = hash_of(code);
            let Some(next) = next.get_mut(bucket_of(hash)) else { return };
            let at = *next as usize;
            *next += 1;
            if let (Some(mark), Some(place), Ok(slot)) = (marks.get_mut(at), slots.get_mut(at), u16::try_from(slot)) {
                (*mark, *place) = (mark_of(hash), slot);
            }
        });
        Self { shift, starts, marks, slots }
    }

    /// Where the slots of a bucket are.
    fn bucket(&self, hash: u32) -> Range<usize> {
        let bucket = (hash >> self.shift) as usize;
        match self.starts.get(bucket..bucket + 2) {
            Some([start, end]) => *start as usize..*end as usize,
            _ => 0..0,
        }
    }

    /// Hands on the slots of a bucket that have a mark, and maybe some behind it. All marks of a window are compared without a
    /// branch: one that depends on how many there are would be foretold wrongly for each bucket.
    #[inline]
    fn each(&self, bucket: Range<usize>, mark: u16, mut see: impl FnMut(usize)) {
        for start in bucket.step_by(WINDOW) {
            let Some(window) = self.marks.get(start..).and_then(|marks| marks.first_chunk::<WINDOW>()) else { return };
            let mut bits = window.iter().zip(0_u32..).fold(0_u32, |bits, (other, at)| bits | u32::from(*other == mark) << at);
            while bits != 0 {
                if let Some(slot) = self.slots.get(start + bits.trailing_zeros() as usize) {
                    see(usize::from(*slot));
                }
                bits &= bits - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::presence_words;
    use super::super::encode_texts;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn wanted_texts_are_found_where_they_stand(
            own in prop::collection::vec(prop::option::weighted(0.9, 0_u32..40_000), 5_000..20_000),
            others in prop::collection::vec(0_u32..80_000, 64..3_000),
        ) {
            let name = |n: u32| format!("{n}@poczta.example");
            // Enough different texts, whatever else there is.
            let own = own.into_iter().chain((0..5_000).map(Some)).map(|n| n.map(name)).collect::<Vec<_>>();
            let texts: Vec<Option<&str>> = own.iter().map(Option::as_deref).collect();
            let bytes = encode_texts(&texts, false);
            let column = TextColumn::decode(&bytes[8..]).unwrap();
            let list: Vec<String> = others.into_iter().map(name).collect();
            let wanted = WantedTexts::new(&list).unwrap();
            let is_wanted: std::collections::HashSet<&str> = list.iter().map(String::as_str).collect();
            let expected = presence_words(texts.len(), |s| texts[s].is_some_and(|t| is_wanted.contains(t)));
            let mut answers = 0;
            for _ in 0..10 {
                let mut out = vec![0; texts.len().div_ceil(64)];
                let found = column.scan_wanted(&wanted, &mut out).is_some();
                prop_assert!(found || answers == 0);
                let nothing = vec![0; out.len()];
                prop_assert_eq!(&out, if found { &expected } else { &nothing });
                answers += u32::from(found);
            }
            prop_assert!(answers > 0);
        }
    }

    #[test]
    fn whoever_asks_once_does_not_wait_for_places() {
        let names: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
        let column = |many: usize| encode_texts(&names[..many].iter().map(|n| Some(n.as_str())).collect::<Vec<_>>(), false);
        let wanted = WantedTexts::new(&names[..1000]).unwrap();
        let (large, small) = (column(20_000), column(1_000));
        let (large, small) = (TextColumn::decode(&large[8..]).unwrap(), TextColumn::decode(&small[8..]).unwrap());
        let ask = |column: &TextColumn<'_>| column.scan_wanted(&wanted, &mut [0; 400]).is_some();
        assert_eq!([ask(&large), ask(&large), ask(&large)], [false, true, true]);
        assert_eq!([ask(&small), ask(&small), ask(&small)], [false, false, false]);
        // A copy knows nothing yet.
        assert!(!ask(&large.clone()));
    }
}
