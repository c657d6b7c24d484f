//! Set algebra inside a chunk.

use super::chunk::ChunkData;
use super::words::{self, Set};
use super::{Cancel, ExecError, events, fields};
use crate::check::typed::CountRange;
use crate::plan::{Atom, Node, NodeId, Plan};
use crate::schema::{ColumnType, FieldId, Scalar, Schema};
use crate::store::Words;
use crate::time::Clock;

/// Nodes deeper than this are evaluated before the ones above them, so that recursion stays shallow.
const DEPTH: u32 = 64;

/// What all chunks share.
pub(super) struct Context<'a> {
    pub plan: &'a Plan,
    schema: &'a Schema,
    pub clock: &'a Clock,
    pub cancel: &'a Cancel,
    /// Nodes whose set is kept: used more than once, or at a multiple of [`DEPTH`].
    kept: Vec<bool>,
    /// Those of them that are evaluated first.
    deep: Vec<NodeId>,
    /// Parts of groups, cheapest first.
    ordered: Vec<Vec<NodeId>>,
    /// Regular expressions and the like, made once.
    pub prepared: fields::Prepared,
}

impl<'a> Context<'a> {
    pub fn new(plan: &'a Plan, schema: &'a Schema, costs: &[u64], clock: &'a Clock, cancel: &'a Cancel) -> Self {
        let mut depths: Vec<u32> = Vec::new();
        let mut ordered = Vec::new();
        for (_, node) in plan.nodes() {
            let mut parts = node.parts();
            depths.push(parts.iter().filter_map(|p| depths.get(p.0 as usize)).max().map_or(0, |d| d + 1));
            if matches!(node, Node::All(_) | Node::Any(_)) {
                parts.sort_by_key(|p| costs.get(p.0 as usize).copied().unwrap_or(0));
            }
            ordered.push(parts);
        }
        let is_deep = |depth: &u32| *depth > 0 && (*depth).is_multiple_of(DEPTH);
        let kept = plan.uses().iter().zip(&depths).map(|(uses, depth)| *uses > 1 || is_deep(depth)).collect();
        let deep = (0..).map(NodeId).zip(&depths).filter(|(_, d)| is_deep(d)).map(|(id, _)| id).collect();
        Self { plan, schema, clock, cancel, kept, deep, ordered, prepared: fields::Prepared::new(plan) }
    }
}

impl Context<'_> {
    /// Whether a field holds dates rather than instants.
    pub fn is_date(&self, field: FieldId) -> bool {
        self.schema.field_column(field).is_some_and(|c| c.ty == ColumnType::Scalar(Scalar::Date))
    }
}

/// The sets of all roots in one chunk.
pub(super) fn evaluate(context: &Context<'_>, data: &ChunkData<'_>) -> Result<Vec<Set>, ExecError> {
    let mut chunk = Chunk { context, data, everyone: words::first(data.len), kept: vec![None; context.kept.len()] };
    for id in &context.deep {
        chunk.keep(*id)?;
    }
    let everyone = chunk.everyone.clone();
    context.plan.roots().iter().map(|root| chunk.within(*root, &everyone)).collect()
}

struct Chunk<'c> {
    context: &'c Context<'c>,
    data: &'c ChunkData<'c>,
    everyone: Set,
    kept: Vec<Option<Set>>,
}

impl Chunk<'_> {
    /// The members of a node among the contacts of `within`.
    fn within(&mut self, id: NodeId, within: &Words) -> Result<Set, ExecError> {
        if self.context.kept.get(id.0 as usize) == Some(&true) {
            self.keep(id)?;
            if let Some(Some(kept)) = self.kept.get(id.0 as usize) {
                let mut set = kept.clone();
                words::and(&mut set, within);
                return Ok(set);
            }
        }
        self.node(id, within)
    }

    /// Evaluates a kept node for the whole chunk, once.
    fn keep(&mut self, id: NodeId) -> Result<(), ExecError> {
        if matches!(self.kept.get(id.0 as usize), Some(None)) {
            let everyone = self.everyone.clone();
            let set = self.node(id, &everyone)?;
            if let Some(slot) = self.kept.get_mut(id.0 as usize) {
                *slot = Some(set);
            }
        }
        Ok(())
    }

    fn node(&mut self, id: NodeId, within: &Words) -> Result<Set, ExecError> {
        if self.context.cancel.is_cancelled() {
            return Err(ExecError::Cancelled);
        }
        let context = self.context;
        let parts = context.ordered.get(id.0 as usize).map_or(&[][..], Vec::as_slice);
        Ok(match context.plan.node(id) {
            Node::Everyone => Box::new(*within),
            Node::Nobody => words::empty(),
            Node::All(_) => {
                let mut left = Box::new(*within);
                for part in parts {
                    if words::is_empty(&left) {
                        break;
                    }
                    left = self.within(*part, &left)?;
                }
                left
            }
            Node::Any(_) => {
                let (mut found, mut left) = (words::empty(), Box::new(*within));
                for part in parts {
                    if words::is_empty(&left) {
                        break;
                    }
                    let set = self.within(*part, &left)?;
                    words::or(&mut found, &set);
                    words::and_not(&mut left, &set);
                }
                found
            }
            Node::Not(part) => {
                let set = self.within(*part, within)?;
                let mut rest = Box::new(*within);
                words::and_not(&mut rest, &set);
                rest
            }
            Node::Quorum(range, _) => self.quorum(*range, parts, within)?,
            Node::Atom(atom) => self.atom(atom, within)?,
        })
    }

    fn quorum(&mut self, range: CountRange, parts: &[NodeId], within: &Words) -> Result<Set, ExecError> {
        let mut counts = vec![0_u32; crate::store::CHUNK as usize];
        for part in parts {
            let set = self.within(*part, within)?;
            for slot in words::iter(&set) {
                if let Some(count) = counts.get_mut(slot) {
                    *count += 1;
                }
            }
        }
        let mut found = words::empty();
        for slot in words::iter(within) {
            if counts.get(slot).is_some_and(|n| range.contains(u64::from(*n))) {
                words::insert(&mut found, slot);
            }
        }
        Ok(found)
    }

    fn atom(&self, atom: &Atom, within: &Words) -> Result<Set, ExecError> {
        match atom {
            Atom::Field { field, predicate, or_empty } => {
                fields::field(self.context, self.data, *field, predicate, *or_empty, within)
            }
            Atom::ContactId(predicate) => Ok(fields::contact_id(self.context, self.data, predicate, within)),
            Atom::Events(events) => events::events(self.context, self.data, events, within),
        }
    }
}
