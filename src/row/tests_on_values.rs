//! Tests on a value that is there.

use std::cmp::Ordering;

use super::One;
use super::value::Val;
use crate::check::typed::{CompareOp, CountRange, HasOp, ItemFilter, ListOperand, Test, TextOp};
use crate::schema::Column;
use crate::time::{day_interval, instant_interval, is_anniversary};
use crate::value::{Decimal, Folding, Number, Value, fold};

impl One<'_> {
    /// Whether a value passes a test.
    pub(super) fn test(&self, value: &Val, test: &Test) -> bool {
        match test {
            // `is empty` does not hold of a value, and records are looked at in `records`.
            Test::IsEmpty | Test::Items(..) => false,
            Test::IsSet => true,
            Test::Is(expected) => *value == Val::Bool(*expected),
            Test::Number(op, than) => number(value).is_some_and(|n| op.accepts(n.cmp(&Number::from(*than)))),
            Test::NumberBetween(from, to) => number(value).is_some_and(|n| Number::from(*from) <= n && n <= Number::from(*to)),
            Test::NumberIn(list, negated) => number(value).is_some_and(|n| is_in(list, n) != *negated),
            Test::Text(op, needle, folding) => text(value).is_some_and(|t| text_test(*op, t, needle, *folding)),
            Test::TextIn(list, folding, negated) => {
                text(value).is_some_and(|t| list.iter().any(|l| fold(l, *folding) == fold(t, *folding)) != *negated)
            }
            Test::Matches(pattern, folding) => {
                // Case is the pattern's own business; accents are taken from both.
                text(value).is_some_and(|t| pattern.0.is_match(&fold(t, Folding { case: false, ..*folding })))
            }
            Test::When(op, point) => self.when(value, *op, point),
            Test::WhenIn(list, negated) => list.iter().any(|point| self.when(value, CompareOp::Equal, point)) != *negated,
            Test::Window(window) => match value {
                Val::Date(day) => day_interval(window, &self.clock).contains(i64::from(*day)),
                Val::Time(ms) => instant_interval(window, &self.clock).contains(*ms),
                _ => false,
            },
            Test::ValueWindow(window) => match value {
                Val::Date(day) => self.own_days(window).is_some_and(|w| w.contains(i64::from(*day))),
                Val::Time(ms) => self.own_instants(window).is_some_and(|w| w.contains(*ms)),
                _ => false,
            },
            Test::Anniversary(within) => value.day(&self.clock).is_some_and(|day| is_anniversary(day, within, &self.clock)),
            Test::Has(op, operand) => self.has(value, *op, operand),
            Test::Value(op, other, folding) => self.value(other).is_some_and(|other| self.against(value, *op, &other, *folding)),
            Test::BetweenValues(from, to) => {
                let holds =
                    |op: CompareOp, other: Option<Val>| other.is_some_and(|o| self.against(value, op, &o, Folding::default()));
                holds(CompareOp::GreaterOrEqual, self.value(from)) && holds(CompareOp::LessOrEqual, self.value(to))
            }
            Test::TextValue(op, other, folding) => match (text(value), self.value(other)) {
                (Some(t), Some(Val::Text(needle))) => text_test(*op, t, &needle, *folding),
                _ => false,
            },
            Test::InValue(list, folding, negated) => match self.value(list) {
                Some(Val::List(items)) => {
                    let found = items.iter().flatten().any(|item| self.against(value, CompareOp::Equal, item, *folding));
                    found != *negated
                }
                _ => false,
            },
        }
    }

    fn against(&self, value: &Val, op: CompareOp, other: &Val, folding: Folding) -> bool {
        let ordering = match (value, other) {
            (Val::Text(a), Val::Text(b)) => Some(fold(a, folding).cmp(&fold(b, folding))),
            _ => value.compare(other, &self.clock),
        };
        ordering.is_some_and(|o| op.accepts(o))
    }

    /// A date or an instant against a point: whole days compare by calendar day.
    fn when(&self, value: &Val, op: CompareOp, point: &crate::time::Point) -> bool {
        match value {
            Val::Date(day) => op.accepts(day.cmp(&self.clock.day(point))),
            Val::Time(ms) if point.is_day() => op.accepts(self.clock.day_of(*ms).cmp(&self.clock.day(point))),
            Val::Time(ms) => op.accepts(ms.cmp(&self.clock.instant(point))),
            _ => false,
        }
    }

    fn has(&self, value: &Val, op: HasOp, operand: &ListOperand) -> bool {
        let Val::List(items) = value else { return false };
        let items: Vec<&Val> = items.iter().flatten().collect();
        let some = |wanted: &dyn Fn(&Val) -> bool| items.iter().any(|item| wanted(item));
        let hits: Vec<bool> = match operand {
            ListOperand::Text(list, folding) => {
                list.iter().map(|l| some(&|i| text(i).is_some_and(|t| fold(t, *folding) == fold(l, *folding)))).collect()
            }
            ListOperand::Number(list) => list.iter().map(|l| some(&|i| number(i) == Some(Number::from(*l)))).collect(),
            ListOperand::Value(other, folding) => match self.value(other) {
                Some(Val::List(others)) => {
                    others.iter().flatten().map(|o| some(&|i| self.against(i, CompareOp::Equal, o, *folding))).collect()
                }
                _ => return false,
            },
        };
        match op {
            HasOp::Any => hits.contains(&true),
            HasOp::All => !hits.contains(&false),
            HasOp::None => !hits.contains(&true),
        }
    }

    /// Whether so many records pass as the range says; nothing for an empty list. `first` is one of its columns.
    pub(super) fn records(
        &self,
        values: &[Option<Value>],
        columns: &[Column],
        first: usize,
        range: CountRange,
        filter: &ItemFilter,
    ) -> Option<bool> {
        let Some(Some(Value::List(items))) = values.get(first) else { return None };
        let passing = (0..items.len()).filter(|at| self.record(values, columns, *at, filter)).count();
        (!items.is_empty()).then(|| range.contains(passing as u64))
    }

    fn record(&self, values: &[Option<Value>], columns: &[Column], at: usize, filter: &ItemFilter) -> bool {
        let holds = |p: &ItemFilter| self.record(values, columns, at, p);
        match filter {
            ItemFilter::All(parts) => parts.iter().all(holds),
            ItemFilter::Any(parts) => parts.iter().any(holds),
            ItemFilter::Quorum(range, parts) => range.contains(parts.iter().filter(|p| holds(p)).count() as u64),
            ItemFilter::Not(inner) => !holds(inner),
            ItemFilter::Test { column, test, or_empty } => {
                let column = usize::from(*column);
                let member = match values.get(column) {
                    Some(Some(Value::List(items))) => items.get(at).and_then(Option::as_ref),
                    _ => None,
                };
                let value = columns.get(column).and_then(|c| Val::of(member?, c.ty.scalar()));
                match value {
                    Some(value) => self.test(&value, test),
                    None => *or_empty || **test == Test::IsEmpty,
                }
            }
        }
    }
}

fn is_in(list: &[Decimal], n: Number) -> bool {
    list.iter().any(|l| Number::from(*l).cmp(&n) == Ordering::Equal)
}

fn number(value: &Val) -> Option<Number> {
    match value {
        Val::Number(n) => Some(*n),
        _ => None,
    }
}

fn text(value: &Val) -> Option<&str> {
    match value {
        Val::Text(text) => Some(text),
        _ => None,
    }
}

fn text_test(op: TextOp, text: &str, needle: &str, folding: Folding) -> bool {
    let (text, needle) = (fold(text, folding), fold(needle, folding));
    match op {
        TextOp::Equal => text == needle,
        TextOp::NotEqual => text != needle,
        TextOp::Contains => text.contains(needle.as_ref()),
        TextOp::StartsWith => text.starts_with(needle.as_ref()),
        TextOp::EndsWith => text.ends_with(needle.as_ref()),
    }
}
