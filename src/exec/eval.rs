//! Set algebra inside a chunk.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::cells::Values;
use super::chunk::ChunkData;
pub(super) use super::context::Context;
use super::lists::ByChunk;
use super::operands::Operands;
use super::record::Record;
use super::words::{self, Set};
use super::{ExecError, contacts, events, fields, sequence, values};
use crate::check::typed::CountRange;
use crate::plan::{Atom, ExprId, Node, NodeId, Part};
use crate::store::Words;

/// A chunk while it is evaluated.
pub(super) struct Chunk<'c> {
    pub context: &'c Context<'c>,
    pub data: &'c ChunkData<'c>,
    sets: HashMap<NodeId, Kept<Set>>,
    values: HashMap<ExprId, Kept<Rc<Values<'c>>>>,
    /// How many parts may still ask for one that is kept; without an entry all that use it.
    askers: HashMap<Part, u32>,
    /// What happens, if somebody wants to know.
    pub record: Record,
}

/// What is known of a part that several need.
///
/// It is evaluated for the contacts that are asked for first and, if others are asked for later, for all others: nobody
/// is asked twice, and no part is evaluated more than twice however often and for whomever it is needed.
struct Kept<T> {
    /// The contacts that have been asked; nothing when all have.
    known: Option<Set>,
    result: T,
}

impl<'c> Chunk<'c> {
    pub fn new(context: &'c Context<'c>, data: &'c ChunkData<'c>) -> Self {
        Self { context, data, sets: HashMap::new(), values: HashMap::new(), askers: HashMap::new(), record: Record::default() }
    }

    /// All contacts.
    pub fn everyone(&self) -> Arc<Words> {
        Arc::clone(&self.data.members)
    }

    /// The set of some contacts, which ascend.
    pub fn set_of(&self, slots: &[u16]) -> Set {
        // As many as there are can only be all.
        if slots.len() == words::count(&self.data.members) { words::copy(&self.data.members) } else { words::of_slots(slots) }
    }

