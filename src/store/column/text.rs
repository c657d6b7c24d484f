//! Texts with a dictionary of their own, sorted bytewise: equality is a binary search, a prefix a range of codes. For
//! small dictionaries every value also has its Roaring bitmap.

mod facts;
mod places;

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::bytes::{Sections, SectionsWriter};
use super::int::{self, IntColumn};
use super::{TAG_TEXT, bitmap, tagged};
pub use places::WantedTexts;

/// Up to so many distinct values get a bitmap each.
const MAX_BITMAPS: usize = 256;

/// A column of texts, some slots of which may be empty.
#[derive(Debug, Clone)]
pub struct TextColumn<'a> {
    ends: Cow<'a, [u32]>,
    texts: &'a str,
    codes: IntColumn<'a>,
    bitmaps: Option<(Cow<'a, [u32]>, &'a [u8])>,
    lookups: places::Lookups,
}

/// A set of codes of one dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSet {
    words: Vec<u64>,
    count: u32,
}

/// Encodes a column; `bitmaps` for the contacts of a chunk, not for rows of events.
#[must_use]
pub fn encode_texts(values: &[Option<&str>], bitmaps: bool) -> Vec<u8> {
    let mut builder = TextBuilder::default();
    for value in values {
        builder.push(*value);
    }
    builder.encode(bitmaps)
}

/// A column on its way: a code for each text in order of appearance. A text is looked at while it is at hand; later only its
/// first occurrence is, which stays in the cache.
#[derive(Default)]
pub struct TextBuilder<'v> {
    seen: HashMap<&'v str, u32, Hasher>,
    /// The codes of texts that have a number already.
    numbers: Vec<u32>,
    texts: Vec<&'v str>,
    codes: Vec<u32>,
}

/// No text.
const EMPTY: u32 = u32::MAX;

impl<'v> TextBuilder<'v> {
    /// Adds a slot.
    pub fn push(&mut self, text: Option<&'v str>) {
        let code = text.map_or(EMPTY, |text| self.code(text));
        self.codes.push(code);
    }

    /// Sets a slot of a column of so many slots, all empty at first.
    pub fn set(&mut self, slot: usize, slots: usize, text: &'v str) {
        let code = self.code(text);
        self.put(slot, slots, code);
    }

    fn put(&mut self, slot: usize, slots: usize, code: u32) {
        if self.codes.len() != slots {
            self.codes.resize(slots, EMPTY);
        }
        if let Some(place) = self.codes.get_mut(slot) {
            *place = code;
        }
    }

    /// The same for a text that has a number: nobody looks at it again.
    pub fn set_numbered(&mut self, slot: usize, slots: usize, number: u32, text: &'v str) {
        let at = number as usize;
        if at >= self.numbers.len() {
            self.numbers.resize(at + 1, EMPTY);
        }
        let known = self.numbers.get(at).copied().filter(|code| *code != EMPTY);
        let code = known.unwrap_or_else(|| self.code(text));
        if known.is_none()
            && let Some(place) = self.numbers.get_mut(at)
        {
            *place = code;
        }
        self.put(slot, slots, code);
    }

    /// Number of slots.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there is no slot.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    fn code(&mut self, text: &'v str) -> u32 {
        *self.seen.entry(text).or_insert_with(|| {
            self.texts.push(text);
            u32::try_from(self.texts.len() - 1).unwrap_or(EMPTY)
        })
    }

    /// The encoded column.
    #[must_use]
    pub fn encode(&self, bitmaps: bool) -> Vec<u8> {
        tagged(TAG_TEXT, &encode(&self.texts, &self.codes, bitmaps))
    }
}

