//! Packed integers: `value = base + unit * packed`, where `base` is the least value and `unit` the greatest common divisor of
//! all differences. Comparisons are exact, because bounds are brought into the packed domain with the right rounding.

mod facts;

use std::borrow::Cow;
use std::ops::Range;

use super::super::bytes::{Sections, SectionsWriter};
use super::{TAG_INT, bit, presence_words, tagged};

/// A column of whole numbers, some slots of which may be empty.
#[derive(Debug, Clone)]
pub struct IntColumn<'a> {
    len: usize,
    base: i64,
    unit: u64,
    min: i64,
    max: i64,
    present: Presence<'a>,
    packed: Packed<'a>,
}

/// Which slots have a value, and where it stands.
#[derive(Debug, Clone)]
enum Presence<'a> {
    /// All of them.
    All,
    /// Those with a bit; every slot has a place among the packed values.
    Dense(Cow<'a, [u64]>),
    /// Those with a bit; only they have a place. `ranks` counts the bits before each word.
    Sparse { words: Cow<'a, [u64]>, ranks: Vec<u32> },
}

#[derive(Debug, Clone)]
enum Packed<'a> {
    /// All values are `base`.
    Constant,
    U8(&'a [u8]),
    U16(Cow<'a, [u16]>),
    U32(Cow<'a, [u32]>),
    U64(Cow<'a, [u64]>),
}

const ALL: u64 = 0;
const DENSE: u64 = 1;
const SPARSE: u64 = 2;

/// Encodes a column. Few values among many slots are stored alone.
#[must_use]
pub fn encode_ints(values: &[Option<i64>]) -> Vec<u8> {
    tagged(TAG_INT, &encode(values))
}

/// As [`encode_ints`], without the tag, for columns inside others.
pub(super) fn encode(values: &[Option<i64>]) -> Vec<u8> {
    let (mut count, mut min, mut max) = (0, i64::MAX, i64::MIN);
    for value in values.iter().flatten() {
        count += 1;
        min = min.min(*value);
        max = max.max(*value);
    }
    if count == 0 {
        (min, max) = (0, 0);
    }
    let unit = common_divisor(values, min);
    let span = max.abs_diff(min) / unit;
    let width: u64 = match span {
        0 => 0,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    };
    let presence = if count == values.len() {
        ALL
    } else if count < values.len() / 4 {
        SPARSE
    } else {
        DENSE
    };
    // Most units are 1, and dividing by it is not free.
    let pack = |v: i64| if unit == 1 { v.abs_diff(min) } else { v.abs_diff(min) / unit };
    let packed: Vec<u64> = if presence == SPARSE {
        values.iter().flatten().map(|v| pack(*v)).collect()
    } else {
        values.iter().map(|v| v.map_or(0, pack)).collect()
    };
    let mut sections = SectionsWriter::default();
    sections.push_slice(&[values.len() as u64, width, presence, unit, min.cast_unsigned(), max.cast_unsigned()]);
    sections.push_slice(&if presence == ALL {
        Vec::new()
    } else {
        presence_words(values.len(), |s| matches!(values.get(s), Some(Some(_))))
    });
    #[expect(clippy::cast_possible_truncation, reason = "the width was chosen for the largest value")]
    match width {
        0 => sections.push(&[]),
        1 => sections.push_slice(&packed.iter().map(|p| *p as u8).collect::<Vec<_>>()),
        2 => sections.push_slice(&packed.iter().map(|p| *p as u16).collect::<Vec<_>>()),
        4 => sections.push_slice(&packed.iter().map(|p| *p as u32).collect::<Vec<_>>()),
        _ => sections.push_slice(&packed),
    }
    sections.finish()
}

/// The greatest common divisor of all differences from the least value.
fn common_divisor(values: &[Option<i64>], min: i64) -> u64 {
    let mut divisor = 0;
    for value in values.iter().flatten() {
        let (mut a, mut b) = (divisor, value.abs_diff(min));
        if a != 0 && b % a == 0 {
            continue;
        }
        while b != 0 {
            (a, b) = (b, a % b);
        }
        divisor = a;
        // It only gets smaller, and most columns come to 1 soon.
        if divisor == 1 {
            break;
        }
    }
    divisor.max(1)
}

impl<'a> IntColumn<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut sections = Sections::open(bytes)?;
        let head = sections.next_slice::<u64>()?;
        let &[len, width, presence, unit, min, max] = head.as_ref() else { return None };
        let len = usize::try_from(len).ok().filter(|n| u32::try_from(*n).is_ok())?;
        let words = sections.next_slice::<u64>()?;
        let data = sections.next()?;
        let (places, present) = match presence {
            ALL => (len, Presence::All),
            DENSE | SPARSE if words.len() != len.div_ceil(64) => return None,
            DENSE => (len, Presence::Dense(words)),
            SPARSE => {
                let mut ranks = Vec::with_capacity(words.len());
                let mut rank = 0_u32;
                for word in words.iter() {
                    ranks.push(rank);
                    rank += word.count_ones();
                }
                (rank as usize, Presence::Sparse { words, ranks })
            }
            _ => return None,
        };
        let packed = match width {
            0 => Packed::Constant,
            1 => Packed::U8(data),
            2 => Packed::U16(super::super::bytes::cast(data)?),
            4 => Packed::U32(super::super::bytes::cast(data)?),
            8 => Packed::U64(super::super::bytes::cast(data)?),
            _ => return None,
        };
        let stored = match &packed {
            Packed::Constant => places,
            Packed::U8(p) => p.len(),
            Packed::U16(p) => p.len(),
            Packed::U32(p) => p.len(),
            Packed::U64(p) => p.len(),
        };
        let column = Self {
            len,
            base: min.cast_signed(),
            unit: unit.max(1),
            min: min.cast_signed(),
            max: max.cast_signed(),
            present,
            packed,
        };
        (stored == places).then_some(column)
    }

    /// Number of slots.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no slot.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The least and the greatest value; both 0 when all slots are empty.
    #[must_use]
    pub fn bounds(&self) -> (i64, i64) {
        (self.min, self.max)
    }

    /// Bytes that a scan touches.
    #[must_use]
    pub fn scan_bytes(&self) -> usize {
        let places = match &self.packed {
            Packed::Constant => 0,
            Packed::U8(p) => p.len(),
            Packed::U16(p) => p.len() * 2,
            Packed::U32(p) => p.len() * 4,
            Packed::U64(p) => p.len() * 8,
        };
        places + if matches!(self.present, Presence::All) { 0 } else { self.len.div_ceil(8) }
    }

    /// Whether a slot has a value.
    #[must_use]
    pub fn is_present(&self, slot: usize) -> bool {
        match &self.present {
            Presence::All => slot < self.len,
            Presence::Dense(words) | Presence::Sparse { words, .. } => bit(words, slot),
        }
    }

    /// The value of a slot.
    #[must_use]
    pub fn get(&self, slot: usize) -> Option<i64> {
        let place = match &self.present {
            Presence::All => slot,
            Presence::Dense(words) => {
                if !bit(words, slot) {
                    return None;
                }
                slot
            }
            Presence::Sparse { words, ranks } => {
                let word = words.get(slot / 64)?;
                if word >> (slot % 64) & 1 == 0 {
                    return None;
                }
                *ranks.get(slot / 64)? as usize + (word & ((1 << (slot % 64)) - 1)).count_ones() as usize
            }
        };
        (slot < self.len).then(|| self.at(place)).flatten()
    }

    /// The value at a place among the packed ones; for a column in which every slot has a value, the slot itself.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<i64> {
        let packed = match &self.packed {
            Packed::Constant => 0,
            Packed::U8(p) => u64::from(*p.get(place)?),
            Packed::U16(p) => u64::from(*p.get(place)?),
            Packed::U32(p) => u64::from(*p.get(place)?),
            Packed::U64(p) => *p.get(place)?,
        };
        Some(self.base.wrapping_add_unsigned(packed.wrapping_mul(self.unit)))
    }

    /// Sets the bit of every slot that has a value. `out` has at least `len / 64` words, rounded up.
    pub fn present_into(&self, out: &mut [u64]) {
        match &self.present {
            Presence::All => fill(out, self.len),
            Presence::Dense(words) | Presence::Sparse { words, .. } => {
                out.iter_mut().zip(words.iter()).for_each(|(o, w)| *o |= w);
            }
        }
    }

    /// Sets the bit of every slot whose value lies between `lo` and `hi`, both included.
    pub fn scan(&self, lo: i64, hi: i64, out: &mut [u64]) {
        let Some((lo, hi)) = self.packed_bounds(lo, hi) else { return };
        if lo == 0 && hi >= self.max.abs_diff(self.base) / self.unit {
            self.present_into(out);
            return;
        }
        match &self.present {
            Presence::Sparse { words, .. } => self.scan_sparse(words, lo, hi, out),
            Presence::All => self.scan_dense(None, lo, hi, out),
            Presence::Dense(words) => self.scan_dense(Some(words), lo, hi, out),
        }
    }

    /// The bounds in the packed domain, or `None` when no value of the column lies between them.
    fn packed_bounds(&self, lo: i64, hi: i64) -> Option<(u64, u64)> {
        if lo > hi || hi < self.min || lo > self.max {
            return None;
        }
        let lo = if lo <= self.base { 0 } else { lo.abs_diff(self.base).div_ceil(self.unit) };
        let hi = hi.abs_diff(self.base) / self.unit;
        (lo <= hi).then_some((lo, hi))
    }

    fn scan_dense(&self, words: Option<&[u64]>, lo: u64, hi: u64, out: &mut [u64]) {
        match &self.packed {
            // The only value is `base`, and bounds that hold it have been answered by the zone map.
            Packed::Constant => {}
            Packed::U8(p) => scan_packed(p, lo.min(0xff) as u8, hi.min(0xff) as u8, words, out),
            Packed::U16(p) => scan_packed(p, lo.min(0xffff) as u16, hi.min(0xffff) as u16, words, out),
            Packed::U32(p) => scan_packed(p, lo.min(0xffff_ffff) as u32, hi.min(0xffff_ffff) as u32, words, out),
            Packed::U64(p) => scan_packed(p, lo, hi, words, out),
        }
    }

    fn scan_sparse(&self, words: &[u64], lo: u64, hi: u64, out: &mut [u64]) {
        let mut place = 0_usize;
        for (word, target) in words.iter().zip(out.iter_mut()) {
            let mut bits = *word;
            while bits != 0 {
                let packed = match &self.packed {
                    Packed::Constant => Some(0),
                    Packed::U8(p) => p.get(place).map(|v| u64::from(*v)),
                    Packed::U16(p) => p.get(place).map(|v| u64::from(*v)),
                    Packed::U32(p) => p.get(place).map(|v| u64::from(*v)),
                    Packed::U64(p) => p.get(place).copied(),
                };
                if packed.is_some_and(|v| lo <= v && v <= hi) {
                    *target |= bits & bits.wrapping_neg();
                }
                bits &= bits - 1;
                place += 1;
            }
        }
    }

    /// The first place in `range` whose value is at least `bound`, where the values of the range ascend.
    #[must_use]
    pub fn lower_bound(&self, range: Range<usize>, bound: i64) -> usize {
        let (mut lo, mut hi) = (range.start, range.end);
        while lo < hi {
            let middle = lo.midpoint(hi);
            if self.at(middle).is_some_and(|v| v < bound) {
                lo = middle + 1;
            } else {
                hi = middle;
            }
        }
        lo
    }
}

/// Sets the first `len` bits.
fn fill(out: &mut [u64], len: usize) {
    let (whole, rest) = (len / 64, len % 64);
    out.iter_mut().take(whole).for_each(|w| *w = u64::MAX);
    if rest > 0
        && let Some(word) = out.get_mut(whole)
    {
        *word |= (1 << rest) - 1;
    }
}

/// Compares 64 values at a time into bytes, which vectorises, and packs the bytes into bits.
fn scan_packed<T: Copy + PartialOrd>(values: &[T], lo: T, hi: T, present: Option<&[u64]>, out: &mut [u64]) {
    for (at, (block, target)) in values.chunks(64).zip(out.iter_mut()).enumerate() {
        let mut hits = [0_u8; 64];
        for (hit, value) in hits.iter_mut().zip(block) {
            *hit = u8::from(lo <= *value) & u8::from(*value <= hi);
        }
        let mut word = pack_bytes(&hits);
        if let Some(present) = present {
            word &= present.get(at).copied().unwrap_or(0);
        }
        *target |= word;
    }
}

/// 64 bytes of 0 or 1 as 64 bits.
fn pack_bytes(bytes: &[u8; 64]) -> u64 {
    // The product moves the lowest bit of each of 8 bytes into the top byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = bytes.as_chunks::<8>();
    eights
        .iter()
        .enumerate()
        .fold(0, |word, (at, eight)| word | (u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56) << (8 * at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(values: &[Option<i64>], lo: i64, hi: i64) {
        let bytes = encode(values);
        let column = IntColumn::decode(&bytes).unwrap();
        assert_eq!(column.len(), values.len());
        for (slot, value) in values.iter().enumerate() {
            assert_eq!(column.get(slot), *value, "slot {slot}");
        }
        assert_eq!(column.get(values.len()), None);
        let mut out = vec![0; values.len().div_ceil(64)];
        column.scan(lo, hi, &mut out);
        let expected = presence_words(values.len(), |s| values[s].is_some_and(|v| lo <= v && v <= hi));
        assert_eq!(out, expected, "{lo}..={hi}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn any_column_comes_back(
            base in any::<i64>(), unit in prop_oneof![Just(1_i64), Just(1000), Just(86_400_000)],
            steps in prop::collection::vec(prop::option::weighted(0.7, 0_i64..70_000), 0..300),
            sparse in any::<bool>(), lo in -100_i64..70_100, length in -5_i64..70_000,
        ) {
            let values: Vec<Option<i64>> = steps.iter().enumerate()
                .map(|(i, s)| s.filter(|_| !sparse || i % 9 == 0).map(|s| base.wrapping_add(s.wrapping_mul(unit)))).collect();
            let lo = base.wrapping_add(lo.wrapping_mul(unit)).wrapping_add(1);
            check(&values, lo, lo.wrapping_add(length.wrapping_mul(unit)));
            check(&values, i64::MIN, i64::MAX);
        }

        #[test]
        fn damaged_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), flips in prop::collection::vec((0_usize..400, any::<u8>()), 0..6)) {
            let mut whole = encode(&[Some(1), None, Some(70_000), Some(-5)]);
            for (at, byte) in flips {
                if let Some(slot) = whole.get_mut(at) { *slot = byte; }
                if let Some(slot) = bytes.get_mut(at) { *slot = byte; }
            }
            for bytes in [whole, bytes] {
                if let Some(column) = IntColumn::decode(&bytes) {
                    let mut out = vec![0; 8];
                    column.scan(0, 100, &mut out);
                    for slot in 0..5 { let _ = column.get(slot); }
                }
            }
        }
    }

    #[test]
    fn extremes_fit() {
        check(&[Some(i64::MIN), Some(i64::MAX), None], i64::MIN, 0);
        check(&[Some(i64::MIN), Some(i64::MAX)], i64::MAX, i64::MAX);
        check(&[], 0, 1);
        check(&[None, None], 0, 0);
    }
}
