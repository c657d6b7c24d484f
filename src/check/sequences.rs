//! `sequence`: steps, the attribute they share, how far they lie apart.

use super::Checker;
use super::events::a_type;
use super::subject::{Subject, comparable};
use super::typed::{ConditionKind, Sequence, Step};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::ast;

impl Checker<'_> {
    /// A sequence; `nobody` after a report.
    pub(super) fn sequence(&mut self, sequence: &ast::Sequence) -> ConditionKind {
        let window = sequence.window.as_ref().map(|w| self.event_window(w));
        let mut shared: Option<Subject> = None;
        let mut steps = Vec::with_capacity(sequence.steps.len());
        for (at, step) in sequence.steps.iter().enumerate() {
            if at == 0 {
                self.first_step(step);
            }
            let Some((sources, attribute)) = self.sources_of(&step.event, step.filter.as_ref(), sequence.by.as_ref()) else {
                continue;
            };
            if let (Some(by), Some(attribute)) = (&sequence.by, attribute) {
                self.shared(by, &mut shared, attribute);
            }
            steps.push(Step { negated: step.not.is_some(), sources, within: step.within.as_ref().map(|d| d.value) });
        }
        let window = match window {
            Some(None) => return ConditionKind::Nobody,
            Some(window) => window,
            None => None,
        };
        if steps.len() < sequence.steps.len() {
            return ConditionKind::Nobody;
        }
        ConditionKind::Sequence(Box::new(Sequence { by: sequence.by.is_some(), window, steps }))
    }

    fn first_step(&mut self, step: &ast::Step) {
        if let Some(not) = step.not {
            self.report(
                Diagnostic::new(codes::E0406, not, "a sequence begins with an event that happened")
                    .help("begin with the event that starts the wait; to ask for an absence alone, write `not event ...`"),
            );
        }
        if let Some(within) = &step.within {
            self.report(
                Diagnostic::new(codes::E0407, within.span, "the first step has no step before it to be near to").help(
                    "to bound the whole sequence in time, write the window before the steps: `sequence within 30d < ... >`",
                ),
            );
        }
    }

    fn shared(&mut self, by: &ast::Name, shared: &mut Option<Subject>, attribute: Subject) {
        if attribute.single().is_none() {
            let message = format!("the events of a sequence share one value, and {}", attribute.is());
            self.report(Diagnostic::new(codes::E0308, by.span, message).help("name an attribute with a single value"));
            return;
        }
        match shared {
            Some(first) if !comparable(first.ty.scalar(), attribute.ty.scalar()) => {
                let message =
                    format!("`{}` is {} in one step and {} in another", by.value, a_type(first.ty), a_type(attribute.ty));
                self.report(
                    Diagnostic::new(codes::E0308, by.span, message).help("name an attribute that has one type in all steps"),
                );
            }
            Some(_) => {}
            None => *shared = Some(attribute),
        }
    }

    /// Reports a share above 100 %.
    pub(super) fn share(&mut self, share: &ast::Literal<crate::value::Decimal>) -> Option<crate::value::Decimal> {
        if share.value <= crate::value::Decimal::whole(1) {
            return Some(share.value);
        }
        self.report(
            Diagnostic::new(codes::E0408, share.span, "a share of more than 100%").help("write a share from 0% to 100%").fix(
                Applicability::Maybe,
                "write `100%`",
                share.span,
                "100%",
            ),
        );
        None
    }
}
