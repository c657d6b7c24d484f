//! The language's meaning, one contact at a time: short, obvious, without bitmaps.
//!
//! Goes in: the typed tree, a contact with its fields and events, a clock. Comes out: whether the contact is a member.
//! This is what the set-at-a-time executor is tested against; the two share the typed tree and `time`, nothing else.

mod tests_on_values;

use crate::check::typed::{Condition, EventWindow, Filter, Matching, Program, SegmentId, Side, ValueExpr};
use crate::schema::{EventId, Scalar, Schema};
use crate::time::{Anchor, Clock, Interval, anchored_interval, instant_interval};
use crate::value::{Decimal, Value};

/// A contact with everything known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its id.
    pub id: String,
    /// The values of the schema's fields, in their order; a field beyond the end is empty.
    pub fields: Vec<Option<Value>>,
    /// Its events.
    pub events: Vec<Event>,
}

/// An event of a contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its type.
    pub event: EventId,
    /// Its instant, milliseconds since 1970-01-01T00:00:00Z.
    pub ts: i64,
    /// The values of the type's attributes, in their order; one beyond the end is empty.
    pub attributes: Vec<Option<Value>>,
}

/// Whether a contact is a member of a segment at the time of `clock`. Events after that do not exist.
///
/// ```
/// use segql::{check::{Options, check}, row::{Profile, matches}, schema::Schema, syntax::Sources, time::Clock};
/// let schema = Schema::new(chrono_tz::UTC);
/// let mut sources = Sources::default();
/// let entry = sources.add("a.seg", "not event MailOpen within 30d");
/// let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &|_| Err(String::new()) });
/// let anna = Profile { id: "anna".to_owned(), fields: Vec::new(), events: Vec::new() };
/// assert!(matches(&schema, &checked.program, checked.own[0], &anna, &Clock { now: 0, zone: chrono_tz::UTC }));
/// ```
#[must_use]
pub fn matches(schema: &Schema, program: &Program, segment: SegmentId, profile: &Profile, clock: &Clock) -> bool {
    let one = One { schema, program, profile, clock };
    one.segment(segment)
}

/// One contact at one moment.
struct One<'a> {
    schema: &'a Schema,
    program: &'a Program,
    profile: &'a Profile,
    clock: &'a Clock,
}

impl One<'_> {
    fn segment(&self, id: SegmentId) -> bool {
        self.program.segments.get(id.0 as usize).is_some_and(|s| self.condition(&s.condition))
    }

    fn condition(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Everyone => true,
            Condition::Nobody => false,
            Condition::All(parts) => parts.iter().all(|p| self.condition(p)),
            Condition::Any(parts) => parts.iter().any(|p| self.condition(p)),
            Condition::Quorum(range, parts) => range.contains(parts.iter().filter(|p| self.condition(p)).count() as u64),
            Condition::Not(inner) => !self.condition(inner),
            Condition::Segment(id) => self.segment(*id),
            Condition::Test(test) => match self.value(&test.value) {
                Some(value) => self.test(&value, &self.scalar(&test.value), &test.test),
                None => test.or_empty || matches!(test.test, crate::check::typed::Test::IsEmpty),
            },
            Condition::Events(matching, range) => range.contains(self.matching(matching).count() as u64),
        }
    }

    /// The value of an expression, or nothing when it is empty. An empty list is empty.
    fn value(&self, expr: &ValueExpr) -> Option<Value> {
        match expr {
            ValueExpr::Field(id) => self.field(usize::from(id.0)).cloned(),
            ValueExpr::ContactId => Some(Value::Text(self.profile.id.clone())),
            ValueExpr::Count(matching) => i64::try_from(self.matching(matching).count()).ok().map(Value::Number),
            // Sums are compared as decimals of 128 bits, see `number`.
            ValueExpr::Sum(..) => Some(Value::Number(0)),
            ValueExpr::First(matching) => self.matching(matching).map(|e| e.ts).min().map(Value::Time),
            ValueExpr::Last(matching) => self.matching(matching).map(|e| e.ts).max().map(Value::Time),
        }
        .filter(|value| *value != Value::List(Vec::new()))
    }

    fn scalar(&self, expr: &ValueExpr) -> Subject {
        match expr {
            ValueExpr::Field(id) => Subject::Typed(self.schema.field_column(*id).map_or(Scalar::Text, |c| c.ty.scalar())),
            ValueExpr::ContactId => Subject::Typed(Scalar::Text),
            ValueExpr::Count(_) => Subject::Typed(Scalar::Number { decimals: 0 }),
            ValueExpr::Sum(matching, attr) => Subject::Sum(self.sum(matching, usize::from(attr.attr.0), attr.decimals)),
            ValueExpr::First(_) | ValueExpr::Last(_) => Subject::Typed(Scalar::Time),
        }
    }

    fn sum(&self, matching: &Matching, attr: usize, decimals: u8) -> Decimal {
        let values = self.matching(matching).filter_map(|e| match e.attributes.get(attr) {
            Some(Some(Value::Number(n))) => Some(i128::from(*n)),
            _ => None,
        });
        Decimal::new(values.sum(), decimals)
    }

    fn field(&self, at: usize) -> Option<&Value> {
        self.profile.fields.get(at)?.as_ref().filter(|value| **value != Value::List(Vec::new()))
    }

    /// The contact's events that match; none of them lies after now.
    fn matching<'m>(&'m self, matching: &'m Matching) -> impl Iterator<Item = &'m Event> {
        let window = match &matching.window {
            None => Interval::ALL,
            Some(EventWindow::Fixed(window)) => instant_interval(window, self.clock),
            Some(EventWindow::Anchored { duration, side, field }) => match self.field(usize::from(field.0)) {
                Some(Value::Date(day)) => anchored_interval(Anchor::Day(*day), duration, *side == Side::After, self.clock),
                Some(Value::Time(ms)) => anchored_interval(Anchor::Instant(*ms), duration, *side == Side::After, self.clock),
                _ => Interval::EMPTY,
            },
        };
        self.profile.events.iter().filter(move |e| {
            e.event == matching.event
                && e.ts <= self.clock.now
                && window.contains(e.ts)
                && matching.filter.as_ref().is_none_or(|f| self.filter(f, e))
        })
    }

    fn filter(&self, filter: &Filter, event: &Event) -> bool {
        match filter {
            Filter::All(parts) => parts.iter().all(|p| self.filter(p, event)),
            Filter::Any(parts) => parts.iter().any(|p| self.filter(p, event)),
            Filter::Not(inner) => !self.filter(inner, event),
            Filter::Instant(test) => self.test(&Value::Time(event.ts), &Subject::Typed(Scalar::Time), test),
            Filter::Attr { attr, test, or_empty } => {
                let scalar = self.schema.attribute_column(event.event, *attr).map_or(Scalar::Text, |c| c.ty.scalar());
                let value =
                    event.attributes.get(usize::from(attr.0)).and_then(Option::as_ref).filter(|v| **v != Value::List(Vec::new()));
                match value {
                    Some(value) => self.test(value, &Subject::Typed(scalar), test),
                    None => *or_empty || matches!(test, crate::check::typed::Test::IsEmpty),
                }
            }
        }
    }
}

/// How a value is meant.
enum Subject {
    /// As a scalar type, or a list of it.
    Typed(Scalar),
    /// As a sum, which may be larger than a stored number.
    Sum(Decimal),
}
