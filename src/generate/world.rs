//! Generation itself: slots in parallel, delivered in order; then contacts, who remember what they did.

use rayon::prelude::*;

use super::contact::{ContactRow, Contacts, Slugs};
use super::event::{Attribute, AttributeValue, EventKind, EventRow};
use super::population::Population;
use super::session::{Mix, Scene, play};
use super::timeline::{Slot, Timeline};
use super::vocabulary::Vocabulary;
use super::{DAY_MS, GenOptions, OptionsError, Sink, YEAR};
use crate::time::Clock;

/// Events generated ahead of the sink.
const AHEAD: u64 = 1 << 20;
/// Contacts given to a sink at a time.
const CONTACTS: u32 = 1 << 14;

/// Everything that is decided before the first event.
#[derive(Debug)]
pub struct World {
    options: GenOptions,
    clock: Clock,
    timeline: Timeline,
    population: Population,
    words: Vocabulary,
    mix: Mix,
    ledger: Ledger,
}

/// What contacts remember of their events: ten bytes each.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Grosze spent in the last year.
    spent: Vec<u32>,
    /// Day of the last visit to a clinic, from 1 on since `first_day`; 0 for none.
    visit: Vec<u16>,
    /// Second of the last page visit, from 1 on since the beginning; 0 for none.
    login: Vec<u32>,
    first_day: i32,
    begin: i64,
    year_ago: i64,
}

impl World {
    /// Draws the contacts and lays out the history.
    ///
    /// # Errors
    /// Options out of range.
    pub fn new(options: &GenOptions) -> Result<Self, OptionsError> {
        if options.contacts == 0 {
            return Err(OptionsError::NoContacts);
        }
        if !(1..=36_500).contains(&options.days) {
            return Err(OptionsError::Days(options.days));
        }
        // 1900-01-01 and 3000-01-01.
        if !(-2_208_988_800_000..32_503_680_000_000).contains(&options.until) {
            return Err(OptionsError::Until);
        }
        let clock = Clock { now: options.until, zone: chrono_tz::Europe::Warsaw };
        let timeline = Timeline::new(&clock, options.days);
        let words = Vocabulary::new(&timeline.months);
        let contacts = options.contacts as usize;
        let ledger = Ledger {
            spent: vec![0; contacts],
            visit: vec![0; contacts],
            login: vec![0; contacts],
            first_day: clock.day_of(timeline.begin),
            begin: timeline.begin,
            year_ago: clock.minus(clock.now, &YEAR),
        };
        Ok(Self {
            population: Population::new(options.seed, options.contacts, options.days),
            mix: Mix::new(&options.industries),
            options: options.clone(),
            clock,
            timeline,
            words,
            ledger,
        })
    }

    /// What was asked for.
    #[must_use]
    pub fn options(&self) -> &GenOptions {
        &self.options
    }

    /// The value of an event's attribute; `None` is empty.
    #[must_use]
    pub fn attribute(&self, row: &EventRow, attribute: Attribute) -> Option<AttributeValue> {
        row.attribute(attribute, &self.words, self.options.message_ids)
    }

    /// The text with a number of [`AttributeValue::Word`].
    #[must_use]
    pub fn text(&self, number: u32) -> &str {
        self.words.text(number)
    }

    /// All texts, by number.
    pub(super) fn texts(&self) -> &[String] {
        &self.words.texts
    }

    /// Generates the events into a sink.
    ///
    /// # Errors
    /// The sink's own.
    pub fn events<S: Sink + Send>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let slots = self.timeline.slots(&self.clock, self.options.events);
        let mut windows = windows(&slots).into_iter();
        let mut ready = windows.next().map(|window| self.play(window)).unwrap_or_default();
        while !ready.is_empty() {
            for rows in &ready {
                self.ledger.record(&self.clock, rows);
            }
            // While the sink takes a window, the next one is made.
            let next = windows.next();
            let world = &*self;
            let deliver = || ready.iter().filter(|rows| !rows.is_empty()).try_for_each(|rows| sink.events(world, rows));
            let (next, delivered) = rayon::join(|| next.map(|window| world.play(window)).unwrap_or_default(), deliver);
            delivered?;
            ready = next;
        }
        Ok(())
    }

    /// Generates the contacts into a sink; after the events, of which contacts hold sums.
    ///
    /// # Errors
    /// The sink's own.
    pub fn contacts<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        let Self { options, clock, population, ledger, .. } = self;
        let slugs = Slugs::new();
        let contacts = Contacts { options, clock, population, ledger, slugs: &slugs };
        for first in (0..self.options.contacts).step_by(CONTACTS as usize) {
            let last = first.saturating_add(CONTACTS).min(self.options.contacts);
            let rows: Vec<ContactRow> = (first..last).into_par_iter().map(|number| contacts.row(number)).collect();
            sink.contacts(self, rows)?;
        }
        Ok(())
    }

    fn play(&self, slots: &[Slot]) -> Vec<Vec<EventRow>> {
        let scene = Scene { timeline: &self.timeline, population: &self.population, words: &self.words, mix: &self.mix };
        slots.par_iter().map(|slot| play(scene, slot)).collect()
    }
}

/// Runs of slots with about [`AHEAD`] events together.
fn windows(slots: &[Slot]) -> Vec<&[Slot]> {
    let mut rest = slots;
    let mut windows = Vec::new();
    while !rest.is_empty() {
        let mut events = 0;
        let taken = rest.iter().take_while(|slot| {
            let fits = events < AHEAD;
            events += slot.events;
            fits
        });
        let (window, after) = rest.split_at(taken.count().max(1));
        windows.push(window);
        rest = after;
    }
    windows
}

impl Ledger {
    /// What a contact spent in the last year, in grosze.
    pub fn spent(&self, number: u32) -> u32 {
        self.spent.get(number as usize).copied().unwrap_or(0)
    }

    /// The day of its last visit to a clinic.
    pub fn visit(&self, number: u32) -> Option<i32> {
        let day = self.visit.get(number as usize).copied().filter(|day| *day > 0)?;
        Some(self.first_day + i32::from(day) - 1)
    }

    /// The instant of its last page visit, to the second.
    pub fn login(&self, number: u32) -> Option<i64> {
        let second = self.login.get(number as usize).copied().filter(|second| *second > 0)?;
        Some(self.begin + (i64::from(second) - 1) * 1000)
    }

    /// The beginning of the history, as a day.
    pub fn first_day(&self) -> i32 {
        self.first_day
    }

    fn record(&mut self, clock: &Clock, rows: &[EventRow]) {
        for row in rows {
            let at = row.contact as usize;
            match row.kind {
                EventKind::Zakup if row.ts >= self.year_ago => {
                    if let Some(spent) = self.spent.get_mut(at) {
                        *spent = spent.saturating_add(row.amount);
                    }
                }
                EventKind::Wizyta => {
                    if let Some(visit) = self.visit.get_mut(at) {
                        *visit = (clock.day_of(row.ts) - self.first_day + 1) as u16;
                    }
                }
                EventKind::OdwiedzinyStrony => {
                    if let Some(login) = self.login.get_mut(at) {
                        *login = ((row.ts - self.begin) / 1000 + 1) as u32;
                    }
                }
                _ => {}
            }
        }
    }
}

const _: () = assert!(36_500 * (DAY_MS / 1000) < u32::MAX as i64, "the seconds of the longest history fit");
