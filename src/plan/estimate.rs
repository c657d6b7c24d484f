//! How many contacts pass, roughly: from sketches of the data where there are some, else from plain assumptions.
#![expect(clippy::cast_precision_loss, reason = "estimates are rough")]

use std::rc::Rc;

use super::sketch::{ASSUMED, EventSketch, Look, Seen, Sketch, Sketches};
use super::{
    Aggregate, Atom, EventAtom, EventTest, Expr, ExprId, Function, Intervals, NumberTest, Plan, Predicate, RowFilter, Source,
    TextPredicate, TimeSpan,
};
use crate::check::typed::{Amount, CompareOp, CountRange, EventValue};
use crate::schema::{AttrId, EventId, FieldId, Scalar, Schema};
use crate::time::Interval;
use crate::value::{Decimal, Number};

/// The share of contacts that have a value, without data.
const PRESENT: f64 = 0.8;
/// The share of events that pass a filter, without data.
const FILTER: f64 = 0.3;
/// What equals one value, and what lies on one side of one, without data.
const EQUAL: f64 = 0.1;
const COMPARED: f64 = 0.33;
/// At least one.
const SOME: CountRange = CountRange { min: 1, max: None };

/// Estimates shares of contacts.
pub(super) struct Estimator<'a> {
    pub plan: &'a Plan,
    pub schema: &'a Schema,
    pub sketches: Option<&'a dyn Sketches>,
}

