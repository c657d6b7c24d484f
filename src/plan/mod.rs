//! Plans: set algebra over atoms, an atom being one question about one field or one event type.
//!
//! Goes in: a typed [`Program`](crate::check::typed::Program) and a clock. Comes out: a [`Plan`] in which names, calendars and decimals are gone: bounds are
//! integers of the column's own scale. Equal parts are one node, whichever segments they come from, so that nothing is
//! asked twice in a run; a diamond of references does not grow.

mod atoms;
pub(crate) mod cost;
mod explain;
mod intervals;
mod laws;
mod lower;

pub use atoms::{Atom, EventAtom, EventValue, Predicate, RowFilter, TextPredicate, TimeSpan};
pub use explain::{Explained, explain};
pub use intervals::Intervals;
pub use laws::rewrite;
pub use lower::lower;

use std::collections::HashMap;

use crate::check::typed::CountRange;

/// Position of a node in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

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
}

/// Nodes, each after the ones it is made of, and the nodes asked for.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
    known: HashMap<Node, NodeId>,
}

impl Plan {
    /// The node of an identifier.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        // Identifiers are given out by `add` alone; one from elsewhere is a mistake without an answer.
        self.nodes.get(id.0 as usize).unwrap_or(&Node::Nobody)
    }

    /// All nodes, parts before wholes.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        (0..).map(NodeId).zip(&self.nodes)
    }

    /// The sets asked for, in order.
    #[must_use]
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// Adds a node, or finds the equal one.
    pub fn add(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.known.insert(node.clone(), id);
        self.nodes.push(node);
        id
    }

    /// Asks for a set.
    pub fn ask(&mut self, root: NodeId) {
        self.roots.push(root);
    }

    /// How often each node is used, by parts and by roots.
    #[must_use]
    pub fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0_u32; self.nodes.len()];
        let parts = self.nodes.iter().flat_map(Node::parts);
        for id in parts.chain(self.roots.iter().copied()) {
            if let Some(count) = uses.get_mut(id.0 as usize) {
                *count += 1;
            }
        }
        uses
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
        }
    }
}
