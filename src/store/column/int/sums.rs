//! Sums of values, of single runs of slots and of all runs of a column at once.

use std::ops::Range;

use super::super::bit;
use super::{IntColumn, Packed, Presence};

impl IntColumn<'_> {
    /// The sum of the values of some slots and their number; with `among` of those slots alone that have a bit in it.
    #[must_use]
    pub fn sum(&self, slots: Range<usize>, among: Option<&[u64]>) -> (i128, u64) {
        fn plain<T: Copy + Into<u64>>(values: &[T], slots: Range<usize>) -> u128 {
            // As many values as a block has cannot exceed 64 bits unless each of them nearly does.
            u128::from(values.get(slots).unwrap_or_default().iter().map(|v| (*v).into()).sum::<u64>())
        }
        if among.is_none() && matches!(self.present, Presence::All) && slots.end <= self.len {
            let n = slots.len() as u64;
            let packed = match &self.packed {
                Packed::Constant => Some(0),
                Packed::U8(p) => Some(plain(p, slots.clone())),
                Packed::U16(p) => Some(plain(p, slots.clone())),
                Packed::U32(p) => Some(plain(p, slots.clone())),
                Packed::U40(..) | Packed::U64(_) => None,
            };
            if let Some(packed) = packed.and_then(|p| i128::try_from(p).ok()) {
                return (i128::from(self.base) * i128::from(n) + packed * i128::from(self.unit), n);
            }
        }
        let (mut sum, mut n) = (0_i128, 0);
        self.each(slots.filter(|slot| among.is_none_or(|among| bit(among, *slot))), |_, value| {
            sum += i128::from(value);
            n += 1;
        });
        (sum, n)
    }

    /// The packed values added up from the first on, those alone that have a bit in `among` if it is given; one more than there
    /// are values. The sum of any run of slots is a difference of two, see [`Self::sum_of_run`]. `false` for columns in which
    /// some slot is empty, or whose sums would not fit.
    pub fn running_sums(&self, among: Option<&[u64]>, out: &mut Vec<u64>) -> bool {
        fn add<T: Copy + Into<u64>>(values: &[T], among: Option<&[u64]>, out: &mut [u64]) {
            // Kept in a register: the next sum waits for nothing but the one before.
            let mut sum = 0_u64;
            match among {
                None => {
                    for (value, after) in values.iter().zip(out.iter_mut().skip(1)) {
                        sum = sum.wrapping_add((*value).into());
                        *after = sum;
                    }
                }
                Some(among) => {
                    let blocks = values.chunks(64).zip(out.get_mut(1..).unwrap_or_default().chunks_mut(64)).zip(among);
                    for ((block, after), word) in blocks {
                        for (bit, (value, after)) in block.iter().zip(after).enumerate() {
                            sum = sum.wrapping_add((*value).into() & 0_u64.wrapping_sub(word >> bit & 1));
                            *after = sum;
                        }
                    }
                }
            }
        }
        out.clear();
        // 32 bits of as many values as 32 bits can count do not exceed 64.
        if !matches!(self.present, Presence::All) || u32::try_from(self.len).is_err() {
            return false;
        }
        out.resize(self.len + 1, 0);
        match &self.packed {
            Packed::Constant => {}
            Packed::U8(p) => add(p, among, out),
            Packed::U16(p) => add(p, among, out),
            Packed::U32(p) => add(p, among, out),
            Packed::U40(..) | Packed::U64(_) => return false,
        }
        true
    }

    /// The sum of a run of slots of which `n` count, from [`Self::running_sums`].
    #[must_use]
    pub fn sum_of_run(&self, sums: &[u64], run: Range<usize>, n: u64) -> i128 {
        let packed = match (sums.get(run.start), sums.get(run.end)) {
            (Some(before), Some(after)) => after - before,
            _ => 0,
        };
        i128::from(self.base) * i128::from(n) + i128::from(packed) * i128::from(self.unit)
    }
}