impl Estimator<'_> {
    /// The share of all contacts that pass an atom.
    pub fn atom(&self, atom: &Atom) -> f64 {
        match atom {
            Atom::Field { field, predicate, or_empty } => self.field(*field, predicate, *or_empty),
            Atom::ContactId(predicate) => match predicate {
                Predicate::Set => 1.0,
                Predicate::Text(TextPredicate::In(list, _, negated)) => {
                    let share = self.of_contacts(list.len() as f64, 1e-4);
                    if *negated { 1.0 - share } else { share }
                }
                _ => 0.01,
            },
            Atom::Events(events) => self.events(events),
            Atom::Value { value, predicate, or_empty } => self.value(*value, predicate, *or_empty),
            Atom::Sequence(sequence) => {
                let span = fixed(&sequence.span);
                let steps = sequence.steps.iter().filter(|step| !step.negated).map(|step| {
                    let sources: Vec<f64> = step.sources.iter().map(|s| self.matching(s, span, SOME)).collect();
                    any(&sources)
                });
                // Half of those that have the events have them in order.
                0.5 * steps.fold(1.0, f64::min)
            }
            Atom::Unchanged { field, since } => {
                let after = Intervals::range(i128::from(*since) + 1, i128::MAX);
                match (self.sketches, self.sketches.and_then(|s| s.since(*field))) {
                    (_, Some(sketch)) => 1.0 - sketch.present * sketch.within(&after),
                    (Some(_), None) => 1.0,
                    (None, None) => 0.7,
                }
            }
            Atom::List(id) => self.of_contacts(self.plan.list(*id).map_or(0, |l| l.ids.len()) as f64, 0.01),
            Atom::Sample(sample) => decimal(sample.share),
        }
    }

    /// The share that a ranking takes of some contacts.
    pub fn ranked(&self, amount: Amount, of: f64) -> f64 {
        match amount {
            Amount::Count(n) => of.min(self.of_contacts(n as f64, 0.01)),
            Amount::Share(share) => of * decimal(share).min(1.0),
        }
    }

    fn of_contacts(&self, n: f64, assumed: f64) -> f64 {
        self.sketches.map_or(assumed, |s| (n / (s.contacts().max(1) as f64)).min(1.0))
    }

    fn field(&self, field: FieldId, predicate: &Predicate, or_empty: bool) -> f64 {
        let scalar = self.schema.field_column(field).map_or(Scalar::Text, |c| c.ty.scalar());
        let sketch = self.sketches.and_then(|s| s.field(field));
        let (present, passing) = match &sketch {
            Some(sketch) => (sketch.present, passing(sketch, scalar, predicate)),
            // A column that the data has nothing of.
            None if self.sketches.is_some() => (0.0, 0.0),
            None => (PRESENT, assumed(predicate)),
        };
        present * passing + if or_empty { 1.0 - present } else { 0.0 }
    }

    /// What the summaries say about a span; see [`Look`].
    pub fn look(&self, event: EventId, span: Interval) -> Look {
        match (self.sketches, self.event(event)) {
            (_, Some(sketch)) => sketch.look(span),
            (Some(_), None) => Look { candidates: 0.0, ends: 0.0, whole: 0.0, rows: 1.0 },
            (None, None) => ASSUMED,
        }
    }

    fn event(&self, event: EventId) -> Option<Rc<EventSketch>> {
        self.sketches.and_then(|s| s.event(event))
    }

    fn events(&self, atom: &EventAtom) -> f64 {
        let span = fixed(&atom.span);
        // A window of the contact's own holds some of its events.
        let own = if matches!(atom.span, TimeSpan::Own(_)) { 0.5 } else { 1.0 };
        let pass = own * self.filter(atom.event, atom.filter.as_ref());
        match &atom.test {
            EventTest::Count(range) => self.counted(atom.event, span, pass, *range),
            EventTest::First(set, or_empty) => self.end(atom.event, span, pass, *or_empty, &|seen| (seen.first, set)),
            EventTest::Last(set, or_empty) => self.end(atom.event, span, pass, *or_empty, &|seen| (seen.last, set)),
        }
    }

    /// The share of contacts with so many events in a span that pass.
    fn matching(&self, source: &Source, span: Interval, range: CountRange) -> f64 {
        self.counted(source.event, span, self.filter(source.event, source.filter.as_ref()), range)
    }

    /// The share of contacts with so many events in a span, each of which passes with some likelihood.
    fn counted(&self, event: EventId, span: Interval, pass: f64, range: CountRange) -> f64 {
        let nothing = f64::from(u8::from(range.contains(0)));
        match (self.sketches, self.event(event)) {
            (_, Some(sketch)) => sketch.share(nothing, |seen| likelihood(seen, span, pass, range)),
            (Some(_), None) => nothing,
            (None, None) => {
                let some = ASSUMED.candidates * between(ASSUMED.rows * pass, range);
                some + (1.0 - ASSUMED.candidates) * nothing
            }
        }
    }

    /// The share of contacts whose first or last matching event lies in a set.
    fn end<'s>(
        &self,
        event: EventId,
        span: Interval,
        pass: f64,
        or_empty: bool,
        end: &dyn Fn(&Seen) -> (i64, &'s Intervals),
    ) -> f64 {
        let nothing = f64::from(u8::from(or_empty));
        match (self.sketches, self.event(event)) {
            (_, Some(sketch)) => sketch.share(nothing, |seen| {
                let some = likelihood(seen, span, pass, SOME);
                let (instant, set) = end(seen);
                some * f64::from(u8::from(set.contains(i128::from(instant)))) + (1.0 - some) * nothing
            }),
            (Some(_), None) => nothing,
            (None, None) => ASSUMED.candidates * COMPARED + (1.0 - ASSUMED.candidates) * nothing,
        }
    }

    fn value(&self, value: ExprId, predicate: &Predicate, or_empty: bool) -> f64 {
        match self.plan.expr(value) {
            Expr::Field(field) => self.field(*field, predicate, or_empty),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, predicate, or_empty),
            _ => PRESENT * assumed(predicate) + if or_empty { 1.0 - PRESENT } else { 0.0 },
        }
    }

    fn aggregate(&self, aggregate: &Aggregate, predicate: &Predicate, or_empty: bool) -> f64 {
        let span = fixed(&aggregate.span);
        if let (Function::Count, [source], Predicate::Number(test)) =
            (&aggregate.function, aggregate.sources.as_slice(), predicate)
        {
            let counts = test.scaled(0).and(&Intervals::range(0, i128::MAX));
            let range = |(lo, hi): (i128, i128)| CountRange {
                min: u64::try_from(lo).unwrap_or(0),
                max: u64::try_from(hi).ok().filter(|_| hi < i128::from(i64::MAX)),
            };
            return counts.iter().take(8).map(|ends| self.matching(source, span, range(ends))).sum::<f64>().min(1.0);
        }
        let some: Vec<f64> = aggregate.sources.iter().map(|s| self.matching(s, span, SOME)).collect();
        let some = any(&some);
        let without = if aggregate.function.counts() {
            matches!(predicate, Predicate::Number(test) if test.accepts(Number::whole(0))) || matches!(predicate, Predicate::Set)
        } else {
            or_empty
        };
        some * assumed(predicate) + if without { 1.0 - some } else { 0.0 }
    }

    /// The share of events that pass a filter.
    pub fn filter(&self, event: EventId, filter: Option<&RowFilter>) -> f64 {
        let Some(filter) = filter else { return 1.0 };
        let shares = |parts: &[RowFilter]| -> Vec<f64> { parts.iter().map(|p| self.filter(event, Some(p))).collect() };
        match filter {
            RowFilter::All(parts) => shares(parts).iter().product(),
            RowFilter::Any(parts) => any(&shares(parts)),
            RowFilter::Quorum(range, parts) => quorum(*range, &shares(parts)),
            RowFilter::Not(inner) => 1.0 - self.filter(event, Some(inner)),
            RowFilter::Test { value: EventValue::Attr(attr), predicate, or_empty } => {
                let (present, passing) = self.attribute(event, *attr, predicate);
                present * passing + if *or_empty { 1.0 - present } else { 0.0 }
            }
            RowFilter::Test { .. } => FILTER,
        }
    }

    fn attribute(&self, event: EventId, attr: AttrId, predicate: &Predicate) -> (f64, f64) {
        let scalar = self.schema.attribute_column(event, attr).map_or(Scalar::Text, |c| c.ty.scalar());
        match (self.sketches, self.sketches.and_then(|s| s.attribute(event, attr))) {
            (_, Some(sketch)) => (sketch.present, passing(&sketch, scalar, predicate)),
            (Some(_), None) => (0.0, 0.0),
            (None, None) => (PRESENT, assumed(predicate)),
        }
    }
}

