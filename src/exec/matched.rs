//! The matching events of one contact after the other, of several types.

use std::ops::Range;
use std::rc::Rc;

use super::ExecError;
use super::cells::Cell;
use super::ends::Span;
use super::eval::Chunk;
use super::operands::Operands;
use super::rows::Reader;
use crate::plan::{Source, TimeSpan};
use crate::time::Interval;

/// Readers of several event types that go from contact to contact together.
pub(super) struct Matched<'c> {
    /// In the order of the schema.
    readers: Vec<Reader<'c>>,
    span: Span<'c>,
    begin: i64,
    /// The rows of the contact that is read, by reader.
    rows: Vec<Range<usize>>,
    at: usize,
    ordered: Vec<Found>,
}

/// A matching event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub ts: i64,
    /// Which reader.
    pub source: usize,
    pub row: usize,
}

impl<'c> Matched<'c> {
    pub fn new(
        chunk: &mut Chunk<'c>,
        sources: &'c [Source],
        span: &'c TimeSpan,
        exprs: impl FnOnce(&mut dyn FnMut(crate::plan::ExprId)),
        slots: &[u16],
    ) -> Result<Self, ExecError> {
        let operands = Rc::new(chunk.operands(exprs, slots)?);
        let span = Span::new(span, &operands, chunk.context.clock);
        Ok(Self::with(chunk, sources, span, &operands, slots.len()))
    }

    /// The same with operands that are there already, for so many contacts.
    pub fn with(chunk: &Chunk<'c>, sources: &'c [Source], span: Span<'c>, operands: &Rc<Operands<'c>>, wanted: usize) -> Self {
        let readers: Vec<Reader<'c>> =
            sources.iter().filter_map(|s| Reader::new(chunk.context, chunk.data, s, operands, wanted)).collect();
        Self { rows: vec![0..0; readers.len()], readers, span, begin: i64::MIN, at: 0, ordered: Vec::new() }
    }

    /// The readers of types that the chunk has events of.
    pub fn readers(&self) -> &[Reader<'c>] {
        &self.readers
    }

    /// The same, to go on with them one by one.
    pub fn readers_mut(&mut self) -> &mut [Reader<'c>] {
        &mut self.readers
    }

    /// Leaves out what lies before an instant.
    pub fn begin_at(&mut self, instant: i64) {
        self.begin = instant;
    }

    /// Goes to the contact at a position; slots must not descend.
    pub fn seek(&mut self, slot: u16, at: usize) {
        let span = self.span.at(at).and(Interval { lo: self.begin, hi: i64::MAX });
        self.seek_in(slot, at, span);
    }

    /// Goes to a contact, whose events in a span are wanted.
    pub fn seek_in(&mut self, slot: u16, at: usize, span: Interval) {
        self.at = at;
        for (reader, rows) in self.readers.iter_mut().zip(&mut self.rows) {
            *rows = reader.rows(slot, span);
        }
    }

    /// Whether the contact has no event in the span.
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(Range::is_empty)
    }

    /// The matching rows of each reader.
    pub fn by_source(&self) -> impl Iterator<Item = (&Reader<'c>, impl DoubleEndedIterator<Item = usize>)> {
        self.readers.iter().zip(&self.rows).map(|(reader, rows)| (reader, reader.matching(rows.clone(), self.at)))
    }

    pub fn count(&self) -> u64 {
        let counts = self.readers.iter().zip(&self.rows);
        counts.map(|(reader, rows)| reader.count(rows.clone(), self.at, u64::MAX)).sum()
    }

    /// The first matching event, or the last.
    pub fn end(&self, last: bool) -> Option<Found> {
        let ends = self.by_source().enumerate().filter_map(|(source, (reader, mut rows))| {
            let row = if last { rows.next_back() } else { rows.next() }?;
            Some(Found { ts: reader.ts(row), source, row })
        });
        if last { ends.max() } else { ends.min() }
    }

    /// All matching events by instant, type and arrival.
    pub fn ordered(&mut self) -> &[Found] {
        let mut ordered = std::mem::take(&mut self.ordered);
        ordered.clear();
        for (source, (reader, rows)) in self.by_source().enumerate() {
            ordered.extend(rows.map(|row| Found { ts: reader.ts(row), source, row }));
        }
        if self.readers.len() > 1 {
            ordered.sort_unstable();
        }
        self.ordered = ordered;
        &self.ordered
    }

    /// What [`Self::ordered`] found last.
    pub fn found(&self) -> &[Found] {
        &self.ordered
    }

    /// The n-th event, for a negative n from the end; 1 is the first, -1 the last.
    pub fn nth(&mut self, n: i64) -> Option<Found> {
        let steps = usize::try_from(n.unsigned_abs()).ok()?.checked_sub(1)?;
        if let ([reader], [rows]) = (self.readers.as_slice(), self.rows.as_slice()) {
            let mut rows = reader.matching(rows.clone(), self.at);
            let row = if n > 0 { rows.nth(steps) } else { rows.nth_back(steps) }?;
            return Some(Found { ts: reader.ts(row), source: 0, row });
        }
        let all = self.ordered();
        if n > 0 { all.get(steps).copied() } else { all.get(all.len().checked_sub(steps + 1)?).copied() }
    }

    /// The attribute of an event.
    pub fn cell(&self, found: Found) -> Option<Cell<'c>> {
        self.readers.get(found.source)?.cell(found.row)
    }
}
