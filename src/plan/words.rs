//! Atoms and expressions in the words of the language.

use super::{
    Aggregate, Atom, Constant, EventAtom, EventTest, Expr, ExprId, Function, Intervals, ItemFilter, Node, NodeId, NumberTest,
    OwnWindow, Plan, Predicate, Ranked, RowFilter, Sequence, Source, TextPredicate, TimeSpan,
};
use crate::check::typed::{Amount, ArithmeticOp, CompareOp, CountRange, EventValue, HasOp, TextOp};
use crate::schema::{AttrId, Column, EventId, FieldId, Scalar, Schema};
use crate::time::{Interval, format_date, format_instant};
use crate::value::{Decimal, Folding};

/// Expressions inside each other are told to this depth.
const DEPTH: u32 = 6;
/// Items of a list that are told.
const SHOWN: usize = 6;

/// Says what parts of a plan mean.
pub(super) struct Words<'a> {
    pub plan: &'a Plan,
    pub schema: &'a Schema,
}

/// Groups inside each other are told to this depth in one line.
const GROUPS: u32 = 3;

impl Words<'_> {
    /// A node with its parts in one line.
    pub fn node(&self, node: &Node) -> String {
        self.group(node, GROUPS)
    }

    fn group(&self, node: &Node, depth: u32) -> String {
        let part = |id: &NodeId| match depth.checked_sub(1) {
            Some(deeper) => self.group(self.plan.node(*id), deeper),
            None => "...".to_owned(),
        };
        let list = |parts: &[NodeId]| {
            let mut shown: Vec<String> = parts.iter().take(SHOWN).map(part).collect();
            let more = parts.len().saturating_sub(SHOWN);
            if more > 0 {
                shown.push(format!("and {more} more"));
            }
            shown.join("; ")
        };
        match node {
            Node::Everyone => "everyone".to_owned(),
            Node::Nobody => "nobody".to_owned(),
            Node::All(parts) => format!("all < {} >", list(parts)),
            Node::Any(parts) => format!("any < {} >", list(parts)),
            Node::Not(inner) => format!("not {}", part(inner)),
            Node::Quorum(range, parts) => format!("{} of < {} >", count(*range), list(parts)),
            Node::Atom(atom) => self.atom(atom),
            Node::Ranked(ranked) => format!("{} {}", self.ranked(ranked), part(&ranked.of)),
        }
    }

    pub fn atom(&self, atom: &Atom) -> String {
        match atom {
            Atom::Field { field, predicate, or_empty } => match self.schema.field_column(*field) {
                Some(column) => format!("field {} {}", column.name, self.test(predicate, column.ty.scalar(), *or_empty, None)),
                None => String::new(),
            },
            Atom::ContactId(predicate) => format!("field contact_id {}", self.test(predicate, Scalar::Text, false, None)),
            Atom::Events(events) => self.events(events),
            Atom::Value { value, predicate, or_empty } => {
                let scalar = self.scalar_of(*value);
                format!("{} {}", self.expr(*value, DEPTH), self.test(predicate, scalar, *or_empty, None))
            }
            Atom::Sequence(sequence) => self.sequence(sequence),
            Atom::Unchanged { field, since } => {
                format!("field {} unchanged since {}", self.field(*field), self.instant(*since))
            }
            Atom::List(id) => {
                let list = self.plan.list(*id);
                format!("list {} ({} ids)", list.map_or("", |l| l.name.as_str()), list.map_or(0, |l| l.ids.len()))
            }
            Atom::Sample(sample) => format!("sample {} salt {:?}", percent(sample.share), sample.salt),
        }
    }

    pub fn ranked(&self, ranked: &Ranked) -> String {
        let end = if ranked.highest { "top" } else { "bottom" };
        let amount = match ranked.amount {
            Amount::Count(n) => n.to_string(),
            Amount::Share(share) => percent(share),
        };
        format!("{end} {amount} by {} of", self.expr(ranked.by, DEPTH))
    }

    fn field(&self, id: FieldId) -> &str {
        self.schema.field_column(id).map_or("", |c| c.name.as_str())
    }

    fn instant(&self, ms: i64) -> String {
        format_instant(ms, self.schema.timezone)
    }

    fn expr(&self, id: ExprId, depth: u32) -> String {
        let Some(deeper) = depth.checked_sub(1) else { return "...".to_owned() };
        match self.plan.expr(id) {
            Expr::Nothing => "nothing".to_owned(),
            Expr::Constant(constant) => match constant {
                Constant::Number(n) => n.to_string(),
                Constant::Text(text) => format!("{text:?}"),
                Constant::Bool(b) => b.to_string(),
                Constant::Day(day) => format_date(*day),
                Constant::Instant(ms) => self.instant(*ms),
            },
            Expr::Field(field) => format!("field {}", self.field(*field)),
            Expr::ContactId => "field contact_id".to_owned(),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, deeper),
            Expr::Arithmetic(a, op, b) => {
                let op = match op {
                    ArithmeticOp::Add => "+",
                    ArithmeticOp::Subtract => "-",
                    ArithmeticOp::Multiply => "*",
                    ArithmeticOp::Divide => "/",
                };
                format!("({} {op} {})", self.expr(*a, deeper), self.expr(*b, deeper))
            }
            Expr::If(_, a, b) => format!("if(part, {}, {})", self.expr(*a, deeper), self.expr(*b, deeper)),
            Expr::Logistic(of) => format!("logistic({})", self.expr(*of, deeper)),
            Expr::Part(part, of) => format!("{}({})", part.name(), self.expr(*of, deeper)),
        }
    }

    fn scalar_of(&self, id: ExprId) -> Scalar {
        match self.plan.expr(id) {
            Expr::Field(field) => self.schema.field_column(*field).map_or(Scalar::Text, |c| c.ty.scalar()),
            Expr::Aggregate(Aggregate { function: Function::First | Function::Last, .. }) => Scalar::Time,
            Expr::ContactId => Scalar::Text,
            _ => Scalar::Number { decimals: 0 },
        }
    }

    fn aggregate(&self, aggregate: &Aggregate, depth: u32) -> String {
        let (name, argument) = match &aggregate.function {
            Function::Count => ("count", String::new()),
            Function::Sum => ("sum", String::new()),
            Function::Average => ("average", String::new()),
            Function::Min => ("min", String::new()),
            Function::Max => ("max", String::new()),
            Function::Distinct => ("distinct", String::new()),
            Function::MostFrequent(1) => ("most_frequent", String::new()),
            Function::MostFrequent(n) => ("most_frequent", format!(", {n}")),
            Function::First | Function::FirstOf => ("first", String::new()),
            Function::Last | Function::LastOf => ("last", String::new()),
            Function::Nth(n) => ("nth", format!(", {n}")),
            Function::ActiveDays => ("active_days", String::new()),
            Function::ActivePeriods { starts, at_least } => {
                let from = starts.last().map_or_else(String::new, |s| format!(" from {}", self.instant(*s)));
                ("active_periods", format!(", {} periods{from}, {at_least}", starts.len()))
            }
        };
        format!("{name}({}{}{argument})", self.sources(&aggregate.sources), self.span(&aggregate.span, depth))
    }

    fn sources(&self, sources: &[Source]) -> String {
        let shown = sources.iter().take(SHOWN).map(|s| {
            let ty = self.schema.event_type(s.event);
            let attr = s.attr.and_then(|a| self.schema.attribute_column(s.event, a));
            format!(
                "{}{}{}",
                ty.map_or("", |t| t.name.as_str()),
                attr.map_or_else(String::new, |a| format!(".{}", a.name)),
                self.where_(s.event, s.filter.as_ref())
            )
        });
        let shown: Vec<String> = shown.collect();
        match sources.len() {
            1 => shown.concat(),
            n if n > SHOWN => format!("[{}, and {} more]", shown.join(", "), n - SHOWN),
            _ => format!("[{}]", shown.join(", ")),
        }
    }

    fn where_(&self, event: EventId, filter: Option<&RowFilter>) -> String {
        filter.map_or_else(String::new, |f| format!(" where {}", self.filter(f, event)))
    }

    fn span(&self, span: &TimeSpan, depth: u32) -> String {
        match span {
            TimeSpan::Fixed(interval) => format!(" {}", self.interval(*interval)),
            TimeSpan::Own(window) => format!(" {}", self.window(window, depth)),
        }
    }

    fn interval(&self, interval: Interval) -> String {
        match (interval.lo, interval.hi) {
            _ if interval.is_empty() => "at no instant".to_owned(),
            (i64::MIN, hi) => format!("until {}", self.instant(hi)),
            (lo, hi) => format!("from {} to {}", self.instant(lo), self.instant(hi)),
        }
    }

    fn window(&self, window: &OwnWindow, depth: u32) -> String {
        let x = |id: &ExprId| self.expr(*id, depth);
        match window {
            OwnWindow::Before(a) => format!("before {}", x(a)),
            OwnWindow::After(a) => format!("after {}", x(a)),
            OwnWindow::Since(a) => format!("since {}", x(a)),
            OwnWindow::On(a) => format!("on {}", x(a)),
            OwnWindow::Between(a, b) => format!("between {} and {}", x(a), x(b)),
            OwnWindow::Anchored { anchor, duration, after } => {
                format!("within {duration} {} {}", if *after { "after" } else { "before" }, x(anchor))
            }
        }
    }

    fn events(&self, atom: &EventAtom) -> String {
        let Some(ty) = self.schema.event_type(atom.event) else { return String::new() };
        let filter = self.where_(atom.event, atom.filter.as_ref());
        let of = format!("{}{filter}{}", ty.name, self.span(&atom.span, DEPTH));
        match &atom.test {
            EventTest::Count(CountRange { min: 1, max: None }) => format!("event {of}"),
            EventTest::Count(range) => format!("event {of} {} times", count(*range)),
            EventTest::First(set, or_empty) => format!("first({of}) {}", self.instants(set, *or_empty)),
            EventTest::Last(set, or_empty) => format!("last({of}) {}", self.instants(set, *or_empty)),
        }
    }

    fn instants(&self, set: &Intervals, or_empty: bool) -> String {
        format!("{}{}", self.set(set, Scalar::Time), if or_empty { " or empty" } else { "" })
    }

    fn sequence(&self, sequence: &Sequence) -> String {
        let by = sequence.sources().find_map(|s| self.schema.attribute_column(s.event, s.attr?)).filter(|_| sequence.by);
        let steps: Vec<String> = sequence
            .steps
            .iter()
            .enumerate()
            .map(|(at, step)| {
                let then = if at > 0 { "then " } else { "" };
                let not = if step.negated { "not " } else { "" };
                let within = step.within.map_or_else(String::new, |d| format!(" within {d}"));
                let sources: Vec<Source> = step.sources.iter().map(|s| Source { attr: None, ..s.clone() }).collect();
                format!("{then}{not}event {}{within}", self.sources(&sources))
            })
            .collect();
        let by = by.map_or_else(String::new, |c| format!(" by {}", c.name));
        format!("sequence{by}{} < {} >", self.span(&sequence.span, DEPTH), steps.join("; "))
    }

    fn filter(&self, filter: &RowFilter, event: EventId) -> String {
        let list = |parts: &[RowFilter]| parts.iter().map(|p| self.filter(p, event)).collect::<Vec<_>>().join("; ");
        match filter {
            RowFilter::All(parts) => format!("all < {} >", list(parts)),
            RowFilter::Any(parts) => format!("any < {} >", list(parts)),
            RowFilter::Quorum(range, parts) => format!("{} of < {} >", count(*range), list(parts)),
            RowFilter::Not(inner) => format!("not {}", self.filter(inner, event)),
            RowFilter::Test { value, predicate, or_empty } => {
                let column = |attr: AttrId| self.schema.attribute_column(event, attr);
                let name = |attr| column(attr).map_or("", |c: &Column| c.name.as_str());
                let (words, scalar) = match value {
                    EventValue::Attr(attr) => (name(*attr).to_owned(), column(*attr).map_or(Scalar::Text, |c| c.ty.scalar())),
                    EventValue::Instant => ("time".to_owned(), Scalar::Time),
                    EventValue::PartOfAttr(part, attr) => {
                        (format!("{}({})", part.name(), name(*attr)), Scalar::Number { decimals: 0 })
                    }
                    EventValue::PartOfInstant(part) => (format!("{}(time)", part.name()), Scalar::Number { decimals: 0 }),
                };
                format!("{words} {}", self.test(predicate, scalar, *or_empty, Some(event)))
            }
        }
    }

    fn items(&self, filter: &ItemFilter, event: Option<EventId>) -> String {
        let list = |parts: &[ItemFilter]| parts.iter().map(|p| self.items(p, event)).collect::<Vec<_>>().join("; ");
        match filter {
            ItemFilter::All(parts) => list(parts),
            ItemFilter::Any(parts) => format!("any < {} >", list(parts)),
            ItemFilter::Quorum(range, parts) => format!("{} of < {} >", count(*range), list(parts)),
            ItemFilter::Not(inner) => format!("not all < {} >", self.items(inner, event)),
            ItemFilter::Test { column, predicate, or_empty } => {
                let definition = match event {
                    Some(event) => self.schema.attribute_column(event, AttrId(*column)),
                    None => self.schema.fields.get(usize::from(*column)),
                };
                let (name, scalar) = definition.map_or(("", Scalar::Text), |c| (c.name.as_str(), c.ty.scalar()));
                format!("{name} {}", self.test(predicate, scalar, *or_empty, event))
            }
        }
    }

    /// A test of a value of a type; `event` is the one whose attributes hold lists of records.
    fn test(&self, predicate: &Predicate, scalar: Scalar, or_empty: bool, event: Option<EventId>) -> String {
        let x = |id: &ExprId| self.expr(*id, DEPTH);
        let words = match predicate {
            Predicate::Set => "is set".to_owned(),
            Predicate::Never => return if or_empty { "is empty".to_owned() } else { "never".to_owned() },
            Predicate::In(set) => self.set(set, scalar),
            Predicate::Number(test) => number_words(test),
            Predicate::Moment { instants, .. } if scalar == Scalar::Time => self.set(instants, Scalar::Time),
            Predicate::Moment { days, instants } => {
                format!("{}, as an instant {}", self.set(days, Scalar::Date), self.set(instants, Scalar::Time))
            }
            Predicate::Text(text) => text_words(text),
            Predicate::Anniversary(within) => format!("anniversary within next {within}"),
            Predicate::HasText(op, list, folding) => format!("has {} of {}{}", has(*op), texts(list), folding_words(*folding)),
            Predicate::HasNumber(op, list) => format!("has {} of {}", has(*op), numbers(list)),
            Predicate::HasValue(op, other, folding) => format!("has {} of {}{}", has(*op), x(other), folding_words(*folding)),
            Predicate::Items(range, filter) => format!("has {} < {} >", count(*range), self.items(filter, event)),
            Predicate::Value(op, other, folding) => format!("{} {}{}", compare(*op), x(other), folding_words(*folding)),
            Predicate::BetweenValues(from, to) => format!("between {} and {}", x(from), x(to)),
            Predicate::TextValue(op, other, folding) => format!("{} {}{}", part(*op), x(other), folding_words(*folding)),
            Predicate::InValue(list, folding, negated) => {
                format!("{}in {}{}", if *negated { "not " } else { "" }, x(list), folding_words(*folding))
            }
            Predicate::Window(window) => self.window(window, DEPTH),
        };
        format!("{words}{}", if or_empty { " or empty" } else { "" })
    }

    fn set(&self, set: &Intervals, scalar: Scalar) -> String {
        let one = |n: i128| match scalar {
            Scalar::Number { decimals } => Decimal::new(n, decimals).to_string(),
            Scalar::Date => format_date(i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX })),
            Scalar::Time => self.instant(i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })),
            Scalar::Bool => (n != 0).to_string(),
            Scalar::Text => n.to_string(),
        };
        let parts: Vec<String> = set
            .iter()
            .take(SHOWN)
            .map(|(lo, hi)| match (lo, hi) {
                (i128::MIN, i128::MAX) => "is set".to_owned(),
                (i128::MIN, hi) => format!("<= {}", one(hi)),
                (lo, i128::MAX) => format!(">= {}", one(lo)),
                (lo, hi) if lo == hi => format!("= {}", one(lo)),
                (lo, hi) => format!("between {} and {}", one(lo), one(hi)),
            })
            .collect();
        if parts.is_empty() { "never".to_owned() } else { parts.join(" or ") }
    }
}

