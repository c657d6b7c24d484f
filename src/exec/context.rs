//! What all chunks of a pass share.

use std::collections::HashMap;
use std::sync::Arc;

use super::Cancel;
use super::lists::ByChunk;
use super::prepared::Prepared;
use super::record::Recorder;
use crate::check::typed::ListId;
use crate::plan::cost::Costs;
use crate::plan::{Marks, Node, NodeId, Part, Plan, Sketches};
use crate::schema::{AttrId, EventId, FieldId, Scalar, Schema};
use crate::time::LocalTimes;

/// Parts deeper than this are evaluated before the ones above them, so that recursion stays shallow.
const DEPTH: u32 = 16;

/// Sets that are known before a pass, by chunk; nothing for a chunk without a member.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub ranked: HashMap<NodeId, ByChunk>,
    pub lists: HashMap<ListId, Arc<ByChunk>>,
}

/// An evaluation of a plan: what all its passes share.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub plan: &'a Plan,
    pub clock: &'a LocalTimes,
    pub cancel: &'a Cancel,
    pub recorder: Option<&'a Recorder<'a>>,
}

/// A plan, or the part of it that one pass over all chunks evaluates.
pub(super) struct Context<'a> {
    pub plan: &'a Plan,
    pub schema: &'a Schema,
    pub clock: &'a LocalTimes,
    pub cancel: &'a Cancel,
    pub given: &'a Given,
    targets: &'a [Part],
    /// What the pass evaluates, with everything that it needs.
    pub marks: Marks,
    /// Parts whose result is kept: used more than once, or at a multiple of [`DEPTH`].
    kept_nodes: Vec<bool>,
    kept_exprs: Vec<bool>,
    /// Those of them that are evaluated first.
    pub deep: Vec<Part>,
    /// The order in which parts of groups are evaluated.
    costs: Costs,
    /// Who wants to know what happens.
    pub recorder: Option<&'a Recorder<'a>>,
    /// What tests on texts need, made once.
    pub prepared: Prepared<'a>,
}

impl<'a> Context<'a> {
    /// The context of a pass that evaluates some parts. Rankings among them are given, not evaluated.
    pub fn new(run: &Run<'a>, schema: &'a Schema, sketches: &dyn Sketches, targets: &'a [Part], given: &'a Given) -> Self {
        let Run { plan, clock, cancel, recorder } = *run;
        let marks = plan.marked(targets, false);
        // One set without groups has no order.
        let groups = marks.parts(plan).any(|part| matches!(part, Part::Node(id) if plan.node(id).parts().len() > 1));
        let costs = Costs::of(plan, schema, &marks, groups.then_some(sketches));
        let mut depths: HashMap<Part, u32> = HashMap::new();
        let (nodes, exprs) = plan.sizes();
        let mut context = Self {
            plan,
            schema,
            clock,
            cancel,
            given,
            targets,
            kept_nodes: vec![false; nodes],
            kept_exprs: vec![false; exprs],
            deep: Vec::new(),
            costs,
            recorder,
            prepared: Prepared::new(plan, &marks),
            marks,
        };
        for part in context.marks.parts(plan) {
            let ranking = matches!(part, Part::Node(id) if matches!(plan.node(id), Node::Ranked(_)));
            let mut depth = 0;
            if !ranking {
                plan.parts(part, &mut |inner| depth = depth.max(depths.get(&inner).map_or(0, |d| d + 1)));
            }
            depths.insert(part, depth);
            let is_deep = depth > 0 && depth.is_multiple_of(DEPTH);
            if is_deep {
                context.deep.push(part);
            }
            let kept = is_deep || context.marks.uses(part) > 1 && !is_constant(plan, part);
            match part {
                Part::Node(id) => {
                    set(&mut context.kept_nodes, id.0, kept);
                }
                Part::Expr(id) => set(&mut context.kept_exprs, id.0, kept),
            }
        }
        context
    }

    /// Whether the result of a part is kept for the chunk.
    pub fn is_kept(&self, part: Part) -> bool {
        let kept = match part {
            Part::Node(id) => self.kept_nodes.get(id.0 as usize),
            Part::Expr(id) => self.kept_exprs.get(id.0 as usize),
        };
        kept == Some(&true)
    }

    /// Whether a part is known without being evaluated.
    pub fn is_given(&self, part: Part) -> bool {
        is_constant(self.plan, part)
    }

    /// What the pass costs for each contact, in picoseconds of one core.
    pub fn cost(&self) -> u64 {
        self.targets.iter().map(|part| self.costs.part(*part)).fold(0, u64::saturating_add)
    }

    /// The parts of a node, in the order in which they are evaluated.
    pub fn ordered(&self, id: NodeId) -> &[NodeId] {
        self.costs.ordered(id)
    }

    /// The type of a field's values.
    pub fn field(&self, field: FieldId) -> Scalar {
        self.schema.field_column(field).map_or(Scalar::Text, |c| c.ty.scalar())
    }

    /// The type of an attribute's values.
    pub fn attribute(&self, event: EventId, attr: AttrId) -> Scalar {
        self.schema.attribute_column(event, attr).map_or(Scalar::Text, |c| c.ty.scalar())
    }
}

/// Whether a part is the same for all contacts, so that keeping it gains nothing.
fn is_constant(plan: &Plan, part: Part) -> bool {
    use crate::plan::Expr;
    match part {
        Part::Node(id) => matches!(plan.node(id), Node::Everyone | Node::Nobody | Node::Ranked(_)),
        Part::Expr(id) => matches!(plan.expr(id), Expr::Nothing | Expr::Constant(_)),
    }
}

fn set<T>(all: &mut [T], at: u32, value: T) {
    if let Some(slot) = all.get_mut(at as usize) {
        *slot = value;
    }
}
