//! A whole column as small numbers, for loops over all of its slots.

use super::super::bit;
use super::{IntColumn, Packed, Presence};

impl IntColumn<'_> {
    /// Whether every slot has a value.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.present, Presence::All)
    }

    /// The packed value of every slot, which orders as the values do; 0 for a slot without one. `room` is used where they do
    /// not stand so in the column. Nothing for columns that need more than 32 bits.
    pub fn packed<'r>(&'r self, room: &'r mut Vec<u32>) -> Option<&'r [u32]> {
        if let (Packed::U32(values), Presence::All | Presence::Dense(_)) = (&self.packed, &self.present) {
            return Some(values);
        }
        room.clear();
        match (&self.packed, &self.present) {
            (Packed::U40(..) | Packed::U64(_), _) => return None,
            (_, Presence::Sparse { words, .. }) => {
                room.resize(self.len, 0);
                let slots = room.iter_mut().enumerate().filter(|(slot, _)| bit(words, *slot));
                for (place, (_, value)) in slots.enumerate() {
                    *value = self.packed_at(place).and_then(|packed| u32::try_from(packed).ok()).unwrap_or(0);
                }
            }
            (Packed::U8(values), _) => room.extend(values.iter().map(|v| u32::from(*v))),
            (Packed::U16(values), _) => room.extend(values.iter().map(|v| u32::from(*v))),
            (Packed::Constant | Packed::U32(_), _) => room.resize(self.len, 0),
        }
        Some(room)
    }

    /// The value that is packed as a number.
    #[must_use]
    pub fn unpacked(&self, packed: u64) -> i64 {
        self.base.wrapping_add_unsigned(packed.wrapping_mul(self.unit))
    }

    /// Whether the sum of any values of the column fits into 64 bits.
    #[must_use]
    pub fn sums_fit(&self) -> bool {
        let most = self.min.unsigned_abs().max(self.max.unsigned_abs());
        most.checked_mul(self.len as u64).is_some_and(|sum| i64::try_from(sum).is_ok())
    }

    /// The least value, and by how much the value grows with the packed one.
    #[must_use]
    pub fn scale(&self) -> (i64, u64) {
        (self.base, self.unit)
    }
}
