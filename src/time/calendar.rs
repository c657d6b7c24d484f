//! One moment and one zone: days, months and the points relative to them.

use chrono::{DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::{CalendarUnit, Duration, Interval, Point};

/// Milliseconds of 24 hours.
pub(super) const DAY_MS: i64 = 86_400_000;

/// The `now` and the zone of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub now: i64,
    /// Zone in which calendar words are meant.
    pub zone: Tz,
}

impl Clock {
    /// The calendar day of `now`, as days since 1970-01-01.
    #[must_use]
    pub fn today(&self) -> i32 {
        self.day_of(self.now)
    }

    /// The calendar day of an instant.
    #[must_use]
    pub fn day_of(&self, ms: i64) -> i32 {
        day_number(self.local(ms).date())
    }

    /// The first instant of a day.
    #[must_use]
    pub fn day_start(&self, day: i32) -> i64 {
        self.resolve(date(day).and_time(NaiveTime::MIN))
    }

    /// The first and the last millisecond of a day.
    #[must_use]
    pub fn day_span(&self, day: i32) -> Interval {
        Interval { lo: self.day_start(day), hi: self.day_start(day.saturating_add(1)).saturating_sub(1) }
    }

    /// `ms` earlier by a duration: months keep the wall-clock time, days are 24 hours.
    #[must_use]
    pub fn minus(&self, ms: i64, duration: &Duration) -> i64 {
        let ms = if duration.months == 0 {
            ms
        } else {
            let local = self.local(ms);
            self.shifted(local, local.checked_sub_months(Months::new(duration.months)).unwrap_or(NaiveDateTime::MIN), ms)
        };
        ms.saturating_sub(exact_ms(duration))
    }

    /// `ms` later by a duration: months keep the wall-clock time, days are 24 hours.
    #[must_use]
    pub fn plus(&self, ms: i64, duration: &Duration) -> i64 {
        let ms = if duration.months == 0 {
            ms
        } else {
            let local = self.local(ms);
            self.shifted(local, local.checked_add_months(Months::new(duration.months)).unwrap_or(NaiveDateTime::MAX), ms)
        };
        ms.saturating_add(exact_ms(duration))
    }

    /// `ms` later by a duration of which days too are calendar days, at the same wall-clock time: the steps of a calendar.
    #[must_use]
    pub fn calendar_plus(&self, ms: i64, duration: &Duration) -> i64 {
        let local = self.local(ms);
        let moved = local.checked_add_months(Months::new(duration.months)).unwrap_or(NaiveDateTime::MAX);
        let moved = moved.checked_add_days(Days::new(duration.days.into())).unwrap_or(NaiveDateTime::MAX);
        self.shifted(local, moved, ms).saturating_add(i64::try_from(duration.millis).unwrap_or(i64::MAX))
    }

    /// `ms` earlier by a duration of which days too are calendar days, at the same wall-clock time.
    #[must_use]
    pub fn calendar_minus(&self, ms: i64, duration: &Duration) -> i64 {
        let local = self.local(ms);
        let moved = local.checked_sub_months(Months::new(duration.months)).unwrap_or(NaiveDateTime::MIN);
        let moved = moved.checked_sub_days(Days::new(duration.days.into())).unwrap_or(NaiveDateTime::MIN);
        self.shifted(local, moved, ms).saturating_sub(i64::try_from(duration.millis).unwrap_or(i64::MAX))
    }

    /// A moved wall-clock time as an instant, keeping what a wall clock does not show (parts of a millisecond do not
    /// exist, so nothing is lost).
    fn shifted(&self, before: NaiveDateTime, after: NaiveDateTime, ms: i64) -> i64 {
        if before == after { ms } else { self.resolve(after) }
    }

    /// A day earlier by a duration, in calendar days; what is shorter than a day counts from its start.
    #[must_use]
    pub fn day_minus(&self, day: i32, duration: &Duration) -> i32 {
        let moved = date(day).checked_sub_months(Months::new(duration.months)).unwrap_or(NaiveDate::MIN);
        let moved = moved.checked_sub_days(Days::new(u64::from(duration.days))).unwrap_or(NaiveDate::MIN);
        day_number(moved)
    }

    /// A day later by a duration, in calendar days.
    #[must_use]
    pub fn day_plus(&self, day: i32, duration: &Duration) -> i32 {
        let moved = date(day).checked_add_months(Months::new(duration.months)).unwrap_or(NaiveDate::MAX);
        let moved = moved.checked_add_days(Days::new(u64::from(duration.days))).unwrap_or(NaiveDate::MAX);
        day_number(moved)
    }

    /// The instant of a point; of a whole day its start.
    #[must_use]
    pub fn instant(&self, point: &Point) -> i64 {
        match point {
            Point::Now => self.now,
            Point::Today | Point::Yesterday | Point::Day(_) => self.day_start(self.day(point)),
            Point::Instant(ms) => *ms,
            Point::Ago(duration) => self.minus(self.now, duration),
            Point::FromNow(duration) => self.plus(self.now, duration),
            Point::StartOf { unit, back, of } => self.day_start(self.period_start(self.day_of(self.instant(of)), *unit, *back)),
        }
    }

