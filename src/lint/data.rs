//! What the data knows: values that never occur, windows longer than the history.

use std::collections::HashSet;

use super::Linter;
use super::shape::grouped;
use crate::check::nearest;
use crate::check::typed::{
    Condition, ConditionKind, EventSource, EventValue, EventWindow, Filter, HasOp, ListOperand, Matching, Test, TextOp, ValueExpr,
};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::Span;
use crate::time::{Window, format_instant, instant_interval};

impl<'a> Linter<'a> {
    pub(super) fn facts(&mut self, condition: &'a Condition) {
        if self.options.data.is_none() {
            return;
        }
        match &condition.kind {
            ConditionKind::Test(test) => {
                if let ValueExpr::Field(field) = test.value {
                    self.never_occurring(&test.test, condition.span, "contacts", |linter| {
                        linter.options.data.and_then(|(facts, _)| facts.field_texts(field))
                    });
                }
                if let ValueExpr::Aggregate(aggregate) = &test.value {
                    self.matching(&aggregate.matching, condition.span);
                }
            }
            ConditionKind::Events(matching, _) => self.matching(matching, condition.span),
            ConditionKind::Sequence(sequence) => {
                sequence.steps.iter().flat_map(|s| &s.sources).for_each(|s| self.source(s, condition.span));
            }
            _ => {}
        }
    }

    fn matching(&mut self, matching: &'a Matching, span: Span) {
        matching.sources.iter().for_each(|s| self.source(s, span));
        if let Some(EventWindow::Fixed(window)) = &matching.window {
            self.longer_than_history(matching, window, span);
        }
    }

    fn source(&mut self, source: &'a EventSource, span: Span) {
        if let Some(filter) = &source.filter {
            self.event_filter(source, filter, span);
        }
    }

    fn event_filter(&mut self, source: &'a EventSource, filter: &'a Filter, span: Span) {
        match filter {
            Filter::All(parts) | Filter::Any(parts) | Filter::Quorum(_, parts) => {
                parts.iter().for_each(|p| self.event_filter(source, p, span));
            }
            Filter::Not(inner) => self.event_filter(source, inner, span),
            Filter::Test { value: EventValue::Attr(attr), test, .. } => {
                let (event, attr) = (source.event, *attr);
                self.never_occurring(test, span, "events", |linter| {
                    linter.options.data.and_then(|(facts, _)| facts.attribute_texts(event, attr))
                });
            }
            Filter::Test { .. } => {}
        }
    }

    /// Texts that a test asks for and the data does not have.
    fn never_occurring(
        &mut self,
        test: &'a Test,
        span: Span,
        what: &str,
        known: impl FnOnce(&Self) -> Option<Vec<(String, u64)>>,
    ) {
        let wanted: Vec<&str> = match test {
            Test::Text(TextOp::Equal | TextOp::NotEqual, text, folding) if folding.is_exact() => vec![text],
            Test::TextIn(list, folding, _) if folding.is_exact() => list.iter().map(String::as_str).collect(),
            Test::Has(HasOp::Any | HasOp::All | HasOp::None, ListOperand::Text(list, folding)) if folding.is_exact() => {
                list.iter().map(String::as_str).collect()
            }
            _ => return,
        };
        // Without any value nothing can be said of one.
        let Some(known) = known(self).filter(|k| !k.is_empty()) else { return };
        let occurring: HashSet<&str> = known.iter().map(|(text, _)| text.as_str()).collect();
        for text in wanted.into_iter().filter(|t| !occurring.contains(t)) {
            let place = self.place_of(text, span);
            let mut warning = Diagnostic::new(codes::W0301, place, format!("`{text}` never occurs in the data"));
            match nearest(text, known.iter().map(|(t, _)| t.as_str())) {
                Some(near) => {
                    let count = known.iter().find(|(t, _)| t == near).map_or(0, |(_, n)| *n);
                    warning = warning.help(format!("did you mean `{near}` ({} {what})?", grouped(count)));
                    if place != span {
                        let quoted = crate::syntax::quoted(near);
                        warning = warning.fix(Applicability::Maybe, format!("replace with `{near}`"), place, quoted);
                    }
                }
                None => {
                    let mut most: Vec<_> = known.iter().collect();
                    most.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                    let most: Vec<String> = most.iter().take(5).map(|(t, n)| format!("`{t}` ({})", grouped(*n))).collect();
                    warning = warning.help(format!("frequent values are {}", most.join(", ")));
                }
            }
            self.warn(warning);
        }
    }

    /// Where a condition says a text; the whole condition where it does not say it itself.
    fn place_of(&self, text: &str, span: Span) -> Span {
        let literal = crate::syntax::quoted(text);
        match self.options.sources.text(span).find(&literal) {
            Some(at) => Span { start: span.start + at, end: span.start + at + literal.len(), ..span },
            None => span,
        }
    }

    fn longer_than_history(&mut self, matching: &Matching, window: &Window, span: Span) {
        let Some((facts, clock)) = self.options.data else { return };
        // `older than` and `before` reach back for ever and mean to.
        if !matches!(window, Window::Within(_) | Window::Last { .. } | Window::Between(..)) {
            return;
        }
        let from = instant_interval(window, &clock).lo;
        let Some(oldest) = matching.sources.iter().filter_map(|s| facts.oldest(s.event)).min() else { return };
        if from >= oldest {
            return;
        }
        let begins = format_instant(oldest, clock.zone);
        let message =
            format!("this looks back further than the data: the first such event is of {}", begins.get(..10).unwrap_or(&begins));
        self.warn(Diagnostic::new(codes::W0302, span, message).help(
            "contacts may seem to have done nothing because nothing was recorded; use a shorter window, or import older data",
        ));
    }
}
