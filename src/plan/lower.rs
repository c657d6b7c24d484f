//! Typed trees to plans: calendars become intervals, decimals integers of the column's scale.

use super::{Atom, EventAtom, EventValue, Intervals, Node, NodeId, Plan, Predicate, RowFilter, TextPredicate, TimeSpan};
use crate::check::typed::{
    CompareOp, Condition, CountRange, EventWindow, Filter, ListOperand, Matching, Program, SegmentId, Side, Test, TextOp,
    ValueExpr, ValueTest,
};
use crate::schema::{Scalar, Schema};
use crate::time::{Clock, Interval, day_interval, instant_interval};
use crate::value::{Decimal, Folding, fold};

/// The plan of some segments of a program at one moment. The plan's roots are the segments asked for, in order.
#[must_use]
pub fn lower(program: &Program, wanted: &[SegmentId], schema: &Schema, clock: &Clock) -> Plan {
    let mut lowering = Lowering { schema, clock, plan: Plan::default(), segments: Vec::with_capacity(program.segments.len()) };
    // References point backwards, so each segment finds the ones it needs done.
    for segment in &program.segments {
        let node = lowering.condition(&segment.condition);
        lowering.segments.push(node);
    }
    for id in wanted {
        let root = lowering.segment(*id);
        lowering.plan.ask(root);
    }
    lowering.plan
}

struct Lowering<'a> {
    schema: &'a Schema,
    clock: &'a Clock,
    plan: Plan,
    segments: Vec<NodeId>,
}

