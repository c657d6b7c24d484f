//! What reading a column costs, and what keeping it does.

use std::borrow::Cow;

use super::{IntColumn, Packed, Presence};

impl IntColumn<'_> {
    /// Bytes that [`Self::scan`] looks at for these bounds: none, those that say who has a value, or all.
    #[must_use]
    pub fn scanned_bytes(&self, lo: i64, hi: i64) -> usize {
        match self.packed_bounds(lo, hi) {
            None => 0,
            Some((lo, hi)) if lo == 0 && hi >= self.max.abs_diff(self.base) / self.unit => self.present_bytes(),
            Some(_) => self.scan_bytes(),
        }
    }

    /// Bytes that say who has a value.
    #[must_use]
    pub fn present_bytes(&self) -> usize {
        if matches!(self.present, Presence::All) { 0 } else { self.len.div_ceil(8) }
    }

    /// Bytes of memory that are the column's own: what it does not borrow from where it is stored.
    #[must_use]
    pub fn own_bytes(&self) -> usize {
        #[expect(clippy::ptr_arg, reason = "whether it is borrowed is what is asked")]
        fn copied<T: Copy>(values: &Cow<'_, [T]>) -> usize {
            if let Cow::Owned(values) = values { size_of_val(values.as_slice()) } else { 0 }
        }
        let present = match &self.present {
            Presence::All => 0,
            Presence::Dense(words) => copied(words),
            Presence::Sparse { words, ranks } => copied(words) + size_of_val(ranks.as_slice()),
        };
        let packed = match &self.packed {
            Packed::Constant | Packed::U8(_) => 0,
            Packed::U16(values) => copied(values),
            Packed::U32(values) => copied(values),
            Packed::U40(planes) => copied(&planes.high) + copied(&planes.middle),
            Packed::U64(values) => copied(values),
        };
        size_of::<Self>() + present + packed
    }

    /// Bytes of one value.
    #[must_use]
    pub fn width(&self) -> usize {
        match self.packed {
            Packed::Constant => 0,
            Packed::U8(_) => 1,
            Packed::U16(_) => 2,
            Packed::U32(_) => 4,
            Packed::U40(..) => 5,
            Packed::U64(_) => 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;

    #[test]
    fn bytes_that_are_looked_at() {
        let values: Vec<Option<i64>> = (0..640).map(|n| (n % 2 == 0).then_some(n)).collect();
        let bytes = encode(&values);
        let column = IntColumn::decode(&bytes).unwrap();
        assert_eq!((column.width(), column.present_bytes()), (2, 80));
        assert_eq!(column.scanned_bytes(700, 800), 0);
        assert_eq!(column.scanned_bytes(i64::MIN, i64::MAX), 80);
        assert_eq!(column.scanned_bytes(10, 20), column.scan_bytes());
    }
}
