//! Running the `test` definitions of a script, with the evaluator of one contact.
//!
//! Goes in: a checked script and a clock. Comes out: for each test whether it passed, and for each expectation that was not
//! met a [`Diagnostic`] that shows the deciding conditions.

use crate::check::Checked;
use crate::check::test_blocks::{CaseExpectation, CaseExpectationKind, TestCase};
use crate::check::typed::SegmentId;
use crate::diag::{Diagnostic, codes};
use crate::row::{Answers, Cutoffs, Event, Profile, answers, cutoffs, why};
use crate::schema::Schema;
use crate::time::Clock;

/// Deciding conditions that one failure shows at most.
const SHOWN: usize = 8;

/// How a test went.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What it is about.
    pub title: String,
    /// How many expectations it has.
    pub expectations: usize,
    /// The ones that were not met.
    pub failures: Vec<Diagnostic>,
}

/// Runs all tests of a script that has no errors. A test without a moment of its own runs at `clock`.
///
/// ```
/// use segql::{check::{Options, check}, schema::Schema, syntax::Sources, testing, time::Clock};
/// let mut sources = Sources::default();
/// let script = "segment s = event MailOpen within 7d
///     test \"a week\" at 2025-11-01 { event \"anna\" MailOpen at 7d ago expect \"anna\" in s }";
/// let entry = sources.add("a.seg", script);
/// let schema = Schema::new(chrono_tz::UTC);
/// let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &|_| Err(String::new()) });
/// let outcomes = testing::run(&checked, &schema, Clock { now: 0, zone: schema.timezone });
/// assert!(outcomes[0].failures.is_empty());
/// ```
#[must_use]
pub fn run(checked: &Checked, schema: &Schema, clock: Clock) -> Vec<Outcome> {
    checked.tests.iter().map(|case| Running::new(case, checked, schema, clock).outcome()).collect()
}

/// A test with its contacts at its moment.
struct Running<'a> {
    case: &'a TestCase,
    checked: &'a Checked,
    schema: &'a Schema,
    clock: Clock,
    profiles: Vec<Profile>,
    answers: Vec<Answers>,
    cutoffs: Cutoffs,
}

impl<'a> Running<'a> {
    fn new(case: &'a TestCase, checked: &'a Checked, schema: &'a Schema, clock: Clock) -> Self {
        let now = case.now.as_ref().map_or(clock.now, |now| clock.instant(now));
        let clock = Clock { now, ..clock };
        let profiles = profiles(case, schema, &clock);
        let cutoffs = cutoffs(schema, &checked.program, &profiles, &clock);
        let answers = profiles.iter().map(|p| answers(schema, &checked.program, p, &clock, &cutoffs)).collect();
        Self { case, checked, schema, clock, profiles, answers, cutoffs }
    }

    fn outcome(&self) -> Outcome {
        let failures = self.case.expectations.iter().filter_map(|e| self.failure(e)).collect();
        Outcome { title: self.case.title.clone(), expectations: self.case.expectations.len(), failures }
    }

    fn failure(&self, expectation: &CaseExpectation) -> Option<Diagnostic> {
        match &expectation.kind {
            CaseExpectationKind::Member(contact, expected, segment) => {
                let found = self.is_member(*contact, *segment);
                if found == *expected {
                    return None;
                }
                let verb = if found { "is" } else { "is not" };
                let message = format!("`{}` {verb} in `{}`", self.id(*contact), self.segment(*segment));
                let diagnostic = Diagnostic::new(codes::E0701, expectation.span, message).here("this was expected");
                Some(self.explained(diagnostic, *contact, *segment))
            }
            CaseExpectationKind::Label(contact, expected, decision, label) => {
                let found = self.answers.get(*contact)?.labels.get(decision.0 as usize).copied().flatten();
                if (found == Some(*label)) == *expected {
                    return None;
                }
                let decision = self.checked.program.decisions.get(decision.0 as usize)?;
                let label = found.and_then(|f| decision.labels.get(f as usize)).map_or("no label", String::as_str);
                let message = format!("`{}` gets `{label}` from decision `{}`", self.id(*contact), decision.name);
                Some(Diagnostic::new(codes::E0701, expectation.span, message).here("this was expected"))
            }
            CaseExpectationKind::Members(segment, members) => self.members_differ(expectation, *segment, members),
        }
    }

