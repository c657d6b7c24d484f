//! Packed integers: `value = base + unit * packed`, where `base` is the least value and `unit` the greatest common divisor of
//! all differences. Comparisons are exact, because bounds are brought into the packed domain with the right rounding.

mod facts;
mod hours;
mod packed;
mod planes;

use std::borrow::Cow;
use std::ops::Range;

use super::super::bytes::{Sections, SectionsWriter, cast};
use super::{TAG_INT, bit, kernels, presence_words, tagged};
use planes::Planes;

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
    /// 40 bits: instants of some years do not fit into 32.
    U40(Planes<'a>),
    U64(Cow<'a, [u64]>),
}

const ALL: u64 = 0;
const DENSE: u64 = 1;
const SPARSE: u64 = 2;

/// Widths are bytes of a value, but for 40 bits: [`Planes`] in today's form, and in that of formats up to 3.
const PLANES: u64 = 7;
const HALVES: u64 = 5;

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
        0x1_0000_0000..=0xff_ffff_ffff => PLANES,
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
        PLANES => sections.push(&planes::encode(&packed, span)),
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
        let (base, most, unit) = (min.cast_signed(), max.cast_signed(), unit.max(1));
        let span = most.abs_diff(base) / unit;
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
            2 => Packed::U16(cast(data)?),
            4 => Packed::U32(cast(data)?),
            HALVES => Packed::U40(Planes::of_halves(data, places)?),
            PLANES => Packed::U40(Planes::decode(data, places, span)?),
            8 => Packed::U64(cast(data)?),
            _ => return None,
        };
        let stored = match &packed {
            Packed::Constant => places,
            Packed::U8(p) => p.len(),
            Packed::U16(p) => p.len(),
            Packed::U32(p) => p.len(),
            Packed::U40(p) => p.len(),
            Packed::U64(p) => p.len(),
        };
        let column = Self { len, base, unit, min: base, max: most, present, packed };
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
            // Those that equal the bounds are few.
            Packed::U40(p) => p.len() * 2,
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
        self.at(self.place(slot)?)
    }

    /// Whether the value of a slot is not below a bound. Looks at less than [`Self::get`].
    #[must_use]
    pub fn is_from(&self, slot: usize, bound: i64) -> bool {
        match (self.place(slot), self.packed_bounds(bound, i64::MAX)) {
            (Some(place), Some((lo, _))) => lo == 0 || !self.is_below(place, lo),
            _ => false,
        }
    }

    /// Where the value of a slot stands among the packed ones.
    fn place(&self, slot: usize) -> Option<usize> {
        match &self.present {
            Presence::All => (slot < self.len).then_some(slot),
            Presence::Dense(words) => (slot < self.len && bit(words, slot)).then_some(slot),
            Presence::Sparse { words, ranks } => {
                let word = words.get(slot / 64)?;
                if slot >= self.len || word >> (slot % 64) & 1 == 0 {
                    return None;
                }
                Some(*ranks.get(slot / 64)? as usize + (word & ((1 << (slot % 64)) - 1)).count_ones() as usize)
            }
        }
    }

    /// The value at a place among the packed ones; for a column in which every slot has a value, the slot itself.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<i64> {
        Some(self.unpacked(self.packed_at(place)?))
    }

    fn packed_at(&self, place: usize) -> Option<u64> {
        Some(match &self.packed {
            Packed::Constant => 0,
            Packed::U8(p) => u64::from(*p.get(place)?),
            Packed::U16(p) => u64::from(*p.get(place)?),
            Packed::U32(p) => u64::from(*p.get(place)?),
            Packed::U40(p) => p.at(place)?,
            Packed::U64(p) => *p.get(place)?,
        })
    }

    /// Hands on the values of some slots that have one. The encoding is looked at once, so that the loop over the slots is
    /// short.
    #[inline]
    pub fn each(&self, slots: impl Iterator<Item = usize>, mut see: impl FnMut(usize, i64)) {
        if matches!(self.present, Presence::Sparse { .. }) {
            return slots.for_each(|slot| self.get(slot).into_iter().for_each(|value| see(slot, value)));
        }
        let words = if let Presence::Dense(words) = &self.present { Some(words.as_ref()) } else { None };
        let slots = slots.filter(|slot| words.is_none_or(|words| bit(words, *slot)));
        match &self.packed {
            Packed::Constant => slots.filter(|slot| *slot < self.len).for_each(|slot| see(slot, self.base)),
            Packed::U8(p) => slots.for_each(|s| p.get(s).into_iter().for_each(|v| see(s, self.unpacked(u64::from(*v))))),
            Packed::U16(p) => slots.for_each(|s| p.get(s).into_iter().for_each(|v| see(s, self.unpacked(u64::from(*v))))),
            Packed::U32(p) => slots.for_each(|s| p.get(s).into_iter().for_each(|v| see(s, self.unpacked(u64::from(*v))))),
            Packed::U40(..) | Packed::U64(_) => {
                slots.for_each(|s| self.packed_at(s).into_iter().for_each(|v| see(s, self.unpacked(v))));
            }
        }
    }

    /// The greatest packed value.
    fn span(&self) -> u64 {
        self.max.abs_diff(self.min) / self.unit
    }

    /// The number of different values that there can be at most, by the bounds.
    #[must_use]
    pub fn domain(&self) -> u64 {
        self.span().saturating_add(1)
    }

    /// Sets the bit of every slot whose value passes a test, which is asked once for every value of the domain that there can
    /// be. For small domains.
    pub fn scan_domain(&self, passes: impl Fn(i64) -> bool, out: &mut [u64]) {
        let table: Vec<u8> = (0..self.domain()).map(|packed| u8::from(passes(self.unpacked(packed)))).collect();
        self.scan_known(&table, out);
    }

    /// The same for a test whose answers are known from the value `first` on, 0 being no; `false` where some of the column's are not.
    pub fn scan_answers(&self, first: i64, answers: &[u8], out: &mut [u64]) -> bool {
        let from = self.base.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        let known = from.zip(usize::try_from(self.domain()).ok()).and_then(|(from, domain)| answers.get(from..)?.get(..domain));
        let Some(known) = known.filter(|_| self.unit == 1) else { return false };
        self.scan_known(known, out);
        true
    }

    /// The same for a test whose answers are known of every packed value that there can be.
    fn scan_known(&self, table: &[u8], out: &mut [u64]) {
        /// For fewer values it takes longer to write down the answers for all numbers of 16 bits.
        const MANY: usize = 1 << 13;
        let words = match &self.present {
            Presence::All => Some(None),
            Presence::Dense(words) => Some(Some(words.as_ref())),
            Presence::Sparse { .. } => None,
        };
        match (&self.packed, words) {
            (Packed::U8(values), Some(words)) => kernels::known_u8(values, table, words, out),
            (Packed::U16(values), Some(words)) if values.len() >= MANY => kernels::known_u16(values, table, words, out),
            _ => self.scan_table(
                |packed| usize::try_from(packed).ok().and_then(|at| table.get(at)).is_some_and(|answer| *answer != 0),
                out,
            ),
        }
    }

    /// Sets the bit of every slot whose packed value passes.
    pub(super) fn scan_table(&self, passes: impl Fn(u64) -> bool, out: &mut [u64]) {
        fn dense<T: Copy + Into<u64>>(values: &[T], words: Option<&[u64]>, passes: impl Fn(u64) -> bool, out: &mut [u64]) {
            for (at, (block, target)) in values.chunks(64).zip(out.iter_mut()).enumerate() {
                let mut word = 0;
                for (bit, value) in block.iter().enumerate() {
                    word |= u64::from(passes((*value).into())) << bit;
                }
                *target |= word & words.map_or(u64::MAX, |words| words.get(at).copied().unwrap_or(0));
            }
        }
        let words = match &self.present {
            Presence::All => None,
            Presence::Dense(words) => Some(words.as_ref()),
            Presence::Sparse { words, .. } => return self.sparse(words, passes, out),
        };
        match &self.packed {
            Packed::U8(p) => dense(p, words, passes, out),
            Packed::U16(p) => dense(p, words, passes, out),
            Packed::U32(p) => dense(p, words, passes, out),
            Packed::U64(p) => dense(p, words, passes, out),
            Packed::Constant | Packed::U40(..) => {
                for slot in 0..self.len {
                    if words.is_none_or(|words| bit(words, slot))
                        && self.packed_at(slot).is_some_and(&passes)
                        && let Some(word) = out.get_mut(slot / 64)
                    {
                        *word |= 1 << (slot % 64);
                    }
                }
            }
        }
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
        if lo == 0 && hi >= self.span() {
            self.present_into(out);
            return;
        }
        match &self.present {
            Presence::Sparse { words, ranks } => {
                // The values stand together; afterwards their bits go where the slots are.
                let last = ranks.last().zip(words.last()).map_or(0, |(rank, word)| rank + word.count_ones());
                let mut found = vec![0; (last as usize).div_ceil(64)];
                self.scan_dense(None, lo, hi, &mut found);
                kernels::deposit(words, &found, out);
            }
            Presence::All => self.scan_dense(None, lo, hi, out),
            Presence::Dense(words) => self.scan_dense(Some(words), lo, hi, out),
        }
    }

    /// The bounds in the packed domain, or `None` when no value of the column lies between them.
    fn packed_bounds(&self, lo: i64, hi: i64) -> Option<(u64, u64)> {
        if lo > hi || hi < self.min || lo > self.max {
            return None;
        }
        // Most units are 1, and dividing by it is not free.
        let (below, above) = if self.unit == 1 {
            (lo.abs_diff(self.base), hi.abs_diff(self.base))
        } else {
            (lo.abs_diff(self.base).div_ceil(self.unit), hi.abs_diff(self.base) / self.unit)
        };
        let (lo, hi) = (if lo <= self.base { 0 } else { below }, above);
        (lo <= hi).then_some((lo, hi))
    }

    fn scan_dense(&self, words: Option<&[u64]>, lo: u64, hi: u64, out: &mut [u64]) {
        #![expect(clippy::cast_possible_truncation, reason = "bounds are brought into the width")]
        let bounds = |most: u64| (lo.min(most), hi.min(most) - lo.min(most));
        match &self.packed {
            // The only value is `base`, and bounds that hold it have been answered by the zone map.
            Packed::Constant => {}
            Packed::U8(p) => {
                let (lo, span) = bounds(0xff);
                kernels::between_u8(p, lo as u8, span as u8, words, out);
            }
            Packed::U16(p) => {
                let (lo, span) = bounds(0xffff);
                kernels::between_u16(p, lo as u16, span as u16, words, out);
            }
            Packed::U32(p) => {
                let (lo, span) = bounds(0xffff_ffff);
                kernels::between_u32(p, lo as u32, span as u32, words, out);
            }
            Packed::U40(p) => {
                let hi = if hi >= self.span() { u64::MAX } else { hi };
                kernels::between_u40(p.slices(), (lo, hi), words, out);
            }
            Packed::U64(p) => kernels::between_u64(p, lo, hi - lo, words, out),
        }
    }

    /// Sets the bit of every slot in `words` whose packed value passes; the values stand in the order of the bits.
    fn sparse(&self, words: &[u64], passes: impl Fn(u64) -> bool, out: &mut [u64]) {
        let mut place = 0_usize;
        for (word, target) in words.iter().zip(out.iter_mut()) {
            let mut bits = *word;
            while bits != 0 {
                if self.packed_at(place).is_some_and(&passes) {
                    *target |= bits & bits.wrapping_neg();
                }
                bits &= bits - 1;
                place += 1;
            }
        }
    }

    /// The places of a range whose values lie between `lo` and `hi`, both included, where the values of the range ascend.
    #[must_use]
    pub fn ascending_in(&self, range: Range<usize>, lo: i64, hi: i64) -> Range<usize> {
        let Some((lo, hi)) = self.packed_bounds(lo, hi) else { return 0..0 };
        let beyond = hi.min(self.span()).saturating_add(1);
        // Mostly nothing lies beyond the end.
        let is_last_in = range.end.checked_sub(1).is_some_and(|last| self.is_below(last, beyond));
        let end = if is_last_in { range.end } else { self.lower_bound(range.clone(), beyond) };
        let start = if lo == 0 { range.start } else { self.lower_bound(range.start..end, lo) };
        start..end
    }

    /// The first place in `range` whose packed value is at least `bound`, where the values of the range ascend.
    fn lower_bound(&self, range: Range<usize>, bound: u64) -> usize {
        /// So many places are faster passed one by one than searched by halves. What is looked for lies near the end as a rule.
        const FEW: usize = 16;
        if range.len() <= FEW {
            let start = range.start;
            return range.rev().find(|place| self.is_below(*place, bound)).map_or(start, |below| below + 1);
        }
        let (mut lo, mut hi) = (range.start, range.end);
        while lo < hi {
            let middle = lo.midpoint(hi);
            if self.is_below(middle, bound) {
                lo = middle + 1;
            } else {
                hi = middle;
            }
        }
        lo
    }

    /// Whether the packed value at a place is below a bound.
    fn is_below(&self, place: usize, bound: u64) -> bool {
        match &self.packed {
            Packed::U40(planes) => planes.is_below(place, bound),
            _ => self.packed_at(place).is_some_and(|packed| packed < bound),
        }
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

#[cfg(test)]
mod tests;
