//! The values that others are compared with, for the contacts of one step of an evaluation.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::cells::Values;
use crate::plan::ExprId;

/// Values of some contacts, by expression; positions are those of the contacts.
#[derive(Debug, Default)]
pub(super) struct Operands<'c>(BTreeMap<ExprId, Rc<Values<'c>>>);

impl<'c> Operands<'c> {
    pub fn insert(&mut self, id: ExprId, values: Rc<Values<'c>>) {
        self.0.insert(id, values);
    }

    pub fn has(&self, id: ExprId) -> bool {
        self.0.contains_key(&id)
    }

    /// The values of an expression; all empty for one that was not evaluated.
    pub fn get(&self, id: ExprId) -> Rc<Values<'c>> {
        self.0.get(&id).cloned().unwrap_or_else(|| Rc::new(Values::Same(None)))
    }
}