    /// The calendar day of a point, for comparison with dates: `3d ago` counts calendar days.
    #[must_use]
    pub fn day(&self, point: &Point) -> i32 {
        match point {
            Point::Now | Point::Today => self.today(),
            Point::Yesterday => self.today().saturating_sub(1),
            Point::Day(day) => *day,
            Point::Ago(duration) if duration.millis == 0 => self.day_minus(self.today(), duration),
            Point::FromNow(duration) if duration.millis == 0 => self.day_plus(self.today(), duration),
            other => self.day_of(self.instant(other)),
        }
    }

    /// The instants that a point stands for: all of a whole day, or one.
    #[must_use]
    pub fn point_instants(&self, point: &Point) -> Interval {
        if point.is_day() {
            self.day_span(self.day(point))
        } else {
            let instant = self.instant(point);
            Interval { lo: instant, hi: instant }
        }
    }

    /// The first day of the period that holds `day`, `back` whole periods earlier.
    #[must_use]
    pub fn period_start(&self, day: i32, unit: CalendarUnit, back: u32) -> i32 {
        let today = date(day);
        let months_back = |first: NaiveDate, months: u32| {
            day_number(first.checked_sub_months(Months::new(months.saturating_mul(back))).unwrap_or(NaiveDate::MIN))
        };
        let days_back =
            |first: i32, days: u32| first.saturating_sub(i32::try_from(days.saturating_mul(back)).unwrap_or(i32::MAX));
        match unit {
            CalendarUnit::Day => days_back(day, 1),
            CalendarUnit::Week => {
                days_back(day.saturating_sub(i32::try_from(today.weekday().num_days_from_monday()).unwrap_or(0)), 7)
            }
            CalendarUnit::Month => months_back(today.with_day(1).unwrap_or(today), 1),
            CalendarUnit::Quarter => {
                let month = (today.month0() / 3) * 3;
                months_back(today.with_day(1).and_then(|d| d.with_month0(month)).unwrap_or(today), 3)
            }
            CalendarUnit::Year => months_back(today.with_day(1).and_then(|d| d.with_month0(0)).unwrap_or(today), 12),
        }
    }

    /// The hour of an instant in the zone, 0 to 23.
    #[must_use]
    pub fn hour_of(&self, ms: i64) -> i64 {
        i64::from(self.local(ms).hour())
    }

    pub(super) fn local(&self, ms: i64) -> NaiveDateTime {
        utc(ms).with_timezone(&self.zone).naive_local()
    }

    /// How far the wall clock is ahead of the world's time at an instant, in milliseconds.
    pub(super) fn offset(&self, ms: i64) -> i64 {
        self.local(ms).and_utc().timestamp_millis().saturating_sub(ms)
    }

    /// The instant of a wall-clock time: one that is skipped moves forward by the gap, a repeated one is the earlier.
    fn resolve(&self, local: NaiveDateTime) -> i64 {
        resolve_local(local, self.zone)
    }
}

/// A calendar day, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateParts {
    /// The year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 1 (Monday) to 7.
    pub weekday: i64,
}

/// The parts of a day, given as days since 1970-01-01.
///
/// ```
/// let parts = segql::time::date_parts(0);
/// assert_eq!((parts.year, parts.month, parts.day, parts.weekday), (1970, 1, 1, 4));
/// ```
#[must_use]
pub fn date_parts(day: i32) -> DateParts {
    let date = date(day);
    DateParts {
        year: i64::from(date.year()),
        month: i64::from(date.month()),
        day: i64::from(date.day()),
        weekday: i64::from(date.weekday().number_from_monday()),
    }
}

/// See [`Clock::resolve`].
pub(super) fn resolve_local(local: NaiveDateTime, zone: Tz) -> i64 {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => t.timestamp_millis(),
        LocalResult::None => {
            // In a gap the clock shows later times only: read the wall clock with the offset from before the gap.
            let before = local.checked_sub_days(Days::new(1)).unwrap_or(local);
            let shift = zone
                .from_local_datetime(&before)
                .earliest()
                .map_or(0, |t| before.and_utc().timestamp_millis() - t.timestamp_millis());
            local.and_utc().timestamp_millis().saturating_sub(shift)
        }
    }
}

pub(super) fn utc(ms: i64) -> DateTime<Utc> {
    // A day from the ends of what chrono knows, so that no zone pushes it over.
    let lo = DateTime::<Utc>::MIN_UTC.timestamp_millis() + 2 * DAY_MS;
    let hi = DateTime::<Utc>::MAX_UTC.timestamp_millis() - 2 * DAY_MS;
    DateTime::from_timestamp_millis(ms.clamp(lo, hi)).unwrap_or(DateTime::<Utc>::UNIX_EPOCH)
}

pub(super) fn date(day: i32) -> NaiveDate {
    let (lo, hi) = (day_number(NaiveDate::MIN) + 2, day_number(NaiveDate::MAX) - 2);
    NaiveDate::from_epoch_days(day.clamp(lo, hi)).unwrap_or_default()
}

pub(super) fn day_number(date: NaiveDate) -> i32 {
    date.to_epoch_days()
}

fn exact_ms(duration: &Duration) -> i64 {
    let days = i64::from(duration.days).saturating_mul(DAY_MS);
    days.saturating_add(i64::try_from(duration.millis).unwrap_or(i64::MAX))
}
