//! Interval and set reasoning: conditions that nobody or everybody satisfies, and parts that others imply.
//!
//! A part of a group is read as a claim about one thing (a field, a number of events): which values satisfy it, and
//! whether being empty does. Claims about the same thing are compared as sets. What cannot be read so is left alone.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::Linter;
use crate::check::typed::{
    CompareOp, Condition, ConditionKind, CountRange, EventSource, EventWindow, Function, Test, TextOp, ValueExpr, ValueTest,
};
use crate::diag::{Diagnostic, codes};
use crate::plan::Intervals;
use crate::schema::{MAX_DECIMALS, Scalar};
use crate::syntax::Span;
use crate::time::{Clock, Interval, Point, Window, day_interval, instant_interval};
use crate::value::Decimal;

/// Claims about one thing that are compared with each other at most.
const COMPARED: usize = 64;

/// Two moments, far enough apart that what holds at both holds always, up to the lengths of months.
const MOMENTS: [i64; 2] = [1_700_000_000_000, 1_708_000_000_000];

/// What a claim is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Thing<'a> {
    Value(&'a ValueExpr),
    Events(&'a [EventSource]),
}

/// The values that satisfy a claim.
#[derive(Clone, PartialEq)]
enum Values<'a> {
    /// Whole multiples of the last decimal; counts.
    Numbers(Intervals),
    /// These texts, or all others.
    Texts(Rc<BTreeSet<&'a str>>, bool),
    /// Days or instants, at both [`MOMENTS`].
    Times([Intervals; 2]),
}

/// One part of a group.
#[derive(Clone)]
struct Claim<'a> {
    thing: Thing<'a>,
    values: Values<'a>,
    /// Whether being empty satisfies it.
    empty: bool,
    /// For numbers of events: where they are counted, at both [`MOMENTS`].
    window: Option<[Interval; 2]>,
    span: Span,
}

impl<'a> Linter<'a> {
    pub(super) fn logic(&mut self, condition: &'a Condition) {
        match &condition.kind {
            ConditionKind::All(parts) => self.group(condition.span, parts, true),
            ConditionKind::Any(parts) => self.group(condition.span, parts, false),
            ConditionKind::Test(_) | ConditionKind::Events(..) => self.alone(condition),
            _ => {}
        }
    }

    /// A claim that says nothing, or that nothing satisfies.
    fn alone(&mut self, condition: &'a Condition) {
        let Some(claim) = self.claim(condition) else { return };
        if claim.is_never() {
            self.warn(Diagnostic::new(codes::W0101, condition.span, "nobody can satisfy this").help("check its numbers"));
        } else if claim.is_always() {
            self.warn(
                Diagnostic::new(codes::W0102, condition.span, "everybody satisfies this")
                    .help("leave it out, or write `everyone`"),
            );
        }
    }

    #[expect(clippy::mutable_key_type, reason = "a compiled expression is known by its source")]
    fn group(&mut self, span: Span, parts: &'a [Condition], all: bool) {
        let mut things: HashMap<Thing<'a>, Vec<Claim<'a>>> = HashMap::new();
        for claim in parts.iter().filter_map(|p| self.claim(p)).filter(|c| !c.is_never() && !c.is_always()) {
            things.entry(claim.thing).or_default().push(claim);
        }
        let mut things: Vec<Vec<Claim<'a>>> = things.into_values().filter(|c| c.len() > 1).collect();
        things.sort_by_key(|claims| claims.first().map(|c| c.span));
        for mut claims in things {
            claims.truncate(COMPARED);
            if let Some(warning) = contradiction(&claims, all) {
                self.warn(warning);
            } else {
                for w in implied(&claims, all) {
                    self.warn(w);
                }
            }
        }
        self.opposites(span, parts, all);
    }

    /// `c; not c`, whatever c is.
    #[expect(clippy::mutable_key_type, reason = "a compiled expression is known by its source")]
    fn opposites(&mut self, span: Span, parts: &'a [Condition], all: bool) {
        let negated: HashMap<&Condition, Span> = parts
            .iter()
            .filter_map(|p| if let ConditionKind::Not(inner) = &p.kind { Some((inner.as_ref(), p.span)) } else { None })
            .collect();
        if negated.is_empty() {
            return;
        }
        let found = parts.iter().find_map(|p| negated.get(p).map(|not| (p, *not)));
        // Claims have been compared already.
        if let Some((part, not)) = found.filter(|(part, _)| self.claim(part).is_none()) {
            let (code, message) = verdict(all);
            self.warn(
                Diagnostic::new(code, span, message)
                    .label(part.span, "this")
                    .label(not, "is the opposite of this")
                    .help("keep one of them"),
            );
        }
    }

