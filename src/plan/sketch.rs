//! What a plan's estimates are made from: small samples of columns, and the events of a few contacts.
#![expect(clippy::cast_precision_loss, reason = "estimates are rough")]

use std::rc::Rc;

use super::{Intervals, TextPredicate};
use crate::schema::{AttrId, EventId, FieldId};
use crate::time::Interval;
use crate::value::fold;

/// What is known of the data without reading it; nothing where the data has no such column.
pub trait Sketches {
    /// How many contacts there are.
    fn contacts(&self) -> u64;
    /// The values of a field.
    fn field(&self, field: FieldId) -> Option<Rc<Sketch>>;
    /// Since when the values of a field have been as they are.
    fn since(&self, field: FieldId) -> Option<Rc<Sketch>>;
    /// The values of an attribute, as far as they are known without reading events.
    fn attribute(&self, event: EventId, attr: AttrId) -> Option<Rc<Sketch>>;
    /// The events of a type.
    fn event(&self, event: EventId) -> Option<Rc<EventSketch>>;
}

/// A column in short.
#[derive(Debug, Clone, PartialEq)]
pub struct Sketch {
    /// The share of contacts that have a value, or of events.
    pub present: f64,
    /// What they have.
    pub values: Sampled,
}

/// Some values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Sampled {
    /// Of contacts that lie evenly apart, ascending.
    Ints(Vec<i64>),
    /// The least and the greatest alone.
    Between(i64, i64),
    /// Texts, each with its share among the values; `whole` when there are no others.
    Texts {
        /// The texts.
        texts: Vec<(String, f64)>,
        /// Whether these are all.
        whole: bool,
    },
    /// Lists.
    Lists,
}

/// The events of one type of some contacts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventSketch {
    /// How many contacts were looked at.
    pub asked: usize,
    /// Those that have events.
    pub seen: Vec<Seen>,
}

/// The events of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Instant of the first, in milliseconds.
    pub first: i64,
    /// Of the last.
    pub last: i64,
    /// How many there are.
    pub count: i64,
}

/// What a summary says about a span of time: shares of all contacts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Those that can have an event in it.
    pub candidates: f64,
    /// Those of them whose first or last event lies in it.
    pub ends: f64,
    /// Those of them all of whose events lie in it.
    pub whole: f64,
    /// Events that each candidate has in it, on average.
    pub rows: f64,
}

/// What is assumed of event types without data.
pub(super) const ASSUMED: Look = Look { candidates: 0.3, ends: 0.3, whole: 0.1, rows: 5.0 };

/// Above so many intervals each value is looked up, not each interval.
const FEW: usize = 16;

impl Sketch {
    /// The share of the values that lie in a set.
    #[must_use]
    pub fn within(&self, set: &Intervals) -> f64 {
        match &self.values {
            Sampled::Ints(values) => {
                let n = values.len().max(1) as f64;
                let found = if set.iter().take(FEW + 1).count() <= FEW {
                    let below = |bound: i64| values.partition_point(|v| *v < bound);
                    let upto = |bound: i64| values.partition_point(|v| *v <= bound);
                    set.iter_i64().map(|(lo, hi)| upto(hi).saturating_sub(below(lo))).sum()
                } else {
                    values.iter().filter(|v| set.contains(i128::from(**v))).count()
                };
                // What no sample has is rare, not impossible.
                if found == 0 && !set.is_empty() { 0.25 / n } else { found as f64 / n }
            }
            Sampled::Between(min, max) => {
                let span = max.abs_diff(*min) as f64 + 1.0;
                let inside = set.and(&Intervals::range(i128::from(*min), i128::from(*max)));
                let found: f64 = inside.iter_i64().map(|(lo, hi)| hi.abs_diff(lo) as f64 + 1.0).sum();
                (found / span).min(1.0)
            }
            Sampled::Texts { .. } | Sampled::Lists => 0.0,
        }
    }

    /// The share of the values that pass a test on texts; nothing when that would take long.
    #[must_use]
    pub fn texts(&self, test: &TextPredicate) -> Option<f64> {
        let Sampled::Texts { texts, whole } = &self.values else { return None };
        let share = |passes: &dyn Fn(&str) -> bool| -> f64 { texts.iter().filter(|(t, _)| passes(t)).map(|(_, s)| s).sum() };
        let unseen = if *whole { 0.0 } else { 0.25 / (texts.len().max(1) as f64) };
        Some(match test {
            TextPredicate::In(list, folding, negated) => {
                let found = share(&|text| TextPredicate::is_in(list, &fold(text, *folding)));
                let found = if found > 0.0 { found } else { unseen * list.len() as f64 };
                if *negated { 1.0 - found.min(1.0) } else { found.min(1.0) }
            }
            TextPredicate::Part(op, needle, folding) => {
                share(&|text| TextPredicate::is_part(*op, &fold(text, *folding), needle)).max(unseen)
            }
            // Compiling the expression would cost more than the estimate gains.
            TextPredicate::Matches(..) => return None,
        })
    }
}

