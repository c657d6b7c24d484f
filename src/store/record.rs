//! Decoded rows on their way into the store, as compact bytes.
//!
//! Decoders (`ingest`) write [`Batch`]es, on any thread; the loader looks up each row's contact and moves the body,
//! unread, into the partition of that contact's chunk; the chunk builder reads it back with [`Body`]. A body is
//! what follows from the row alone, so only the dictionary look-up is sequential.

use std::sync::Arc;

use crate::schema::{AttrId, EventId, FieldId};
use crate::value::ValueRef;

/// Whether a batch carries contacts or events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchKind {
    /// Field values of contacts.
    Contacts,
    /// Events.
    Events,
}

/// Rows in order of arrival.
#[derive(Debug)]
pub struct Batch {
    kind: BatchKind,
    rows: Vec<Row>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    start: usize,
    id_len: u32,
    body_len: u32,
}

/// Room for a row. Rather too much than too little: memory that is never touched costs nothing, moving what is there does.
const ROW_BYTES: usize = 64;

/// An emptied field or item; of an attribute, which cannot be emptied, the number of a text of the import.
const TAG_EMPTY: u8 = 0;
const TAG_TEXT: u8 = 1;
const TAG_NUMBER: u8 = 2;
const TAG_FALSE: u8 = 3;
const TAG_TRUE: u8 = 4;
const TAG_DATE: u8 = 5;
const TAG_TIME: u8 = 6;
const TAG_LIST: u8 = 7;
const TAG_BITS: u32 = 3;

/// The type that a row has which deletes an event.
const DELETION: EventId = EventId(u16::MAX);

/// How an `event_id` begins that says the hash itself, as exports do: the text that was hashed is not kept.
pub const EVENT_HASH: &str = "segql:xxh3:";

