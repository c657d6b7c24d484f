//! Laws of set algebra that make plans smaller. One function, one law; its documentation is the law; `None` means
//! unchanged. [`super::rewriting`] applies them.

use std::collections::{BTreeMap, HashSet};

use super::{Atom, Expr, Function, Intervals, Node, NodeId, NumberTest, Plan, Predicate, Ranked, TextPredicate, TimeSpan};
use crate::check::typed::{Amount, CountRange};
use crate::plan::EventTest;
use crate::value::Decimal;

/// A law.
#[derive(Debug, Clone, Copy)]
pub struct Law {
    /// Name of its function.
    pub name: &'static str,
    pub(super) apply: Apply,
}

/// How a law is applied.
#[derive(Debug, Clone, Copy)]
pub(super) enum Apply {
    /// To a smaller node.
    Node(fn(&Node, &mut Plan) -> Option<Node>),
    /// To a node that is there already.
    Known(fn(&Node, &Plan) -> Option<NodeId>),
}

macro_rules! law {
    ($apply:ident, $name:ident) => {
        Law { name: stringify!($name), apply: Apply::$apply($name) }
    };
}

/// All laws in the order in which they are tried. Flattening comes first, so that the others see all parts.
pub const LAWS: [Law; 12] = [
    law!(Node, flatten),
    law!(Node, negated_constants),
    law!(Node, constants),
    law!(Node, duplicates),
    law!(Node, complement),
    law!(Node, quorum_bounds),
    law!(Node, merge_tests),
    law!(Node, impossible),
    law!(Node, ranking),
    law!(Node, negated_parts),
    law!(Known, single_part),
    law!(Known, double_negation),
];

impl Law {
    /// What it says: the documentation of its function, read from the source so that it stands in one place.
    #[must_use]
    pub fn text(&self) -> String {
        const SOURCE: &str = include_str!("laws.rs");
        let function = format!("\nfn {}(", self.name);
        let before = SOURCE.split_once(&function).map_or("", |(before, _)| before);
        let doc: Vec<&str> = before.lines().rev().map_while(|line| line.strip_prefix("/// ")).collect();
        doc.into_iter().rev().collect::<Vec<_>>().join(" ")
    }
}

/// Groups with more parts than this stay parts of their own: copying long groups into ever longer ones would take
/// quadratic time for chains of definitions.
const FLAT: usize = 64;

/// `all < all < a; b >; c > = all < a; b; c >`, likewise for `any`.
fn flatten(node: &Node, plan: &mut Plan) -> Option<Node> {
    let inner = |id: &NodeId| match (node, plan.node(*id)) {
        (Node::All(_), Node::All(parts)) | (Node::Any(_), Node::Any(parts)) if parts.len() <= FLAT => Some(parts.clone()),
        _ => None,
    };
    let (Node::All(parts) | Node::Any(parts)) = node else { return None };
    if !parts.iter().any(|p| inner(p).is_some()) {
        return None;
    }
    let flat = parts.iter().flat_map(|p| inner(p).unwrap_or_else(|| vec![*p])).collect();
    Some(if matches!(node, Node::All(_)) { Node::All(flat) } else { Node::Any(flat) })
}

/// `not everyone = nobody`, `not nobody = everyone`.
fn negated_constants(node: &Node, plan: &mut Plan) -> Option<Node> {
    let Node::Not(inner) = node else { return None };
    match plan.node(*inner) {
        Node::Everyone => Some(Node::Nobody),
        Node::Nobody => Some(Node::Everyone),
        _ => None,
    }
}

/// `all < a; everyone > = a`, `all < a; nobody > = nobody`, `any < a; nobody > = a`, `any < a; everyone > = everyone`.
fn constants(node: &Node, plan: &mut Plan) -> Option<Node> {
    let (parts, unit, zero, build): (_, _, _, fn(Vec<NodeId>) -> Node) = match node {
        Node::All(parts) => (parts, Node::Everyone, Node::Nobody, Node::All),
        Node::Any(parts) => (parts, Node::Nobody, Node::Everyone, Node::Any),
        _ => return None,
    };
    if parts.is_empty() {
        return Some(unit);
    }
    if parts.iter().any(|p| *plan.node(*p) == zero) {
        return Some(zero);
    }
    let rest: Vec<NodeId> = parts.iter().copied().filter(|p| *plan.node(*p) != unit).collect();
    (rest.len() < parts.len()).then(|| build(rest))
}

