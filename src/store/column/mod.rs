//! Columns: the values of one field for the contacts of a chunk, or of one attribute for the rows of a block.
//!
//! Encoders take plain values; decoders borrow stored bytes and never copy them when they are aligned. A decoder returns
//! `None` for bytes that no encoder wrote.

mod bitmap;
mod int;
pub(crate) mod kernels;
mod list;
mod text;

pub(crate) use bitmap::of_words;
pub use int::{IntColumn, encode_ints};
pub use list::{ListColumn, encode_list};
pub(crate) use text::Hasher;
pub use text::{CodeSet, TextBuilder, TextColumn, WantedTexts, encode_texts};

use crate::value::Value;

/// A column of any type.
#[derive(Debug, Clone)]
pub enum Column<'a> {
    /// Numbers, dates (days), times (milliseconds), and bools (0 and 1).
    Int(IntColumn<'a>),
    /// Texts.
    Text(TextColumn<'a>),
    /// Lists.
    List(Box<ListColumn<'a>>),
}

const TAG_INT: u64 = 1;
const TAG_TEXT: u64 = 2;
const TAG_LIST: u64 = 3;

impl<'a> Column<'a> {
    /// Reads a column back.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (tag, rest) = bytes.split_first_chunk::<8>()?;
        match u64::from_le_bytes(*tag) {
            TAG_INT => IntColumn::decode(rest).map(Self::Int),
            TAG_TEXT => TextColumn::decode(rest).map(Self::Text),
            TAG_LIST => ListColumn::decode(rest).map(|l| Self::List(Box::new(l))),
            _ => None,
        }
    }

    /// Bytes of memory that are the column's own: what it does not borrow from where it is stored, and what it makes when it is asked.
    #[must_use]
    pub fn own_bytes(&self) -> usize {
        match self {
            Self::Int(column) => column.own_bytes(),
            Self::Text(column) => column.own_bytes(),
            Self::List(column) => column.own_bytes(),
        }
    }

    /// Number of slots.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Int(c) => c.len(),
            Self::Text(c) => c.codes().len(),
            Self::List(c) => c.len(),
        }
    }

    /// Whether there is no slot.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a slot of a column of `scalar`s, owned; for point look-ups.
    #[must_use]
    pub fn value(&self, slot: usize, scalar: crate::schema::Scalar) -> Option<Value> {
        use crate::schema::Scalar;
        match self {
            Self::Text(c) => c.code(slot).and_then(|code| c.value(code)).map(|t| Value::Text(t.to_owned())),
            Self::Int(c) => c.get(slot).map(|n| match scalar {
                Scalar::Bool => Value::Bool(n != 0),
                Scalar::Date => Value::Date(i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX })),
                Scalar::Time => Value::Time(n),
                Scalar::Number { .. } | Scalar::Text => Value::Number(n),
            }),
            Self::List(c) => {
                let items = c.range(slot);
                (!items.is_empty()).then(|| Value::List(items.map(|i| c.items().value(i, scalar)).collect()))
            }
        }
    }
}

/// Puts the tag of a column before its bytes.
fn tagged(tag: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + bytes.len());
    out.extend_from_slice(&tag.to_le_bytes());
    out.extend_from_slice(bytes);
    out
}

/// Words with the bits of the slots for which `present` holds.
fn presence_words(len: usize, present: impl Fn(usize) -> bool) -> Vec<u64> {
    let mut words = vec![0_u64; len.div_ceil(64)];
    for slot in (0..len).filter(|s| present(*s)) {
        if let Some(word) = words.get_mut(slot / 64) {
            *word |= 1 << (slot % 64);
        }
    }
    words
}

/// Whether a bit is set.
fn bit(words: &[u64], slot: usize) -> bool {
    words.get(slot / 64).is_some_and(|w| w >> (slot % 64) & 1 == 1)
}
