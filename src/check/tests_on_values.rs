//! Tests: which goes with which type. One place for fields, values made from events, and attributes.

use super::Checker;
use super::operands::{ListItems, Operand};
use super::subject::Subject;
use super::typed::{CompareOp, Constant, EventWindow, HasOp, ListOperand, Pattern, Test, TextOp, ValueWindow};
use super::windows::swap;
use crate::diag::{Diagnostic, codes};
use crate::schema::{ColumnType, Scalar};
use crate::syntax::Span;
use crate::syntax::ast::{self, Expr, Literal, TestKind};
use crate::value::{Decimal, Folding, fold};

/// Bound on the size of a compiled regular expression, in bytes.
const MAX_REGEX_BYTES: usize = 1 << 20;

impl Checker<'_> {
    /// The meaning of a test on `subject`; `None` after a report.
    pub(super) fn test(&mut self, subject: &Subject, test: &ast::Test) -> Option<Test> {
        match &test.kind {
            TestKind::IsEmpty => Some(Test::IsEmpty),
            TestKind::IsSet => Some(Test::IsSet),
            TestKind::Is(expected) => {
                self.demand(subject, test.span, "`is true` and `is false` test", &["bool"], |s| s == Scalar::Bool)?;
                Some(Test::Is(*expected))
            }
            TestKind::Compare(op, operand, folding) => self.compare(subject, op, operand, *folding, test.span),
            TestKind::In(operand, folding, negated) => self.membership(subject, operand, *folding, *negated, test.span),
            TestKind::Between(a, b) => self.between(subject, a, b, test.span),
            TestKind::Text(op, operand, folding) => {
                self.demand(subject, op.span, &format!("`{}` tests", text_op_words(op.value)), &["text"], |s| s == Scalar::Text)?;
                let op = match op.value {
                    ast::TextOp::Contains => TextOp::Contains,
                    ast::TextOp::StartsWith => TextOp::StartsWith,
                    ast::TextOp::EndsWith => TextOp::EndsWith,
                };
                // A part of a value is not one of the closed set, so only the kind is checked.
                match self.operand(&subject.free(), operand)? {
                    Operand::Constant(Constant::Text(needle)) => Some(Test::Text(op, needle, *folding)),
                    Operand::Constant(_) => None,
                    Operand::Value(value) => Some(Test::TextValue(op, Box::new(value), *folding)),
                }
            }
            TestKind::Matches(pattern, folding) => self.matches(subject, pattern, *folding),
            TestKind::Has(op, operand, folding) => self.has(subject, *op, operand, *folding, test.span),
            TestKind::Anniversary(within) => {
                self.demand(subject, test.span, "`anniversary` tests", &["date", "time"], |s| {
                    matches!(s, Scalar::Date | Scalar::Time)
                })?;
                Some(Test::Anniversary(*within))
            }
            TestKind::Window(kind) => {
                self.demand(subject, test.span, "a window tests", &["date", "time"], |s| {
                    matches!(s, Scalar::Date | Scalar::Time)
                })?;
                Some(match self.window(kind)? {
                    EventWindow::Fixed(window) => Test::Window(window),
                    EventWindow::PerContact(window) => Test::ValueWindow(Box::new(window)),
                })
            }
            TestKind::Items(quantifier, parts) => self.records_test(subject, *quantifier, parts, test),
        }
    }

    /// Reports a subject that is a list or of a type that `accepts` does not take.
    fn demand(
        &mut self,
        subject: &Subject,
        span: Span,
        test: &str,
        wanted: &[&str],
        accepts: impl Fn(Scalar) -> bool,
    ) -> Option<()> {
        if subject.single().is_some_and(accepts) {
            return Some(());
        }
        let wanted = wanted
            .iter()
            .map(|w| if *w == "text" { "text".to_owned() } else { format!("a {w}") })
            .collect::<Vec<_>>()
            .join(" or ");
        let message = format!("{test} {wanted}, and {}", subject.is());
        self.report(
            Diagnostic::new(codes::E0301, span, message)
                .here("this test does not fit")
                .label(subject.span, format!("this is {}", subject.kind()))
                .help(format!("tests that fit: {}", fitting(subject))),
        );
        None
    }

    fn compare(
        &mut self,
        subject: &Subject,
        op: &Literal<CompareOp>,
        operand: &Expr,
        folding: Folding,
        span: Span,
    ) -> Option<Test> {
        let ordered = !matches!(op.value, CompareOp::Equal | CompareOp::NotEqual);
        let words = format!("`{}` tests", op_words(op.value));
        if ordered {
            self.demand(subject, op.span, &words, &["number", "date", "time"], |s| {
                matches!(s, Scalar::Number { .. } | Scalar::Date | Scalar::Time)
            })?;
        } else {
            self.demand(subject, op.span, &words, &["single value"], |_| true)?;
        }
        self.folds_text(subject, folding, span)?;
        match self.operand(&for_folding(subject, folding), operand)? {
            Operand::Value(value) => Some(Test::Value(op.value, Box::new(value), folding)),
            Operand::Constant(Constant::Number(n)) => Some(Test::Number(op.value, n)),
            Operand::Constant(Constant::Point(point)) => Some(Test::When(op.value, point)),
            Operand::Constant(Constant::Bool(b)) => Some(Test::Is(b == (op.value == CompareOp::Equal))),
            Operand::Constant(Constant::Text(text)) => {
                let op = if op.value == CompareOp::Equal { TextOp::Equal } else { TextOp::NotEqual };
                Some(Test::Text(op, text, folding))
            }
        }
    }

    fn folds_text(&mut self, subject: &Subject, folding: Folding, span: Span) -> Option<()> {
        if folding.is_exact() || subject.ty.scalar() == Scalar::Text {
            return Some(());
        }
        let message = format!("`ignoring` is for text, and {}", subject.is());
        self.report(
            Diagnostic::new(codes::E0301, span, message)
                .label(subject.span, format!("this is {}", subject.kind()))
                .help("leave `ignoring ...` out"),
        );
        None
    }

    fn between(&mut self, subject: &Subject, a: &Expr, b: &Expr, span: Span) -> Option<Test> {
        self.demand(subject, span, "`between` tests", &["number", "date", "time"], |s| {
            matches!(s, Scalar::Number { .. } | Scalar::Date | Scalar::Time)
        })?;
        let (from, to) = (self.operand(subject, a), self.operand(subject, b));
        let (from, to) = match (from?, to?) {
            (Operand::Constant(from), Operand::Constant(to)) => (from, to),
            (from, to) => {
                let (from, to) = (from.into_value(), to.into_value());
                return Some(if subject.ty.scalar() == Scalar::Date || subject.ty.scalar() == Scalar::Time {
                    Test::ValueWindow(Box::new(ValueWindow::Between(from, to)))
                } else {
                    Test::BetweenValues(Box::new(from), Box::new(to))
                });
            }
        };
        match (from, to) {
            (Constant::Number(from), Constant::Number(to)) => {
                if from > to {
                    let mut diagnostic =
                        Diagnostic::new(codes::E0401, a.span.to(b.span), format!("no number lies between {from} and {to}"))
                            .help("write the smaller number first");
                    diagnostic.fixes.push(swap(self.text_of(a.span), a.span, self.text_of(b.span), b.span));
                    self.report(diagnostic);
                    return None;
                }
                Some(Test::NumberBetween(from, to))
            }
            (Constant::Point(from), Constant::Point(to)) => {
                self.ordered(&from, &to, a.span, b.span)?;
                Some(Test::Window(crate::time::Window::Between(from, to)))
            }
            _ => None,
        }
    }

    fn membership(
        &mut self,
        subject: &Subject,
        operand: &ast::ListOperand,
        folding: Folding,
        negated: bool,
        span: Span,
    ) -> Option<Test> {
        self.demand(subject, span, "`in` tests", &["single value"], |_| true)?;
        self.folds_text(subject, folding, span)?;
        let constants = match self.items(&for_folding(subject, folding), operand)? {
            ListItems::Constants(constants) => constants,
            ListItems::Value(list) => return Some(Test::InValue(Box::new(list), folding, negated)),
        };
        Some(match subject.ty.scalar() {
            Scalar::Text => Test::TextIn(texts(constants), folding, negated),
            Scalar::Number { .. } => Test::NumberIn(numbers(constants), negated),
            Scalar::Date | Scalar::Time => Test::WhenIn(
                constants.into_iter().filter_map(|c| if let Constant::Point(p) = c { Some(p) } else { None }).collect(),
                negated,
            ),
            Scalar::Bool => {
                self.report(
                    Diagnostic::new(codes::E0301, span, format!("`in` is of no use where {}", subject.is()))
                        .help("write `is true`, `is false` or `is set`"),
                );
                return None;
            }
        })
    }

    fn matches(&mut self, subject: &Subject, pattern: &Literal<String>, folding: Folding) -> Option<Test> {
        self.demand(subject, pattern.span, "`matches` tests", &["text"], |s| s == Scalar::Text)?;
        // Accents are taken from the pattern as from the text; case is the regular expression's own business.
        let source = fold(&pattern.value, Folding { case: false, ..folding });
        match regex::RegexBuilder::new(&source).case_insensitive(folding.case).size_limit(MAX_REGEX_BYTES).build() {
            Ok(regex) => Some(Test::Matches(Pattern(regex), folding)),
            Err(error) => {
                let message = match &error {
                    regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
                    other => format!("the regular expression cannot be read: {}", reason(&other.to_string())),
                };
                self.report(
                    Diagnostic::new(codes::E0501, pattern.span, message)
                        .help("to look for a plain text write `contains`; to match a sign such as `(` itself write `\\\\(`"),
                );
                None
            }
        }
    }

    fn has(&mut self, subject: &Subject, op: HasOp, operand: &ast::ListOperand, folding: Folding, span: Span) -> Option<Test> {
        if !subject.ty.is_list() || subject.records.is_some() {
            let message = format!("`has` tests a list of values, and {}", subject.is());
            self.report(
                Diagnostic::new(codes::E0301, span, message)
                    .here("this test does not fit")
                    .label(subject.span, format!("this is {}", subject.kind()))
                    .help(format!("tests that fit: {}", fitting(subject))),
            );
            return None;
        }
        if !matches!(subject.ty.scalar(), Scalar::Text | Scalar::Number { .. }) {
            let message = format!("`has` looks for texts or numbers, and {}", subject.is());
            self.report(
                Diagnostic::new(codes::E0301, span, message)
                    .here("this test does not fit")
                    .label(subject.span, format!("this is {}", subject.kind()))
                    .help("test the records of the list: `has any < member = ... >`"),
            );
            return None;
        }
        self.folds_text(subject, folding, span)?;
        let constants = match self.items(&for_folding(subject, folding), operand)? {
            ListItems::Constants(constants) => constants,
            ListItems::Value(list) => return Some(Test::Has(op, ListOperand::Value(Box::new(list), folding))),
        };
        if constants.is_empty() {
            self.report(
                Diagnostic::new(codes::E0401, span, "an empty list is nothing to look for")
                    .help("write at least one item, or test `is set`"),
            );
            return None;
        }
        let operand = if subject.ty.scalar() == Scalar::Text {
            ListOperand::Text(texts(constants), folding)
        } else {
            ListOperand::Number(numbers(constants))
        };
        Some(Test::Has(op, operand))
    }
}

