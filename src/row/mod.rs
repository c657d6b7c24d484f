//! The language's meaning, one contact at a time: short, obvious, without bitmaps.
//!
//! Goes in: the typed tree, a contact with its fields and events, a clock. Comes out: of which segments the contact is a
//! member, and which label each decision gives.
//! This is what the set-at-a-time executor is tested against; the two share the typed tree, `value` and `time`, nothing
//! else.

mod aggregates;
mod change;
mod decide;
mod events;
mod evidence;
mod formula;
mod looked;
mod rank;
mod sequence;
mod tests_on_values;
mod value;
mod why;

use crate::check::typed::{
    Condition, ConditionKind, Decision, DefinitionId, Part, Program, SegmentId, Test, ValueExpr, ValueTest,
};
use crate::schema::{Column, ColumnType, EventId, Schema};
use crate::time::Clock;
use crate::value::{Value, in_sample, sample_hash};

pub use change::Change;
pub use decide::{Decided, Matched};
pub use evidence::{EventFound, Evidence};
pub use rank::{Cutoffs, cutoffs};
use value::Val;
pub use why::{Reason, Turn, Why, why};

/// A contact with everything known of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    /// Its id.
    pub id: String,
    /// The values of the schema's fields, in their order; a field beyond the end is empty.
    pub fields: Vec<Option<Value>>,
    /// Since when each field has been as it is, in milliseconds; `None` and beyond the end: for ever.
    pub since: Vec<Option<i64>>,
    /// Its events; equal instants of one type in the order of their arrival.
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

/// What the definitions of a program say of one contact, by position.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    /// Whether it is a member of each segment.
    pub segments: Vec<bool>,
    /// The position of the label that each decision gives.
    pub labels: Vec<Option<u32>>,
}

/// Under what a contact is asked about: the schema, a program checked against it, and a moment.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Fields and events.
    pub schema: &'a Schema,
    /// The definitions.
    pub program: &'a Program,
    /// The moment and the zone; events after it do not exist.
    pub clock: Clock,
    /// Where the rankings of the program end; without them nobody is among the `top`.
    pub cutoffs: &'a Cutoffs,
}

impl Profile {
    /// What all definitions of a program say of the contact: one evaluation for all of them. No other contact is looked at.
    ///
    /// ```
    /// use segql::{check::{Options, check}, row::{Cutoffs, Profile, Setting}, schema::Schema, syntax::Sources, time::Clock};
    /// let schema = Schema::new(chrono_tz::UTC);
    /// let mut sources = Sources::default();
    /// let entry = sources.add("a.seg", "segment quiet = not event MailOpen within 30d\nsegment keen = event MailClick");
    /// let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &|_| Err(String::new()) });
    /// let anna = Profile { id: "anna".to_owned(), ..Profile::default() };
    /// let clock = Clock { now: 0, zone: schema.timezone };
    /// let setting = Setting { schema: &schema, program: &checked.program, clock, cutoffs: &Cutoffs::default() };
    /// assert_eq!(anna.which(&setting).segments, [true, false]);
    /// ```
    #[must_use]
    pub fn which(&self, setting: &Setting<'_>) -> Answers {
        let one = One::some(setting, self, &setting.program.order);
        Answers { segments: one.segments, labels: one.labels }
    }
}

/// What all definitions of a program say of a contact at the time of `clock`. Events after that do not exist.
///
/// A contact alone does not tell whether it is among the `top` of all: `cutoffs` does, see [`cutoffs`].
///
/// ```
/// use segql::{check::{Options, check}, row::{Cutoffs, Profile, answers}, schema::Schema, syntax::Sources, time::Clock};
/// let schema = Schema::new(chrono_tz::UTC);
/// let mut sources = Sources::default();
/// let entry = sources.add("a.seg", "not event MailOpen within 30d");
/// let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &|_| Err(String::new()) });
/// let anna = Profile { id: "anna".to_owned(), ..Profile::default() };
/// let clock = Clock { now: 0, zone: chrono_tz::UTC };
/// assert_eq!(answers(&schema, &checked.program, &anna, &clock, &Cutoffs::default()).segments, [true]);
/// ```
#[must_use]
pub fn answers(schema: &Schema, program: &Program, profile: &Profile, clock: &Clock, cutoffs: &Cutoffs) -> Answers {
    profile.which(&Setting { schema, program, clock: *clock, cutoffs })
}

