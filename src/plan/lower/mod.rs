//! Typed trees to plans: calendars become intervals, decimals integers of the column's scale, names nodes.

mod events;
mod needed;
mod tests_on_values;

use super::{Atom, Constant, Expr, ExprId, List, Node, NodeId, Plan, Ranked};
use crate::check::typed::{
    self, Condition, ConditionKind, Decision, DecisionId, DefinitionId, ListId, Program, RankedId, Sample, SegmentId, ValueExpr,
    ValueTest,
};
use crate::schema::{Column, ColumnType, FieldId, Schema};
use crate::time::Clock;
use crate::value::Decimal;

/// A set that a program defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// The members of a segment.
    Segment(SegmentId),
    /// The contacts to whom a decision gives a label (its position in [`Decision::labels`]).
    Label(DecisionId, u32),
    /// The contacts that a ranking takes.
    Ranked(RankedId),
}

/// The plan of some segments of a program at one moment. The plan's roots are the segments asked for, in order.
#[must_use]
pub fn lower(program: &Program, segments: &[SegmentId], schema: &Schema, clock: &Clock) -> Plan {
    let wanted: Vec<Wanted> = segments.iter().copied().map(Wanted::Segment).collect();
    lower_wanted(program, &wanted, schema, clock)
}

/// The plan of some sets of a program at one moment. The plan's roots are the sets asked for, in order.
#[must_use]
pub fn lower_wanted(program: &Program, wanted: &[Wanted], schema: &Schema, clock: &Clock) -> Plan {
    let needed = needed::Needed::of(program, wanted);
    let mut lowering = Lowering {
        program,
        schema,
        clock,
        plan: Plan::default(),
        segments: vec![None; program.segments.len()],
        lets: vec![None; program.lets.len()],
        labels: vec![Vec::new(); program.decisions.len()],
        ranked: vec![None; program.ranked.len()],
    };
    // References point backwards, so each definition finds the ones it needs done.
    for id in program.order.iter().filter(|id| needed.has(**id)) {
        lowering.definition(*id);
    }
    for set in wanted {
        let root = match set {
            Wanted::Segment(id) => lowering.segment(*id),
            Wanted::Label(id, label) => lowering.label(*id, *label),
            Wanted::Ranked(id) => lowering.ranking(*id),
        };
        lowering.plan.ask(root);
    }
    lowering.plan
}

struct Lowering<'a> {
    program: &'a Program,
    schema: &'a Schema,
    clock: &'a Clock,
    plan: Plan,
    segments: Vec<Option<NodeId>>,
    lets: Vec<Option<ExprId>>,
    labels: Vec<Vec<NodeId>>,
    ranked: Vec<Option<NodeId>>,
}

