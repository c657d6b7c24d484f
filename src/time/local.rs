//! Calendar days and hours of very many instants.

use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono_tz::Tz;

use super::calendar::DAY_MS;
use super::{Clock, Interval};

/// 2000-01-01 as a day since 1970-01-01: data hardly is older.
const FIRST_DAY: i64 = 10_957;
/// Dividing what has no sign is faster.
const DAY: u64 = DAY_MS.unsigned_abs();

/// A clock that finds days and hours several times faster, for evaluations that ask for millions.
///
/// The answers are those of [`Clock`]: for days of the world's time, up to now, in which a zone keeps its offset, the offset is
/// remembered; everything else is asked of the clock. The offsets are found when the first instant is asked for.
#[derive(Debug)]
pub struct LocalTimes {
    clock: Clock,
    offsets: OnceLock<Arc<Offsets>>,
}

/// The offsets of a zone from [`FIRST_DAY`] on, in milliseconds.
#[derive(Debug)]
struct Offsets {
    /// Of each day of the world's time, where it stays the same.
    days: Vec<Option<i64>>,
    /// From which instant on each is that of the zone; nothing where a day has more than one change.
    changes: Option<Vec<(i64, i64)>>,
}

/// The offsets that were found last, with their zone: they are the same for every clock of the zone, and take longer to find than
/// many an evaluation.
static FOUND: Mutex<Option<(Tz, Arc<Offsets>)>> = Mutex::new(None);

impl LocalTimes {
    /// The times of a clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, offsets: OnceLock::new() }
    }

    /// As [`Clock::day_of`].
    #[must_use]
    pub fn day_of(&self, ms: i64) -> i32 {
        match self.offset(ms) {
            Some(offset) => i32::try_from((ms + offset).unsigned_abs() / DAY).unwrap_or(i32::MAX),
            None => self.clock.day_of(ms),
        }
    }

    /// As [`Clock::hour_of`].
    #[must_use]
    pub fn hour_of(&self, ms: i64) -> i64 {
        match self.offset(ms) {
            Some(offset) => ((ms + offset).unsigned_abs() % DAY / (DAY / 24)).cast_signed(),
            None => self.clock.hour_of(ms),
        }
    }

    /// As [`Clock::day_start`].
    #[must_use]
    pub fn day_start(&self, day: i32) -> i64 {
        // The first instant of a day lies in the world's day of that number or in the one before.
        let midnight = i64::from(day) * DAY_MS;
        match (self.offset(midnight), self.offset(midnight - 1)) {
            (Some(a), Some(b)) if a == b => midnight - a,
            _ => self.clock.day_start(day),
        }
    }

    /// As [`Clock::day_span`].
    #[must_use]
    pub fn day_span(&self, day: i32) -> Interval {
        Interval { lo: self.day_start(day), hi: self.day_start(day.saturating_add(1)).saturating_sub(1) }
    }

    /// The spans that an interval is made of, each with the offset that the zone has throughout, in milliseconds; nothing for
    /// intervals that reach before 2000 or beyond now.
    #[must_use]
    pub fn offsets_within(&self, interval: Interval) -> Option<Vec<(Interval, i64)>> {
        let offsets = self.offsets();
        let first = FIRST_DAY * DAY_MS;
        let end = first + i64::try_from(offsets.days.len()).ok()? * DAY_MS;
        if interval.is_empty() || interval.lo < first || interval.hi >= end {
            return None;
        }
        let changes = offsets.changes.as_ref()?;
        let from = changes.partition_point(|(from, _)| *from <= interval.lo).checked_sub(1)?;
        let mut spans: Vec<(Interval, i64)> = Vec::new();
        for (from, offset) in changes.get(from..)?.iter().take_while(|(from, _)| *from <= interval.hi) {
            if let Some((before, _)) = spans.last_mut() {
                before.hi = from - 1;
            }
            spans.push((Interval { lo: interval.lo.max(*from), hi: interval.hi }, *offset));
        }
        Some(spans)
    }

    /// The offset of an instant's day of the world's time. Instants that have one are positive by far.
    fn offset(&self, ms: i64) -> Option<i64> {
        let since = u64::try_from(ms.checked_sub(FIRST_DAY * DAY_MS)?).ok()?;
        self.offsets().days.get(usize::try_from(since / DAY).ok()?).copied().flatten()
    }

    fn offsets(&self) -> &Offsets {
        self.offsets.get_or_init(|| offsets(&self.clock))
    }
}