    fn claim(&self, condition: &'a Condition) -> Option<Claim<'a>> {
        match &condition.kind {
            ConditionKind::Not(inner) => {
                let claim = self.claim(inner)?;
                Some(Claim { span: condition.span, ..claim.opposite() })
            }
            ConditionKind::Test(test) if test.lasting.is_none() => self.test_claim(test, condition.span),
            ConditionKind::Events(matching, range) => {
                let window = match &matching.window {
                    None => [Interval::ALL; 2],
                    Some(EventWindow::Fixed(window)) => self.at_moments(|clock| instant_interval(window, clock)),
                    Some(EventWindow::PerContact(_)) => return None,
                };
                let values = Values::Numbers(counts(*range));
                Some(Claim {
                    thing: Thing::Events(&matching.sources),
                    values,
                    empty: false,
                    window: Some(window),
                    span: condition.span,
                })
            }
            _ => None,
        }
    }

    fn test_claim(&self, test: &'a ValueTest, span: Span) -> Option<Claim<'a>> {
        let values = match (&test.test, self.grid(&test.value)) {
            (Test::Number(op, n), Some(decimals)) => {
                Values::Numbers(compared(*op, n.floor_scaled(decimals), n.ceil_scaled(decimals)))
            }
            (Test::NumberBetween(a, b), Some(d)) => Values::Numbers(Intervals::range(a.ceil_scaled(d), b.floor_scaled(d))),
            (Test::NumberIn(list, negated), Some(d)) => {
                let set = Intervals::union(list.iter().map(|n| equal(n, d)));
                Values::Numbers(if *negated { set.complement() } else { set })
            }
            (Test::Is(expected), _) => Values::Numbers(Intervals::range(i128::from(*expected), i128::from(*expected))),
            (Test::Text(op @ (TextOp::Equal | TextOp::NotEqual), text, folding), _) if folding.is_exact() => {
                Values::Texts(Rc::new(BTreeSet::from([text.as_str()])), *op == TextOp::NotEqual)
            }
            (Test::TextIn(list, folding, negated), _) if folding.is_exact() => {
                Values::Texts(Rc::new(list.iter().map(String::as_str).collect()), *negated)
            }
            (Test::When(op, point), _) => Values::Times(self.points(&test.value, *op, point)?),
            (Test::Window(window), _) => Values::Times(self.times(&test.value, window)?),
            _ => return None,
        };
        let values = match (values, &test.test) {
            // A bool has two values only.
            (Values::Numbers(set), Test::Is(_)) => Values::Numbers(Intervals::union([set, Intervals::range(0, 1).complement()])),
            (Values::Numbers(set), _) if counts_something(&test.value) => {
                Values::Numbers(Intervals::union([set, Intervals::range(0, i128::MAX).complement()]))
            }
            (values, _) => values,
        };
        Some(Claim { thing: Thing::Value(&test.value), values, empty: test.or_empty, window: None, span })
    }

    /// Decimals of a value that is always a multiple of its last decimal.
    fn grid(&self, value: &ValueExpr) -> Option<u8> {
        match value {
            ValueExpr::Field(field) => match self.options.schema.field_column(*field)?.ty.scalar() {
                Scalar::Number { decimals } => Some(decimals),
                _ => None,
            },
            ValueExpr::Aggregate(aggregate) => match aggregate.function {
                Function::Average => None,
                _ if counts_something(value) => Some(0),
                _ => Some(MAX_DECIMALS),
            },
            ValueExpr::Part(..) => Some(0),
            _ => None,
        }
    }

    fn is_date(&self, value: &ValueExpr) -> Option<bool> {
        match value {
            ValueExpr::Field(field) => Some(self.options.schema.field_column(*field)?.ty.scalar() == Scalar::Date),
            ValueExpr::Aggregate(aggregate) => matches!(aggregate.function, Function::First | Function::Last).then_some(false),
            _ => None,
        }
    }

    fn times(&self, value: &ValueExpr, window: &Window) -> Option<[Intervals; 2]> {
        let is_date = self.is_date(value)?;
        let intervals =
            self.at_moments(|clock| if is_date { day_interval(window, clock) } else { instant_interval(window, clock) });
        Some(intervals.map(Intervals::of))
    }

    fn points(&self, value: &ValueExpr, op: CompareOp, point: &Point) -> Option<[Intervals; 2]> {
        let is_date = self.is_date(value)?;
        let intervals = self.at_moments(|clock| {
            let day = i64::from(clock.day(point));
            if is_date { Interval { lo: day, hi: day } } else { clock.point_instants(point) }
        });
        Some(intervals.map(|i| compared_span(op, i128::from(i.lo), i128::from(i.hi))))
    }

    fn at_moments(&self, interval: impl Fn(&Clock) -> Interval) -> [Interval; 2] {
        MOMENTS.map(|now| interval(&Clock { now, zone: self.options.schema.timezone }))
    }
}

/// Whether a value is a number of things: never below 0, never empty.
fn counts_something(value: &ValueExpr) -> bool {
    let ValueExpr::Aggregate(aggregate) = value else { return false };
    matches!(aggregate.function, Function::Count | Function::Distinct | Function::ActiveDays | Function::ActivePeriods { .. })
}

fn counts(range: CountRange) -> Intervals {
    let set = Intervals::range(range.min.into(), range.max.map_or(i128::MAX, Into::into));
    // Counts below 0 do not occur: a claim that lacks only those says nothing.
    Intervals::union([set, Intervals::range(0, i128::MAX).complement()])
}

fn equal(n: &Decimal, decimals: u8) -> Intervals {
    Intervals::range(n.ceil_scaled(decimals), n.floor_scaled(decimals))
}

fn compared(op: CompareOp, floor: i128, ceil: i128) -> Intervals {
    match op {
        CompareOp::Equal => Intervals::range(ceil, floor),
        CompareOp::NotEqual => Intervals::range(ceil, floor).complement(),
        CompareOp::Less => Intervals::range(i128::MIN, ceil.saturating_sub(1)),
        CompareOp::LessOrEqual => Intervals::range(i128::MIN, floor),
        CompareOp::Greater => Intervals::range(floor.saturating_add(1), i128::MAX),
        CompareOp::GreaterOrEqual => Intervals::range(ceil, i128::MAX),
    }
}

/// Against a span of instants that compares as one, such as a day.
fn compared_span(op: CompareOp, lo: i128, hi: i128) -> Intervals {
    match op {
        CompareOp::Equal => Intervals::range(lo, hi),
        CompareOp::NotEqual => Intervals::range(lo, hi).complement(),
        CompareOp::Less => Intervals::range(i128::MIN, lo - 1),
        CompareOp::LessOrEqual => Intervals::range(i128::MIN, hi),
        CompareOp::Greater => Intervals::range(hi + 1, i128::MAX),
        CompareOp::GreaterOrEqual => Intervals::range(lo, i128::MAX),
    }
}

impl Values<'_> {
    fn complement(&self) -> Self {
        match self {
            Self::Numbers(set) => Self::Numbers(set.complement()),
            Self::Texts(texts, others) => Self::Texts(Rc::clone(texts), !others),
            Self::Times(sets) => Self::Times([&sets[0], &sets[1]].map(Intervals::complement)),
        }
    }

    fn is_none(&self) -> bool {
        match self {
            Self::Numbers(set) => set.is_empty(),
            Self::Texts(texts, others) => texts.is_empty() && !others,
            Self::Times(sets) => sets.iter().all(Intervals::is_empty),
        }
    }

    fn and(&self, other: &Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Numbers(a), Self::Numbers(b)) => Self::Numbers(a.and(b)),
            (Self::Times([a, b]), Self::Times([c, d])) => Self::Times([a.and(c), b.and(d)]),
            (Self::Texts(a, false), Self::Texts(b, false)) => Self::Texts(Rc::new(&**a & &**b), false),
            (Self::Texts(a, false), Self::Texts(b, true)) | (Self::Texts(b, true), Self::Texts(a, false)) => {
                Self::Texts(Rc::new(&**a - &**b), false)
            }
            (Self::Texts(a, true), Self::Texts(b, true)) => Self::Texts(Rc::new(&**a | &**b), true),
            _ => return None,
        })
    }

    fn is_part_of(&self, other: &Self) -> bool {
        self.and(&other.complement()).is_some_and(|rest| rest.is_none())
    }
}

