//! Tests: which goes with which type. One place for fields, values made from events, and attributes.

use super::Checker;
use super::events::a_type;
use super::operands::{Constant, Operand, Subject};
use super::params::ParamConstant;
use super::typed::{CompareOp, HasOp, ListOperand, Pattern, Test, TextOp};
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
                // A part of a value is not one of the closed set, so only the kind is checked.
                let free = Subject { values: None, ..Subject::column_like(subject) };
                let Constant::Text(needle) = self.constant_for(&free, operand)? else { return None };
                let op = match op.value {
                    ast::TextOp::Contains => TextOp::Contains,
                    ast::TextOp::StartsWith => TextOp::StartsWith,
                    ast::TextOp::EndsWith => TextOp::EndsWith,
                };
                Some(Test::Text(op, needle, *folding))
            }
            TestKind::Matches(pattern, folding) => self.matches(subject, pattern, *folding),
            TestKind::Has(op, operand, folding) => self.has(subject, *op, operand, *folding, test.span),
            TestKind::Anniversary(within) => {
                self.demand(subject, test.span, "`anniversary` tests", &["date", "time"], |s| {
                    matches!(s, Scalar::Date | Scalar::Time)
                })?;
                if !subject.stored {
                    self.unsupported(&format!("`anniversary` of {}", subject.what), test.span);
                    return None;
                }
                Some(Test::Anniversary(*within))
            }
            TestKind::Window(kind) => {
                self.demand(subject, test.span, "a window tests", &["date", "time"], |s| {
                    matches!(s, Scalar::Date | Scalar::Time)
                })?;
                self.window(kind, test.span).map(Test::Window)
            }
            TestKind::Unsupported(what) => {
                self.unsupported(what, test.span);
                None
            }
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
        if let ColumnType::Scalar(scalar) = subject.ty
            && accepts(scalar)
        {
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
                .label(subject.span, format!("this is {}", a_type(subject.ty)))
                .help(format!("tests that fit: {}", fitting(subject.ty))),
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
        // Under a folding the texts of a closed set may be written in any way.
        let subject_free =
            Subject { values: subject.values.clone().filter(|_| folding.is_exact()), ..Subject::column_like(subject) };
        match self.operand(&subject_free, operand)? {
            Operand::Field(..) if !subject.stored => {
                self.unsupported(&format!("comparing {} with a field", subject.what), operand.span);
                None
            }
            Operand::Field(..) if !folding.is_exact() => {
                self.unsupported("comparing two fields `ignoring` something", operand.span);
                None
            }
            Operand::Field(field, scalar) => Some(Test::Field(op.value, field, scalar)),
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
                .label(subject.span, format!("this is {}", a_type(subject.ty)))
                .help("leave `ignoring ...` out"),
        );
        None
    }

    fn between(&mut self, subject: &Subject, a: &Expr, b: &Expr, span: Span) -> Option<Test> {
        self.demand(subject, span, "`between` tests", &["number", "date", "time"], |s| {
            matches!(s, Scalar::Number { .. } | Scalar::Date | Scalar::Time)
        })?;
        let (from, to) = (self.constant_for(subject, a), self.constant_for(subject, b));
        match (from?, to?) {
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
        let subject_free =
            Subject { values: subject.values.clone().filter(|_| folding.is_exact()), ..Subject::column_like(subject) };
        let constants = self.constants(&subject_free, operand, span)?;
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

    /// The constants of `[..]` or of a list param.
    fn constants(&mut self, subject: &Subject, operand: &ast::ListOperand, span: Span) -> Option<Vec<Constant>> {
        match operand {
            ast::ListOperand::List(list) => self.list_constants(subject, list),
            ast::ListOperand::One(expr) => self.constant_for(subject, expr).map(|c| vec![c]),
            ast::ListOperand::Param(name) => self.list_param(subject, name),
            ast::ListOperand::Field(name) => {
                let message = format!("`in` takes a list of constants, not field `{}`", name.value);
                self.report(
                    Diagnostic::new(codes::E0302, span, message)
                        .help("to compare two fields write `field a = field b`, or `field list has ...`"),
                );
                None
            }
        }
    }

    fn list_param(&mut self, subject: &Subject, name: &ast::Name) -> Option<Vec<Constant>> {
        let Some(param) = self.params.get(&name.value) else {
            self.unknown_param(name);
            return None;
        };
        let constants = match param.value.clone()? {
            ParamConstant::List(constants) => constants,
            ParamConstant::One(constant) => {
                let span = param.span;
                let message = format!("`${}` is {}, and a list is needed here", name.value, constant.kind());
                let help = format!("write `= ${}`, or make the param a list", name.value);
                self.report(Diagnostic::new(codes::E0302, name.span, message).label(span, "defined here").help(help));
                return None;
            }
        };
        if let Some(other) = constants.iter().find(|c| !c.fits(subject.ty.scalar())) {
            let span = param.span;
            let message = format!("{}, but the items of `${}` are {}", subject.is(), name.value, other.kind());
            self.report(
                Diagnostic::new(codes::E0302, name.span, message)
                    .label(span, "defined here")
                    .label(subject.span, format!("this is {}", a_type(subject.ty))),
            );
            return None;
        }
        for constant in &constants {
            if let (Constant::Text(text), Some(values)) = (constant, &subject.values) {
                self.closed_set(subject, text, values, name.span)?;
            }
        }
        Some(constants)
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
        if !subject.ty.is_list() {
            let message = format!("`has` tests a list, and {}", subject.is());
            self.report(
                Diagnostic::new(codes::E0301, span, message)
                    .here("this test does not fit")
                    .label(subject.span, format!("this is {}", a_type(subject.ty)))
                    .help(format!("tests that fit: {}", fitting(subject.ty))),
            );
            return None;
        }
        self.folds_text(subject, folding, span)?;
        if let ast::ListOperand::Field(name) | ast::ListOperand::One(Expr { kind: ast::ExprKind::Field(name), .. }) = operand {
            return self.has_field(subject, op, name, folding);
        }
        let subject_free =
            Subject { values: subject.values.clone().filter(|_| folding.is_exact()), ..Subject::column_like(subject) };
        let constants = self.constants(&subject_free, operand, span)?;
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

    fn has_field(&mut self, subject: &Subject, op: HasOp, name: &ast::Name, folding: Folding) -> Option<Test> {
        let id = self.field(name)?;
        let column = self.schema.field_column(id)?;
        let same = std::mem::discriminant(&column.ty.scalar()) == std::mem::discriminant(&subject.ty.scalar());
        if !column.ty.is_list() || !same {
            let message = format!("{}, but field `{}` is {}", subject.is(), name.value, a_type(column.ty));
            self.report(
                Diagnostic::new(codes::E0302, name.span, message)
                    .label(subject.span, format!("this is {}", a_type(subject.ty)))
                    .help("compare two lists of one type"),
            );
            return None;
        }
        if !folding.is_exact() {
            self.unsupported("comparing two lists `ignoring` something", name.span);
            return None;
        }
        Some(Test::Has(op, ListOperand::Field(id)))
    }
}

impl Subject {
    /// The same subject, for use with other `values`.
    fn column_like(subject: &Self) -> Self {
        Self { ty: subject.ty, values: None, what: subject.what.clone(), span: subject.span, stored: subject.stored }
    }
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
fn fitting(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Scalar(Scalar::Text) => "`= \"...\"`, `in [...]`, `contains`, `starts with`, `is set`",
        ColumnType::Scalar(Scalar::Number { .. }) => "`= 5`, `>= 5`, `between 5 and 10`, `in [...]`, `is set`",
        ColumnType::Scalar(Scalar::Bool) => "`is true`, `is false`, `is set`",
        ColumnType::Scalar(Scalar::Date | Scalar::Time) => {
            "`within 30d`, `older than 90d`, `before 2025-11-01`, `on today`, `is set`"
        }
        ColumnType::List(_) | ColumnType::Item(_) => "`has \"...\"`, `has any of [...]`, `has all of [...]`, `is set`",
    }
}