/// The subject of a test that folds: the texts of a closed set may be written in any way.
fn for_folding(subject: &Subject, folding: Folding) -> Subject {
    if folding.is_exact() { subject.clone() } else { subject.free() }
}

fn texts(constants: Vec<Constant>) -> Vec<String> {
    let mut texts: Vec<String> =
        constants.into_iter().filter_map(|c| if let Constant::Text(t) = c { Some(t) } else { None }).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn numbers(constants: Vec<Constant>) -> Vec<Decimal> {
    let mut numbers: Vec<Decimal> =
        constants.into_iter().filter_map(|c| if let Constant::Number(n) = c { Some(n) } else { None }).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The last line of a regular expression's error, which is the reason.
fn reason(error: &str) -> String {
    error.lines().last().unwrap_or(error).trim().trim_start_matches("error: ").to_owned()
}

fn text_op_words(op: ast::TextOp) -> &'static str {
    match op {
        ast::TextOp::Contains => "contains",
        ast::TextOp::StartsWith => "starts with",
        ast::TextOp::EndsWith => "ends with",
    }
}

fn op_words(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "=",
        CompareOp::NotEqual => "!=",
        CompareOp::Less => "<",
        CompareOp::LessOrEqual => "<=",
        CompareOp::Greater => ">",
        CompareOp::GreaterOrEqual => ">=",
    }
}

/// Tests that go with a type, for help.
fn fitting(subject: &Subject) -> &'static str {
    if subject.records.is_some() {
        return "`has any < name = \"...\" >`, `has only < >`, `is set`";
    }
    match subject.ty {
        ColumnType::Scalar(Scalar::Text) => "`= \"...\"`, `in [...]`, `contains`, `starts with`, `is set`",
        ColumnType::Scalar(Scalar::Number { .. }) => "`= 5`, `>= 5`, `between 5 and 10`, `in [...]`, `is set`",
        ColumnType::Scalar(Scalar::Bool) => "`is true`, `is false`, `is set`",
        ColumnType::Scalar(Scalar::Date | Scalar::Time) => {
            "`within 30d`, `older than 90d`, `before 2025-11-01`, `on today`, `is set`"
        }
        ColumnType::List(_) | ColumnType::Item(_) => "`has \"...\"`, `has any of [...]`, `has all of [...]`, `is set`",
    }
}
