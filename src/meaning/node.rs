//! Normalised meanings, each once, with their digests.
//!
//! The digest of a node is the SHA-256 of its words and of the digests of its parts. Words and their order are the format
//! behind `segql hash`: what is written here for a node must never change.

use std::collections::HashMap;
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::syntax::ast::{ArithmeticOp, CompareOp, HasOp, Part, TextOp};
use crate::syntax::quoted;
use crate::time::{CalendarUnit, Duration};
use crate::value::{Decimal, Folding};

/// Below so much stack, more is taken.
const RED_ZONE: usize = 128 << 10;
const STACK: usize = 8 << 20;

/// 256 bits that stand for a meaning; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A node of an [`Arena`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

/// What a node says besides its parts. The comments say what the parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Head {
    /// Sets, or tests on one event: at least two, sorted, each once; none of them is `All`. Without parts: everyone.
    All,
    /// At least two, sorted, each once; none of them is `Any`. Without parts: nobody.
    Any,
    /// A set that is none of `All`, `Any`, `Not`.
    Not,
    /// That many of the sets at least; 2 or more, and fewer than there are.
    AtLeast(u64),
    /// A value and a test.
    Test {
        or_empty: bool,
        lasting: Option<Duration>,
    },
    /// Matching events, 1 or more.
    Events(u64),
    /// Event reference, filter, window.
    Matching,
    /// Several event references, sorted, each once.
    EventUnion,
    EventName(String),
    EventPrefix(String),
    EventAny,
    /// The window, then the steps.
    Sequence {
        by: Option<String>,
    },
    /// Event reference and filter.
    Step {
        not: bool,
        within: Option<Duration>,
    },
    /// The value and the set.
    Ranked {
        highest: bool,
        count: Option<u64>,
        share: Option<Decimal>,
    },
    Sample {
        share: Decimal,
        salt: String,
    },
    /// The file of a list.
    List(String),
    /// A decision; the set of a branch.
    Label(String),
    /// A set for each label, in order; the last is everyone.
    Decision(Vec<String>),
    /// A name that nothing has: its kind and itself.
    Unknown(&'static str, String),

    Number(Decimal),
    Text(String),
    Bool(bool),
    Now,
    Today,
    Yesterday,
    /// Days since 1970-01-01.
    Day(i32),
    /// Milliseconds since 1970-01-01; `true`: in UTC, `false`: on the clocks of the schema's zone.
    Instant(i64, bool),
    Ago(Duration),
    FromNow(Duration),
    /// A point.
    StartOf(CalendarUnit, u32),
    Field(String),
    Attribute(String),
    EventTime,
    /// The operands; one operator fewer.
    Arithmetic(Vec<ArithmeticOp>),
    /// A set and two values.
    If,
    /// A value.
    Part(Part),
    /// A value.
    Logistic,
    /// Matching events.
    Aggregate {
        function: String,
        attr: Option<String>,
        arguments: Vec<Argument>,
    },
    /// Items, sorted, each once.
    Items,

    IsEmpty,
    IsTrue,
    /// A value. Of literals only `>=` and `>`.
    Compare(CompareOp, Folding),
    /// A list of literals, or a value that is a list. `negated` of such values only.
    In {
        folding: Folding,
        negated: bool,
    },
    /// Two values.
    Between,
    /// A value.
    TextTest(TextOp, Folding),
    Matches(String, Folding),
    /// A list of literals, or a value that is a list.
    Has(HasOp, Folding),
    /// A test on one record, which so many must pass.
    Records(u64, Option<u64>),
    /// A test on one record, which all must pass.
    OnlyRecords,
    Anniversary(Duration),
    /// A window.
    InWindow,

    /// No window.
    Always,
    Within(Duration),
    Next(Duration),
    Anchored(Duration, bool, String),
    OlderThan(Duration),
    /// Two values.
    WindowBetween,
    /// A value.
    Before,
    /// A value.
    After,
    /// A value.
    Since,
    /// A value.
    On,
    This(CalendarUnit),
    Last(u32, CalendarUnit),

    /// Of no meaning of its own: how many times, in a comparison of texts.
    Times(u64, Option<u64>),
}

/// An argument of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    Number(Decimal),
    Duration(Duration),
}

