//! Conditions, filters on events, and tests.

use super::{Context, literal, name, path, time, value};
use crate::syntax::ast::{
    CompareOp, Condition, ConditionKind, CountWords, EventCondition, Filter, FilterKind, GroupKind, HasOp, ListOperand, Literal,
    Test, TestKind, TextOp,
};
use crate::syntax::parse::{Node, NodeKind};
use crate::value::Folding;

/// A condition from a `condition` node.
pub(in crate::syntax) fn condition(cx: &mut Context<'_>, node: &Node<'_>) -> Condition {
    let kind = node.children.first().map_or(ConditionKind::Unsupported("this condition"), |inner| condition_kind(cx, inner));
    Condition { kind, span: node.span }
}

fn condition_kind(cx: &mut Context<'_>, node: &Node<'_>) -> ConditionKind {
    match node.kind {
        NodeKind::group => ConditionKind::Group(group_kind(node), members(cx, node)),
        NodeKind::quorum => {
            let count = count_words(cx, node);
            ConditionKind::Quorum(count, members(cx, node))
        }
        NodeKind::not => ConditionKind::Not(Box::new(
            node.child(NodeKind::condition)
                .map_or(Condition { kind: ConditionKind::Nobody, span: node.span }, |c| condition(cx, c)),
        )),
        NodeKind::everyone => ConditionKind::Everyone,
        NodeKind::nobody => ConditionKind::Nobody,
        NodeKind::event => event(cx, node),
        NodeKind::reference => reference(node),
        NodeKind::value_test => value_test(cx, node),
        NodeKind::sequence => ConditionKind::Unsupported("`sequence`"),
        NodeKind::ranked => ConditionKind::Unsupported("`top` and `bottom`"),
        NodeKind::sample => ConditionKind::Unsupported("`sample`"),
        _ => ConditionKind::Unsupported("this condition"),
    }
}

fn group_kind(node: &Node<'_>) -> GroupKind {
    match node.child(NodeKind::group_kind) {
        Some(kind) if kind.has(NodeKind::kw_any) => GroupKind::Any,
        Some(kind) if kind.has(NodeKind::kw_none) => GroupKind::None,
        _ => GroupKind::All,
    }
}

fn members(cx: &mut Context<'_>, node: &Node<'_>) -> Vec<Condition> {
    node.child(NodeKind::members).map_or_else(Vec::new, |m| m.all(NodeKind::condition).map(|c| condition(cx, c)).collect())
}

/// `at least 3`, `at most 3`, `exactly 3` of a node that has them as a child.
fn count_words(cx: &mut Context<'_>, node: &Node<'_>) -> CountWords {
    let words = node.child(NodeKind::count_words).unwrap_or(node);
    let n = words.child(NodeKind::integer).map_or(0, |n| literal::integer(cx, n));
    let (min, max) = if words.has(NodeKind::kw_least) {
        (n, None)
    } else if words.has(NodeKind::kw_most) {
        (0, Some(n))
    } else {
        (n, Some(n))
    };
    CountWords { min, max, span: words.span }
}

fn reference(node: &Node<'_>) -> ConditionKind {
    match node.child(NodeKind::segment_name) {
        Some(segment) => ConditionKind::Segment(name(segment)),
        None if node.has(NodeKind::kw_list) => ConditionKind::Unsupported("a static list (`list l`)"),
        None => ConditionKind::Unsupported("a decision (`decision d = \"label\"`)"),
    }
}

fn value_test(cx: &mut Context<'_>, node: &Node<'_>) -> ConditionKind {
    match (node.child(NodeKind::expr), node.child(NodeKind::test)) {
        (Some(expr), Some(t)) => ConditionKind::Value(Box::new(value::expr(cx, expr)), Box::new(test(cx, t))),
        _ => ConditionKind::Unsupported("this condition"),
    }
}

