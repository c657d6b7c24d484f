//! When things happen: how events spread over the history.
//!
//! Every hour has a weight (recent days, day-time in Warsaw, evenings, November and December weigh more); slots of
//! at most a day get their exact number of events from the cumulated weights, and instants are drawn inside a slot.

use rand::{Rng, RngExt};

use super::{DAY_MS, HOUR_MS};
use crate::time::{CalendarUnit, Clock, format_date};

/// The most events of one slot: bounds the memory of a batch.
const SLOT_EVENTS: u64 = 1 << 20;

/// More months than any history has.
const MOST_MONTHS: u32 = 1_300;

/// Weights of the hours of a day in Warsaw.
const HOURS: [f64; 24] = [
    0.10, 0.05, 0.03, 0.02, 0.03, 0.10, 0.35, 0.70, 1.00, 1.30, 1.40, 1.30, 1.25, 1.20, 1.15, 1.15, 1.25, 1.40, 1.55, 1.70, 1.65,
    1.20, 0.65, 0.28,
];
/// Weights of the days of a week, Monday first.
const WEEKDAYS: [f64; 7] = [1.02, 1.00, 1.00, 1.03, 1.12, 1.05, 0.85];
/// Weights of the months.
const MONTHS: [f64; 12] = [0.92, 0.90, 0.96, 0.98, 1.02, 1.00, 0.95, 0.93, 0.99, 1.04, 1.30, 1.28];

/// The history and its weights.
#[derive(Debug)]
pub struct Timeline {
    /// Everything happens after this instant.
    pub begin: i64,
    /// Nothing happens after this one.
    pub until: i64,
    /// First days of the months the history touches, with their labels (`2025-10`).
    pub months: Vec<(i32, String)>,
    /// Weight of all hours before each hour; one more at the end.
    cumulated: Vec<f64>,
}

/// A stretch of at most a day and its events.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// Position among the slots.
    pub index: u64,
    /// Days of 24 hours since the beginning.
    pub day: u16,
    /// Position in [`Timeline::months`].
    pub month: u16,
    /// Number of events.
    pub events: u64,
    /// No event after this instant.
    pub end: i64,
    low: f64,
    high: f64,
}

impl Timeline {
    /// The history of `days` days up to `clock.now`.
    pub fn new(clock: &Clock, days: u16) -> Self {
        let begin = clock.now - i64::from(days) * DAY_MS;
        let first_day = clock.day_of(begin);
        let mut months: Vec<(i32, String)> = (0..=MOST_MONTHS)
            .map(|back| clock.period_start(clock.today(), CalendarUnit::Month, back))
            .take_while(|start| clock.period_start(first_day, CalendarUnit::Month, 0) <= *start)
            .map(|start| (start, format_date(start).get(..7).unwrap_or_default().to_owned()))
            .collect();
        months.reverse();
        let mut timeline = Self { begin, until: clock.now, months, cumulated: Vec::new() };
        timeline.cumulated = timeline.weigh(clock, days);
        timeline
    }

    fn weigh(&self, clock: &Clock, days: u16) -> Vec<f64> {
        let hours = u32::from(days) * 24;
        let mut sum = 0.0;
        let mut cumulated = vec![0.0];
        for hour in 0..hours {
            let at = self.begin + i64::from(hour) * HOUR_MS + HOUR_MS / 2;
            let day = clock.day_of(at);
            let of_day = ((at - clock.day_start(day)) / HOUR_MS).clamp(0, 23) as usize;
            let month = self.month(day).and_then(|m| self.months.get(m)?.1.get(5..)?.parse::<usize>().ok()).unwrap_or(1);
            // 1970-01-01 was a Thursday.
            let weekday = (day + 3).rem_euclid(7) as usize;
            let age = 1.0 - f64::from(hour) / f64::from(hours);
            sum += (-1.1 * age).exp()
                * HOURS.get(of_day).unwrap_or(&1.0)
                * WEEKDAYS.get(weekday).unwrap_or(&1.0)
                * MONTHS.get(month.wrapping_sub(1)).unwrap_or(&1.0);
            cumulated.push(sum);
        }
        cumulated
    }

    fn month(&self, day: i32) -> Option<usize> {
        self.months.partition_point(|(start, _)| *start <= day).checked_sub(1)
    }

    /// The slots of the history in order, with `events` events in all.
    pub fn slots(&self, clock: &Clock, events: u64) -> Vec<Slot> {
        let total = self.cumulated.last().copied().unwrap_or(1.0);
        let before = |weight: f64| if weight >= total { events } else { (weight / total * events as f64) as u64 };
        let mut slots: Vec<Slot> = Vec::new();
        for (day, hours) in self.cumulated.windows(25).step_by(24).enumerate() {
            let (Some(&low), Some(&high)) = (hours.first(), hours.last()) else { continue };
            let pieces = (before(high) - before(low)).div_ceil(SLOT_EVENTS).max(1);
            let noon = self.begin + day.cast_signed() as i64 * DAY_MS + DAY_MS / 2;
            let month = self.month(clock.day_of(noon)).unwrap_or(0) as u16;
            let bound = |piece: u64| if piece == pieces { high } else { low + (high - low) * piece as f64 / pieces as f64 };
            for piece in 0..pieces {
                let (low, high) = (bound(piece), bound(piece + 1));
                let events = before(high) - before(low);
                slots.push(Slot { index: slots.len() as u64, day: day as u16, month, events, end: self.at(high), low, high });
            }
        }
        slots
    }

    /// A random instant of a slot.
    pub fn draw(&self, slot: &Slot, rng: &mut impl Rng) -> i64 {
        self.at(slot.low + (slot.high - slot.low) * rng.random::<f64>()).min(slot.end)
    }

    /// The instant up to which `weight` has passed.
    fn at(&self, weight: f64) -> i64 {
        let hour = self.cumulated.partition_point(|sum| *sum <= weight).saturating_sub(1);
        let (Some(from), Some(to)) = (self.cumulated.get(hour), self.cumulated.get(hour + 1)) else { return self.until };
        let share = (weight - from) / (to - from);
        (self.begin + hour.cast_signed() as i64 * HOUR_MS + (share * HOUR_MS as f64) as i64 + 1).min(self.until)
    }
}
