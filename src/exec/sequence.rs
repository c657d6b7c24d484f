//! Events in order.
//!
//! Method: for each step that is not negated, the instants at which the sequence can have come so far, ascending. An
//! event continues it when some instant before it reaches far enough: walking on, the furthest reach is kept. So the
//! work is linear in the events, whatever the number of ways through them.

mod pairs;

use std::rc::Rc;

use super::ExecError;
use super::cells::Key;
use super::ends::Span;
use super::eval::Chunk;
use super::events::candidates;
use super::matched::Matched;
use super::words::{self, Set};
use crate::plan::{Sequence, Step, TimeSpan};
use crate::store::{EventChunk, Words};
use crate::time::{Clock, Duration, Interval};

/// The contacts of `within` that have such a sequence of events.
pub(super) fn sequence<'c>(chunk: &mut Chunk<'c>, sequence: &'c Sequence, within: &Words) -> Result<Set, ExecError> {
    let past = Interval { lo: i64::MIN, hi: chunk.context.clock.now };
    let possible = possible(chunk, sequence, past, within);
    let mut found = words::empty();
    let mut slots = words::slots(&possible);
    if let Some(shortcut) = Shortcut::new(chunk, sequence, past) {
        shortcut.begin.iter().chain(&shortcut.end).for_each(|summary| chunk.data.meter.summaries(summary, slots.len()));
        slots.retain(|slot| {
            let decided = shortcut.decide(usize::from(*slot));
            if decided == Some(true) {
                words::insert(&mut found, usize::from(*slot));
            }
            decided.is_none()
        });
    }
    if slots.is_empty() || pairs::pairs(chunk, sequence, &slots, &mut found)? {
        return Ok(found);
    }
    let operands = Rc::new(chunk.operands(|see| sequence.exprs(see), &slots)?);
    let window = Span::new(&sequence.span, &operands, chunk.context.clock);
    let mut steps: Vec<Events<'c>> = sequence
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            // Of later steps the rows after the first instant of the earlier ones are read alone.
            let wanted = if at == 0 || sequence.by { slots.len() } else { 0 };
            let matched = Matched::with(chunk, &step.sources, Span::Fixed(past), &operands, wanted);
            Events { step, matched, instants: Vec::new(), keyed: Vec::new() }
        })
        .collect();
    let mut reached = Reached::new(chunk.context.clock);
    for (at, slot) in slots.iter().enumerate() {
        if at % 1024 == 1023 {
            chunk.check_cancelled()?;
        }
        let window = window.at(at);
        let holds = if sequence.by {
            by_value(&mut steps, &mut reached, *slot, at, window)
        } else {
            as_they_come(&mut steps, &mut reached, *slot, at, window)
        };
        if holds {
            words::insert(&mut found, usize::from(*slot));
        }
    }
    Ok(found)
}

/// The contacts that have events of every step that needs one, as far as the summaries tell.
fn possible(chunk: &Chunk<'_>, sequence: &Sequence, past: Interval, within: &Words) -> Set {
    let window = if let TimeSpan::Fixed(window) = sequence.span { window } else { past };
    let mut left = words::copy(within);
    for step in sequence.steps.iter().filter(|s| !s.negated) {
        let mut some = words::empty();
        for events in step.sources.iter().filter_map(|s| chunk.data.events.get(&s.event)) {
            words::or(&mut some, &candidates(&chunk.data.meter, events, window, &left));
        }
        left = some;
    }
    left
}

/// `A; then B` and `A; then not B` of whole types, which the first and the last of each decide for most contacts.
struct Shortcut<'c> {
    begin: Vec<&'c EventChunk<'c>>,
    end: Vec<&'c EventChunk<'c>>,
    negated: bool,
    /// How long after the one the other comes, in milliseconds.
    within: Option<i64>,
    window: Interval,
}

/// What summaries tell of the events of a step.
#[derive(Clone, Copy)]
struct Known {
    first: i64,
    last: i64,
    /// Whether that is all.
    single: bool,
}

