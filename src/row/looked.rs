//! What a condition looks at: fields, events, values, other definitions, and what of it moves with now.
//!
//! From this follow the definitions that must be evaluated for it, the moments at which it can change, and what is shown
//! as the reason of its answer.

use std::collections::BTreeSet;

use super::{Event, One};
use crate::check::typed::{
    Aggregate, Branch, Condition, ConditionKind, Constant, DecisionId, DefinitionId, EventSource, EventWindow, Filter, Function,
    ItemFilter, LetId, ListOperand, Matching, Part, Program, SegmentId, Sequence, Test, ValueExpr, ValueTest, ValueWindow,
};
use crate::schema::{EventId, FieldId};
use crate::time::{CalendarUnit, Duration, Moving, Point, Window};
use crate::value::Value;

/// Periods of calendar months of one function whose ends are looked at.
const MAX_CALENDAR_PERIODS: usize = 256;
/// Ends of periods of one function that are looked at.
const MAX_MARKS: usize = 200_000;

/// What a condition looks at.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub segments: BTreeSet<SegmentId>,
    pub lets: BTreeSet<LetId>,
    pub decisions: BTreeSet<DecisionId>,
    pub fields: BTreeSet<FieldId>,
    pub events: BTreeSet<EventId>,
    /// Whether a ranking is in it, which other contacts decide about.
    pub ranked: bool,
    pub moving: Moving,
}

impl Looked {
    /// The definitions that it needs, each after the ones it refers to.
    pub fn order(&self, program: &Program) -> Vec<DefinitionId> {
        let needed = |id: &&DefinitionId| match id {
            DefinitionId::Segment(id) => self.segments.contains(id),
            DefinitionId::Let(id) => self.lets.contains(id),
            DefinitionId::Decision(id) => self.decisions.contains(id),
        };
        if self.segments.is_empty() && self.lets.is_empty() && self.decisions.is_empty() {
            return Vec::new();
        }
        program.order.iter().filter(needed).copied().collect()
    }
}

/// Looks through a condition, and the definitions that it refers to.
pub(super) struct Looking<'l, 'a> {
    one: &'l One<'a>,
    looked: Looked,
    /// Whether something that moves with now has been met since this was last cleared.
    met: bool,
    /// Whether a value of some definition may be a point that moves with now.
    moving_values: bool,
}

impl<'l, 'a> Looking<'l, 'a> {
    pub fn new(one: &'l One<'a>) -> Self {
        Self { one, looked: Looked::default(), met: false, moving_values: false }
    }

    /// Everything that some conditions look at.
    pub fn conditions(mut self, conditions: &[&Condition]) -> Looked {
        for condition in conditions {
            self.condition(condition);
        }
        self.looked
    }

    fn condition(&mut self, condition: &Condition) {
        match &condition.kind {
            ConditionKind::Everyone | ConditionKind::Nobody | ConditionKind::List(_) | ConditionKind::Sample(_) => {}
            ConditionKind::All(parts) | ConditionKind::Any(parts) | ConditionKind::Quorum(_, parts) => {
                for part in parts {
                    self.condition(part);
                }
            }
            ConditionKind::Not(inner) => self.condition(inner),
            ConditionKind::Segment(id) => self.segment(*id),
            ConditionKind::Decision(id, _) => self.decision(*id),
            ConditionKind::Test(test) => self.value_test(test),
            ConditionKind::Events(matching, _) => self.matching(matching),
            ConditionKind::Sequence(sequence) => self.sequence(sequence),
            ConditionKind::Ranked(id) => {
                self.looked.ranked = true;
                // Its members are given; what it refers to is evaluated all the same, to be shown.
                if let Some(ranked) = self.one.program.ranked.get(id.0 as usize) {
                    let moving = std::mem::take(&mut self.looked.moving);
                    self.condition(&ranked.of);
                    self.value(&ranked.by);
                    self.looked.moving = moving;
                }
            }
        }
    }

    fn point(&mut self, point: &Point) {
        self.met |= point.moves();
        self.looked.moving.point(point);
    }

    fn segment(&mut self, id: SegmentId) {
        if self.looked.segments.insert(id)
            && let Some(segment) = self.one.program.segments.get(id.0 as usize)
        {
            self.condition(&segment.condition);
        }
    }

    fn decision(&mut self, id: DecisionId) {
        if self.looked.decisions.insert(id) {
            let branches: &[Branch] = self.one.program.decisions.get(id.0 as usize).map_or(&[], |d| &d.branches);
            for branch in branches {
                self.condition(&branch.condition);
            }
        }
    }

    fn value_test(&mut self, test: &ValueTest) {
        self.value(&test.value);
        if self.moving_values && has_point(&test.value) {
            self.looked.moving.mutual();
        }
        self.test(&test.test);
        if let (Test::Items(_, filter), ValueExpr::Field(_)) = (&test.test, &test.value) {
            self.records(filter);
        }
        if let (Some(duration), ValueExpr::Field(_)) = (&test.lasting, &test.value) {
            self.point(&Point::Ago(*duration));
            self.looked.moving.instant(self.one.unchanged_since(&test.value));
        }
    }