/// `all < a; a > = a`, `any < a; a > = a`.
fn duplicates(node: &Node, _: &mut Plan) -> Option<Node> {
    let (Node::All(parts) | Node::Any(parts)) = node else { return None };
    let mut seen = HashSet::new();
    let rest: Vec<NodeId> = parts.iter().copied().filter(|p| seen.insert(*p)).collect();
    if rest.len() == parts.len() {
        return None;
    }
    Some(if matches!(node, Node::All(_)) { Node::All(rest) } else { Node::Any(rest) })
}

/// `all < a; not a > = nobody`, `any < a; not a > = everyone`.
fn complement(node: &Node, plan: &mut Plan) -> Option<Node> {
    let (Node::All(parts) | Node::Any(parts)) = node else { return None };
    let all: HashSet<NodeId> = parts.iter().copied().collect();
    let both = parts.iter().any(|p| matches!(plan.node(*p), Node::Not(a) if all.contains(a)));
    both.then_some(if matches!(node, Node::All(_)) { Node::Nobody } else { Node::Everyone })
}

/// `at least 0 of < ... > = everyone`, `at least 1 of = any`, `at least n of n = all`, `at most 0 of = none`.
fn quorum_bounds(node: &Node, plan: &mut Plan) -> Option<Node> {
    let Node::Quorum(CountRange { min, max }, parts) = node else { return None };
    let of = parts.len() as u64;
    let open = max.is_none_or(|max| max >= of);
    match (*min, *max) {
        (min, _) if min > of => Some(Node::Nobody),
        (min, Some(max)) if min > max => Some(Node::Nobody),
        (0, _) if open => Some(Node::Everyone),
        (1, _) if open => Some(Node::Any(parts.clone())),
        (min, _) if open && min == of => Some(Node::All(parts.clone())),
        (0, Some(0)) => {
            let any = plan.add(Node::Any(parts.clone()));
            Some(Node::Not(any))
        }
        _ => None,
    }
}

/// `any < field f in A; field f in B > = field f in A or B`, `all < ... > = field f in A and B`.
fn merge_tests(node: &Node, plan: &mut Plan) -> Option<Node> {
    let (all, parts) = match node {
        Node::All(parts) => (true, parts),
        Node::Any(parts) => (false, parts),
        _ => return None,
    };
    let mut groups: BTreeMap<(u16, bool, u8), Vec<NodeId>> = BTreeMap::new();
    for part in parts {
        if let Node::Atom(Atom::Field { field, predicate, or_empty }) = plan.node(*part) {
            let kind = match predicate {
                Predicate::In(_) => 0,
                // Lists of texts are united only: in `all` two of them are rare.
                Predicate::Text(TextPredicate::In(_, folding, false)) if !all => {
                    1 + u8::from(folding.case) + 2 * u8::from(folding.accents)
                }
                _ => continue,
            };
            groups.entry((field.0, *or_empty, kind)).or_default().push(*part);
        }
    }
    groups.retain(|_, members| members.len() > 1);
    if groups.is_empty() {
        return None;
    }
    let merged: HashSet<NodeId> = groups.values().flatten().copied().collect();
    let mut rest: Vec<NodeId> = parts.iter().copied().filter(|p| !merged.contains(p)).collect();
    for members in groups.into_values() {
        let atoms: Vec<Atom> =
            members.iter().filter_map(|m| if let Node::Atom(atom) = plan.node(*m) { Some(atom.clone()) } else { None }).collect();
        let node = Node::Atom(united(&atoms, all)?);
        // The parts of a whole are done when its laws run, so what a law adds must be simple already.
        let node = impossible(&node, plan).unwrap_or(node);
        rest.push(plan.add(node));
    }
    Some(if all { Node::All(rest) } else { Node::Any(rest) })
}