impl Known {
    fn of(summaries: &[&EventChunk<'_>], slot: usize) -> Option<Self> {
        let some = summaries.iter().filter_map(|e| {
            let last = e.last().get(slot)?;
            Some(Self { first: e.first().get(slot)?, last, single: e.count().get(slot) == Some(1) })
        });
        some.reduce(|a, b| Self { first: a.first.min(b.first), last: a.last.max(b.last), single: false })
    }
}

impl<'c> Shortcut<'c> {
    fn new(chunk: &Chunk<'c>, sequence: &Sequence, past: Interval) -> Option<Self> {
        let ([begin, end], TimeSpan::Fixed(window)) = (sequence.steps.as_slice(), &sequence.span) else { return None };
        let plain = sequence.sources().all(|s| s.filter.is_none());
        if sequence.by || !plain || window.hi != past.hi {
            return None;
        }
        // Most of these are left open, and rows of two types alone are as fast to look at.
        if end.within.is_some() && begin.sources.len() == 1 && end.sources.len() == 1 {
            return None;
        }
        // Months end at different days, so that a later instant need not reach further.
        let within = match &end.within {
            Some(within) if within.months == 0 => Some(chunk.context.clock.plus(0, within)),
            Some(_) => return None,
            None => None,
        };
        let data = chunk.data;
        let summaries =
            |step: &Step| step.sources.iter().filter_map(|s| data.events.get(&s.event)).map(|e| e.summary.as_ref()).collect();
        Some(Self { begin: summaries(begin), end: summaries(end), negated: end.negated, within, window: *window })
    }

    /// Whether the contact has the sequence, as far as that can be told.
    fn decide(&self, slot: usize) -> Option<bool> {
        let Some(begin) = Known::of(&self.begin, slot) else { return Some(false) };
        let end = Known::of(&self.end, slot);
        if begin.last.max(end.map_or(begin.last, |end| end.last)) > self.window.hi {
            return None;
        }
        if begin.last < self.window.lo {
            return Some(false);
        }
        let reach = self.within.map_or(i64::MAX, |within| begin.last.saturating_add(within));
        if self.negated {
            // After the last one there is the least to exclude, if the time for it has passed.
            let is_over = self.within.is_none() || reach <= self.window.hi;
            let quiet = match end {
                None => true,
                Some(end) if end.last <= begin.last || end.first > reach => true,
                // One that is the only one, or the last one within reach.
                Some(end) if end.last <= reach => false,
                Some(end) if end.single => true,
                Some(_) => return None,
            };
            return match (is_over && quiet, self.within) {
                (true, _) => Some(true),
                // Where it has to be quiet for ever, it is after the last if it is after any.
                (false, None) => Some(false),
                (false, Some(_)) => begin.single.then_some(false),
            };
        }
        let Some(end) = end.filter(|end| end.last >= self.window.lo) else { return Some(false) };
        if end.last <= begin.first {
            return Some(false);
        }
        if begin.last < end.last && end.last <= reach {
            return Some(true);
        }
        if self.within.is_none() && begin.first >= self.window.lo {
            return Some(true);
        }
        // All of these come too late, or there is no other pair.
        (end.first > reach || begin.single && end.single).then_some(false)
    }
}

/// The events of one step.
struct Events<'c> {
    step: &'c Step,
    matched: Matched<'c>,
    /// When they happened, ascending.
    instants: Vec<i64>,
    /// The same with the values that the sequence shares.
    keyed: Vec<(Key<'c>, i64)>,
}

impl Events<'_> {
    /// Goes to a contact. What a negated step excludes may lie outside the window.
    fn seek(&mut self, slot: u16, at: usize, window: Interval, past: Interval) {
        self.matched.seek_in(slot, at, if self.step.negated { past } else { window });
    }
}

