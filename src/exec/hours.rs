//! Local hours and days of many rows of a block at once.

use crate::store::column::IntColumn;
use crate::time::{Interval, LocalTimes};

const DAY_MS: i64 = 86_400_000;

/// What is told of instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Hours since a midnight, so that the rest after 24 is the hour of the day.
    Hours,
    /// Days, from any one on.
    Days,
}

/// Local times of the rows that lie in a span; what is told of others means nothing. `false` where single instants have to be asked.
pub(super) fn local(
    ts: &IntColumn<'_>,
    told: Told,
    (rows, span): (&[u64], Interval),
    clock: &LocalTimes,
    out: &mut Vec<u32>,
) -> bool {
    let (least, greatest) = ts.bounds();
    let span = Interval { lo: span.lo.max(least), hi: span.hi.min(greatest) };
    let Some(offsets) = clock.offsets_within(span) else { return false };
    let Some((_, first)) = offsets.first() else { return false };
    // A day more than needed, for offsets that become less.
    let Ok(before) = u64::try_from((least + first).rem_euclid(DAY_MS) + DAY_MS) else { return false };
    let pairs = offsets.iter().zip(offsets.iter().skip(1));
    let changes: Vec<(i64, i64)> = pairs.map(|((_, before), (after, offset))| (after.lo, offset - before)).collect();
    match told {
        Told::Hours => ts.hours_since(before, &changes, rows, out),
        Told::Days => ts.days_since(before, &changes, rows, out),
    }
}
