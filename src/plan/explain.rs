//! Plans for people and programs: the tree with resolved windows in the schema's zone, and the order of evaluation.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::words::{Words, count};
use super::{Marks, Node, NodeId, Part, Plan, cost::Costs};
use crate::schema::Schema;

/// Parts inside each other are told to this depth, which no text of one definition reaches.
const DEPTH: u32 = 200;

/// A plan in words.
#[derive(Debug, Clone)]
pub struct Explained {
    /// What was asked for, by name, and how it is answered.
    roots: Vec<(String, Item)>,
}

#[derive(Debug, Clone)]
struct Item {
    id: NodeId,
    words: String,
    cost: u64,
    /// Said above already; its parts are there.
    again: bool,
    parts: Vec<Item>,
}

/// Explains the roots of a plan, which have these names; parts come in the order of evaluation. A part that several need is
/// told once.
#[must_use]
pub fn explain(plan: &Plan, names: &[&str], schema: &Schema) -> Explained {
    let marks = plan.marked(&plan.root_parts(), true);
    let costs = Costs::of(plan, &marks);
    let mut explainer = Explainer { words: Words { plan, schema }, told: vec![false; plan.nodes().count()], marks, costs };
    let name = |at: usize| names.get(at).copied().unwrap_or_default().to_owned();
    Explained { roots: plan.roots().iter().enumerate().map(|(at, root)| (name(at), explainer.item(*root, 0))).collect() }
}

struct Explainer<'a> {
    words: Words<'a>,
    told: Vec<bool>,
    marks: Marks,
    costs: Costs,
}

impl Explainer<'_> {
    fn item(&mut self, id: NodeId, depth: u32) -> Item {
        let plan = self.words.plan;
        let node = plan.node(id);
        let told = self.told.get_mut(id.0 as usize).is_some_and(|told| std::mem::replace(told, true));
        let again = told && self.marks.uses(Part::Node(id)) > 1;
        let mut parts = if again { Vec::new() } else { sets_of(plan, id) };
        if matches!(node, Node::All(_) | Node::Any(_)) {
            parts.sort_by_key(|p| self.costs.node(*p));
        }
        let mut words = match node {
            Node::Everyone => "everyone".to_owned(),
            Node::Nobody => "nobody".to_owned(),
            Node::All(_) => "all of".to_owned(),
            Node::Any(_) => "any of".to_owned(),
            Node::Not(_) => "everyone but".to_owned(),
            Node::Quorum(range, _) => format!("{} of", count(*range)),
            Node::Atom(atom) => self.words.atom(atom),
            Node::Ranked(ranked) => self.words.ranked(ranked),
        };
        if depth == DEPTH && !parts.is_empty() {
            words.push_str(" ... (too deep to tell)");
            parts.clear();
        }
        Item { id, words, cost: self.costs.node(id), again, parts: parts.into_iter().map(|p| self.item(p, depth + 1)).collect() }
    }
}

/// The sets that a node is made of, those inside its expressions included.
fn sets_of(plan: &Plan, id: NodeId) -> Vec<NodeId> {
    let mut sets = plan.node(id).parts();
    let mut open = Vec::new();
    plan.node(id).exprs(&mut |e| open.push(Part::Expr(e)));
    let mut seen: HashSet<Part> = HashSet::new();
    while let Some(part) = open.pop() {
        if !seen.insert(part) {
            continue;
        }
        match part {
            Part::Node(set) => sets.push(set),
            Part::Expr(_) => plan.parts(part, &mut |inner| open.push(inner)),
        }
    }
    sets
}

impl Explained {
    /// A tree for each root, under its name where it has one.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (name, root) in &self.roots {
            if name.is_empty() {
                text(root, "", "", &mut out);
            } else {
                let _ = writeln!(out, "{name}:");
                text(root, "  ", "  ", &mut out);
            }
        }
        out
    }

    /// The same as JSON: an array of `{"segment", "node", "operation", "cost", "parts"}`, the parts without `segment`.
    #[must_use]
    pub fn json(&self) -> Value {
        let root = |(name, root): &(String, Item)| {
            let mut value = json_item(root);
            if let Some(object) = value.as_object_mut() {
                object.insert("segment".to_owned(), json!(name));
            }
            value
        };
        Value::Array(self.roots.iter().map(root).collect())
    }

    /// The same as a graph for Graphviz.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut out = "digraph plan {\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
        for (_, root) in &self.roots {
            dot(root, &mut out);
        }
        out.push_str("}\n");
        out
    }
}

fn text(item: &Item, first: &str, next: &str, out: &mut String) {
    let note = if item.again { "  (see above)".to_owned() } else { format!("  (cost {})", item.cost) };
    let _ = writeln!(out, "{first}{}{note}", item.words);
    let last = item.parts.len().saturating_sub(1);
    for (at, part) in item.parts.iter().enumerate() {
        let (branch, trunk) = if at == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        text(part, &format!("{next}{branch}"), &format!("{next}{trunk}"), out);
    }
}

fn json_item(item: &Item) -> Value {
    json!({
        "node": item.id.0,
        "operation": item.words,
        "cost": item.cost,
        "parts": item.parts.iter().map(json_item).collect::<Vec<_>>(),
    })
}

fn dot(item: &Item, out: &mut String) {
    if item.again {
        return;
    }
    let label = item.words.replace('\\', "\\\\").replace('"', "\\\"");
    let _ = writeln!(out, "  n{} [label=\"{label}\\ncost {}\"];", item.id.0, item.cost);
    for part in &item.parts {
        let _ = writeln!(out, "  n{} -> n{};", item.id.0, part.id.0);
        dot(part, out);
    }
}