fn number_words(test: &NumberTest) -> String {
    match test {
        NumberTest::Compare(op, n) => format!("{} {n}", compare(*op)),
        NumberTest::Between(from, to) => format!("between {from} and {to}"),
        NumberTest::In(list, negated) => format!("{}in {}", if *negated { "not " } else { "" }, numbers(list)),
    }
}

fn compare(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "=",
        CompareOp::NotEqual => "!=",
        CompareOp::Less => "<",
        CompareOp::LessOrEqual => "<=",
        CompareOp::Greater => ">",
        CompareOp::GreaterOrEqual => ">=",
    }
}

fn has(op: HasOp) -> &'static str {
    match op {
        HasOp::Any => "any",
        HasOp::All => "all",
        HasOp::None => "none",
    }
}

fn part(op: TextOp) -> &'static str {
    match op {
        TextOp::Equal => "=",
        TextOp::NotEqual => "!=",
        TextOp::Contains => "contains",
        TextOp::StartsWith => "starts with",
        TextOp::EndsWith => "ends with",
    }
}

fn text_words(text: &TextPredicate) -> String {
    match text {
        TextPredicate::In(list, folding, negated) => {
            let not = if *negated { "not " } else { "" };
            format!("{not}in {}{}", texts(list), folding_words(*folding))
        }
        TextPredicate::Part(op, needle, folding) => format!("{} {needle:?}{}", part(*op), folding_words(*folding)),
        TextPredicate::Matches(pattern, case, folding) => {
            format!("matches {pattern:?}{}", folding_words(Folding { case: *case, ..*folding }))
        }
    }
}

