//! How often values occur, and what reading them costs, from the bitmaps of the values alone.

use std::borrow::Cow;

use super::super::bitmap;
use super::{CodeSet, TextColumn};

impl TextColumn<'_> {
    /// Bytes of memory that are the column's own, with those that it takes when long lists are looked for.
    #[must_use]
    pub fn own_bytes(&self) -> usize {
        let ends = if let Cow::Owned(ends) = &self.ends { size_of_val(ends.as_slice()) } else { 0 };
        size_of::<Self>() + ends + self.codes.own_bytes() + self.places_bytes()
    }

    /// How many slots have each text, by code; nothing for a column without bitmaps.
    #[must_use]
    pub fn cardinalities(&self) -> Option<Vec<u32>> {
        self.bitmaps.as_ref()?;
        (0..self.distinct()).map(|code| bitmap::cardinality(self.bitmap(code)?)).collect()
    }

    /// Bytes that [`Self::scan`] looks at for a set.
    #[must_use]
    pub fn scanned_bytes(&self, set: &CodeSet) -> usize {
        if set.count == 0 {
            0
        } else if set.count == self.distinct() {
            self.codes.present_bytes()
        } else if self.bitmaps.is_some() {
            set.iter().filter_map(|code| self.bitmap(code)).map(<[u8]>::len).sum()
        } else {
            self.codes.scan_bytes()
        }
    }

    pub(super) fn bitmap(&self, code: u32) -> Option<&[u8]> {
        let (ends, bytes) = self.bitmaps.as_ref()?;
        let code = code as usize;
        let start = match code.checked_sub(1) {
            Some(previous) => (*ends.get(previous)? as usize).next_multiple_of(8),
            None => 0,
        };
        bytes.get(start..*ends.get(code)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode_texts;
    use super::*;

    #[test]
    fn texts_are_counted_by_their_bitmaps() {
        let texts: Vec<Option<&str>> = (0..300).map(|n| [Some("a"), Some("b"), None][n % 3]).collect();
        let (with, without) = (encode_texts(&texts, true), encode_texts(&texts, false));
        let (with, without) = (TextColumn::decode(&with[8..]).unwrap(), TextColumn::decode(&without[8..]).unwrap());
        assert_eq!(with.cardinalities(), Some(vec![100, 100]));
        assert_eq!(without.cardinalities(), None);
        let mut set = CodeSet::none(2);
        assert_eq!(with.scanned_bytes(&set), 0);
        set.insert(1);
        assert_eq!(with.scanned_bytes(&set), 16 + 200);
        assert_eq!(without.scanned_bytes(&set), without.codes().scan_bytes());
    }
}
