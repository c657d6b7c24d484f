//! Which definitions are needed for the sets asked for.

use super::Wanted;
use crate::check::typed::{
    Condition, ConditionKind, DefinitionId, EventSource, EventWindow, Filter, ItemFilter, ListOperand, Program, RankedId, Test,
    ValueExpr, ValueWindow,
};

/// The definitions of a program that some sets depend on.
pub(super) struct Needed<'p> {
    program: &'p Program,
    segments: Vec<bool>,
    lets: Vec<bool>,
    decisions: Vec<bool>,
    ranked: Vec<bool>,
}

impl<'p> Needed<'p> {
    pub fn of(program: &'p Program, wanted: &[Wanted]) -> Self {
        let mut needed = Self {
            program,
            segments: vec![false; program.segments.len()],
            lets: vec![false; program.lets.len()],
            decisions: vec![false; program.decisions.len()],
            ranked: vec![false; program.ranked.len()],
        };
        for set in wanted {
            match set {
                Wanted::Segment(id) => needed.need(DefinitionId::Segment(*id)),
                Wanted::Label(id, _) => needed.need(DefinitionId::Decision(*id)),
                Wanted::Ranked(id) => needed.ranking(*id),
            }
        }
        // References point backwards, so one pass from the end finds everything.
        for id in program.order.iter().rev() {
            if needed.has(*id) {
                needed.definition(*id);
            }
        }
        needed
    }

    pub fn has(&self, id: DefinitionId) -> bool {
        let needed = match id {
            DefinitionId::Segment(id) => self.segments.get(id.0 as usize),
            DefinitionId::Let(id) => self.lets.get(id.0 as usize),
            DefinitionId::Decision(id) => self.decisions.get(id.0 as usize),
        };
        needed == Some(&true)
    }

    fn need(&mut self, id: DefinitionId) {
        let slot = match id {
            DefinitionId::Segment(id) => self.segments.get_mut(id.0 as usize),
            DefinitionId::Let(id) => self.lets.get_mut(id.0 as usize),
            DefinitionId::Decision(id) => self.decisions.get_mut(id.0 as usize),
        };
        if let Some(slot) = slot {
            *slot = true;
        }
    }

    fn definition(&mut self, id: DefinitionId) {
        let program = self.program;
        match id {
            DefinitionId::Segment(id) => {
                if let Some(segment) = program.segments.get(id.0 as usize) {
                    self.condition(&segment.condition);
                }
            }
            DefinitionId::Let(id) => {
                if let Some(value) = program.lets.get(id.0 as usize) {
                    self.value(&value.value);
                }
            }
            DefinitionId::Decision(id) => {
                for branch in program.decisions.get(id.0 as usize).map_or(&[][..], |d| &d.branches) {
                    self.condition(&branch.condition);
                }
            }
        }
    }

    fn ranking(&mut self, id: RankedId) {
        let Some(seen @ false) = self.ranked.get_mut(id.0 as usize) else { return };
        *seen = true;
        if let Some(ranked) = self.program.ranked.get(id.0 as usize) {
            self.condition(&ranked.of);
            self.value(&ranked.by);
        }
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
            ConditionKind::Segment(id) => self.need(DefinitionId::Segment(*id)),
            ConditionKind::Decision(id, _) => self.need(DefinitionId::Decision(*id)),
            ConditionKind::Test(test) => {
                self.value(&test.value);
                self.test(&test.test);
            }
            ConditionKind::Events(matching, _) => self.events(&matching.sources, matching.window.as_ref()),
            ConditionKind::Sequence(sequence) => {
                self.events(&[], sequence.window.as_ref());
                for step in &sequence.steps {
                    self.events(&step.sources, None);
                }
            }
            ConditionKind::Ranked(id) => self.ranking(*id),
        }
    }

    fn value(&mut self, value: &ValueExpr) {
        match value {
            ValueExpr::Constant(_) | ValueExpr::Field(_) | ValueExpr::ContactId => {}
            ValueExpr::Let(id) => self.need(DefinitionId::Let(*id)),
            ValueExpr::Aggregate(aggregate) => self.events(&aggregate.matching.sources, aggregate.matching.window.as_ref()),
            ValueExpr::Arithmetic(a, _, b) => {
                self.value(a);
                self.value(b);
            }
            ValueExpr::If(condition, then, otherwise) => {
                self.condition(condition);
                self.value(then);
                self.value(otherwise);
            }
            ValueExpr::Part(_, of) | ValueExpr::Logistic(of) => self.value(of),
        }
    }

    fn events(&mut self, sources: &[EventSource], window: Option<&EventWindow>) {
        for filter in sources.iter().filter_map(|s| s.filter.as_ref()) {
            self.filter(filter);
        }
        if let Some(EventWindow::PerContact(window)) = window {
            self.window(window);
        }
    }

    fn window(&mut self, window: &ValueWindow) {
        match window {
            ValueWindow::Before(x) | ValueWindow::After(x) | ValueWindow::Since(x) | ValueWindow::On(x) => self.value(x),
            ValueWindow::Between(a, b) => {
                self.value(a);
                self.value(b);
            }
            ValueWindow::Anchored { .. } => {}
        }
    }

    fn filter(&mut self, filter: &Filter) {
        match filter {
            Filter::All(parts) | Filter::Any(parts) | Filter::Quorum(_, parts) => {
                for part in parts {
                    self.filter(part);
                }
            }
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

    fn test(&mut self, test: &Test) {
        match test {
            Test::ValueWindow(window) => self.window(window),
            Test::Has(_, ListOperand::Value(value, _))
            | Test::Value(_, value, _)
            | Test::TextValue(_, value, _)
            | Test::InValue(value, ..) => self.value(value),
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
            | Test::When(..)
            | Test::WhenIn(..)
            | Test::Window(_)
            | Test::Anniversary(_)
            | Test::Has(..) => {}
        }
    }
}
