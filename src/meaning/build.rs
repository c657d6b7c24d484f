//! From syntax trees to normalised meanings, and to the [`Part`]s of a text with what each of them means.

use std::collections::HashMap;

use super::node::{Arena, Argument, Head, NodeId};
use super::part::{Part, Tag};
use crate::check::names::{Body, Definition, Names};
use crate::syntax::ast::{
    self, Aggregate, Amount, CompareOp, Condition, ConditionKind, CountWords, DecisionDef, EventCondition, EventRef, Expr,
    ExprKind, Filter, FilterKind, FilterValue, GroupKind, HasOp, ItemQuantifier, ListLiteral, ListOperand, Name, ParamValue,
    Point, Sequence, Step, Test, TestKind, Window, WindowKind,
};
use crate::syntax::{SourceId, Sources, Span};
use crate::time::{self, parse_instant};
use crate::value::{Decimal, Folding};

/// Builds the definitions of one script and of the files that it uses.
pub(super) struct Builder<'a> {
    pub arena: &'a mut Arena,
    sources: &'a Sources,
    names: &'a Names<'a>,
    params: HashMap<&'a str, &'a ParamValue>,
    lists: HashMap<&'a str, &'a str>,
    /// What the definitions of `names` mean; `None` before they have been built, and for those in cycles.
    pub done: Vec<Option<NodeId>>,
    /// References that lead nowhere: what is wanted, and where.
    pub unknown: Vec<(&'static str, Name)>,
}

impl<'a> Builder<'a> {
    pub fn new(arena: &'a mut Arena, sources: &'a Sources, names: &'a Names<'a>) -> Self {
        Self {
            arena,
            sources,
            names,
            params: names.params.iter().map(|param| (param.name.value.as_str(), &param.value)).collect(),
            lists: names.lists.iter().map(|(_, list)| (list.name.value.as_str(), list.file.value.as_str())).collect(),
            done: vec![None; names.definitions.len()],
            unknown: Vec::new(),
        }
    }

