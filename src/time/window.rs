//! Windows as closed intervals.

use chrono::{Datelike, NaiveDate};

use super::calendar::{date, day_number};
use super::{CalendarUnit, Clock, Duration, Point, Window};

/// All whole numbers from `lo` to `hi`, both included: milliseconds or days. Empty when `lo > hi`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The least.
    pub lo: i64,
    /// The greatest.
    pub hi: i64,
}

impl Interval {
    /// Everything.
    pub const ALL: Self = Self { lo: i64::MIN, hi: i64::MAX };
    /// Nothing.
    pub const EMPTY: Self = Self { lo: 1, hi: 0 };

    /// Whether a number lies in it.
    #[must_use]
    pub fn contains(self, n: i64) -> bool {
        self.lo <= n && n <= self.hi
    }

    /// Whether nothing lies in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.lo > self.hi
    }

    /// What lies in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) }
    }

    /// Everything below `n`.
    #[must_use]
    pub fn below(n: i64) -> Self {
        n.checked_sub(1).map_or(Self::EMPTY, |hi| Self { lo: i64::MIN, hi })
    }

    /// Everything above `n`.
    #[must_use]
    pub fn above(n: i64) -> Self {
        n.checked_add(1).map_or(Self::EMPTY, |lo| Self { lo, hi: i64::MAX })
    }
}

/// The contact's own date or time from which a window is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// A date.
    Day(i32),
    /// An instant.
    Instant(i64),
}

/// The instants of a window. For events the caller leaves out those after `now`.
///
/// ```
/// use segql::time::{Clock, Duration, Interval, Unit, Window, instant_interval};
/// let clock = Clock { now: 1_000_000_000, zone: chrono_tz::UTC };
/// let day = Duration::of(1, Unit::Day).unwrap();
/// assert_eq!(instant_interval(&Window::Within(day), &clock), Interval { lo: 1_000_000_000 - 86_400_000, hi: 1_000_000_000 });
/// ```
#[must_use]
pub fn instant_interval(window: &Window, clock: &Clock) -> Interval {
    let now = clock.now;
    match window {
        Window::Within(duration) => Interval { lo: clock.minus(now, duration), hi: now },
        Window::OlderThan(duration) => Interval::below(clock.minus(now, duration)),
        Window::Between(a, b) => Interval { lo: clock.point_instants(a).lo, hi: clock.point_instants(b).hi },
        Window::Before(x) => Interval::below(clock.point_instants(x).lo),
        Window::After(x) => Interval::above(clock.point_instants(x).hi),
        Window::Since(x) => Interval { lo: clock.point_instants(x).lo, hi: i64::MAX },
        Window::On(x) => clock.day_span(instant_day(x, clock)),
        Window::This(unit) => Interval { lo: clock.day_start(clock.period_start(clock.today(), *unit, 0)), hi: now },
        Window::Last { count, unit } => {
            let days = last_days(*count, *unit, clock);
            Interval {
                lo: clock.day_start(clamp_day(days.lo)),
                hi: clock.day_start(clamp_day(days.hi.saturating_add(1))).saturating_sub(1),
            }
        }
        Window::Next(duration) => Interval { lo: now, hi: clock.plus(now, duration) },
    }
}

/// The days of a window, for dates.
#[must_use]
pub fn day_interval(window: &Window, clock: &Clock) -> Interval {
    let today = i64::from(clock.today());
    let day = |point: &Point| i64::from(clock.day(point));
    let ago = |duration: &Duration| day(&Point::Ago(*duration));
    match window {
        Window::Within(duration) => Interval { lo: ago(duration), hi: today },
        Window::OlderThan(duration) => Interval::below(ago(duration)),
        Window::Between(a, b) => Interval { lo: day(a), hi: day(b) },
        Window::Before(x) => Interval::below(day(x)),
        Window::After(x) => Interval::above(day(x)),
        Window::Since(x) => Interval { lo: day(x), hi: i64::MAX },
        Window::On(x) => Interval { lo: day(x), hi: day(x) },
        Window::This(unit) => Interval { lo: i64::from(clock.period_start(clock.today(), *unit, 0)), hi: today },
        Window::Last { count, unit } => last_days(*count, *unit, clock),
        Window::Next(duration) => Interval { lo: today, hi: day(&Point::FromNow(*duration)) },
    }
}

/// The instants of `within D after field F` (or `before`) for one contact's F.
///
/// A date stands for its whole day: from its start to the end of the day D later; `before`: from the start of the day
/// D earlier to its end.
#[must_use]
pub fn anchored_interval(anchor: Anchor, duration: &Duration, after: bool, clock: &Clock) -> Interval {
    match (anchor, after) {
        (Anchor::Instant(at), true) => Interval { lo: at, hi: clock.plus(at, duration) },
        (Anchor::Instant(at), false) => Interval { lo: clock.minus(at, duration), hi: at },
        (Anchor::Day(day), true) => {
            let end = clock.day_span(clock.day_plus(day, duration)).hi;
            Interval { lo: clock.day_start(day), hi: end.saturating_add(i64::try_from(duration.millis).unwrap_or(i64::MAX)) }
        }
        (Anchor::Day(day), false) => {
            let start = clock.day_start(clock.day_minus(day, duration));
            Interval { lo: start.saturating_sub(i64::try_from(duration.millis).unwrap_or(i64::MAX)), hi: clock.day_span(day).hi }
        }
    }
}

/// Whether the month and day of `day` come round on a day from today to today + `within`. The 29th of February counts
/// as the 1st of March in years without one.
#[must_use]
pub fn is_anniversary(day: i32, within: &Duration, clock: &Clock) -> bool {
    let born = date(day);
    let today = date(clock.today());
    let last = clock.day_plus(clock.today(), within);
    // The next coming round is this year or the next.
    [today.year(), today.year().saturating_add(1)].into_iter().any(|year| {
        let on = NaiveDate::from_ymd_opt(year, born.month(), born.day()).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1));
        on.is_some_and(|on| on >= today && day_number(on) <= last)
    })
}

/// `on x`: x as a point in time, so that `on 31d ago` is the day of the instant 31 days ago.
fn instant_day(point: &Point, clock: &Clock) -> i32 {
    if point.is_day() { clock.day(point) } else { clock.day_of(clock.instant(point)) }
}

fn last_days(count: u32, unit: CalendarUnit, clock: &Clock) -> Interval {
    let first = clock.period_start(clock.today(), unit, count);
    let end = clock.period_start(clock.today(), unit, 0);
    Interval { lo: i64::from(first), hi: i64::from(end) - 1 }
}

fn clamp_day(day: i64) -> i32 {
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}
