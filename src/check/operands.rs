//! What a value is compared with: constants, and other values of the contact.

use super::Checker;
use super::conditions::unknown;
use super::events::a_type;
use super::params::ParamConstant;
use super::subject::{Subject, comparable};
use super::suggest;
use super::typed::{Constant, ValueExpr};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::schema::{ColumnType, Scalar};
use crate::syntax::Span;
use crate::syntax::ast::{Expr, ExprKind, ListLiteral, ListOperand, Name};
use crate::time::{self, Point};
use crate::value::Decimal;

impl Constant {
    /// `a number`, `text`, ...
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Bool(_) => "true or false",
            Self::Point(_) => "a point in time",
        }
    }

    /// The type of the value it is.
    pub(super) fn scalar(&self) -> Scalar {
        match self {
            Self::Number(n) => Scalar::Number { decimals: n.scale() },
            Self::Text(_) => Scalar::Text,
            Self::Bool(_) => Scalar::Bool,
            Self::Point(point) if point.is_day() => Scalar::Date,
            Self::Point(_) => Scalar::Time,
        }
    }

    /// Whether it can be compared with values of a type.
    pub(super) fn fits(&self, scalar: Scalar) -> bool {
        comparable(self.scalar(), scalar)
    }
}

/// The right side of a test.
pub(super) enum Operand {
    Constant(Constant),
    Value(ValueExpr),
}

impl Operand {
    /// As a value of the contact.
    pub fn into_value(self) -> ValueExpr {
        match self {
            Self::Constant(constant) => ValueExpr::Constant(constant),
            Self::Value(value) => value,
        }
    }
}

/// The right side of `in` and `has`.
pub(super) enum ListItems {
    Constants(Vec<Constant>),
    Value(ValueExpr),
}