/// The hash under which an `event_id` is kept.
///
/// ```
/// use segql::store::record::{EVENT_HASH, event_hash};
/// let hash = event_hash("order 17");
/// assert_eq!(event_hash(&format!("{EVENT_HASH}{hash:032x}")), hash);
/// ```
#[must_use]
pub fn event_hash(id: &str) -> u128 {
    let given = id.strip_prefix(EVENT_HASH).filter(|hex| hex.len() == 32).and_then(|hex| u128::from_str_radix(hex, 16).ok());
    given.unwrap_or_else(|| twox_hash::XxHash3_128::oneshot(id.as_bytes()))
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new(kind: BatchKind) -> Self {
        Self { kind, rows: Vec::new(), bytes: Vec::new() }
    }

    /// The same with room for so many rows, which spares moving them as they become more.
    #[must_use]
    pub fn with_capacity(kind: BatchKind, rows: usize) -> Self {
        Self { kind, rows: Vec::with_capacity(rows), bytes: Vec::with_capacity(rows * ROW_BYTES) }
    }

    /// What its rows are.
    #[must_use]
    pub fn kind(&self) -> BatchKind {
        self.kind
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes held, for memory budgets.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len() + self.rows.len() * size_of::<Row>()
    }

    /// Begins an event of `contact`; attributes follow with [`Self::attribute`]. `event_id` is hashed to 128 bits.
    ///
    /// Bodies are kept small, for they are what an import writes and reads back: the type with a bit for the id, then the
    /// instant, then the attributes.
    pub fn begin_event(&mut self, contact: &str, event: EventId, ts: i64, event_id: Option<&str>) {
        debug_assert_eq!(self.kind, BatchKind::Events);
        self.begin(contact);
        write_varint(&mut self.bytes, u64::from(event.0) << 1 | u64::from(event_id.is_some()));
        self.bytes.extend_from_slice(&ts.to_le_bytes());
        if let Some(id) = event_id {
            self.bytes.extend_from_slice(&event_hash(id).to_le_bytes());
        }
        self.close();
    }

    /// Deletes the event of `contact` that has this `event_id`, whether it has arrived already or is still to come.
    pub fn delete_event(&mut self, contact: &str, event_id: &str) {
        self.begin_event(contact, DELETION, 0, Some(event_id));
    }

    /// An attribute of the event begun last. Empty attributes are left out.
    pub fn attribute(&mut self, attr: AttrId, value: ValueRef<'_>) {
        self.entry(attr.0, Some(value));
    }

    /// A text of the event begun last by its number: one of [`Loader::texts`](super::Loader::texts), for that loader.
    pub fn numbered_attribute(&mut self, attr: AttrId, number: u32) {
        write_varint(&mut self.bytes, u64::from(attr.0) << TAG_BITS | u64::from(TAG_EMPTY));
        write_varint(&mut self.bytes, u64::from(number));
        self.close();
    }

    /// Begins a contact line whose values hold from `ts` on; fields follow with [`Self::field`].
    pub fn begin_contact(&mut self, contact: &str, ts: i64) {
        debug_assert_eq!(self.kind, BatchKind::Contacts);
        self.begin(contact);
        self.bytes.extend_from_slice(&ts.to_le_bytes());
        self.close();
    }

    /// A field of the contact begun last: `None` empties it; a field that is not mentioned stays as it is.
    pub fn field(&mut self, field: FieldId, value: Option<ValueRef<'_>>) {
        self.entry(field.0, value);
    }

    /// Takes back the row begun last, for a line that turns out to be bad half-way.
    pub fn cancel(&mut self) {
        if let Some(row) = self.rows.pop() {
            self.bytes.truncate(row.start);
        }
    }

    /// Contact id and body of every row, in order.
    pub fn rows(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.rows.iter().map(|row| {
            let end = row.start + row.id_len as usize;
            (
                self.bytes.get(row.start..end).unwrap_or_default(),
                self.bytes.get(end..end + row.body_len as usize).unwrap_or_default(),
            )
        })
    }

    fn begin(&mut self, contact: &str) {
        self.rows.push(Row { start: self.bytes.len(), id_len: length(contact.len()), body_len: 0 });
        self.bytes.extend_from_slice(contact.as_bytes());
    }

    fn entry(&mut self, id: u16, value: Option<ValueRef<'_>>) {
        write_value(&mut self.bytes, u64::from(id), value);
        self.close();
    }

    fn close(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.body_len = length(self.bytes.len() - row.start) - row.id_len;
        }
    }
}

/// Rows longer than 4 GiB do not exist: lines are bounded when they are read.
fn length(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn tag_of(head: u64) -> u8 {
    head.to_le_bytes()[0] & ((1 << TAG_BITS) - 1)
}

/// Writes a number and a value's tag together, then the value.
fn write_value(out: &mut Vec<u8>, id: u64, value: Option<ValueRef<'_>>) {
    let mut head = |tag: u8| write_varint(out, id << TAG_BITS | u64::from(tag));
    match value {
        None => head(TAG_EMPTY),
        Some(ValueRef::Text(text)) => {
            head(TAG_TEXT);
            write_varint(out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        Some(ValueRef::Number(n)) => {
            head(TAG_NUMBER);
            write_varint(out, zigzag(n));
        }
        Some(ValueRef::Bool(b)) => head(if b { TAG_TRUE } else { TAG_FALSE }),
        Some(ValueRef::Date(d)) => {
            head(TAG_DATE);
            write_varint(out, zigzag(i64::from(d)));
        }
        Some(ValueRef::Time(t)) => {
            head(TAG_TIME);
            write_varint(out, zigzag(t));
        }
        Some(ValueRef::List(items)) => {
            head(TAG_LIST);
            write_varint(out, items.len() as u64);
            for item in items {
                write_value(out, 0, *item);
            }
        }
    }
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
pub(super) fn write_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n.to_le_bytes()[0] | 0x80);
        n >>= 7;
    }
    out.push(n.to_le_bytes()[0]);
}

/// The number that [`write_varint`] wrote, and how many bytes it takes.
pub(super) fn read_varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut n = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        n |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((n, at + 1));
        }
    }
    None
}

