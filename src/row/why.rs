//! Why a contact is in a segment, or is not: the tree of its conditions, with what was found, when it will change, and what
//! would have to turn.

use std::collections::HashSet;

use super::change::{Change, Course, of_formula};
use super::evidence::Evidence;
use super::formula::Formula;
use super::looked::Looking;
use super::value::Val;
use super::{Cutoffs, One, Profile, Setting};
use crate::check::typed::{Condition, ConditionKind, DecisionId, Program, SegmentId};
use crate::schema::Schema;
use crate::syntax::Span;
use crate::time::Clock;

/// References inside each other that are followed when reasons are given.
const DEPTH: usize = 24;

/// Whether a condition holds for a contact, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Where the script says the condition.
    pub span: Span,
    /// Whether it holds.
    pub holds: bool,
    /// What was found, for conditions that have no parts: `2500`, `2 such events`.
    pub found: Option<String>,
    /// What the answer rests on, for conditions that have no parts.
    pub evidence: Vec<Evidence>,
    /// When this answer will change by time alone; only for conditions that have no parts, and only from [`Profile::why`]
    /// and [`Profile::decide`].
    pub change: Option<Change>,
    /// Events whose arrival may change it sooner, as the schema calls them.
    pub arrivals: Vec<String>,
    /// The segment or decision that is referred to.
    pub refers: Option<String>,
    /// The conditions that it is made of; of a segment its condition, of a decision its branches up to the one that gives
    /// the label. A definition that has been told already has no parts a second time.
    pub parts: Vec<Reason>,
}

/// Why a contact is in a segment, or is not, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// Whether it is a member.
    pub holds: bool,
    /// When that will change by time alone, rankings staying as they are.
    pub change: Change,
    /// Whether a ranking takes part, which other contacts decide about.
    pub others: bool,
    /// Events whose arrival may change it sooner, as the schema calls them.
    pub arrivals: Vec<String>,
    /// Fields that it looks at.
    pub fields: Vec<String>,
    /// The tree of the conditions.
    pub reason: Reason,
    /// The fewest conditions that would have to turn for the answer to turn; `None` if there is no such way, or if it
    /// was too much to look for.
    pub way: Option<Vec<Turn>>,
}

/// A condition that would have to turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Where the script says it.
    pub span: Span,
    /// Whether it would have to hold.
    pub to: bool,
    /// When it will by time alone.
    pub change: Change,
}

/// Why a contact is in a segment, or is not, at the time of `clock`, without looking ahead: [`Profile::why`] does that.
/// See [`answers`](super::answers) for `cutoffs`.
#[must_use]
pub fn why(
    schema: &Schema,
    program: &Program,
    segment: SegmentId,
    profile: &Profile,
    clock: &Clock,
    cutoffs: &Cutoffs,
) -> Option<Reason> {
    let setting = Setting { schema, program, clock: *clock, cutoffs };
    let segment = program.segments.get(segment.0 as usize)?;
    let one = One::needed(&setting, profile, &segment.condition);
    Some(Telling { one: &one, ahead: None, told: HashSet::new() }.reason(&segment.condition, 0))
}

impl Profile {
    /// Why the contact is in a segment, or is not; when that will change by time alone, to the millisecond; and what would have
    /// to turn. No other contact is looked at.
    ///
    /// ```
    /// use segql::{check::{Options, check}, row::{Change, Cutoffs, Event, Profile, Setting}, schema::Schema, syntax::Sources, time::Clock};
    /// let schema = Schema::new(chrono_tz::UTC);
    /// let mut sources = Sources::default();
    /// let entry = sources.add("a.seg", "segment keen = event MailOpen within 30d");
    /// let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &|_| Err(String::new()) });
    /// let open = Event { event: schema.event("MailOpen").unwrap(), ts: 0, attributes: Vec::new() };
    /// let anna = Profile { id: "anna".to_owned(), events: vec![open], ..Profile::default() };
    /// let clock = Clock { now: 1_000, zone: schema.timezone };
    /// let setting = Setting { schema: &schema, program: &checked.program, clock, cutoffs: &Cutoffs::default() };
    /// let why = anna.why(&setting, checked.own[0]).unwrap();
    /// assert!(why.holds);
    /// assert_eq!(why.change, Change::At(30 * 86_400_000 + 1));
    /// ```
    #[must_use]
    pub fn why(&self, setting: &Setting<'_>, segment: SegmentId) -> Option<Why> {
        let segment = setting.program.segments.get(segment.0 as usize)?;
        Some(explained(self, setting, &segment.condition))
    }
}

/// Why a condition holds, or does not.
pub(super) fn explained<'a>(profile: &'a Profile, setting: &Setting<'a>, condition: &'a Condition) -> Why {
    let one = One::needed(setting, profile, condition);
    let looked = Looking::new(&one).conditions(&[condition]);
    let formula = Formula::of(setting.program, condition, &looked);
    let mut courses: Vec<Course<'_>> = formula.leaves.iter().map(|leaf| Course::new(&one, *setting, leaf)).collect();
    let states: Vec<bool> = courses.iter().map(|c| c.holds).collect();
    let ahead: Vec<Ahead> = courses.iter().map(|c| Ahead::of(&one, c)).collect();
    let way = formula.turning(&states).map(|leaves| {
        let turn = |leaf: usize| {
            let (condition, ahead) = (formula.leaves.get(leaf)?, ahead.get(leaf)?);
            Some(Turn { span: condition.span, to: !states.get(leaf).copied().unwrap_or(false), change: ahead.change })
        };
        leaves.into_iter().filter_map(turn).collect()
    });
    let change = of_formula(&formula, &mut courses);
    let events: HashSet<_> = courses.iter().flat_map(|c| c.looked.events.iter().copied()).collect();
    let mut events: Vec<_> = events.into_iter().collect();
    events.sort_unstable();
    let mut telling = Telling { one: &one, ahead: Some((&formula, &ahead)), told: HashSet::new() };
    Why {
        holds: one.condition(condition),
        change,
        others: courses.iter().any(|c| c.looked.ranked),
        arrivals: events.into_iter().map(|e| one.event_name(e)).collect(),
        fields: looked.fields.iter().filter_map(|f| Some(setting.schema.field_column(*f)?.name.clone())).collect(),
        reason: telling.reason(condition, 0),
        way,
    }
}