/// Whether a contact is a member of one segment; see [`answers`].
#[must_use]
pub fn matches(schema: &Schema, program: &Program, segment: SegmentId, profile: &Profile, clock: &Clock) -> bool {
    let answers = answers(schema, program, profile, clock, &Cutoffs::default());
    answers.segments.get(segment.0 as usize).copied().unwrap_or(false)
}

/// One contact at one moment, with the definitions that have been looked at.
struct One<'a> {
    schema: &'a Schema,
    program: &'a Program,
    profile: &'a Profile,
    clock: Clock,
    cutoffs: &'a Cutoffs,
    /// The contact's events by type, each in order of instant and arrival.
    events: Vec<&'a Event>,
    segments: Vec<bool>,
    lets: Vec<Option<Val>>,
    labels: Vec<Option<u32>>,
}

impl<'a> One<'a> {
    /// Looks at some definitions, which come after the ones they refer to.
    fn some(setting: &Setting<'a>, profile: &'a Profile, order: &[DefinitionId]) -> Self {
        let program = setting.program;
        let mut events: Vec<&Event> = profile.events.iter().collect();
        events.sort_by_key(|e| (e.event, e.ts));
        let mut one = Self {
            schema: setting.schema,
            program,
            profile,
            clock: setting.clock,
            cutoffs: setting.cutoffs,
            events,
            segments: Vec::new(),
            lets: Vec::new(),
            labels: Vec::new(),
        };
        if order.is_empty() {
            return one;
        }
        one.segments = vec![false; program.segments.len()];
        one.lets = vec![None; program.lets.len()];
        one.labels = vec![None; program.decisions.len()];
        for id in order {
            match id {
                DefinitionId::Segment(id) => {
                    let holds = program.segments.get(id.0 as usize).is_some_and(|s| one.condition(&s.condition));
                    put(&mut one.segments, id.0, holds);
                }
                DefinitionId::Let(id) => {
                    let value = program.lets.get(id.0 as usize).and_then(|l| one.value(&l.value));
                    put(&mut one.lets, id.0, value);
                }
                DefinitionId::Decision(id) => {
                    let label = program.decisions.get(id.0 as usize).and_then(|d| one.label(d));
                    put(&mut one.labels, id.0, label);
                }
            }
        }
        one
    }

    /// The events of a type, in order of instant and arrival.
    fn of_type(&self, event: EventId) -> &[&'a Event] {
        let from = self.events.partition_point(|e| e.event < event);
        let rest = self.events.get(from..).unwrap_or_default();
        rest.get(..rest.partition_point(|e| e.event == event)).unwrap_or_default()
    }

    fn label(&self, decision: &Decision) -> Option<u32> {
        decision.branches.iter().find(|b| self.condition(&b.condition)).map(|b| b.label)
    }

