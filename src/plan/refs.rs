//! What nodes and expressions are made of.

use super::{Atom, Expr, ExprId, ItemFilter, Node, NodeId, OwnWindow, Plan, Predicate, RowFilter, TimeSpan};
use crate::check::typed::EventValue;
use crate::schema::{AttrId, EventId, FieldId};

/// A node or an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// A set.
    Node(NodeId),
    /// A value.
    Expr(ExprId),
}

/// Some nodes and expressions of a plan, and how often each is a part of another.
#[derive(Debug, Clone)]
pub struct Marks {
    nodes: Vec<u32>,
    exprs: Vec<u32>,
}

impl Marks {
    /// How often the marked parts use one; 0 for what is not marked.
    #[must_use]
    pub fn uses(&self, part: Part) -> u32 {
        match part {
            Part::Node(id) => self.nodes.get(id.0 as usize),
            Part::Expr(id) => self.exprs.get(id.0 as usize),
        }
        .copied()
        .unwrap_or(0)
    }

    /// The marked ones, parts before wholes.
    pub fn parts(&self, plan: &Plan) -> impl Iterator<Item = Part> {
        plan.order().iter().copied().filter(|part| self.uses(*part) > 0)
    }

    fn add(&mut self, part: Part) {
        let slot = match part {
            Part::Node(id) => self.nodes.get_mut(id.0 as usize),
            Part::Expr(id) => self.exprs.get_mut(id.0 as usize),
        };
        if let Some(slot) = slot {
            *slot = slot.saturating_add(1);
        }
    }
}

impl Plan {
    /// Everything that some parts are made of, themselves included; with or without what rankings are made of.
    #[must_use]
    pub fn marked(&self, targets: &[Part], through_rankings: bool) -> Marks {
        let mut marks = Marks { nodes: vec![0; self.nodes.len()], exprs: vec![0; self.exprs.len()] };
        for part in targets {
            marks.add(*part);
        }
        // Parts come before wholes, so one pass from the end marks everything.
        for part in self.order.iter().rev() {
            if marks.uses(*part) > 0 && (through_rankings || !self.is_ranking(*part)) {
                self.parts(*part, &mut |inner| marks.add(inner));
            }
        }
        marks
    }

    fn is_ranking(&self, part: Part) -> bool {
        matches!(part, Part::Node(id) if matches!(self.node(id), Node::Ranked(_)))
    }

    /// Shows the direct parts of a part.
    pub fn parts(&self, part: Part, see: &mut dyn FnMut(Part)) {
        match part {
            Part::Node(id) => {
                let node = self.node(id);
                for p in node.parts() {
                    see(Part::Node(p));
                }
                node.exprs(&mut |e| see(Part::Expr(e)));
            }
            Part::Expr(id) => {
                let expr = self.expr(id);
                if let Expr::If(condition, ..) = expr {
                    see(Part::Node(*condition));
                }
                expr.exprs(&mut |e| see(Part::Expr(e)));
            }
        }
    }
}

impl Node {
    /// The nodes it is made of.
    #[must_use]
    pub fn parts(&self) -> Vec<NodeId> {
        match self {
            Self::Everyone | Self::Nobody | Self::Atom(_) => Vec::new(),
            Self::All(parts) | Self::Any(parts) | Self::Quorum(_, parts) => parts.clone(),
            Self::Not(part) => vec![*part],
            Self::Ranked(ranked) => vec![ranked.of],
        }
    }

    /// The same of other nodes.
    #[must_use]
    pub fn with_parts(&self, new: &dyn Fn(NodeId) -> NodeId) -> Self {
        let all = |parts: &[NodeId]| parts.iter().map(|p| new(*p)).collect();
        match self {
            Self::Everyone | Self::Nobody | Self::Atom(_) => self.clone(),
            Self::All(parts) => Self::All(all(parts)),
            Self::Any(parts) => Self::Any(all(parts)),
            Self::Quorum(range, parts) => Self::Quorum(*range, all(parts)),
            Self::Not(part) => Self::Not(new(*part)),
            Self::Ranked(ranked) => Self::Ranked(super::Ranked { of: new(ranked.of), ..ranked.clone() }),
        }
    }

    /// Shows the expressions it looks at.
    pub fn exprs(&self, see: &mut dyn FnMut(ExprId)) {
        match self {
            Self::Atom(atom) => atom.exprs(see),
            Self::Ranked(ranked) => see(ranked.by),
            _ => {}
        }
    }
}

impl Atom {
    /// Shows the expressions it looks at.
    pub fn exprs(&self, see: &mut dyn FnMut(ExprId)) {
        match self {
            Self::Field { predicate, .. } | Self::ContactId(predicate) => predicate.exprs(see),
            Self::Value { value, predicate, .. } => {
                see(*value);
                predicate.exprs(see);
            }
            Self::Events(events) => events.exprs(see),
            Self::Sequence(sequence) => sequence.exprs(see),
            Self::Unchanged { .. } | Self::List(_) | Self::Sample(_) => {}
        }
    }

    /// The fields that it reads itself; expressions read others.
    #[must_use]
    pub fn fields(&self) -> Vec<FieldId> {
        match self {
            Self::Field { field, predicate, .. } => {
                let mut fields = vec![*field];
                predicate.columns(&mut |column| fields.push(FieldId(column)));
                fields
            }
            _ => Vec::new(),
        }
    }