    /// The members of a list of records are values too.
    fn records(&mut self, filter: &ItemFilter) {
        match filter {
            ItemFilter::All(parts) | ItemFilter::Any(parts) | ItemFilter::Quorum(_, parts) => {
                for part in parts {
                    self.records(part);
                }
            }
            ItemFilter::Not(inner) => self.records(inner),
            ItemFilter::Test { column, .. } => self.field(FieldId(*column)),
        }
    }

    fn field(&mut self, field: FieldId) {
        self.looked.fields.insert(field);
        if let Some(Some(value)) = self.one.profile.fields.get(usize::from(field.0)) {
            self.stored(value);
        }
    }

    /// Instants and days of a value of the contact.
    fn stored(&mut self, value: &Value) {
        match value {
            Value::Time(ms) => {
                self.looked.moving.instant(*ms);
                self.looked.moving.birthday(self.one.clock.day_of(*ms));
            }
            Value::Date(day) => {
                self.looked.moving.day(*day, &self.one.clock);
                self.looked.moving.birthday(*day);
            }
            Value::List(items) => items.iter().flatten().for_each(|item| self.stored(item)),
            Value::Text(_) | Value::Number(_) | Value::Bool(_) => {}
        }
    }

    fn value(&mut self, value: &ValueExpr) {
        match value {
            ValueExpr::Constant(Constant::Point(point)) => {
                self.moving_values |= point.moves();
                self.point(point);
            }
            ValueExpr::Constant(_) | ValueExpr::ContactId => {}
            ValueExpr::Field(field) => self.field(*field),
            ValueExpr::Let(id) => {
                if self.looked.lets.insert(*id)
                    && let Some(definition) = self.one.program.lets.get(id.0 as usize)
                {
                    self.value(&definition.value);
                }
            }
            ValueExpr::Aggregate(aggregate) => self.aggregate(aggregate),
            ValueExpr::Arithmetic(a, _, b) => {
                self.value(a);
                self.value(b);
            }
            ValueExpr::If(condition, then, otherwise) => {
                self.condition(condition);
                self.value(then);
                self.value(otherwise);
            }
            ValueExpr::Logistic(of) => self.value(of),
            ValueExpr::Part(part, of) => {
                self.value(of);
                if self.moving_values && has_point(of) {
                    self.looked.moving.calendar(*part == Part::Hour);
                }
            }
        }
    }

    fn aggregate(&mut self, aggregate: &Aggregate) {
        self.matching(&aggregate.matching);
        if let Function::ActivePeriods { length, periods, .. } = aggregate.function {
            self.periods(&aggregate.matching, length, periods);
        }
        for source in &aggregate.matching.sources {
            let Some(attr) = source.attr else { continue };
            let one = self.one;
            for event in one.of_type(source.event) {
                if let Some(Some(value)) = event.attributes.get(usize::from(attr.0)) {
                    self.stored(value);
                }
            }
        }
    }

    /// Where events come from one period into the next.
    fn periods(&mut self, matching: &Matching, length: Duration, periods: u32) {
        let one = self.one;
        let lengths = (0..=periods).map_while(|n| length.times(n));
        let events = matching.sources.iter().flat_map(|s| one.of_type(s.event));
        if length.months > 0 {
            lengths.take(MAX_CALENDAR_PERIODS).for_each(|back| self.point(&Point::Ago(back)));
            if periods as usize >= MAX_CALENDAR_PERIODS {
                self.looked.moving.give_up();
            }
            return;
        }
        let mut marks = 0_usize;
        for event in events {
            for back in lengths.clone() {
                // Exact lengths: the event leaves a period when now is so much later.
                self.looked.moving.instant(one.clock.plus(event.ts, &back));
                marks += 1;
                if marks > MAX_MARKS {
                    self.looked.moving.give_up();
                    return;
                }
            }
        }
    }

    fn matching(&mut self, matching: &Matching) {
        if let Some(window) = &matching.window {
            self.event_window(window);
        }
        self.sources(&matching.sources);
    }

    fn sources(&mut self, sources: &[EventSource]) {
        // An event that lies ahead will be there at its time.
        self.point(&Point::Now);
        for source in sources {
            self.looked.events.insert(source.event);
            let one = self.one;
            one.of_type(source.event).iter().for_each(|event| self.looked.moving.instant(event.ts));
            if let Some(filter) = &source.filter {
                let before = std::mem::take(&mut self.met);
                self.filter(filter);
                if std::mem::replace(&mut self.met, before) {
                    one.of_type(source.event).iter().for_each(|event| self.attributes(event));
                }
            }
        }
    }

