//! Durations, points in time and windows.

use super::{Context, literal, path, value};
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Expr, Point, Window, WindowKind};
use crate::syntax::parse::{Node, NodeKind};
use crate::time::{self, CalendarUnit, Duration, parse_duration};

/// A compound duration such as `1h30min`.
pub(super) fn duration(cx: &mut Context<'_>, node: &Node<'_>) -> Duration {
    parse_duration(node.text).unwrap_or_else(|| {
        let message = format!("`{}` is longer than a length of time can be", node.text);
        cx.report(Diagnostic::new(codes::E0107, node.span, message).help("write a length such as `30d` or `6mo`"));
        Duration::default()
    })
}

fn child_duration(cx: &mut Context<'_>, node: &Node<'_>) -> Duration {
    node.child(NodeKind::duration).map_or_else(Duration::default, |d| duration(cx, d))
}

/// A point in time, from a `point` node.
pub(super) fn point(cx: &mut Context<'_>, node: &Node<'_>) -> Point {
    node.children.first().map_or(Point::Resolved(time::Point::Now), |form| moment(cx, form))
}

/// A point in time, from the node of one of its forms.
pub(super) fn moment(cx: &mut Context<'_>, node: &Node<'_>) -> Point {
    if node.kind == NodeKind::instant {
        return Point::Instant(node.text.to_owned());
    }
    Point::Resolved(match node.kind {
        NodeKind::date => date(cx, node),
        NodeKind::today => time::Point::Today,
        NodeKind::yesterday => time::Point::Yesterday,
        NodeKind::relative => relative(cx, node),
        NodeKind::start_of => start_of(cx, node),
        _ => time::Point::Now,
    })
}

fn date(cx: &mut Context<'_>, node: &Node<'_>) -> time::Point {
    match time::parse_date(node.text) {
        Ok(day) => time::Point::Day(day),
        Err(error) => {
            cx.report(Diagnostic::new(codes::E0106, node.span, error.to_string()));
            time::Point::Today
        }
    }
}

fn relative(cx: &mut Context<'_>, node: &Node<'_>) -> time::Point {
    let duration = child_duration(cx, node);
    if node.has(NodeKind::kw_ago) { time::Point::Ago(duration) } else { time::Point::FromNow(duration) }
}

fn start_of(cx: &mut Context<'_>, node: &Node<'_>) -> time::Point {
    let last = node.child(NodeKind::start_of_last);
    let unit = last.unwrap_or(node).child(NodeKind::period).map_or(CalendarUnit::Day, |p| calendar_unit(p.text));
    let of = node.child(NodeKind::relative).map_or(time::Point::Now, |r| relative(cx, r));
    time::Point::StartOf { unit, back: u32::from(last.is_some()), of: Box::new(of) }
}

fn calendar_unit(word: &str) -> CalendarUnit {
    match word.trim_end_matches('s') {
        "week" => CalendarUnit::Week,
        "month" => CalendarUnit::Month,
        "quarter" => CalendarUnit::Quarter,
        "year" => CalendarUnit::Year,
        _ => CalendarUnit::Day,
    }
}

/// A window, from a `window` node.
pub(super) fn window(cx: &mut Context<'_>, node: &Node<'_>) -> Window {
    let kind = node.children.first().map_or(WindowKind::This(CalendarUnit::Day), |inner| window_kind(cx, inner));
    Window { kind, span: node.span }
}

fn window_kind(cx: &mut Context<'_>, node: &Node<'_>) -> WindowKind {
    match node.kind {
        NodeKind::within => within(cx, node),
        NodeKind::older_than => WindowKind::OlderThan(child_duration(cx, node)),
        NodeKind::between => {
            let (a, b) = two(cx, node);
            WindowKind::Between(a, b)
        }
        NodeKind::before => WindowKind::Before(two(cx, node).0),
        NodeKind::after => WindowKind::After(two(cx, node).0),
        NodeKind::since => WindowKind::Since(two(cx, node).0),
        NodeKind::on => WindowKind::On(two(cx, node).0),
        NodeKind::this => WindowKind::This(node.child(NodeKind::period).map_or(CalendarUnit::Day, |p| calendar_unit(p.text))),
        NodeKind::last_periods => last(cx, node),
        NodeKind::yesterday => WindowKind::Last(1, CalendarUnit::Day),
        _ => WindowKind::This(CalendarUnit::Day),
    }
}

fn within(cx: &mut Context<'_>, node: &Node<'_>) -> WindowKind {
    let duration = child_duration(cx, node);
    if let Some(anchor) = node.child(NodeKind::anchor)
        && let Some(field) = anchor.child(NodeKind::field_path)
    {
        return WindowKind::Anchored(duration, anchor.has(NodeKind::kw_after), path(field));
    }
    if node.has(NodeKind::kw_next) { WindowKind::Next(duration) } else { WindowKind::Within(duration) }
}

fn last(cx: &mut Context<'_>, node: &Node<'_>) -> WindowKind {
    let count = node.child(NodeKind::integer).map_or(1, |n| {
        let count = literal::integer(cx, n);
        u32::try_from(count).ok().filter(|n| (1..=120_000).contains(n)).unwrap_or_else(|| {
            let message = format!("`last {}` is not a number of periods", n.text);
            cx.report(
                Diagnostic::new(codes::E0107, n.span, message).help("write a whole number from 1 on, such as `last 3 months`"),
            );
            1
        })
    });
    WindowKind::Last(count, node.child(NodeKind::periods).map_or(CalendarUnit::Day, |p| calendar_unit(p.text)))
}

/// The one or two values of a node; a missing second one repeats the first.
pub(super) fn two(cx: &mut Context<'_>, node: &Node<'_>) -> (Expr, Expr) {
    let mut values: Vec<Expr> = node.all(NodeKind::expr).map(|e| value::expr(cx, e)).collect();
    let second = values.pop().unwrap_or(Expr { kind: crate::syntax::ast::ExprKind::Hole, span: node.span });
    let first = values.pop().unwrap_or_else(|| second.clone());
    (first, second)
}
