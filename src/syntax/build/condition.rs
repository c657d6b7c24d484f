//! Conditions, filters on events, and tests.

use super::{Context, literal, name, path, time, value};
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{
    Amount, CompareOp, Condition, ConditionKind, CountWords, EventCondition, Filter, FilterKind, FilterValue, GroupKind, HasOp,
    ItemQuantifier, ListOperand, Literal, Ranked, Sample, Sequence, Step, Test, TestKind, TextOp,
};
use crate::syntax::parse::{Node, NodeKind};
use crate::value::Folding;

/// A condition from a `condition` node.
pub(in crate::syntax) fn condition(cx: &mut Context<'_>, node: &Node<'_>) -> Condition {
    let kind = node.children.first().map_or(ConditionKind::Nobody, |inner| condition_kind(cx, inner));
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
        NodeKind::event => event(cx, node),
        NodeKind::reference => reference(cx, node),
        NodeKind::value_test => value_test(cx, node),
        NodeKind::sequence => sequence(cx, node),
        NodeKind::ranked => ranked(cx, node),
        NodeKind::sample => sample(cx, node),
        _ => ConditionKind::Nobody,
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

fn reference(cx: &mut Context<'_>, node: &Node<'_>) -> ConditionKind {
    if let Some(segment) = node.child(NodeKind::segment_name) {
        return ConditionKind::Segment(name(segment));
    }
    if let Some(list) = node.child(NodeKind::list_name) {
        return ConditionKind::List(name(list));
    }
    match (node.child(NodeKind::decision_name), node.child(NodeKind::string)) {
        (Some(decision), Some(label)) => ConditionKind::Decision(name(decision), literal::string(cx, label)),
        _ => ConditionKind::Nobody,
    }
}

fn sequence(cx: &mut Context<'_>, node: &Node<'_>) -> ConditionKind {
    let sequence = Sequence {
        by: node.child(NodeKind::attr_path).map(path),
        window: node.child(NodeKind::window).map(|w| time::window(cx, w)),
        steps: node.all(NodeKind::step).filter_map(|s| step(cx, s)).collect(),
    };
    ConditionKind::Sequence(Box::new(sequence))
}

fn step(cx: &mut Context<'_>, node: &Node<'_>) -> Option<Step> {
    Some(Step {
        not: node.child(NodeKind::kw_not).map(|not| not.span),
        event: value::event_ref(cx, node.child(NodeKind::event_ref)?),
        filter: node.child(NodeKind::r#where).and_then(|w| where_filter(cx, w)),
        within: node.child(NodeKind::duration).map(|d| Literal { value: time::duration(cx, d), span: d.span }),
        span: node.span,
    })
}

fn ranked(cx: &mut Context<'_>, node: &Node<'_>) -> ConditionKind {
    let amount = match (node.child(NodeKind::integer), node.child(NodeKind::percent)) {
        (Some(n), _) => Amount::Count(Literal { value: literal::integer(cx, n), span: n.span }),
        (None, Some(share)) => Amount::Share(Literal { value: literal::percent(cx, share), span: share.span }),
        _ => return ConditionKind::Nobody,
    };
    let Some(by) = node.child(NodeKind::expr) else { return ConditionKind::Nobody };
    let ranked = Ranked {
        highest: node.has(NodeKind::kw_top),
        amount,
        by: value::expr(cx, by),
        of: node.child(NodeKind::condition).map(|c| condition(cx, c)),
    };
    ConditionKind::Ranked(Box::new(ranked))
}

fn sample(cx: &mut Context<'_>, node: &Node<'_>) -> ConditionKind {
    match (node.child(NodeKind::percent), node.child(NodeKind::string)) {
        (Some(share), Some(salt)) => ConditionKind::Sample(Sample {
            share: Literal { value: literal::percent(cx, share), span: share.span },
            salt: literal::string(cx, salt),
        }),
        _ => ConditionKind::Nobody,
    }
}

fn value_test(cx: &mut Context<'_>, node: &Node<'_>) -> ConditionKind {
    match (node.child(NodeKind::expr), node.child(NodeKind::test)) {
        (Some(expr), Some(t)) => ConditionKind::Value(Box::new(value::expr(cx, expr)), Box::new(test(cx, t))),
        _ => ConditionKind::Nobody,
    }
}

fn event(cx: &mut Context<'_>, node: &Node<'_>) -> ConditionKind {
    let Some(reference) = node.child(NodeKind::event_ref) else { return ConditionKind::Nobody };
    let mut event = EventCondition {
        event: value::event_ref(cx, reference),
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
    let nothing = || FilterKind::Group(GroupKind::Any, Vec::new());
    let kind = node.children.first().map_or_else(nothing, |inner| match inner.kind {
        NodeKind::filter_group if inner.has(NodeKind::count_words) => {
            let count = count_words(cx, inner);
            FilterKind::Quorum(count, filter_members(cx, inner))
        }
        NodeKind::filter_group => FilterKind::Group(group_kind(inner), filter_members(cx, inner)),
        NodeKind::filter_not => {
            inner.child(NodeKind::filter_part).map_or_else(nothing, |part| FilterKind::Not(Box::new(filter_part(cx, part))))
        }
        _ => filter_test(cx, inner).unwrap_or_else(nothing),
    });
    Filter { kind, span: node.span }
}

fn filter_members(cx: &mut Context<'_>, node: &Node<'_>) -> Vec<Filter> {
    node.child(NodeKind::filter_members).map_or_else(Vec::new, |m| m.all(NodeKind::filter).map(|f| filter(cx, f)).collect())
}

fn filter_test(cx: &mut Context<'_>, node: &Node<'_>) -> Option<FilterKind> {
    let value = node.child(NodeKind::filter_value)?;
    let inner = value.children.first()?;
    let (part, attr) = match inner.kind {
        NodeKind::part => {
            let Some(attr) = inner.child(NodeKind::attr_path) else {
                let what = inner.child(NodeKind::expr).unwrap_or(inner);
                cx.report(
                    Diagnostic::new(codes::E0311, what.span, "a test on an event begins with one of its attributes")
                        .help("write an attribute or `time` inside the parentheses, such as `hour(time) >= 18`"),
                );
                return None;
            };
            let Some(part) = value::part_of(inner) else {
                cx.report(
                    Diagnostic::new(codes::E0311, inner.span, "`logistic(...)` is for values of a contact, not for attributes")
                        .help("compare the attribute itself, or write `logistic(...)` around a function of the events"),
                );
                return None;
            };
            (Some(part), attr)
        }
        _ => (None, inner),
    };
    let t = node.child(NodeKind::test)?;
    Some(FilterKind::Test(FilterValue { part, attr: path(attr), span: value.span }, Box::new(test(cx, t))))
}

/// A test from a `test` node.
fn test(cx: &mut Context<'_>, node: &Node<'_>) -> Test {
    let inner = node.child(NodeKind::base_test).and_then(|base| base.children.first());
    let lasting = node.child(NodeKind::lasting).and_then(|l| l.child(NodeKind::duration));
    Test {
        kind: inner.map_or(TestKind::IsSet, |inner| test_kind(cx, inner)),
        or_empty: node.has(NodeKind::or_empty),
        lasting: lasting.map(|d| Literal { value: time::duration(cx, d), span: d.span }),
        span: node.span,
    }
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
            None => TestKind::IsSet,
        },
        NodeKind::has => has(cx, node),
        NodeKind::anniversary => {
            TestKind::Anniversary(node.child(NodeKind::duration).map_or_else(Default::default, |d| time::duration(cx, d)))
        }
        NodeKind::window => TestKind::Window(time::window(cx, node).kind),
        _ => TestKind::IsSet,
    }
}

fn compare(cx: &mut Context<'_>, node: &Node<'_>) -> TestKind {
    let (Some(op), Some(operand)) = (node.child(NodeKind::compare_op), node.child(NodeKind::expr)) else {
        return TestKind::IsSet;
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
        return TestKind::IsSet;
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
    if let Some(one) = node.child(NodeKind::expr) {
        return TestKind::Has(HasOp::Any, ListOperand::One(value::expr(cx, one)), folding(node));
    }
    let Some(items) = node.child(NodeKind::has_items) else { return TestKind::IsSet };
    let quantifier = if items.has(NodeKind::kw_only) {
        ItemQuantifier::Only
    } else if items.has(NodeKind::kw_none) {
        ItemQuantifier::None
    } else if items.has(NodeKind::count_words) {
        ItemQuantifier::Count(count_words(cx, items))
    } else {
        ItemQuantifier::Any
    };
    TestKind::Items(quantifier, filter_members(cx, items))
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
