//! When what is said relative to now can change.
//!
//! Goes in: the points that move with now, and the instants that they are compared with. Comes out, one after the other, every
//! moment at which a comparison can turn out differently from a millisecond before: never one too few, and not many too
//! many. Callers evaluate at these moments and see what really changes.
//!
//! Method: the time ahead is cut into pieces in which every point either stands still (`start of month`) or moves as fast as
//! now does (`90d ago`). Where a point jumps, the cut is a moment; where it moves, it meets each instant once.

use std::collections::BTreeSet;

use super::calendar::DAY_MS;
use super::{Clock, Duration, Point, is_anniversary};

/// How far ahead changes are looked for that come round for ever.
const FOR_EVER_MS: i64 = 3_653 * DAY_MS;
/// How far a point's day lies from its instant, with all that clocks are put forward and back.
const SLACK_MS: i64 = 4 * DAY_MS;
/// Pieces that are looked at.
const MAX_PIECES: u32 = 100_000;

/// What moves with now, and what it is compared with.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub struct Moving {
    points: Vec<Point>,
    marks: Vec<i64>,
    /// Constants: they matter only where points are compared with each other.
    constants: Vec<Point>,
    anniversaries: Vec<Duration>,
    birthdays: Vec<i32>,
    days: bool,
    hours: bool,
    mutual: bool,
    given_up: bool,
}

impl Moving {
    /// A point that something is compared with.
    pub fn point(&mut self, point: &Point) {
        let known = if point.moves() { &mut self.points } else { &mut self.constants };
        if !known.contains(point) {
            known.push(point.clone());
        }
    }

    /// An instant that is compared with points.
    pub fn instant(&mut self, ms: i64) {
        self.marks.push(ms);
    }

    /// A date that is compared with points.
    pub fn day(&mut self, day: i32, clock: &Clock) {
        self.marks.push(clock.day_start(day));
        self.marks.push(clock.day_start(day.saturating_add(1)));
    }

    /// A date or the day of an instant whose anniversary is asked for.
    pub fn birthday(&mut self, day: i32) {
        self.birthdays.push(day);
    }

    /// `anniversary within next D`.
    pub fn anniversary(&mut self, within: Duration) {
        self.anniversaries.push(within);
    }

    /// The calendar day of some point is asked for, or with `hours` its hour.
    pub fn calendar(&mut self, hours: bool) {
        self.days = true;
        self.hours |= hours;
    }

    /// Points are compared with each other, not only with instants.
    pub fn mutual(&mut self) {
        self.mutual = true;
    }

    /// There is more to compare than can be looked at: nothing is said of the time ahead.
    pub fn give_up(&mut self) {
        self.given_up = true;
    }

    fn comes_round(&self) -> bool {
        self.days || self.mutual || !self.anniversaries.is_empty() && !self.birthdays.is_empty()
    }
}

/// The moments after a clock's now at which something may change, ascending.
///
/// ```
/// use segql::time::{Changes, Clock, Duration, Moving, Point, Unit};
/// let day = Duration::of(1, Unit::Day).unwrap();
/// let mut moving = Moving::default();
/// moving.point(&Point::Ago(day));
/// moving.instant(1_000);
/// let mut changes = Changes::new(moving, Clock { now: 5_000, zone: chrono_tz::UTC });
/// // `within 1d` still has the instant at 86,401,000 and has lost it a millisecond later.
/// let all: Vec<i64> = std::iter::from_fn(|| changes.next()).collect();
/// assert!(all.contains(&86_401_001));
/// assert_eq!(changes.limit(), None);
/// ```
#[derive(Debug, Clone)]
pub struct Changes {
    moving: Moving,
    clock: Clock,
    /// Where the next piece begins.
    from: i64,
    /// The levels of all points a millisecond before.
    last: Vec<Level>,
    found: BTreeSet<i64>,
    /// Moments before this one are complete.
    complete: i64,
    horizon: Option<i64>,
    pieces: u32,
    ended: bool,
    limit: Option<i64>,
}

/// What a point is at one moment: its instant, and where the days begin that it may be compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Level {
    instant: i64,
    offset: i64,
    starts: [i64; 4],
}

