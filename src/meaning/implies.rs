//! Where logic alone says that one set lies in another, whatever the data and the moment.
//!
//! Sound, not complete: `false` says nothing. Groups are taken apart, `not` turns the question round, and single conditions
//! are compared by their bounds, lists, windows and numbers.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::node::{Arena, Head, NodeId};
use crate::syntax::ast::{CompareOp, HasOp, TextOp};
use crate::time::{CalendarUnit, Duration};
use crate::value::Folding;

/// How far definitions that refer to each other are followed.
const MAX_DEPTH: usize = 300;

/// Answers questions about the meanings of an arena.
pub(super) struct Reasoner<'a> {
    arena: &'a Arena,
    known: HashMap<(NodeId, NodeId), bool>,
    depth: usize,
}

impl<'a> Reasoner<'a> {
    pub fn new(arena: &'a Arena) -> Self {
        Self { arena, known: HashMap::new(), depth: 0 }
    }

    /// Whether everyone in `a` is in `b`.
    pub fn implies(&mut self, a: NodeId, b: NodeId) -> bool {
        if a == b {
            return true;
        }
        if self.depth >= MAX_DEPTH {
            return false;
        }
        if let Some(known) = self.known.get(&(a, b)) {
            return *known;
        }
        self.depth += 1;
        let holds = self.find(a, b);
        self.depth -= 1;
        if self.depth < MAX_DEPTH / 2 || holds {
            self.known.insert((a, b), holds);
        }
        holds
    }

    fn find(&mut self, a: NodeId, b: NodeId) -> bool {
        let arena = self.arena;
        let (a_parts, b_parts) = (arena.parts(a), arena.parts(b));
        match (arena.head(a), arena.head(b)) {
            (_, Head::All) => b_parts.iter().all(|part| self.implies(a, *part)),
            (Head::Any, _) => a_parts.iter().all(|part| self.implies(*part, b)),
            (Head::All, _) if arena.has(a_parts, b) => true,
            (_, Head::Any) if arena.has(b_parts, a) => true,
            (Head::All, Head::Any) => {
                a_parts.iter().any(|part| self.implies(*part, b)) || b_parts.iter().any(|part| self.implies(a, *part))
            }
            (Head::All, _) => a_parts.iter().any(|part| self.implies(*part, b)),
            (_, Head::Any) => b_parts.iter().any(|part| self.implies(a, *part)),
            (Head::Not, Head::Not) => match (a_parts, b_parts) {
                ([a], [b]) => self.implies(*b, *a),
                _ => false,
            },
            (_, Head::Not) => b_parts.first().is_some_and(|b| self.disjoint(a, *b)),
            (Head::Not, _) => false,
            _ => self.single(a, b),
        }
    }

    /// Whether nobody is in both of two single conditions.
    fn disjoint(&mut self, a: NodeId, b: NodeId) -> bool {
        let arena = self.arena;
        let ([value, test], [other_value, other_test]) = (arena.parts(a), arena.parts(b)) else { return false };
        let plain = |id| matches!(arena.head(id), Head::Test { or_empty: false, lasting: None });
        if !plain(a) || !plain(b) || value != other_value || test == other_test {
            return false;
        }
        match (arena.head(*test), arena.head(*other_test)) {
            // Every test but this one needs a value, and so may a list of records without one.
            (Head::IsEmpty, other) | (other, Head::IsEmpty) => !matches!(other, Head::OnlyRecords | Head::Records(0, _)),
            (Head::In { folding, negated: false }, Head::In { folding: other, negated: false })
                if folding.is_exact() && other.is_exact() =>
            {
                match (self.literals(*test), self.literals(*other_test)) {
                    (Some(a), Some(b)) => {
                        !a.iter().any(|item| arena.has(b, *item)) && a.iter().chain(b).all(|i| self.is_plain(*i))
                    }
                    _ => false,
                }
            }
            (Head::In { negated: false, .. }, Head::Compare(op, _)) => {
                let (Some(items), Some(bound)) = (self.literals(*test), arena.parts(*other_test).first()) else { return false };
                items.iter().all(|item| match self.order(*item, *bound) {
                    Some(Ordering::Less) => true,
                    Some(Ordering::Equal) => *op == CompareOp::Greater,
                    _ => false,
                })
            }
            _ => false,
        }
    }