impl EventSketch {
    /// What the summaries say about a span.
    #[must_use]
    pub fn look(&self, span: Interval) -> Look {
        let (mut candidates, mut ends, mut whole, mut rows) = (0_u32, 0_u32, 0_u32, 0.0);
        for seen in &self.seen {
            if !seen.is_candidate(span) {
                continue;
            }
            let (begins, closes) = (seen.first >= span.lo, seen.last <= span.hi);
            candidates += 1;
            ends += u32::from(begins || closes);
            whole += u32::from(begins && closes);
            rows += seen.rows(span);
        }
        let n = self.asked.max(1) as f64;
        let rows = if candidates > 0 { rows / f64::from(candidates) } else { 1.0 };
        Look { candidates: f64::from(candidates) / n, ends: f64::from(ends) / n, whole: f64::from(whole) / n, rows }
    }

    /// The share of all contacts for which a test holds that is asked of each of those seen.
    #[must_use]
    pub fn share(&self, without: f64, test: impl Fn(&Seen) -> f64) -> f64 {
        let n = self.asked.max(1) as f64;
        let sum: f64 = self.seen.iter().map(test).sum();
        let share = (sum + without * (n - self.seen.len() as f64)) / n;
        share.clamp(0.25 / n, 1.0)
    }
}

impl Seen {
    /// Whether an event can lie in the span.
    #[must_use]
    pub fn is_candidate(&self, span: Interval) -> bool {
        !span.is_empty() && self.last >= span.lo && self.first <= span.hi
    }

    /// How many events lie in a span that one can lie in, if they lie evenly between the first and the last.
    #[must_use]
    pub fn rows(&self, span: Interval) -> f64 {
        let (begins, closes) = (self.first >= span.lo, self.last <= span.hi);
        let count = self.count.max(1) as f64;
        if begins && closes {
            return count;
        }
        let own = self.last.abs_diff(self.first).max(1) as f64;
        let shared = self.last.min(span.hi).abs_diff(self.first.max(span.lo)) as f64;
        let known = f64::from(u8::from(begins) + u8::from(closes));
        // The ends are known to lie inside or outside; the others are spread.
        known + (count - 2.0).max(0.0) * (shared / own).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Folding;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn shares_of_numbers_and_texts() {
        let ints = Sketch { present: 1.0, values: Sampled::Ints((0..100).collect()) };
        near(ints.within(&Intervals::range(90, i128::MAX)), 0.1);
        near(ints.within(&Intervals::union((0..50).map(|n| Intervals::range(n * 2, n * 2)))), 0.5);
        near(ints.within(&Intervals::range(1000, 2000)), 0.0025);
        near(ints.within(&Intervals::NONE), 0.0);
        let between = Sketch { present: 1.0, values: Sampled::Between(0, 9) };
        near(between.within(&Intervals::range(5, 100)), 0.5);
        let texts = vec![("Gold".to_owned(), 0.25), ("Łódź".to_owned(), 0.75)];
        let texts = Sketch { present: 1.0, values: Sampled::Texts { texts, whole: true } };
        let list = |text: &str, not| TextPredicate::In(vec![text.to_owned()], Folding::default(), not);
        near(texts.texts(&list("Gold", false)).unwrap(), 0.25);
        near(texts.texts(&list("Gold", true)).unwrap(), 0.75);
        near(texts.texts(&list("Silver", false)).unwrap(), 0.0);
    }

    #[test]
    fn events_in_a_span() {
        let seen = |first, last, count| Seen { first, last, count };
        let sketch = EventSketch { asked: 4, seen: vec![seen(0, 10, 3), seen(5, 105, 12), seen(200, 300, 9)] };
        let look = sketch.look(Interval { lo: 0, hi: 54 });
        near(look.candidates, 0.5);
        near(look.ends, 0.5);
        near(look.whole, 0.25);
        // All three of one contact; the first of the other and five of the ten between its ends, but for rounding.
        assert!((look.rows - 4.45).abs() < 0.1, "{}", look.rows);
        near(sketch.share(1.0, |_| 0.0), 0.25);
    }
}