fn as_they_come(steps: &mut [Events<'_>], reached: &mut Reached<'_>, slot: u16, at: usize, window: Interval) -> bool {
    reached.begin();
    let past = reached.past();
    for (position, events) in steps.iter_mut().enumerate() {
        // What comes before the first instant neither continues nor ends anything.
        let ahead = reached.instants.first().map_or(i64::MIN, |first| first.saturating_add(1));
        let ahead = Interval { lo: ahead, hi: i64::MAX };
        events.seek(slot, at, window.and(ahead), past.and(ahead));
        let instants = &mut events.instants;
        instants.clear();
        for (reader, rows) in events.matched.by_source() {
            instants.extend(rows.map(|row| reader.ts(row)));
        }
        if events.matched.readers().len() > 1 {
            instants.sort_unstable();
        }
        if !reached.step(position == 0, events.step, instants.iter().copied()) {
            return false;
        }
    }
    true
}

/// The same for every value that events share.
fn by_value(steps: &mut [Events<'_>], reached: &mut Reached<'_>, slot: u16, at: usize, window: Interval) -> bool {
    let past = reached.past();
    for events in &mut *steps {
        events.seek(slot, at, window, past);
        let keyed = &mut events.keyed;
        keyed.clear();
        for (reader, rows) in events.matched.by_source() {
            keyed.extend(rows.filter_map(|row| Some((reader.cell(row)?.key()?, reader.ts(row)))));
        }
        if keyed.is_empty() && !events.step.negated {
            return false;
        }
        keyed.sort_unstable();
    }
    let Some((first, rest)) = steps.split_first() else { return false };
    // Values ascend, so each step's events are passed once.
    let mut from = vec![0; rest.len()];
    first.keyed.chunk_by(|(a, _), (b, _)| a == b).any(|own| {
        let Some((key, _)) = own.first() else { return false };
        reached.begin();
        let mut holds = reached.step(true, first.step, own.iter().map(|(_, ts)| *ts));
        for (events, from) in rest.iter().zip(&mut from) {
            if !holds {
                break;
            }
            let ahead = events.keyed.get(*from..).unwrap_or_default();
            *from += ahead.partition_point(|(k, _)| k < key);
            let same = events.keyed.get(*from..).unwrap_or_default();
            let same = same.get(..same.partition_point(|(k, _)| k == key)).unwrap_or_default();
            holds = reached.step(false, events.step, same.iter().map(|(_, ts)| *ts));
        }
        holds
    })
}

/// The instants at which a sequence can have come so far.
struct Reached<'c> {
    clock: &'c Clock,
    instants: Vec<i64>,
    next: Vec<i64>,
}

impl<'c> Reached<'c> {
    fn new(clock: &'c Clock) -> Self {
        Self { clock, instants: Vec::new(), next: Vec::new() }
    }

    fn past(&self) -> Interval {
        Interval { lo: i64::MIN, hi: self.clock.now }
    }

    fn begin(&mut self) {
        self.instants.clear();
    }

    /// Goes on by a step, whose events ascend; says whether the sequence can still come to its end.
    fn step(&mut self, first: bool, step: &Step, events: impl Iterator<Item = i64>) -> bool {
        self.next.clear();
        if first {
            self.next.extend(events);
        } else if step.negated {
            self.quiet(step.within.as_ref(), events);
        } else {
            self.follow(step.within.as_ref(), events);
        }
        std::mem::swap(&mut self.instants, &mut self.next);
        !self.instants.is_empty()
    }

    /// Keeps the events that come after an instant and within its reach.
    fn follow(&mut self, within: Option<&Duration>, events: impl Iterator<Item = i64>) {
        let mut instants = self.instants.iter().copied().peekable();
        let mut reach = None;
        for ts in events {
            while let Some(instant) = instants.next_if(|instant| *instant < ts) {
                // Months end at different days, so a later instant need not reach further.
                let end = within.map_or(i64::MAX, |d| self.clock.plus(instant, d));
                reach = Some(reach.map_or(end, |reach: i64| reach.max(end)));
            }
            if reach.is_some_and(|reach| ts <= reach) {
                self.next.push(ts);
            }
        }
    }

    /// Keeps the instants after which no event comes: within a duration that has passed, or ever.
    fn quiet(&mut self, within: Option<&Duration>, events: impl Iterator<Item = i64>) {
        let mut events = events.peekable();
        for instant in &self.instants {
            while events.next_if(|ts| ts <= instant).is_some() {}
            let end = within.map_or(self.clock.now, |d| self.clock.plus(*instant, d));
            if end <= self.clock.now && events.peek().is_none_or(|ts| *ts > end) {
                self.next.push(*instant);
            }
        }
    }
}