#[derive(Debug)]
struct Node {
    head: Head,
    parts: Vec<NodeId>,
    digest: Digest,
}

/// All meanings that have been looked at; equal ones are one node.
#[derive(Debug, Default)]
pub struct Arena {
    nodes: Vec<Node>,
    known: HashMap<Digest, NodeId>,
    /// Complements that have been made, both ways.
    complements: HashMap<NodeId, NodeId>,
}

impl Arena {
    /// The node of a head and its parts, as they are.
    pub(super) fn node(&mut self, head: Head, parts: Vec<NodeId>) -> NodeId {
        let mut hash = Sha256::new();
        hash.update(words(&head).as_bytes());
        for part in &parts {
            hash.update([0]);
            hash.update(self.digest(*part).0);
        }
        let digest = Digest(hash.finalize().into());
        let next = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let id = *self.known.entry(digest).or_insert(next);
        if id == next {
            self.nodes.push(Node { head, parts, digest });
        }
        id
    }

    /// The digest of a meaning.
    #[must_use]
    pub fn digest(&self, id: NodeId) -> Digest {
        self.get(id).map_or(Digest([0; 32]), |node| node.digest)
    }

    fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    pub(super) fn head(&self, id: NodeId) -> &Head {
        self.get(id).map_or(&Head::Any, |node| &node.head)
    }

    pub(super) fn parts(&self, id: NodeId) -> &[NodeId] {
        self.get(id).map_or(&[], |node| node.parts.as_slice())
    }

    /// Sorted, each once.
    pub(super) fn sort(&self, parts: &mut Vec<NodeId>) {
        parts.sort_by_key(|part| self.digest(*part));
        parts.dedup();
    }

    /// Whether a part is among sorted ones.
    pub(super) fn has(&self, parts: &[NodeId], part: NodeId) -> bool {
        parts.binary_search_by_key(&self.digest(part), |part| self.digest(*part)).is_ok()
    }

    // ------------------------------------------------------------------------------------------- the laws

    pub(super) fn everyone(&mut self) -> NodeId {
        self.node(Head::All, Vec::new())
    }

    pub(super) fn nobody(&mut self) -> NodeId {
        self.node(Head::Any, Vec::new())
    }

    /// `all`: flat, in any order, each part once, without `everyone`; `nobody` if a part is.
    pub(super) fn all(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.joined(true, parts.into_iter().collect())
    }

    /// `any`, likewise.
    pub(super) fn any(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.joined(false, parts.into_iter().collect())
    }

    fn joined(&mut self, all: bool, parts: Vec<NodeId>) -> NodeId {
        let (own, other) = if all { (Head::All, Head::Any) } else { (Head::Any, Head::All) };
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            if *self.head(part) == own {
                flat.extend_from_slice(self.parts(part));
            } else if *self.head(part) == other && self.parts(part).is_empty() {
                return part;
            } else {
                flat.push(part);
            }
        }
        self.sort(&mut flat);
        match flat.as_slice() {
            [only] => *only,
            _ => self.node(own, flat),
        }
    }

    /// `not`, brought down to single conditions.
    pub(super) fn not(&mut self, part: NodeId) -> NodeId {
        if let Some(known) = self.complements.get(&part) {
            return *known;
        }
        // Definitions that refer to each other nest without a limit.
        let complement = stacker::maybe_grow(RED_ZONE, STACK, || self.complement(part));
        self.complements.insert(part, complement);
        self.complements.insert(complement, part);
        complement
    }

    fn complement(&mut self, part: NodeId) -> NodeId {
        match self.head(part) {
            Head::Not => self.parts(part).first().copied().unwrap_or(part),
            Head::All | Head::Any => {
                let all = *self.head(part) == Head::All;
                let parts: Vec<NodeId> = self.parts(part).to_vec();
                let parts = parts.into_iter().map(|part| self.not(part)).collect();
                self.joined(!all, parts)
            }
            _ => self.node(Head::Not, vec![part]),
        }
    }

    /// So many of the parts, which may repeat.
    pub(super) fn quorum(&mut self, min: u64, max: Option<u64>, parts: &[NodeId]) -> NodeId {
        let least = self.at_least(min, parts);
        match max {
            None => least,
            Some(max) => {
                let more = self.at_least(max.saturating_add(1), parts);
                let not_more = self.not(more);
                self.all([least, not_more])
            }
        }
    }

    fn at_least(&mut self, count: u64, parts: &[NodeId]) -> NodeId {
        let len = parts.len() as u64;
        match count {
            0 => self.everyone(),
            1 => self.any(parts.iter().copied()),
            _ if count > len => self.nobody(),
            _ if count == len => self.all(parts.iter().copied()),
            _ => {
                let mut parts = parts.to_vec();
                parts.sort_by_key(|part| self.digest(*part));
                self.node(Head::AtLeast(count), parts)
            }
        }
    }

    /// So many events.
    pub(super) fn events(&mut self, min: u64, max: Option<u64>, matching: NodeId) -> NodeId {
        let mut least = |count: u64| if count == 0 { self.everyone() } else { self.node(Head::Events(count), vec![matching]) };
        let (least, more) = (least(min), max.map(|max| least(max.saturating_add(1))));
        match more {
            None => least,
            Some(more) => {
                let not_more = self.not(more);
                self.all([least, not_more])
            }
        }
    }
}