/// Those of a clock's zone, up to its now or further.
fn offsets(clock: &Clock) -> Arc<Offsets> {
    let days = usize::try_from(clock.now.div_euclid(DAY_MS) - FIRST_DAY + 1).unwrap_or(0);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((zone, offsets)) = found.as_ref()
        && *zone == clock.zone
        && offsets.days.len() >= days
    {
        return Arc::clone(offsets);
    }
    let offset = |ms: i64| clock.local(ms).and_utc().timestamp_millis() - ms;
    let mut starts = offset(FIRST_DAY * DAY_MS);
    let mut changes = Some(vec![(FIRST_DAY * DAY_MS, starts)]);
    // A zone whose rules are bounded does not change them twice within a day and back.
    let days = (FIRST_DAY..)
        .take(days)
        .map(|day| {
            let (from, to) = (starts, offset((day + 1) * DAY_MS));
            starts = to;
            if from != to {
                match (&mut changes, change(&offset, day * DAY_MS, (from, to))) {
                    (Some(changes), Some(at)) => changes.push((at, to)),
                    (changes, _) => *changes = None,
                }
            }
            (from == to).then_some(from)
        })
        .collect();
    let offsets = Arc::new(Offsets { days, changes });
    *found = Some((clock.zone, Arc::clone(&offsets)));
    offsets
}

/// The instant of the day after `start` at which one offset becomes the other; nothing where there is more than one change.
fn change(offset: &impl Fn(i64) -> i64, start: i64, (from, to): (i64, i64)) -> Option<i64> {
    const QUARTER: i64 = 900_000;
    let quarter = (1..=DAY_MS / QUARTER).find(|quarter| offset(start + quarter * QUARTER) != from)?;
    if (quarter..DAY_MS / QUARTER).any(|quarter| offset(start + quarter * QUARTER) != to) {
        return None;
    }
    let (mut lo, mut hi) = (start + (quarter - 1) * QUARTER, start + quarter * QUARTER);
    while hi - lo > 1 {
        let middle = lo.midpoint(hi);
        if offset(middle) == from { lo = middle } else { hi = middle }
    }
    Some(hi)
}

impl Deref for LocalTimes {
    type Target = Clock;

    fn deref(&self) -> &Clock {
        &self.clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn days_and_hours_are_those_of_the_clock(
            zone in prop_oneof![
                Just(chrono_tz::UTC), Just(chrono_tz::Europe::Warsaw), Just(chrono_tz::America::Sao_Paulo),
                Just(chrono_tz::Pacific::Apia), Just(chrono_tz::Australia::Lord_Howe), Just(chrono_tz::Asia::Kathmandu),
            ],
            hours in prop::collection::vec(260_000_i64..500_000, 1..200),
            rest in 0_i64..3_600_000,
        ) {
            let clock = Clock { now: 1_761_998_400_000, zone };
            let times = LocalTimes::new(clock);
            for hour in hours {
                let ms = hour * 3_600_000 + rest;
                prop_assert_eq!(times.day_of(ms), clock.day_of(ms));
                prop_assert_eq!(times.hour_of(ms), clock.hour_of(ms));
                prop_assert_eq!(times.day_span(times.day_of(ms)), clock.day_span(clock.day_of(ms)));
            }
        }
    }

    #[test]
    fn every_change_of_an_offset_is_respected() {
        for zone in [chrono_tz::Europe::Warsaw, chrono_tz::Pacific::Apia, chrono_tz::America::Sao_Paulo, chrono_tz::Asia::Amman] {
            let clock = Clock { now: 1_761_998_400_000, zone };
            let times = LocalTimes::new(clock);
            for quarter in 0..(40 * 365 * 96) {
                // Every day around its middle and its ends would miss little; every quarter of an hour misses nothing.
                let ms = 946_684_800_000 + quarter * 900_000;
                if quarter % 7 == 0 {
                    assert_eq!((times.day_of(ms), times.hour_of(ms)), (clock.day_of(ms), clock.hour_of(ms)), "{zone} {ms}");
                }
            }
        }
    }
}