    fn condition(&self, condition: &Condition) -> bool {
        match &condition.kind {
            ConditionKind::Everyone => true,
            ConditionKind::Nobody => false,
            ConditionKind::All(parts) => parts.iter().all(|p| self.condition(p)),
            ConditionKind::Any(parts) => parts.iter().any(|p| self.condition(p)),
            ConditionKind::Quorum(range, parts) => range.contains(parts.iter().filter(|p| self.condition(p)).count() as u64),
            ConditionKind::Not(inner) => !self.condition(inner),
            ConditionKind::Segment(id) => self.segments.get(id.0 as usize).copied().unwrap_or(false),
            ConditionKind::List(id) => {
                let list = self.program.lists.get(id.0 as usize);
                list.is_some_and(|l| l.ids.binary_search(&self.profile.id).is_ok())
            }
            ConditionKind::Decision(id, label) => self.labels.get(id.0 as usize) == Some(&Some(*label)),
            ConditionKind::Test(test) => self.value_test(test),
            ConditionKind::Events(matching, range) => range.contains(self.matching(matching).len() as u64),
            ConditionKind::Sequence(sequence) => self.sequence(sequence),
            ConditionKind::Ranked(id) => self.is_ranked(*id),
            ConditionKind::Sample(sample) => in_sample(sample_hash(&sample.salt, &self.profile.id), sample.share),
        }
    }

    fn value_test(&self, test: &ValueTest) -> bool {
        let passes = match (&test.test, &test.value) {
            (Test::Items(range, filter), ValueExpr::Field(field)) => {
                let at = usize::from(field.0);
                self.records(&self.profile.fields, &self.schema.fields, at, *range, filter).unwrap_or(test.or_empty)
            }
            (how, what) => match self.value(what) {
                Some(value) => self.test(&value, how),
                None => test.or_empty || *how == Test::IsEmpty,
            },
        };
        passes && test.lasting.as_ref().is_none_or(|d| self.unchanged_since(&test.value) <= self.clock.minus(self.clock.now, d))
    }

    /// Since when a field has been as it is; of a list of records all its columns.
    fn unchanged_since(&self, value: &ValueExpr) -> i64 {
        let ValueExpr::Field(field) = value else { return i64::MIN };
        let at = usize::from(field.0);
        let columns = &self.schema.fields;
        let list = columns.get(at).and_then(list_of);
        let since = |at: usize| self.profile.since.get(at).copied().flatten().unwrap_or(i64::MIN);
        let members = (0..columns.len()).filter(|other| list.is_some() && columns.get(*other).and_then(list_of) == list);
        members.chain([at]).map(since).max().unwrap_or(i64::MIN)
    }

    /// The value of an expression, or nothing when it is empty.
    fn value(&self, expr: &ValueExpr) -> Option<Val> {
        match expr {
            ValueExpr::Constant(constant) => Some(self.constant(constant)),
            ValueExpr::Field(id) => {
                let at = usize::from(id.0);
                Val::of(self.profile.fields.get(at)?.as_ref()?, self.schema.fields.get(at)?.ty.scalar())
            }
            ValueExpr::ContactId => Some(Val::Text(self.profile.id.clone())),
            ValueExpr::Let(id) => self.lets.get(id.0 as usize).cloned().flatten(),
            ValueExpr::Aggregate(aggregate) => self.aggregate(aggregate),
            ValueExpr::Arithmetic(a, op, b) => match (self.value(a)?, self.value(b)?) {
                (Val::Number(a), Val::Number(b)) => op.apply(a, b).map(Val::Number),
                _ => None,
            },
            ValueExpr::Logistic(of) => match self.value(of)? {
                Val::Number(n) => Some(Val::Number(n.logistic())),
                _ => None,
            },
            ValueExpr::If(condition, then, otherwise) => self.value(if self.condition(condition) { then } else { otherwise }),
            ValueExpr::Part(part, of) => self.part(*part, &self.value(of)?),
        }
    }

    fn part(&self, part: Part, of: &Val) -> Option<Val> {
        of.part(part, &self.clock)
    }
}

/// The list of records that a column is a member of.
fn list_of(column: &Column) -> Option<&str> {
    match column.ty {
        ColumnType::Item(_) => column.name.rsplit_once('.').map(|(list, _)| list),
        _ => None,
    }
}

fn put<T>(all: &mut [T], at: u32, value: T) {
    if let Some(slot) = all.get_mut(at as usize) {
        *slot = value;
    }
}
