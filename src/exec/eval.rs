//! Set algebra inside a chunk.

use std::collections::HashMap;
use std::rc::Rc;

use super::cells::Values;
use super::chunk::ChunkData;
pub(super) use super::context::Context;
use super::lists::ByChunk;
use super::operands::Operands;
use super::words::{self, Set};
use super::{ExecError, contacts, events, fields, sequence, values};
use crate::check::typed::CountRange;
use crate::plan::{Atom, ExprId, Node, NodeId, Part};
use crate::store::Words;

/// A chunk while it is evaluated.
pub(super) struct Chunk<'c> {
    pub context: &'c Context<'c>,
    pub data: &'c ChunkData<'c>,
    everyone: Set,
    sets: HashMap<NodeId, Kept<Set>>,
    values: HashMap<ExprId, Kept<Rc<Values<'c>>>>,
}

/// What is known of a part that several need: nobody is asked twice.
struct Kept<T> {
    /// The contacts that have been asked.
    known: Set,
    result: T,
    /// How many times it is still wanted.
    left: u32,
}

impl<'c> Chunk<'c> {
    pub fn new(context: &'c Context<'c>, data: &'c ChunkData<'c>) -> Self {
        Self { context, data, everyone: words::first(data.len), sets: HashMap::new(), values: HashMap::new() }
    }

    /// All contacts.
    pub fn everyone(&self) -> Set {
        self.everyone.clone()
    }

    /// Evaluates what lies so deep that recursion from the top would not end well.
    pub fn begin(&mut self) -> Result<(), ExecError> {
        let context = self.context;
        let everyone = self.everyone();
        let slots = words::slots(&everyone);
        for part in &context.deep {
            match part {
                Part::Node(id) => self.ask_node(*id, &everyone)?,
                Part::Expr(id) => self.ask_expr(*id, &slots)?,
            }
        }
        Ok(())
    }

    /// Ends an evaluation that nobody wants any more.
    pub fn check_cancelled(&self) -> Result<(), ExecError> {
        if self.context.cancel.is_cancelled() { Err(ExecError::Cancelled) } else { Ok(()) }
    }

    /// The members of a node among the contacts of `within`.
    pub fn within(&mut self, id: NodeId, within: &Words) -> Result<Set, ExecError> {
        if !self.context.is_kept(Part::Node(id)) {
            return self.node(id, within);
        }
        self.ask_node(id, within)?;
        let Some(kept) = self.sets.get_mut(&id) else { return Ok(words::empty()) };
        kept.left = kept.left.saturating_sub(1);
        let mut set = if kept.left == 0 {
            self.sets.remove(&id).map_or_else(words::empty, |kept| kept.result)
        } else {
            kept.result.clone()
        };
        words::and(&mut set, within);
        Ok(set)
    }

    /// Evaluates a kept node for the contacts of `within` that it has not been evaluated for.
    fn ask_node(&mut self, id: NodeId, within: &Words) -> Result<(), ExecError> {
        let mut missing = Box::new(*within);
        if let Some(kept) = self.sets.get(&id) {
            words::and_not(&mut missing, &kept.known);
        }
        if words::is_empty(&missing) && self.sets.contains_key(&id) {
            return Ok(());
        }
        let set = self.node(id, &missing)?;
        let left = self.context.marks.uses(Part::Node(id));
        let kept = self.sets.entry(id).or_insert_with(|| Kept { known: words::empty(), result: words::empty(), left });
        words::or(&mut kept.known, &missing);
        words::or(&mut kept.result, &set);
        Ok(())
    }