    /// Evaluates what lies so deep that recursion from the top would not end well.
    pub fn begin(&mut self) -> Result<(), ExecError> {
        let context = self.context;
        let everyone = self.everyone();
        for part in &context.deep {
            match part {
                Part::Node(id) => self.ask_node(*id, &everyone)?,
                Part::Expr(id) => self.ask_expr(*id, &everyone)?,
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
        let mut set = words::copy(within);
        match self.sets.get(&id) {
            Some(kept) => words::and(&mut set, &kept.result),
            None => set.fill(0),
        }
        Ok(set)
    }

    /// Evaluates a kept node, unless all contacts of `within` have been asked.
    fn ask_node(&mut self, id: NodeId, within: &Words) -> Result<(), ExecError> {
        let Some(missing) = self.missing(self.sets.get(&id).map(|kept| &kept.known), within) else { return Ok(()) };
        let mut result = self.node(id, &missing)?;
        let before = self.sets.remove(&id);
        if let Some(before) = &before {
            words::or(&mut result, &before.result);
        }
        let known = self.known(before.and_then(|kept| kept.known), missing);
        if known.is_none() {
            self.release_parts(Part::Node(id));
        }
        self.sets.insert(id, Kept { known, result });
        Ok(())
    }

    /// The values of an expression for some contacts, whose slots ascend.
    pub fn values(&mut self, id: ExprId, slots: &[u16]) -> Result<Rc<Values<'c>>, ExecError> {
        if !self.context.is_kept(Part::Expr(id)) {
            return Ok(Rc::new(values::expr(self, id, slots)?));
        }
        self.ask_expr(id, &self.set_of(slots))?;
        let Some(kept) = self.values.get(&id) else { return Ok(Rc::new(Values::Same(None))) };
        // Kept values are by slot, which for a whole chunk is the position.
        let whole = slots.len() == self.data.len as usize;
        Ok(if whole { Rc::clone(&kept.result) } else { Rc::new(kept.result.pick(slots)) })
    }

    /// Evaluates a kept expression, unless all contacts of `within` have been asked.
    fn ask_expr(&mut self, id: ExprId, within: &Words) -> Result<(), ExecError> {
        let Some(missing) = self.missing(self.values.get(&id).map(|kept| &kept.known), within) else { return Ok(()) };
        let slots = words::slots(&missing);
        let values = values::expr(self, id, &slots)?;
        let len = self.data.len as usize;
        let before = self.values.remove(&id);
        let result = match before.as_ref().map(|kept| Rc::clone(&kept.result)) {
            None if slots.len() == len => Rc::new(values),
            before => {
                let mut all = before.map_or(Values::Same(None), |all| all.as_ref().clone());
                all.put_all(len, &slots, &values);
                Rc::new(all)
            }
        };
        let known = self.known(before.and_then(|kept| kept.known), missing);
        if known.is_none() {
            self.release_parts(Part::Expr(id));
        }
        self.values.insert(id, Kept { known, result });
        Ok(())
    }

    /// For whom a kept part must be evaluated so that all of `within` are known; nothing when they are.
    fn missing(&self, known: Option<&Option<Set>>, within: &Words) -> Option<Set> {
        match known {
            None => Some(words::copy(within)),
            Some(None) => None,
            Some(Some(known)) => {
                let mut missing = words::copy(within);
                words::and_not(&mut missing, known);
                if words::is_empty(&missing) {
                    return None;
                }
                missing.copy_from_slice(self.data.members.as_slice());
                words::and_not(&mut missing, known);
                Some(missing)
            }
        }
    }

    /// Who is known after some more have been asked; nothing when everyone is.
    fn known(&self, before: Option<Set>, asked: Set) -> Option<Set> {
        let mut known = asked;
        if let Some(before) = before {
            words::or(&mut known, &before);
        }
        (*known != *self.data.members).then_some(known)
    }

    /// Forgets what only a part needed that will not be evaluated again.
    fn release_parts(&mut self, part: Part) {
        let context = self.context;
        let mut open = vec![part];
        while let Some(part) = open.pop() {
            context.plan.parts(part, &mut |inner| {
                if !context.is_kept(inner) {
                    // It is evaluated with the part it belongs to.
                    if !context.is_given(inner) {
                        open.push(inner);
                    }
                    return;
                }
                let left = self.askers.entry(inner).or_insert_with(|| context.marks.uses(inner));
                *left = left.saturating_sub(1);
                if *left == 0 {
                    match inner {
                        Part::Node(id) => drop(self.sets.remove(&id)),
                        Part::Expr(id) => drop(self.values.remove(&id)),
                    }
                }
            });
        }
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
        self.recorded(id, within, |chunk| chunk.evaluated(id, within))
    }

    fn evaluated(&mut self, id: NodeId, within: &Words) -> Result<Set, ExecError> {
        let context = self.context;
        let parts = context.ordered(id);
        Ok(match context.plan.node(id) {
            Node::Everyone => words::copy(within),
            Node::Nobody => words::empty(),
            Node::All(_) => self.all(parts, within)?,
            Node::Any(_) => self.any(parts, within)?,
            Node::Not(part) => {
                let set = self.within(*part, within)?;
                let mut rest = words::copy(within);
                words::and_not(&mut rest, &set);
                rest
            }
            Node::Quorum(range, _) => self.quorum(*range, parts, within)?,
            Node::Atom(atom) => self.atom(atom, within)?,
            Node::Ranked(_) => self.given(context.given.ranked.get(&id), within),
        })
    }

    fn all(&mut self, parts: &[NodeId], within: &Words) -> Result<Set, ExecError> {
        let mut left = words::copy(within);
        for part in parts {
            if words::is_empty(&left) {
                break;
            }
            left = self.within(*part, &left)?;
        }
        Ok(left)
    }

    fn any(&mut self, parts: &[NodeId], within: &Words) -> Result<Set, ExecError> {
        let (mut found, mut left) = (words::empty(), words::copy(within));
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

    /// Counts for all contacts at once, in binary: a word for each digit of 64 counts.
    fn quorum(&mut self, range: CountRange, parts: &[NodeId], within: &Words) -> Result<Set, ExecError> {
        let mut digits: Vec<Set> = Vec::new();
        for part in parts {
            let mut carry = self.within(*part, within)?;
            for digit in &mut digits {
                for (digit, carry) in digit.iter_mut().zip(carry.iter_mut()) {
                    (*digit, *carry) = (*digit ^ *carry, *digit & *carry);
                }
            }
            if !words::is_empty(&carry) {
                digits.push(carry);
            }
        }
        let mut found = words::copy(within);
        words::and(&mut found, &at_least(&digits, range.min, within));
        if let Some(more) = range.max.and_then(|max| max.checked_add(1)) {
            words::and_not(&mut found, &at_least(&digits, more, within));
        }
        Ok(found)
    }

    /// The members of a set that is known by chunk.
    fn given(&self, chunks: Option<&ByChunk>, within: &Words) -> Set {
        let mut set = words::copy(within);
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

/// The contacts of `within` whose counts, given by digit from the lowest on, are at least `least`.
fn at_least(digits: &[Set], least: u64, within: &Words) -> Set {
    if least.checked_shr(u32::try_from(digits.len()).unwrap_or(u32::MAX)).unwrap_or(0) > 0 {
        return words::empty();
    }
    // From the lowest digit on: greater or equal in the digits so far.
    let mut enough = words::copy(within);
    for (at, digit) in digits.iter().enumerate() {
        let wanted = least >> at & 1 == 1;
        for (enough, digit) in enough.iter_mut().zip(digit.iter()) {
            *enough = if wanted { *enough & digit } else { *enough | digit };
        }
    }
    enough
}