fn texts(list: &[String]) -> String {
    listed(list.len(), &list.iter().take(SHOWN).map(|t| format!("{t:?}")).collect::<Vec<_>>())
}

fn numbers(list: &[Decimal]) -> String {
    listed(list.len(), &list.iter().take(SHOWN).map(Decimal::to_string).collect::<Vec<_>>())
}

fn listed(len: usize, shown: &[String]) -> String {
    let more = len.saturating_sub(shown.len());
    if more > 0 { format!("[{}, and {more} more]", shown.join(", ")) } else { format!("[{}]", shown.join(", ")) }
}

fn folding_words(folding: Folding) -> &'static str {
    match (folding.case, folding.accents) {
        (false, false) => "",
        (true, false) => " ignoring case",
        (false, true) => " ignoring accents",
        (true, true) => " ignoring case and accents",
    }
}

/// A share as a percentage: `0.125` is `12.5%`.
fn percent(share: Decimal) -> String {
    format!("{}%", Decimal::new(share.mantissa().saturating_mul(100), share.scale()))
}

pub(super) fn count(range: CountRange) -> String {
    match (range.min, range.max) {
        (min, None) => format!("at least {min}"),
        (0, Some(max)) => format!("at most {max}"),
        (min, Some(max)) if min == max => format!("exactly {min}"),
        (min, Some(max)) => format!("between {min} and {max}"),
    }
}
