//! Tests on a value that is there.

use std::cmp::Ordering;

use super::{One, Subject};
use crate::check::typed::{CompareOp, HasOp, ListOperand, Test, TextOp};
use crate::schema::Scalar;
use crate::time::{day_interval, instant_interval, is_anniversary};
use crate::value::{Decimal, Folding, Value, fold};

impl One<'_> {
    /// Whether a value passes a test.
    pub(super) fn test(&self, value: &Value, subject: &Subject, test: &Test) -> bool {
        match test {
            Test::IsEmpty => false,
            Test::IsSet => true,
            Test::Is(expected) => *value == Value::Bool(*expected),
            Test::Number(op, than) => number(value, subject).is_some_and(|n| op.accepts(n.cmp(than))),
            Test::NumberBetween(from, to) => number(value, subject).is_some_and(|n| *from <= n && n <= *to),
            Test::NumberIn(list, negated) => number(value, subject).is_some_and(|n| list.contains(&n) != *negated),
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
                Value::Date(day) => day_interval(window, self.clock).contains(i64::from(*day)),
                Value::Time(ms) => instant_interval(window, self.clock).contains(*ms),
                _ => false,
            },
            Test::Anniversary(within) => match value {
                Value::Date(day) => is_anniversary(*day, within, self.clock),
                Value::Time(ms) => is_anniversary(self.clock.day_of(*ms), within, self.clock),
                _ => false,
            },
            Test::Has(op, operand) => self.has(value, subject, *op, operand),
            Test::Field(op, field, scalar) => {
                let Some(other) = self.field(usize::from(field.0)) else { return false };
                Self::compare(value, subject, other, &Subject::Typed(*scalar)).is_some_and(|ordering| op.accepts(ordering))
            }
        }
    }

    /// A date or an instant against a point: whole days compare by calendar day.
    fn when(&self, value: &Value, op: CompareOp, point: &crate::time::Point) -> bool {
        match value {
            Value::Date(day) => op.accepts(day.cmp(&self.clock.day(point))),
            Value::Time(ms) if point.is_day() => op.accepts(self.clock.day_of(*ms).cmp(&self.clock.day(point))),
            Value::Time(ms) => op.accepts(ms.cmp(&self.clock.instant(point))),
            _ => false,
        }
    }

    fn compare(a: &Value, a_is: &Subject, b: &Value, b_is: &Subject) -> Option<Ordering> {
        match (a, b) {
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
            _ => Some(number(a, a_is)?.cmp(&number(b, b_is)?)),
        }
    }

    fn has(&self, value: &Value, subject: &Subject, op: HasOp, operand: &ListOperand) -> bool {
        let Value::List(items) = value else { return false };
        let items: Vec<&Value> = items.iter().flatten().collect();
        let passes = |wanted: &dyn Fn(&Value) -> bool| items.iter().any(|item| wanted(item));
        let hits: Vec<bool> = match operand {
            ListOperand::Text(list, folding) => {
                list.iter().map(|l| passes(&|item| text(item).is_some_and(|t| fold(t, *folding) == fold(l, *folding)))).collect()
            }
            ListOperand::Number(list) => list.iter().map(|l| passes(&|item| number(item, subject) == Some(*l))).collect(),
            ListOperand::Field(field) => {
                let Some(Value::List(others)) = self.field(usize::from(field.0)) else { return false };
                let other_is = Subject::Typed(self.schema.field_column(*field).map_or(Scalar::Text, |c| c.ty.scalar()));
                let equal = |item: &Value, other: &Value| Self::compare(item, subject, other, &other_is) == Some(Ordering::Equal);
                others.iter().flatten().map(|other| passes(&|item| equal(item, other))).collect()
            }
        };
        match op {
            HasOp::Any => hits.contains(&true),
            HasOp::All => !hits.contains(&false),
            HasOp::None => !hits.contains(&true),
        }
    }
}

fn number(value: &Value, subject: &Subject) -> Option<Decimal> {
    match (value, subject) {
        (Value::Number(_), Subject::Sum(sum)) => Some(*sum),
        (Value::Number(n), Subject::Typed(Scalar::Number { decimals })) => Some(Decimal::new(i128::from(*n), *decimals)),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
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