impl Changes {
    /// The moments after the clock's now.
    #[must_use]
    pub fn new(mut moving: Moving, clock: Clock) -> Self {
        if moving.mutual {
            let constants = std::mem::take(&mut moving.constants);
            for level in constants.iter().map(|p| level(p, &clock)) {
                moving.marks.push(level.instant);
                moving.marks.extend(level.starts);
            }
        }
        moving.marks.sort_unstable();
        moving.marks.dedup();
        moving.birthdays.sort_unstable();
        moving.birthdays.dedup();
        if moving.birthdays.is_empty() {
            moving.anniversaries.clear();
        }
        if !moving.anniversaries.is_empty() || moving.days {
            moving.points.push(Point::Now);
        }
        let first = clock.now.saturating_add(1);
        if moving.given_up {
            moving.points.clear();
        }
        let limit = moving.given_up.then_some(first);
        let still = moving.points.is_empty() || moving.marks.is_empty() && !moving.comes_round();
        let horizon = moving.comes_round().then(|| clock.now.saturating_add(FOR_EVER_MS));
        let last = moving.points.iter().map(|p| level(p, &clock)).collect();
        let found = if still { BTreeSet::new() } else { BTreeSet::from([first]) };
        Self { moving, clock, from: first, last, found, complete: first, horizon, pieces: 0, ended: still, limit }
    }

    /// Where the search gave up; `None` if there is nothing after the moments given.
    #[must_use]
    pub fn limit(&self) -> Option<i64> {
        self.limit
    }

    /// The next moment.
    #[expect(clippy::should_implement_trait, reason = "callers ask for the limit after the last")]
    pub fn next(&mut self) -> Option<i64> {
        loop {
            match self.found.first() {
                Some(at) if self.ended || *at < self.complete => return self.found.pop_first(),
                _ if self.ended => return None,
                _ => self.day(),
            }
        }
    }

    /// Looks at the time up to the next midnight, or leaves out days in which nothing can be met.
    fn day(&mut self) {
        let from = self.from;
        if self.pieces > MAX_PIECES || self.horizon.is_some_and(|h| from > h) {
            self.limit = Some(from);
            self.ended = true;
            return;
        }
        if !self.moving.comes_round() {
            match self.gap() {
                None => {
                    self.ended = true;
                    return;
                }
                Some(gap) if gap > 2 * SLACK_MS => {
                    let there = from.saturating_add(gap - SLACK_MS);
                    if there > i64::MAX / 4 {
                        self.ended = true;
                        return;
                    }
                    self.from = self.clock.day_start(self.clock.day_of(there)).max(from);
                    self.last = self.levels(self.from - 1);
                }
                Some(_) => {}
            }
        }
        let from = self.from;
        let to = self.clock.day_start(self.clock.day_of(from).saturating_add(1)).max(from + 1);
        self.piece(from, to);
        self.from = to;
        self.complete = to;
    }

    /// How long no point can meet an instant; `None` if never again. A point that stands still is never ahead of what it
    /// is the start of, so what counts is the instants after where it is now, and after where it would be if it moved.
    fn gap(&self) -> Option<i64> {
        let mut least: Option<i64> = None;
        for (point, level) in self.moving.points.iter().zip(&self.last) {
            let lowest = level.starts.iter().copied().min().unwrap_or(level.instant).min(level.instant).saturating_sub(SLACK_MS);
            let Some(next) = self.moving.marks.get(self.moving.marks.partition_point(|m| *m <= lowest)) else { continue };
            let moves = base(point, &Clock { now: self.from, ..self.clock });
            let gap = next.saturating_sub(moves).max(0);
            least = Some(least.map_or(gap, |l| l.min(gap)));
        }
        least
    }

    fn levels(&self, now: i64) -> Vec<Level> {
        let clock = Clock { now, ..self.clock };
        self.moving.points.iter().map(|p| level(p, &clock)).collect()
    }

    /// Looks at `from..to`, in halves until every point stands still or moves as fast as now.
    fn piece(&mut self, from: i64, to: i64) {
        self.pieces += 1;
        let (begin, end) = (self.levels(from), self.levels(to - 1));
        let length = to - 1 - from;
        let settled = |(point, (a, b)): (&Point, (&Level, &Level))| {
            // At the ends of the calendar nothing moves any more.
            let steady = a.instant == b.instant || point.flows() && b.instant.saturating_sub(a.instant) == length;
            steady && a.offset == b.offset && a.starts == b.starts
        };
        let same_offset = self.clock.offset(from) == self.clock.offset(to - 1);
        let given_up = length == 0 || self.pieces > MAX_PIECES;
        if given_up || same_offset && self.moving.points.iter().zip(begin.iter().zip(&end)).all(settled) {
            self.settled(from, to, &begin, end);
            return;
        }
        let middle = self.midnight(from, to, &begin, &end).unwrap_or(from + (to - from) / 2);
        self.piece(from, middle);
        self.piece(middle, to);
    }

