//! Values and lists.

use super::{Context, condition, literal as literals, name, path, time};
use crate::syntax::ast::{Aggregate, EventRef, Expr, ExprKind, ListLiteral, ListOperand, Literal};
use crate::syntax::parse::{Node, NodeKind};

/// A value from an `expr` node.
pub(super) fn expr(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    match node.children.as_slice() {
        [only] => product(cx, only),
        _ => unsupported(node, "arithmetic"),
    }
}

fn product(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    match node.children.as_slice() {
        [only] => primary(cx, only),
        _ => unsupported(node, "arithmetic"),
    }
}

fn primary(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    let Some(inner) = node.children.first() else { return unsupported(node, "this value") };
    match inner.kind {
        NodeKind::parenthesis => inner.child(NodeKind::expr).map_or_else(|| unsupported(inner, "this value"), |e| expr(cx, e)),
        NodeKind::literal => literal(cx, inner),
        NodeKind::field_ref => field(inner),
        NodeKind::param_ref => param(inner),
        NodeKind::aggregate => aggregate(cx, inner),
        NodeKind::conditional => unsupported(inner, "`if(...)`"),
        _ => unsupported(inner, part_words(inner)),
    }
}

fn part_words(node: &Node<'_>) -> &'static str {
    match node.child(NodeKind::part_name).map(|n| n.text) {
        Some("size") => "`size(...)`",
        Some("logistic") => "`logistic(...)`",
        _ => "a part of a date (`year(...)`, `hour(...)`)",
    }
}

fn unsupported(node: &Node<'_>, what: &'static str) -> Expr {
    Expr { kind: ExprKind::Unsupported(what), span: node.span }
}

/// A value from a `literal` node.
pub(super) fn literal(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    let Some(inner) = node.children.first() else { return unsupported(node, "this value") };
    let kind = match inner.kind {
        NodeKind::point => ExprKind::Point(time::point(cx, inner)),
        NodeKind::percent => ExprKind::Number(literals::percent(cx, inner)),
        NodeKind::number => ExprKind::Number(literals::number(cx, inner)),
        NodeKind::string => ExprKind::Text(literals::string(cx, inner).value),
        _ => ExprKind::Bool(inner.has(NodeKind::kw_true)),
    };
    Expr { kind, span: node.span }
}

fn field(node: &Node<'_>) -> Expr {
    match node.child(NodeKind::field_path) {
        Some(field) => Expr { kind: ExprKind::Field(path(field)), span: node.span },
        None => unsupported(node, "this value"),
    }
}

fn param(node: &Node<'_>) -> Expr {
    match node.child(NodeKind::param_name) {
        Some(param) => Expr { kind: ExprKind::Param(name(param)), span: node.span },
        None => unsupported(node, "this value"),
    }
}

fn aggregate(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    let (Some(function), Some(event)) = (node.child(NodeKind::aggregate_name), node.child(NodeKind::event_ref)) else {
        return unsupported(node, "this value");
    };
    let aggregate = Aggregate {
        function: Literal { value: function.text.to_owned(), span: function.span },
        event: event_ref(event),
        attr: node.child(NodeKind::attr_path).map(path),
        filter: node.child(NodeKind::r#where).and_then(|w| condition::where_filter(cx, w)),
        window: node.child(NodeKind::window).map(|w| time::window(cx, w)),
    };
    Expr { kind: ExprKind::Aggregate(Box::new(aggregate)), span: node.span }
}

/// Which events are meant.
pub(super) fn event_ref(node: &Node<'_>) -> EventRef {
    let unsupported = |what| EventRef::Unsupported(Literal { value: what, span: node.span });
    match node.children.first() {
        Some(inner) if inner.kind == NodeKind::event_name => EventRef::Name(name(inner)),
        Some(inner) if inner.kind == NodeKind::event_union => unsupported("a union of events (`event [A, B]`)"),
        Some(inner) if inner.kind == NodeKind::event_prefix => unsupported("a prefix of event names (`event \"TEST_\"*`)"),
        _ => unsupported("`event any`"),
    }
}

/// `["a", "b"]`
pub(super) fn list_literal(cx: &mut Context<'_>, node: &Node<'_>) -> ListLiteral {
    let items = node.all(NodeKind::list_item).filter_map(|item| item.children.first()).map(|item| match item.kind {
        NodeKind::param_ref => param(item),
        _ => literal(cx, item),
    });
    ListLiteral { items: items.collect(), span: node.span }
}

/// What stands after `in` and `has any of`.
pub(super) fn list_operand(cx: &mut Context<'_>, node: &Node<'_>) -> ListOperand {
    let Some(inner) = node.children.first() else { return ListOperand::List(ListLiteral { items: Vec::new(), span: node.span }) };
    match inner.kind {
        NodeKind::list_literal => ListOperand::List(list_literal(cx, inner)),
        NodeKind::param_ref => ListOperand::Param(inner.child(NodeKind::param_name).map_or_else(|| name(inner), name)),
        _ => ListOperand::Field(inner.child(NodeKind::field_path).map_or_else(|| path(inner), path)),
    }
}
