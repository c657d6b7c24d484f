//! Windows: on events, and as tests on dates and times.

use super::Checker;
use super::events::a_type;
use super::operands::Operand;
use super::subject::Subject;
use super::typed::{Constant, EventWindow, Side, ValueExpr, ValueWindow};
use crate::diag::{Applicability, Diagnostic, codes};
use crate::schema::{ColumnType, Scalar};
use crate::syntax::Span;
use crate::syntax::ast::{self, Expr, WindowKind};
use crate::time::{Clock, Duration, Point, Window};

impl Checker<'_> {
    /// The window of an event; `None` after a report.
    pub(super) fn event_window(&mut self, window: &ast::Window) -> Option<EventWindow> {
        if let WindowKind::Next(_) = window.kind {
            let message = "events lie in the past: none is within the next days";
            self.report(
                Diagnostic::new(codes::E0404, window.span, message)
                    .help("write `within 30d` for the past; `within next` is for dates of the contact"),
            );
            return None;
        }
        self.window(&window.kind)
    }

    /// A window; `None` after a report.
    pub(super) fn window(&mut self, kind: &WindowKind) -> Option<EventWindow> {
        Some(EventWindow::Fixed(match kind {
            WindowKind::Within(duration) => Window::Within(*duration),
            WindowKind::Next(duration) => Window::Next(*duration),
            WindowKind::OlderThan(duration) => Window::OlderThan(*duration),
            WindowKind::Between(a, b) => {
                let (from, to) = (self.window_end(a), self.window_end(b));
                match (from?, to?) {
                    (ValueExpr::Constant(Constant::Point(from)), ValueExpr::Constant(Constant::Point(to))) => {
                        self.ordered(&from, &to, a.span, b.span)?;
                        Window::Between(from, to)
                    }
                    (from, to) => return Some(EventWindow::PerContact(ValueWindow::Between(from, to))),
                }
            }
            WindowKind::Before(x) => return self.one_end(x, Window::Before, ValueWindow::Before),
            WindowKind::After(x) => return self.one_end(x, Window::After, ValueWindow::After),
            WindowKind::Since(x) => return self.one_end(x, Window::Since, ValueWindow::Since),
            WindowKind::On(x) => return self.one_end(x, Window::On, ValueWindow::On),
            WindowKind::This(unit) => Window::This(*unit),
            WindowKind::Last(count, unit) => Window::Last { count: *count, unit: *unit },
            WindowKind::Anchored(duration, after, name) => return self.anchored(*duration, *after, name),
        }))
    }

    fn anchored(&mut self, duration: Duration, after: bool, name: &ast::Name) -> Option<EventWindow> {
        let field = self.field(name)?;
        let column = self.schema.field_column(field)?;
        if !matches!(column.ty, ColumnType::Scalar(Scalar::Date | Scalar::Time)) {
            let message =
                format!("field `{}` is {}, and a window is counted from a date or a time", name.value, a_type(column.ty));
            self.report(Diagnostic::new(codes::E0302, name.span, message).help("name a field that holds a date or a time"));
            return None;
        }
        let side = if after { Side::After } else { Side::Before };
        Some(EventWindow::PerContact(ValueWindow::Anchored { duration, side, field }))
    }

    fn one_end(&mut self, x: &Expr, fixed: fn(Point) -> Window, own: fn(ValueExpr) -> ValueWindow) -> Option<EventWindow> {
        Some(match self.window_end(x)? {
            ValueExpr::Constant(Constant::Point(point)) => EventWindow::Fixed(fixed(point)),
            value => EventWindow::PerContact(own(value)),
        })
    }

    fn window_end(&mut self, expr: &Expr) -> Option<ValueExpr> {
        self.operand(&Subject::instant("a window", expr.span), expr).map(Operand::into_value)
    }

    /// Reports `between a and b` when b lies before a at every time.
    pub(super) fn ordered(&mut self, from: &Point, to: &Point, from_span: Span, to_span: Span) -> Option<()> {
        // Both absolute or both relative: then any clock tells, up to the length of a month.
        if is_absolute(from) != is_absolute(to) {
            return Some(());
        }
        let clock = |now| Clock { now, zone: self.schema.timezone };
        let backwards = [1_700_000_000_000, 1_708_000_000_000].into_iter().map(clock).all(|clock| {
            if from.is_day() && to.is_day() {
                clock.day(from) > clock.day(to)
            } else {
                clock.point_instants(from).lo > clock.point_instants(to).hi
            }
        });
        if !backwards {
            return Some(());
        }
        let mut diagnostic =
            Diagnostic::new(codes::E0401, from_span.to(to_span), "the range ends before it begins: nothing lies in it")
                .label(from_span, "this is later")
                .label(to_span, "than this")
                .help("write the earlier end first");
        diagnostic.fixes.push(swap(self.text_of(from_span), from_span, self.text_of(to_span), to_span));
        self.report(diagnostic);
        None
    }
}

/// The fix that exchanges two places.
pub(super) fn swap(a: String, a_span: Span, b: String, b_span: Span) -> crate::diag::Fix {
    crate::diag::Fix {
        title: "swap the ends".to_owned(),
        applicability: Applicability::Certain,
        edits: vec![crate::diag::Edit { span: a_span, text: b }, crate::diag::Edit { span: b_span, text: a }],
    }
}

fn is_absolute(point: &Point) -> bool {
    match point {
        Point::Day(_) | Point::Instant(_) => true,
        Point::StartOf { of, .. } => is_absolute(of),
        _ => false,
    }
}
