//! Values: one for each contact.

use super::Checker;
use super::conditions::{known_names, unknown};
use super::subject::{Records, Subject, comparable};
use super::suggest;
use super::typed::{ArithmeticOp, Constant, DefinitionId, Part, ValueExpr};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::schema::{ColumnType, FieldId, Scalar};
use crate::syntax::Span;
use crate::syntax::ast::{Expr, ExprKind, Literal, Name};
use crate::value::{Decimal, LOGISTIC_DECIMALS, Number};

impl Checker<'_> {
    /// A value and what can be said of it in a test; `None` after a report.
    pub(super) fn value(&mut self, expr: &Expr) -> Option<(ValueExpr, Subject)> {
        match &expr.kind {
            ExprKind::Number(n) => Some(constant(Constant::Number(*n), expr.span)),
            ExprKind::Text(text) => Some(constant(Constant::Text(text.clone()), expr.span)),
            ExprKind::Bool(b) => Some(constant(Constant::Bool(*b), expr.span)),
            ExprKind::Point(point) => self.point(point, expr.span).map(|p| constant(Constant::Point(p), expr.span)),
            ExprKind::Param(name) => self.dollar(name, expr.span),
            ExprKind::Field(name) if name.value == "contact_id" => {
                Some((ValueExpr::ContactId, Subject::scalar(Scalar::Text, "`contact_id`", name.span)))
            }
            ExprKind::Field(name) => self.field_value(name),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, expr.span),
            ExprKind::Chain(first, rest) => self.chain(first, rest, expr.span),
            ExprKind::If(condition, then, otherwise) => {
                let condition = self.condition(condition);
                let (then, otherwise) = (self.value(then), self.value(otherwise));
                let ((then, a), (otherwise, b)) = (then?, otherwise?);
                self.one_type(&a, &b)?;
                let value = ValueExpr::If(Box::new(condition), Box::new(then), Box::new(otherwise));
                Some((value, a.free().named("`if(...)`", expr.span)))
            }
            ExprKind::Part(part, of) => {
                let (of, subject) = self.value(of)?;
                self.part(part, &subject)?;
                let what = format!("`{}(...)`", part.value.name());
                Some((ValueExpr::Part(part.value, Box::new(of)), Subject::number(what, expr.span)))
            }
            ExprKind::Bare(name) => {
                let mut diagnostic = Diagnostic::new(codes::E0313, name.span, format!("`{}` is not a value here", name.value));
                if self.schema.field(&name.value).is_some() {
                    let text = format!("field {}", super::conditions::spelled(&name.value));
                    diagnostic = diagnostic.help(format!("write `{text}`")).fix(
                        Applicability::Certain,
                        format!("write `{text}`"),
                        name.span,
                        text,
                    );
                } else {
                    diagnostic = diagnostic.help("write `field name`; attributes stand after `where` only");
                }
                self.report(diagnostic);
                None
            }
            ExprKind::Logistic(of) => {
                let value = match self.number(of)? {
                    ValueExpr::Constant(Constant::Number(n)) => {
                        let scaled = i128::from(Number::from(n).logistic_scaled());
                        ValueExpr::Constant(Constant::Number(Decimal::new(scaled, LOGISTIC_DECIMALS)))
                    }
                    of => ValueExpr::Logistic(Box::new(of)),
                };
                Some((value, Subject::number("`logistic(...)`", expr.span)))
            }
            ExprKind::Hole => None,
        }
    }

    /// `$name`: a param or a value.
    fn dollar(&mut self, name: &Name, span: Span) -> Option<(ValueExpr, Subject)> {
        let Some(index) = self.names.lets.get(name.value.as_str()) else {
            return self.param(name, span).map(|c| constant(c, span));
        };
        // Without an identifier it is part of a cycle or has a mistake of its own, which has been reported.
        let Some(DefinitionId::Let(id)) = self.ids.get(*index).copied().flatten() else { return None };
        let subject = self.let_subjects.get(id.0 as usize)?.clone();
        let value = match self.program.lets.get(id.0 as usize).map(|l| &l.value) {
            // A constant stays one, so that tests against it are as fast as against a literal.
            Some(ValueExpr::Constant(constant)) => ValueExpr::Constant(constant.clone()),
            _ => ValueExpr::Let(id),
        };
        Some((value, subject.named(format!("`${}`", name.value), span)))
    }

    fn field_value(&mut self, name: &Name) -> Option<(ValueExpr, Subject)> {
        if let Some(id) = self.schema.field(&name.value) {
            let column = self.schema.field_column(id)?;
            return Some((ValueExpr::Field(id), Subject::column("field", column, name.span)));
        }
        let prefix = format!("{}.", name.value);
        let member = self.schema.fields.iter().position(|c| c.name.starts_with(&prefix) && matches!(c.ty, ColumnType::Item(_)));
        if let Some(id) = member.and_then(|p| u16::try_from(p).ok()).map(FieldId) {
            let column = self.schema.field_column(id)?;
            let mut subject = Subject::column("field", column, name.span).named(format!("field `{}`", name.value), name.span);
            subject.values = None;
            subject.records = Some(Records { event: None, name: name.value.clone() });
            return Some((ValueExpr::Field(id), subject));
        }
        self.unknown_field(name);
        None
    }

    /// The field of a name, which must be a column; reports an unknown one.
    pub(super) fn field(&mut self, name: &Name) -> Option<FieldId> {
        let id = self.schema.field(&name.value);
        if id.is_none() {
            self.unknown_field(name);
        }
        id
    }

    fn unknown_field(&mut self, name: &Name) {
        let prefix = format!("{}.", name.value);
        let near = suggest::nearest(&name.value, self.schema.fields.iter().map(|f| f.name.as_str()));
        let mut diagnostic = unknown(codes::E0201, "field", name, near);
        if let Some(member) = self.schema.fields.iter().find(|f| f.name.starts_with(&prefix)) {
            diagnostic =
                diagnostic.help(format!("`{}` is a record: name one of its parts, such as `{}`", name.value, member.name));
        } else if self.schema.event(&name.value).is_some() {
            diagnostic = diagnostic.help(format!("there is an event of this name: `event {}`", name.value));
        } else if near.is_none() {
            diagnostic = diagnostic.help(known_names("fields", self.schema.fields.iter().map(|f| f.name.as_str())));
        }
        self.report(diagnostic);
    }

    fn chain(&mut self, first: &Expr, rest: &[(Literal<ArithmeticOp>, Expr)], span: Span) -> Option<(ValueExpr, Subject)> {
        let mut left = self.number(first);
        for (op, right) in rest {
            let right = self.number(right);
            left = match (left, right) {
                (Some(left), Some(right)) => Some(folded(left, op.value, right)),
                _ => None,
            };
        }
        left.map(|value| (value, Subject::number("this calculation", span)))
    }

    /// A number to calculate with; reports other values.
    fn number(&mut self, expr: &Expr) -> Option<ValueExpr> {
        let (value, subject) = self.value(expr)?;
        if matches!(subject.single(), Some(Scalar::Number { .. })) {
            return Some(value);
        }
        let message = format!("calculations take numbers, and {}", subject.is());
        let diagnostic = Diagnostic::new(codes::E0304, expr.span, message).here(format!("this is {}", subject.kind()));
        self.report(match subject.single() {
            Some(Scalar::Date | Scalar::Time) => {
                diagnostic.help("to test how long ago it was, write `older than 30d` or `within 30d`")
            }
            Some(Scalar::Bool) => diagnostic.help("write `if(condition, 1, 0)` to count it as a number"),
            _ => diagnostic.help("calculate with numbers, such as `count(...)` or `sum(...)`"),
        });
        None
    }

    /// Reports the branches of an `if` that have different types.
    fn one_type(&mut self, a: &Subject, b: &Subject) -> Option<()> {
        let same = match (a.single(), b.single()) {
            (Some(a), Some(b)) => std::mem::discriminant(&a) == std::mem::discriminant(&b),
            (None, None) => comparable(a.ty.scalar(), b.ty.scalar()) && a.records.is_none() && b.records.is_none(),
            _ => false,
        };
        if same {
            return Some(());
        }
        let message = format!("`if` gives {} or {}", a.kind(), b.kind());
        self.report(
            Diagnostic::new(codes::E0306, b.span, message)
                .here(format!("this is {}", b.kind()))
                .label(a.span, format!("this is {}", a.kind()))
                .help("give both the same type"),
        );
        None
    }

    /// Reports a part that a value of this type does not have.
    pub(super) fn part(&mut self, part: &Literal<Part>, of: &Subject) -> Option<()> {
        let fits = match part.value {
            Part::Size => of.ty.is_list(),
            Part::Hour => of.single() == Some(Scalar::Time),
            _ => matches!(of.single(), Some(Scalar::Date | Scalar::Time)),
        };
        if fits {
            return Some(());
        }
        let wanted = match part.value {
            Part::Size => "lists",
            Part::Hour => "times",
            _ => "dates and times",
        };
        let message = format!("`{}(...)` is for {wanted}, and {}", part.value.name(), of.is());
        let diagnostic = Diagnostic::new(codes::E0307, part.span, message).label(of.span, format!("this is {}", of.kind()));
        let is_date = of.single() == Some(Scalar::Date);
        self.report(if is_date && part.value == Part::Hour {
            diagnostic.help("a date has no hour; its type would have to be `time`")
        } else {
            diagnostic.help(format!("use it on {wanted}"))
        });
        None
    }
}

