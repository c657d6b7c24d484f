//! Conditions.

use super::typed::{Condition, CountRange, ValueExpr, ValueTest};
use super::{Checker, suggest};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::Span;
use crate::syntax::ast::{self, ConditionKind, CountWords, GroupKind, Name};

impl Checker<'_> {
    /// The meaning of a condition; `nobody` where a mistake has been reported.
    pub(super) fn condition(&mut self, condition: &ast::Condition) -> Condition {
        match &condition.kind {
            ConditionKind::Group(kind, members) => {
                let members = members.iter().map(|m| self.condition(m)).collect();
                match kind {
                    GroupKind::All => Condition::All(members),
                    GroupKind::Any => Condition::Any(members),
                    GroupKind::None => Condition::Not(Box::new(Condition::Any(members))),
                }
            }
            ConditionKind::Quorum(count, members) => self.quorum(*count, members),
            ConditionKind::Not(inner) => Condition::Not(Box::new(self.condition(inner))),
            ConditionKind::Everyone => Condition::Everyone,
            ConditionKind::Nobody => Condition::Nobody,
            ConditionKind::Segment(name) => self.segment(name),
            ConditionKind::Event(event) => self.event(event),
            ConditionKind::Value(expr, test) => self.value_test(expr, test),
            ConditionKind::Unsupported(what) => {
                self.unsupported(what, condition.span);
                Condition::Nobody
            }
        }
    }

    /// Says that a part of the language has to wait.
    pub(super) fn unsupported(&mut self, what: &str, span: Span) {
        self.report(
            Diagnostic::new(codes::E0901, span, format!("{what} is not evaluated by this version yet"))
                .help("leave it out for now"),
        );
    }

    fn quorum(&mut self, count: CountWords, members: &[ast::Condition]) -> Condition {
        let of = members.len() as u64;
        if count.min > of {
            let message = format!("{} of {of} conditions can never hold", count.min);
            self.report(Diagnostic::new(codes::E0402, count.span, message).help(format!("ask for at most {of}")));
        }
        let members = members.iter().map(|m| self.condition(m)).collect();
        Condition::Quorum(CountRange { min: count.min, max: count.max }, members)
    }

    fn segment(&mut self, name: &Name) -> Condition {
        if let Some(index) = self.names.segment_by_name.get(name.value.as_str()) {
            // A known segment without an identifier is part of a cycle, which has been reported.
            return self.ids.get(*index).copied().flatten().map_or(Condition::Nobody, Condition::Segment);
        }
        let known = self.names.segments.iter().map(|s| s.name).filter(|n| !n.is_empty());
        let near = suggest::nearest(&name.value, known);
        self.report(
            unknown(codes::E0205, "segment", name, near)
                .help_if(near.is_none(), "define it with `segment name = ...`, or `use` the file that does"),
        );
        Condition::Nobody
    }

    fn value_test(&mut self, expr: &ast::Expr, test: &ast::Test) -> Condition {
        let Some((value, subject)) = self.value(expr) else {
            // The test may hold mistakes of its own, but what they are depends on the value.
            return Condition::Nobody;
        };
        let Some(kind) = self.test(&subject, test) else { return Condition::Nobody };
        Condition::Test(Box::new(ValueTest { value, test: kind, or_empty: test.or_empty }))
    }

    /// A value and what can be said of it in a test.
    fn value(&mut self, expr: &ast::Expr) -> Option<(ValueExpr, super::operands::Subject)> {
        use super::operands::Subject;
        match &expr.kind {
            ast::ExprKind::Field(name) if name.value == "contact_id" => {
                Some((ValueExpr::ContactId, Subject::contact_id(name.span)))
            }
            ast::ExprKind::Field(name) => {
                let id = self.field(name)?;
                let column = self.schema.field_column(id)?;
                Some((ValueExpr::Field(id), Subject::column("field", column, name.span)))
            }
            ast::ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, expr.span),
            ast::ExprKind::Unsupported(what) => {
                self.unsupported(what, expr.span);
                None
            }
            _ => {
                let message = "a test begins with a value of the contact, not with a constant";
                self.report(
                    Diagnostic::new(codes::E0302, expr.span, message)
                        .help("begin with `field name`, `count(...)`, `sum(...)`, `first(...)` or `last(...)`"),
                );
                None
            }
        }
    }

    /// The field of a name; reports an unknown one.
    pub(super) fn field(&mut self, name: &Name) -> Option<crate::schema::FieldId> {
        if let Some(id) = self.schema.field(&name.value) {
            return Some(id);
        }
        let near = suggest::nearest(&name.value, self.schema.fields.iter().map(|f| f.name.as_str()));
        let is_event = self.schema.event(&name.value).is_some();
        let mut diagnostic = unknown(codes::E0201, "field", name, near);
        if is_event {
            diagnostic = diagnostic.help(format!("there is an event of this name: `event {}`", name.value));
        } else if near.is_none() {
            diagnostic = diagnostic.help(known_names("fields", self.schema.fields.iter().map(|f| f.name.as_str())));
        }
        self.report(diagnostic);
        None
    }
}

/// ``unknown field `Krj` ``, with the nearest name as a fix.
pub(super) fn unknown(code: crate::diag::Code, what: &str, name: &Name, near: Option<&str>) -> Diagnostic {
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

/// `the fields are `a`, `b`, ...`
pub(super) fn known_names<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return format!("the schema has no {what}");
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
