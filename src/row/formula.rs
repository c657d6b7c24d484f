//! What a segment is made of, down to the conditions that have no parts: a formula over leaves, each once.

use std::collections::{BTreeSet, HashMap};

use super::looked::Looked;
use crate::check::typed::{Branch, Condition, ConditionKind, CountRange, DefinitionId, Program, SegmentId};

/// Work that is spent on trying sets of leaves when leaves stand in several places.
const MAX_WORK: usize = 5_000_000;

/// A formula over leaves; equal conditions are one leaf.
#[derive(Debug, Default)]
pub(super) struct Formula<'p> {
    pub leaves: Vec<&'p Condition>,
    nodes: Vec<Node>,
    root: usize,
    known: HashMap<&'p Condition, usize>,
    segments: HashMap<SegmentId, usize>,
    labels: HashMap<u32, Vec<usize>>,
}

#[derive(Debug)]
enum Node {
    Leaf(usize),
    All(Vec<usize>),
    Any(Vec<usize>),
    Quorum(CountRange, Vec<usize>),
    Not(usize),
}

impl<'p> Formula<'p> {
    /// The formula of a condition; `looked` says which definitions it needs.
    pub fn of(program: &'p Program, condition: &'p Condition, looked: &Looked) -> Self {
        let mut formula = Self::default();
        // Definitions come after the ones they refer to, so chains of them need no stack.
        for id in looked.order(program) {
            match id {
                DefinitionId::Segment(id) => {
                    if let Some(segment) = program.segments.get(id.0 as usize) {
                        let node = formula.condition(&segment.condition);
                        formula.segments.insert(id, node);
                    }
                }
                DefinitionId::Decision(id) => {
                    if let Some(decision) = program.decisions.get(id.0 as usize) {
                        let labels = formula.decision(&decision.branches, decision.labels.len());
                        formula.labels.insert(id.0, labels);
                    }
                }
                DefinitionId::Let(_) => {}
            }
        }
        // Leaves that only definitions have which are needed for values are of no interest.
        formula.root = formula.condition(condition);
        formula.trim();
        formula
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn condition(&mut self, condition: &'p Condition) -> usize {
        let node = match &condition.kind {
            ConditionKind::All(parts) => Node::All(parts.iter().map(|p| self.condition(p)).collect()),
            ConditionKind::Any(parts) => Node::Any(parts.iter().map(|p| self.condition(p)).collect()),
            ConditionKind::Quorum(range, parts) => Node::Quorum(*range, parts.iter().map(|p| self.condition(p)).collect()),
            ConditionKind::Not(inner) => Node::Not(self.condition(inner)),
            ConditionKind::Segment(id) => match self.segments.get(id) {
                Some(node) => return *node,
                None => Node::Any(Vec::new()),
            },
            ConditionKind::Decision(id, label) => match self.labels.get(&id.0).and_then(|l| l.get(*label as usize)) {
                Some(node) => return *node,
                None => Node::Any(Vec::new()),
            },
            ConditionKind::Everyone => Node::All(Vec::new()),
            ConditionKind::Nobody => Node::Any(Vec::new()),
            ConditionKind::List(_)
            | ConditionKind::Test(_)
            | ConditionKind::Events(..)
            | ConditionKind::Sequence(_)
            | ConditionKind::Ranked(_)
            | ConditionKind::Sample(_) => {
                let next = self.leaves.len();
                let leaf = *self.known.entry(condition).or_insert(next);
                if leaf == next {
                    self.leaves.push(condition);
                }
                Node::Leaf(leaf)
            }
        };
        self.add(node)
    }

    /// The formula of each label.
    fn decision(&mut self, branches: &'p [Branch], labels: usize) -> Vec<usize> {
        let mut parts: Vec<Vec<usize>> = vec![Vec::new(); labels];
        let mut taken = self.add(Node::Any(Vec::new()));
        for branch in branches {
            let holds = self.condition(&branch.condition);
            let left = self.add(Node::Not(taken));
            let takes = self.add(Node::All(vec![left, holds]));
            taken = self.add(Node::Any(vec![taken, holds]));
            if let Some(label) = parts.get_mut(branch.label as usize) {
                label.push(takes);
            }
        }
        parts.into_iter().map(|parts| self.add(Node::Any(parts))).collect()
    }

    /// Leaves out what the root does not need.
    fn trim(&mut self) {
        let mut needed = vec![false; self.nodes.len()];
        if let Some(root) = needed.get_mut(self.root) {
            *root = true;
        }
        let mut used = BTreeSet::new();
        for at in (0..self.nodes.len()).rev() {
            if needed.get(at) != Some(&true) {
                continue;
            }
            let mut need = |part: usize| {
                if let Some(slot) = needed.get_mut(part) {
                    *slot = true;
                }
            };
            match self.nodes.get(at) {
                Some(Node::Leaf(leaf)) => {
                    used.insert(*leaf);
                }
                Some(Node::All(parts) | Node::Any(parts) | Node::Quorum(_, parts)) => parts.iter().for_each(|p| need(*p)),
                Some(Node::Not(inner)) => need(*inner),
                None => {}
            }
        }
        let places: HashMap<usize, usize> = used.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        for node in &mut self.nodes {
            if let Node::Leaf(leaf) = node {
                *leaf = places.get(leaf).copied().unwrap_or(usize::MAX);
            }
        }
        self.leaves = used.iter().filter_map(|old| self.leaves.get(*old).copied()).collect();
        self.known = self.leaves.iter().enumerate().map(|(at, leaf)| (*leaf, at)).collect();
    }

    /// The leaf of an equal condition.
    pub fn leaf(&self, condition: &Condition) -> Option<usize> {
        self.known.get(condition).copied()
    }

    /// Whether it holds, given which leaves do.
    pub fn holds(&self, leaves: &[bool]) -> bool {
        self.states(leaves).get(self.root).copied().unwrap_or(false)
    }

    fn states(&self, leaves: &[bool]) -> Vec<bool> {
        let mut states: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let state = |part: &usize| states.get(*part).copied().unwrap_or(false);
            let holds = match node {
                Node::Leaf(leaf) => leaves.get(*leaf).copied().unwrap_or(false),
                Node::All(parts) => parts.iter().all(state),
                Node::Any(parts) => parts.iter().any(state),
                Node::Quorum(range, parts) => range.contains(parts.iter().filter(|p| state(p)).count() as u64),
                Node::Not(inner) => !state(inner),
            };
            states.push(holds);
        }
        states
    }