    fn attributes(&mut self, event: &Event) {
        event.attributes.iter().flatten().for_each(|value| self.stored(value));
    }

    fn filter(&mut self, filter: &Filter) {
        match filter {
            Filter::All(parts) | Filter::Any(parts) | Filter::Quorum(_, parts) => parts.iter().for_each(|p| self.filter(p)),
            Filter::Not(inner) => self.filter(inner),
            Filter::Test { test, .. } => self.test(test),
        }
    }

    fn items(&mut self, filter: &ItemFilter) {
        match filter {
            ItemFilter::All(parts) | ItemFilter::Any(parts) | ItemFilter::Quorum(_, parts) => {
                for part in parts {
                    self.items(part);
                }
            }
            ItemFilter::Not(inner) => self.items(inner),
            ItemFilter::Test { test, .. } => self.test(test),
        }
    }

    fn sequence(&mut self, sequence: &Sequence) {
        if let Some(window) = &sequence.window {
            self.event_window(window);
        }
        let one = self.one;
        for (at, step) in sequence.steps.iter().enumerate() {
            self.sources(&step.sources);
            let (true, Some(within)) = (step.negated, &step.within) else { continue };
            // The wait after each event before is over at its end.
            for event in sequence.steps.iter().take(at).flat_map(|s| &s.sources).flat_map(|s| one.of_type(s.event)) {
                self.looked.moving.instant(one.clock.plus(event.ts, within));
            }
        }
    }

    fn event_window(&mut self, window: &EventWindow) {
        match window {
            EventWindow::Fixed(window) => self.window(window),
            EventWindow::PerContact(window) => self.own_window(window),
        }
    }

    fn window(&mut self, window: &Window) {
        let mut point = |point: Point| self.point(&point);
        let start = |unit: CalendarUnit, back: u32| Point::StartOf { unit, back, of: Box::new(Point::Now) };
        match window {
            Window::Within(duration) => {
                point(Point::Ago(*duration));
                point(Point::Now);
            }
            Window::OlderThan(duration) => point(Point::Ago(*duration)),
            Window::Between(a, b) => {
                point(a.clone());
                point(b.clone());
            }
            Window::Before(x) | Window::After(x) | Window::Since(x) | Window::On(x) => point(x.clone()),
            Window::This(unit) => {
                point(start(*unit, 0));
                point(Point::Now);
            }
            Window::Last { count, unit } => {
                point(start(*unit, *count));
                point(start(*unit, 0));
            }
            Window::Next(duration) => {
                point(Point::Now);
                point(Point::FromNow(*duration));
            }
        }
    }

    fn own_window(&mut self, window: &ValueWindow) {
        match window {
            ValueWindow::Before(x) | ValueWindow::After(x) | ValueWindow::Since(x) | ValueWindow::On(x) => self.value(x),
            ValueWindow::Between(a, b) => {
                self.value(a);
                self.value(b);
            }
            ValueWindow::Anchored { field, .. } => {
                self.looked.fields.insert(*field);
            }
        }
    }

    fn test(&mut self, test: &Test) {
        match test {
            Test::When(_, point) => self.point(point),
            Test::WhenIn(points, _) => points.iter().for_each(|p| self.point(p)),
            Test::Window(window) => self.window(window),
            Test::ValueWindow(window) => self.own_window(window),
            Test::Anniversary(within) => {
                self.met = true;
                self.looked.moving.anniversary(*within);
            }
            Test::Value(_, value, _)
            | Test::TextValue(_, value, _)
            | Test::InValue(value, ..)
            | Test::Has(_, ListOperand::Value(value, _)) => self.value(value),
            Test::BetweenValues(from, to) => {
                self.value(from);
                self.value(to);
            }
            Test::Items(_, filter) => self.items(filter),
            Test::IsEmpty
            | Test::IsSet
            | Test::Is(_)
            | Test::Number(..)
            | Test::NumberBetween(..)
            | Test::NumberIn(..)
            | Test::Text(..)
            | Test::TextIn(..)
            | Test::Matches(..)
            | Test::Has(..) => {}
        }
    }
}

/// Whether a value may be a point that moves with now itself, so that it meets other points.
fn has_point(value: &ValueExpr) -> bool {
    match value {
        ValueExpr::Constant(Constant::Point(point)) => point.moves(),
        // What a `let` is made of would have to be looked through again; `true` costs time only.
        ValueExpr::Let(_) => true,
        ValueExpr::If(_, then, otherwise) => has_point(then) || has_point(otherwise),
        ValueExpr::Part(_, of) | ValueExpr::Logistic(of) => has_point(of),
        ValueExpr::Arithmetic(a, _, b) => has_point(a) || has_point(b),
        ValueExpr::Constant(_) | ValueExpr::Field(_) | ValueExpr::ContactId | ValueExpr::Aggregate(_) => false,
    }
}
