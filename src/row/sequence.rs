//! Events in order.

use super::One;
use super::events::Found;
use super::value::Val;
use crate::check::typed::{Sequence, Step};
use crate::time::Interval;

/// An event that a sequence has come to, and the one before it.
#[derive(Clone, Copy)]
struct Place {
    ts: i64,
    /// Position among the events of its step, of which the sequence has come so far; nothing for a step that is negated.
    event: Option<usize>,
    /// Position among the places of the step before.
    before: Option<usize>,
}

impl One<'_> {
    pub(super) fn sequence(&self, sequence: &Sequence) -> bool {
        self.chain(sequence).0
    }

    /// Whether the sequence is there; the instants and types of one that is, or of one that comes furthest, and how many
    /// steps that is.
    pub(super) fn chain(&self, sequence: &Sequence) -> (bool, Vec<(i64, crate::schema::EventId)>, usize) {
        let window = sequence.window.as_ref().map_or(Interval::ALL, |w| self.window(w));
        let interval = |step: &Step| if step.negated { Interval::ALL } else { window };
        let found: Vec<Vec<Found<'_>>> = sequence.steps.iter().map(|s| self.found(&s.sources, interval(s))).collect();
        let mut best = (false, Vec::new(), 0);
        for shared in shared_values(sequence, found.first().map_or(&[], Vec::as_slice)) {
            let reached = self.reached(&sequence.steps, &found, shared.as_ref());
            let steps = reached.iter().take_while(|places| !places.is_empty()).count();
            if steps > best.2 || best.2 == 0 {
                best = (steps == sequence.steps.len() && steps > 0, way(&reached, steps, &found), steps);
            }
            if best.0 {
                break;
            }
        }
        best
    }

    /// For each step the events at which the steps so far can end.
    fn reached(&self, steps: &[Step], found: &[Vec<Found<'_>>], shared: Option<&Val>) -> Vec<Vec<Place>> {
        let mut reached: Vec<Vec<Place>> = Vec::new();
        for (step, events) in steps.iter().zip(found) {
            let same = |f: &Found<'_>| shared.is_none_or(|s| f.value.as_ref() == Some(s));
            let events: Vec<(usize, i64)> =
                events.iter().enumerate().filter(|(_, f)| same(f)).map(|(at, f)| (at, f.event.ts)).collect();
            let Some(last) = reached.last() else {
                reached.push(events.into_iter().map(|(at, ts)| Place { ts, event: Some(at), before: None }).collect());
                continue;
            };
            let end = |t: i64| step.within.as_ref().map(|d| self.clock.plus(t, d));
            let near = |t: i64, ts: i64| ts > t && end(t).is_none_or(|end| ts <= end);
            let mut places: Vec<Place> = Vec::new();
            if step.negated {
                for (before, place) in last.iter().enumerate() {
                    // The wait must be over.
                    let over = end(place.ts).is_none_or(|end| end <= self.clock.now);
                    if over && !events.iter().any(|(_, ts)| near(place.ts, *ts)) {
                        places.push(Place { ts: place.ts, event: None, before: Some(before) });
                    }
                }
            } else {
                for (at, ts) in events {
                    if let Some(before) = last.iter().position(|place| near(place.ts, ts)) {
                        places.push(Place { ts, event: Some(at), before: Some(before) });
                    }
                }
            }
            // Of equal instants one is enough.
            places.dedup_by_key(|p| p.ts);
            reached.push(places);
        }
        reached
    }
}

/// The events of the first way through so many steps.
fn way(reached: &[Vec<Place>], steps: usize, found: &[Vec<Found<'_>>]) -> Vec<(i64, crate::schema::EventId)> {
    let mut way = Vec::new();
    let mut at = Some(0);
    for (places, events) in reached.iter().zip(found).take(steps).rev() {
        let Some(place) = at.and_then(|at| places.get(at)) else { break };
        if let Some(found) = place.event.and_then(|event| events.get(event)) {
            way.push((found.event.ts, found.event.event));
        }
        at = place.before;
    }
    way.reverse();
    way
}

/// The values that the events of a sequence can have in common; `None` where none is asked for.
fn shared_values(sequence: &Sequence, first: &[Found<'_>]) -> Vec<Option<Val>> {
    if !sequence.by {
        return vec![None];
    }
    let mut values: Vec<Option<Val>> = Vec::new();
    for value in first.iter().filter_map(|f| f.value.as_ref()) {
        if !values.iter().flatten().any(|v| v == value) {
            values.push(Some(value.clone()));
        }
    }
    values
}