    /// The fewest leaves that have to turn for the whole to turn; nothing if none do, or if more would have to be tried than is
    /// worth it. Of sets of one size the one whose leaves come first.
    pub fn turning(&self, leaves: &[bool]) -> Option<BTreeSet<usize>> {
        let states = self.states(leaves);
        let now = states.get(self.root).copied()?;
        // For each node, the leaves that turn to make it hold, and to make it not hold.
        let mut ways: Vec<[Option<BTreeSet<usize>>; 2]> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let way = |part: &usize, wanted: bool| ways.get(*part).and_then(|w| w.get(usize::from(wanted))?.clone());
            let all = |parts: &[usize], wanted: bool| {
                parts.iter().try_fold(BTreeSet::new(), |mut all, part| {
                    all.extend(way(part, wanted)?);
                    Some(all)
                })
            };
            let some = |parts: &[usize], wanted: bool| parts.iter().filter_map(|p| way(p, wanted)).min_by_key(BTreeSet::len);
            ways.push(match node {
                Node::Leaf(leaf) => [false, true].map(|wanted| {
                    if leaves.get(*leaf) == Some(&wanted) {
                        Some(BTreeSet::new())
                    } else {
                        self.may_turn(*leaf).then(|| BTreeSet::from([*leaf]))
                    }
                }),
                Node::All(parts) => [some(parts, false), all(parts, true)],
                Node::Any(parts) => [all(parts, false), some(parts, true)],
                Node::Not(inner) => [way(inner, true), way(inner, false)],
                Node::Quorum(range, parts) => {
                    let mut turned = [false, true].map(|wanted| {
                        let targets = (0..=parts.len()).filter(|n| range.contains(*n as u64) == wanted);
                        targets.filter_map(|n| so_many(parts, n, &way)).min_by_key(BTreeSet::len)
                    });
                    let [no, yes] = &mut turned;
                    [no.take(), yes.take()]
                }
            });
        }
        let guess = ways.get(self.root).and_then(|w| w.get(usize::from(!now))?.clone());
        // With leaves that stand in several places a part may undo what another needs, and one leaf may serve several.
        let right = guess.filter(|set| self.turns(leaves, set) != Some(now));
        if !self.is_shared() {
            return right;
        }
        let longest = right.as_ref().map_or(self.leaves.len(), |set| set.len().saturating_sub(1));
        self.tried(leaves, now, longest).or(right)
    }

    fn turns(&self, leaves: &[bool], turned: &BTreeSet<usize>) -> Option<bool> {
        let state = |(at, holds): (usize, &bool)| *holds != turned.contains(&at);
        self.states(&leaves.iter().enumerate().map(state).collect::<Vec<bool>>()).get(self.root).copied()
    }

    /// Whether something may turn at all: a sample and the place in it never do.
    fn may_turn(&self, leaf: usize) -> bool {
        self.leaves.get(leaf).is_some_and(|c| !matches!(c.kind, ConditionKind::Sample(_)))
    }

    /// Whether a part stands in several places.
    fn is_shared(&self) -> bool {
        let mut seen = BTreeSet::new();
        let mut leaves = BTreeSet::new();
        self.nodes.iter().any(|node| match node {
            Node::Leaf(leaf) => *leaf != usize::MAX && !leaves.insert(*leaf),
            Node::All(parts) | Node::Any(parts) | Node::Quorum(_, parts) => parts.iter().any(|p| !seen.insert(*p)),
            Node::Not(inner) => !seen.insert(*inner),
        })
    }

    /// All sets of leaves up to a size, smallest first.
    fn tried(&self, leaves: &[bool], now: bool, longest: usize) -> Option<BTreeSet<usize>> {
        let may: Vec<usize> = (0..self.leaves.len()).filter(|leaf| self.may_turn(*leaf)).collect();
        let mut tried = 0;
        for size in 1..=longest.min(may.len()) {
            let mut picks: Vec<usize> = (0..size).collect();
            loop {
                tried += 1;
                if tried * self.nodes.len() > MAX_WORK {
                    return None;
                }
                let set: BTreeSet<usize> = picks.iter().filter_map(|at| may.get(*at).copied()).collect();
                if self.turns(leaves, &set) == Some(!now) {
                    return Some(set);
                }
                if !next_picks(&mut picks, may.len()) {
                    break;
                }
            }
        }
        None
    }
}