fn event(cx: &mut Context<'_>, node: &Node<'_>) -> ConditionKind {
    let Some(reference) = node.child(NodeKind::event_ref) else { return ConditionKind::Unsupported("this condition") };
    let mut event = EventCondition {
        event: value::event_ref(reference),
        filter: node.child(NodeKind::r#where).and_then(|w| where_filter(cx, w)),
        times: Vec::new(),
        windows: Vec::new(),
    };
    for tail in node.all(NodeKind::event_tail).filter_map(|tail| tail.children.first()) {
        match tail.kind {
            NodeKind::times => event.times.push(times(cx, tail)),
            _ => event.windows.push(time::window(cx, tail)),
        }
    }
    ConditionKind::Event(Box::new(event))
}

fn times(cx: &mut Context<'_>, node: &Node<'_>) -> CountWords {
    let ends: Vec<u64> = node.all(NodeKind::integer).map(|n| literal::integer(cx, n)).collect();
    match ends.as_slice() {
        [min, max] => CountWords { min: *min, max: Some(*max), span: node.span },
        _ => CountWords { span: node.span, ..count_words(cx, node) },
    }
}

/// The filter of a `where`.
pub(super) fn where_filter(cx: &mut Context<'_>, node: &Node<'_>) -> Option<Filter> {
    node.child(NodeKind::filter).map(|f| filter(cx, f))
}

fn filter(cx: &mut Context<'_>, node: &Node<'_>) -> Filter {
    let mut parts: Vec<Filter> = node.all(NodeKind::filter_part).map(|part| filter_part(cx, part)).collect();
    match parts.len() {
        1 => parts.remove(0),
        _ => Filter { kind: FilterKind::Group(GroupKind::All, parts), span: node.span },
    }
}

fn filter_part(cx: &mut Context<'_>, node: &Node<'_>) -> Filter {
    let kind = node.children.first().map_or(FilterKind::Unsupported("this test"), |inner| match inner.kind {
        NodeKind::filter_group if inner.has(NodeKind::count_words) => {
            FilterKind::Unsupported("counting tests on one event (`at least 2 of < >`)")
        }
        NodeKind::filter_group => FilterKind::Group(
            group_kind(inner),
            inner
                .child(NodeKind::filter_members)
                .map_or_else(Vec::new, |m| m.all(NodeKind::filter).map(|f| filter(cx, f)).collect()),
        ),
        NodeKind::filter_not => match inner.child(NodeKind::filter_part) {
            Some(part) => FilterKind::Not(Box::new(filter_part(cx, part))),
            None => FilterKind::Unsupported("this test"),
        },
        _ => filter_test(cx, inner),
    });
    Filter { kind, span: node.span }
}

fn filter_test(cx: &mut Context<'_>, node: &Node<'_>) -> FilterKind {
    let attr = node.child(NodeKind::filter_value).and_then(|v| v.child(NodeKind::attr_path));
    match (attr, node.child(NodeKind::test)) {
        (Some(attr), Some(t)) => FilterKind::Attr(path(attr), Box::new(test(cx, t))),
        _ => FilterKind::Unsupported("a part of a date or a list (`hour(time)`, `size(items)`)"),
    }
}

/// A test from a `test` node.
fn test(cx: &mut Context<'_>, node: &Node<'_>) -> Test {
    let kind = match node.child(NodeKind::base_test).and_then(|base| base.children.first()) {
        _ if node.has(NodeKind::lasting) => TestKind::Unsupported("a test that has held for a time (`for 7d`)"),
        Some(inner) => test_kind(cx, inner),
        None => TestKind::Unsupported("this test"),
    };
    Test { kind, or_empty: node.has(NodeKind::or_empty), span: node.span }
}

fn test_kind(cx: &mut Context<'_>, node: &Node<'_>) -> TestKind {
    match node.kind {
        NodeKind::is if node.has(NodeKind::kw_empty) => TestKind::IsEmpty,
        NodeKind::is if node.has(NodeKind::kw_set) => TestKind::IsSet,
        NodeKind::is => TestKind::Is(node.has(NodeKind::kw_true)),
        NodeKind::compare => compare(cx, node),
        NodeKind::membership => TestKind::In(operand(cx, node), folding(node), node.has(NodeKind::not_in)),
        NodeKind::between => {
            let (a, b) = time::two(cx, node);
            TestKind::Between(a, b)
        }
        NodeKind::text_test => text_test(cx, node),
        NodeKind::matches => match node.child(NodeKind::string) {
            Some(pattern) => TestKind::Matches(literal::string(cx, pattern), folding(node)),
            None => TestKind::Unsupported("this test"),
        },
        NodeKind::has => has(cx, node),
        NodeKind::anniversary => {
            TestKind::Anniversary(node.child(NodeKind::duration).map_or_else(Default::default, |d| time::duration(cx, d)))
        }
        NodeKind::window => TestKind::Window(time::window(cx, node).kind),
        _ => TestKind::Unsupported("this test"),
    }
}

fn compare(cx: &mut Context<'_>, node: &Node<'_>) -> TestKind {
    let (Some(op), Some(operand)) = (node.child(NodeKind::compare_op), node.child(NodeKind::expr)) else {
        return TestKind::Unsupported("this test");
    };
    let value = match op.text {
        "!=" => CompareOp::NotEqual,
        "<" => CompareOp::Less,
        "<=" => CompareOp::LessOrEqual,
        ">" => CompareOp::Greater,
        ">=" => CompareOp::GreaterOrEqual,
        _ => CompareOp::Equal,
    };
    TestKind::Compare(Literal { value, span: op.span }, value::expr(cx, operand), folding(node))
}

fn text_test(cx: &mut Context<'_>, node: &Node<'_>) -> TestKind {
    let (Some(op), Some(operand)) = (node.child(NodeKind::text_op), node.child(NodeKind::expr)) else {
        return TestKind::Unsupported("this test");
    };
    let value = if op.has(NodeKind::kw_starts) {
        TextOp::StartsWith
    } else if op.has(NodeKind::kw_ends) {
        TextOp::EndsWith
    } else {
        TextOp::Contains
    };
    TestKind::Text(Literal { value, span: op.span }, value::expr(cx, operand), folding(node))
}

fn has(cx: &mut Context<'_>, node: &Node<'_>) -> TestKind {
    if let Some(list) = node.child(NodeKind::has_list) {
        let op = if list.has(NodeKind::kw_all) {
            HasOp::All
        } else if list.has(NodeKind::kw_none) {
            HasOp::None
        } else {
            HasOp::Any
        };
        return TestKind::Has(op, operand(cx, list), folding(list));
    }
    match node.child(NodeKind::expr) {
        Some(one) => TestKind::Has(HasOp::Any, ListOperand::One(value::expr(cx, one)), folding(node)),
        None => TestKind::Unsupported("a test on the records of a list (`has any < >`)"),
    }
}

fn operand(cx: &mut Context<'_>, node: &Node<'_>) -> ListOperand {
    node.child(NodeKind::list_operand).map_or_else(
        || ListOperand::List(crate::syntax::ast::ListLiteral { items: Vec::new(), span: node.span }),
        |operand| value::list_operand(cx, operand),
    )
}

fn folding(node: &Node<'_>) -> Folding {
    node.child(NodeKind::ignoring)
        .map_or_else(Folding::default, |i| Folding { case: i.has(NodeKind::kw_case), accents: i.has(NodeKind::kw_accents) })
}
