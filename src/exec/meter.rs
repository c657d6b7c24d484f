//! Counts the bytes of columns that operators look at. One for each chunk; while nobody records it counts nothing.

use std::cell::Cell;
use std::ops::Range;

use super::chunk::{Block, Ids};
use crate::plan::RowFilter;
use crate::schema::AttrId;
use crate::store::column::{Column, IntColumn};
use crate::store::{EventChunk, Words};
use crate::time::Interval;

/// Bytes of columns of a chunk that were looked at so far.
#[derive(Debug, Default)]
pub(super) struct Meter(Option<Cell<u64>>);

impl Meter {
    /// One that counts.
    pub fn counting() -> Self {
        Self(Some(Cell::new(0)))
    }

    /// What has been counted.
    pub fn bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, Cell::get)
    }

    /// Counts what is known only when somebody wants to know it.
    pub fn add(&self, bytes: impl FnOnce() -> usize) {
        if let Some(count) = &self.0 {
            count.set(count.get().saturating_add(bytes() as u64));
        }
    }

    /// Scans a column, see [`IntColumn::scan`].
    pub fn scan(&self, column: &IntColumn<'_>, lo: i64, hi: i64, set: &mut Words) {
        self.add(|| column.scanned_bytes(lo, hi));
        column.scan(lo, hi, set.as_mut_slice());
    }

    /// Counts what says who has a value.
    pub fn present(&self, column: &Column<'_>) {
        self.add(|| match column {
            Column::Int(column) => column.present_bytes(),
            Column::Text(column) => column.codes().present_bytes(),
            Column::List(list) => list.len() * size_of::<u32>(),
        });
    }

    /// Counts the summaries of contacts that are looked at one by one: first, last and how many.
    pub fn summaries(&self, summary: &EventChunk<'_>, many: usize) {
        self.add(|| many * (summary.first().width() + summary.last().width() + summary.count().width()));
    }

    /// Counts ids of contacts that are looked at one by one.
    pub fn ids(&self, ids: &Ids<'_>, many: impl FnOnce() -> usize) {
        self.add(|| ids.0.first().map_or(0, width) * many());
    }

    /// Counts values of a column that are looked at one by one.
    pub fn values(&self, column: &Column<'_>, many: usize) {
        self.add(|| many * width(column));
    }
}

/// Bytes of a value; of a list those of its place and of one element.
fn width(column: &Column<'_>) -> usize {
    match column {
        Column::Int(column) => column.width(),
        Column::Text(column) => column.codes().width(),
        Column::List(list) => match list.items() {
            Column::Int(items) => size_of::<u32>() + items.width(),
            Column::Text(items) => size_of::<u32>() + items.codes().width(),
            Column::List(_) => size_of::<u32>(),
        },
    }
}

/// Counts the rows that a reader reads.
pub(super) struct RowMeter<'c> {
    meter: &'c Meter,
    /// Of the block that is read; 0 while nobody records.
    bytes_per_row: u64,
    bytes: u64,
}

impl<'c> RowMeter<'c> {
    pub fn new(meter: &'c Meter) -> Self {
        Self { meter, bytes_per_row: 0, bytes: 0 }
    }

    /// Goes to a block of which instants and some attributes are looked at: row by row, or, with a span, what the filter looks at for
    /// the whole block, and all instants if those have been scanned.
    pub fn open(
        &mut self,
        block: &Block<'_>,
        span: Option<Interval>,
        scanned: Option<Interval>,
        filter: Option<&RowFilter>,
        attr: Option<AttrId>,
    ) {
        if self.meter.0.is_none() {
            return;
        }
        let mut attributes: Vec<AttrId> = Vec::new();
        if let Some(filter) = filter {
            filter.attributes(&mut |attr| attributes.push(attr));
        }
        let ts = block.rows.ts();
        let bytes_of = |attributes: &mut Vec<AttrId>| {
            attributes.sort_unstable();
            attributes.dedup();
            attributes.iter().filter_map(|attr| block.attributes.get(attr)).map(|c| width(c)).sum::<usize>()
        };
        if span.is_some() {
            let instants = scanned.map_or(0, |span| ts.scanned_bytes(span.lo, span.hi));
            self.bytes += (instants + ts.len() * bytes_of(&mut attributes)) as u64;
            attributes.clear();
        }
        attributes.extend(attr);
        let instants = if span.is_some() { 0 } else { ts.width() };
        self.bytes_per_row = (instants + bytes_of(&mut attributes)) as u64;
    }

    /// Counts some rows.
    pub fn rows(&mut self, rows: &Range<usize>) {
        self.bytes += rows.len() as u64 * self.bytes_per_row;
    }
}

impl Drop for RowMeter<'_> {
    fn drop(&mut self) {
        self.meter.add(|| usize::try_from(self.bytes).unwrap_or(usize::MAX));
    }
}