impl<'a> Claim<'a> {
    /// Of numbers of events and counts the values below 0 stand in for nothing.
    fn never_occurs(&self) -> Option<Intervals> {
        let counts = match self.thing {
            Thing::Events(_) => true,
            Thing::Value(value) => counts_something(value),
        };
        counts.then(|| Intervals::range(0, i128::MAX).complement())
    }

    fn occurring(&self) -> Values<'a> {
        match (&self.values, self.never_occurs()) {
            (Values::Numbers(set), Some(never)) => Values::Numbers(set.and(&never.complement())),
            (values, _) => values.clone(),
        }
    }

    fn is_never(&self) -> bool {
        self.occurring().is_none() && !self.empty
    }

    fn is_always(&self) -> bool {
        let never_empty = self.never_occurs().is_some();
        self.values.complement().is_none() && (self.empty || never_empty)
    }

    /// What a negation of it claims.
    fn opposite(&self) -> Self {
        let values = match (self.values.complement(), self.never_occurs()) {
            (Values::Numbers(set), Some(never)) => Values::Numbers(Intervals::union([set, never])),
            (values, _) => values,
        };
        let empty = !self.empty && self.never_occurs().is_none();
        Self { values, empty, ..self.clone() }
    }

    fn and(&self, other: &Self) -> Option<Self> {
        (self.window == other.window).then_some(())?;
        Some(Self { values: self.values.and(&other.values)?, empty: self.empty && other.empty, ..self.clone() })
    }

    /// Whether everyone who satisfies it satisfies the other.
    fn implies(&self, other: &Self) -> bool {
        if self.window == other.window {
            return self.values.is_part_of(&other.values) && (other.empty || !self.empty);
        }
        // More events in a smaller window are as many in a larger one.
        let (Some(a), Some(b)) = (self.window, other.window) else { return false };
        let inside = a.iter().zip(&b).all(|(a, b)| b.lo <= a.lo && a.hi <= b.hi);
        let outside = a.iter().zip(&b).all(|(a, b)| a.lo <= b.lo && b.hi <= a.hi);
        match (self.at_least(), other.at_least(), self.at_most(), other.at_most()) {
            (Some(a), Some(b), ..) => inside && a >= b,
            (.., Some(a), Some(b)) => outside && a <= b,
            _ => false,
        }
    }

    /// The bound of a claim of at least so many.
    fn at_least(&self) -> Option<i128> {
        let Values::Numbers(set) = self.occurring() else { return None };
        let mut parts = set.iter();
        let (lo, hi) = parts.next()?;
        (hi == i128::MAX && parts.next().is_none()).then_some(lo)
    }

    /// The bound of a claim of at most so many.
    fn at_most(&self) -> Option<i128> {
        let Values::Numbers(set) = self.occurring() else { return None };
        let mut parts = set.iter();
        let (lo, hi) = parts.next()?;
        (lo == 0 && hi != i128::MAX && parts.next().is_none()).then_some(hi)
    }
}

