//! `test` definitions.

use super::{Context, doc_above, literal, name, path, time, value};
use crate::syntax::ast::{
    Expectation, ExpectationKind, Expr, ExprKind, Literal, Name, TestContact, TestDef, TestEvent, TestItem, TestValue,
};
use crate::syntax::parse::{Node, NodeKind};

/// A test from a `test_def` node.
pub(super) fn test(cx: &mut Context<'_>, node: &Node<'_>) -> Option<TestDef> {
    let now = node.child(NodeKind::test_now).and_then(|now| now.child(NodeKind::instant).or(now.child(NodeKind::date)));
    Some(TestDef {
        doc: doc_above(cx.text, node.span),
        title: literal::string(cx, node.child(NodeKind::string)?),
        now: now.map(|now| Expr { kind: ExprKind::Point(time::moment(cx, now)), span: now.span }),
        items: node.children.iter().filter_map(|item| self::item(cx, item)).collect(),
    })
}

fn item(cx: &mut Context<'_>, node: &Node<'_>) -> Option<TestItem> {
    match node.kind {
        NodeKind::test_contact => Some(TestItem::Contact(TestContact {
            id: literal::string(cx, node.child(NodeKind::string)?),
            values: values(cx, node),
            at: node.child(NodeKind::test_at).and_then(|at| self::at(cx, at)),
        })),
        NodeKind::test_event => Some(TestItem::Event(TestEvent {
            contact: literal::string(cx, node.child(NodeKind::string)?),
            event: name(node.child(NodeKind::event_name)?),
            values: values(cx, node),
            at: at(cx, node.child(NodeKind::test_at)?)?,
        })),
        NodeKind::test_expect => {
            expectation(cx, node.children.get(1)?).map(|kind| TestItem::Expect(Expectation { kind, span: node.span }))
        }
        _ => None,
    }
}

fn at(cx: &mut Context<'_>, node: &Node<'_>) -> Option<Expr> {
    let point = node.child(NodeKind::point)?;
    Some(Expr { kind: ExprKind::Point(time::point(cx, point)), span: point.span })
}

/// The values of a node that has them as a child.
fn values(cx: &mut Context<'_>, node: &Node<'_>) -> Vec<(Name, TestValue)> {
    let Some(values) = node.child(NodeKind::test_values) else { return Vec::new() };
    let value = |node: &Node<'_>, cx: &mut Context<'_>| {
        let value = test_value(cx, node.child(NodeKind::test_literal)?)?;
        Some((path(node.child(NodeKind::field_path)?), value))
    };
    values.all(NodeKind::test_value).filter_map(|v| value(v, cx)).collect()
}

fn test_value(cx: &mut Context<'_>, node: &Node<'_>) -> Option<TestValue> {
    let inner = node.children.first()?;
    Some(match inner.kind {
        NodeKind::test_list => {
            TestValue::List(inner.all(NodeKind::test_literal).filter_map(|item| test_value(cx, item)).collect(), inner.span)
        }
        NodeKind::test_values => TestValue::Record(values(cx, node), inner.span),
        NodeKind::literal => TestValue::One(value::literal(cx, inner)),
        _ => TestValue::Empty(inner.span),
    })
}

fn expectation(cx: &mut Context<'_>, node: &Node<'_>) -> Option<ExpectationKind> {
    if node.kind == NodeKind::test_members {
        let ids: Vec<Literal<String>> = node.all(NodeKind::string).map(|id| literal::string(cx, id)).collect();
        return Some(ExpectationKind::Members(name(node.child(NodeKind::segment_name)?), ids));
    }
    let mut strings = node.all(NodeKind::string);
    let id = literal::string(cx, strings.next()?);
    let expected = !node.has(NodeKind::kw_not);
    if let Some(decision) = node.child(NodeKind::decision_name) {
        return Some(ExpectationKind::Label(id, expected, name(decision), literal::string(cx, strings.next()?)));
    }
    Some(ExpectationKind::Member(id, expected, name(node.child(NodeKind::segment_name)?)))
}
