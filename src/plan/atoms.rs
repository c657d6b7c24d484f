//! Atoms: questions that the data answers.

use crate::check::typed::{CompareOp, CountRange, HasOp, TextOp};
use crate::plan::Intervals;
use crate::schema::{AttrId, EventId, FieldId, Scalar};
use crate::time::{Duration, Interval};
use crate::value::Folding;

/// A question about one field or one event type.
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
    /// A value made from events passes.
    Events(EventAtom),
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
    pub value: EventValue,
}

/// Which instants count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TimeSpan {
    /// The same for every contact.
    Fixed(Interval),
    /// Counted from a date or a time of the contact.
    Anchored {
        /// The field.
        field: FieldId,
        /// How far.
        duration: Duration,
        /// After the anchor or before it.
        after: bool,
    },
}

/// What is asked of the matching events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EventValue {
    /// How many they are.
    Count(CountRange),
    /// How many they are, where that is not one range.
    CountIn(Intervals),
    /// The sum of an attribute, in units of its last decimal.
    Sum(AttrId, Intervals),
    /// The instant of the first; without one `or_empty` decides.
    First(Intervals, bool),
    /// The instant of the last; without one `or_empty` decides.
    Last(Intervals, bool),
}

/// A test on one event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RowFilter {
    /// Passes every part.
    All(Vec<RowFilter>),
    /// Passes some part.
    Any(Vec<RowFilter>),
    /// Does not pass.
    Not(Box<RowFilter>),
    /// An attribute passes; empty passes with `or_empty`.
    Attr {
        /// The attribute.
        attr: AttrId,
        /// The test.
        predicate: Predicate,
        /// Whether an empty attribute passes.
        or_empty: bool,
    },
    /// The event's own instant.
    Instant(Intervals),
}

/// A test on a value that is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Predicate {
    /// Always passes: `is set`.
    Set,
    /// Never passes: `is empty` is this with `or_empty`.
    Never,
    /// The number, day, instant (or 0 and 1 for a bool) is in a set.
    In(Intervals),
    /// The text passes.
    Text(TextPredicate),
    /// The day, or the calendar day of the instant, comes round within so long.
    Anniversary(Duration, Scalar),
    /// Elements of a list against texts.
    HasText(HasOp, Vec<String>, Folding),
    /// Elements of a list against numbers; one set of a single number for each, `NONE` for one that cannot occur.
    HasNumber(HasOp, Vec<Intervals>),
    /// Elements of a list against those of a list field, with the decimals of both.
    HasField(HasOp, FieldId, u8, u8),
    /// Against another field, with the types of both.
    Field(CompareOp, FieldId, Scalar, Scalar),
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

impl Atom {
    /// The fields it reads.
    #[must_use]
    pub fn fields(&self) -> Vec<FieldId> {
        let of_predicate = |p: &Predicate| match p {
            Predicate::HasField(_, field, ..) | Predicate::Field(_, field, ..) => Some(*field),
            _ => None,
        };
        match self {
            Self::Field { field, predicate, .. } => std::iter::once(*field).chain(of_predicate(predicate)).collect(),
            Self::ContactId(predicate) => of_predicate(predicate).into_iter().collect(),
            Self::Events(events) => {
                let mut fields = Vec::new();
                if let TimeSpan::Anchored { field, .. } = events.span {
                    fields.push(field);
                }
                if let Some(filter) = &events.filter {
                    filter.visit(&mut |f| {
                        if let RowFilter::Attr { predicate, .. } = f {
                            fields.extend(of_predicate(predicate));
                        }
                    });
                }
                fields
            }
        }
    }
}

impl EventAtom {
    /// The attributes it reads.
    #[must_use]
    pub fn attributes(&self) -> Vec<AttrId> {
        let mut attributes = Vec::new();
        if let EventValue::Sum(attr, _) = self.value {
            attributes.push(attr);
        }
        if let Some(filter) = &self.filter {
            filter.visit(&mut |f| {
                if let RowFilter::Attr { attr, .. } = f {
                    attributes.push(*attr);
                }
            });
        }
        attributes.sort_unstable();
        attributes.dedup();
        attributes
    }
}

impl RowFilter {
    /// Shows every part to `see`.
    fn visit(&self, see: &mut dyn FnMut(&Self)) {
        see(self);
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|p| p.visit(see)),
            Self::Not(inner) => inner.visit(see),
            Self::Attr { .. } | Self::Instant(_) => {}
        }
    }
}