    /// The values of an expression for some contacts, whose slots ascend.
    pub fn values(&mut self, id: ExprId, slots: &[u16]) -> Result<Rc<Values<'c>>, ExecError> {
        if !self.context.is_kept(Part::Expr(id)) {
            return Ok(Rc::new(values::expr(self, id, slots)?));
        }
        self.ask_expr(id, slots)?;
        let Some(kept) = self.values.get_mut(&id) else { return Ok(Rc::new(Values::Same(None))) };
        kept.left = kept.left.saturating_sub(1);
        let values = Rc::clone(&kept.result);
        if kept.left == 0 {
            self.values.remove(&id);
        }
        // Kept values are by slot, which for a whole chunk is the position.
        Ok(if slots.len() == self.data.len as usize { values } else { Rc::new(values.pick(slots)) })
    }

    fn ask_expr(&mut self, id: ExprId, slots: &[u16]) -> Result<(), ExecError> {
        let len = self.data.len as usize;
        let known = self.values.get(&id).map(|kept| &kept.known);
        let missing: Vec<u16> = match known {
            Some(known) => slots.iter().copied().filter(|s| !words::contains(known, usize::from(*s))).collect(),
            None => slots.to_vec(),
        };
        if missing.is_empty() && known.is_some() {
            return Ok(());
        }
        let values = values::expr(self, id, &missing)?;
        let left = self.context.marks.uses(Part::Expr(id));
        let kept =
            self.values.entry(id).or_insert_with(|| Kept { known: words::empty(), result: Rc::new(Values::Same(None)), left });
        words::or(&mut kept.known, &words::of_slots(&missing));
        if missing.len() == len {
            kept.result = Rc::new(values);
        } else {
            Rc::make_mut(&mut kept.result).put_all(len, &missing, &values);
        }
        Ok(())
    }

    /// The values that are needed to compare with, for some contacts.
    pub fn operands(&mut self, exprs: impl FnOnce(&mut dyn FnMut(ExprId)), slots: &[u16]) -> Result<Operands<'c>, ExecError> {
        let mut ids = Vec::new();
        exprs(&mut |id| ids.push(id));
        let mut operands = Operands::default();
        for id in ids {
            if !operands.has(id) {
                operands.insert(id, self.values(id, slots)?);
            }
        }
        Ok(operands)
    }

    fn node(&mut self, id: NodeId, within: &Words) -> Result<Set, ExecError> {
        self.check_cancelled()?;
        let context = self.context;
        let parts = context.ordered(id);
        Ok(match context.plan.node(id) {
            Node::Everyone => Box::new(*within),
            Node::Nobody => words::empty(),
            Node::All(_) => self.all(parts, within)?,
            Node::Any(_) => self.any(parts, within)?,
            Node::Not(part) => {
                let set = self.within(*part, within)?;
                let mut rest = Box::new(*within);
                words::and_not(&mut rest, &set);
                rest
            }
            Node::Quorum(range, _) => self.quorum(*range, parts, within)?,
            Node::Atom(atom) => self.atom(atom, within)?,
            Node::Ranked(_) => self.given(context.given.ranked.get(&id), within),
        })
    }

    fn all(&mut self, parts: &[NodeId], within: &Words) -> Result<Set, ExecError> {
        let mut left = Box::new(*within);
        for part in parts {
            if words::is_empty(&left) {
                break;
            }
            left = self.within(*part, &left)?;
        }
        Ok(left)
    }

    fn any(&mut self, parts: &[NodeId], within: &Words) -> Result<Set, ExecError> {
        let (mut found, mut left) = (words::empty(), Box::new(*within));
        for part in parts {
            if words::is_empty(&left) {
                break;
            }
            let set = self.within(*part, &left)?;
            words::or(&mut found, &set);
            words::and_not(&mut left, &set);
        }
        Ok(found)
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

    /// The members of a set that is known by chunk.
    fn given(&self, chunks: Option<&ByChunk>, within: &Words) -> Set {
        let mut set = Box::new(*within);
        match chunks.and_then(|chunks| chunks.get(&self.data.chunk)) {
            Some(members) => words::and(&mut set, members),
            None => set.fill(0),
        }
        set
    }

    fn atom(&mut self, atom: &'c Atom, within: &Words) -> Result<Set, ExecError> {
        match atom {
            Atom::Field { field, predicate, or_empty } => fields::field(self, *field, (predicate, *or_empty), within),
            Atom::ContactId(predicate) => Ok(contacts::id(self, predicate, within)),
            Atom::Events(events) => events::events(self, events, within),
            Atom::Value { value, predicate, or_empty } => values::test(self, *value, (predicate, *or_empty), within),
            Atom::Sequence(sequence) => sequence::sequence(self, sequence, within),
            Atom::Unchanged { field, since } => Ok(fields::unchanged(self.data, *field, *since, within)),
            Atom::List(id) => Ok(self.given(self.context.given.lists.get(id).map(AsRef::as_ref), within)),
            Atom::Sample(sample) => contacts::sample(self, sample, within),
        }
    }
}