impl Part {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Weekday => "weekday",
            Self::Hour => "hour",
            Self::Size => "size",
        }
    }
}

fn constant(constant: Constant, span: Span) -> (ValueExpr, Subject) {
    let subject = Subject::scalar(constant.scalar(), "this constant", span);
    (ValueExpr::Constant(constant), subject)
}

/// The operation, or its result where both sides are constants and the result is a decimal.
fn folded(left: ValueExpr, op: ArithmeticOp, right: ValueExpr) -> ValueExpr {
    if let (ValueExpr::Constant(Constant::Number(a)), ValueExpr::Constant(Constant::Number(b))) = (&left, &right)
        && let Some(result) = op.apply(Number::from(*a), Number::from(*b)).and_then(|n| Decimal::try_from(n).ok())
    {
        return ValueExpr::Constant(Constant::Number(result));
    }
    ValueExpr::Arithmetic(Box::new(left), op, Box::new(right))
}

impl ArithmeticOp {
    /// The result; `None` for division by zero and for what is too large, see [`Number`].
    #[must_use]
    pub fn apply(self, a: Number, b: Number) -> Option<Number> {
        match self {
            Self::Add => a.add(b),
            Self::Subtract => a.subtract(b),
            Self::Multiply => a.multiply(b),
            Self::Divide => a.divide(b),
        }
    }
}
