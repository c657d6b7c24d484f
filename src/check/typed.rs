//! The typed tree: what a checked script means. Names are gone, every operand has the type its test needs.
//!
//! Made by [`super::check`], read by `row` (one contact at a time) and by `plan` (sets). Times stay symbolic
//! ([`Point`], [`Window`]) until a clock is given, so one tree serves every `now`.

use crate::schema::{AttrId, EventId, FieldId};
use crate::syntax::Span;
use crate::time::{Duration, Point, Window};
use crate::value::{Decimal, Folding};

/// Position of a definition in [`Program::segments`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub u32);

/// Position of a `let` in [`Program::lets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LetId(pub u32);

/// Position of a decision in [`Program::decisions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DecisionId(pub u32);

/// Position of a static list in [`Program::lists`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListId(pub u32);

/// Position of a `top` or `bottom` in [`Program::ranked`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RankedId(pub u32);

/// A definition that others may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DefinitionId {
    /// A segment.
    Segment(SegmentId),
    /// A value.
    Let(LetId),
    /// A decision.
    Decision(DecisionId),
}

/// All definitions of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// Segments, in the order in which they were checked.
    pub segments: Vec<Segment>,
    /// Values, in the order in which they were checked.
    pub lets: Vec<Let>,
    /// Decisions, in the order in which they were checked.
    pub decisions: Vec<Decision>,
    /// Static lists.
    pub lists: Vec<StaticList>,
    /// Every `top` and `bottom`, inner ones before the ones that depend on them.
    pub ranked: Vec<Ranked>,
    /// Segments, values and decisions, each after the ones it refers to.
    pub order: Vec<DefinitionId>,
}

/// One named condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Name as written, in NFC; empty for a bare condition.
    pub name: String,
    /// The quoted title, where there is one.
    pub title: Option<String>,
    /// Who is in it.
    pub condition: Condition,
}

/// One named value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Let {
    /// Name without `$`.
    pub name: String,
    /// What it is.
    pub value: ValueExpr,
}

/// `decision name < when c -> "label"; ...; otherwise -> "label" >`: the first branch that holds gives the label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decision {
    /// Name as written, in NFC.
    pub name: String,
    /// The quoted title, where there is one.
    pub title: Option<String>,
    /// All labels, in order of first appearance, each once.
    pub labels: Vec<String>,
    /// Branches in order; the last is `otherwise`, whose condition is `everyone`.
    pub branches: Vec<Branch>,
}

/// One line of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Branch {
    /// When it applies, unless one before it does.
    pub condition: Condition,
    /// Position of its label in [`Decision::labels`].
    pub label: u32,
}

/// `list name = "file"`: contact ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StaticList {
    /// Name as written, in NFC.
    pub name: String,
    /// The ids, bytewise ascending, each once.
    pub ids: Vec<String>,
}

/// `top 1000 by VALUE of c`. Contacts whose value is empty are left out first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ranked {
    /// `top` rather than `bottom`.
    pub highest: bool,
    /// How many of them.
    pub amount: Amount,
    /// What they are ranked by: a number, a date or a time. Ties: by contact id, bytewise ascending.
    pub by: ValueExpr,
    /// Of whom.
    pub of: Condition,
}

/// How many of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Amount {
    /// So many.
    Count(u64),
    /// A share of those with a value, 0 to 1; rounded up to a whole contact.
    Share(Decimal),
}

/// A set of contacts, and where the script says so. Two are equal when they say the same, wherever they stand.
#[derive(Debug, Clone)]
pub struct Condition {
    /// What it says.
    pub kind: ConditionKind,
    /// Where.
    pub span: Span,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Condition {}

impl std::hash::Hash for Condition {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
    }
}

/// The forms of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConditionKind {
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
    /// The ids of a static list that are contacts.
    List(ListId),
    /// Contacts to whom a decision gives a label (its position in [`Decision::labels`]).
    Decision(DecisionId, u32),
    /// A value of the contact passes a test.
    Test(Box<ValueTest>),
    /// The number of matching events is in a range.
    Events(Box<Matching>, CountRange),
    /// Events in order.
    Sequence(Box<Sequence>),
    /// The first or the last of a ranking.
    Ranked(RankedId),
    /// A stable pseudo-random share.
    Sample(Sample),
}

/// `sample 10% salt "x"`: contacts with [`sample_hash`](crate::value::sample_hash) of salt and id below `share * 2^64`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sample {
    /// 0 to 1.
    pub share: Decimal,
    /// Different salts give independent shares.
    pub salt: String,
}

/// Both ends included; `max = None` is no upper end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountRange {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: Option<u64>,
}

