//! Plans: set algebra over atoms, and the values that atoms look at.
//!
//! Goes in: a typed [`Program`](crate::check::typed::Program) and a clock. Comes out: a [`Plan`] in which names, calendars
//! and, where a column is tested, decimals are gone: bounds are integers of the column's own scale. Equal parts are one
//! node or one expression, whichever definitions they come from, so that nothing is asked twice in a run; a diamond of
//! references does not grow.

mod atoms;
pub(crate) mod cost;
mod estimate;
mod explain;
mod exprs;
mod intervals;
mod laws;
mod lower;
mod numbers;
mod refs;
mod rewriting;
mod sketch;
mod words;

pub use atoms::{
    Atom, EventAtom, EventTest, ItemFilter, OwnWindow, Predicate, RowFilter, Sequence, Source, Step, TextPredicate, TimeSpan,
};
pub use explain::{Explained, Figures, Item, Measured, Run, explain, explain_on};
#[cfg(feature = "cli")]
pub(crate) use explain::{milliseconds, percent};
pub use exprs::{Aggregate, Constant, Expr, Function};
pub use intervals::Intervals;
pub use laws::{LAWS, Law};
pub use lower::{Wanted, lower, lower_wanted};
pub use numbers::NumberTest;
pub use refs::{Marks, Part};
pub use rewriting::{Rewrites, rewrite, rewrite_told};
pub use sketch::{EventSketch, Look, Sampled, Seen, Sketch, Sketches};

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use indexmap::IndexSet;

use crate::check::typed::{Amount, CountRange, ListId};

/// Position of a node in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// Position of an expression in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(pub u32);

/// A set of contacts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// All contacts.
    Everyone,
    /// None.
    Nobody,
    /// In every part.
    All(Vec<NodeId>),
    /// In some part.
    Any(Vec<NodeId>),
    /// In none of it.
    Not(NodeId),
    /// In that many parts.
    Quorum(CountRange, Vec<NodeId>),
    /// A question about the data.
    Atom(Atom),
    /// The first of a ranking: the only set of which no contact knows alone whether it is a member.
    Ranked(Ranked),
}

/// The contacts of a set with the greatest or the least values; see [`crate::check::typed::Ranked`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ranked {
    /// `top` rather than `bottom`.
    pub highest: bool,
    /// How many.
    pub amount: Amount,
    /// What they are ranked by.
    pub by: ExprId,
    /// Of whom.
    pub of: NodeId,
}

/// A static list of contact ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// As the script calls it.
    pub name: String,
    /// Bytewise ascending, each once.
    pub ids: Arc<[String]>,
}

/// Nodes and expressions, each after the ones it is made of, and the nodes asked for.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Each once.
    nodes: IndexSet<Node>,
    exprs: Vec<Expr>,
    /// Both, in the order in which they came: parts before wholes.
    order: Vec<Part>,
    roots: Vec<NodeId>,
    lists: BTreeMap<ListId, List>,
    known_exprs: HashMap<Expr, ExprId>,
}

impl Plan {
    /// The node of an identifier.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        // Identifiers are given out by `add` alone; one from elsewhere is a mistake without an answer.
        self.nodes.get_index(id.0 as usize).unwrap_or(&Node::Nobody)
    }

    /// The expression of an identifier.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> &Expr {
        self.exprs.get(id.0 as usize).unwrap_or(&Expr::Nothing)
    }

    /// All nodes, parts before wholes.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(at, node)| (NodeId(position(at)), node))
    }

    /// How many nodes and how many expressions there are.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        (self.nodes.len(), self.exprs.len())
    }

    /// Nodes and expressions together, parts before wholes.
    #[must_use]
    pub fn order(&self) -> &[Part] {
        &self.order
    }

    /// The sets asked for, in order.
    #[must_use]
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// A static list.
    #[must_use]
    pub fn list(&self, id: ListId) -> Option<&List> {
        self.lists.get(&id)
    }

    /// Whether a field of the contact decides about a set asked for.
    #[must_use]
    pub fn reads_fields(&self) -> bool {
        let marks = self.marked(&self.root_parts(), true);
        marks.parts(self).any(|part| match part {
            Part::Node(id) => matches!(self.node(id), Node::Atom(atom) if !atom.fields().is_empty()),
            Part::Expr(id) => matches!(self.expr(id), Expr::Field(_)),
        })
    }

    /// Adds a node, or finds the equal one.
    pub fn add(&mut self, node: Node) -> NodeId {
        let (at, new) = self.nodes.insert_full(node);
        let id = NodeId(position(at));
        if new {
            self.order.push(Part::Node(id));
        }
        id
    }

    /// Adds an expression, or finds the equal one.
    pub fn add_expr(&mut self, expr: Expr) -> ExprId {
        if let Some(id) = self.known_exprs.get(&expr) {
            return *id;
        }
        let id = ExprId(position(self.exprs.len()));
        self.known_exprs.insert(expr.clone(), id);
        self.push_expr(expr);
        id
    }

    /// Adds an expression under the next identifier, even if there is an equal one.
    fn push_expr(&mut self, expr: Expr) {
        self.order.push(Part::Expr(ExprId(position(self.exprs.len()))));
        self.exprs.push(expr);
    }

    /// Keeps a static list for the atoms that name it.
    pub fn add_list(&mut self, id: ListId, list: impl FnOnce() -> List) {
        self.lists.entry(id).or_insert_with(list);
    }

    /// Asks for a set.
    pub fn ask(&mut self, root: NodeId) {
        self.roots.push(root);
    }

    /// The sets asked for, as parts.
    #[must_use]
    pub fn root_parts(&self) -> Vec<Part> {
        self.roots.iter().map(|id| Part::Node(*id)).collect()
    }
}

fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