    /// Numbers, texts and the like, which are different when they are written differently.
    fn is_plain(&self, id: NodeId) -> bool {
        matches!(self.arena.head(id), Head::Number(_) | Head::Text(_) | Head::Day(_))
    }

    /// The literals that a test names.
    fn literals(&self, test: NodeId) -> Option<&'a [NodeId]> {
        let list = *self.arena.parts(test).first()?;
        (*self.arena.head(list) == Head::Items).then(|| self.arena.parts(list))
    }

    /// Neither is a group or a negation.
    fn single(&mut self, a: NodeId, b: NodeId) -> bool {
        let arena = self.arena;
        match (arena.head(a), arena.head(b)) {
            (Head::Events(more), Head::Events(fewer)) => more >= fewer && self.first_parts(a, b, Self::matching),
            (Head::AtLeast(more), Head::AtLeast(fewer)) => more >= fewer && arena.parts(a) == arena.parts(b),
            (Head::Sample { share, salt }, Head::Sample { share: other, salt: other_salt }) => {
                salt == other_salt && share.cmp(other) != Ordering::Greater
            }
            (Head::Ranked { highest, count, share }, Head::Ranked { highest: other, count: other_count, share: other_share }) => {
                let fewer = match ((count, other_count), (share, other_share)) {
                    ((Some(a), Some(b)), _) => a <= b,
                    (_, (Some(a), Some(b))) => a.cmp(b) != Ordering::Greater,
                    _ => false,
                };
                fewer && highest == other && arena.parts(a) == arena.parts(b)
            }
            (Head::Sequence { by }, Head::Sequence { by: other }) => {
                // An event that must not come is missing more easily among those of one value.
                let without = |step: &NodeId| matches!(arena.head(*step), Head::Step { not: true, .. });
                (by == other || other.is_none() && !arena.parts(a).iter().any(without))
                    && self.sequence(arena.parts(a), arena.parts(b))
            }
            (Head::Test { or_empty, lasting }, Head::Test { or_empty: other_empty, lasting: other_lasting }) => {
                self.tests((a, *or_empty, *lasting), (b, *other_empty, *other_lasting))
            }
            // `for 7d` is besides passing.
            (Head::Test { or_empty: false, lasting: Some(_) }, _) => {
                arena.parts(a).get(1).is_some_and(|inner| self.implies(*inner, b))
            }
            _ => false,
        }
    }

    fn first_parts(&mut self, a: NodeId, b: NodeId, holds: impl FnOnce(&mut Self, NodeId, NodeId) -> bool) -> bool {
        match (self.arena.parts(a).first(), self.arena.parts(b).first()) {
            (Some(a), Some(b)) => holds(self, *a, *b),
            _ => false,
        }
    }

    // ---------------------------------------------------------------------------------------------- events

    /// Whether all events that match `a` match `b`.
    fn matching(&mut self, a: NodeId, b: NodeId) -> bool {
        if a == b {
            return true;
        }
        match (self.arena.parts(a), self.arena.parts(b)) {
            ([events, filter, window], [other_events, other_filter, other_window]) => {
                self.events(*events, *other_events)
                    && self.implies(*filter, *other_filter)
                    && self.window(*window, *other_window, true)
            }
            _ => false,
        }
    }

    fn events(&self, a: NodeId, b: NodeId) -> bool {
        let arena = self.arena;
        match (arena.head(a), arena.head(b)) {
            _ if a == b => true,
            (_, Head::EventAny) => true,
            (Head::EventUnion, _) => arena.parts(a).iter().all(|part| self.events(*part, b)),
            (_, Head::EventUnion) => arena.has(arena.parts(b), a),
            (Head::EventName(name) | Head::EventPrefix(name), Head::EventPrefix(prefix)) => name.starts_with(prefix),
            _ => false,
        }
    }

    fn sequence(&mut self, a: &[NodeId], b: &[NodeId]) -> bool {
        let (Some((window, steps)), Some((other_window, other_steps))) = (a.split_first(), b.split_first()) else { return false };
        steps.len() == other_steps.len()
            && self.window(*window, *other_window, true)
            && steps.iter().zip(other_steps).all(|(a, b)| *a == *b || self.step(*a, *b))
    }

    /// A step that is not negated may match more; one that is must stay.
    fn step(&mut self, a: NodeId, b: NodeId) -> bool {
        let arena = self.arena;
        let (Head::Step { not: false, within }, Head::Step { not: false, within: other }) = (arena.head(a), arena.head(b)) else {
            return false;
        };
        let sooner = match (within, other) {
            (_, None) => true,
            (Some(a), Some(b)) => not_longer(*a, *b),
            (None, Some(_)) => false,
        };
        match (arena.parts(a), arena.parts(b)) {
            ([events, filter], [other_events, other_filter]) => {
                sooner && self.events(*events, *other_events) && self.implies(*filter, *other_filter)
            }
            _ => false,
        }
    }

    // ----------------------------------------------------------------------------------------------- tests

    fn tests(
        &mut self,
        (a, a_empty, a_lasting): (NodeId, bool, Option<Duration>),
        (b, b_empty, b_lasting): (NodeId, bool, Option<Duration>),
    ) -> bool {
        let ([value, test], [other_value, other_test]) = (self.arena.parts(a), self.arena.parts(b)) else { return false };
        match (a_lasting, b_lasting) {
            (None, None) => self.values(*value, *other_value, *test, *other_test),
            // With `for`, the test is a set of its own.
            (Some(longer), Some(shorter)) => {
                value == other_value && test == other_test && (b_empty || !a_empty) && not_longer(shorter, longer)
            }
            (Some(_), None) => !a_empty && self.implies(*test, b),
            (None, Some(_)) => false,
        }
    }

    fn values(&mut self, value: NodeId, other_value: NodeId, test: NodeId, other_test: NodeId) -> bool {
        if value == other_value {
            return self.passes(test, other_test);
        }
        // The number of events, of days or of different values grows with the events.
        let arena = self.arena;
        let grows = |function: &str| matches!(function, "count" | "distinct" | "active_days");
        match (arena.head(value), arena.head(other_value)) {
            (
                Head::Aggregate { function, attr, arguments },
                Head::Aggregate { function: other, attr: other_attr, arguments: other_arguments },
            ) if grows(function) && function == other && attr == other_attr && arguments == other_arguments => {
                let from_below = |test| matches!(arena.head(test), Head::Compare(op, _) if is_bound(*op));
                from_below(test)
                    && from_below(other_test)
                    && self.passes(test, other_test)
                    && self.first_parts(value, other_value, Self::matching)
            }
            _ => false,
        }
    }

    /// Whether a value that passes `a` passes `b`.
    fn passes(&mut self, a: NodeId, b: NodeId) -> bool {
        if a == b {
            return true;
        }
        let arena = self.arena;
        match (arena.head(a), arena.head(b)) {
            (Head::Compare(op, _), Head::Compare(other, _)) if is_bound(*op) && is_bound(*other) => {
                let order = match (arena.parts(a).first(), arena.parts(b).first()) {
                    (Some(a), Some(b)) => self.order(*a, *b),
                    _ => None,
                };
                match order {
                    Some(Ordering::Greater) => true,
                    Some(Ordering::Equal) => *op == CompareOp::Greater || *other == CompareOp::GreaterOrEqual,
                    _ => false,
                }
            }
            (Head::In { negated: false, .. }, Head::Compare(op, _)) => {
                let (Some(items), Some(bound)) = (self.literals(a), arena.parts(b).first()) else { return false };
                items.iter().all(|item| match self.order(*item, *bound) {
                    Some(Ordering::Greater) => is_bound(*op),
                    Some(Ordering::Equal) => *op == CompareOp::GreaterOrEqual,
                    _ => false,
                })
            }
            (Head::In { folding, negated: false }, Head::In { folding: other, negated: false }) => {
                same_or_more(*folding, *other)
                    && match (self.literals(a), self.literals(b)) {
                        (Some(a), Some(b)) => a.iter().all(|item| arena.has(b, *item)),
                        _ => false,
                    }
            }
            (Head::In { folding, negated: false }, Head::TextTest(op, other)) if folding.is_exact() && other.is_exact() => {
                let (Some(items), Some(needle)) = (self.literals(a), self.needle(b)) else { return false };
                items.iter().all(|item| matches!(arena.head(*item), Head::Text(text) if found(*op, text, needle)))
            }
            (Head::TextTest(op, folding), Head::TextTest(other, other_folding)) if folding == other_folding => {
                let (Some(text), Some(needle)) = (self.needle(a), self.needle(b)) else { return false };
                (op == other || *other == TextOp::Contains) && found(*other, text, needle)
            }
            (Head::Has(op, folding), Head::Has(other, other_folding)) if folding == other_folding => {
                let (Some(a), Some(b)) = (self.literals(a), self.literals(b)) else { return false };
                match (op, other) {
                    (HasOp::Any, HasOp::Any) => a.iter().all(|item| arena.has(b, *item)),
                    (HasOp::All, HasOp::All) => b.iter().all(|item| arena.has(a, *item)),
                    (HasOp::All, HasOp::Any) => a.iter().any(|item| arena.has(b, *item)),
                    _ => false,
                }
            }
            (Head::Records(more, None), Head::Records(fewer, None)) => more >= fewer && self.first_parts(a, b, Self::implies),
            (Head::OnlyRecords, Head::OnlyRecords) => self.first_parts(a, b, Self::implies),
            (Head::Anniversary(a), Head::Anniversary(b)) => not_longer(*a, *b),
            (Head::InWindow, Head::InWindow) => self.first_parts(a, b, |reasoner, a, b| reasoner.window(a, b, false)),
            _ => false,
        }
    }

    fn needle(&self, test: NodeId) -> Option<&'a str> {
        match self.arena.head(*self.arena.parts(test).first()?) {
            Head::Text(text) => Some(text),
            _ => None,
        }
    }

    /// How two numbers or points in time compare, whatever the moment.
    fn order(&self, a: NodeId, b: NodeId) -> Option<Ordering> {
        if a == b {
            return Some(Ordering::Equal);
        }
        match (self.arena.head(a), self.arena.head(b)) {
            (Head::Number(a), Head::Number(b)) => Some(a.cmp(b)),
            (Head::Day(a), Head::Day(b)) => Some(a.cmp(b)),
            (Head::Instant(a, zone), Head::Instant(b, other)) if zone == other => Some(a.cmp(b)),
            (Head::Ago(a), Head::Ago(b)) => longer(*b, *a),
            (Head::FromNow(a), Head::FromNow(b)) => longer(*a, *b),
            (Head::Yesterday, Head::Today) | (Head::Ago(_), Head::Now | Head::FromNow(_)) | (Head::Now, Head::FromNow(_)) => {
                Some(Ordering::Less)
            }
            (Head::Today, Head::Yesterday) | (Head::Now | Head::FromNow(_), Head::Ago(_)) | (Head::FromNow(_), Head::Now) => {
                Some(Ordering::Greater)
            }
            _ => None,
        }
    }

    // --------------------------------------------------------------------------------------------- windows

    /// Whether a window lies in another; `past`: nothing after now is asked about.
    fn window(&self, a: NodeId, b: NodeId, past: bool) -> bool {
        let arena = self.arena;
        match (arena.head(a), arena.head(b)) {
            _ if a == b => true,
            (_, Head::Always) => true,
            (Head::This(part), Head::This(whole)) => is_part_of(*part, *whole),
            (Head::Last(fewer, unit), Head::Last(more, other)) => unit == other && fewer <= more,
            (Head::Next(a), Head::Next(b)) => not_longer(*a, *b),
            (Head::Anchored(a, side, field), Head::Anchored(b, other_side, other)) => {
                side == other_side && field == other && not_longer(*a, *b)
            }
            _ => match (self.bounds(a), self.bounds(b)) {
                (Some((from, to)), Some((other_from, other_to))) => {
                    self.is_later(from, other_from, false)
                        && (past && other_to.is_now(arena) || self.is_later(other_to, to, true))
                }
                _ => false,
            },
        }
    }

    /// The ends of a window.
    fn bounds(&self, window: NodeId) -> Option<(End, End)> {
        let parts = self.arena.parts(window);
        let first = || parts.first().copied().map(End::Point);
        Some(match self.arena.head(window) {
            Head::Within(length) => (End::Ago(*length, true), End::Now),
            Head::OlderThan(length) => (End::Open, End::Ago(*length, false)),
            Head::WindowBetween => (first()?, End::Point(*parts.get(1)?)),
            Head::Before => (End::Open, End::Beyond(*parts.first()?)),
            Head::After => (End::Beyond(*parts.first()?), End::Open),
            Head::Since => (first()?, End::Open),
            _ => return None,
        })
    }

    /// Whether a lower end is not before another; of upper ends (`upper`), whether `a` is not before `b`.
    fn is_later(&self, a: End, b: End, upper: bool) -> bool {
        let unlimited = if upper { a } else { b };
        if unlimited == End::Open {
            return true;
        }
        let (Some((a, a_in)), Some((b, b_in))) = (self.point(a), self.point(b)) else { return false };
        let order = match (a, b) {
            (PointOf::Ago(a), PointOf::Ago(b)) => longer(b, a),
            (PointOf::Node(a), PointOf::Node(b)) => self.order(a, b),
            _ => None,
        };
        match order {
            Some(Ordering::Greater) => true,
            // At the same point an end that leaves it out is the tighter one.
            Some(Ordering::Equal) => {
                if upper {
                    a_in || !b_in
                } else {
                    b_in || !a_in
                }
            }
            _ => false,
        }
    }

    /// The point of an end, and whether it belongs to the window.
    fn point(&self, end: End) -> Option<(PointOf, bool)> {
        let of = |id: NodeId| match self.arena.head(id) {
            Head::Ago(length) => PointOf::Ago(*length),
            Head::Now => PointOf::Ago(Duration::default()),
            _ => PointOf::Node(id),
        };
        match end {
            End::Open => None,
            End::Now => Some((PointOf::Ago(Duration::default()), true)),
            End::Ago(length, included) => Some((PointOf::Ago(length), included)),
            End::Point(id) => Some((of(id), true)),
            End::Beyond(id) => Some((of(id), false)),
        }
    }
}

