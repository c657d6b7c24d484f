//! Conditions.

use super::typed::{
    self, Amount, Condition, ConditionKind, CountRange, DecisionId, DefinitionId, ListId, RankedId, Sample, ValueExpr, ValueTest,
};
use super::{Checker, suggest};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::schema::Scalar;
use crate::syntax::Span;
use crate::syntax::ast::{self, CountWords, ExprKind, GroupKind, Literal, Name};

impl Checker<'_> {
    /// The meaning of a condition; `nobody` where a mistake has been reported.
    pub(super) fn condition(&mut self, condition: &ast::Condition) -> Condition {
        let kind = self.condition_kind(&condition.kind, condition.span);
        Condition { kind, span: condition.span }
    }

    fn condition_kind(&mut self, kind: &ast::ConditionKind, span: Span) -> ConditionKind {
        match kind {
            ast::ConditionKind::Group(kind, members) => {
                let members = members.iter().map(|m| self.condition(m)).collect();
                match kind {
                    GroupKind::All => ConditionKind::All(members),
                    GroupKind::Any => ConditionKind::Any(members),
                    GroupKind::None => ConditionKind::Not(Box::new(Condition { kind: ConditionKind::Any(members), span })),
                }
            }
            ast::ConditionKind::Quorum(count, members) => {
                self.quorum_fits(*count, members.len());
                let members = members.iter().map(|m| self.condition(m)).collect();
                ConditionKind::Quorum(CountRange { min: count.min, max: count.max }, members)
            }
            ast::ConditionKind::Not(inner) => ConditionKind::Not(Box::new(self.condition(inner))),
            ast::ConditionKind::Everyone => ConditionKind::Everyone,
            ast::ConditionKind::Nobody => ConditionKind::Nobody,
            ast::ConditionKind::Segment(name) => self.segment(name),
            ast::ConditionKind::List(name) => self.list(name),
            ast::ConditionKind::Decision(name, label) => self.decision(name, label),
            ast::ConditionKind::Event(event) => self.event(event),
            ast::ConditionKind::Value(expr, test) => self.value_test(expr, test),
            ast::ConditionKind::Sequence(sequence) => self.sequence(sequence),
            ast::ConditionKind::Ranked(ranked) => self.ranked(ranked),
            ast::ConditionKind::Sample(sample) => match self.share(&sample.share) {
                Some(share) => ConditionKind::Sample(Sample { share, salt: sample.salt.value.clone() }),
                None => ConditionKind::Nobody,
            },
        }
    }

    /// Reports a number of parts that cannot be reached.
    pub(super) fn quorum_fits(&mut self, count: CountWords, of: usize) {
        let of = of as u64;
        if count.min > of {
            let message = format!("{} of {of} conditions can never hold", count.min);
            self.report(Diagnostic::new(codes::E0402, count.span, message).help(format!("ask for at most {of}")));
        }
    }

    pub(super) fn segment(&mut self, name: &Name) -> ConditionKind {
        if let Some(index) = self.names.segments.get(name.value.as_str()) {
            // A known segment without an identifier is part of a cycle, which has been reported.
            return match self.ids.get(*index).copied().flatten() {
                Some(DefinitionId::Segment(id)) => ConditionKind::Segment(id),
                _ => ConditionKind::Nobody,
            };
        }
        let near = suggest::nearest(&name.value, self.names.segments.keys().copied().filter(|n| !n.is_empty()));
        let diagnostic = unknown(codes::E0205, "segment", name, near)
            .help_if(near.is_none(), "define it with `segment name = ...`, or `use` the file that does");
        self.report(diagnostic);
        ConditionKind::Nobody
    }

    fn list(&mut self, name: &Name) -> ConditionKind {
        if let Some(id) = self.lists.iter().position(|l| *l == name.value).and_then(|p| u32::try_from(p).ok()) {
            return ConditionKind::List(ListId(id));
        }
        let near = suggest::nearest(&name.value, self.lists.iter().map(String::as_str));
        let diagnostic =
            unknown(codes::E0214, "list", name, near).help_if(near.is_none(), "define it with `list name = \"file.csv\"`");
        self.report(diagnostic);
        ConditionKind::Nobody
    }

    pub(super) fn decision(&mut self, name: &Name, label: &Literal<String>) -> ConditionKind {
        let Some(index) = self.names.decisions.get(name.value.as_str()) else {
            let near = suggest::nearest(&name.value, self.names.decisions.keys().copied());
            let diagnostic =
                unknown(codes::E0215, "decision", name, near).help_if(near.is_none(), "define it with `decision name < ... >`");
            self.report(diagnostic);
            return ConditionKind::Nobody;
        };
        let Some(DefinitionId::Decision(id)) = self.ids.get(*index).copied().flatten() else { return ConditionKind::Nobody };
        self.label(id, label).map_or(ConditionKind::Nobody, |label| ConditionKind::Decision(id, label))
    }

    /// The position of a label; reports one that the decision does not give.
    fn label(&mut self, id: DecisionId, label: &Literal<String>) -> Option<u32> {
        let decision = self.program.decisions.get(id.0 as usize)?;
        if let Some(at) = decision.labels.iter().position(|l| *l == label.value) {
            return u32::try_from(at).ok();
        }
        let near = suggest::nearest(&label.value, decision.labels.iter().map(String::as_str));
        let message = format!("decision `{}` never gives `{}`", decision.name, label.value);
        let mut diagnostic = Diagnostic::new(codes::E0216, label.span, message).here("not one of its labels");
        if let Some(near) = near {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?")).fix(
                Applicability::Maybe,
                format!("replace with `{near}`"),
                label.span,
                crate::syntax::quoted(near),
            );
        }
        let known = known_names("labels", decision.labels.iter().map(String::as_str));
        self.report(diagnostic.help(known));
        None
    }

    fn value_test(&mut self, expr: &ast::Expr, test: &ast::Test) -> ConditionKind {
        let Some((value, subject)) = self.value(expr) else {
            // The test may hold mistakes of its own, but what they are depends on the value.
            return ConditionKind::Nobody;
        };
        if matches!(value, ValueExpr::Constant(_)) {
            let message = "a test begins with a value of the contact, not with a constant";
            self.report(
                Diagnostic::new(codes::E0302, expr.span, message)
                    .help("begin with `field name`, `count(...)`, `sum(...)` or another value of the contact"),
            );
            return ConditionKind::Nobody;
        }
        let is_field = matches!(&expr.kind, ExprKind::Field(name) if name.value != "contact_id");
        if !is_field {
            self.no_lasting(test);
        }
        let Some((typed, or_empty)) = self.whole_test(&subject, test) else { return ConditionKind::Nobody };
        let lasting = test.lasting.as_ref().filter(|_| is_field).map(|d| d.value);
        ConditionKind::Test(Box::new(ValueTest { value, test: typed, or_empty, lasting }))
    }

    fn ranked(&mut self, ranked: &ast::Ranked) -> ConditionKind {
        let by = self.value(&ranked.by);
        let of = match &ranked.of {
            Some(of) => self.condition(of),
            None => Condition { kind: ConditionKind::Everyone, span: ranked.by.span },
        };
        let amount = match &ranked.amount {
            ast::Amount::Count(n) => Some(Amount::Count(n.value)),
            ast::Amount::Share(share) => self.share(share).map(Amount::Share),
        };
        let (Some((by, subject)), Some(amount)) = (by, amount) else { return ConditionKind::Nobody };
        if !matches!(subject.single(), Some(Scalar::Number { .. } | Scalar::Date | Scalar::Time)) {
            let message = format!("a ranking is by a number, a date or a time, and {}", subject.is());
            self.report(
                Diagnostic::new(codes::E0310, ranked.by.span, message)
                    .here(format!("this is {}", subject.kind()))
                    .help("rank by a value such as `sum(...)`, `count(...)` or `last(...)`"),
            );
            return ConditionKind::Nobody;
        }
        let id = RankedId(u32::try_from(self.program.ranked.len()).unwrap_or(u32::MAX));
        self.program.ranked.push(typed::Ranked { highest: ranked.highest, amount, by, of });
        ConditionKind::Ranked(id)
    }
}

/// An unknown name, with the nearest known one as a fix.
pub(crate) fn unknown(code: crate::diag::Code, what: &str, name: &Name, near: Option<&str>) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(code, name.span, format!("unknown {what} `{}`", name.value)).here(format!("no {what} has this name"));
    match near {
        Some(near) => {
            let text = spelled(near);
            diagnostic.help(format!("did you mean `{near}`?")).fix(
                Applicability::Maybe,
                format!("replace with `{near}`"),
                name.span,
                text,
            )
        }
        None => diagnostic,
    }
}

/// A name as it is written in a script: in backticks unless it is a word.
pub(super) fn spelled(name: &str) -> String {
    let is_word = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| unicode_ident::is_xid_start(c) || c == '_') && chars.all(unicode_ident::is_xid_continue)
    };
    if name.split('.').all(is_word) { name.to_owned() } else { format!("`{name}`") }
}

/// ``the fields are `a`, `b`, ...``
pub(super) fn known_names<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return format!("there are no {what}");
    }
    let shown: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("the {what} are {}{rest}", shown.join(", "))
}

impl Diagnostic {
    pub(super) fn help_if(self, condition: bool, help: &str) -> Self {
        if condition { self.help(help) } else { self }
    }
}
