//! What has been appended since the last fold: batches as they came, by chunk.
//!
//! A key is chunk, kind and sequence number, big endian, so that everything of a chunk lies together, in order of arrival.
//! A value holds rows as the loader's partitions do: slot, length, body; of new contacts the id is the body.

use std::ops::Bound;

use heed::{RoTxn, WithoutTls};

use super::bytes::{frame, unframe};
use super::env::Table;
use super::snapshot::KIND_DELTA;
use super::{Store, StoreError};

/// What a batch of a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum DeltaKind {
    /// Ids of new contacts.
    Ids,
    /// Lines of contacts.
    Lines,
    /// Events.
    Events,
}

/// Where a batch of a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeltaKey {
    pub chunk: u32,
    pub kind: DeltaKind,
    pub sequence: u64,
}

const KEY: usize = 13;

impl DeltaKey {
    pub fn bytes(self) -> [u8; KEY] {
        let mut key = [0; KEY];
        let parts: [&[u8]; 3] = [&self.chunk.to_be_bytes(), &[self.kind as u8], &self.sequence.to_be_bytes()];
        for (slot, byte) in key.iter_mut().zip(parts.into_iter().flatten()) {
            *slot = *byte;
        }
        key
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let &[c0, c1, c2, c3, kind, ref sequence @ ..] = bytes.first_chunk::<KEY>()?;
        let kind = match kind {
            0 => DeltaKind::Ids,
            1 => DeltaKind::Lines,
            2 => DeltaKind::Events,
            _ => return None,
        };
        let whole = bytes.len() == KEY;
        whole.then(|| Self { chunk: u32::from_be_bytes([c0, c1, c2, c3]), kind, sequence: u64::from_be_bytes(*sequence) })
    }
}

/// The keys of a chunk.
pub(super) fn range(chunk: u32) -> (Bound<[u8; 4]>, Bound<[u8; KEY]>) {
    let mut last = [u8::MAX; KEY];
    last.iter_mut().zip(chunk.to_be_bytes()).for_each(|(slot, byte)| *slot = byte);
    (Bound::Included(chunk.to_be_bytes()), Bound::Included(last))
}

/// A value to be stored.
pub(super) fn value(rows: &[u8]) -> Vec<u8> {
    frame(KIND_DELTA, rows)
}

/// The chunks that have something, ascending.
pub(super) fn chunks(store: &Store, table: Table, txn: &RoTxn<'_, WithoutTls>) -> Result<Vec<u32>, StoreError> {
    let mut chunks = Vec::new();
    let mut from = 0_u32;
    while let Some((key, _)) = table.get_greater_than_or_equal_to(txn, &from.to_be_bytes()).map_err(|e| store.engine(&e))? {
        let key = DeltaKey::from_bytes(key).ok_or_else(|| StoreError::damaged("the key of an appended batch"))?;
        chunks.push(key.chunk);
        match key.chunk.checked_add(1) {
            Some(next) => from = next,
            None => break,
        }
    }
    Ok(chunks)
}

/// What looks at batches.
type See<'s> = dyn FnMut(DeltaKey, &[u8]) -> Result<(), StoreError> + 's;

/// Shows every batch of a chunk, kind by kind, each in order of arrival.
pub(super) fn read(
    store: &Store,
    table: Table,
    txn: &RoTxn<'_, WithoutTls>,
    chunk: u32,
    see: &mut See<'_>,
) -> Result<(), StoreError> {
    let (first, last) = range(chunk);
    let range = (first.as_ref().map(<[u8; 4]>::as_slice), last.as_ref().map(<[u8; KEY]>::as_slice));
    for entry in table.range(txn, &range).map_err(|e| store.engine(&e))? {
        let (key, value) = entry.map_err(|e| store.engine(&e))?;
        let damaged = || StoreError::damaged(format!("a batch appended to chunk {chunk}"));
        let key = DeltaKey::from_bytes(key).ok_or_else(damaged)?;
        see(key, unframe(KIND_DELTA, value, true).ok_or_else(damaged)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_in_order() {
        let key = |chunk, kind, sequence| DeltaKey { chunk, kind, sequence };
        let keys = [
            key(0, DeltaKind::Ids, 7),
            key(0, DeltaKind::Events, 1),
            key(1, DeltaKind::Ids, 0),
            key(1, DeltaKind::Lines, 255),
            key(1, DeltaKind::Lines, 256),
        ];
        for key in keys {
            assert_eq!(DeltaKey::from_bytes(&key.bytes()), Some(key));
        }
        assert!(keys.map(DeltaKey::bytes).is_sorted());
        assert_eq!(DeltaKey::from_bytes(&[0; 12]), None);
    }
}
