//! Events: sources, windows, functions, sequences.

use super::Lowering;
use crate::check::typed::{
    self, CountRange, EventSource, EventValue, EventWindow, Filter, ItemFilter, Matching, Side, ValueWindow,
};
use crate::plan::{
    Aggregate, Atom, EventAtom, EventTest, Expr, Function, Node, NumberTest, OwnWindow, Predicate, RowFilter, Sequence, Source,
    Step, TimeSpan,
};
use crate::schema::{AttrId, EventId, Scalar};
use crate::time::{Duration, Interval, instant_interval};
use crate::value::Decimal;

/// What [`EventValue`] parts are: whole numbers.
const WHOLE: Scalar = Scalar::Number { decimals: 0 };

impl Lowering<'_> {
    /// Contacts with so many matching events.
    pub(super) fn events(&mut self, matching: &Matching, range: CountRange) -> Node {
        let span = self.span(matching.window.as_ref());
        let mut sources = self.sources(&matching.sources);
        let one = |source: Source, test| {
            Node::Atom(Atom::Events(EventAtom { event: source.event, span: span.clone(), filter: source.filter, test }))
        };
        if sources.len() == 1
            && let Some(source) = sources.pop()
        {
            return one(source, EventTest::Count(range));
        }
        // Whether there is one at all can be asked of each type alone.
        let some = range == CountRange::SOME;
        if some || range.max == Some(0) {
            let parts = sources.into_iter().map(|s| self.plan.add(one(s, EventTest::Count(CountRange::SOME)))).collect();
            let any = Node::Any(parts);
            return if some { any } else { Node::Not(self.plan.add(any)) };
        }
        let count = Expr::Aggregate(Aggregate { function: Function::Count, sources, span });
        let most = range.max.unwrap_or(u64::MAX);
        let test = NumberTest::Between(Decimal::new(range.min.into(), 0), Decimal::new(most.into(), 0));
        Node::Atom(Atom::Value { value: self.plan.add_expr(count), predicate: Predicate::Number(test), or_empty: false })
    }

    pub(super) fn aggregate(&mut self, aggregate: &typed::Aggregate) -> Aggregate {
        Aggregate {
            function: self.function(aggregate.function),
            sources: self.sources(&aggregate.matching.sources),
            span: self.span(aggregate.matching.window.as_ref()),
        }
    }

    fn function(&self, function: typed::Function) -> Function {
        match function {
            typed::Function::Count => Function::Count,
            typed::Function::Sum => Function::Sum,
            typed::Function::Average => Function::Average,
            typed::Function::Min => Function::Min,
            typed::Function::Max => Function::Max,
            typed::Function::Distinct => Function::Distinct,
            typed::Function::MostFrequent(at_least) => Function::MostFrequent(at_least),
            typed::Function::First => Function::First,
            typed::Function::Last => Function::Last,
            typed::Function::FirstOf => Function::FirstOf,
            typed::Function::LastOf => Function::LastOf,
            typed::Function::Nth(n) => Function::Nth(n),
            typed::Function::ActiveDays => Function::ActiveDays,
            typed::Function::ActivePeriods { length, periods, at_least } => {
                Function::ActivePeriods { starts: self.period_starts(length, periods), at_least }
            }
        }
    }

    fn period_starts(&self, length: Duration, periods: u32) -> Vec<i64> {
        let start = |i| length.times(i).map_or(i64::MIN, |back| self.clock.minus(self.clock.now, &back));
        (1..=periods).map(start).collect()
    }

    pub(super) fn sequence(&mut self, sequence: &typed::Sequence) -> Sequence {
        let steps = &sequence.steps;
        Sequence {
            by: sequence.by,
            span: self.span(sequence.window.as_ref()),
            steps: steps
                .iter()
                .map(|s| Step { negated: s.negated, sources: self.sources(&s.sources), within: s.within })
                .collect(),
        }
    }

    fn sources(&mut self, sources: &[EventSource]) -> Vec<Source> {
        let filter = |lowering: &mut Self, s: &EventSource| s.filter.as_ref().map(|f| lowering.filter(f, s.event));
        sources.iter().map(|s| Source { event: s.event, filter: filter(self, s), attr: s.attr }).collect()
    }

    fn span(&mut self, window: Option<&EventWindow>) -> TimeSpan {
        let past = Interval { lo: i64::MIN, hi: self.clock.now };
        match window {
            None => TimeSpan::Fixed(past),
            Some(EventWindow::Fixed(window)) => TimeSpan::Fixed(instant_interval(window, self.clock).and(past)),
            Some(EventWindow::PerContact(window)) => TimeSpan::Own(self.own_window(window)),
        }
    }

    pub(super) fn own_window(&mut self, window: &ValueWindow) -> OwnWindow {
        match window {
            ValueWindow::Before(x) => OwnWindow::Before(self.value(x)),
            ValueWindow::After(x) => OwnWindow::After(self.value(x)),
            ValueWindow::Since(x) => OwnWindow::Since(self.value(x)),
            ValueWindow::On(x) => OwnWindow::On(self.value(x)),
            ValueWindow::Between(a, b) => OwnWindow::Between(self.value(a), self.value(b)),
            ValueWindow::Anchored { duration, side, field } => OwnWindow::Anchored {
                anchor: self.plan.add_expr(Expr::Field(*field)),
                duration: *duration,
                after: *side == Side::After,
            },
        }
    }

    fn filter(&mut self, filter: &Filter, event: EventId) -> RowFilter {
        let mut all = |parts: &[Filter]| parts.iter().map(|p| self.filter(p, event)).collect();
        match filter {
            Filter::All(parts) => RowFilter::All(all(parts)),
            Filter::Any(parts) => RowFilter::Any(all(parts)),
            Filter::Quorum(range, parts) => RowFilter::Quorum(*range, all(parts)),
            Filter::Not(inner) => RowFilter::Not(Box::new(self.filter(inner, event))),
            Filter::Test { value, test, or_empty } => {
                let columns = |at: u16| self.schema.attribute_column(event, AttrId(at)).map_or(Scalar::Text, |c| c.ty.scalar());
                let scalar = match value {
                    EventValue::Attr(attr) => columns(attr.0),
                    EventValue::Instant => Scalar::Time,
                    EventValue::PartOfAttr(..) | EventValue::PartOfInstant(_) => WHOLE,
                };
                let (predicate, or_empty) = self.predicate(test, Some(scalar), *or_empty, Some(event));
                RowFilter::Test { value: *value, predicate, or_empty }
            }
        }
    }

    /// A filter on records; `event` for those of an attribute, without one those of a field.
    pub(super) fn items(&mut self, filter: &ItemFilter, event: Option<EventId>) -> crate::plan::ItemFilter {
        use crate::plan::ItemFilter as Lowered;
        let mut all = |parts: &[ItemFilter]| parts.iter().map(|p| self.items(p, event)).collect();
        match filter {
            ItemFilter::All(parts) => Lowered::All(all(parts)),
            ItemFilter::Any(parts) => Lowered::Any(all(parts)),
            ItemFilter::Quorum(range, parts) => Lowered::Quorum(*range, all(parts)),
            ItemFilter::Not(inner) => Lowered::Not(Box::new(self.items(inner, event))),
            ItemFilter::Test { column, test, or_empty } => {
                let schema = self.schema;
                let definition = match event {
                    Some(event) => schema.attribute_column(event, AttrId(*column)),
                    None => schema.fields.get(usize::from(*column)),
                };
                let scalar = definition.map_or(Scalar::Text, |c| c.ty.scalar());
                let (predicate, or_empty) = self.predicate(test, Some(scalar), *or_empty, event);
                Lowered::Test { column: *column, predicate: Box::new(predicate), or_empty }
            }
        }
    }
}
