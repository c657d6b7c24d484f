//! What the form of a condition gives away: repetitions, double negations, words that include more or fewer than they seem to.

use std::collections::HashMap;

use super::Linter;
use crate::check::typed::{Condition, ConditionKind, CountRange, HasOp, Test, TextOp, ValueExpr, ValueTest};
use crate::diag::{Applicability, Diagnostic, Edit, Fix, codes};
use crate::syntax::Span;

impl<'a> Linter<'a> {
    pub(super) fn shape(&mut self, condition: &'a Condition) {
        match &condition.kind {
            ConditionKind::All(parts) | ConditionKind::Any(parts) => self.repeated(parts),
            ConditionKind::Not(inner) => self.double_negation(condition, inner),
            ConditionKind::Events(_, CountRange { min: 0, max: Some(max) }) if *max > 0 => self.at_most(condition.span),
            ConditionKind::Test(test) => self.leaves_out(test, condition.span),
            _ => {}
        }
    }

    fn repeated(&mut self, parts: &'a [Condition]) {
        let mut seen: HashMap<&Condition, Span> = HashMap::with_capacity(parts.len());
        let mut before: Option<Span> = None;
        for part in parts {
            match seen.get(part) {
                Some(first) => {
                    let mut warning = Diagnostic::new(codes::W0104, part.span, "this condition stands twice in its group")
                        .here("the same again")
                        .label(*first, "first here")
                        .help("remove one of them");
                    warning.fixes.extend(before.and_then(|b| self.removal(b, part.span)));
                    self.warn(warning);
                }
                None => {
                    seen.insert(part, part.span);
                }
            }
            before = Some(part.span);
        }
    }

    /// The fix that removes a member that stands after another; none where a comment would go with it.
    fn removal(&self, before: Span, member: Span) -> Option<Fix> {
        let span = Span { start: before.end, ..member };
        let between = Span { end: member.start, ..span };
        let text = self.options.sources.text(between);
        let plain = before.end <= member.start && text.trim() == ";";
        plain.then(|| Fix {
            title: "remove it".to_owned(),
            applicability: Applicability::Certain,
            edits: vec![Edit { span, text: String::new() }],
        })
    }

    fn double_negation(&mut self, outer: &Condition, inner: &Condition) {
        let ConditionKind::Not(innermost) = &inner.kind else { return };
        let warning = Diagnostic::new(codes::W0105, outer.span, "two negations cancel each other");
        let text = self.options.sources.text(inner.span);
        if text.starts_with("none") {
            let any = text.replacen("none", "any", 1);
            self.warn(warning.help("`not none < ... >` is `any < ... >`").fix(
                Applicability::Certain,
                "write `any < ... >`",
                outer.span,
                any,
            ));
            return;
        }
        let text = self.options.sources.text(innermost.span).to_owned();
        self.warn(warning.help("leave both out").fix(Applicability::Certain, "leave both out", outer.span, text));
    }

    fn at_most(&mut self, span: Span) {
        let warning = || {
            let text = self.options.sources.text(span);
            let mut warning = Diagnostic::new(codes::W0202, span, "`at most` includes contacts without any such event")
                .help("to leave them out, write `between 1 and n times`");
            if let Some((from, words)) = at_most_words(text) {
                let place = Span { start: span.start + from, end: span.start + from + words.len(), ..span };
                let n = words.trim_start_matches(|c: char| !c.is_ascii_digit());
                let with = format!("between 1 and {n}");
                warning = warning.fix(Applicability::Maybe, format!("write `{with} times`"), place, with);
            }
            warning
        };
        let warning = warning();
        self.warn_once(String::new(), || warning, codes::W0202);
    }

    /// Tests that sound like the opposite of another, and are not where there is no value.
    fn leaves_out(&mut self, test: &ValueTest, span: Span) {
        let ValueExpr::Field(field) = test.value else { return };
        let words = match &test.test {
            Test::Text(TextOp::NotEqual, ..) => "`!=`",
            Test::Number(op, _) | Test::When(op, _) if *op == crate::check::typed::CompareOp::NotEqual => "`!=`",
            Test::TextIn(_, _, true) | Test::NumberIn(_, true) | Test::WhenIn(_, true) => "`not in`",
            Test::Has(HasOp::None, _) => "`has none of`",
            _ => return,
        };
        let name = self.options.schema.field_column(field).map_or("", |c| c.name.as_str());
        let without = self.options.data.and_then(|(facts, _)| facts.without(field));
        if test.or_empty || without == Some(0) {
            return;
        }
        let contacts = without.map_or("contacts".to_owned(), |n| format!("the {} contacts", grouped(n)));
        let message = format!("{words} leaves out {contacts} without a value of `{name}`");
        let end = Span { start: span.end, ..span };
        let warning = Diagnostic::new(codes::W0201, span, message)
            .help("to have them too, end the test with `or empty`")
            .help("to say that they are meant to be left out, allow it: `// segql: allow W0201`")
            .fix(Applicability::Maybe, "add `or empty`", end, " or empty");
        self.warn_once(name.to_owned(), || warning, codes::W0201);
    }
}

/// The words `at most 2` in the text of an event condition, and where they begin.
fn at_most_words(text: &str) -> Option<(usize, &str)> {
    let from = text.find("at most ")?;
    let rest = text.get(from..)?;
    let number = rest.find(|c: char| c.is_ascii_digit())?;
    let digits = rest.get(number..)?.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - number);
    Some((from, rest.get(..number + digits)?))
}

/// A count with thin groups of three digits: `12 431`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!([0, 999, 1000, 12_431, 1_000_000].map(grouped), ["0", "999", "1 000", "12 431", "1 000 000"]);
    }

    #[test]
    fn the_words_are_found() {
        assert_eq!(at_most_words("event X at most 2 times within 3d"), Some((8, "at most 2")));
        assert_eq!(at_most_words("event X"), None);
    }
}
