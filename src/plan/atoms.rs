//! Atoms: questions that the data answers.

use super::{ExprId, Intervals, NumberTest};
use crate::check::typed::{CompareOp, CountRange, EventValue, HasOp, ListId, Sample, TextOp};
use crate::schema::{AttrId, EventId, FieldId, Scalar};
use crate::time::{Duration, Interval};
use crate::value::{Decimal, Folding};

/// A question about the data of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Atom {
    /// The field has a value that passes; empty passes with `or_empty`.
    Field {
        /// The field.
        field: FieldId,
        /// The test.
        predicate: Predicate,
        /// Whether an empty field passes.
        or_empty: bool,
    },
    /// The contact's id passes.
    ContactId(Predicate),
    /// How many events match, or when the first or the last did.
    Events(EventAtom),
    /// Any other value passes.
    Value {
        /// The value.
        value: ExprId,
        /// The test.
        predicate: Predicate,
        /// Whether an empty value passes.
        or_empty: bool,
    },
    /// Events in order.
    Sequence(Sequence),
    /// A field has been as it is since an instant or longer.
    Unchanged {
        /// The field.
        field: FieldId,
        /// The instant.
        since: i64,
    },
    /// The id is in a static list.
    List(ListId),
    /// The id falls into a share.
    Sample(Sample),
}

/// A question about one event type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventAtom {
    /// The type.
    pub event: EventId,
    /// Which instants count; never later than now.
    pub span: TimeSpan,
    /// Which events count.
    pub filter: Option<RowFilter>,
    /// What is asked of them.
    pub test: EventTest,
}

/// What is asked of the matching events of one type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EventTest {
    /// How many they are.
    Count(CountRange),
    /// The instant of the first; without one `or_empty` decides.
    First(Intervals, bool),
    /// The instant of the last; without one `or_empty` decides.
    Last(Intervals, bool),
}

/// The events of one type, and the attribute that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    /// The type.
    pub event: EventId,
    /// Which events count.
    pub filter: Option<RowFilter>,
    /// The attribute.
    pub attr: Option<AttrId>,
}

/// Which instants count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TimeSpan {
    /// The same for every contact, never later than now.
    Fixed(Interval),
    /// Its own for each contact, up to now.
    Own(OwnWindow),
}

/// A window whose ends are values of the contact; see [`crate::check::typed::ValueWindow`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "as in the typed tree")]
pub enum OwnWindow {
    Before(ExprId),
    After(ExprId),
    Since(ExprId),
    On(ExprId),
    Between(ExprId, ExprId),
    Anchored { anchor: ExprId, duration: Duration, after: bool },
}

/// Events in strictly increasing time; see [`crate::check::typed::Sequence`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence {
    /// All events have the same value of the sources' attribute.
    pub by: bool,
    /// Where the events of steps that are not negated lie.
    pub span: TimeSpan,
    /// In order.
    pub steps: Vec<Step>,
}

/// One step of a sequence.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// No such event follows.
    pub negated: bool,
    /// Which events, in the order of the schema.
    pub sources: Vec<Source>,
    /// How long after the step before it.
    pub within: Option<Duration>,
}

/// A test on one event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RowFilter {
    /// Passes every part.
    All(Vec<RowFilter>),
    /// Passes some part.
    Any(Vec<RowFilter>),
    /// Passes that many parts.
    Quorum(CountRange, Vec<RowFilter>),
    /// Does not pass.
    Not(Box<RowFilter>),
    /// A value of the event passes; empty passes with `or_empty`.
    Test {
        /// The value.
        value: EventValue,
        /// The test.
        predicate: Predicate,
        /// Whether an empty value passes.
        or_empty: bool,
    },
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
    /// A member passes; empty passes with `or_empty`.
    Test {
        /// The member's column among the fields, or among the attributes of the event.
        column: u16,
        /// The test.
        predicate: Box<Predicate>,
        /// Whether an empty member passes.
        or_empty: bool,
    },
}

/// A test on a value that is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Predicate {
    /// Always passes: `is set`.
    Set,
    /// Never passes: `is empty` is this with `or_empty`.
    Never,
    /// The integer that stands in the column (a number of the column's scale, a day, an instant, 0 and 1) is in a set.
    In(Intervals),
    /// A number of any scale passes.
    Number(NumberTest),
    /// The day of a date, or the instant, is in a set.
    Moment {
        /// For dates.
        days: Intervals,
        /// For instants.
        instants: Intervals,
    },
    /// The text passes.
    Text(TextPredicate),
    /// The day, or the calendar day of the instant, comes round within so long.
    Anniversary(Duration),
    /// Elements of a list against texts, folded and sorted.
    HasText(HasOp, Vec<String>, Folding),
    /// Elements of a list against numbers, sorted.
    HasNumber(HasOp, Vec<Decimal>),
    /// Elements of a list against those of another.
    HasValue(HasOp, ExprId, Folding),
    /// So many records of a list pass.
    Items(CountRange, ItemFilter),
    /// Against another value.
    Value(CompareOp, ExprId, Folding),
    /// Between two values, both included.
    BetweenValues(ExprId, ExprId),
    /// A text against another.
    TextValue(TextOp, ExprId, Folding),
    /// Is, or is not, an element of a list.
    InValue(ExprId, Folding, bool),
    /// Lies in a window of the contact's own.
    Window(OwnWindow),
}

/// A test on a text; needles are folded already.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TextPredicate {
    /// Equal to one of a sorted list, or to none.
    In(Vec<String>, Folding, bool),
    /// Contains, starts with or ends with a needle.
    Part(TextOp, String, Folding),
    /// Matches a regular expression: its source, whether case is ignored, what the text is folded with.
    Matches(String, bool, Folding),
}

impl TextPredicate {
    /// Whether a sorted list has a text.
    pub(crate) fn is_in(sorted: &[String], text: &str) -> bool {
        sorted.binary_search_by(|t| t.as_str().cmp(text)).is_ok()
    }

    /// Whether a text passes a test with one needle.
    pub(crate) fn is_part(op: TextOp, text: &str, needle: &str) -> bool {
        match op {
            TextOp::Contains => text.contains(needle),
            TextOp::StartsWith => text.starts_with(needle),
            TextOp::EndsWith => text.ends_with(needle),
            TextOp::Equal => text == needle,
            TextOp::NotEqual => text != needle,
        }
    }
}

impl Sequence {
    /// The sources of all steps.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.steps.iter().flat_map(|s| &s.sources)
    }
}

/// How many decimals a number has; 0 for everything else.
#[must_use]
pub(crate) fn decimals(scalar: Scalar) -> u8 {
    if let Scalar::Number { decimals } = scalar { decimals } else { 0 }
}