/// The next choice of as many out of `of`.
fn next_picks(picks: &mut [usize], of: usize) -> bool {
    let size = picks.len();
    let Some(at) = (0..size).rev().find(|at| picks.get(*at).is_some_and(|p| *p < of - (size - at))) else { return false };
    let first = picks.get(at).copied().unwrap_or(0) + 1;
    for (step, pick) in picks.iter_mut().skip(at).enumerate() {
        *pick = first + step;
    }
    true
}

/// The fewest leaves to turn so that exactly `n` of the parts hold.
fn so_many(parts: &[usize], n: usize, way: &impl Fn(&usize, bool) -> Option<BTreeSet<usize>>) -> Option<BTreeSet<usize>> {
    let cost =
        |set: &Option<BTreeSet<usize>>| set.as_ref().map_or(i64::MAX / 4, |s| i64::try_from(s.len()).unwrap_or(i64::MAX / 4));
    let mut both: Vec<_> = parts.iter().map(|p| (way(p, true), way(p, false))).collect();
    // Those that hold most cheaply hold.
    both.sort_by_key(|(yes, no)| cost(yes) - cost(no));
    let mut all = BTreeSet::new();
    for (at, (yes, no)) in both.into_iter().enumerate() {
        all.extend(if at < n { yes? } else { no? });
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::check::typed::{Condition, ListId};
    use crate::syntax::Span;
    use proptest::prelude::*;

    /// Conditions over five leaves, which stand in several places.
    fn condition() -> impl Strategy<Value = Condition> {
        let of = |kind| Condition { kind, span: Span::default() };
        let leaf = prop_oneof![
            8 => (0_u32..5).prop_map(move |n| of(ConditionKind::List(ListId(n)))),
            1 => Just(of(ConditionKind::Everyone)),
            1 => Just(of(ConditionKind::Nobody)),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let parts = prop::collection::vec(inner.clone(), 1..4);
            prop_oneof![
                parts.clone().prop_map(move |p| of(ConditionKind::All(p))),
                parts.clone().prop_map(move |p| of(ConditionKind::Any(p))),
                inner.prop_map(move |c| of(ConditionKind::Not(Box::new(c)))),
                (parts, 0_u64..3, prop::option::of(0_u64..3)).prop_map(move |(p, min, more)| {
                    of(ConditionKind::Quorum(CountRange { min, max: more.map(|m| min + m) }, p))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn as_few_leaves_turn_as_can(condition in condition(), holds in prop::collection::vec(any::<bool>(), 5)) {
            let program = Program::default();
            let formula = Formula::of(&program, &condition, &Looked::default());
            let states = &holds[..formula.leaves.len()];
            let now = formula.holds(states);
            let sizes = (0_u32..1 << states.len()).filter(|turned| {
                let state = |(at, holds): (usize, &bool)| *holds != (turned >> at & 1 == 1);
                formula.holds(&states.iter().enumerate().map(state).collect::<Vec<_>>()) != now
            });
            let least = sizes.map(|turned| turned.count_ones() as usize).min();
            let found = formula.turning(states);
            prop_assert_eq!(found.as_ref().map(BTreeSet::len), least);
            if let Some(found) = found {
                prop_assert_eq!(formula.turns(states, &found), Some(!now));
            }
        }
    }

    #[test]
    fn picks_are_all_and_each_once() {
        let mut picks = vec![0, 1];
        let mut all = vec![picks.clone()];
        while next_picks(&mut picks, 4) {
            all.push(picks.clone());
        }
        assert_eq!(all, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
    }
}
