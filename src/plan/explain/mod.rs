//! Plans for people and programs: the tree with resolved windows in the schema's zone, and the order of evaluation; with
//! data how many contacts a part is expected to let through, and after an evaluation what happened.

mod render;

#[cfg(feature = "cli")]
pub(crate) use render::{milliseconds, percent};

use std::collections::HashSet;

use super::sketch::Sketches;
use super::words::{Words, count};
use super::{Marks, Node, NodeId, Part, Plan, cost::Costs};
use crate::schema::Schema;

/// Parts inside each other are told to this depth, which no text of one definition reaches.
const DEPTH: u32 = 200;

/// A plan in words.
#[derive(Debug, Clone)]
pub struct Explained {
    /// What was asked for, by name, and how it is answered.
    pub roots: Vec<(String, Item)>,
    /// The evaluation that the figures are from.
    pub run: Option<Run>,
}

/// A part of a plan.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its node.
    pub node: NodeId,
    /// What it is.
    pub words: String,
    /// What it costs with its parts, in picoseconds for each contact.
    pub cost: u64,
    /// How many contacts it lets through of all, roughly; with data only.
    pub about: Option<u64>,
    /// Said above already; its parts are there.
    pub again: bool,
    /// What was measured of it.
    pub measured: Option<Figures>,
    /// In the order of evaluation.
    pub parts: Vec<Item>,
}

/// What happened at a node, over all chunks and threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measured {
    /// Contacts that it was asked about.
    pub asked: u64,
    /// Those of them that it let through.
    pub found: u64,
    /// Bytes of columns that it looked at itself.
    pub bytes: u64,
    /// Processor time of its own, in nanoseconds.
    pub own_ns: u64,
    /// Processor time with its parts, in nanoseconds.
    pub whole_ns: u64,
}

/// The same beside what it is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// What happened.
    pub measured: Measured,
    /// How many of those asked about it was expected to let through.
    pub expected: u64,
    /// Its own time as a share of that of all nodes, 0 to 1.
    pub time: f64,
    /// The same as the cost model has it.
    pub predicted: f64,
    /// The rate at which it looked at bytes as a share of what the memory gives, 0 to 1 and more when caches help.
    pub bandwidth: f64,
}

/// An evaluation that was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// By node.
    pub nodes: Vec<Measured>,
    /// How many contacts there are.
    pub contacts: u64,
    /// From the plan to the sets, in nanoseconds.
    pub wall_ns: u64,
    /// Processor time of all threads, in nanoseconds.
    pub processor_ns: u64,
    /// How many threads took part.
    pub threads: usize,
    /// How many evaluations there were of each kind: those whose median `wall_ns` is, and those that were watched, of which this is the median by
    /// `processor_ns`.
    pub runs: u32,
    /// Bytes a second that as many threads read from memory together.
    pub bandwidth: f64,
    /// Bytes that were read to measure it.
    pub buffer: u64,
}

impl Run {
    /// Processor time that no node of the plan had, in nanoseconds: fetching columns, making bitmaps of sets.
    #[must_use]
    pub fn around_ns(&self) -> u64 {
        self.processor_ns.saturating_sub(self.nodes.iter().map(|n| n.own_ns).sum())
    }

    fn of(&self, id: NodeId) -> Measured {
        self.nodes.get(id.0 as usize).copied().unwrap_or_default()
    }
}

/// Explains the roots of a plan, which have these names; parts come in the order of evaluation. A part that several need is
/// told once.
#[must_use]
pub fn explain(plan: &Plan, names: &[&str], schema: &Schema) -> Explained {
    explain_on(plan, names, schema, None, None)
}

/// The same with what is known of the data, and with what was measured.
#[must_use]
pub fn explain_on(plan: &Plan, names: &[&str], schema: &Schema, sketches: Option<&dyn Sketches>, run: Option<Run>) -> Explained {
    let marks = plan.marked(&plan.root_parts(), true);
    let costs = Costs::of(plan, schema, &marks, sketches);
    let predicted = predicted(plan, &marks, &costs);
    let told = vec![false; plan.nodes().count()];
    let mut explainer = Explainer { words: Words { plan, schema }, told, marks, costs, predicted, run: run.as_ref() };
    let name = |at: usize| names.get(at).copied().unwrap_or_default().to_owned();
    let roots = plan.roots().iter().enumerate().map(|(at, root)| (name(at), explainer.item(*root, 0))).collect();
    Explained { roots, run }
}

/// The share of the time that each node has by its own, as the costs have it.
fn predicted(plan: &Plan, marks: &Marks, costs: &Costs) -> Vec<f64> {
    let asked = costs.asked(plan);
    let own = |(id, asked): (NodeId, &f64)| if marks.uses(Part::Node(id)) > 0 { costs.own(id).at(*asked) } else { 0.0 };
    let mut all: Vec<f64> = plan.nodes().map(|(id, _)| id).zip(&asked).map(own).collect();
    let sum: f64 = all.iter().sum();
    if sum > 0.0 {
        for share in &mut all {
            *share /= sum;
        }
    }
    all
}

struct Explainer<'a> {
    words: Words<'a>,
    told: Vec<bool>,
    marks: Marks,
    costs: Costs,
    predicted: Vec<f64>,
    run: Option<&'a Run>,
}

impl Explainer<'_> {
    fn item(&mut self, id: NodeId, depth: u32) -> Item {
        let plan = self.words.plan;
        let node = plan.node(id);
        let told = self.told.get_mut(id.0 as usize).is_some_and(|told| std::mem::replace(told, true));
        let again = told && self.marks.uses(Part::Node(id)) > 1;
        let mut parts = if again { Vec::new() } else { self.sets_of(id) };
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
        Item {
            node: id,
            words,
            cost: self.costs.node(id),
            about: self.costs.contacts(id),
            again,
            measured: self.figures(id).filter(|_| !again),
            parts: parts.into_iter().map(|p| self.item(p, depth + 1)).collect(),
        }
    }

    fn figures(&self, id: NodeId) -> Option<Figures> {
        #[expect(clippy::cast_precision_loss, reason = "shares and rates that are shown with two digits")]
        let number = |n: u64| n as f64;
        let run = self.run?;
        let measured = run.of(id);
        let all: u64 = run.nodes.iter().map(|n| n.own_ns).sum();
        // Threads read beside each other, so their times are.
        let seconds = number(measured.own_ns) / 1e9 / number(run.threads.max(1) as u64);
        let rate = if seconds > 0.0 { number(measured.bytes) / seconds } else { 0.0 };
        Some(Figures {
            measured,
            expected: self.costs.of_contacts(id, measured.asked),
            time: number(measured.own_ns) / number(all.max(1)),
            predicted: self.predicted.get(id.0 as usize).copied().unwrap_or(0.0),
            bandwidth: if run.bandwidth > 0.0 { rate / run.bandwidth } else { 0.0 },
        })
    }

    /// The sets that a node is made of in the order of evaluation, those inside its expressions included.
    fn sets_of(&self, id: NodeId) -> Vec<NodeId> {
        let plan = self.words.plan;
        let mut sets = self.costs.ordered(id).to_vec();
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
}