fn encode(texts: &[&str], first: &[u32], bitmaps: bool) -> Vec<u8> {
    // The codes of the sorted dictionary take the place of those in order of appearance.
    let mut order: Vec<u32> = (0..).take(texts.len()).collect();
    let text_of = |code: u32| texts.get(code as usize).copied().unwrap_or_default();
    order.sort_unstable_by_key(|code| text_of(*code));
    let mut sorted = vec![0_i64; texts.len()];
    for (rank, code) in (0_i64..).zip(&order) {
        if let Some(slot) = sorted.get_mut(*code as usize) {
            *slot = rank;
        }
    }
    let codes: Vec<Option<i64>> = first.iter().map(|code| sorted.get(*code as usize).copied()).collect();
    let mut sections = SectionsWriter::default();
    let mut ends = Vec::with_capacity(order.len());
    let mut bytes = Vec::new();
    for code in &order {
        bytes.extend_from_slice(text_of(*code).as_bytes());
        ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    }
    sections.push_slice(&ends);
    sections.push(&bytes);
    sections.push(&int::encode(&codes));
    if bitmaps && order.len() <= MAX_BITMAPS {
        let mut slots: Vec<Vec<u16>> = vec![Vec::new(); order.len()];
        for (slot, code) in (0_u16..=u16::MAX).zip(&codes) {
            if let Some(list) = code.and_then(|c| usize::try_from(c).ok()).and_then(|c| slots.get_mut(c)) {
                list.push(slot);
            }
        }
        let (mut ends, mut bytes) = (Vec::new(), Vec::new());
        for list in &slots {
            bytes.extend_from_slice(&bitmap::encode(list));
            ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        sections.push_slice(&ends);
        sections.push(&bytes);
    }
    sections.finish()
}

/// Hash of short texts: fast, and the same in every run.
pub(crate) type Hasher = foldhash::fast::FixedState;

impl<'a> TextColumn<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut sections = Sections::open(bytes)?;
        let ends = sections.next_slice::<u32>()?;
        let texts = std::str::from_utf8(sections.next()?).ok()?;
        let codes = IntColumn::decode(sections.next()?)?;
        let bitmaps = match sections.next_slice::<u32>() {
            Some(bitmap_ends) => {
                if bitmap_ends.len() != ends.len() {
                    return None;
                }
                Some((bitmap_ends, sections.next()?))
            }
            None => None,
        };
        Some(Self { ends, texts, codes, bitmaps, lookups: places::Lookups::default() })
    }

    /// Number of distinct texts.
    #[must_use]
    pub fn distinct(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// The codes of the slots.
    #[must_use]
    pub fn codes(&self) -> &IntColumn<'a> {
        &self.codes
    }

    /// The code of a slot.
    #[must_use]
    pub fn code(&self, slot: usize) -> Option<u32> {
        self.codes.get(slot).and_then(|code| u32::try_from(code).ok())
    }

    /// The text of a code.
    #[must_use]
    pub fn value(&self, code: u32) -> Option<&'a str> {
        let code = code as usize;
        let start = match code.checked_sub(1) {
            Some(previous) => *self.ends.get(previous)? as usize,
            None => 0,
        };
        self.texts.get(start..*self.ends.get(code)? as usize)
    }

    /// The text of a slot.
    #[must_use]
    pub fn text(&self, slot: usize) -> Option<&'a str> {
        self.code(slot).and_then(|code| self.value(code))
    }

    /// The code of a text.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        let code = self.lower_bound(text);
        (self.value(code) == Some(text)).then_some(code)
    }

    /// The first code whose text is not below `text`.
    fn lower_bound(&self, text: &str) -> u32 {
        let (mut lo, mut hi) = (0, self.distinct());
        while lo < hi {
            let middle = lo.midpoint(hi);
            if self.value(middle).is_some_and(|v| v < text) { lo = middle + 1 } else { hi = middle }
        }
        lo
    }

    /// The codes of the texts that begin with `prefix`, which follow one another.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> CodeSet {
        let mut set = CodeSet::none(self.distinct());
        let mut code = self.lower_bound(prefix);
        while self.value(code).is_some_and(|v| v.starts_with(prefix)) {
            set.insert(code);
            code += 1;
        }
        set
    }

    /// The codes of the texts that end with `suffix`.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> CodeSet {
        let suffix = suffix.as_bytes();
        let tail = |text: &[u8]| text.last_chunk::<16>().map(|tail| u128::from_le_bytes(*tail));
        let head = |text: &[u8]| text.first_chunk::<16>().map(|head| u128::from_le_bytes(*head));
        let (Some(ends), Some(begins)) = (tail(suffix), head(suffix)) else {
            return self.matching_bytes(|text| text.ends_with(suffix));
        };
        if suffix.len() > 32 {
            return self.matching_bytes(|text| tail(text) == Some(ends) && text.ends_with(suffix));
        }
        // Sixteen bytes compare as one number, and up to 32 as two, which may overlap. Both are looked at, since whether the first
        // is right is hard to foretell.
        self.matching_bytes(|text| {
            let last = text.len().checked_sub(suffix.len()).and_then(|at| text.get(at..));
            last.is_some_and(|last| {
                let differ = tail(last).map_or(1, |tail| tail ^ ends) | head(last).map_or(1, |head| head ^ begins);
                differ == 0
            })
        })
    }

    /// The codes of the texts that `test` accepts.
    #[must_use]
    pub fn matching(&self, test: impl Fn(&str) -> bool) -> CodeSet {
        let mut set = CodeSet::none(self.distinct());
        for code in (0..self.distinct()).filter(|code| self.value(*code).is_some_and(&test)) {
            set.insert(code);
        }
        set
    }

    /// The same for a test that looks at bytes.
    #[must_use]
    pub fn matching_bytes(&self, test: impl Fn(&[u8]) -> bool) -> CodeSet {
        let (texts, mut start) = (self.texts.as_bytes(), 0);
        let mut words = Vec::with_capacity(self.ends.len().div_ceil(64));
        for ends in self.ends.chunks(64) {
            let mut word = 0;
            for (bit, end) in ends.iter().enumerate() {
                let end = *end as usize;
                word |= u64::from(texts.get(start..end).is_some_and(&test)) << bit;
                start = end;
            }
            words.push(word);
        }
        let count = words.iter().map(|word| word.count_ones()).sum();
        CodeSet { words, count }
    }

    /// Sets the bit of every slot whose code is in the set; `None` for damaged bytes.
    pub fn scan(&self, set: &CodeSet, out: &mut [u64]) -> Option<()> {
        if set.count == 0 {
            return Some(());
        }
        if set.count == self.distinct() {
            self.codes.present_into(out);
            return Some(());
        }
        if self.bitmaps.is_some() {
            for code in set.iter() {
                bitmap::union_into(self.bitmap(code)?, out)?;
            }
            return Some(());
        }
        set.scan(&self.codes, out);
        Some(())
    }
}