impl Checker<'_> {
    /// The operand that `subject` is compared with; `None` after a report.
    pub(super) fn operand(&mut self, subject: &Subject, expr: &Expr) -> Option<Operand> {
        let (value, operand) = self.value(expr)?;
        if let ValueExpr::Constant(constant) = value {
            return self.fitting_constant(subject, constant, expr.span).map(Operand::Constant);
        }
        let wanted = subject.ty.scalar();
        if operand.single().is_some_and(|scalar| comparable(wanted, scalar)) {
            return Some(Operand::Value(value));
        }
        let message = format!("{}, but {}", subject.is(), operand.is());
        self.report(
            Diagnostic::new(codes::E0302, expr.span, message)
                .here(format!("this is {}", operand.kind()))
                .label(subject.span, format!("this is {}", subject.kind()))
                .help("compare values of one type"),
        );
        None
    }

    /// The constant, if it can be compared with `subject`; `None` after a report.
    fn fitting_constant(&mut self, subject: &Subject, constant: Constant, span: Span) -> Option<Constant> {
        let scalar = subject.ty.scalar();
        if constant.fits(scalar) {
            if let (Constant::Text(text), Some(values)) = (&constant, &subject.values) {
                self.closed_set(subject, text, values, span)?;
            }
            return Some(constant);
        }
        let message = format!("{}, but this is {}", subject.is(), constant.kind());
        let mut diagnostic = Diagnostic::new(codes::E0302, span, message)
            .here(format!("this is {}", constant.kind()))
            .label(subject.span, format!("this is {}", a_type(subject.ty)));
        if let Some(text) = rewritten(&constant, scalar, self.schema.timezone) {
            diagnostic =
                diagnostic.help(format!("write `{text}`")).fix(Applicability::Certain, format!("write `{text}`"), span, text);
        }
        self.report(diagnostic);
        None
    }

    /// Reports a text that the closed set does not have.
    pub(super) fn closed_set(&mut self, subject: &Subject, text: &str, values: &[String], span: Span) -> Option<()> {
        if values.iter().any(|v| v == text) {
            return Some(());
        }
        let near = suggest::nearest(text, values.iter().map(String::as_str));
        let message = format!("{} never has the value `{text}`", subject.what);
        let mut diagnostic = Diagnostic::new(codes::E0203, span, message).here("not one of its values");
        if let Some(near) = near {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?")).fix(
                Applicability::Maybe,
                format!("replace with `{near}`"),
                span,
                crate::syntax::quoted(near),
            );
        }
        self.report(diagnostic.help(super::conditions::known_names("values", values.iter().map(String::as_str))));
        None
    }

    /// A point in time, with instants read in the schema's zone.
    pub(super) fn point(&mut self, point: &crate::syntax::ast::Point, span: Span) -> Option<Point> {
        match point {
            crate::syntax::ast::Point::Resolved(point) => Some(point.clone()),
            crate::syntax::ast::Point::Instant(text) => match time::parse_instant(text, self.schema.timezone) {
                Ok(ms) => Some(Point::Instant(ms)),
                Err(error) => {
                    self.report(Diagnostic::new(codes::E0106, span, error.to_string()));
                    None
                }
            },
        }
    }

    /// The constant of a param that is one value.
    pub(super) fn param(&mut self, name: &Name, span: Span) -> Option<Constant> {
        let Some(param) = self.params.get(&name.value) else {
            self.unknown_param(name);
            return None;
        };
        match &param.value {
            Some(ParamConstant::One(constant)) => Some(constant.clone()),
            Some(ParamConstant::List(_)) => {
                let message = format!("`${}` is a list, and one value is needed here", name.value);
                self.report(
                    Diagnostic::new(codes::E0302, span, message)
                        .label(param.span, "defined as a list here")
                        .help("write `in` to test against a list"),
                );
                None
            }
            // Its own mistake has been reported.
            None => None,
        }
    }

    fn unknown_param(&mut self, name: &Name) {
        let known = self.params.names().chain(self.names.lets.keys().copied());
        let near = suggest::nearest(&name.value, known);
        let mut diagnostic = unknown(codes::E0206, "value or param", name, near);
        diagnostic.message = format!("unknown value or param `${}`", name.value);
        self.report(diagnostic.help_if(near.is_none(), "define it with `param $name: type = value` or `let $name = value`"));
    }

    /// The items of `[..]`, of a list param or of a list value; `None` after a report.
    pub(super) fn items(&mut self, subject: &Subject, operand: &ListOperand) -> Option<ListItems> {
        match operand {
            ListOperand::List(list) => self.list_constants(subject, list).map(ListItems::Constants),
            ListOperand::One(expr) => match self.value(expr)? {
                (ValueExpr::Constant(constant), _) => {
                    self.fitting_constant(subject, constant, expr.span).map(|c| ListItems::Constants(vec![c]))
                }
                (value, other) => self.list_value(subject, value, &other),
            },
            ListOperand::Param(name) if self.names.lets.contains_key(name.value.as_str()) => {
                let expr = Expr { kind: ExprKind::Param(name.clone()), span: name.span };
                let (value, other) = self.value(&expr)?;
                self.list_value(subject, value, &other)
            }
            ListOperand::Param(name) => self.list_param(subject, name).map(ListItems::Constants),
            ListOperand::Field(name) => {
                let expr = Expr { kind: ExprKind::Field(name.clone()), span: name.span };
                let (value, other) = self.value(&expr)?;
                self.list_value(subject, value, &other)
            }
        }
    }

    /// A list value of the contact; reports one that is no list or of other elements.
    fn list_value(&mut self, subject: &Subject, value: ValueExpr, other: &Subject) -> Option<ListItems> {
        if matches!(other.ty, ColumnType::List(_) | ColumnType::Item(_))
            && other.records.is_none()
            && comparable(subject.ty.scalar(), other.ty.scalar())
        {
            return Some(ListItems::Value(value));
        }
        let message = format!("{}, but {}", subject.is(), other.is());
        self.report(
            Diagnostic::new(codes::E0302, other.span, message)
                .here("a list of the same kind is needed here")
                .label(subject.span, format!("this is {}", subject.kind()))
                .help("write a list such as `[\"a\", \"b\"]`, a param, or a list of the contact"),
        );
        None
    }

    fn list_constants(&mut self, subject: &Subject, list: &ListLiteral) -> Option<Vec<Constant>> {
        let mut constants = Vec::with_capacity(list.items.len());
        let mut whole = true;
        for item in &list.items {
            let constant = match &item.kind {
                ExprKind::Param(name) if self.names.lets.contains_key(name.value.as_str()) => {
                    let message = format!("`${}` is a value of each contact, and a list holds constants", name.value);
                    self.report(
                        Diagnostic::new(codes::E0302, item.span, message).help("compare with `=` instead, once for each value"),
                    );
                    None
                }
                _ => match self.value(item) {
                    Some((ValueExpr::Constant(constant), _)) => self.fitting_constant(subject, constant, item.span),
                    _ => None,
                },
            };
            whole &= constant.is_some();
            constants.extend(constant);
        }
        whole.then_some(constants)
    }

    fn list_param(&mut self, subject: &Subject, name: &Name) -> Option<Vec<Constant>> {
        let Some(param) = self.params.get(&name.value) else {
            self.unknown_param(name);
            return None;
        };
        let span = param.span;
        let constants = match param.value.clone()? {
            ParamConstant::List(constants) => constants,
            ParamConstant::One(constant) => {
                let message = format!("`${}` is {}, and a list is needed here", name.value, constant.kind());
                let help = format!("write `= ${}`, or make the param a list", name.value);
                self.report(Diagnostic::new(codes::E0302, name.span, message).label(span, "defined here").help(help));
                return None;
            }
        };
        if let Some(other) = constants.iter().find(|c| !c.fits(subject.ty.scalar())) {
            let message = format!("{}, but the items of `${}` are {}", subject.is(), name.value, other.kind());
            self.report(
                Diagnostic::new(codes::E0302, name.span, message)
                    .label(span, "defined here")
                    .label(subject.span, format!("this is {}", a_type(subject.ty)))
                    .help("change the type of the param"),
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
}

/// The same constant as the other type would write it, where that is certain.
fn rewritten(constant: &Constant, wanted: Scalar, zone: chrono_tz::Tz) -> Option<String> {
    match (constant, wanted) {
        (Constant::Number(n), Scalar::Text) => Some(format!("\"{n}\"")),
        (Constant::Bool(b), Scalar::Text) => Some(format!("\"{b}\"")),
        (Constant::Text(text), Scalar::Number { .. }) => text.trim().parse::<Decimal>().ok().map(|n| n.to_string()),
        (Constant::Text(text), Scalar::Date) => time::parse_date(text).ok().map(|_| text.clone()),
        (Constant::Text(text), Scalar::Time) => (time::parse_date(text).is_ok()
            || text.contains('T') && time::parse_instant(text, zone).is_ok())
        .then(|| text.clone()),
        (Constant::Text(text), Scalar::Bool) => matches!(text.as_str(), "true" | "false").then(|| text.clone()),
        _ => None,
    }
}