/// `VALUE TEST [or empty] [for D]`. On an empty value the test is false whatever it says, unless `or_empty` (or the
/// test is `is empty`). `has only < >` comes with `or_empty`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ValueTest {
    /// What is tested.
    pub value: ValueExpr,
    /// How.
    pub test: Test,
    /// Whether an empty value passes.
    pub or_empty: bool,
    /// `for D`, of a field only: besides passing, the field's value has been as it is since now - D or longer. A field that
    /// never had a value has been empty for ever. Of a list of records: every column of the list.
    pub lasting: Option<Duration>,
}

/// One value for a contact, or empty. An empty list is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ValueExpr {
    /// The same for all contacts.
    Constant(Constant),
    /// A field (scalar or list).
    Field(FieldId),
    /// `field contact_id`: text, never empty.
    ContactId,
    /// `$name` of a `let`.
    Let(LetId),
    /// A value made from events.
    Aggregate(Box<Aggregate>),
    /// `a + b` of numbers, see [`Number`](crate::value::Number). Empty when a side is, and on division by zero.
    Arithmetic(Box<ValueExpr>, ArithmeticOp, Box<ValueExpr>),
    /// `if(c, a, b)`; a and b have one type.
    If(Box<Condition>, Box<ValueExpr>, Box<ValueExpr>),
    /// `logistic(v)` of a number, see [`Number::logistic`](crate::value::Number::logistic). Empty when the value is.
    Logistic(Box<ValueExpr>),
    /// `year(v)`, `size(list)`: a whole number. Empty when the value is, `size` too.
    Part(Part, Box<ValueExpr>),
}

/// A literal or a param.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Constant {
    /// A number.
    Number(Decimal),
    /// A text in NFC.
    Text(String),
    /// True or false.
    Bool(bool),
    /// A date where [`Point::is_day`], an instant otherwise.
    Point(Point),
}

/// `+ - * /`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ArithmeticOp {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// A part of a date or of an instant in the schema's zone (weekday 1 is Monday), or the size of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Part {
    Year,
    Month,
    Day,
    Weekday,
    /// Of an instant only.
    Hour,
    Size,
}

/// A function over the matching events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Aggregate {
    /// What is made of them.
    pub function: Function,
    /// Which events, and their attribute ([`EventSource::attr`]) where the function takes one.
    pub matching: Matching,
}

/// What is made of the matching events. "Attribute": of a [`EventSource::attr`] of one scalar type; events of a type
/// without it and events where it is empty have no value there. `FirstOf`, `LastOf` and `Nth` may give lists.
///
/// The order of events is by instant; equal instants of one type by arrival, of different types by the position of the
/// type in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// How many; 0 for none.
    Count,
    /// The sum of the attribute; 0 for none.
    Sum,
    /// Sum by number of the values that are set, exactly; empty for none.
    Average,
    /// The least value (number, date or time); empty for none.
    Min,
    /// The greatest value (number, date or time); empty for none.
    Max,
    /// How many different values; 0 for none.
    Distinct,
    /// The value that occurs most often, of equally frequent ones the one whose first occurrence is earliest; empty
    /// unless it occurs so often.
    MostFrequent(u64),
    /// The instant of the first event; empty for none.
    First,
    /// The instant of the last event; empty for none.
    Last,
    /// The attribute of the first event; empty for none or if it has none there.
    FirstOf,
    /// The attribute of the last event; empty for none or if it has none there.
    LastOf,
    /// The attribute of the n-th oldest event, for a negative n of the n-th newest; never 0.
    Nth(i64),
    /// How many calendar days (in the schema's zone) have an event; 0 for none.
    ActiveDays,
    /// How many of the last `periods` periods of `length` have at least `at_least` events: period i (1 is the newest) is
    /// now - i * length <= t < now - (i - 1) * length, the newest includes now.
    ActivePeriods {
        /// Length of a period; months and days are multiplied before they are subtracted.
        length: Duration,
        /// How many periods.
        periods: u32,
        /// How many events make a period active; at least 1.
        at_least: u64,
    },
}

/// Which events of a contact count. Events after `now` never match.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Matching {
    /// The event types, in schema order, each once.
    pub sources: Vec<EventSource>,
    /// When it happened.
    pub window: Option<EventWindow>,
}

/// The events of one type, with what is said of them resolved for this type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventSource {
    /// The event type.
    pub event: EventId,
    /// `where`, on one and the same event.
    pub filter: Option<Filter>,
    /// The attribute of an aggregate or of `sequence by`; `None` where none is asked for or this type lacks it.
    pub attr: Option<AttrId>,
}

/// When an event happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EventWindow {
    /// The same instants for every contact.
    Fixed(Window),
    /// Instants that depend on a value of the contact.
    PerContact(ValueWindow),
}

