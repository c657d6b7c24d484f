//! Order and estimates on data that is known exactly.

use std::rc::Rc;

use super::super::Intervals;
use super::super::sketch::{EventSketch, Seen, Sketch};
use super::*;
use crate::check::typed::CountRange;
use crate::schema::{AttrId, EventId, FieldId};
use crate::time::Interval;
use crate::value::Folding;

/// Field 0 is text, nine of ten contacts have "x"; field 1 is a number from 0 to 99; every contact has event 0 in 2 of
/// 10 cases and event 1 in 9.
struct Data;

impl Sketches for Data {
    fn contacts(&self) -> u64 {
        1_000
    }

    fn field(&self, field: FieldId) -> Option<Rc<Sketch>> {
        let texts = vec![("x".to_owned(), 0.9), ("y".to_owned(), 0.1)];
        let values = if field.0 == 0 { Sampled::Texts { texts, whole: true } } else { Sampled::Ints((0..100).collect()) };
        Some(Rc::new(Sketch { present: 1.0, values }))
    }

    fn since(&self, _: FieldId) -> Option<Rc<Sketch>> {
        None
    }

    fn attribute(&self, _: EventId, _: AttrId) -> Option<Rc<Sketch>> {
        None
    }

    fn event(&self, event: EventId) -> Option<Rc<EventSketch>> {
        let seen = vec![Seen { first: 0, last: 1_000, count: 10 }; if event.0 == 0 { 2 } else { 9 }];
        Some(Rc::new(EventSketch { asked: 10, seen }))
    }
}

fn schema() -> Schema {
    crate::schema::toml::parse("[fields]\nt = \"text\"\nn = \"number\"\n[events.A]\n[events.B]\n").unwrap()
}

fn text(text: &str) -> Node {
    let predicate = Predicate::Text(TextPredicate::In(vec![text.to_owned()], Folding::default(), false));
    Node::Atom(Atom::Field { field: FieldId(0), predicate, or_empty: false })
}

fn number(lo: i128) -> Node {
    let predicate = Predicate::In(Intervals::range(lo, i128::MAX));
    Node::Atom(Atom::Field { field: FieldId(1), predicate, or_empty: false })
}

fn events(event: u16) -> Node {
    // Its own rows decide: it neither begins nor ends inside.
    let span = TimeSpan::Fixed(Interval { lo: 400, hi: 600 });
    let test = EventTest::Count(CountRange { min: 1, max: None });
    Node::Atom(Atom::Events(EventAtom { event: EventId(event), span, filter: None, test }))
}

/// The order of the parts of a group, and the estimate.
fn ordered(nodes: &[Node], group: fn(Vec<NodeId>) -> Node) -> (Vec<usize>, u64) {
    let mut plan = Plan::default();
    let parts: Vec<NodeId> = nodes.iter().map(|node| plan.add(node.clone())).collect();
    let root = plan.add(group(parts.clone()));
    plan.ask(root);
    let costs = Costs::of(&plan, &schema(), &plan.marked(&plan.root_parts(), true), Some(&Data));
    let place = |id: &NodeId| parts.iter().position(|p| p == id).unwrap();
    (costs.ordered(root).iter().map(place).collect(), costs.contacts(root).unwrap())
}

#[test]
fn parts_come_by_what_they_settle_for_their_cost() {
    // A bitmap that keeps nearly everybody comes after a scan that keeps hardly anybody.
    assert_eq!(ordered(&[text("x"), number(99)], Node::All).0, [1, 0]);
    assert_eq!(ordered(&[text("x"), number(99)], Node::Any).0, [0, 1]);
    // Of equal costs the part that settles more.
    assert_eq!(ordered(&[number(10), number(90)], Node::All).0, [1, 0]);
    assert_eq!(ordered(&[number(90), number(10)], Node::Any).0, [1, 0]);
    // Reading events comes last, and rare ones before frequent ones.
    assert_eq!(ordered(&[events(1), events(0), text("x")], Node::All).0, [2, 1, 0]);
}

#[test]
fn estimates_are_of_independent_parts() {
    assert_eq!(ordered(&[text("x"), number(50)], Node::All).1, 450);
    assert_eq!(ordered(&[text("x"), number(50)], Node::Any).1, 950);
}

#[test]
fn later_parts_are_asked_about_fewer() {
    let mut plan = Plan::default();
    let (a, b) = (plan.add(number(90)), plan.add(text("x")));
    let all = plan.add(Node::All(vec![b, a]));
    let root = plan.add(Node::Not(all));
    plan.ask(root);
    let costs = Costs::of(&plan, &schema(), &plan.marked(&plan.root_parts(), true), Some(&Data));
    let asked = costs.asked(&plan);
    assert_eq!([root, all, a, b].map(|id| format!("{:.2}", asked[id.0 as usize])), ["1.00", "1.00", "1.00", "0.10"]);
}