fn decimal(share: Decimal) -> f64 {
    share.mantissa() as f64 / 10_f64.powi(i32::from(share.scale()))
}

/// The instants of a span; of the contact's own all of the past.
pub(super) fn fixed(span: &TimeSpan) -> Interval {
    match span {
        TimeSpan::Fixed(interval) => *interval,
        TimeSpan::Own(_) => Interval { lo: i64::MIN, hi: i64::MAX },
    }
}

/// In at least one of independent sets.
pub(super) fn any(shares: &[f64]) -> f64 {
    1.0 - shares.iter().map(|s| 1.0 - s).product::<f64>()
}

/// In so many of independent sets.
pub(super) fn quorum(range: CountRange, shares: &[f64]) -> f64 {
    /// Beyond it the exact sum would take too long.
    const MANY: usize = 64;
    if shares.len() > MANY {
        return between(shares.iter().sum(), range);
    }
    // The likelihood of each number of sets, one set after the other.
    let mut exactly = vec![0.0; shares.len() + 1];
    if let Some(none) = exactly.first_mut() {
        *none = 1.0;
    }
    for share in shares {
        let mut before = 0.0;
        for n in &mut exactly {
            let now = *n * (1.0 - share) + before * share;
            before = *n;
            *n = now;
        }
    }
    (0..).zip(&exactly).filter(|(n, _)| range.contains(*n)).map(|(_, p)| p).sum()
}

/// How likely a contact has so many events in a span that pass.
fn likelihood(seen: &Seen, span: Interval, pass: f64, range: CountRange) -> f64 {
    if !seen.is_candidate(span) {
        return f64::from(u8::from(range.contains(0)));
    }
    let whole = seen.first >= span.lo && seen.last <= span.hi;
    let some = seen.first >= span.lo || seen.last <= span.hi;
    if pass >= 1.0 && whole {
        return f64::from(u8::from(range.contains(seen.count.unsigned_abs())));
    }
    if pass >= 1.0 && some {
        // One is known; the others are as many as they are.
        let rest = CountRange { min: range.min.saturating_sub(1), max: range.max.and_then(|max| max.checked_sub(1)) };
        if range.max == Some(0) {
            return 0.0;
        }
        return between((seen.rows(span) - 1.0).max(0.0), rest);
    }
    between(seen.rows(span) * pass, range)
}