impl Lowering<'_> {
    fn segment(&mut self, id: SegmentId) -> NodeId {
        match self.segments.get(id.0 as usize) {
            Some(node) => *node,
            None => self.plan.add(Node::Nobody),
        }
    }

    fn condition(&mut self, condition: &Condition) -> NodeId {
        let node = match condition {
            Condition::Everyone => Node::Everyone,
            Condition::Nobody => Node::Nobody,
            Condition::All(parts) => Node::All(self.conditions(parts)),
            Condition::Any(parts) => Node::Any(self.conditions(parts)),
            Condition::Quorum(range, parts) => Node::Quorum(*range, self.conditions(parts)),
            Condition::Not(inner) => Node::Not(self.condition(inner)),
            Condition::Segment(id) => return self.segment(*id),
            Condition::Test(test) => Node::Atom(self.test(test)),
            Condition::Events(matching, range) => Node::Atom(self.events(matching, EventValue::Count(*range))),
        };
        self.plan.add(node)
    }

    fn conditions(&mut self, parts: &[Condition]) -> Vec<NodeId> {
        parts.iter().map(|p| self.condition(p)).collect()
    }

    fn test(&mut self, test: &ValueTest) -> Atom {
        let number = |decimals| Scalar::Number { decimals };
        match &test.value {
            ValueExpr::Field(field) => {
                let scalar = self.schema.field_column(*field).map_or(Scalar::Text, |c| c.ty.scalar());
                let (predicate, or_empty) = self.predicate(&test.test, scalar, test.or_empty);
                Atom::Field { field: *field, predicate, or_empty }
            }
            ValueExpr::ContactId => Atom::ContactId(self.predicate(&test.test, Scalar::Text, test.or_empty).0),
            ValueExpr::Count(matching) => {
                let value = EventValue::CountIn(self.intervals(&test.test, number(0)));
                self.events(matching, value)
            }
            ValueExpr::Sum(matching, attr) => {
                let value = EventValue::Sum(attr.attr, self.intervals(&test.test, number(attr.decimals)));
                self.events(matching, value)
            }
            ValueExpr::First(matching) => {
                let or_empty = test.or_empty || test.test == Test::IsEmpty;
                let value = EventValue::First(self.intervals(&test.test, Scalar::Time), or_empty);
                self.events(matching, value)
            }
            ValueExpr::Last(matching) => {
                let or_empty = test.or_empty || test.test == Test::IsEmpty;
                let value = EventValue::Last(self.intervals(&test.test, Scalar::Time), or_empty);
                self.events(matching, value)
            }
        }
    }

    fn events(&self, matching: &Matching, value: EventValue) -> Atom {
        let past = Interval { lo: i64::MIN, hi: self.clock.now };
        let span = match &matching.window {
            None => TimeSpan::Fixed(past),
            Some(EventWindow::Fixed(window)) => TimeSpan::Fixed(instant_interval(window, self.clock).and(past)),
            Some(EventWindow::Anchored { duration, side, field }) => {
                TimeSpan::Anchored { field: *field, duration: *duration, after: *side == Side::After }
            }
        };
        let filter = matching.filter.as_ref().map(|f| self.filter(f, matching.event));
        // A count that is one range can be answered without counting.
        let value = match value {
            EventValue::CountIn(set) => as_range(&set).map_or(EventValue::CountIn(set), EventValue::Count),
            value => value,
        };
        Atom::Events(EventAtom { event: matching.event, span, filter, value })
    }

    fn filter(&self, filter: &Filter, event: crate::schema::EventId) -> RowFilter {
        match filter {
            Filter::All(parts) => RowFilter::All(parts.iter().map(|p| self.filter(p, event)).collect()),
            Filter::Any(parts) => RowFilter::Any(parts.iter().map(|p| self.filter(p, event)).collect()),
            Filter::Not(inner) => RowFilter::Not(Box::new(self.filter(inner, event))),
            Filter::Instant(test) => RowFilter::Instant(self.intervals(test, Scalar::Time)),
            Filter::Attr { attr, test, or_empty } => {
                let scalar = self.schema.attribute_column(event, *attr).map_or(Scalar::Text, |c| c.ty.scalar());
                let (predicate, or_empty) = self.predicate(test, scalar, *or_empty);
                RowFilter::Attr { attr: *attr, predicate, or_empty }
            }
        }
    }

    /// The test on a value that is there, and whether an empty one passes.
    fn predicate(&self, test: &Test, scalar: Scalar, or_empty: bool) -> (Predicate, bool) {
        let decimals_of = |s: Scalar| if let Scalar::Number { decimals } = s { decimals } else { 0 };
        let predicate = match test {
            Test::IsEmpty => return (Predicate::Never, true),
            Test::IsSet => Predicate::Set,
            Test::Text(op, needle, folding) => Predicate::Text(text(*op, needle, *folding)),
            Test::TextIn(list, folding, negated) => {
                Predicate::Text(TextPredicate::In(folded(list, *folding), *folding, *negated))
            }
            Test::Matches(pattern, folding) => Predicate::Text(TextPredicate::Matches(
                pattern.0.as_str().to_owned(),
                folding.case,
                Folding { case: false, ..*folding },
            )),
            Test::Anniversary(within) => Predicate::Anniversary(*within, scalar),
            Test::Has(op, ListOperand::Text(list, folding)) => Predicate::HasText(*op, folded(list, *folding), *folding),
            Test::Has(op, ListOperand::Number(list)) => {
                Predicate::HasNumber(*op, list.iter().map(|n| number(CompareOp::Equal, *n, decimals_of(scalar))).collect())
            }
            Test::Has(op, ListOperand::Field(field)) => {
                let other = self.schema.field_column(*field).map_or(Scalar::Text, |c| c.ty.scalar());
                Predicate::HasField(*op, *field, decimals_of(scalar), decimals_of(other))
            }
            Test::Field(op, field, other) => Predicate::Field(*op, *field, scalar, *other),
            _ => Predicate::In(self.intervals(test, scalar)),
        };
        (predicate, or_empty)
    }

    /// The integers of a column that pass a test.
    fn intervals(&self, test: &Test, scalar: Scalar) -> Intervals {
        let decimals = if let Scalar::Number { decimals } = scalar { decimals } else { 0 };
        let negate = |set: Intervals, negated: bool| if negated { set.complement() } else { set };
        match test {
            Test::IsSet => Intervals::all(),
            Test::Is(expected) => Intervals::range(i128::from(*expected), i128::from(*expected)),
            Test::Number(op, n) => number(*op, *n, decimals),
            Test::NumberBetween(from, to) => Intervals::range(from.ceil_scaled(decimals), to.floor_scaled(decimals)),
            Test::NumberIn(list, negated) => {
                negate(Intervals::union(list.iter().map(|n| number(CompareOp::Equal, *n, decimals))), *negated)
            }
            Test::When(op, point) => self.when(*op, point, scalar),
            Test::WhenIn(list, negated) => {
                negate(Intervals::union(list.iter().map(|p| self.when(CompareOp::Equal, p, scalar))), *negated)
            }
            Test::Window(window) if scalar == Scalar::Date => Intervals::of(day_interval(window, self.clock)),
            Test::Window(window) => Intervals::of(instant_interval(window, self.clock)),
            _ => Intervals::NONE,
        }
    }

    fn when(&self, op: CompareOp, point: &crate::time::Point, scalar: Scalar) -> Intervals {
        let at = if scalar == Scalar::Date {
            let day = i64::from(self.clock.day(point));
            Interval { lo: day, hi: day }
        } else {
            self.clock.point_instants(point)
        };
        compared(op, i128::from(at.lo), i128::from(at.hi))
    }
}