/// A window whose ends are values of the contact. A date as an end is its whole day; an empty end: nothing matches.
/// On dates, instants as ends count as their calendar days.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ValueWindow {
    /// t < x; before the day x begins.
    Before(ValueExpr),
    /// t > x; after the day x ended.
    After(ValueExpr),
    /// t >= x; from the beginning of the day x.
    Since(ValueExpr),
    /// In the calendar day of x.
    On(ValueExpr),
    /// Both ends included.
    Between(ValueExpr, ValueExpr),
    /// `within D after field F`: F <= t <= F + D; `before`: F - D <= t <= F. A date F stands for its whole day: from
    /// the start of the day F to the end of the day F + D (`before`: start of F - D to the end of F).
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

/// Events in strictly increasing time. The first step is not negated.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence {
    /// `by attr`: all events of the sequence have the same value of [`EventSource::attr`]; events without one are out.
    pub by: bool,
    /// Where all events of steps that are not negated lie. (What a negated step excludes may lie anywhere up to now.)
    pub window: Option<EventWindow>,
    /// In order.
    pub steps: Vec<Step>,
}

/// One step of a sequence; t is the instant of the last step before it that is not negated.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// There is no such event in (t, t + within], and t + within <= now; without `within`: none after t, up to now.
    pub negated: bool,
    /// Which events; without a window of their own.
    pub sources: Vec<EventSource>,
    /// For a step that is not negated: at most so long after t.
    pub within: Option<Duration>,
}

/// A test on a single event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Passes every part; without parts: always.
    All(Vec<Filter>),
    /// Passes some part; without parts: never.
    Any(Vec<Filter>),
    /// Passes that many parts.
    Quorum(CountRange, Vec<Filter>),
    /// Does not pass.
    Not(Box<Filter>),
    /// A value of the event passes a test (false on empty unless `or_empty` or `is empty`).
    Test {
        /// What is tested.
        value: EventValue,
        /// How. Values in it are values of the contact.
        test: Test,
        /// Whether an empty value passes.
        or_empty: bool,
    },
}

/// One value of an event, or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventValue {
    /// An attribute of the type of the enclosing [`EventSource`].
    Attr(AttrId),
    /// `time`: the event's own instant.
    Instant,
    /// A part of an attribute.
    PartOfAttr(Part, AttrId),
    /// A part of the event's own instant.
    PartOfInstant(Part),
}

/// A test on one record of a list of records.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ItemFilter {
    /// Passes every part.
    All(Vec<ItemFilter>),
    /// Passes some part.
    Any(Vec<ItemFilter>),
    /// Passes that many parts.
    Quorum(CountRange, Vec<ItemFilter>),
    /// Does not pass.
    Not(Box<ItemFilter>),
    /// A member of the record passes a test (false on empty unless `or_empty` or `is empty`).
    Test {
        /// Position of the member's column among the fields, or among the attributes of the event type.
        column: u16,
        /// How.
        test: Box<Test>,
        /// Whether an empty member passes.
        or_empty: bool,
    },
}

/// A test on a value. Which tests go with which type is the checker's business: the comments say what may meet what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    /// Date or time lies in a window of the contact's own.
    ValueWindow(Box<ValueWindow>),
    /// Date or time: its day and month come round on a day from today to today + D (`within next D`); `0d` is today.
    /// 29 February counts as 1 March in other years.
    Anniversary(Duration),
    /// List of text or of number.
    Has(HasOp, ListOperand),
    /// The number of records that pass is in a range. The value is the first column of the list of records; records are
    /// numbered alike in all its columns.
    Items(CountRange, ItemFilter),
    /// Against another value of the same kind; a date with an instant by calendar day. Empty on either side: false.
    /// Folding is for text. Bools and texts are compared for equality only.
    Value(CompareOp, Box<ValueExpr>, Folding),
    /// Number between two values, both included. Empty on any side: false.
    BetweenValues(Box<ValueExpr>, Box<ValueExpr>),
    /// Text against another text value: contained, ... Empty on either side: false.
    TextValue(TextOp, Box<ValueExpr>, Folding),
    /// Text or number is (or is not) an element of a list value. Empty on either side: false.
    InValue(Box<ValueExpr>, Folding, Negated),
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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListOperand {
    /// Literal texts.
    Text(Vec<String>, Folding),
    /// Literal numbers.
    Number(Vec<Decimal>),
    /// Another list value of the same element type. An empty one: the test is false.
    Value(Box<ValueExpr>, Folding),
}

/// A compiled regular expression that compares by its source.
#[derive(Debug, Clone)]
pub struct Pattern(pub regex::Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl std::hash::Hash for Pattern {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
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
