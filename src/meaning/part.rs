//! The parts of a text, each with what it means, and where two texts differ.

use std::collections::HashMap;

use super::node::{Arena, NodeId};
use crate::syntax::Span;

/// What kind of part it is: those of one kind are compared with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tag {
    All,
    Any,
    None,
    Quorum,
    Not,
    /// A condition or a test on one event that is no group.
    Set,
    /// A name that stands for something else.
    Reference,
    /// Parts whose order matters.
    Ordered,
    Branch,
    Step,
    Items,
    Aggregate,
    Test,
    Window,
    Other,
}

impl Tag {
    /// Whether its parts mean the same in any order.
    fn is_unordered(self) -> bool {
        matches!(self, Self::All | Self::Any | Self::None | Self::Quorum | Self::Items)
    }

    /// Whether it is a set of contacts or of events.
    fn is_set(self) -> bool {
        matches!(self, Self::All | Self::Any | Self::None | Self::Quorum | Self::Not | Self::Set | Self::Reference)
    }
}

/// A part of a text.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub tag: Tag,
    pub span: Span,
    pub id: NodeId,
    /// What it is about, by which its counterpart is found: the field, the events.
    subject: Option<NodeId>,
    children: Vec<Part>,
}

/// Where two texts differ: a part of either, or a part and its counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Difference {
    pub before: Option<(Span, NodeId)>,
    pub after: Option<(Span, NodeId)>,
    /// Whether the parts are sets, of which one may hold the other.
    pub sets: bool,
    /// Whether both are names, which may stand for something that has changed.
    pub references: bool,
}

impl Part {
    pub fn leaf(tag: Tag, span: Span, id: NodeId) -> Self {
        Self::new(tag, span, id, Vec::new())
    }

    pub fn new(tag: Tag, span: Span, id: NodeId, children: Vec<Self>) -> Self {
        Self { tag, span, id, subject: None, children }
    }

    pub fn about(mut self, subject: NodeId) -> Self {
        self.subject = Some(subject);
        self
    }
}

/// The smallest parts in which two differ.
pub(super) fn differences(arena: &Arena, before: &Part, after: &Part) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(arena, before, after, &mut found);
    found
}

fn compare(arena: &Arena, before: &Part, after: &Part, found: &mut Vec<Difference>) {
    if before.id == after.id {
        return;
    }
    let (old, new) = (&before.children, &after.children);
    if before.tag != after.tag || before.subject != after.subject || old.is_empty() || new.is_empty() {
        found.push(pair(before, after));
        return;
    }
    let (pairs, gone, come) = if before.tag.is_unordered() { in_any_order(arena, old, new) } else { in_order(old, new) };
    // A condition of which every part is another is another condition.
    let all_differ = pairs.iter().all(|(a, b)| a.id != b.id) && !before.tag.is_unordered();
    if all_differ && old.len().max(new.len()) > 1 {
        found.push(pair(before, after));
        return;
    }
    let start = found.len();
    for (a, b) in pairs {
        compare(arena, a, b, found);
    }
    found.extend(gone.into_iter().map(|part| Difference {
        before: Some((part.span, part.id)),
        after: None,
        sets: false,
        references: false,
    }));
    found.extend(come.into_iter().map(|part| Difference {
        before: None,
        after: Some((part.span, part.id)),
        sets: false,
        references: false,
    }));
    if found.len() == start {
        // What differs is no part of its own, such as an operator.
        found.push(pair(before, after));
    }
}

fn pair(before: &Part, after: &Part) -> Difference {
    Difference {
        before: Some((before.span, before.id)),
        after: Some((after.span, after.id)),
        sets: before.tag.is_set() && after.tag.is_set(),
        references: before.tag == Tag::Reference && after.tag == Tag::Reference,
    }
}

type Matched<'p> = (Vec<(&'p Part, &'p Part)>, Vec<&'p Part>, Vec<&'p Part>);

