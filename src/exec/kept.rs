//! What an engine keeps from one evaluation to the next, and how much memory that is.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::chunk::Ids;
use crate::store::column::Column;
use crate::store::{EventChunk, RowBlock, StoreError, Words};

/// Values by their keys, each made once.
pub(super) struct Cache<K, V>(RefCell<HashMap<K, V>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Copy + Eq + Hash, V: Clone + Weigh> Cache<K, V> {
    /// The value of a key, made if it is not known yet; then its bytes are added.
    pub fn get(&self, bytes: &Cell<usize>, key: K, make: impl FnOnce() -> Result<V, StoreError>) -> Result<V, StoreError> {
        if let Some(value) = self.0.borrow().get(&key) {
            return Ok(value.clone());
        }
        let value = make()?;
        bytes.set(bytes.get().saturating_add(value.bytes() + size_of::<(K, V)>()));
        self.0.borrow_mut().insert(key, value.clone());
        Ok(value)
    }

    /// Forgets all of them; whoever uses one keeps it.
    pub fn clear(&self) {
        self.0.take();
    }
}

/// What takes memory of its own, besides what it borrows from the store.
pub(super) trait Weigh {
    fn bytes(&self) -> usize;
}

impl<T: Weigh> Weigh for Arc<T> {
    fn bytes(&self) -> usize {
        self.as_ref().bytes()
    }
}

impl<T: Weigh> Weigh for Option<T> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, Weigh::bytes)
    }
}

impl Weigh for Words {
    fn bytes(&self) -> usize {
        size_of::<Self>()
    }
}

impl Weigh for Column<'_> {
    fn bytes(&self) -> usize {
        self.own_bytes()
    }
}

impl Weigh for EventChunk<'_> {
    fn bytes(&self) -> usize {
        self.own_bytes()
    }
}

impl Weigh for RowBlock<'_> {
    fn bytes(&self) -> usize {
        self.own_bytes()
    }
}

impl Weigh for Ids<'_> {
    fn bytes(&self) -> usize {
        self.0.iter().map(Column::own_bytes).sum()
    }
}
