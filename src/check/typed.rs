//! The typed tree: what a checked script means. Names are gone, every operand has the type its test needs.
//!
//! Made by [`super::check`], read by `row` (one contact at a time) and by `plan` (sets). Times stay symbolic
//! ([`Point`], [`Window`]) until a clock is given, so one tree serves every `now`.

use crate::schema::{AttrId, EventId, FieldId, Scalar};
use crate::time::{Duration, Point, Window};
use crate::value::{Decimal, Folding};

/// Position of a definition in [`Program::segments`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub u32);

/// All segments of a run, each after the ones it refers to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Program {
    /// Segments in an order in which references point backwards.
    pub segments: Vec<Segment>,
}

/// One named condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Name as written, in NFC; empty for a bare condition.
    pub name: String,
    /// The quoted title, where there is one.
    pub title: Option<String>,
    /// Who is in it.
    pub condition: Condition,
}

/// A set of contacts.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All contacts.
    Everyone,
    /// No contact.
    Nobody,
    /// In every part.
    All(Vec<Condition>),
    /// In some part.
    Any(Vec<Condition>),
    /// In that many parts; a part that is written twice counts twice.
    Quorum(CountRange, Vec<Condition>),
    /// Every contact that is not in it.
    Not(Box<Condition>),
    /// The members of another segment.
    Segment(SegmentId),
    /// A value of the contact passes a test.
    Test(Box<ValueTest>),
    /// The number of matching events is in a range.
    Events(Box<Matching>, CountRange),
}

/// Both ends included; `max = None` is no upper end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountRange {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: Option<u64>,
}

/// `VALUE TEST [or empty]`. On an empty value the test is false whatever it says, unless `or_empty`.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueTest {
    /// What is tested.
    pub value: ValueExpr,
    /// How.
    pub test: Test,
    /// Whether an empty value passes.
    pub or_empty: bool,
}

/// One value for a contact, or empty.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueExpr {
    /// A field (scalar or list).
    Field(FieldId),
    /// `field contact_id`: text, never empty.
    ContactId,
    /// `count(E ...)`: a whole number, 0 for none.
    Count(Box<Matching>),
    /// `sum(E.attr ...)`: a number with the attribute's decimals, 0 for none.
    Sum(Box<Matching>, EventAttr),
    /// `first(E ...)`: the instant of the oldest match, empty for none.
    First(Box<Matching>),
    /// `last(E ...)`: the instant of the newest match, empty for none.
    Last(Box<Matching>),
}

/// An attribute of one event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventAttr {
    /// The event type.
    pub event: EventId,
    /// Its attribute.
    pub attr: AttrId,
    /// Decimals of the (number) attribute.
    pub decimals: u8,
}

/// Which events of a contact count: a type, a test on each event, a window. Events after `now` never match.
#[derive(Debug, Clone, PartialEq)]
pub struct Matching {
    /// The event type.
    pub event: EventId,
    /// `where`, on one and the same event.
    pub filter: Option<Filter>,
    /// When it happened.
    pub window: Option<EventWindow>,
}

/// When an event happened.
#[derive(Debug, Clone, PartialEq)]
pub enum EventWindow {
    /// The same instants for every contact.
    Fixed(Window),
    /// `within D after field F`: F <= t <= F + D; `before`: F - D <= t <= F. A date F stands for its whole day: from
    /// the start of the day F to the end of the day F + D (`before`: start of F - D to the end of F).
    /// An empty F matches nothing.
    Anchored {
        /// How far.
        duration: Duration,
        /// On which side of the anchor.
        side: Side,
        /// A date or time field of the contact.
        field: FieldId,
    },
}

/// Which side of an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// From the anchor on.
    After,
    /// Up to the anchor.
    Before,
}

/// A test on a single event.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Passes every part.
    All(Vec<Filter>),
    /// Passes some part.
    Any(Vec<Filter>),
    /// Does not pass.
    Not(Box<Filter>),
    /// The event's own attribute passes a test (false on empty unless `or_empty`).
    Attr {
        /// The attribute of the event type of the enclosing [`Matching`].
        attr: AttrId,
        /// The test.
        test: Test,
        /// Whether an empty attribute passes.
        or_empty: bool,
    },
    /// `time`: the event's own instant passes a test.
    Instant(Test),
}

/// A test on a value. Which tests go with which type is the checker's business: the comments say what may meet what.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Any type: has no value.
    IsEmpty,
    /// Any type: has a value.
    IsSet,
    /// Bool.
    Is(bool),
    /// Number against a number.
    Number(CompareOp, Decimal),
    /// Number between two, both included. Empty when the first is above the second.
    NumberBetween(Decimal, Decimal),
    /// Number is (or is not) one of a list; sorted, without repetition.
    NumberIn(Vec<Decimal>, Negated),
    /// Text equal, contained, ...; the needle is in NFC and *not* folded yet.
    Text(TextOp, String, Folding),
    /// Text is (or is not) one of a list; sorted bytewise, without repetition, not folded yet.
    TextIn(Vec<String>, Folding, Negated),
    /// Text matches a regular expression (unanchored; `folding` has been applied to neither side).
    Matches(Pattern, Folding),
    /// Date or time against a point. A date compares by calendar day; so does an instant with a whole day.
    When(CompareOp, Point),
    /// Date or time is (or is not) one of a list of points.
    WhenIn(Vec<Point>, Negated),
    /// Date or time lies in a window.
    Window(Window),
    /// Date or time: its day and month come round on a day from today to today + D (`within next D`); `0d` is today.
    /// 29 February counts as 1 March in other years.
    Anniversary(Duration),
    /// List of text or of number.
    Has(HasOp, ListOperand),
    /// Against another field of the same kind. Empty on either side: false.
    Field(CompareOp, FieldId, Scalar),
}

/// `= != < <= > >=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// `true` for `not in`.
pub type Negated = bool;

/// Tests on a text with one needle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TextOp {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
}

/// Tests on a list. A list is never empty here (an empty one fails before).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HasOp {
    /// At least one of the operands is an element (`has "x"` too).
    Any,
    /// Every operand is an element.
    All,
    /// No operand is an element.
    None,
}

/// The operands of a list test.
#[derive(Debug, Clone, PartialEq)]
pub enum ListOperand {
    /// Literal texts.
    Text(Vec<String>, Folding),
    /// Literal numbers.
    Number(Vec<Decimal>),
    /// Another list field of the same element type. An empty one: the test is false.
    Field(FieldId),
}

/// A compiled regular expression that compares by its source.
#[derive(Debug, Clone)]
pub struct Pattern(pub regex::Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl CountRange {
    /// At least one.
    pub const SOME: Self = Self { min: 1, max: None };

    /// Whether `count` lies in it.
    #[must_use]
    pub fn contains(self, count: u64) -> bool {
        count >= self.min && self.max.is_none_or(|max| count <= max)
    }
}

impl CompareOp {
    /// Whether an ordering satisfies the operator.
    #[must_use]
    pub fn accepts(self, ordering: std::cmp::Ordering) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Self::Equal => ordering == Equal,
            Self::NotEqual => ordering != Equal,
            Self::Less => ordering == Less,
            Self::LessOrEqual => ordering != Greater,
            Self::Greater => ordering == Greater,
            Self::GreaterOrEqual => ordering != Less,
        }
    }
}