impl Reason {
    /// The conditions at the ends of the tree that decide: if it holds, those that hold; otherwise those that do not.
    /// Under a negation it is the other way round.
    #[must_use]
    pub fn deciding(&self) -> Vec<&Self> {
        let Some(last) = self.parts.last() else { return vec![self] };
        let decide = |part: &&Self| match self.parts.as_slice() {
            // A negation and a reference have one part.
            [_] => true,
            // The label of a decision is that of its last branch here.
            _ if self.refers.is_some() => std::ptr::eq(*part, last),
            _ => part.holds == self.holds,
        };
        self.parts.iter().filter(decide).flat_map(Self::deciding).collect()
    }
}

/// What is ahead of a condition without parts.
struct Ahead {
    change: Change,
    arrivals: Vec<String>,
}

impl Ahead {
    fn of(one: &One<'_>, course: &Course<'_>) -> Self {
        Self { change: course.next, arrivals: course.looked.events.iter().map(|e| one.event_name(*e)).collect() }
    }
}

/// Something that is referred to.
#[derive(PartialEq, Eq, Hash)]
enum Told {
    Segment(SegmentId),
    Decision(DecisionId),
}

struct Telling<'t, 'a> {
    one: &'t One<'a>,
    ahead: Option<(&'t Formula<'a>, &'t [Ahead])>,
    told: HashSet<Told>,
}

impl Telling<'_, '_> {
    fn reason(&mut self, condition: &Condition, depth: usize) -> Reason {
        let one = self.one;
        let mut refers = None;
        let parts: Vec<Reason> = match &condition.kind {
            ConditionKind::All(parts) | ConditionKind::Any(parts) | ConditionKind::Quorum(_, parts) => {
                parts.iter().map(|p| self.reason(p, depth)).collect()
            }
            ConditionKind::Not(inner) => vec![self.reason(inner, depth)],
            ConditionKind::Segment(id) => {
                let segment = one.program.segments.get(id.0 as usize);
                refers = segment.map(|s| s.name.clone());
                // A diamond of references would be told once for each way through it.
                let new = depth < DEPTH && self.told.insert(Told::Segment(*id));
                segment.filter(|_| new).map(|s| self.reason(&s.condition, depth + 1)).into_iter().collect()
            }
            ConditionKind::Decision(id, _) => {
                let decision = one.program.decisions.get(id.0 as usize);
                refers = decision.map(|d| d.name.clone());
                let new = depth < DEPTH && self.told.insert(Told::Decision(*id));
                let branches = decision.filter(|_| new).map_or(&[][..], |d| &d.branches);
                let until = branches.iter().position(|b| one.condition(&b.condition)).map_or(branches.len(), |at| at + 1);
                branches.iter().take(until).map(|b| self.reason(&b.condition, depth + 1)).collect()
            }
            _ => Vec::new(),
        };
        let (evidence, ahead) =
            if parts.is_empty() { (one.evidence(condition), self.ahead(condition)) } else { (Vec::new(), None) };
        Reason {
            span: condition.span,
            holds: one.condition(condition),
            found: one.found_for(condition),
            evidence,
            change: ahead.map(|a| a.change),
            arrivals: ahead.map_or(Vec::new(), |a| a.arrivals.clone()),
            refers,
            parts,
        }
    }

    fn ahead(&self, condition: &Condition) -> Option<&Ahead> {
        let (formula, ahead) = self.ahead?;
        ahead.get(formula.leaf(condition)?)
    }
}

impl<'a> One<'a> {
    /// The contact, with the definitions that a condition needs.
    pub(super) fn needed(setting: &Setting<'a>, profile: &'a Profile, condition: &Condition) -> Self {
        let order = Looking::new(&One::some(setting, profile, &[])).conditions(&[condition]).order(setting.program);
        One::some(setting, profile, &order)
    }

    fn found_for(&self, condition: &Condition) -> Option<String> {
        let shown = |value: Option<Val>| value.map_or("empty".to_owned(), |value| self.shown(&value));
        match &condition.kind {
            ConditionKind::Test(test) => Some(shown(self.value(&test.value))),
            ConditionKind::Events(matching, _) => {
                let n = self.matching(matching).len();
                Some(if n == 1 { "1 such event".to_owned() } else { format!("{n} such events") })
            }
            ConditionKind::Decision(id, _) => {
                let label = self.labels.get(id.0 as usize).copied().flatten()?;
                let decision = self.program.decisions.get(id.0 as usize)?;
                decision.labels.get(label as usize).map(|l| crate::syntax::quoted(l))
            }
            ConditionKind::Ranked(id) => {
                let ranked = self.program.ranked.get(id.0 as usize)?;
                Some(shown(self.value(&ranked.by)))
            }
            _ => None,
        }
    }
}
