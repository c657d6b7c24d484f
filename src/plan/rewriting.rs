//! Applies the laws, and tells which did what.

use serde_json::{Value, json};

use super::laws::{Apply, LAWS, Law};
use super::words::Words;
use super::{Expr, Node, NodeId, Part, Plan};
use crate::schema::Schema;

/// The plan with all laws applied, parts before wholes, so that each whole sees parts that are done. Expressions keep
/// their identifiers.
#[must_use]
pub fn rewrite(plan: &Plan) -> Plan {
    reachable(rewritten(plan, &mut |_, _, _| {}))
}

/// The same, and what the laws did.
#[must_use]
pub fn rewrite_told(plan: &Plan) -> (Plan, Rewrites) {
    let mut steps = Vec::new();
    let whole = rewritten(plan, &mut |law, before, after| {
        steps.push(Step { law, before: before.clone(), after: after.clone() });
    });
    (reachable(whole.clone()), Rewrites { plan: whole, steps })
}

/// What the laws did to a plan.
#[derive(Debug, Clone)]
pub struct Rewrites {
    /// With everything that steps speak of, whether a root needs it or not.
    plan: Plan,
    steps: Vec<Step>,
}

/// One application of a law.
#[derive(Debug, Clone)]
struct Step {
    law: &'static Law,
    before: Node,
    after: Node,
}

/// Applications of one law that a text shows.
const SHOWN: usize = 5;

impl Rewrites {
    /// The laws that fired, in the order in which they are tried, and how often.
    pub fn laws(&self) -> impl Iterator<Item = (&'static Law, usize)> {
        let count = |law: &Law| self.steps.iter().filter(|step| step.law.name == law.name).count();
        LAWS.iter().map(move |law| (law, count(law))).filter(|(_, n)| *n > 0)
    }

    /// Each law with its text, how often it fired, and what it made of what.
    #[must_use]
    pub fn text(&self, schema: &Schema) -> String {
        use std::fmt::Write as _;
        let words = Words { plan: &self.plan, schema };
        let mut out = String::new();
        for (law, n) in self.laws() {
            let _ = writeln!(out, "{} ({n} {}): {}", law.name, if n == 1 { "time" } else { "times" }, law.text());
            for step in self.of(law).take(SHOWN) {
                let _ = writeln!(out, "     {}\n  -> {}", words.node(&step.before), words.node(&step.after));
            }
            if n > SHOWN {
                let _ = writeln!(out, "  ... and {} more; `--format json` has all", n - SHOWN);
            }
        }
        if out.is_empty() {
            out.push_str("no law applies: the plan is as small as the script\n");
        }
        out
    }

    /// The same as JSON: an array of `{"law", "text", "count", "steps": [{"before", "after"}]}`.
    #[must_use]
    pub fn json(&self, schema: &Schema) -> Value {
        let words = Words { plan: &self.plan, schema };
        let step = |step: &Step| json!({ "before": words.node(&step.before), "after": words.node(&step.after) });
        let law = |(law, n): (&'static Law, usize)| {
            json!({
                "law": law.name,
                "text": law.text(),
                "count": n,
                "steps": self.of(law).map(step).collect::<Vec<_>>(),
            })
        };
        Value::Array(self.laws().map(law).collect())
    }

    fn of(&self, law: &'static Law) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.law.name == law.name)
    }
}

/// Applies all laws, and shows each application: the law, the node before, the node after.
fn rewritten(plan: &Plan, see: &mut dyn FnMut(&'static Law, &Node, &Node)) -> Plan {
    let mut out = Plan { lists: plan.lists.clone(), ..Plan::default() };
    let mut new: Vec<NodeId> = vec![NodeId(0); plan.nodes.len()];
    for part in plan.order() {
        match part {
            Part::Expr(id) => {
                let expr = match plan.expr(*id) {
                    Expr::If(condition, a, b) => Expr::If(at(&new, *condition), *a, *b),
                    other => other.clone(),
                };
                out.push_expr(expr);
            }
            Part::Node(id) => {
                let node = plan.node(*id).with_parts(&|part| at(&new, part));
                let done = smallest(node, &mut out, see);
                if let Some(slot) = new.get_mut(id.0 as usize) {
                    *slot = done;
                }
            }
        }
    }
    for root in plan.roots() {
        out.ask(at(&new, *root));
    }
    out
}

/// Adds what the laws leave of a node. Each law leaves a smaller node, so this ends.
fn smallest(mut node: Node, out: &mut Plan, see: &mut dyn FnMut(&'static Law, &Node, &Node)) -> NodeId {
    'again: loop {
        for law in &LAWS {
            match law.apply {
                Apply::Node(apply) => {
                    if let Some(smaller) = apply(&node, out) {
                        see(law, &node, &smaller);
                        node = smaller;
                        continue 'again;
                    }
                }
                Apply::Known(apply) => {
                    if let Some(known) = apply(&node, out) {
                        see(law, &node, out.node(known));
                        return known;
                    }
                }
            }
        }
        return out.add(node);
    }
}

fn at(new: &[NodeId], old: NodeId) -> NodeId {
    new.get(old.0 as usize).copied().unwrap_or(NodeId(0))
}

/// The plan without nodes that no root needs; expressions that none needs are empty.
fn reachable(plan: Plan) -> Plan {
    let marks = plan.marked(&plan.root_parts(), true);
    if plan.order().iter().all(|part| marks.uses(*part) > 0) {
        return plan;
    }
    let mut out = Plan { lists: plan.lists.clone(), ..Plan::default() };
    let mut new = vec![NodeId(0); plan.nodes.len()];
    for part in plan.order() {
        let needed = marks.uses(*part) > 0;
        match part {
            Part::Expr(id) => out.push_expr(match plan.expr(*id) {
                _ if !needed => Expr::Nothing,
                Expr::If(condition, a, b) => Expr::If(at(&new, *condition), *a, *b),
                other => other.clone(),
            }),
            Part::Node(id) if needed => {
                let node = plan.node(*id).with_parts(&|part| at(&new, part));
                let added = out.add(node);
                if let Some(slot) = new.get_mut(id.0 as usize) {
                    *slot = added;
                }
            }
            Part::Node(_) => {}
        }
    }
    for root in plan.roots() {
        out.ask(at(&new, *root));
    }
    out
}
