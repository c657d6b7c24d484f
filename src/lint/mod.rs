//! Lints: conditions that are right and probably not meant.
//!
//! Goes in: a checked program, its schema, its sources and, where there are some, facts of the data. Comes out: warnings.
//! Nothing here changes what a script means. A code is allowed for a whole schema (`[lints] allow = ["W0201"]`) or for the
//! next line of a script (`// segql: allow W0201`; on a line of its own at the top of the file: for all of it).

mod allow;
mod data;
mod logic;
mod shape;

use crate::check::typed::{Condition, ConditionKind, Filter, Program, Test, ValueExpr};
use crate::diag::{Code, Diagnostic};
use crate::schema::{AttrId, EventId, FieldId, Schema};
use crate::syntax::Sources;
use crate::time::Clock;

/// What lints want to know of the data.
pub trait Facts {
    /// Number of contacts.
    fn contacts(&self) -> u64;
    /// Contacts without a value of a field; `None` if that cannot be told.
    fn without(&self, field: FieldId) -> Option<u64>;
    /// Every text of a field with the number of contacts that have it; `None` if that cannot be told.
    fn field_texts(&self, field: FieldId) -> Option<Vec<(String, u64)>>;
    /// Every text of an attribute with the number of events that have it; `None` if that cannot be told.
    fn attribute_texts(&self, event: EventId, attr: AttrId) -> Option<Vec<(String, u64)>>;
    /// The instant of the oldest event of a type; `None` if there is none, or if that cannot be told.
    fn oldest(&self, event: EventId) -> Option<i64>;
}

/// What lints look at.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Fields and events.
    pub schema: &'a Schema,
    /// The texts that spans point into.
    pub sources: &'a Sources,
    /// The data and a moment, where the data is known.
    pub data: Option<(&'a dyn Facts, Clock)>,
}

/// All warnings of a program that are not allowed, in order of file and place.
///
/// ```
/// use segql::{check::{Options, check}, lint, schema::toml::parse, syntax::Sources};
/// let schema = parse("[fields.wiek]\ntype = \"number\"").unwrap();
/// let mut sources = Sources::default();
/// let entry = sources.add("a.seg", "all < field wiek > 40; field wiek < 30 >");
/// let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &|_| Err(String::new()) });
/// let warnings = lint::lint(&checked.program, lint::Options { schema: &schema, sources: &sources, data: None });
/// assert_eq!(warnings[0].code.id(), "W0101");
/// ```
#[must_use]
pub fn lint(program: &Program, options: Options<'_>) -> Vec<Diagnostic> {
    let mut linter = Linter { options, warnings: Vec::new(), once: Vec::new() };
    for segment in &program.segments {
        linter.condition(&segment.condition);
    }
    for value in &program.lets {
        linter.value(&value.value);
    }
    for decision in &program.decisions {
        for b in &decision.branches {
            linter.condition(&b.condition);
        }
    }
    for ranked in &program.ranked {
        linter.value(&ranked.by);
        linter.condition(&ranked.of);
    }
    let mut warnings = linter.warnings;
    let allowed = allow::Allowed::new(options.schema, options.sources);
    warnings.retain(|w| !allowed.allows(w));
    warnings.sort_by_key(|w| w.span);
    warnings.dedup();
    warnings
}

/// Walks a program. Its depth is bounded by the limit on nesting.
struct Linter<'a> {
    options: Options<'a>,
    warnings: Vec<Diagnostic>,
    /// What is said once in a script only.
    once: Vec<(Code, String)>,
}

impl<'a> Linter<'a> {
    fn warn(&mut self, warning: Diagnostic) {
        self.warnings.push(warning);
    }

    /// Says something the first time only.
    fn warn_once(&mut self, subject: String, warning: impl FnOnce() -> Diagnostic, code: Code) {
        let key = (code, subject);
        if !self.once.contains(&key) {
            self.once.push(key);
            self.warnings.push(warning());
        }
    }

    fn condition(&mut self, condition: &'a Condition) {
        self.shape(condition);
        self.logic(condition);
        self.facts(condition);
        match &condition.kind {
            ConditionKind::All(parts) | ConditionKind::Any(parts) | ConditionKind::Quorum(_, parts) => {
                for p in parts {
                    self.condition(p);
                }
            }
            ConditionKind::Not(inner) => self.condition(inner),
            ConditionKind::Test(test) => {
                self.value(&test.value);
                self.test(&test.test);
            }
            ConditionKind::Events(matching, _) => {
                matching.sources.iter().filter_map(|s| s.filter.as_ref()).for_each(|f| self.filter(f));
            }
            ConditionKind::Sequence(sequence) => {
                let sources = sequence.steps.iter().flat_map(|s| &s.sources);
                sources.filter_map(|s| s.filter.as_ref()).for_each(|f| self.filter(f));
            }
            _ => {}
        }
    }

    /// Conditions inside values.
    fn value(&mut self, value: &'a ValueExpr) {
        match value {
            ValueExpr::If(condition, then, otherwise) => {
                self.condition(condition);
                self.value(then);
                self.value(otherwise);
            }
            ValueExpr::Arithmetic(a, _, b) => {
                self.value(a);
                self.value(b);
            }
            ValueExpr::Part(_, of) | ValueExpr::Logistic(of) => self.value(of),
            ValueExpr::Aggregate(aggregate) => {
                aggregate.matching.sources.iter().filter_map(|s| s.filter.as_ref()).for_each(|f| self.filter(f));
            }
            _ => {}
        }
    }

    fn filter(&mut self, filter: &'a Filter) {
        match filter {
            Filter::All(parts) | Filter::Any(parts) | Filter::Quorum(_, parts) => parts.iter().for_each(|p| self.filter(p)),
            Filter::Not(inner) => self.filter(inner),
            Filter::Test { test, .. } => self.test(test),
        }
    }

    fn test(&mut self, test: &'a Test) {
        match test {
            Test::Value(_, value, _) | Test::TextValue(_, value, _) | Test::InValue(value, ..) => self.value(value),
            Test::BetweenValues(a, b) => {
                self.value(a);
                self.value(b);
            }
            _ => {}
        }
    }
}
