//! `A; then B` and `A; then not B` of one whole type each: two steps without filters, the second within a fixed time or without a limit.
//!
//! Method: the rows of a contact are followed from the last one back, and the earliest event of the second step after an event of the
//! first decides for that one. Where the rows of each contact end, and the last instants, are looked up for many contacts before any is
//! decided, so that the processor need not wait for each of them.

use std::ops::Range;

use super::super::ExecError;
use super::super::bits;
use super::super::chunk::{ChunkData, Events};
use super::super::eval::Chunk;
use super::super::meter::Meter;
use super::super::ranks::Ranks;
use super::super::rows::{Inside, are_many, inside};
use super::super::words;
use crate::plan::{Sequence, TimeSpan};
use crate::schema::EventId;
use crate::store::column::IntColumn;
use crate::store::{RowBlock, Words};
use crate::time::Interval;

/// Contacts that are looked up together.
const TOGETHER: usize = 1024;

/// Adds the contacts of `slots` that have such a sequence, or says that it is none.
pub(super) fn pairs(chunk: &Chunk<'_>, sequence: &Sequence, slots: &[u16], found: &mut Words) -> Result<bool, ExecError> {
    let Some(rule) = Rule::of(chunk, sequence) else { return Ok(false) };
    // What comes before the window follows nothing in it.
    let after = Interval { lo: rule.window.lo, hi: rule.end };
    let mut first = Rows::new(chunk.data, rule.first, rule.window, slots.len());
    let mut second = Rows::new(chunk.data, rule.second, after, slots.len());
    let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
    for slots in slots.chunks(TOGETHER) {
        chunk.check_cancelled()?;
        first.seek(slots, &mut firsts);
        second.seek(slots, &mut seconds);
        for (slot, (first, second)) in slots.iter().zip(firsts.iter().zip(&seconds)) {
            if rule.holds(first.clone(), second.clone()) {
                words::insert(found, usize::from(*slot));
            }
        }
    }
    Ok(true)
}

/// What makes a pair.
struct Rule {
    first: EventId,
    second: EventId,
    negated: bool,
    /// How long after the one the other comes, in milliseconds.
    within: Option<i64>,
    /// When the first lies.
    window: Interval,
    /// The second is not later.
    end: i64,
    now: i64,
}

impl Rule {
    fn of(chunk: &Chunk<'_>, sequence: &Sequence) -> Option<Self> {
        let ([first, then], TimeSpan::Fixed(window)) = (sequence.steps.as_slice(), &sequence.span) else { return None };
        let ([a], [b]) = (first.sources.as_slice(), then.sources.as_slice()) else { return None };
        if first.negated || sequence.by || a.filter.is_some() || b.filter.is_some() {
            return None;
        }
        // Months end at different days, so that a later instant need not reach further.
        let within = match &then.within {
            Some(within) if within.months == 0 => Some(chunk.context.clock.plus(0, within)),
            Some(_) => return None,
            None => None,
        };
        let now = chunk.context.clock.now;
        // What is excluded may lie outside of the window.
        let end = if then.negated { now } else { window.hi };
        Some(Self { first: a.event, second: b.event, negated: then.negated, within, window: *window, end, now })
    }

    /// Whether an event of the first step has, or has not, one of the second after it.
    fn holds(&self, mut first: End<'_>, mut second: End<'_>) -> bool {
        // The earliest of the second step so far that comes after the one of the first.
        let mut next = None;
        while let Some(instant) = first.instant().filter(|instant| self.window.lo <= *instant) {
            while let Some(later) = second.instant().filter(|later| *later > instant) {
                second.step_back();
                next = Some(later).filter(|later| *later <= self.end);
            }
            let reach = match self.within {
                Some(within) => instant.saturating_add(within),
                None if self.negated => self.now,
                None => i64::MAX,
            };
            let is_followed = next.is_some_and(|next| next <= reach);
            // Whether nothing follows is known when the time for it has passed.
            let holds = if self.negated { !is_followed && reach <= self.now } else { is_followed };
            if holds && instant <= self.window.hi {
                return true;
            }
            first.step_back();
        }
        false
    }
}