    /// The text of a file.
    pub fn text(&self, source: SourceId) -> &'a str {
        self.sources.get(source).map_or("", |source| source.text.as_str())
    }

    /// A definition whose references have been built.
    pub fn definition(&mut self, index: usize) -> Option<Part> {
        let definition: &Definition<'_> = self.names.definitions.get(index)?;
        let part = match definition.body {
            Body::Segment(condition) => self.condition(condition),
            Body::Let(value) => self.value(value),
            Body::Decision(decision) => self.decision(decision),
        };
        if let Some(slot) = self.done.get_mut(index) {
            *slot = Some(part.id);
        }
        Some(part)
    }

    fn decision(&mut self, decision: &DecisionDef) -> Part {
        let mut labels = Vec::new();
        let mut children = Vec::new();
        for branch in &decision.branches {
            labels.push(branch.label.value.clone());
            let when = branch.when.as_ref().map(|when| self.condition(when));
            let id = when.as_ref().map_or_else(|| self.arena.everyone(), |when| when.id);
            let label = self.arena.node(Head::Label(branch.label.value.clone()), vec![id]);
            let label_id = self.arena.node(Head::Text(branch.label.value.clone()), Vec::new());
            let mut parts: Vec<Part> = when.into_iter().collect();
            parts.push(Part::leaf(Tag::Other, branch.label.span, label_id));
            children.push(Part::new(Tag::Branch, branch.span, label, parts).about(label_id));
        }
        let sets = children.iter().map(|branch| self.arena.parts(branch.id).first().copied().unwrap_or(branch.id)).collect();
        let id = self.arena.node(Head::Decision(labels), sets);
        Part::new(Tag::Ordered, decision.span, id, children)
    }

    /// The meaning of a param.
    pub fn param(&mut self, value: &ParamValue) -> Part {
        match value {
            ParamValue::One(value) => self.value(value),
            ParamValue::List(list) => self.list(list),
        }
    }

    fn reference(&mut self, kind: &'static str, name: &Name, found: Option<usize>) -> NodeId {
        if let Some(id) = found.and_then(|index| self.done.get(index).copied().flatten()) {
            return id;
        }
        self.unknown.push((kind, name.clone()));
        self.arena.node(Head::Unknown(kind, name.value.clone()), Vec::new())
    }

    /// What `$name` stands for.
    fn variable(&mut self, name: &Name) -> NodeId {
        match self.params.get(name.value.as_str()) {
            Some(value) => self.param(value).id,
            None => self.reference("value", name, self.names.lets.get(name.value.as_str()).copied()),
        }
    }

    // ------------------------------------------------------------------------------------------ conditions

    pub fn condition(&mut self, condition: &Condition) -> Part {
        let span = condition.span;
        match &condition.kind {
            ConditionKind::Group(kind, members) => {
                let children: Vec<Part> = members.iter().map(|member| self.condition(member)).collect();
                self.group(*kind, span, children)
            }
            ConditionKind::Quorum(count, members) => {
                let children: Vec<Part> = members.iter().map(|member| self.condition(member)).collect();
                self.quorum(*count, span, children)
            }
            ConditionKind::Not(inner) => {
                let inner = self.condition(inner);
                let id = self.arena.not(inner.id);
                Part::new(Tag::Not, span, id, vec![inner])
            }
            ConditionKind::Everyone => Part::leaf(Tag::Set, span, self.arena.everyone()),
            ConditionKind::Nobody => Part::leaf(Tag::Set, span, self.arena.nobody()),
            ConditionKind::Segment(name) => {
                let id = self.reference("segment", name, self.names.segments.get(name.value.as_str()).copied());
                Part::leaf(Tag::Reference, span, id)
            }
            ConditionKind::List(name) => {
                let id = match self.lists.get(name.value.as_str()) {
                    Some(file) => self.arena.node(Head::List((*file).to_owned()), Vec::new()),
                    None => self.reference("list", name, None),
                };
                Part::leaf(Tag::Reference, span, id)
            }
            ConditionKind::Decision(name, label) => {
                let decision = self.reference("decision", name, self.names.decisions.get(name.value.as_str()).copied());
                let id = self.arena.node(Head::Label(label.value.clone()), vec![decision]);
                Part::leaf(Tag::Reference, span, id)
            }
            ConditionKind::Event(event) => self.event(event, span),
            ConditionKind::Value(value, test) => {
                let value = self.value(value);
                self.tested(value, test, span)
            }
            ConditionKind::Sequence(sequence) => self.sequence(sequence, span),
            ConditionKind::Ranked(ranked) => {
                let by = self.value(&ranked.by);
                let of = ranked.of.as_ref().map(|of| self.condition(of));
                let of_id = of.as_ref().map_or_else(|| self.arena.everyone(), |of| of.id);
                let (count, share) = match &ranked.amount {
                    Amount::Count(count) => (Some(count.value), None),
                    Amount::Share(share) => (None, Some(share.value)),
                };
                let amount_span = match &ranked.amount {
                    Amount::Count(count) => count.span,
                    Amount::Share(share) => share.span,
                };
                let amount = share.or(count.and_then(|n| i64::try_from(n).ok()).map(Decimal::whole)).unwrap_or(Decimal::whole(0));
                let amount = self.arena.node(Head::Number(amount), Vec::new());
                let id = self.arena.node(Head::Ranked { highest: ranked.highest, count, share }, vec![by.id, of_id]);
                let mut children = vec![Part::leaf(Tag::Other, amount_span, amount), by];
                children.extend(of);
                Part::new(Tag::Set, span, id, children)
            }
            ConditionKind::Sample(sample) => {
                let head = Head::Sample { share: sample.share.value, salt: sample.salt.value.clone() };
                Part::leaf(Tag::Set, span, self.arena.node(head, Vec::new()))
            }
        }
    }

    fn group(&mut self, kind: GroupKind, span: Span, children: Vec<Part>) -> Part {
        let ids: Vec<NodeId> = children.iter().map(|child| child.id).collect();
        let (tag, id) = match kind {
            GroupKind::All => (Tag::All, self.arena.all(ids)),
            GroupKind::Any => (Tag::Any, self.arena.any(ids)),
            GroupKind::None => {
                let any = self.arena.any(ids);
                (Tag::None, self.arena.not(any))
            }
        };
        Part::new(tag, span, id, children)
    }

    fn quorum(&mut self, count: CountWords, span: Span, children: Vec<Part>) -> Part {
        let ids: Vec<NodeId> = children.iter().map(|child| child.id).collect();
        let id = self.arena.quorum(count.min, count.max, &ids);
        let words = self.times(count);
        Part::new(Tag::Quorum, span, id, std::iter::once(words).chain(children).collect())
    }

    fn times(&mut self, count: CountWords) -> Part {
        let id = self.arena.node(Head::Times(count.min, count.max), Vec::new());
        Part::leaf(Tag::Other, count.span, id)
    }

    fn event(&mut self, event: &EventCondition, span: Span) -> Part {
        let (matching, mut children) = self.matching(&event.event, event.filter.as_ref(), event.windows.first(), None);
        let subject = children.first().map_or(matching, |events| events.id);
        let (min, max) = event.times.first().map_or((1, None), |times| (times.min, times.max));
        children.extend(event.times.iter().map(|times| self.times(*times)));
        let id = self.arena.events(min, max, matching);
        Part::new(Tag::Set, span, id, children).about(subject)
    }

    /// Matching events; the parts are the event reference, the filter and the window.
    fn matching(
        &mut self,
        event: &EventRef,
        filter: Option<&Filter>,
        window: Option<&Window>,
        at: Option<Span>,
    ) -> (NodeId, Vec<Part>) {
        let events = self.events(event, at);
        let filter = filter.map(|filter| self.filter(filter));
        let window = window.map(|window| self.window(&window.kind, window.span));
        let filter_id = filter.as_ref().map_or_else(|| self.arena.everyone(), |filter| filter.id);
        let window_id = match &window {
            Some(window) => window.id,
            None => self.arena.node(Head::Always, Vec::new()),
        };
        let id = self.arena.node(Head::Matching, vec![events.id, filter_id, window_id]);
        (id, std::iter::once(events).chain(filter).chain(window).collect())
    }

    fn events(&mut self, event: &EventRef, at: Option<Span>) -> Part {
        let (span, id) = match event {
            EventRef::Name(name) => (name.span, self.arena.node(Head::EventName(name.value.clone()), Vec::new())),
            EventRef::Union(names) => {
                let mut parts: Vec<NodeId> =
                    names.value.iter().map(|name| self.arena.node(Head::EventName(name.value.clone()), Vec::new())).collect();
                self.arena.sort(&mut parts);
                let id = match parts.as_slice() {
                    [only] => *only,
                    _ => self.arena.node(Head::EventUnion, parts),
                };
                (names.span, id)
            }
            EventRef::Prefix(prefix) => (prefix.span, self.arena.node(Head::EventPrefix(prefix.value.clone()), Vec::new())),
            EventRef::Any(span) => (*span, self.arena.node(Head::EventAny, Vec::new())),
        };
        Part::leaf(Tag::Other, at.unwrap_or(span), id)
    }

    fn sequence(&mut self, sequence: &Sequence, span: Span) -> Part {
        let window = sequence.window.as_ref().map(|window| self.window(&window.kind, window.span));
        let steps: Vec<Part> = sequence.steps.iter().map(|step| self.step(step)).collect();
        let always = match &window {
            Some(window) => window.id,
            None => self.arena.node(Head::Always, Vec::new()),
        };
        let parts = std::iter::once(always).chain(steps.iter().map(|step| step.id)).collect();
        let id = self.arena.node(Head::Sequence { by: sequence.by.as_ref().map(|by| by.value.clone()) }, parts);
        Part::new(Tag::Ordered, span, id, window.into_iter().chain(steps).collect())
    }

    fn step(&mut self, step: &Step) -> Part {
        let events = self.events(&step.event, None);
        let filter = step.filter.as_ref().map(|filter| self.filter(filter));
        let filter_id = filter.as_ref().map_or_else(|| self.arena.everyone(), |filter| filter.id);
        let within = step.within.as_ref().map(|within| within.value);
        let id = self.arena.node(Head::Step { not: step.not.is_some(), within }, vec![events.id, filter_id]);
        let subject = events.id;
        let mut children: Vec<Part> = std::iter::once(events).chain(filter).collect();
        if let Some(within) = &step.within {
            children.push(Part::leaf(Tag::Other, within.span, self.arena.node(Head::Within(within.value), Vec::new())));
        }
        Part::new(Tag::Step, step.span, id, children).about(subject)
    }

    fn filter(&mut self, filter: &Filter) -> Part {
        let span = filter.span;
        match &filter.kind {
            FilterKind::Group(kind, members) => {
                let children: Vec<Part> = members.iter().map(|member| self.filter(member)).collect();
                self.group(*kind, span, children)
            }
            FilterKind::Quorum(count, members) => {
                let children: Vec<Part> = members.iter().map(|member| self.filter(member)).collect();
                self.quorum(*count, span, children)
            }
            FilterKind::Not(inner) => {
                let inner = self.filter(inner);
                let id = self.arena.not(inner.id);
                Part::new(Tag::Not, span, id, vec![inner])
            }
            FilterKind::Test(value, test) => {
                let value = self.filter_value(value);
                self.tested(value, test, span)
            }
        }
    }

    fn filter_value(&mut self, value: &FilterValue) -> Part {
        // In backticks `time` is an attribute of that name.
        let head = if self.sources.text(value.attr.span) == "time" {
            Head::EventTime
        } else {
            Head::Attribute(value.attr.value.clone())
        };
        let mut id = self.arena.node(head, Vec::new());
        if let Some(part) = &value.part {
            id = self.arena.node(Head::Part(part.value), vec![id]);
        }
        Part::leaf(Tag::Other, value.span, id)
    }

    // ----------------------------------------------------------------------------------------------- tests

    /// A value and its test as a set.
    fn tested(&mut self, value: Part, test: &Test, span: Span) -> Part {
        let (inner, parts) = self.test(value.id, test);
        let id = match (test.or_empty, &test.lasting) {
            (false, None) => inner,
            (true, None) => {
                let empty = self.test_node(value.id, Head::IsEmpty, Vec::new());
                self.arena.any([inner, empty])
            }
            (or_empty, Some(lasting)) => {
                self.arena.node(Head::Test { or_empty, lasting: Some(lasting.value) }, vec![value.id, inner])
            }
        };
        let test_id =
            self.arena.node(Head::Test { or_empty: test.or_empty, lasting: test.lasting.as_ref().map(|l| l.value) }, vec![inner]);
        let subject = value.id;
        let test = Part::new(Tag::Test, test.span, test_id, parts);
        Part::new(Tag::Set, span, id, vec![value, test]).about(subject)
    }

    fn test_node(&mut self, value: NodeId, head: Head, parts: Vec<NodeId>) -> NodeId {
        if head == Head::IsEmpty && self.never_empty(value) {
            return self.arena.nobody();
        }
        let test = self.arena.node(head, parts);
        self.arena.node(Head::Test { or_empty: false, lasting: None }, vec![value, test])
    }

    /// Whether a value is there for every contact.
    fn never_empty(&self, value: NodeId) -> bool {
        match self.arena.head(value) {
            Head::Number(_) | Head::Text(_) | Head::Bool(_) => true,
            Head::Field(name) => name == "contact_id",
            Head::Aggregate { function, .. } => {
                matches!(function.as_str(), "count" | "sum" | "distinct" | "active_days" | "active_periods")
            }
            _ => false,
        }
    }

    fn is_set(&mut self, value: NodeId) -> NodeId {
        let empty = self.test_node(value, Head::IsEmpty, Vec::new());
        self.arena.not(empty)
    }

    /// Those with a value that do not pass.
    fn set_but_not(&mut self, value: NodeId, passing: NodeId) -> NodeId {
        let (set, not) = (self.is_set(value), self.arena.not(passing));
        self.arena.all([set, not])
    }

    fn test(&mut self, value: NodeId, test: &Test) -> (NodeId, Vec<Part>) {
        match &test.kind {
            TestKind::IsEmpty => (self.test_node(value, Head::IsEmpty, Vec::new()), Vec::new()),
            TestKind::IsSet => (self.is_set(value), Vec::new()),
            TestKind::Is(yes) => (self.is_true(value, *yes), Vec::new()),
            TestKind::Compare(op, operand, folding) => {
                let operand = self.value(operand);
                (self.compare(value, op.value, operand.id, *folding), vec![operand])
            }
            TestKind::In(operand, folding, negated) => {
                let list = self.operand(operand, test.span);
                (self.among(value, list.id, *folding, *negated), vec![list])
            }
            TestKind::Between(a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                let id = if self.is_literal(a.id) && self.is_literal(b.id) {
                    let least = self.compare(value, CompareOp::GreaterOrEqual, a.id, Folding::default());
                    let most = self.compare(value, CompareOp::LessOrEqual, b.id, Folding::default());
                    self.arena.all([least, most])
                } else {
                    self.test_node(value, Head::Between, vec![a.id, b.id])
                };
                (id, vec![a, b])
            }
            TestKind::Text(op, operand, folding) => {
                let operand = self.value(operand);
                (self.test_node(value, Head::TextTest(op.value, *folding), vec![operand.id]), vec![operand])
            }
            TestKind::Matches(pattern, folding) => {
                (self.test_node(value, Head::Matches(pattern.value.clone(), *folding), Vec::new()), Vec::new())
            }
            TestKind::Has(op, operand, folding) => {
                let list = self.operand(operand, test.span);
                let id = if *op == HasOp::None && self.is_literals(list.id) {
                    let any = self.test_node(value, Head::Has(HasOp::Any, *folding), vec![list.id]);
                    self.set_but_not(value, any)
                } else {
                    self.test_node(value, Head::Has(*op, *folding), vec![list.id])
                };
                (id, vec![list])
            }
            TestKind::Anniversary(duration) => (self.test_node(value, Head::Anniversary(*duration), Vec::new()), Vec::new()),
            TestKind::Window(kind) => {
                let window = self.window(kind, test.span);
                (self.test_node(value, Head::InWindow, vec![window.id]), vec![window])
            }
            TestKind::Items(quantifier, members) => {
                let children: Vec<Part> = members.iter().map(|member| self.filter(member)).collect();
                let all = self.arena.all(children.iter().map(|child| child.id).collect::<Vec<_>>());
                let head = match quantifier {
                    ItemQuantifier::Any => Head::Records(1, None),
                    ItemQuantifier::Only => Head::OnlyRecords,
                    ItemQuantifier::None => Head::Records(0, Some(0)),
                    ItemQuantifier::Count(count) => Head::Records(count.min, count.max),
                };
                (self.test_node(value, head, vec![all]), children)
            }
        }
    }

    fn is_true(&mut self, value: NodeId, yes: bool) -> NodeId {
        let is_true = self.test_node(value, Head::IsTrue, Vec::new());
        if yes { is_true } else { self.set_but_not(value, is_true) }
    }

    /// Comparisons with literals become `>=`, `>`, `in` and their complements among the contacts with a value.
    fn compare(&mut self, value: NodeId, op: CompareOp, operand: NodeId, folding: Folding) -> NodeId {
        if let Head::Bool(yes) = *self.arena.head(operand)
            && matches!(op, CompareOp::Equal | CompareOp::NotEqual)
        {
            return self.is_true(value, yes == (op == CompareOp::Equal));
        }
        if !self.is_literal(operand) {
            return self.test_node(value, Head::Compare(op, folding), vec![operand]);
        }
        match op {
            CompareOp::Equal | CompareOp::NotEqual => {
                let list = self.arena.node(Head::Items, vec![operand]);
                self.among(value, list, folding, op == CompareOp::NotEqual)
            }
            CompareOp::GreaterOrEqual | CompareOp::Greater => self.above(value, op, operand, folding),
            CompareOp::Less | CompareOp::LessOrEqual => {
                let opposite = if op == CompareOp::Less { CompareOp::GreaterOrEqual } else { CompareOp::Greater };
                let above = self.above(value, opposite, operand, folding);
                self.set_but_not(value, above)
            }
        }
    }

    /// `>=` and `>`; so many events, where their number is what is compared.
    fn above(&mut self, value: NodeId, op: CompareOp, operand: NodeId, folding: Folding) -> NodeId {
        if let (Head::Aggregate { function, .. }, Head::Number(least)) = (self.arena.head(value), self.arena.head(operand))
            && function == "count"
            && let Some(matching) = self.arena.parts(value).first().copied()
        {
            let least = if op == CompareOp::Greater { least.floor_scaled(0).saturating_add(1) } else { least.ceil_scaled(0) };
            if let Ok(least) = u64::try_from(least.max(0)) {
                return self.arena.events(least, None, matching);
            }
        }
        self.test_node(value, Head::Compare(op, folding), vec![operand])
    }

    fn among(&mut self, value: NodeId, list: NodeId, folding: Folding, negated: bool) -> NodeId {
        if !self.is_literals(list) {
            return self.test_node(value, Head::In { folding, negated }, vec![list]);
        }
        let among = self.test_node(value, Head::In { folding, negated: false }, vec![list]);
        if negated { self.set_but_not(value, among) } else { among }
    }

    fn is_literal(&self, id: NodeId) -> bool {
        matches!(
            self.arena.head(id),
            Head::Number(_)
                | Head::Text(_)
                | Head::Bool(_)
                | Head::Now
                | Head::Today
                | Head::Yesterday
                | Head::Day(_)
                | Head::Instant(..)
                | Head::Ago(_)
                | Head::FromNow(_)
                | Head::StartOf(..)
        )
    }

    fn is_literals(&self, id: NodeId) -> bool {
        *self.arena.head(id) == Head::Items && !self.arena.parts(id).is_empty()
    }

    fn operand(&mut self, operand: &ListOperand, at: Span) -> Part {
        match operand {
            ListOperand::List(list) => self.list(list),
            ListOperand::One(value) => {
                let value = self.value(value);
                let id = if self.is_literal(value.id) { self.arena.node(Head::Items, vec![value.id]) } else { value.id };
                Part::new(Tag::Items, value.span, id, vec![value])
            }
            ListOperand::Param(name) => {
                let id = self.variable(name);
                Part::leaf(Tag::Reference, name.span, id)
            }
            ListOperand::Field(name) => {
                let id = self.arena.node(Head::Field(name.value.clone()), Vec::new());
                Part::leaf(Tag::Other, if at.contains(name.span) { name.span } else { at }, id)
            }
        }
    }

    /// The items in any order, each once; a param that is a list stands for its items.
    fn list(&mut self, list: &ListLiteral) -> Part {
        let children: Vec<Part> = list.items.iter().map(|item| self.value(item)).collect();
        let mut items = Vec::with_capacity(children.len());
        for child in &children {
            match self.arena.head(child.id) {
                Head::Items => items.extend_from_slice(self.arena.parts(child.id)),
                _ => items.push(child.id),
            }
        }
        self.arena.sort(&mut items);
        let id = self.arena.node(Head::Items, items);
        Part::new(Tag::Items, list.span, id, children)
    }

    // ------------------------------------------------------------------------------------- windows, values

    fn window(&mut self, kind: &WindowKind, span: Span) -> Part {
        let one = |builder: &mut Self, head: Head, value: &Expr| {
            let value = builder.value(value);
            let id = match (&head, builder.arena.head(value.id)) {
                // Events and dates before the moment 90 days ago are those older than 90 days.
                (Head::Before, Head::Ago(duration)) => builder.arena.node(Head::OlderThan(*duration), Vec::new()),
                _ => builder.arena.node(head, vec![value.id]),
            };
            Part::new(Tag::Window, span, id, vec![value])
        };
        let head = match kind {
            WindowKind::Within(duration) => Head::Within(*duration),
            WindowKind::Next(duration) => Head::Next(*duration),
            WindowKind::Anchored(duration, after, field) => Head::Anchored(*duration, *after, field.value.clone()),
            WindowKind::OlderThan(duration) => Head::OlderThan(*duration),
            WindowKind::This(unit) => Head::This(*unit),
            WindowKind::Last(count, unit) => Head::Last(*count, *unit),
            WindowKind::Before(value) => return one(self, Head::Before, value),
            WindowKind::After(value) => return one(self, Head::After, value),
            WindowKind::Since(value) => return one(self, Head::Since, value),
            WindowKind::On(value) => return one(self, Head::On, value),
            WindowKind::Between(from, to) => {
                let (from, to) = (self.value(from), self.value(to));
                let id = match (self.arena.head(from.id), self.arena.head(to.id)) {
                    (Head::Ago(duration), Head::Now) => self.arena.node(Head::Within(*duration), Vec::new()),
                    _ => self.arena.node(Head::WindowBetween, vec![from.id, to.id]),
                };
                return Part::new(Tag::Window, span, id, vec![from, to]);
            }
        };
        Part::leaf(Tag::Window, span, self.arena.node(head, Vec::new()))
    }

    pub fn value(&mut self, value: &Expr) -> Part {
        let span = value.span;
        match &value.kind {
            ExprKind::Number(number) => Part::leaf(Tag::Other, span, self.arena.node(Head::Number(*number), Vec::new())),
            ExprKind::Text(text) => Part::leaf(Tag::Other, span, self.arena.node(Head::Text(text.clone()), Vec::new())),
            ExprKind::Bool(yes) => Part::leaf(Tag::Other, span, self.arena.node(Head::Bool(*yes), Vec::new())),
            ExprKind::Point(point) => Part::leaf(Tag::Other, span, self.point(point)),
            ExprKind::Field(name) => Part::leaf(Tag::Other, span, self.arena.node(Head::Field(name.value.clone()), Vec::new())),
            ExprKind::Param(name) => Part::leaf(Tag::Reference, span, self.variable(name)),
            ExprKind::Bare(name) => {
                Part::leaf(Tag::Other, span, self.arena.node(Head::Attribute(name.value.clone()), Vec::new()))
            }
            ExprKind::Logistic(of) => {
                let of = self.value(of);
                let id = self.arena.node(Head::Logistic, vec![of.id]);
                Part::new(Tag::Ordered, span, id, vec![of])
            }
            ExprKind::Hole => Part::leaf(Tag::Other, span, self.arena.node(Head::Unknown("value", String::new()), Vec::new())),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, span),
            ExprKind::Chain(first, rest) => {
                let children: Vec<Part> =
                    std::iter::once(&**first).chain(rest.iter().map(|(_, value)| value)).map(|value| self.value(value)).collect();
                let operators = rest.iter().map(|(operator, _)| operator.value).collect();
                let id = self.arena.node(Head::Arithmetic(operators), children.iter().map(|child| child.id).collect());
                Part::new(Tag::Ordered, span, id, children)
            }
            ExprKind::If(condition, then, otherwise) => {
                let children = vec![self.condition(condition), self.value(then), self.value(otherwise)];
                let id = self.arena.node(Head::If, children.iter().map(|child| child.id).collect());
                Part::new(Tag::Ordered, span, id, children)
            }
            ExprKind::Part(part, of) => {
                let of = self.value(of);
                let id = self.arena.node(Head::Part(part.value), vec![of.id]);
                Part::new(Tag::Ordered, span, id, vec![of])
            }
        }
    }

    fn aggregate(&mut self, aggregate: &Aggregate, span: Span) -> Part {
        let (matching, children) = self.matching(&aggregate.event, aggregate.filter.as_ref(), aggregate.window.as_ref(), None);
        let argument = |argument: &ast::Argument| match argument {
            ast::Argument::Duration(duration) => Argument::Duration(duration.value),
            ast::Argument::Number(number) => Argument::Number(number.value),
        };
        let function = aggregate.function.value.clone();
        let head = Head::Aggregate {
            function: function.clone(),
            attr: aggregate.attr.as_ref().map(|attr| attr.value.clone()),
            arguments: aggregate.arguments.iter().map(argument).collect(),
        };
        let id = self.arena.node(head, vec![matching]);
        let subject = self.arena.node(Head::Text(function), Vec::new());
        Part::new(Tag::Aggregate, span, id, children).about(subject)
    }

    fn point(&mut self, point: &Point) -> NodeId {
        match point {
            Point::Resolved(point) => self.resolved(point),
            Point::Instant(text) => {
                // What has no offset is on the clocks of the schema's zone, which is not known here.
                let zoned = text.ends_with('Z') || text.rsplit('T').next().is_some_and(|time| time.contains(['+', '-']));
                match parse_instant(text, chrono_tz::UTC) {
                    Ok(at) => self.arena.node(Head::Instant(at, zoned), Vec::new()),
                    Err(_) => self.arena.node(Head::Unknown("instant", text.clone()), Vec::new()),
                }
            }
        }
    }

    fn resolved(&mut self, point: &time::Point) -> NodeId {
        let head = match point {
            time::Point::Now => Head::Now,
            time::Point::Today => Head::Today,
            time::Point::Yesterday => Head::Yesterday,
            time::Point::Day(day) => Head::Day(*day),
            time::Point::Instant(at) => Head::Instant(*at, true),
            time::Point::Ago(duration) => Head::Ago(*duration),
            time::Point::FromNow(duration) => Head::FromNow(*duration),
            time::Point::StartOf { unit, back, of } => {
                let of = self.resolved(of);
                return self.arena.node(Head::StartOf(*unit, *back), vec![of]);
            }
        };
        self.arena.node(head, Vec::new())
    }
}
