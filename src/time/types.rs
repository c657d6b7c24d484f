//! Durations, points in time and windows, as written: nothing is resolved against a clock yet.

/// A unit of a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// `s`
    Second,
    /// `min`
    Minute,
    /// `h`
    Hour,
    /// `d`: 24 hours on instants, a calendar day on dates.
    Day,
    /// `w`: 7 days.
    Week,
    /// `mo`: same wall-clock time in another month, clamped to its end.
    Month,
    /// `y`: 12 months.
    Year,
}

/// A unit of the calendar, for `this week`, `last 3 months`, `start of quarter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CalendarUnit {
    /// From midnight to midnight.
    Day,
    /// From Monday.
    Week,
    /// From the 1st.
    Month,
    /// From the 1st of January, April, July, October.
    Quarter,
    /// From the 1st of January.
    Year,
}

/// A length of time: calendar months, whole days and an exact rest, each applied in this order.
///
/// Weeks are 7 days, years 12 months. `1h30min` is `millis = 5_400_000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Duration {
    /// Calendar months.
    pub months: u32,
    /// Days of 24 hours on instants, calendar days on dates.
    pub days: u32,
    /// Milliseconds on top.
    pub millis: u64,
}

/// A point in time, absolute or relative to now.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Point {
    /// `now`
    Now,
    /// `today`: a whole day.
    Today,
    /// `yesterday`: a whole day.
    Yesterday,
    /// A date literal, days since 1970-01-01: a whole day.
    Day(i32),
    /// An instant literal, milliseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// `90d ago`
    Ago(Duration),
    /// `7d from now`
    FromNow(Duration),
    /// `start of month` (`back` = 0), `start of last month` (`back` = 1), `start of day 2d ago`.
    StartOf {
        /// The period whose start is meant.
        unit: CalendarUnit,
        /// How many whole periods before the one that holds `of`.
        back: u32,
        /// The point inside the period; `now` when not written.
        of: Box<Point>,
    },
}

/// A window of time. Which instants it holds is in section 4 of the language reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Window {
    /// `within 180d`: now - D <= t <= now.
    Within(Duration),
    /// `older than 90d`: t < now - D.
    OlderThan(Duration),
    /// `between a and b`, both ends included; a whole day as an end means all of it.
    Between(Point, Point),
    /// `before x`: t < x; for a whole day, before it begins.
    Before(Point),
    /// `after x`: t > x; for a whole day, after it ended.
    After(Point),
    /// `since x`: t >= x; for a whole day, from its beginning.
    Since(Point),
    /// `on x`: in the calendar day of x.
    On(Point),
    /// `today`, `this week`, ...: the current calendar period, up to now.
    This(CalendarUnit),
    /// `yesterday`, `last month`, `last 3 months`: complete calendar periods before the current one.
    Last {
        /// How many.
        count: u32,
        /// Of what.
        unit: CalendarUnit,
    },
    /// `within next 30d`: now <= t <= now + D.
    Next(Duration),
}

impl Duration {
    /// `count` of `unit`, or `None` when it does not fit.
    #[must_use]
    pub fn of(count: u32, unit: Unit) -> Option<Self> {
        let exact = |millis: u64| Some(Self { millis: u64::from(count).checked_mul(millis)?, ..Self::default() });
        match unit {
            Unit::Second => exact(1_000),
            Unit::Minute => exact(60_000),
            Unit::Hour => exact(3_600_000),
            Unit::Day => Some(Self { days: count, ..Self::default() }),
            Unit::Week => Some(Self { days: count.checked_mul(7)?, ..Self::default() }),
            Unit::Month => Some(Self { months: count, ..Self::default() }),
            Unit::Year => Some(Self { months: count.checked_mul(12)?, ..Self::default() }),
        }
    }

    /// The sum, part by part, or `None` when it does not fit.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            months: self.months.checked_add(other.months)?,
            days: self.days.checked_add(other.days)?,
            millis: self.millis.checked_add(other.millis)?,
        })
    }

    /// So many times as long, part by part, or `None` when it does not fit.
    #[must_use]
    pub fn times(self, count: u32) -> Option<Self> {
        Some(Self {
            months: self.months.checked_mul(count)?,
            days: self.days.checked_mul(count)?,
            millis: self.millis.checked_mul(count.into())?,
        })
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }
}

impl Point {
    /// Whether the point is a whole day, with which an instant compares by its calendar day.
    #[must_use]
    pub fn is_day(&self) -> bool {
        matches!(self, Self::Today | Self::Yesterday | Self::Day(_))
    }
}

impl std::fmt::Display for Duration {
    /// The shortest spelling in the language: `1y6mo`, `2w`, `1h30min`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_zero() {
            return f.write_str("0d");
        }
        let mut part = |count: u64, unit: &str| if count > 0 { write!(f, "{count}{unit}") } else { Ok(()) };
        part(u64::from(self.months / 12), "y")?;
        part(u64::from(self.months % 12), "mo")?;
        part(u64::from(self.days), "d")?;
        part(self.millis / 3_600_000, "h")?;
        part(self.millis / 60_000 % 60, "min")?;
        part(self.millis / 1_000 % 60, "s")
    }
}