/// An end of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Now,
    /// So long before now; whether it belongs to the window.
    Ago(Duration, bool),
    /// A point that belongs to the window.
    Point(NodeId),
    /// A point that does not.
    Beyond(NodeId),
}

impl End {
    /// Whether nothing up to now lies behind it.
    fn is_now(self, arena: &Arena) -> bool {
        match self {
            Self::Open | Self::Now => true,
            Self::Point(id) => *arena.head(id) == Head::Now,
            Self::Ago(..) | Self::Beyond(_) => false,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum PointOf {
    Ago(Duration),
    Node(NodeId),
}

fn is_bound(op: CompareOp) -> bool {
    matches!(op, CompareOp::GreaterOrEqual | CompareOp::Greater)
}

fn found(op: TextOp, text: &str, needle: &str) -> bool {
    match op {
        TextOp::Contains => text.contains(needle),
        TextOp::StartsWith => text.starts_with(needle),
        TextOp::EndsWith => text.ends_with(needle),
    }
}

/// Whether what `folding` takes for equal is equal for `other`.
fn same_or_more(folding: Folding, other: Folding) -> bool {
    (!folding.case || other.case) && (!folding.accents || other.accents)
}

fn is_part_of(part: CalendarUnit, whole: CalendarUnit) -> bool {
    use CalendarUnit::{Day, Month, Quarter, Week, Year};
    matches!((part, whole), (Day, Week | Month | Quarter | Year) | (Month, Quarter | Year) | (Quarter, Year))
}

fn not_longer(a: Duration, b: Duration) -> bool {
    matches!(longer(a, b), Some(Ordering::Less | Ordering::Equal))
}

/// The milliseconds of a day of 24 hours.
const DAY: u64 = 86_400_000;

/// How two lengths of time compare, whenever they begin.
fn longer(a: Duration, b: Duration) -> Option<Ordering> {
    if a == b {
        return Some(Ordering::Equal);
    }
    let parts = [a.months.cmp(&b.months), a.days.cmp(&b.days), a.millis.cmp(&b.millis)];
    if !parts.contains(&Ordering::Greater) {
        return Some(Ordering::Less);
    }
    if !parts.contains(&Ordering::Less) {
        return Some(Ordering::Greater);
    }
    // A month has 28 to 31 days, and clocks are put forward and back.
    let least = |d: Duration| (u64::from(d.months) * 28 + u64::from(d.days)) * DAY + d.millis;
    let most = |d: Duration| (u64::from(d.months) * 31 + u64::from(d.days)) * DAY + d.millis;
    if most(a) + DAY < least(b) {
        Some(Ordering::Less)
    } else if most(b) + DAY < least(a) {
        Some(Ordering::Greater)
    } else {
        None
    }
}
