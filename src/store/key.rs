//! Keys. A part is everything of one field, one event type or the ids in one chunk; it is written whole under a new
//! generation and becomes visible when the table of parts names that generation.

use crate::schema::{EventId, FieldId};

/// What a part holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum PartKind {
    /// Ids of the chunk's contacts.
    Ids,
    /// A field.
    Field(FieldId),
    /// An event type.
    Event(EventId),
    /// The ids of events that were deleted.
    Deleted,
}

/// One part of one chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Part {
    pub chunk: u32,
    pub kind: PartKind,
}

/// One value of a part: `column` tells values, times and attributes apart, `block` the pieces of a long column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ValueKey {
    pub part: Part,
    pub generation: u32,
    pub column: u16,
    pub block: u32,
}

pub(super) const PART_KEY: usize = 7;
pub(super) const VALUE_KEY: usize = PART_KEY + 10;

impl Part {
    pub fn bytes(self) -> [u8; PART_KEY] {
        let (kind, id) = match self.kind {
            PartKind::Ids => (0, 0),
            PartKind::Field(id) => (1, id.0),
            PartKind::Event(id) => (2, id.0),
            PartKind::Deleted => (3, 0),
        };
        let [c0, c1, c2, c3] = self.chunk.to_be_bytes();
        let [i0, i1] = u16::to_be_bytes(id);
        [c0, c1, c2, c3, kind, i0, i1]
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let &[c0, c1, c2, c3, kind, i0, i1] = bytes.first_chunk::<PART_KEY>()?;
        let id = u16::from_be_bytes([i0, i1]);
        let kind = match kind {
            0 => PartKind::Ids,
            1 => PartKind::Field(FieldId(id)),
            2 => PartKind::Event(EventId(id)),
            3 => PartKind::Deleted,
            _ => return None,
        };
        Some(Self { chunk: u32::from_be_bytes([c0, c1, c2, c3]), kind })
    }
}

impl ValueKey {
    pub fn bytes(self) -> [u8; VALUE_KEY] {
        let mut key = [0; VALUE_KEY];
        let parts: [&[u8]; 4] =
            [&self.part.bytes(), &self.generation.to_be_bytes(), &self.column.to_be_bytes(), &self.block.to_be_bytes()];
        for (slot, byte) in key.iter_mut().zip(parts.into_iter().flatten()) {
            *slot = *byte;
        }
        key
    }

    /// A stored key.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let part = Part::from_bytes(bytes)?;
        let (generation, rest) = bytes.get(PART_KEY..)?.split_first_chunk::<4>()?;
        let (column, rest) = rest.split_first_chunk::<2>()?;
        let (block, rest) = rest.split_first_chunk::<4>()?;
        rest.is_empty().then(|| Self {
            part,
            generation: u32::from_be_bytes(*generation),
            column: u16::from_be_bytes(*column),
            block: u32::from_be_bytes(*block),
        })
    }
}

impl std::fmt::Display for ValueKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Part { chunk, kind } = self.part;
        match kind {
            PartKind::Ids => write!(f, "the contact ids of chunk {chunk}"),
            PartKind::Field(id) => write!(f, "field {} (column {}) of chunk {chunk}", id.0, self.column),
            PartKind::Deleted => write!(f, "the ids of deleted events of chunk {chunk}"),
            PartKind::Event(id) => {
                write!(f, "event type {} (column {}, block {}) of chunk {chunk}", id.0, self.column, self.block)
            }
        }
    }
}