/// How likely a number that is `mean` on average lies in a range (a Poisson distribution).
fn between(mean: f64, range: CountRange) -> f64 {
    let beyond = range.max.map_or(0.0, |max| at_least(mean, max.saturating_add(1)));
    (at_least(mean, range.min) - beyond).max(0.0)
}

fn at_least(mean: f64, n: u64) -> f64 {
    /// Beyond it a smooth step is as good.
    const MANY: u64 = 40;
    match n {
        0 => 1.0,
        n if n > MANY => 1.0 / (1.0 + (1.7 * (n as f64 - 0.5 - mean) / mean.max(1.0).sqrt()).exp()),
        n => {
            let (mut term, mut below) = ((-mean).exp(), 0.0);
            for k in 0..n {
                below += term;
                term *= mean / (k + 1) as f64;
            }
            (1.0 - below).clamp(0.0, 1.0)
        }
    }
}

/// The share of the values of a column that pass.
fn passing(sketch: &Sketch, scalar: Scalar, predicate: &Predicate) -> f64 {
    match predicate {
        Predicate::Set => 1.0,
        Predicate::Never => 0.0,
        Predicate::In(set) => sketch.within(set),
        Predicate::Number(test) => match scalar {
            Scalar::Number { decimals } => sketch.within(&test.scaled(decimals)),
            _ => 0.0,
        },
        Predicate::Moment { days, instants } => sketch.within(if scalar == Scalar::Date { days } else { instants }),
        Predicate::Text(test) => sketch.texts(test).unwrap_or_else(|| assumed(predicate)),
        _ => assumed(predicate),
    }
}

/// The share of values that pass, without data.
fn assumed(predicate: &Predicate) -> f64 {
    let of_list = |n: usize, negated: bool| {
        let share = (EQUAL * n as f64).min(0.9);
        if negated { 1.0 - share } else { share }
    };
    let compared = |op: CompareOp| match op {
        CompareOp::Equal => EQUAL,
        CompareOp::NotEqual => 1.0 - EQUAL,
        _ => COMPARED,
    };
    match predicate {
        Predicate::Set => 1.0,
        Predicate::Never => 0.0,
        Predicate::In(set) => {
            let points = |(lo, hi)| if lo == hi { EQUAL } else { COMPARED };
            set.iter().take(64).map(points).sum::<f64>().min(0.9)
        }
        Predicate::Number(NumberTest::Compare(op, _)) | Predicate::Value(op, ..) => compared(*op),
        Predicate::Number(NumberTest::In(list, negated)) => of_list(list.len(), *negated),
        Predicate::Text(TextPredicate::In(list, _, negated)) => of_list(list.len(), *negated),
        Predicate::Number(NumberTest::Between(..))
        | Predicate::Moment { .. }
        | Predicate::BetweenValues(..)
        | Predicate::Window(_)
        | Predicate::Items(..) => COMPARED,
        Predicate::Anniversary(_) => 0.08,
        Predicate::Text(_)
        | Predicate::TextValue(..)
        | Predicate::HasText(..)
        | Predicate::HasNumber(..)
        | Predicate::HasValue(..)
        | Predicate::InValue(..) => 0.2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likelihoods_are_shares() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-3, "{a} is not {b}");
        near(quorum(CountRange { min: 1, max: None }, &[0.5, 0.5]), 0.75);
        near(quorum(CountRange { min: 1, max: Some(1) }, &[0.5, 0.5, 0.5]), 0.375);
        near(between(1.0, CountRange { min: 1, max: None }), 1.0 - (-1_f64).exp());
        near(between(99.5, CountRange { min: 100, max: None }), 0.5);
        near(between(3.0, CountRange { min: 0, max: Some(0) }), (-3_f64).exp());
        let seen = Seen { first: 10, last: 20, count: 4 };
        let all = Interval { lo: 0, hi: 30 };
        near(likelihood(&seen, all, 1.0, CountRange { min: 4, max: Some(4) }), 1.0);
        near(likelihood(&seen, all, 1.0, CountRange { min: 5, max: None }), 0.0);
        near(likelihood(&seen, Interval { lo: 15, hi: 30 }, 1.0, SOME), 1.0);
        near(likelihood(&seen, Interval { lo: 25, hi: 30 }, 1.0, CountRange { min: 0, max: Some(0) }), 1.0);
    }
}