/// Parts with their counterparts, the equal ones first; then those without one.
fn in_any_order<'p>(arena: &Arena, before: &'p [Part], after: &'p [Part]) -> Matched<'p> {
    let mut pairs = Vec::new();
    let (gone, come) = matched(before.iter().collect(), after.iter().collect(), |part| Some(part.id), &mut pairs);
    let (gone, come) = matched(gone, come, |part| part.subject.map(|subject| (part.tag, subject)), &mut pairs);
    // Of groups of one kind, those that have most in common.
    let is_group = |part: &Part| !part.children.is_empty() && part.tag.is_unordered() && part.tag != Tag::Items;
    let (old_groups, mut gone): (Vec<_>, Vec<_>) = gone.into_iter().partition(|part| is_group(part));
    let (mut new_groups, mut come): (Vec<_>, Vec<_>) = come.into_iter().partition(|part| is_group(part));
    for old in old_groups {
        let best = (0..).zip(&new_groups).filter(|(_, new)| new.tag == old.tag).max_by_key(|(_, new)| common(arena, old, new));
        match best {
            Some((at, new)) => {
                pairs.push((old, *new));
                new_groups.swap_remove(at);
            }
            None => gone.push(old),
        }
    }
    come.extend(new_groups);
    if let ([old], [new]) = (gone.as_slice(), come.as_slice()) {
        pairs.push((*old, *new));
        return (pairs, Vec::new(), Vec::new());
    }
    (pairs, gone, come)
}

/// How many parts two groups share.
fn common(arena: &Arena, a: &Part, b: &Part) -> usize {
    let mut ids: Vec<NodeId> = a.children.iter().map(|part| part.id).collect();
    arena.sort(&mut ids);
    b.children.iter().filter(|part| arena.has(&ids, part.id)).count()
}

/// Pairs those that have the same key, in order; gives back the others.
fn matched<'p, K: std::hash::Hash + Eq>(
    before: Vec<&'p Part>,
    after: Vec<&'p Part>,
    key: impl Fn(&Part) -> Option<K>,
    pairs: &mut Vec<(&'p Part, &'p Part)>,
) -> (Vec<&'p Part>, Vec<&'p Part>) {
    let mut waiting: HashMap<K, Vec<usize>> = HashMap::new();
    for (at, part) in after.iter().enumerate().rev() {
        if let Some(key) = key(part) {
            waiting.entry(key).or_default().push(at);
        }
    }
    let mut taken = vec![false; after.len()];
    let mut gone = Vec::new();
    for part in before {
        let at = key(part).and_then(|key| waiting.get_mut(&key)?.pop());
        match at.and_then(|at| Some((after.get(at)?, taken.get_mut(at)?))) {
            Some((other, taken)) => {
                *taken = true;
                pairs.push((part, *other));
            }
            None => gone.push(part),
        }
    }
    let come = after.into_iter().zip(taken).filter(|(_, taken)| !taken).map(|(part, _)| part).collect();
    (gone, come)
}

/// Parts with their counterparts where the order matters: equal ones at both ends, then those in between in turn; of
/// different kinds none is the other's counterpart.
fn in_order<'p>(before: &'p [Part], after: &'p [Part]) -> Matched<'p> {
    let mut pairs = Vec::new();
    let start = before.iter().zip(after).take_while(|(a, b)| a.id == b.id).count();
    let (first, old) = before.split_at_checked(start).unwrap_or((before, &[]));
    let (first_new, new) = after.split_at_checked(start).unwrap_or((after, &[]));
    pairs.extend(first.iter().zip(first_new));
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a.id == b.id).count();
    let (old, last) = old.split_at_checked(old.len() - end).unwrap_or((old, &[]));
    let (new, last_new) = new.split_at_checked(new.len() - end).unwrap_or((new, &[]));
    pairs.extend(last.iter().zip(last_new));
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let mut new = new.iter().peekable();
    for (at, part) in old.iter().enumerate() {
        let rest = old.get(at + 1..).unwrap_or_default();
        let left = new.len();
        match new.peek() {
            // One that comes back later makes room for what was put in before it.
            Some(other) if same_kind(part, other) => {
                pairs.push((part, *other));
                new.next();
            }
            Some(other) if !rest.iter().any(|later| same_kind(later, other)) && left > rest.len() => {
                come.extend(new.next());
                if let Some(other) = new.next_if(|other| same_kind(part, other)) {
                    pairs.push((part, other));
                } else {
                    gone.push(part);
                }
            }
            _ => gone.push(part),
        }
    }
    come.extend(new);
    (pairs, gone, come)
}

fn same_kind(a: &Part, b: &Part) -> bool {
    a.tag == b.tag && a.subject == b.subject
}
