//! What a node costs and how many it lets through, roughly: enough to order the parts of a group.

use super::{Atom, EventAtom, EventValue, Node, NodeId, Plan, Predicate, TimeSpan};

/// Relative cost of each node for one contact, by position: 1 is a bit of a stored bitmap.
#[must_use]
pub fn costs(plan: &Plan) -> Vec<u64> {
    let mut costs: Vec<u64> = Vec::new();
    for (_, node) in plan.nodes() {
        let of = |id: &NodeId| costs.get(id.0 as usize).copied().unwrap_or(0);
        // Parts come before wholes, so theirs are known.
        let cost = match node {
            Node::Atom(atom) => atom_cost(atom),
            whole => whole.parts().iter().map(of).fold(0, u64::saturating_add),
        };
        costs.push(cost);
    }
    costs
}

fn atom_cost(atom: &Atom) -> u64 {
    match atom {
        Atom::Field { predicate, .. } => predicate_cost(predicate),
        Atom::ContactId(_) => 200,
        Atom::Events(events) => event_cost(events),
    }
}

fn predicate_cost(predicate: &Predicate) -> u64 {
    match predicate {
        Predicate::Set | Predicate::Never | Predicate::Text(_) => 1,
        Predicate::In(set) => 4 * (set.iter().count() as u64).max(1),
        Predicate::Anniversary(..) => 40,
        Predicate::Field(..) => 60,
        Predicate::HasText(..) | Predicate::HasNumber(..) => 80,
        Predicate::HasField(..) => 200,
    }
}

fn event_cost(events: &EventAtom) -> u64 {
    let rows = u64::from(events.filter.is_some()) * 400;
    let window = match &events.span {
        TimeSpan::Fixed(_) => 8,
        TimeSpan::Anchored { .. } => 300,
    };
    let value = match &events.value {
        EventValue::Count(range) if range.min <= 1 && range.max.is_none_or(|max| max == 0) => 8,
        EventValue::Count(_) => 60,
        EventValue::First(..) | EventValue::Last(..) => 16,
        EventValue::CountIn(_) | EventValue::Sum(..) => 500,
    };
    rows + window + value
}
