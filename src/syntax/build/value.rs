//! Values and lists.

use super::{Context, condition, literal as literals, name, path, time};
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Aggregate, Argument, ArithmeticOp, EventRef, Expr, ExprKind, ListLiteral, ListOperand, Literal, Part};
use crate::syntax::parse::{Node, NodeKind};

/// Operators in one value at most: what is evaluated nests as deep as they are many.
const MAX_OPERATORS: usize = 256;

/// A value from an `expr` node.
pub(super) fn expr(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    chain(cx, node, product)
}

fn product(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    chain(cx, node, primary)
}

/// `a + b - c`: operands and operators in turn.
fn chain(cx: &mut Context<'_>, node: &Node<'_>, operand: fn(&mut Context<'_>, &Node<'_>) -> Expr) -> Expr {
    let Some((first, rest)) = node.children.split_first() else { return hole(node) };
    let first_value = operand(cx, first);
    let (pairs, _) = rest.as_chunks::<2>();
    if pairs.is_empty() {
        return first_value;
    }
    if let Some([operator, _]) = pairs.get(MAX_OPERATORS) {
        cx.report(
            Diagnostic::new(codes::E0312, operator.span, format!("more than {MAX_OPERATORS} operators in one value"))
                .help("give names to parts of it with `let $part = ...`"),
        );
    }
    let rest = pairs.iter().take(MAX_OPERATORS).map(|[operator, right]| {
        let value = match operator.kind {
            NodeKind::op_add => ArithmeticOp::Add,
            NodeKind::op_subtract => ArithmeticOp::Subtract,
            NodeKind::op_multiply => ArithmeticOp::Multiply,
            _ => ArithmeticOp::Divide,
        };
        (Literal { value, span: operator.span }, operand(cx, right))
    });
    let kind = ExprKind::Chain(Box::new(first_value), rest.collect());
    Expr { kind, span: node.span }
}

fn primary(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    let Some(inner) = node.children.first() else { return hole(node) };
    match inner.kind {
        NodeKind::parenthesis => inner.child(NodeKind::expr).map_or_else(|| hole(inner), |e| expr(cx, e)),
        NodeKind::literal => literal(cx, inner),
        NodeKind::field_ref => field(inner),
        NodeKind::param_ref => param(inner),
        NodeKind::aggregate => aggregate(cx, inner),
        NodeKind::conditional => conditional(cx, inner),
        _ => part(cx, inner),
    }
}

fn conditional(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    let condition = node.child(NodeKind::condition).map(|c| condition(cx, c));
    let mut values = node.all(NodeKind::expr).map(|e| expr(cx, e));
    match (condition, values.next(), values.next()) {
        (Some(condition), Some(then), Some(otherwise)) => {
            Expr { kind: ExprKind::If(Box::new(condition), Box::new(then), Box::new(otherwise)), span: node.span }
        }
        _ => hole(node),
    }
}

fn part(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    let of = match (node.child(NodeKind::expr), node.child(NodeKind::attr_path)) {
        (Some(inner), _) => expr(cx, inner),
        (None, Some(bare)) => Expr { kind: ExprKind::Bare(path(bare)), span: bare.span },
        _ => return hole(node),
    };
    let kind = match part_of(node) {
        Some(part) => ExprKind::Part(part, Box::new(of)),
        None => ExprKind::Logistic(Box::new(of)),
    };
    Expr { kind, span: node.span }
}

/// Which part a `part` node means; nothing for `logistic`.
pub(super) fn part_of(node: &Node<'_>) -> Option<Literal<Part>> {
    let name = node.child(NodeKind::part_name)?;
    let value = match name.text {
        "year" => Part::Year,
        "month" => Part::Month,
        "day" => Part::Day,
        "weekday" => Part::Weekday,
        "hour" => Part::Hour,
        "size" => Part::Size,
        _ => return None,
    };
    Some(Literal { value, span: name.span })
}

fn hole(node: &Node<'_>) -> Expr {
    Expr { kind: ExprKind::Hole, span: node.span }
}

/// A value from a `literal` node.
pub(super) fn literal(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    let Some(inner) = node.children.first() else { return hole(node) };
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
        None => hole(node),
    }
}

fn param(node: &Node<'_>) -> Expr {
    match node.child(NodeKind::param_name) {
        Some(param) => Expr { kind: ExprKind::Param(name(param)), span: node.span },
        None => hole(node),
    }
}

fn aggregate(cx: &mut Context<'_>, node: &Node<'_>) -> Expr {
    let (Some(function), Some(event)) = (node.child(NodeKind::aggregate_name), node.child(NodeKind::event_ref)) else {
        return hole(node);
    };
    let aggregate = Aggregate {
        function: Literal { value: function.text.to_owned(), span: function.span },
        event: event_ref(cx, event),
        attr: node.child(NodeKind::attr_path).map(path),
        filter: node.child(NodeKind::r#where).and_then(|w| condition::where_filter(cx, w)),
        window: node.child(NodeKind::window).map(|w| time::window(cx, w)),
        arguments: node.children.iter().filter_map(|argument| self::argument(cx, argument)).collect(),
    };
    Expr { kind: ExprKind::Aggregate(Box::new(aggregate)), span: node.span }
}

fn argument(cx: &mut Context<'_>, node: &Node<'_>) -> Option<Argument> {
    match node.kind {
        NodeKind::duration => Some(Argument::Duration(Literal { value: time::duration(cx, node), span: node.span })),
        NodeKind::number => Some(Argument::Number(Literal { value: literals::number(cx, node), span: node.span })),
        _ => None,
    }
}

/// Which events are meant.
pub(super) fn event_ref(cx: &mut Context<'_>, node: &Node<'_>) -> EventRef {
    match node.children.first() {
        Some(inner) if inner.kind == NodeKind::event_name => EventRef::Name(name(inner)),
        Some(inner) if inner.kind == NodeKind::event_union => {
            EventRef::Union(Literal { value: inner.all(NodeKind::event_name).map(name).collect(), span: inner.span })
        }
        Some(inner) if inner.kind == NodeKind::event_prefix => match inner.child(NodeKind::string) {
            Some(prefix) => EventRef::Prefix(literals::string(cx, prefix)),
            None => EventRef::Any(inner.span),
        },
        _ => EventRef::Any(node.span),
    }
}

/// `["a", "b"]`
pub(super) fn list_literal(cx: &mut Context<'_>, node: &Node<'_>) -> ListLiteral {
    // Lists may be long.
    let mut items = Vec::with_capacity(node.children.len());
    items.extend(node.all(NodeKind::list_item).filter_map(|item| item.children.first()).map(|item| match item.kind {
        NodeKind::param_ref => param(item),
        _ => literal(cx, item),
    }));
    ListLiteral { items, span: node.span }
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
