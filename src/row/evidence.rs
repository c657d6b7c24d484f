//! What was found for a condition: values of fields, events that decide, windows.

use serde::Serialize;

use super::One;
use super::events::Found;
use super::value::Val;
use crate::check::typed::{
    Aggregate, Condition, ConditionKind, CountRange, EventWindow, Function, LetId, ListOperand, Matching, Test, ValueExpr,
    ValueWindow,
};
use crate::schema::{EventId, FieldId};
use crate::syntax::Span;
use crate::time::{Interval, format_date, format_instant};
use crate::value::sample_hash;

/// Events that are shown where none decides alone.
const SHOWN: usize = 3;

/// Something that an answer rests on. Instants are milliseconds since 1970-01-01T00:00:00Z, values are written as in the language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most are events, and there are few")]
pub enum Evidence {
    /// A field of the contact.
    Field {
        /// Its name.
        name: String,
        /// Its value; `None` when it is empty.
        value: Option<String>,
        /// Since when it has been as it is; `None` when nothing is known of that.
        since: Option<i64>,
    },
    /// A value that the script gives a name, or a part of one.
    Value {
        /// `$name`.
        name: String,
        /// Its value; `None` when it is empty.
        value: Option<String>,
    },
    /// Matching events, and a function of them where there is one.
    Events {
        /// Which types, as the schema calls them.
        of: Vec<String>,
        /// `count`, `sum`, ...; `None` for a condition on their number.
        function: Option<String>,
        /// The attribute that the function takes, where it takes one.
        attribute: Option<String>,
        /// What the function gives; `None` when that is empty, or without a function.
        value: Option<String>,
        /// Where the window begins, itself included; `None` without a beginning.
        from: Option<i64>,
        /// Where the window ends, itself included; `None` when it ends with now.
        to: Option<i64>,
        /// How many match.
        count: u64,
        /// The deciding ones, newest first; the newest where none decides alone.
        events: Vec<EventFound>,
        /// The newest one before the window, where too few lie in it.
        before: Option<EventFound>,
        /// The oldest one after the window, where too few lie in it.
        after: Option<EventFound>,
    },
    /// How far a sequence comes.
    Sequence {
        /// Steps that are there.
        steps: usize,
        /// Steps that there should be.
        of: usize,
        /// The events of those steps, in order.
        events: Vec<EventFound>,
    },
    /// A ranking.
    Ranking {
        /// What the contact is ranked by; `None` when that is empty.
        value: Option<String>,
        /// Whether it is among those taken.
        taken: bool,
    },
    /// A sample.
    Sample {
        /// Where the contact lies, in percent; it is in a sample of more than that.
        percent: String,
    },
    /// The condition of an `if`.
    Condition {
        /// Its text.
        #[serde(skip)]
        span: Span,
        /// Whether it holds.
        holds: bool,
    },
}

/// An event that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventFound {
    /// Its type.
    pub event: String,
    /// Its instant.
    pub ts: i64,
    /// Its place among those that match: 1 is the newest. 0 where that is no question.
    pub newest: u64,
    /// Names and values of the attributes that are set.
    #[serde(serialize_with = "as_map")]
    pub attributes: Vec<(String, String)>,
}

fn as_map<S: serde::Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// What is gathered for one condition.
struct Gathering<'g, 'a> {
    one: &'g One<'a>,
    all: Vec<Evidence>,
    lets: Vec<LetId>,
}