    fn members_differ(&self, expectation: &CaseExpectation, segment: SegmentId, members: &[usize]) -> Option<Diagnostic> {
        let all = 0..self.profiles.len();
        let (extra, missing): (Vec<usize>, Vec<usize>) = (
            all.clone().filter(|c| self.is_member(*c, segment) && !members.contains(c)).collect(),
            all.filter(|c| !self.is_member(*c, segment) && members.contains(c)).collect(),
        );
        let first = extra.first().or(missing.first())?;
        let names = |contacts: &[usize]| contacts.iter().map(|c| format!("`{}`", self.id(*c))).collect::<Vec<_>>().join(", ");
        let differences: Vec<String> = [("has", &extra, " too"), ("lacks", &missing, "")]
            .iter()
            .filter(|(_, contacts, _)| !contacts.is_empty())
            .map(|(verb, contacts, end)| format!("{verb} {}{end}", names(contacts)))
            .collect();
        let message = format!("`{}` {}", self.segment(segment), differences.join(" and "));
        let diagnostic = Diagnostic::new(codes::E0701, expectation.span, message).here("these were expected");
        Some(self.explained(diagnostic, *first, segment))
    }

    /// Shows the conditions that decide about a contact.
    fn explained(&self, mut diagnostic: Diagnostic, contact: usize, segment: SegmentId) -> Diagnostic {
        let Some(profile) = self.profiles.get(contact) else { return diagnostic };
        let reason = why(self.schema, &self.checked.program, segment, profile, &self.clock, &self.cutoffs);
        let Some(reason) = reason else { return diagnostic };
        for leaf in reason.deciding().into_iter().take(SHOWN) {
            let holds = if leaf.holds { "holds" } else { "does not hold" };
            let found = leaf.found.as_ref().map_or(String::new(), |found| format!(": {found}"));
            diagnostic = diagnostic.label(leaf.span, format!("{holds} for `{}`{found}", profile.id));
        }
        diagnostic
    }

    fn is_member(&self, contact: usize, segment: SegmentId) -> bool {
        self.answers.get(contact).and_then(|a| a.segments.get(segment.0 as usize)).copied().unwrap_or(false)
    }

    fn id(&self, contact: usize) -> &str {
        self.profiles.get(contact).map_or("", |p| p.id.as_str())
    }

    fn segment(&self, id: SegmentId) -> &str {
        self.checked.program.segments.get(id.0 as usize).map_or("", |s| s.name.as_str())
    }
}

/// The contacts of a test at its moment.
fn profiles(case: &TestCase, schema: &Schema, clock: &Clock) -> Vec<Profile> {
    let blank = |id: &str| Profile {
        id: id.to_owned(),
        fields: vec![None; schema.fields.len()],
        since: vec![None; schema.fields.len()],
        events: Vec::new(),
    };
    let mut profiles: Vec<Profile> = case.contacts.iter().map(|c| blank(&c.id)).collect();
    for (contact, profile) in case.contacts.iter().zip(&mut profiles) {
        for (field, value, since) in &contact.values {
            let at = usize::from(field.0);
            let (Some(slot), Some(slot_since)) = (profile.fields.get_mut(at), profile.since.get_mut(at)) else { continue };
            let value = value.at(clock);
            // A line that repeats the value leaves its age.
            if *slot != value || slot_since.is_none() {
                *slot_since = since.as_ref().map(|s| clock.instant(s));
            }
            *slot = value;
        }
    }
    for event in &case.events {
        let len = schema.event_type(event.event).map_or(0, |t| t.attributes.len());
        let mut attributes = vec![None; len];
        for (attr, value) in &event.values {
            if let Some(slot) = attributes.get_mut(usize::from(attr.0)) {
                *slot = value.at(clock);
            }
        }
        if let Some(profile) = profiles.get_mut(event.contact) {
            profile.events.push(Event { event: event.event, ts: clock.instant(&event.at), attributes });
        }
    }
    profiles
}
