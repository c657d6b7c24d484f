//! What is tested, and what it is compared with.

use super::Checker;
use super::conditions::unknown;
use super::events::a_type;
use super::suggest;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::schema::{Column, ColumnType, FieldId, Scalar};
use crate::syntax::Span;
use crate::syntax::ast::{Expr, ExprKind, ListLiteral, Name};
use crate::time::{self, Point};
use crate::value::Decimal;

/// The left side of a test.
pub(super) struct Subject {
    /// Its type.
    pub ty: ColumnType,
    /// The closed set of its texts.
    pub values: Option<Vec<String>>,
    /// What people call it: ``field `Kraj` ``.
    pub what: String,
    /// Where it stands.
    pub span: Span,
    /// Whether it is a field or an attribute, rather than made from events.
    pub stored: bool,
}

impl Subject {
    /// A field or an attribute.
    pub fn column(what: &str, column: &Column, span: Span) -> Self {
        Self { ty: column.ty, values: column.values.clone(), what: format!("{what} `{}`", column.name), span, stored: true }
    }

    /// A count or a sum.
    pub fn number(what: &str, span: Span) -> Self {
        Self { ty: ColumnType::Scalar(Scalar::Number { decimals: 0 }), values: None, what: what.to_owned(), span, stored: false }
    }

    /// An instant.
    pub fn instant(what: &str, span: Span) -> Self {
        Self { ty: ColumnType::Scalar(Scalar::Time), values: None, what: what.to_owned(), span, stored: false }
    }

    /// The contact's id.
    pub fn contact_id(span: Span) -> Self {
        Self { ty: ColumnType::Scalar(Scalar::Text), values: None, what: "`contact_id`".to_owned(), span, stored: false }
    }

    /// `field `Kraj` is text`
    pub fn is(&self) -> String {
        format!("{} is {}", self.what, a_type(self.ty))
    }
}

/// A constant of a script.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Number(Decimal),
    Text(String),
    Bool(bool),
    Point(Point),
}

impl Constant {
    /// `a number`, `text`, ...
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Bool(_) => "true or false",
            Self::Point(_) => "a point in time",
        }
    }

    /// Whether it can be compared with values of a type.
    pub fn fits(&self, scalar: Scalar) -> bool {
        matches!(
            (self, scalar),
            (Self::Number(_), Scalar::Number { .. })
                | (Self::Text(_), Scalar::Text)
                | (Self::Bool(_), Scalar::Bool)
                | (Self::Point(_), Scalar::Date | Scalar::Time)
        )
    }
}

/// The right side of a test.
pub(super) enum Operand {
    Constant(Constant),
    Field(FieldId, Scalar),
}

impl Checker<'_> {
    /// The operand that `subject` is compared with; `None` after a report.
    pub(super) fn operand(&mut self, subject: &Subject, expr: &Expr) -> Option<Operand> {
        if let ExprKind::Field(name) = &expr.kind {
            return self.field_operand(subject, name);
        }
        self.constant_for(subject, expr).map(Operand::Constant)
    }

    fn field_operand(&mut self, subject: &Subject, name: &Name) -> Option<Operand> {
        let id = self.field(name)?;
        let column = self.schema.field_column(id)?;
        let (scalar, fits) = match (subject.ty, column.ty) {
            (ColumnType::Scalar(left), ColumnType::Scalar(right)) => {
                (right, std::mem::discriminant(&left) == std::mem::discriminant(&right))
            }
            (_, right) => (right.scalar(), false),
        };
        if fits {
            return Some(Operand::Field(id, scalar));
        }
        let message = format!("{}, but field `{}` is {}", subject.is(), name.value, a_type(column.ty));
        self.report(
            Diagnostic::new(codes::E0302, name.span, message)
                .label(subject.span, format!("this is {}", a_type(subject.ty)))
                .help("compare values of one type"),
        );
        None
    }

    /// A constant that fits `subject`; `None` after a report.
    pub(super) fn constant_for(&mut self, subject: &Subject, expr: &Expr) -> Option<Constant> {
        let constant = self.constant(expr)?;
        let scalar = subject.ty.scalar();
        if constant.fits(scalar) {
            if let (Constant::Text(text), Some(values)) = (&constant, &subject.values) {
                self.closed_set(subject, text, values, expr.span)?;
            }
            return Some(constant);
        }
        let message = format!("{}, but this is {}", subject.is(), constant.kind());
        let mut diagnostic = Diagnostic::new(codes::E0302, expr.span, message)
            .here(format!("this is {}", constant.kind()))
            .label(subject.span, format!("this is {}", a_type(subject.ty)));
        if let Some(text) = rewritten(&constant, scalar, self.schema.timezone) {
            diagnostic = diagnostic.help(format!("write `{text}`")).fix(
                Applicability::Certain,
                format!("write `{text}`"),
                expr.span,
                text,
            );
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
        let known: Vec<String> = values.iter().map(|v| format!("`{v}`")).collect();
        let mut diagnostic = Diagnostic::new(codes::E0203, span, message).here("not one of its values");
        if let Some(near) = near {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?")).fix(
                Applicability::Maybe,
                format!("replace with `{near}`"),
                span,
                quoted(near),
            );
        }
        self.report(diagnostic.help(format!("its values are {}", known.join(", "))));
        None
    }

    /// The constant that an expression says; reports whatever is not constant.
    pub(super) fn constant(&mut self, expr: &Expr) -> Option<Constant> {
        match &expr.kind {
            ExprKind::Number(n) => Some(Constant::Number(*n)),
            ExprKind::Text(text) => Some(Constant::Text(text.clone())),
            ExprKind::Bool(b) => Some(Constant::Bool(*b)),
            ExprKind::Point(point) => self.point(point, expr.span).map(Constant::Point),
            ExprKind::Param(name) => self.param(name, expr.span),
            ExprKind::Field(name) => {
                let message = format!("a constant is needed here, not field `{}`", name.value);
                self.report(Diagnostic::new(codes::E0302, expr.span, message).help("write a literal or a param"));
                None
            }
            ExprKind::Aggregate(aggregate) => {
                self.unsupported(&format!("comparing with `{}(...)`", aggregate.function.value), expr.span);
                None
            }
            ExprKind::Unsupported(what) => {
                self.unsupported(what, expr.span);
                None
            }
        }
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

    fn param(&mut self, name: &Name, span: Span) -> Option<Constant> {
        if let Some(param) = self.params.get(&name.value) {
            match &param.value {
                Some(super::params::ParamConstant::One(constant)) => Some(constant.clone()),
                Some(super::params::ParamConstant::List(_)) => {
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
        } else {
            self.unknown_param(name);
            None
        }
    }

    pub(super) fn unknown_param(&mut self, name: &Name) {
        let near = suggest::nearest(&name.value, self.params.names());
        self.report(
            unknown(codes::E0206, "param", name, near).help_if(near.is_none(), "define it with `param $name: type = value`"),
        );
    }

    /// Every constant of a list; reports items that are of another kind than the first.
    pub(super) fn list_constants(&mut self, subject: &Subject, list: &ListLiteral) -> Option<Vec<Constant>> {
        let items: Vec<Option<Constant>> = list.items.iter().map(|item| self.constant_for(subject, item)).collect();
        items.into_iter().collect()
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

/// A text as a literal of the language.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