impl One<'_> {
    /// What the answer of a condition without parts rests on.
    pub(super) fn evidence(&self, condition: &Condition) -> Vec<Evidence> {
        let mut gathering = Gathering { one: self, all: Vec::new(), lets: Vec::new() };
        match &condition.kind {
            ConditionKind::Test(test) => {
                gathering.value(&test.value);
                gathering.test(&test.test);
            }
            ConditionKind::Events(matching, range) => gathering.events(matching, *range),
            ConditionKind::Sequence(sequence) => {
                let (_, events, steps) = self.chain(sequence);
                let events = events.into_iter().map(|(ts, event)| EventFound {
                    event: self.event_name(event),
                    ts,
                    newest: 0,
                    attributes: Vec::new(),
                });
                gathering.all.push(Evidence::Sequence { steps, of: sequence.steps.len(), events: events.collect() });
            }
            ConditionKind::Ranked(id) => {
                if let Some(ranked) = self.program.ranked.get(id.0 as usize) {
                    let value = self.value(&ranked.by).map(|v| self.shown(&v));
                    gathering.all.push(Evidence::Ranking { value, taken: self.is_ranked(*id) });
                    gathering.value(&ranked.by);
                }
            }
            ConditionKind::Sample(sample) => {
                let hash = u128::from(sample_hash(&sample.salt, &self.profile.id));
                // Millionths of the whole, rounded down.
                let millionths = (hash * 100_000_000) >> 64;
                let percent = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
                gathering.all.push(Evidence::Sample { percent });
            }
            _ => {}
        }
        gathering.all
    }

    pub(super) fn event_name(&self, event: EventId) -> String {
        self.schema.event_type(event).map_or(String::new(), |t| t.name.clone())
    }

    /// An event as it is shown.
    fn event_found(&self, found: &Found<'_>, newest: usize) -> EventFound {
        let columns = self.schema.event_type(found.event.event).map_or(&[][..], |t| &t.attributes);
        let attribute = |(value, column): (&Option<crate::value::Value>, &crate::schema::Column)| {
            let value = Val::of(value.as_ref()?, column.ty.scalar())?;
            Some((column.name.clone(), self.shown(&value)))
        };
        EventFound {
            event: self.event_name(found.event.event),
            ts: found.event.ts,
            newest: newest as u64,
            attributes: found.event.attributes.iter().zip(columns).filter_map(attribute).collect(),
        }
    }

    /// A value as the language writes it.
    pub(super) fn shown(&self, value: &Val) -> String {
        match value {
            Val::Text(text) => crate::syntax::quoted(text),
            Val::Number(n) => n.to_string(),
            Val::Bool(b) => b.to_string(),
            Val::Date(day) => format_date(*day),
            Val::Time(ms) => format_instant(*ms, self.clock.zone),
            Val::List(items) => {
                let items: Vec<String> = items.iter().map(|i| i.as_ref().map_or("empty".to_owned(), |v| self.shown(v))).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }
}

impl Gathering<'_, '_> {
    fn push(&mut self, evidence: Evidence) {
        if !self.all.contains(&evidence) {
            self.all.push(evidence);
        }
    }

    fn value(&mut self, value: &ValueExpr) {
        let one = self.one;
        match value {
            ValueExpr::Constant(_) | ValueExpr::ContactId => {}
            ValueExpr::Field(field) => self.field(*field),
            ValueExpr::Let(id) => {
                if self.lets.contains(id) {
                    return;
                }
                self.lets.push(*id);
                if let Some(definition) = one.program.lets.get(id.0 as usize) {
                    let shown = one.value(value).map(|v| one.shown(&v));
                    self.push(Evidence::Value { name: format!("${}", definition.name), value: shown });
                    self.value(&definition.value);
                }
            }
            ValueExpr::Aggregate(aggregate) => self.aggregate(aggregate),
            ValueExpr::Arithmetic(a, _, b) => {
                self.value(a);
                self.value(b);
            }
            ValueExpr::If(condition, then, otherwise) => {
                let holds = one.condition(condition);
                self.push(Evidence::Condition { span: condition.span, holds });
                self.value(if holds { then } else { otherwise });
            }
            ValueExpr::Part(_, of) | ValueExpr::Logistic(of) => self.value(of),
        }
    }

    fn field(&mut self, field: FieldId) {
        let one = self.one;
        let Some(column) = one.schema.field_column(field) else { return };
        let value = one.value(&ValueExpr::Field(field)).map(|v| one.shown(&v));
        let since = one.profile.since.get(usize::from(field.0)).copied().flatten();
        self.push(Evidence::Field { name: column.name.clone(), value, since });
    }

    /// Values that a test compares with.
    fn test(&mut self, test: &Test) {
        match test {
            Test::Value(_, value, _)
            | Test::TextValue(_, value, _)
            | Test::InValue(value, ..)
            | Test::Has(_, ListOperand::Value(value, _)) => self.value(value),
            Test::BetweenValues(from, to) => {
                self.value(from);
                self.value(to);
            }
            Test::ValueWindow(window) => self.window(window),
            _ => {}
        }
    }

    fn window(&mut self, window: &ValueWindow) {
        match window {
            ValueWindow::Before(x) | ValueWindow::After(x) | ValueWindow::Since(x) | ValueWindow::On(x) => self.value(x),
            ValueWindow::Between(a, b) => {
                self.value(a);
                self.value(b);
            }
            ValueWindow::Anchored { field, .. } => self.field(*field),
        }
    }

    fn events(&mut self, matching: &Matching, range: CountRange) {
        let found = self.one.matching(matching);
        let least = usize::try_from(range.min).unwrap_or(usize::MAX);
        let most = range.max.and_then(|max| usize::try_from(max).ok());
        let mut picks = vec![1];
        if least > 1 && found.len() >= least {
            picks.push(least);
        }
        if let Some(most) = most.filter(|most| found.len() > *most) {
            picks.push(most + 1);
        }
        if picks.len() == 1 && least != 1 {
            picks = (1..=SHOWN).collect();
        }
        let few = found.len() < least.max(1);
        self.found(matching, &found, picks, None, few);
    }

    fn aggregate(&mut self, aggregate: &Aggregate) {
        let one = self.one;
        let found = one.matching(&aggregate.matching);
        let value = one.value(&ValueExpr::Aggregate(Box::new(aggregate.clone())));
        let extreme = || found.iter().rposition(|f| f.value == value).map(|at| found.len() - at);
        let picks = match aggregate.function {
            Function::First | Function::FirstOf => vec![found.len()],
            Function::Last | Function::LastOf => vec![1],
            Function::Nth(n) => {
                let n = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
                vec![if matches!(aggregate.function, Function::Nth(at) if at > 0) {
                    (found.len() + 1).saturating_sub(n)
                } else {
                    n
                }]
            }
            Function::Min | Function::Max => extreme().into_iter().collect(),
            _ => (1..=SHOWN).collect(),
        };
        let few = found.is_empty();
        self.found(&aggregate.matching, &found, picks, Some((aggregate.function.name(), value)), few);
    }

    fn found(
        &mut self,
        matching: &Matching,
        found: &[Found<'_>],
        mut picks: Vec<usize>,
        function: Option<(&str, Option<Val>)>,
        few: bool,
    ) {
        let one = self.one;
        let window = matching.window.as_ref().map_or(Interval::ALL, |w| one.window(w));
        picks.sort_unstable();
        picks.dedup();
        let nth =
            |newest: &usize| found.len().checked_sub(*newest).and_then(|at| found.get(at)).map(|f| one.event_found(f, *newest));
        let outside = |window: Interval, newest: bool| {
            let all = one.found(&matching.sources, window);
            let event = if newest { all.last() } else { all.first() };
            event.map(|f| one.event_found(f, 0))
        };
        let bounded = !window.is_empty();
        self.all.push(Evidence::Events {
            of: matching.sources.iter().map(|s| one.event_name(s.event)).collect(),
            function: function.as_ref().map(|(name, _)| (*name).to_owned()),
            attribute: matching.sources.iter().find_map(|s| Some(one.schema.attribute_column(s.event, s.attr?)?.name.clone())),
            value: function.and_then(|(_, value)| value).map(|v| one.shown(&v)),
            from: (bounded && window.lo > i64::MIN).then_some(window.lo),
            to: (bounded && window.hi < one.clock.now).then_some(window.hi),
            count: found.len() as u64,
            events: picks.iter().filter_map(nth).collect(),
            before: (few && bounded && window.lo > i64::MIN).then(|| outside(Interval::below(window.lo), true)).flatten(),
            after: (few && bounded && window.hi < one.clock.now).then(|| outside(Interval::above(window.hi), false)).flatten(),
        });
        if let Some(EventWindow::PerContact(window)) = &matching.window {
            self.window(window);
        }
    }
}

impl Function {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Average => "average",
            Self::Min => "min",
            Self::Max => "max",
            Self::Distinct => "distinct",
            Self::MostFrequent(_) => "most_frequent",
            Self::First | Self::FirstOf => "first",
            Self::Last | Self::LastOf => "last",
            Self::Nth(_) => "nth",
            Self::ActiveDays => "active_days",
            Self::ActivePeriods { .. } => "active_periods",
        }
    }
}
