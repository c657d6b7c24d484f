//! Why a contact is in a segment, or is not: the tree of its conditions, with what was found.

use super::value::Val;
use super::{Cutoffs, One, Profile};
use crate::check::typed::{Condition, ConditionKind, Program, SegmentId};
use crate::schema::Schema;
use crate::syntax::Span;
use crate::time::{Clock, format_date, format_instant};

/// Whether a condition holds for a contact, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Where the script says the condition.
    pub span: Span,
    /// Whether it holds.
    pub holds: bool,
    /// What was found, for conditions that have no parts: `2500`, `2 such events`.
    pub found: Option<String>,
    /// The conditions that it is made of; of a segment its condition.
    pub parts: Vec<Reason>,
}

/// Why a contact is in a segment, or is not, at the time of `clock`. See [`answers`](super::answers) for `cutoffs`.
#[must_use]
pub fn why(
    schema: &Schema,
    program: &Program,
    segment: SegmentId,
    profile: &Profile,
    clock: &Clock,
    cutoffs: &Cutoffs,
) -> Option<Reason> {
    let one = One::new(schema, program, profile, clock, cutoffs);
    program.segments.get(segment.0 as usize).map(|segment| one.reason(&segment.condition))
}

impl Reason {
    /// The conditions at the ends of the tree that decide: if it holds, those that hold; otherwise those that do not.
    /// Under a negation it is the other way round.
    #[must_use]
    pub fn deciding(&self) -> Vec<&Self> {
        if self.parts.is_empty() {
            return vec![self];
        }
        let decide = |part: &&Self| match self.parts.as_slice() {
            // A negation and a reference have one part.
            [_] => true,
            _ => part.holds == self.holds,
        };
        self.parts.iter().filter(decide).flat_map(Self::deciding).collect()
    }
}

impl One<'_> {
    fn reason(&self, condition: &Condition) -> Reason {
        let parts: Vec<Reason> = match &condition.kind {
            ConditionKind::All(parts) | ConditionKind::Any(parts) | ConditionKind::Quorum(_, parts) => {
                parts.iter().map(|p| self.reason(p)).collect()
            }
            ConditionKind::Not(inner) => vec![self.reason(inner)],
            ConditionKind::Segment(id) => {
                self.program.segments.get(id.0 as usize).map(|s| self.reason(&s.condition)).into_iter().collect()
            }
            _ => Vec::new(),
        };
        Reason { span: condition.span, holds: self.condition(condition), found: self.found_for(condition), parts }
    }

    fn found_for(&self, condition: &Condition) -> Option<String> {
        match &condition.kind {
            ConditionKind::Test(test) => Some(match self.value(&test.value) {
                Some(value) => self.shown(&value),
                None => "empty".to_owned(),
            }),
            ConditionKind::Events(matching, _) => {
                let n = self.matching(matching).len();
                Some(if n == 1 { "1 such event".to_owned() } else { format!("{n} such events") })
            }
            ConditionKind::Decision(id, _) => {
                let label = self.labels.get(id.0 as usize).copied().flatten()?;
                let decision = self.program.decisions.get(id.0 as usize)?;
                decision.labels.get(label as usize).map(|l| format!("\"{l}\""))
            }
            ConditionKind::Ranked(id) => {
                let ranked = self.program.ranked.get(id.0 as usize)?;
                Some(self.value(&ranked.by).map_or("empty".to_owned(), |value| self.shown(&value)))
            }
            _ => None,
        }
    }

    fn shown(&self, value: &Val) -> String {
        match value {
            Val::Text(text) => format!("\"{text}\""),
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
