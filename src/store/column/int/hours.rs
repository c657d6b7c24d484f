//! Instants as hours and as days.

use super::{IntColumn, Packed, Presence, kernels};
use kernels::Origin;

impl IntColumn<'_> {
    /// How many whole hours lie between an origin and instants in milliseconds. The origin lies `before` milliseconds before the least
    /// of the column; from each of `changes` on, instants come so many milliseconds later. What is told of slots outside of `among`
    /// means nothing. `false` for columns with empty slots, those that reach too far, and those that are packed in another way.
    pub fn hours_since(&self, before: u64, changes: &[(i64, i64)], among: &[u64], out: &mut Vec<u32>) -> bool {
        self.since::<{ kernels::HOUR }>(before, changes, among, out)
    }

    /// The same for days of 24 hours.
    pub fn days_since(&self, before: u64, changes: &[(i64, i64)], among: &[u64], out: &mut Vec<u32>) -> bool {
        self.since::<{ kernels::DAY }>(before, changes, among, out)
    }

    fn since<const PER: u32>(&self, before: u64, changes: &[(i64, i64)], among: &[u64], out: &mut Vec<u32>) -> bool {
        let latest = changes.iter().map(|(_, later)| later.unsigned_abs()).sum::<u64>();
        let reach = self.max.abs_diff(self.min).saturating_add(before).saturating_add(latest);
        if !matches!(self.present, Presence::All) || reach >= kernels::MOST_MS {
            return false;
        }
        let packed = |(from, later): &(i64, i64)| {
            let from = from.abs_diff(self.base).div_ceil(self.unit);
            let later = (later % (1 << kernels::SHIFT) == 0).then_some(later >> kernels::SHIFT)?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "added to wrapping numbers")]
            Some((from, later as u32))
        };
        let after_first = changes.iter().filter(|(from, _)| (self.base + 1..=self.max).contains(from));
        let Some(later) = after_first.map(packed).collect::<Option<Vec<_>>>() else { return false };
        let early: i64 = changes.iter().filter(|(from, _)| *from <= self.base).map(|(_, later)| later).sum();
        let Some(since) = before.checked_add_signed(early) else { return false };
        let origin = Origin { since, changes: &later };
        out.resize(self.len, 0);
        match (&self.packed, u32::try_from(self.unit)) {
            (Packed::U40(planes), Ok(1)) => kernels::since_u40::<PER>(planes.slices(), origin, among, out),
            (Packed::U32(values), Ok(unit)) => kernels::since_u32::<PER>(values, unit, origin, among, out),
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hours_and_days_are_whole(
            base in 946_684_800_000_i64..1_761_998_400_000, is_fine in any::<bool>(),
            steps in prop::collection::vec(0_i64..400_000_000, 1..300), before in 90_000_000_u64..200_000_000,
            changes in prop::collection::vec((-10_i64..300, -3_i64..4), 0..4), bits in 0_u32..7,
        ) {
            // Columns of single milliseconds need more than 32 bits, and are shifted by 0 to 7; those of seconds need less.
            let unit = if is_fine { 900 } else { 1000 };
            let finest = if is_fine { 1 } else { unit };
            let most = if is_fine { (1_i64 << (32 + bits)) + 17 } else { 0 };
            let values: Vec<Option<i64>> = steps.iter().map(|step| step * unit).chain([0, finest, most]).map(|ms| Some(base + ms)).collect();
            let bytes = encode(&values);
            let column = IntColumn::decode(&bytes).unwrap();
            let changes: Vec<(i64, i64)> = changes.iter().map(|(from, later)| (base + from * 1_200_000_001, later * 3_600_000)).collect();
            let (mut hours, mut days) = (Vec::new(), Vec::new());
            let all = vec![u64::MAX; values.len().div_ceil(64)];
            prop_assert!(column.hours_since(before, &changes, &all, &mut hours));
            prop_assert!(column.days_since(before, &changes, &all, &mut days));
            for ((value, hour), day) in values.iter().flatten().zip(hours).zip(days) {
                let later: i64 = changes.iter().filter(|(from, _)| from <= value).map(|(_, later)| later).sum();
                let since = value - base + i64::try_from(before).unwrap() + later;
                prop_assert_eq!((i64::from(hour), i64::from(day)), (since / 3_600_000, since / 86_400_000));
            }
        }
    }

    #[test]
    fn what_cannot_be_told_is_not() {
        let mut out = Vec::new();
        let column = |values: &[Option<i64>], changes: &[(i64, i64)], out: &mut Vec<u32>| {
            let bytes = encode(values);
            IntColumn::decode(&bytes).unwrap().hours_since(0, changes, &[u64::MAX], out)
        };
        assert!(column(&[Some(1), Some(2), Some(100_000)], &[], &mut out));
        assert!(!column(&[Some(1), None], &[], &mut out), "an empty slot");
        assert!(!column(&[Some(1), Some(2), Some(1 + (1 << 39))], &[], &mut out), "18 years");
        assert!(!column(&[Some(1), Some(2), Some(100_000)], &[(5, 1_800_000)], &mut out), "half an hour");
    }
}