/// The rows of one type.
struct Rows<'c> {
    /// Nothing where nobody has any.
    events: Option<(&'c Events<'c>, Ranks)>,
    meter: &'c Meter,
    /// The span outside of which no row matters, if those in it are looked for in whole blocks.
    span: Option<Interval>,
    open: Option<Open<'c>>,
}

/// The block that is looked at.
struct Open<'c> {
    number: usize,
    rows: &'c RowBlock<'c>,
    /// Where its slots end.
    end: u32,
    /// How many contacts come before it; nothing where its contacts are not those that the summary has.
    before: Option<usize>,
    /// The rows that lie in the span, if they are looked for.
    inside: Option<Inside>,
}

/// The rows of a contact that have not been passed, and the instant of the last one.
#[derive(Clone)]
struct End<'c> {
    ts: Option<&'c IntColumn<'c>>,
    rows: Range<usize>,
    instant: i64,
}

impl<'c> Rows<'c> {
    /// The rows of a type, for so many contacts; those outside of a span do not matter.
    fn new(data: &'c ChunkData<'c>, event: EventId, span: Interval, wanted: usize) -> Self {
        let events = data.events.get(&event).map(|events| (events, Ranks::of(events)));
        let span = events.as_ref().filter(|(events, _)| are_many(wanted, events)).map(|_| span);
        Self { events, meter: &data.meter, span, open: None }
    }

    /// Looks contacts up that come after all before.
    fn seek(&mut self, slots: &[u16], out: &mut Vec<End<'c>>) {
        out.clear();
        out.extend(slots.iter().map(|slot| self.end(*slot)));
    }

    /// The rows of a contact, of which none has been passed.
    fn end(&mut self, slot: u16) -> End<'c> {
        const NONE: End<'_> = End { ts: None, rows: 0..0, instant: i64::MIN };
        if self.events.as_ref().is_none_or(|(_, ranks)| !ranks.has(slot)) {
            return NONE;
        }
        if self.open.as_ref().is_none_or(|open| u32::from(slot) >= open.end) {
            self.open = self.opened(slot);
        }
        let (Some(open), Some((_, ranks))) = (&self.open, &self.events) else { return NONE };
        let rows = match open.before {
            Some(before) => open.rows.rows_at(ranks.rank(slot.into()).saturating_sub(before)),
            None => open.rows.rows_of(slot),
        };
        let ts = open.rows.ts();
        let rows = match &open.inside {
            Some(Inside::Some(inside)) => bits::bounds(inside, rows),
            Some(Inside::All) => rows,
            None => {
                self.meter.add(|| rows.len() * ts.width());
                rows
            }
        };
        let last = if rows.is_empty() { None } else { ts.at(rows.end - 1) };
        End { ts: Some(ts), instant: last.unwrap_or(i64::MIN), rows }
    }

    /// The block that has a slot.
    fn opened(&self, slot: u16) -> Option<Open<'c>> {
        let (events, ranks) = self.events.as_ref()?;
        let summary = &events.summary;
        let slots = |number: usize| summary.block_slots(u32::try_from(number).unwrap_or(u32::MAX));
        let from = self.open.as_ref().map_or(0, |open| open.number);
        let number = (from..events.blocks.len()).find(|number| u32::from(slot) < slots(*number).end)?;
        let (rows, slots) = (events.blocks.get(number)?.rows.as_ref(), slots(number));
        let before = ranks.of_block(slots.clone(), rows);
        let inside = self.span.map(|span| {
            self.meter.add(|| rows.ts().scanned_bytes(span.lo, span.hi));
            inside(rows.ts(), span)
        });
        Some(Open { number, rows, end: slots.end, before, inside })
    }
}

impl End<'_> {
    /// When the last event happened that has not been passed.
    fn instant(&self) -> Option<i64> {
        (!self.rows.is_empty()).then_some(self.instant)
    }

    /// Goes to the one before.
    fn step_back(&mut self) {
        self.rows.end = self.rows.end.saturating_sub(1);
        if !self.rows.is_empty() {
            self.instant = self.ts.and_then(|ts| ts.at(self.rows.end - 1)).unwrap_or(i64::MIN);
        }
    }
}