/// Numbers near 0 as small ones, whatever their sign.
fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63).cast_unsigned()
}

fn unzigzag(n: u64) -> i64 {
    (n >> 1).cast_signed() ^ -(n & 1).cast_signed()
}

/// Reads a body back.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a>(&'a [u8]);

/// What stands at the head of an event's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventHead {
    /// Its type.
    pub event: EventId,
    /// Its instant.
    pub ts: i64,
    /// 128-bit hash of its `event_id`.
    pub event_id: Option<u128>,
}

impl EventHead {
    /// Whether the row deletes an event instead of being one.
    #[must_use]
    pub fn is_deletion(&self) -> bool {
        self.event == DELETION
    }
}

/// An attribute inside a body.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute<'a> {
    /// Its value.
    Value(BodyValue<'a>),
    /// The number of its text.
    Numbered(u32),
}

/// A value inside a body.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyValue<'a> {
    /// One value.
    Scalar(ValueRef<'a>),
    /// A list, to be read with [`Items`].
    List(Items<'a>),
}

/// The elements of a list inside a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Items<'a> {
    /// Number of elements still to come.
    pub len: u32,
    bytes: Body<'a>,
}

impl PartialEq for Body<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<'a> Body<'a> {
    /// A body from [`Batch::rows`].
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Bytes still to be read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the head of an event. `None` here and below: the bytes are damaged.
    pub fn event_head(&mut self) -> Option<EventHead> {
        let head = self.varint()?;
        let event = EventId(u16::try_from(head >> 1).ok()?);
        let ts = i64::from_le_bytes(self.take()?);
        let event_id = if head & 1 == 1 { Some(u128::from_le_bytes(self.take()?)) } else { None };
        Some(EventHead { event, ts, event_id })
    }

    /// Reads the head of a contact line: the instant from which it holds.
    pub fn contact_head(&mut self) -> Option<i64> {
        Some(i64::from_le_bytes(self.take()?))
    }

    /// Reads the next field or attribute: its number and its value (`None`: emptied).
    pub fn entry(&mut self) -> Option<(u16, Option<BodyValue<'a>>)> {
        let (id, value) = self.value()?;
        Some((u16::try_from(id).ok()?, value))
    }

    /// Reads the next attribute of an event that may have been written by [`Batch::numbered_attribute`].
    pub fn attribute(&mut self) -> Option<(u16, Attribute<'a>)> {
        let head = self.varint()?;
        let attribute = match tag_of(head) {
            TAG_EMPTY => Attribute::Numbered(u32::try_from(self.varint()?).ok()?),
            tag => Attribute::Value(self.value_of(tag)?),
        };
        Some((u16::try_from(head >> TAG_BITS).ok()?, attribute))
    }

    fn value(&mut self) -> Option<(u64, Option<BodyValue<'a>>)> {
        let head = self.varint()?;
        let value = match tag_of(head) {
            TAG_EMPTY => None,
            tag => Some(self.value_of(tag)?),
        };
        Some((head >> TAG_BITS, value))
    }