fn verdict(all: bool) -> (crate::diag::Code, &'static str) {
    if all { (codes::W0101, "nobody can satisfy this group") } else { (codes::W0102, "everybody satisfies this group") }
}

/// Parts that no contact satisfies together, or of which each contact satisfies one.
fn contradiction<'a>(claims: &[Claim<'a>], all: bool) -> Option<Diagnostic> {
    let side = |c: &Claim<'a>| -> Claim<'a> { if all { c.clone() } else { c.opposite() } };
    for (at, claim) in claims.iter().enumerate() {
        let mut met = side(claim);
        for other in claims.get(at + 1..).unwrap_or_default() {
            let pair = side(claim).and(&side(other));
            let together = met.and(&side(other));
            if pair.as_ref().or(together.as_ref()).is_some_and(Claim::is_never) || together.as_ref().is_some_and(Claim::is_never)
            {
                let (code, message) = verdict(all);
                let (first, then) = if all {
                    ("whoever satisfies this", "cannot satisfy this")
                } else {
                    ("whoever does not satisfy this", "satisfies this")
                };
                return Some(
                    Diagnostic::new(code, other.span, message)
                        .here(then)
                        .label(claim.span, first)
                        .help("check the two, or leave one out"),
                );
            }
            met = together.unwrap_or(met);
        }
    }
    None
}

/// Parts that change nothing because of another.
fn implied(claims: &[Claim<'_>], all: bool) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for (at, claim) in claims.iter().enumerate() {
        let other = claims.iter().enumerate().find(|(position, other)| {
            // Equal ones are reported as repeated.
            let (strong, weak) = if all { (*other, claim) } else { (claim, *other) };
            *position != at && strong.implies(weak) && !weak.implies(strong)
        });
        if let Some((_, other)) = other {
            let why = if all {
                "whoever satisfies this satisfies the other part anyway"
            } else {
                "this has everyone of the other part already"
            };
            warnings.push(
                Diagnostic::new(codes::W0103, claim.span, "this part changes nothing")
                    .here("changes nothing")
                    .label(other.span, why)
                    .help("leave it out, or check its numbers"),
            );
        }
    }
    warnings
}