/// The words of a node.
fn words(head: &Head) -> String {
    match head {
        Head::All => "all".to_owned(),
        Head::Any => "any".to_owned(),
        Head::Not => "not".to_owned(),
        Head::AtLeast(count) => format!("at least {count} of"),
        Head::Test { or_empty, lasting } => {
            let empty = if *or_empty { " or empty" } else { "" };
            lasting.map_or(format!("test{empty}"), |lasting| format!("test{empty} for {}", duration(lasting)))
        }
        Head::Events(count) => format!("events {count}"),
        Head::Matching => "matching".to_owned(),
        Head::EventUnion => "union".to_owned(),
        Head::EventName(name) => format!("event {}", quoted(name)),
        Head::EventPrefix(prefix) => format!("prefix {}", quoted(prefix)),
        Head::EventAny => "event any".to_owned(),
        Head::Sequence { by } => by.as_ref().map_or("sequence".to_owned(), |by| format!("sequence by {}", quoted(by))),
        Head::Step { not, within } => {
            let not = if *not { "not " } else { "" };
            within.map_or(format!("{not}step"), |within| format!("{not}step within {}", duration(within)))
        }
        Head::Ranked { highest, count, share } => {
            let words = if *highest { "top" } else { "bottom" };
            match (count, share) {
                (Some(count), _) => format!("{words} {count}"),
                (None, share) => format!("{words} share {}", share.map_or(String::new(), decimal)),
            }
        }
        Head::Sample { share, salt } => format!("sample {} salt {}", decimal(*share), quoted(salt)),
        Head::List(file) => format!("list {}", quoted(file)),
        Head::Label(label) => format!("label {}", quoted(label)),
        Head::Decision(labels) => format!("decision {}", labels.iter().map(|l| quoted(l)).collect::<Vec<_>>().join(" ")),
        Head::Unknown(kind, name) => format!("unknown {kind} {}", quoted(name)),
        Head::Number(number) => format!("number {}", decimal(*number)),
        Head::Text(text) => format!("text {}", quoted(text)),
        Head::Bool(yes) => format!("bool {yes}"),
        Head::Now => "now".to_owned(),
        Head::Today => "today".to_owned(),
        Head::Yesterday => "yesterday".to_owned(),
        Head::Day(day) => format!("day {day}"),
        Head::Instant(at, true) => format!("instant {at}"),
        Head::Instant(at, false) => format!("local instant {at}"),
        Head::Ago(length) => format!("ago {}", duration(*length)),
        Head::FromNow(length) => format!("from now {}", duration(*length)),
        Head::StartOf(period, back) => format!("start of {} back {back}", unit(*period)),
        Head::Field(name) => format!("field {}", quoted(name)),
        Head::Attribute(name) => format!("attribute {}", quoted(name)),
        Head::EventTime => "event time".to_owned(),
        Head::Arithmetic(operators) => {
            let sign = |operator: &ArithmeticOp| match operator {
                ArithmeticOp::Add => '+',
                ArithmeticOp::Subtract => '-',
                ArithmeticOp::Multiply => '*',
                ArithmeticOp::Divide => '/',
            };
            format!("arithmetic {}", operators.iter().map(sign).collect::<String>())
        }
        Head::If => "if".to_owned(),
        Head::Logistic => "logistic".to_owned(),
        Head::Part(part) => {
            let part = match part {
                Part::Year => "year",
                Part::Month => "month",
                Part::Day => "day",
                Part::Weekday => "weekday",
                Part::Hour => "hour",
                Part::Size => "size",
            };
            format!("part {part}")
        }
        Head::Aggregate { function, attr, arguments } => {
            let mut words = format!("aggregate {function}");
            if let Some(attr) = attr {
                words = format!("{words} of {}", quoted(attr));
            }
            for argument in arguments {
                words = match argument {
                    Argument::Number(number) => format!("{words} number {}", decimal(*number)),
                    Argument::Duration(length) => format!("{words} duration {}", duration(*length)),
                };
            }
            words
        }
        Head::Items => "items".to_owned(),
        Head::IsEmpty => "is empty".to_owned(),
        Head::IsTrue => "is true".to_owned(),
        Head::Compare(operator, folding) => {
            let sign = match operator {
                CompareOp::Equal => "=",
                CompareOp::NotEqual => "!=",
                CompareOp::Less => "<",
                CompareOp::LessOrEqual => "<=",
                CompareOp::Greater => ">",
                CompareOp::GreaterOrEqual => ">=",
            };
            format!("compare {sign}{}", ignoring(*folding))
        }
        Head::In { folding, negated } => format!("{}in{}", if *negated { "not " } else { "" }, ignoring(*folding)),
        Head::Between => "between".to_owned(),
        Head::TextTest(operator, folding) => {
            let words = match operator {
                TextOp::Contains => "contains",
                TextOp::StartsWith => "starts with",
                TextOp::EndsWith => "ends with",
            };
            format!("{words}{}", ignoring(*folding))
        }
        Head::Matches(pattern, folding) => format!("matches {}{}", quoted(pattern), ignoring(*folding)),
        Head::Has(operator, folding) => {
            let words = match operator {
                HasOp::Any => "has any",
                HasOp::All => "has all",
                HasOp::None => "has none",
            };
            format!("{words}{}", ignoring(*folding))
        }
        Head::Records(min, max) => format!("records {min} to {}", max.map_or("any".to_owned(), |max| max.to_string())),
        Head::OnlyRecords => "only records".to_owned(),
        Head::Anniversary(length) => format!("anniversary {}", duration(*length)),
        Head::InWindow => "in window".to_owned(),
        Head::Always => "always".to_owned(),
        Head::Within(length) => format!("within {}", duration(*length)),
        Head::Next(length) => format!("next {}", duration(*length)),
        Head::Anchored(length, after, field) => {
            format!("within {} {} field {}", duration(*length), if *after { "after" } else { "before" }, quoted(field))
        }
        Head::OlderThan(length) => format!("older than {}", duration(*length)),
        Head::WindowBetween => "window between".to_owned(),
        Head::Before => "before".to_owned(),
        Head::After => "after".to_owned(),
        Head::Since => "since".to_owned(),
        Head::On => "on".to_owned(),
        Head::This(period) => format!("this {}", unit(*period)),
        Head::Last(count, period) => format!("last {count} {}", unit(*period)),
        Head::Times(min, max) => format!("times {min} to {}", max.map_or("any".to_owned(), |max| max.to_string())),
    }
}

/// Months, days and milliseconds.
fn duration(length: Duration) -> String {
    format!("{}/{}/{}", length.months, length.days, length.millis)
}

/// The shortest digits of a number.
fn decimal(number: Decimal) -> String {
    let (mut mantissa, mut scale) = (number.mantissa(), number.scale());
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    format!("{mantissa}e-{scale}")
}

fn unit(period: CalendarUnit) -> &'static str {
    match period {
        CalendarUnit::Day => "day",
        CalendarUnit::Week => "week",
        CalendarUnit::Month => "month",
        CalendarUnit::Quarter => "quarter",
        CalendarUnit::Year => "year",
    }
}

fn ignoring(folding: Folding) -> &'static str {
    match (folding.case, folding.accents) {
        (false, false) => "",
        (true, false) => " ignoring case",
        (false, true) => " ignoring accents",
        (true, true) => " ignoring case and accents",
    }
}