    /// Shows the event types and attributes that it reads itself.
    pub fn events(&self, see: &mut dyn FnMut(EventId, Option<AttrId>)) {
        match self {
            Self::Events(events) => {
                see(events.event, None);
                if let Some(filter) = &events.filter {
                    filter.attributes(&mut |attr| see(events.event, Some(attr)));
                }
            }
            Self::Sequence(sequence) => sequence.sources().for_each(|s| s.attributes(see)),
            _ => {}
        }
    }
}

impl super::EventAtom {
    /// Shows the expressions it looks at.
    pub fn exprs(&self, see: &mut dyn FnMut(ExprId)) {
        self.span.exprs(see);
        if let Some(filter) = &self.filter {
            filter.exprs(see);
        }
    }
}

impl super::Sequence {
    /// Shows the expressions it looks at.
    pub fn exprs(&self, see: &mut dyn FnMut(ExprId)) {
        self.span.exprs(see);
        self.sources().filter_map(|s| s.filter.as_ref()).for_each(|f| f.exprs(see));
    }
}

impl super::Aggregate {
    /// Shows the expressions it looks at.
    pub fn exprs(&self, see: &mut dyn FnMut(ExprId)) {
        self.span.exprs(see);
        self.sources.iter().filter_map(|s| s.filter.as_ref()).for_each(|f| f.exprs(see));
    }
}

impl super::Source {
    /// Shows the event type and the attributes that it reads.
    pub fn attributes(&self, see: &mut dyn FnMut(EventId, Option<AttrId>)) {
        see(self.event, self.attr);
        if let Some(filter) = &self.filter {
            filter.attributes(&mut |attr| see(self.event, Some(attr)));
        }
    }
}

impl Expr {
    /// Shows the expressions it is made of.
    pub fn exprs(&self, see: &mut dyn FnMut(ExprId)) {
        match self {
            Self::Nothing | Self::Constant(_) | Self::Field(_) | Self::ContactId => {}
            Self::Aggregate(aggregate) => aggregate.exprs(see),
            Self::Arithmetic(a, _, b) | Self::If(_, a, b) => {
                see(*a);
                see(*b);
            }
            Self::Part(_, of) | Self::Logistic(of) => see(*of),
        }
    }
}

impl TimeSpan {
    fn exprs(&self, see: &mut dyn FnMut(ExprId)) {
        if let Self::Own(window) = self {
            window.exprs(see);
        }
    }
}

impl OwnWindow {
    /// Shows the expressions of its ends.
    pub fn exprs(&self, see: &mut dyn FnMut(ExprId)) {
        match self {
            Self::Before(x) | Self::After(x) | Self::Since(x) | Self::On(x) | Self::Anchored { anchor: x, .. } => see(*x),
            Self::Between(a, b) => {
                see(*a);
                see(*b);
            }
        }
    }
}

impl Predicate {
    /// Whether a value is compared with one of the contact.
    #[must_use]
    pub fn compares(&self) -> bool {
        let mut compares = false;
        self.exprs(&mut |_| compares = true);
        compares
    }

    /// Shows the expressions that a value is compared with.
    pub fn exprs(&self, see: &mut dyn FnMut(ExprId)) {
        match self {
            Self::HasValue(_, x, _) | Self::Value(_, x, _) | Self::TextValue(_, x, _) | Self::InValue(x, ..) => see(*x),
            Self::BetweenValues(a, b) => {
                see(*a);
                see(*b);
            }
            Self::Window(window) => window.exprs(see),
            Self::Items(_, filter) => filter.visit(&mut |p| p.exprs(see), &mut |_| {}),
            _ => {}
        }
    }

    /// Shows the other columns that it looks at: fields, or attributes of the event.
    pub fn columns(&self, see: &mut dyn FnMut(u16)) {
        if let Self::Items(_, filter) = self {
            filter.visit(&mut |_| {}, see);
        }
    }
}

impl ItemFilter {
    /// Shows every predicate and every column.
    fn visit(&self, predicate: &mut dyn FnMut(&Predicate), column: &mut dyn FnMut(u16)) {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::Quorum(_, parts) => {
                for p in parts {
                    p.visit(predicate, column);
                }
            }
            Self::Not(inner) => inner.visit(predicate, column),
            Self::Test { column: at, predicate: test, .. } => {
                column(*at);
                predicate(test);
            }
        }
    }

    /// Shows every predicate.
    pub fn predicates(&self, see: &mut dyn FnMut(&Predicate)) {
        self.visit(see, &mut |_| {});
    }
}

impl RowFilter {
    /// Shows every test: the value and what is asked of it.
    pub fn tests(&self, see: &mut dyn FnMut(EventValue, &Predicate)) {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::Quorum(_, parts) => parts.iter().for_each(|p| p.tests(see)),
            Self::Not(inner) => inner.tests(see),
            Self::Test { value, predicate, .. } => see(*value, predicate),
        }
    }

    /// Whether any value is compared with one of the contact.
    #[must_use]
    pub fn compares(&self) -> bool {
        let mut compares = false;
        self.tests(&mut |_, predicate| compares |= predicate.compares());
        compares
    }

    /// Shows the expressions that values are compared with.
    pub fn exprs(&self, see: &mut dyn FnMut(ExprId)) {
        self.tests(&mut |_, predicate| predicate.exprs(see));
    }

    /// Shows the attributes that it reads.
    pub fn attributes(&self, see: &mut dyn FnMut(AttrId)) {
        self.tests(&mut |value, predicate| {
            if let EventValue::Attr(attr) | EventValue::PartOfAttr(_, attr) = value {
                see(attr);
            }
            predicate.columns(&mut |column| see(AttrId(column)));
        });
    }
}
