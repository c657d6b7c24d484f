//! Which label a decision gives a contact, and by which branch.

use super::why::explained;
use super::{Change, One, Profile, Setting, Why};
use crate::check::typed::{Branch, Condition, ConditionKind, Decision, DecisionId};
use crate::syntax::Span;

/// A branch that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// Its position in the decision.
    pub branch: usize,
    /// Its label.
    pub label: String,
    /// The place of its condition; of `otherwise` all of it.
    pub span: Span,
}

/// What a decision gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The branch that gives the label.
    pub matched: Matched,
    /// The branches after it that hold as well; `otherwise` always does.
    pub also: Vec<Matched>,
    /// When the label will be another one by time alone, rankings staying as they are.
    pub change: Change,
    /// The label that it will be then.
    pub next: Option<String>,
    /// Why the branch holds; for `otherwise` there is nothing to say.
    pub why: Option<Why>,
    /// Events whose arrival may change the label sooner, as the schema calls them.
    pub arrivals: Vec<String>,
}

impl Profile {
    /// The label that a decision gives the contact, and why. No other contact is looked at.
    ///
    /// ```
    /// use segql::{check::{Options, check}, row::{Cutoffs, Profile, Setting}, schema::Schema, syntax::Sources, time::Clock};
    /// let schema = Schema::new(chrono_tz::UTC);
    /// let mut sources = Sources::default();
    /// let entry = sources.add("a.seg", r#"decision d < when event MailOpen -> "keen"; otherwise -> "quiet" >"#);
    /// let checked = check(&mut sources, entry, Options { schema: &schema, overrides: &[], read: &|_| Err(String::new()) });
    /// let anna = Profile { id: "anna".to_owned(), ..Profile::default() };
    /// let clock = Clock { now: 0, zone: schema.timezone };
    /// let setting = Setting { schema: &schema, program: &checked.program, clock, cutoffs: &Cutoffs::default() };
    /// assert_eq!(anna.decide(&setting, checked.own_decisions[0]).unwrap().matched.label, "quiet");
    /// ```
    #[must_use]
    pub fn decide(&self, setting: &Setting<'_>, id: DecisionId) -> Option<Decided> {
        let decision = setting.program.decisions.get(id.0 as usize)?;
        let first = decision.branches.first()?;
        let whole = |label: u32| Condition { kind: ConditionKind::Decision(id, label), span: first.condition.span };
        // Any label will do to have the definitions evaluated that the decision needs.
        let probe = whole(0);
        let one = One::needed(setting, self, &probe);
        let mut holding = decision.branches.iter().enumerate().filter(|(_, b)| one.condition(&b.condition));
        let (at, branch) = holding.next()?;
        let also = holding.filter_map(|(at, b)| matched(decision, at, b)).collect();
        let given = whole(branch.label);
        let course = explained(self, setting, &given);
        let next = course.change.at().and_then(|at| {
            let clock = crate::time::Clock { now: at, ..setting.clock };
            let later = Setting { clock, ..*setting };
            let one = One::needed(&later, self, &given);
            let branch = decision.branches.iter().find(|b| one.condition(&b.condition))?;
            decision.labels.get(branch.label as usize).cloned()
        });
        let why = (branch.condition.kind != ConditionKind::Everyone).then(|| explained(self, setting, &branch.condition));
        Some(Decided {
            matched: matched(decision, at, branch)?,
            also,
            change: course.change,
            next,
            why,
            arrivals: course.arrivals,
        })
    }
}

fn matched(decision: &Decision, branch: usize, is: &Branch) -> Option<Matched> {
    Some(Matched { branch, label: decision.labels.get(is.label as usize)?.clone(), span: is.condition.span })
}