    /// Where the first point that flows comes to another day, if that is all that happens to it.
    fn midnight(&self, from: i64, to: i64, begin: &[Level], end: &[Level]) -> Option<i64> {
        let mut first: Option<i64> = None;
        for (point, (a, b)) in self.moving.points.iter().zip(begin.iter().zip(end)) {
            let flows = point.flows() && b.instant.saturating_sub(a.instant) == to - 1 - from && a.offset == b.offset;
            let (day, last) = (self.clock.day_of(a.instant), self.clock.day_of(b.instant));
            if flows && day != last {
                let at = from + self.clock.day_start(day.saturating_add(1)) - a.instant;
                first = Some(first.map_or(at, |f| f.min(at)));
            }
        }
        first.filter(|at| from < *at && *at < to)
    }

    /// A piece in which nothing jumps.
    fn settled(&mut self, from: i64, to: i64, begin: &[Level], end: Vec<Level>) {
        if self.moving.days || self.moving.mutual || self.jumps_over_a_mark(begin) || self.anniversary_turns(from) {
            self.found.insert(from);
        }
        let still: Vec<i64> = if self.moving.mutual {
            begin.iter().flat_map(|l| l.starts.into_iter().chain([l.instant])).collect()
        } else {
            Vec::new()
        };
        for (point, level) in self.moving.points.iter().zip(begin) {
            if !point.flows() {
                continue;
            }
            let met = |mark: i64| mark >= level.instant && mark <= level.instant + (to - 1 - from);
            let first = self.moving.marks.partition_point(|m| *m < level.instant);
            let marks = self.moving.marks.get(first..).unwrap_or_default().iter().take_while(|m| met(**m));
            for mark in marks.chain(still.iter().filter(|m| met(**m))) {
                let at = from + (mark - level.instant);
                self.found.insert(at);
                self.found.insert(at.saturating_add(1));
            }
            if self.moving.hours {
                const HOUR: i64 = 3_600_000;
                let mut at = from + HOUR - (level.instant + level.offset).rem_euclid(HOUR);
                while at < to {
                    self.found.insert(at);
                    at += HOUR;
                }
            }
        }
        self.last = end;
    }

    /// Whether a point has come past an instant otherwise than by moving on.
    fn jumps_over_a_mark(&self, begin: &[Level]) -> bool {
        let between = |a: i64, b: i64| {
            let (lo, hi) = (a.min(b).saturating_sub(1), a.max(b).saturating_add(1));
            let first = self.moving.marks.partition_point(|m| *m < lo);
            self.moving.marks.get(first).is_some_and(|m| *m <= hi)
        };
        self.last.iter().zip(begin).any(|(a, b)| {
            let moved = b.instant != a.instant && b.instant != a.instant.saturating_add(1);
            moved && between(a.instant, b.instant) || a.starts.iter().zip(&b.starts).any(|(a, b)| a != b && between(*a, *b))
        })
    }

    fn anniversary_turns(&self, at: i64) -> bool {
        let (before, now) = (Clock { now: at - 1, ..self.clock }, Clock { now: at, ..self.clock });
        before.today() != now.today()
            && self.moving.anniversaries.iter().any(|within| {
                self.moving.birthdays.iter().any(|d| is_anniversary(*d, within, &before) != is_anniversary(*d, within, &now))
            })
    }
}

/// What a point is at the clock's now. Days after the ones it may be compared as count too: an end of a day is the start
/// of the next.
fn level(point: &Point, clock: &Clock) -> Level {
    let instant = clock.instant(point);
    let (day, own) = (clock.day(point), clock.day_of(instant));
    let start = |day: i32| clock.day_start(day);
    Level {
        instant,
        offset: clock.offset(instant),
        starts: [start(day), start(day.saturating_add(1)), start(own), start(own.saturating_add(1))],
    }
}

/// Where a point would be if it moved as now does: of `start of month`, what lies in that month.
fn base(point: &Point, clock: &Clock) -> i64 {
    match point {
        Point::StartOf { of, .. } => base(of, clock),
        Point::Today | Point::Yesterday => clock.now,
        other => clock.instant(other),
    }
}

impl Point {
    /// Whether it is another one at another now.
    #[must_use]
    pub fn moves(&self) -> bool {
        match self {
            Self::Day(_) | Self::Instant(_) => false,
            Self::Now | Self::Today | Self::Yesterday | Self::Ago(_) | Self::FromNow(_) => true,
            Self::StartOf { of, .. } => of.moves(),
        }
    }

    /// Whether its instant moves as fast as now, but for jumps.
    fn flows(&self) -> bool {
        matches!(self, Self::Now | Self::Ago(_) | Self::FromNow(_))
    }
}
