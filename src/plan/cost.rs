//! What a node costs and how many it lets through, roughly: enough to order the parts of a group.

use super::{
    Aggregate, Atom, EventAtom, EventTest, Expr, ExprId, Function, Marks, Node, NodeId, Part, Plan, Predicate, RowFilter, Source,
    TimeSpan,
};
use crate::check::typed::EventValue;

/// Relative costs for one contact: 1 is a bit of a stored bitmap.
#[derive(Debug, Clone)]
pub struct Costs {
    nodes: Vec<u64>,
    exprs: Vec<u64>,
}

/// Reading the rows of a contact.
const ROWS: u64 = 400;

impl Costs {
    /// Of all nodes and expressions. What several parts share is counted in parts.
    #[must_use]
    pub fn of(plan: &Plan, marks: &Marks) -> Self {
        let mut costs = Self { nodes: vec![0; plan.nodes.len()], exprs: vec![0; plan.exprs.len()] };
        // Parts come before wholes, so theirs are known.
        for part in plan.order() {
            let own = match part {
                Part::Node(id) => node_cost(plan.node(*id)),
                Part::Expr(id) => expr_cost(plan.expr(*id)),
            };
            let mut sum = own;
            plan.parts(*part, &mut |inner| sum = sum.saturating_add(costs.get(inner)));
            // What is used n times is calculated once.
            let cost = (sum / u64::from(marks.uses(*part).max(1))).max(1);
            let slot = match part {
                Part::Node(id) => costs.nodes.get_mut(id.0 as usize),
                Part::Expr(id) => costs.exprs.get_mut(id.0 as usize),
            };
            if let Some(slot) = slot {
                *slot = cost;
            }
        }
        costs
    }

    /// Of a node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> u64 {
        self.nodes.get(id.0 as usize).copied().unwrap_or(0)
    }

    fn expr(&self, id: ExprId) -> u64 {
        self.exprs.get(id.0 as usize).copied().unwrap_or(0)
    }

    fn get(&self, part: Part) -> u64 {
        match part {
            Part::Node(id) => self.node(id),
            Part::Expr(id) => self.expr(id),
        }
    }
}

/// What a node adds to the cost of its parts.
fn node_cost(node: &Node) -> u64 {
    match node {
        Node::Atom(atom) => atom_cost(atom),
        // It has been evaluated before.
        Node::Everyone | Node::Nobody | Node::Ranked(_) => 1,
        Node::All(_) | Node::Any(_) | Node::Not(_) | Node::Quorum(..) => 0,
    }
}

fn atom_cost(atom: &Atom) -> u64 {
    match atom {
        Atom::Field { predicate, .. } => predicate_cost(predicate),
        Atom::ContactId(_) | Atom::Sample(_) => 200,
        Atom::List(_) => 1,
        Atom::Unchanged { .. } => 4,
        Atom::Events(events) => event_cost(events),
        Atom::Value { predicate, .. } => 20 + predicate_cost(predicate),
        Atom::Sequence(sequence) => ROWS + sequence.sources().map(source_cost).sum::<u64>(),
    }
}

fn predicate_cost(predicate: &Predicate) -> u64 {
    match predicate {
        Predicate::Set | Predicate::Never | Predicate::Text(_) => 1,
        Predicate::In(set) => 4 * (set.iter().count() as u64).max(1),
        Predicate::Number(_) | Predicate::Moment { .. } => 8,
        Predicate::Anniversary(_) => 40,
        Predicate::Value(..) | Predicate::BetweenValues(..) => 60,
        Predicate::HasText(..) | Predicate::HasNumber(..) | Predicate::TextValue(..) => 80,
        Predicate::HasValue(..) | Predicate::InValue(..) | Predicate::Window(_) | Predicate::Items(..) => 200,
    }
}

fn expr_cost(expr: &Expr) -> u64 {
    match expr {
        Expr::Nothing | Expr::Constant(_) => 1,
        Expr::Field(_) | Expr::If(..) => 10,
        Expr::Arithmetic(..) => 20,
        Expr::Logistic(_) => 60,
        Expr::Part(..) => 40,
        Expr::ContactId => 100,
        Expr::Aggregate(aggregate) => aggregate_cost(aggregate),
    }
}

fn aggregate_cost(aggregate: &Aggregate) -> u64 {
    let window = span_cost(&aggregate.span);
    let value = match aggregate.function {
        Function::Count | Function::First | Function::Last => 60,
        Function::Sum | Function::Min | Function::Max | Function::Average | Function::FirstOf | Function::LastOf => 300,
        _ => 600,
    };
    window + aggregate.sources.iter().map(|s| value + source_cost(s)).sum::<u64>()
}

fn source_cost(source: &Source) -> u64 {
    source.filter.as_ref().map_or(0, filter_cost)
}

/// What a filter costs on the rows of a contact.
fn filter_cost(filter: &RowFilter) -> u64 {
    let mut cost = ROWS;
    filter.tests(&mut |value, predicate| {
        let part = matches!(value, EventValue::PartOfAttr(..) | EventValue::PartOfInstant(_));
        cost += 4 * predicate_cost(predicate).min(400) + if part { 200 } else { 0 };
    });
    cost
}

fn span_cost(span: &TimeSpan) -> u64 {
    match span {
        TimeSpan::Fixed(_) => 8,
        TimeSpan::Own(_) => 300,
    }
}

fn event_cost(events: &EventAtom) -> u64 {
    let test = match &events.test {
        EventTest::Count(range) if range.min <= 1 && range.max.is_none_or(|max| max == 0) => 8,
        EventTest::Count(_) => 60,
        EventTest::First(..) | EventTest::Last(..) => 16,
    };
    events.filter.as_ref().map_or(0, filter_cost) + span_cost(&events.span) + test
}