impl CodeSet {
    /// No code of a dictionary of `distinct` texts.
    #[must_use]
    pub fn none(distinct: u32) -> Self {
        Self { words: vec![0; (distinct as usize).div_ceil(64)], count: 0 }
    }

    /// Adds a code.
    pub fn insert(&mut self, code: u32) {
        if let Some(word) = self.words.get_mut(code as usize / 64) {
            let bit = 1 << (code % 64);
            self.count += u32::from(*word & bit == 0);
            *word |= bit;
        }
    }

    /// Whether a code is in it.
    #[must_use]
    pub fn contains(&self, code: u32) -> bool {
        super::bit(&self.words, code as usize)
    }

    /// Whether no code is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The codes that are not in it, of a dictionary of `distinct` texts.
    #[must_use]
    pub fn complement(&self, distinct: u32) -> Self {
        let mut set = Self::none(distinct);
        for code in (0..distinct).filter(|code| !self.contains(*code)) {
            set.insert(code);
        }
        set
    }

    /// Sets the bit of every slot whose code is in it.
    pub fn scan(&self, codes: &IntColumn<'_>, out: &mut [u64]) {
        if let Some((lo, hi)) = self.range() {
            codes.scan(i64::from(lo), i64::from(hi), out);
        } else if self.count > 0 {
            if codes.scan_answers(0, &self.bytes(), out) {
                return;
            }
            let code = |packed| u32::try_from(codes.unpacked(packed));
            codes.scan_table(|packed| code(packed).is_ok_and(|code| self.contains(code)), out);
        }
    }