/// One atom for several of the same field and kind.
fn united(atoms: &[Atom], all: bool) -> Option<Atom> {
    let Some(Atom::Field { field, predicate, or_empty }) = atoms.first() else { return None };
    let predicates = atoms.iter().map(|a| if let Atom::Field { predicate, .. } = a { Some(predicate) } else { None });
    let predicate = if let Predicate::Text(TextPredicate::In(_, folding, _)) = predicate {
        let mut texts: Vec<String> = predicates
            .flat_map(|p| if let Some(Predicate::Text(TextPredicate::In(texts, ..))) = p { texts.clone() } else { Vec::new() })
            .collect();
        texts.sort_unstable();
        texts.dedup();
        Predicate::Text(TextPredicate::In(texts, *folding, false))
    } else {
        let sets = predicates.map(|p| if let Some(Predicate::In(set)) = p { set.clone() } else { Intervals::NONE });
        // What is in all is not in any complement.
        Predicate::In(if all { Intervals::union(sets.map(|s| s.complement())).complement() } else { Intervals::union(sets) })
    };
    Some(Atom::Field { field: *field, predicate, or_empty: *or_empty })
}

/// A test that no value passes `= nobody`; a number of events that is never reached `= nobody`, one that always is
/// `= everyone`.
fn impossible(node: &Node, plan: &mut Plan) -> Option<Node> {
    let Node::Atom(atom) = node else { return None };
    match atom {
        Atom::Field { predicate: Predicate::Never, or_empty: false, .. } => Some(Node::Nobody),
        Atom::Field { predicate: Predicate::In(set), or_empty: false, .. } if set.is_empty() => Some(Node::Nobody),
        Atom::Events(events) => match (&events.test, &events.span) {
            (EventTest::Count(CountRange { min: 0, max: None }), _) => Some(Node::Everyone),
            (EventTest::Count(CountRange { min, max: Some(max) }), _) if min > max => Some(Node::Nobody),
            (EventTest::Count(range), TimeSpan::Fixed(span)) if span.is_empty() => {
                Some(if range.contains(0) { Node::Everyone } else { Node::Nobody })
            }
            (EventTest::First(set, false) | EventTest::Last(set, false), _) if set.is_empty() => Some(Node::Nobody),
            _ => None,
        },
        Atom::Value { value, predicate, or_empty } => impossible_value(plan.expr(*value), predicate, *or_empty),
        _ => None,
    }
}