    /// The value after a tag, which is not [`TAG_EMPTY`].
    fn value_of(&mut self, tag: u8) -> Option<BodyValue<'a>> {
        let scalar = match tag {
            TAG_TEXT => {
                let len = usize::try_from(self.varint()?).ok()?;
                let (text, rest) = self.0.split_at_checked(len)?;
                self.0 = rest;
                ValueRef::Text(std::str::from_utf8(text).ok()?)
            }
            TAG_NUMBER => ValueRef::Number(unzigzag(self.varint()?)),
            TAG_FALSE => ValueRef::Bool(false),
            TAG_TRUE => ValueRef::Bool(true),
            TAG_DATE => ValueRef::Date(i32::try_from(unzigzag(self.varint()?)).ok()?),
            TAG_TIME => ValueRef::Time(unzigzag(self.varint()?)),
            _ => {
                let items = Items { len: u32::try_from(self.varint()?).ok()?, bytes: *self };
                let mut skip = items.clone();
                while skip.next().is_some() {}
                self.0 = skip.bytes.0;
                return Some(BodyValue::List(items));
            }
        };
        Some(BodyValue::Scalar(scalar))
    }

    fn varint(&mut self) -> Option<u64> {
        let (n, len) = read_varint(self.0)?;
        self.0 = self.0.get(len..)?;
        Some(n)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Option<ValueRef<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.len = self.len.checked_sub(1)?;
        match self.bytes.value()? {
            (_, Some(BodyValue::Scalar(value))) => Some(Some(value)),
            _ => Some(None),
        }
    }
}

/// Writes the body of an event with its texts in place of their numbers. `None`: the bytes are damaged.
pub(crate) fn spell_out(body: &[u8], texts: &[Arc<str>], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = Body::new(body);
    rest.event_head()?;
    let mut copied = 0;
    while !rest.is_at_end() {
        let start = body.len() - rest.len();
        if let (id, Attribute::Numbered(number)) = rest.attribute()? {
            out.extend_from_slice(body.get(copied..start)?);
            write_value(out, u64::from(id), Some(ValueRef::Text(texts.get(number as usize)?)));
            copied = body.len() - rest.len();
        }
    }
    out.extend_from_slice(body.get(copied..)?);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_read_back() {
        let mut batch = Batch::new(BatchKind::Events);
        batch.begin_event("anna", EventId(3), 42, Some("x"));
        batch.attribute(AttrId(1), ValueRef::Number(-7));
        batch.attribute(AttrId(2), ValueRef::List(&[Some(ValueRef::Text("ł")), None]));
        batch.begin_event("zła", EventId(1), 1, None);
        batch.cancel();
        batch.begin_event("jan", EventId(4), 43, None);
        let rows: Vec<_> = batch.rows().collect();
        assert_eq!(rows.len(), 2);
        let (id, body) = rows[0];
        assert_eq!(id, b"anna");
        let mut body = Body::new(body);
        let head = body.event_head().unwrap();
        assert_eq!((head.event, head.ts, head.event_id.is_some()), (EventId(3), 42, true));
        assert_eq!(body.entry().unwrap(), (1, Some(BodyValue::Scalar(ValueRef::Number(-7)))));
        let (2, Some(BodyValue::List(items))) = body.entry().unwrap() else { panic!("a list") };
        assert_eq!(items.collect::<Vec<_>>(), [Some(ValueRef::Text("ł")), None]);
        assert!(body.is_at_end());
        assert_eq!(rows[1].0, b"jan");
    }

    #[test]
    fn numbers_are_spelled_out() {
        let (mut numbered, mut plain) = (Batch::new(BatchKind::Events), Batch::new(BatchKind::Events));
        for batch in [&mut numbered, &mut plain] {
            batch.begin_event("anna", EventId(3), 42, Some("x"));
            batch.attribute(AttrId(0), ValueRef::Bool(true));
        }
        numbered.numbered_attribute(AttrId(300), 1);
        plain.attribute(AttrId(300), ValueRef::Text("ł"));
        for batch in [&mut numbered, &mut plain] {
            batch.attribute(AttrId(2), ValueRef::List(&[Some(ValueRef::Text("a")), None]));
        }
        numbered.numbered_attribute(AttrId(5), 0);
        plain.attribute(AttrId(5), ValueRef::Text(""));
        let ((_, body), (_, wanted)) = (numbered.rows().next().unwrap(), plain.rows().next().unwrap());
        let mut out = Vec::new();
        spell_out(body, &["".into(), "ł".into()], &mut out).unwrap();
        assert_eq!(out, wanted);
        assert_eq!(spell_out(body, &["".into()], &mut Vec::new()), None);
    }
}