impl Lowering<'_> {
    fn definition(&mut self, id: DefinitionId) {
        let program = self.program;
        match id {
            DefinitionId::Segment(id) => {
                let node = program.segments.get(id.0 as usize).map(|s| self.condition(&s.condition));
                put(&mut self.segments, id.0, node);
            }
            DefinitionId::Let(id) => {
                let expr = program.lets.get(id.0 as usize).map(|l| self.value(&l.value));
                put(&mut self.lets, id.0, expr);
            }
            DefinitionId::Decision(id) => {
                let labels = program.decisions.get(id.0 as usize).map(|d| self.decision(d));
                put(&mut self.labels, id.0, labels.unwrap_or_default());
            }
        }
    }

    /// The sets of all labels: of each branch those whom no branch before it takes.
    fn decision(&mut self, decision: &Decision) -> Vec<NodeId> {
        let mut labels: Vec<Vec<NodeId>> = vec![Vec::new(); decision.labels.len()];
        let mut taken: Option<NodeId> = None;
        for branch in &decision.branches {
            let holds = self.condition(&branch.condition);
            let takes = match taken {
                None => holds,
                Some(taken) => {
                    let left = self.plan.add(Node::Not(taken));
                    self.plan.add(Node::All(vec![left, holds]))
                }
            };
            if let Some(label) = labels.get_mut(branch.label as usize) {
                label.push(takes);
            }
            // What a branch takes is smaller than what it holds of, and is asked for anyway.
            taken = Some(taken.map_or(takes, |taken| self.plan.add(Node::Any(vec![taken, takes]))));
        }
        labels.into_iter().map(|parts| self.plan.add(Node::Any(parts))).collect()
    }

    fn segment(&mut self, id: SegmentId) -> NodeId {
        match self.segments.get(id.0 as usize) {
            Some(Some(node)) => *node,
            _ => self.plan.add(Node::Nobody),
        }
    }

    fn label(&mut self, id: DecisionId, label: u32) -> NodeId {
        match self.labels.get(id.0 as usize).and_then(|labels| labels.get(label as usize)) {
            Some(node) => *node,
            None => self.plan.add(Node::Nobody),
        }
    }

    fn condition(&mut self, condition: &Condition) -> NodeId {
        let node = match &condition.kind {
            ConditionKind::Everyone => Node::Everyone,
            ConditionKind::Nobody => Node::Nobody,
            ConditionKind::All(parts) => Node::All(self.conditions(parts)),
            ConditionKind::Any(parts) => Node::Any(self.conditions(parts)),
            ConditionKind::Quorum(range, parts) => Node::Quorum(*range, self.conditions(parts)),
            ConditionKind::Not(inner) => Node::Not(self.condition(inner)),
            ConditionKind::Segment(id) => return self.segment(*id),
            ConditionKind::List(id) => self.list(*id),
            ConditionKind::Decision(id, label) => return self.label(*id, *label),
            ConditionKind::Test(test) => return self.value_test(test),
            ConditionKind::Events(matching, range) => self.events(matching, *range),
            ConditionKind::Sequence(sequence) => Node::Atom(Atom::Sequence(self.sequence(sequence))),
            ConditionKind::Ranked(id) => return self.ranking(*id),
            ConditionKind::Sample(sample) => share(sample),
        };
        self.plan.add(node)
    }

    fn conditions(&mut self, parts: &[Condition]) -> Vec<NodeId> {
        parts.iter().map(|p| self.condition(p)).collect()
    }

    fn list(&mut self, id: ListId) -> Node {
        match self.program.lists.get(id.0 as usize) {
            Some(list) if !list.ids.is_empty() => {
                self.plan.add_list(id, || List { name: list.name.clone(), ids: list.ids.clone().into() });
                Node::Atom(Atom::List(id))
            }
            _ => Node::Nobody,
        }
    }

    fn ranking(&mut self, id: RankedId) -> NodeId {
        if let Some(Some(node)) = self.ranked.get(id.0 as usize) {
            return *node;
        }
        let node = match self.program.ranked.get(id.0 as usize) {
            Some(ranked) => {
                let of = self.condition(&ranked.of);
                let by = self.value(&ranked.by);
                self.plan.add(Node::Ranked(Ranked { highest: ranked.highest, amount: ranked.amount, by, of }))
            }
            None => self.plan.add(Node::Nobody),
        };
        put(&mut self.ranked, id.0, Some(node));
        node
    }

    fn value_test(&mut self, test: &ValueTest) -> NodeId {
        let value = self.value(&test.value);
        let atom = self.test(value, &test.test, test.or_empty);
        let passes = self.plan.add(atom);
        let (Some(duration), ValueExpr::Field(field)) = (&test.lasting, &test.value) else { return passes };
        let since = self.clock.minus(self.clock.now, duration);
        let mut parts = vec![passes];
        for field in self.columns_of(*field) {
            parts.push(self.plan.add(Node::Atom(Atom::Unchanged { field, since })));
        }
        self.plan.add(Node::All(parts))
    }

    /// The field, or all columns of the list of records that it is a column of.
    fn columns_of(&self, field: FieldId) -> Vec<FieldId> {
        let list = self.schema.field_column(field).and_then(list_of);
        if list.is_none() {
            return vec![field];
        }
        let columns = (0..).map(FieldId).zip(&self.schema.fields);
        columns.filter(|(_, column)| list_of(column) == list).map(|(id, _)| id).collect()
    }

    fn value(&mut self, value: &ValueExpr) -> ExprId {
        let expr = match value {
            ValueExpr::Constant(constant) => Expr::Constant(self.constant(constant)),
            ValueExpr::Field(field) => Expr::Field(*field),
            ValueExpr::ContactId => Expr::ContactId,
            ValueExpr::Let(id) => match self.lets.get(id.0 as usize) {
                Some(Some(expr)) => return *expr,
                _ => Expr::Nothing,
            },
            ValueExpr::Aggregate(aggregate) => Expr::Aggregate(self.aggregate(aggregate)),
            ValueExpr::Arithmetic(a, op, b) => Expr::Arithmetic(self.value(a), *op, self.value(b)),
            ValueExpr::If(condition, then, otherwise) => {
                Expr::If(self.condition(condition), self.value(then), self.value(otherwise))
            }
            ValueExpr::Logistic(of) => Expr::Logistic(self.value(of)),
            ValueExpr::Part(part, of) => Expr::Part(*part, self.value(of)),
        };
        self.plan.add_expr(expr)
    }

    fn constant(&self, constant: &typed::Constant) -> Constant {
        match constant {
            typed::Constant::Number(n) => Constant::Number(*n),
            typed::Constant::Text(text) => Constant::Text(text.clone()),
            typed::Constant::Bool(b) => Constant::Bool(*b),
            typed::Constant::Point(point) if point.is_day() => Constant::Day(self.clock.day(point)),
            typed::Constant::Point(point) => Constant::Instant(self.clock.instant(point)),
        }
    }
}

/// The list of records that a column is a member of.
fn list_of(column: &Column) -> Option<&str> {
    match column.ty {
        ColumnType::Item(_) => column.name.rsplit_once('.').map(|(list, _)| list),
        _ => None,
    }
}

/// A share of nothing and of everything need no hash.
fn share(sample: &Sample) -> Node {
    if sample.share >= Decimal::whole(1) {
        Node::Everyone
    } else if sample.share <= Decimal::whole(0) {
        Node::Nobody
    } else {
        Node::Atom(Atom::Sample(sample.clone()))
    }
}

fn put<T>(all: &mut [T], at: u32, value: T) {
    if let Some(slot) = all.get_mut(at as usize) {
        *slot = value;
    }
}