fn impossible_value(value: &Expr, predicate: &Predicate, or_empty: bool) -> Option<Node> {
    let everyone_if = |holds| Some(if holds { Node::Everyone } else { Node::Nobody });
    match (value, predicate) {
        (Expr::Nothing, _) => everyone_if(or_empty),
        (_, Predicate::Never) if !or_empty => Some(Node::Nobody),
        (Expr::Aggregate(a), Predicate::Set) if a.function.counts() => Some(Node::Everyone),
        (_, Predicate::Number(NumberTest::Between(from, to))) if from > to && !or_empty => Some(Node::Nobody),
        // What is counted is a whole number that is not negative; sums can be.
        (Expr::Aggregate(a), Predicate::Number(test)) if a.function.counts() && a.function != Function::Sum => {
            let passing = test.scaled(0).and(&Intervals::range(0, i128::MAX));
            if passing.is_empty() {
                Some(Node::Nobody)
            } else if passing == Intervals::range(0, i128::MAX) {
                Some(Node::Everyone)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// `top 0 by v = nobody`, `top 1 by v of nobody = nobody`, `top 100% by v of a = all < a; v is set >`.
fn ranking(node: &Node, plan: &mut Plan) -> Option<Node> {
    let Node::Ranked(Ranked { amount, by, of, .. }) = node else { return None };
    let none = match amount {
        Amount::Count(n) => *n == 0,
        Amount::Share(share) => *share <= Decimal::whole(0),
    };
    if none || *plan.node(*of) == Node::Nobody {
        return Some(Node::Nobody);
    }
    let all = matches!(amount, Amount::Share(share) if *share >= Decimal::whole(1));
    if !all {
        return None;
    }
    let is_set = match plan.expr(*by) {
        Expr::Field(field) => Atom::Field { field: *field, predicate: Predicate::Set, or_empty: false },
        _ => Atom::Value { value: *by, predicate: Predicate::Set, or_empty: false },
    };
    let node = Node::Atom(is_set);
    // The parts of a whole are done when its laws run, so what a law adds must be simple already.
    let node = impossible(&node, plan).unwrap_or(node);
    let is_set = plan.add(node);
    Some(Node::All(vec![*of, is_set]))
}

/// `any < not a; not b > = not all < a; b >`: one complement in place of several.
fn negated_parts(node: &Node, plan: &mut Plan) -> Option<Node> {
    let Node::Any(parts) = node else { return None };
    if parts.len() < 2 {
        return None;
    }
    let inner: Vec<NodeId> =
        parts.iter().filter_map(|p| if let Node::Not(a) = plan.node(*p) { Some(*a) } else { None }).collect();
    if inner.len() < parts.len() {
        return None;
    }
    let all = plan.add(Node::All(inner));
    Some(Node::Not(all))
}

/// `all < a > = a`, `any < a > = a`.
fn single_part(node: &Node, _: &Plan) -> Option<NodeId> {
    match node {
        Node::All(parts) | Node::Any(parts) if parts.len() == 1 => parts.first().copied(),
        _ => None,
    }
}

/// `not not a = a`.
fn double_negation(node: &Node, plan: &Plan) -> Option<NodeId> {
    let Node::Not(inner) = node else { return None };
    if let Node::Not(a) = plan.node(*inner) { Some(*a) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::rewrite;
    use crate::schema::FieldId;
    use proptest::prelude::*;

    fn atom(field: u16, lo: i128, hi: i128) -> Node {
        Node::Atom(Atom::Field { field: FieldId(field), predicate: Predicate::In(Intervals::range(lo, hi)), or_empty: false })
    }

    /// Whether a contact with these field values is in a set.
    fn holds(plan: &Plan, id: NodeId, fields: &[Option<i128>]) -> bool {
        match plan.node(id) {
            Node::Everyone => true,
            Node::Nobody => false,
            Node::All(parts) => parts.iter().all(|p| holds(plan, *p, fields)),
            Node::Any(parts) => parts.iter().any(|p| holds(plan, *p, fields)),
            Node::Not(part) => !holds(plan, *part, fields),
            Node::Quorum(range, parts) => range.contains(parts.iter().filter(|p| holds(plan, **p, fields)).count() as u64),
            Node::Atom(Atom::Field { field, predicate: Predicate::In(set), or_empty }) => {
                fields[usize::from(field.0)].map_or(*or_empty, |v| set.contains(v))
            }
            Node::Atom(_) | Node::Ranked(_) => unreachable!(),
        }
    }

    #[derive(Debug, Clone)]
    enum Tree {
        Leaf(u16, i128, i128),
        Constant(bool),
        Group(u8, u64, Vec<Tree>),
    }

    fn tree() -> impl Strategy<Value = Tree> {
        let leaf = prop_oneof![4 => (0_u16..2, 0_i128..4, -1_i128..3).prop_map(|(f, lo, n)| Tree::Leaf(f, lo, lo + n)), 1 => any::<bool>().prop_map(Tree::Constant)];
        leaf.prop_recursive(4, 40, 4, |inner| {
            (0_u8..6, 0_u64..5, prop::collection::vec(inner, 1..4)).prop_map(|(k, n, t)| Tree::Group(k, n, t))
        })
    }

    fn build(tree: &Tree, plan: &mut Plan) -> NodeId {
        let node = match tree {
            Tree::Leaf(f, lo, hi) => atom(*f, *lo, *hi),
            Tree::Constant(true) => Node::Everyone,
            Tree::Constant(false) => Node::Nobody,
            Tree::Group(kind, n, parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|p| build(p, plan)).collect();
                match kind {
                    0 => Node::All(parts),
                    1 => Node::Any(parts),
                    2 => Node::Not(parts[0]),
                    3 => Node::Quorum(CountRange { min: *n, max: None }, parts),
                    4 => Node::Quorum(CountRange { min: 0, max: Some(*n) }, parts),
                    _ => Node::Quorum(CountRange { min: *n, max: Some(*n) }, parts),
                }
            }
        };
        plan.add(node)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn rewriting_changes_no_answer(tree in tree()) {
            let mut plan = Plan::default();
            let root = build(&tree, &mut plan);
            plan.ask(root);
            let rewritten = rewrite(&plan);
            for a in [None, Some(0), Some(2), Some(4)] {
                for b in [None, Some(1), Some(3)] {
                    prop_assert_eq!(holds(&plan, plan.roots()[0], &[a, b]), holds(&rewritten, rewritten.roots()[0], &[a, b]));
                }
            }
        }
    }

    #[test]
    fn every_law_has_a_text() {
        for law in LAWS {
            assert!(law.text().contains('='), "{}: {}", law.name, law.text());
        }
    }

    fn rewritten(build: impl FnOnce(&mut Plan) -> NodeId) -> (Node, usize) {
        let mut plan = Plan::default();
        let root = build(&mut plan);
        plan.ask(root);
        let plan = rewrite(&plan);
        (plan.node(plan.roots()[0]).clone(), plan.nodes.len())
    }

    #[test]
    fn each_law_fires() {
        let a = |plan: &mut Plan| plan.add(atom(0, 1, 2));
        let b = |plan: &mut Plan| plan.add(atom(1, 1, 2));
        let not = |plan: &mut Plan, id| plan.add(Node::Not(id));
        assert_eq!(
            rewritten(|p| {
                let (a, b) = (a(p), b(p));
                let inner = p.add(Node::All(vec![a, b]));
                let c = p.add(atom(2, 0, 0));
                p.add(Node::All(vec![inner, c]))
            })
            .1,
            4
        );
        assert_eq!(
            rewritten(|p| {
                let a = a(p);
                let n = not(p, a);
                not(p, n)
            })
            .0,
            atom(0, 1, 2)
        );
        assert_eq!(
            rewritten(|p| {
                let a = a(p);
                let n = p.add(Node::Nobody);
                p.add(Node::All(vec![a, n]))
            })
            .0,
            Node::Nobody
        );
        assert_eq!(
            rewritten(|p| {
                let a = a(p);
                let n = not(p, a);
                p.add(Node::Any(vec![a, n]))
            })
            .0,
            Node::Everyone
        );
        assert_eq!(
            rewritten(|p| {
                let a = a(p);
                p.add(Node::Any(vec![a, a]))
            })
            .0,
            atom(0, 1, 2)
        );
        assert_eq!(
            rewritten(|p| {
                let (a, c) = (a(p), p.add(atom(0, 2, 5)));
                p.add(Node::Any(vec![a, c]))
            })
            .0,
            atom(0, 1, 5)
        );
        assert_eq!(
            rewritten(|p| {
                let (a, c) = (a(p), p.add(atom(0, 4, 5)));
                p.add(Node::All(vec![a, c]))
            })
            .0,
            Node::Nobody
        );
        assert_eq!(
            rewritten(|p| {
                let (a, b) = (a(p), b(p));
                p.add(Node::Quorum(CountRange { min: 1, max: None }, vec![a, b]))
            })
            .0,
            Node::Any(vec![NodeId(0), NodeId(1)])
        );
        assert!(matches!(
            rewritten(|p| {
                let (a, b) = (a(p), b(p));
                let (a, b) = (not(p, a), not(p, b));
                p.add(Node::Any(vec![a, b]))
            })
            .0,
            Node::Not(_)
        ));
    }
}
