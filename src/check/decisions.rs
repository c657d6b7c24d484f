//! `decision`: the first branch that holds gives the label.

use super::Checker;
use super::typed::{Branch, Condition, ConditionKind, Decision};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::Span;
use crate::syntax::ast::DecisionDef;

impl Checker<'_> {
    /// The meaning of a decision. Its branches partition all contacts, so the last must be `otherwise`.
    pub(super) fn decision_definition(&mut self, definition: &DecisionDef) -> Decision {
        let mut labels: Vec<String> = Vec::new();
        let mut branches = Vec::with_capacity(definition.branches.len());
        for branch in &definition.branches {
            let condition = match &branch.when {
                Some(when) => self.condition(when),
                None => Condition { kind: ConditionKind::Everyone, span: branch.span },
            };
            let at = labels.iter().position(|l| *l == branch.label.value).unwrap_or_else(|| {
                labels.push(branch.label.value.clone());
                labels.len() - 1
            });
            branches.push(Branch { condition, label: u32::try_from(at).unwrap_or(u32::MAX) });
        }
        self.otherwise_is_last(definition);
        Decision { name: definition.name.value.clone(), title: definition.title.clone(), labels, branches }
    }

    fn otherwise_is_last(&mut self, definition: &DecisionDef) {
        let Some(at) = definition.branches.iter().position(|b| b.when.is_none()) else {
            let end = definition.span.end;
            let span = Span { start: end.saturating_sub(1), ..definition.span };
            let message = format!("decision `{}` says nothing of contacts that no `when` holds for", definition.name.value);
            self.report(
                Diagnostic::new(codes::E0409, span, message)
                    .here("`otherwise` is missing before this")
                    .help("end it with `otherwise -> \"label\"`")
                    .fix(Applicability::Maybe, "add `otherwise`", Span { end: span.start, ..span }, "; otherwise -> \"\" "),
            );
            return;
        };
        if let (Some(otherwise), Some(next)) = (definition.branches.get(at), definition.branches.get(at + 1)) {
            self.report(
                Diagnostic::new(codes::E0410, next.span, "this branch is never reached")
                    .label(otherwise.span, "`otherwise` takes everyone who is left")
                    .help("move `otherwise` to the end"),
            );
        }
    }
}
