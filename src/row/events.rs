//! Which events of a contact match.

use super::value::Val;
use super::{Event, One};
use crate::check::typed::{EventSource, EventValue, EventWindow, Filter, Matching, Side, Test, ValueExpr, ValueWindow};
use crate::time::{Anchor, Interval, anchored_interval, instant_interval};

/// A matching event, and the attribute that is asked for.
pub(super) struct Found<'e> {
    pub event: &'e Event,
    pub value: Option<Val>,
}

impl One<'_> {
    /// The events that match, in order of instant, type and arrival; none of them lies after now.
    pub(super) fn matching(&self, matching: &Matching) -> Vec<Found<'_>> {
        let window = matching.window.as_ref().map_or(Interval::ALL, |w| self.window(w));
        self.found(&matching.sources, window)
    }

    pub(super) fn found(&self, sources: &[EventSource], window: Interval) -> Vec<Found<'_>> {
        let mut found: Vec<Found<'_>> = Vec::new();
        for source in sources {
            let events = self.of_type(source.event);
            let to = events.partition_point(|e| e.ts <= self.clock.now && e.ts <= window.hi);
            let from = events.partition_point(|e| e.ts < window.lo).min(to);
            for event in events.get(from..to).unwrap_or_default() {
                if source.filter.as_ref().is_none_or(|f| self.filter(f, event)) {
                    let value = source.attr.and_then(|attr| self.attribute(event, usize::from(attr.0)));
                    found.push(Found { event, value });
                }
            }
        }
        if sources.len() > 1 {
            found.sort_by_key(|f| (f.event.ts, f.event.event));
        }
        found
    }

    /// The instants of a window.
    pub(super) fn window(&self, window: &EventWindow) -> Interval {
        match window {
            EventWindow::Fixed(window) => instant_interval(window, &self.clock),
            EventWindow::PerContact(window) => self.own_instants(window).unwrap_or(Interval::EMPTY),
        }
    }

    /// The instants of a window of the contact's own; nothing when an end is empty.
    pub(super) fn own_instants(&self, window: &ValueWindow) -> Option<Interval> {
        // A date stands for its whole day.
        let span = |expr: &ValueExpr| match self.value(expr)? {
            Val::Time(ms) => Some(Interval { lo: ms, hi: ms }),
            other => Some(self.clock.day_span(other.day(&self.clock)?)),
        };
        Some(match window {
            ValueWindow::Before(x) => Interval::below(span(x)?.lo),
            ValueWindow::After(x) => Interval::above(span(x)?.hi),
            ValueWindow::Since(x) => Interval { lo: span(x)?.lo, hi: i64::MAX },
            ValueWindow::On(x) => self.clock.day_span(self.value(x)?.day(&self.clock)?),
            ValueWindow::Between(a, b) => Interval { lo: span(a)?.lo, hi: span(b)?.hi },
            ValueWindow::Anchored { duration, side, field } => {
                let anchor = match self.value(&ValueExpr::Field(*field))? {
                    Val::Time(ms) => Anchor::Instant(ms),
                    other => Anchor::Day(other.day(&self.clock)?),
                };
                anchored_interval(anchor, duration, *side == Side::After, &self.clock)
            }
        })
    }

    /// The days of a window of the contact's own; instants as ends count as their days.
    pub(super) fn own_days(&self, window: &ValueWindow) -> Option<Interval> {
        let day = |expr: &ValueExpr| Some(i64::from(self.value(expr)?.day(&self.clock)?));
        Some(match window {
            ValueWindow::Before(x) => Interval::below(day(x)?),
            ValueWindow::After(x) => Interval::above(day(x)?),
            ValueWindow::Since(x) => Interval { lo: day(x)?, hi: i64::MAX },
            ValueWindow::On(x) => Interval { lo: day(x)?, hi: day(x)? },
            ValueWindow::Between(a, b) => Interval { lo: day(a)?, hi: day(b)? },
            ValueWindow::Anchored { .. } => {
                let instants = self.own_instants(window)?;
                Interval { lo: i64::from(self.clock.day_of(instants.lo)), hi: i64::from(self.clock.day_of(instants.hi)) }
            }
        })
    }

    pub(super) fn filter(&self, filter: &Filter, event: &Event) -> bool {
        match filter {
            Filter::All(parts) => parts.iter().all(|p| self.filter(p, event)),
            Filter::Any(parts) => parts.iter().any(|p| self.filter(p, event)),
            Filter::Quorum(range, parts) => range.contains(parts.iter().filter(|p| self.filter(p, event)).count() as u64),
            Filter::Not(inner) => !self.filter(inner, event),
            Filter::Test { value: EventValue::Attr(attr), test: Test::Items(range, items), or_empty } => {
                let columns = self.schema.event_type(event.event).map_or(&[][..], |t| &t.attributes);
                self.records(&event.attributes, columns, usize::from(attr.0), *range, items).unwrap_or(*or_empty)
            }
            Filter::Test { value, test, or_empty } => match self.event_value(*value, event) {
                Some(value) => self.test(&value, test),
                None => *or_empty || *test == Test::IsEmpty,
            },
        }
    }

    fn event_value(&self, value: EventValue, event: &Event) -> Option<Val> {
        match value {
            EventValue::Attr(attr) => self.attribute(event, usize::from(attr.0)),
            EventValue::Instant => Some(Val::Time(event.ts)),
            EventValue::PartOfAttr(part, attr) => self.part(part, &self.attribute(event, usize::from(attr.0))?),
            EventValue::PartOfInstant(part) => self.part(part, &Val::Time(event.ts)),
        }
    }

    fn attribute(&self, event: &Event, at: usize) -> Option<Val> {
        let column = self.schema.event_type(event.event)?.attributes.get(at)?;
        Val::of(event.attributes.get(at)?.as_ref()?, column.ty.scalar())
    }
}
