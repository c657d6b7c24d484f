//! Which days of the calendar come round soon.

use crate::time::{Clock, Duration, date_parts, is_anniversary};

/// Days that come round within a time from now. Month and day alone decide, so each of 366 is asked once, and the days of the
/// years in which people are born are written down.
#[derive(Debug)]
pub(super) struct Anniversaries {
    /// By month and day, 31 for each month.
    of_year: Vec<bool>,
    /// By day, from the first of [`YEARS`] on.
    days: Vec<bool>,
    first: i32,
}

/// Others are found by month and day.
const YEARS: std::ops::Range<i64> = 1900..2100;

impl Anniversaries {
    /// Those of a moment.
    pub fn new(within: &Duration, clock: &Clock) -> Self {
        /// 2000-01-01, the beginning of a leap year.
        const YEAR_2000: i32 = 10_957;
        /// 1900-01-01.
        const FIRST: i32 = -25_567;
        let mut of_year = vec![false; 12 * 31];
        let mut order = Vec::with_capacity(366);
        for day in YEAR_2000..YEAR_2000 + 366 {
            let comes = is_anniversary(day, within, clock);
            if let Some(slot) = of_year.get_mut(place(day)) {
                *slot = comes;
            }
            order.push(comes);
        }
        let mut days = Vec::with_capacity(73_050);
        for year in YEARS {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            // The 60th day of a leap year is the 29th of February.
            let (until, from) = if leap { (59, 59) } else { (59, 60) };
            days.extend_from_slice(order.get(..until).unwrap_or_default());
            days.extend_from_slice(order.get(from..).unwrap_or_default());
        }
        Self { of_year, days, first: FIRST }
    }

    /// Which days come round, from one on: those of the years in which people are born.
    pub fn days(&self) -> (i64, &[bool]) {
        (self.first.into(), &self.days)
    }

    /// Whether a day comes round, given in days since 1970-01-01.
    pub fn contains(&self, day: i32) -> bool {
        let known = usize::try_from(i64::from(day) - i64::from(self.first)).ok().and_then(|at| self.days.get(at));
        known.copied().unwrap_or_else(|| self.of_year.get(place(day)) == Some(&true))
    }
}

fn place(day: i32) -> usize {
    let parts = date_parts(day);
    usize::try_from((parts.month - 1) * 31 + parts.day - 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_duration;

    #[test]
    fn every_day_is_asked_about_itself() {
        let clock = Clock { now: 1_761_998_400_000, zone: chrono_tz::Europe::Warsaw };
        // Around now, around the end of the year, around the 29th of February.
        for (now, within) in [(0, "7d"), (58, "10d"), (119, "1d"), (0, "400d")] {
            let clock = Clock { now: clock.now + now * 86_400_000, ..clock };
            let within = parse_duration(within).unwrap();
            let found = Anniversaries::new(&within, &clock);
            for day in -60_000..60_000 {
                assert_eq!(found.contains(day), is_anniversary(day, &within, &clock), "{day} within {within:?}");
            }
        }
    }
}