/// Numbers on one side of what lies from `lo` to `hi`, or in it.
fn compared(op: CompareOp, lo: i128, hi: i128) -> Intervals {
    match op {
        CompareOp::Equal => Intervals::range(lo, hi),
        CompareOp::NotEqual => Intervals::range(lo, hi).complement(),
        CompareOp::Less => Intervals::range(i128::MIN, lo - 1),
        CompareOp::LessOrEqual => Intervals::range(i128::MIN, hi),
        CompareOp::Greater => Intervals::range(hi + 1, i128::MAX),
        CompareOp::GreaterOrEqual => Intervals::range(lo, i128::MAX),
    }
}

/// Integers of a scale that compare with a decimal.
fn number(op: CompareOp, n: Decimal, decimals: u8) -> Intervals {
    // When the decimal lies between two integers, nothing is equal to it.
    let (floor, ceil) = (n.floor_scaled(decimals), n.ceil_scaled(decimals));
    match op {
        CompareOp::Equal => Intervals::range(ceil, floor),
        CompareOp::NotEqual => Intervals::range(ceil, floor).complement(),
        CompareOp::Less => Intervals::range(i128::MIN, ceil.saturating_sub(1)),
        CompareOp::LessOrEqual => Intervals::range(i128::MIN, floor),
        CompareOp::Greater => Intervals::range(floor.saturating_add(1), i128::MAX),
        CompareOp::GreaterOrEqual => Intervals::range(ceil, i128::MAX),
    }
}

/// A set of counts that is one range, as such; counts are never negative.
fn as_range(set: &Intervals) -> Option<CountRange> {
    let set = set.and(&Intervals::range(0, i128::MAX));
    let mut parts = set.iter();
    let (lo, hi) = parts.next()?;
    let min = u64::try_from(lo).ok()?;
    let max = if hi == i128::MAX { None } else { Some(u64::try_from(hi).unwrap_or(u64::MAX)) };
    parts.next().is_none().then_some(CountRange { min, max })
}

fn text(op: TextOp, needle: &str, folding: Folding) -> TextPredicate {
    let needle = fold(needle, folding).into_owned();
    match op {
        TextOp::Equal => TextPredicate::In(vec![needle], folding, false),
        TextOp::NotEqual => TextPredicate::In(vec![needle], folding, true),
        part => TextPredicate::Part(part, needle, folding),
    }
}

fn folded(list: &[String], folding: Folding) -> Vec<String> {
    let mut list: Vec<String> = list.iter().map(|t| fold(t, folding).into_owned()).collect();
    list.sort_unstable();
    list.dedup();
    list
}
