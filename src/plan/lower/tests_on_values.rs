//! Tests on values.

use super::Lowering;
use crate::check::typed::{CompareOp, CountRange, ListOperand, Test, TextOp};
use crate::plan::atoms::decimals;
use crate::plan::{Atom, EventAtom, EventTest, Expr, ExprId, Function, Intervals, Node, NumberTest, Predicate, TextPredicate};
use crate::schema::{EventId, Scalar};
use crate::time::{Interval, Point, day_interval, instant_interval};
use crate::value::{Folding, fold};

impl Lowering<'_> {
    /// The contacts whose value passes.
    pub(super) fn test(&mut self, value: ExprId, test: &Test, or_empty: bool) -> Node {
        if let Expr::Field(field) = *self.plan.expr(value) {
            let scalar = self.schema.field_column(field).map_or(Scalar::Text, |c| c.ty.scalar());
            let (predicate, or_empty) = self.predicate(test, Some(scalar), or_empty, None);
            return Node::Atom(Atom::Field { field, predicate, or_empty });
        }
        let (predicate, or_empty) = self.predicate(test, None, or_empty, None);
        if let Some(atom) = event_atom(self.plan.expr(value), &predicate, or_empty) {
            return Node::Atom(Atom::Events(atom));
        }
        let reads_no_other = matches!(predicate, Predicate::Set | Predicate::Never | Predicate::Text(_));
        Node::Atom(match self.plan.expr(value) {
            Expr::ContactId if reads_no_other => Atom::ContactId(predicate),
            _ => Atom::Value { value, predicate, or_empty },
        })
    }

    /// The test on a value that is there, and whether an empty one passes. `column` is the type of the column that holds
    /// the value, if one does; `event` the type of event whose attributes hold lists of records, without it fields do.
    pub(super) fn predicate(
        &mut self,
        test: &Test,
        column: Option<Scalar>,
        or_empty: bool,
        event: Option<EventId>,
    ) -> (Predicate, bool) {
        let predicate = match test {
            Test::IsEmpty => return (Predicate::Never, true),
            Test::IsSet => Predicate::Set,
            Test::Is(expected) => Predicate::In(Intervals::range(i128::from(*expected), i128::from(*expected))),
            Test::Number(op, n) => number(NumberTest::Compare(*op, *n), column),
            Test::NumberBetween(from, to) => number(NumberTest::Between(*from, *to), column),
            Test::NumberIn(list, negated) => number(NumberTest::In(list.clone(), *negated), column),
            Test::Text(op, needle, folding) => Predicate::Text(text(*op, needle, *folding)),
            Test::TextIn(list, folding, negated) => {
                Predicate::Text(TextPredicate::In(folded(list, *folding), *folding, *negated))
            }
            Test::Matches(pattern, folding) => Predicate::Text(TextPredicate::Matches(
                pattern.0.as_str().to_owned(),
                folding.case,
                Folding { case: false, ..*folding },
            )),
            Test::When(op, point) => self.moment(column, |lowering, scalar| lowering.when(*op, point, scalar)),
            Test::WhenIn(list, negated) => self.moment(column, |lowering, scalar| {
                let set = Intervals::union(list.iter().map(|p| lowering.when(CompareOp::Equal, p, scalar)));
                if *negated { set.complement() } else { set }
            }),
            Test::Window(window) => self.moment(column, |lowering, scalar| {
                let interval = if scalar == Scalar::Date { day_interval } else { instant_interval };
                Intervals::of(interval(window, lowering.clock))
            }),
            Test::ValueWindow(window) => Predicate::Window(self.own_window(window)),
            Test::Anniversary(within) => Predicate::Anniversary(*within),
            Test::Has(op, ListOperand::Text(list, folding)) => Predicate::HasText(*op, folded(list, *folding), *folding),
            Test::Has(op, ListOperand::Number(list)) => Predicate::HasNumber(*op, list.clone()),
            Test::Has(op, ListOperand::Value(other, folding)) => Predicate::HasValue(*op, self.value(other), *folding),
            Test::Items(range, filter) => Predicate::Items(*range, self.items(filter, event)),
            Test::Value(op, other, folding) => Predicate::Value(*op, self.value(other), *folding),
            Test::BetweenValues(from, to) => Predicate::BetweenValues(self.value(from), self.value(to)),
            Test::TextValue(op, other, folding) => Predicate::TextValue(*op, self.value(other), *folding),
            Test::InValue(list, folding, negated) => Predicate::InValue(self.value(list), *folding, *negated),
        };
        (predicate, or_empty)
    }

    /// A test on dates and instants: of the column's type, or of both.
    fn moment(&self, column: Option<Scalar>, set: impl Fn(&Self, Scalar) -> Intervals) -> Predicate {
        match column {
            Some(scalar) => Predicate::In(set(self, scalar)),
            None => Predicate::Moment { days: set(self, Scalar::Date), instants: set(self, Scalar::Time) },
        }
    }

    fn when(&self, op: CompareOp, point: &Point, scalar: Scalar) -> Intervals {
        let at = if scalar == Scalar::Date {
            let day = i64::from(self.clock.day(point));
            Interval { lo: day, hi: day }
        } else {
            self.clock.point_instants(point)
        };
        compared(op, i128::from(at.lo), i128::from(at.hi))
    }
}

/// A test that the summary of one event type may answer: a number of events that is one range, the first, the last.
fn event_atom(value: &Expr, predicate: &Predicate, or_empty: bool) -> Option<EventAtom> {
    let Expr::Aggregate(aggregate) = value else { return None };
    let [source] = aggregate.sources.as_slice() else { return None };
    let instants = || match predicate {
        Predicate::Set => Some(Intervals::all()),
        Predicate::Never => Some(Intervals::NONE),
        Predicate::Moment { instants, .. } => Some(instants.clone()),
        _ => None,
    };
    let test = match (&aggregate.function, predicate) {
        (Function::Count, Predicate::Number(test)) => EventTest::Count(as_range(&test.scaled(0))?),
        (Function::First, _) => EventTest::First(instants()?, or_empty),
        (Function::Last, _) => EventTest::Last(instants()?, or_empty),
        _ => return None,
    };
    Some(EventAtom { event: source.event, span: aggregate.span.clone(), filter: source.filter.clone(), test })
}

fn number(test: NumberTest, column: Option<Scalar>) -> Predicate {
    match column {
        Some(scalar) => Predicate::In(test.scaled(decimals(scalar))),
        None => Predicate::Number(test),
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