    /// A byte for each code, 1 for those of the set.
    fn bytes(&self) -> Vec<u8> {
        // Each byte of a number, and of each the bit with its place.
        const EVERY: u64 = 0x0101_0101_0101_0101;
        const OWN: u64 = 0x8040_2010_0804_0201;
        let mut bytes = Vec::with_capacity(self.words.len() * 64);
        for bits in self.words.iter().flat_map(|word| word.to_le_bytes()) {
            let own = (u64::from(bits) * EVERY) & OWN;
            // A byte that has a bit gets its highest one.
            let some = ((own & !(EVERY << 7)) + EVERY * 0x7f) | own;
            bytes.extend_from_slice(&(some >> 7 & EVERY).to_le_bytes());
        }
        bytes
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        (0_u32..).step_by(64).zip(&self.words).flat_map(|(base, word)| {
            let mut bits = *word;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros())?;
                bits &= bits - 1;
                Some(base + bit)
            })
        })
    }

    /// The first and the last code when all between are in it too.
    fn range(&self) -> Option<(u32, u32)> {
        let first = self.iter().next()?;
        let last = first.checked_add(self.count - 1)?;
        (first..=last).all(|code| self.contains(code)).then_some((first, last))
    }
}

#[cfg(test)]
mod tests {
    use super::super::presence_words;
    use super::*;

    fn untagged(texts: &[Option<&str>], bitmaps: bool) -> Vec<u8> {
        encode_texts(texts, bitmaps)[8..].to_vec()
    }
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn any_column_comes_back(values in prop::collection::vec(prop::option::weighted(0.8, "[a-cłó]{0,3}"), 0..400), with_bitmaps in any::<bool>()) {
            let texts: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
            let bytes = untagged(&texts, with_bitmaps);
            let column = TextColumn::decode(&bytes).unwrap();
            for (slot, text) in texts.iter().enumerate() {
                prop_assert_eq!(column.text(slot), *text);
            }
            for wanted in ["a", "ab", "", "ł"] {
                let mut set = CodeSet::none(column.distinct());
                if let Some(code) = column.find(wanted) { set.insert(code); }
                let mut out = vec![0; texts.len().div_ceil(64)];
                column.scan(&set, &mut out).unwrap();
                prop_assert_eq!(out, presence_words(texts.len(), |s| texts[s] == Some(wanted)));
                let mut out = vec![0; texts.len().div_ceil(64)];
                column.scan(&column.with_prefix(wanted), &mut out).unwrap();
                prop_assert_eq!(out, presence_words(texts.len(), |s| texts[s].is_some_and(|t| t.starts_with(wanted))));
                let mut out = vec![0; texts.len().div_ceil(64)];
                column.scan(&column.with_suffix(wanted), &mut out).unwrap();
                prop_assert_eq!(out, presence_words(texts.len(), |s| texts[s].is_some_and(|t| t.ends_with(wanted))));
                let mut out = vec![0; texts.len().div_ceil(64)];
                column.scan(&column.matching(|t| t.contains(wanted)).complement(column.distinct()), &mut out).unwrap();
                prop_assert_eq!(out, presence_words(texts.len(), |s| texts[s].is_some_and(|t| !t.contains(wanted))));
            }
        }
    }

    #[test]
    fn large_dictionaries_have_no_bitmaps() {
        let owned: Vec<String> = (0..1000).map(|n| format!("wartość {n}")).collect();
        let texts: Vec<Option<&str>> = owned.iter().map(|t| Some(t.as_str())).collect();
        let bytes = untagged(&texts, true);
        let column = TextColumn::decode(&bytes).unwrap();
        let mut out = vec![0; 16];
        column.scan(&column.matching(|t| t.ends_with('7')), &mut out).unwrap();
        assert_eq!(out.iter().map(|w| w.count_ones()).sum::<u32>(), 100);
        for suffix in ["7", "wartość 7", "artość 77", "nic wartość 7", "o wiele dłuższe niż wartość 7"] {
            assert_eq!(column.with_suffix(suffix), column.matching(|t| t.ends_with(suffix)), "{suffix}");
        }
    }
}
