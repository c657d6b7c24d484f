//! Rows of events: tests on single ones, brought to the columns of a block once, and a reader that goes from contact to
//! contact.

use std::ops::Range;
use std::rc::Rc;

use super::cells::Cell;
use super::chunk::{Block, Events};
use super::eval::Context;
use super::meter::RowMeter;
use super::operands::Operands;
use super::tests_on_cells::CellTest;
use super::tests_on_columns::{ColumnTest, Columns};
use crate::check::typed::{CountRange, EventValue, Part};
use crate::plan::{Predicate, RowFilter, Source};
use crate::schema::{AttrId, EventId, Scalar};
use crate::store::column::{Column, IntColumn};
use crate::time::{Interval, LocalTimes};

/// A filter over the columns of one block.
pub(super) enum RowTest<'c> {
    Always(bool),
    All(Vec<RowTest<'c>>),
    Any(Vec<RowTest<'c>>),
    Quorum(CountRange, Vec<RowTest<'c>>),
    Not(Box<RowTest<'c>>),
    Column(ColumnTest<'c>),
    /// The event's own instant.
    Instant(&'c IntColumn<'c>, CellTest<'c>),
    /// A part of the event's own instant.
    PartOfInstant(Part, &'c IntColumn<'c>, CellTest<'c>, &'c LocalTimes),
    /// A part of an attribute; empty passes or not.
    PartOfColumn(Part, &'c Column<'c>, Scalar, CellTest<'c>, bool, &'c LocalTimes),
}

/// The attributes of a block.
struct Attributes<'c> {
    context: &'c Context<'c>,
    event: EventId,
    block: &'c Block<'c>,
}

impl<'c> Columns<'c> for Attributes<'c> {
    fn column(&self, at: u16) -> Option<(&'c Column<'c>, Scalar)> {
        let column = self.block.attributes.get(&AttrId(at))?.as_ref();
        Some((column, self.context.attribute(self.event, AttrId(at))))
    }
}

impl<'c> RowTest<'c> {
    fn new(attributes: &Attributes<'c>, filter: &'c RowFilter, operands: &Operands<'c>) -> Self {
        let all = |parts: &'c [RowFilter]| -> Vec<Self> { parts.iter().map(|p| Self::new(attributes, p, operands)).collect() };
        match filter {
            RowFilter::All(parts) => {
                let parts = all(parts);
                if parts.iter().any(Self::is_never) { Self::Always(false) } else { Self::All(parts) }
            }
            RowFilter::Any(parts) => {
                let mut parts = all(parts);
                parts.retain(|p| !p.is_never());
                if parts.is_empty() { Self::Always(false) } else { Self::Any(parts) }
            }
            RowFilter::Quorum(range, parts) => Self::Quorum(*range, all(parts)),
            RowFilter::Not(inner) => match Self::new(attributes, inner, operands) {
                Self::Always(answer) => Self::Always(!answer),
                test => Self::Not(Box::new(test)),
            },
            RowFilter::Test { value, predicate, or_empty } => Self::test(attributes, *value, (predicate, *or_empty), operands),
        }
    }

    fn test(
        attributes: &Attributes<'c>,
        value: EventValue,
        (predicate, or_empty): (&'c Predicate, bool),
        operands: &Operands<'c>,
    ) -> Self {
        let context = attributes.context;
        let ts = attributes.block.rows.ts();
        let test = || CellTest::new(context, predicate, operands);
        match (value, predicate) {
            (EventValue::Attr(attr), _) => {
                let test = ColumnTest::new(context, attributes, attr.0, (predicate, or_empty), operands);
                if let ColumnTest::Always(answer) = test { Self::Always(answer) } else { Self::Column(test) }
            }
            (EventValue::Instant, Predicate::In(set)) => Self::Column(ColumnTest::ints(ts, set, false)),
            (EventValue::Instant, _) => Self::Instant(ts, test()),
            (EventValue::PartOfInstant(part), _) => Self::PartOfInstant(part, ts, test(), context.clock),
            (EventValue::PartOfAttr(part, attr), _) => match attributes.column(attr.0) {
                Some((column, scalar)) => Self::PartOfColumn(part, column, scalar, test(), or_empty, context.clock),
                None => Self::Always(or_empty),
            },
        }
    }

    /// Whether no row passes.
    fn is_never(&self) -> bool {
        match self {
            Self::Always(answer) => !answer,
            Self::Column(test) => test.is_never(),
            _ => false,
        }
    }

    /// Whether a row passes; it is of the contact at position `at`.
    fn passes(&self, row: usize, at: usize) -> bool {
        match self {
            Self::Always(answer) => *answer,
            Self::All(parts) => parts.iter().all(|p| p.passes(row, at)),
            Self::Any(parts) => parts.iter().any(|p| p.passes(row, at)),
            Self::Quorum(range, parts) => range.contains(parts.iter().filter(|p| p.passes(row, at)).count() as u64),
            Self::Not(inner) => !inner.passes(row, at),
            Self::Column(test) => test.passes(row, at),
            Self::Instant(ts, test) => ts.at(row).is_some_and(|t| test.passes(Cell::Int(Scalar::Time, t), at)),
            Self::PartOfInstant(part, ts, test, clock) => {
                let part = ts.at(row).and_then(|t| Cell::Int(Scalar::Time, t).part(*part, clock));
                part.is_some_and(|n| test.passes(Cell::whole(n), at))
            }
            Self::PartOfColumn(part, column, scalar, test, or_empty, clock) => {
                let part = Cell::of(column, row, *scalar).and_then(|cell| cell.part(*part, clock));
                part.map_or(*or_empty, |n| test.passes(Cell::whole(n), at))
            }
        }
    }
}

/// Reads the rows of one event type under a filter, of contacts whose slots ascend.
pub(super) struct Reader<'c> {
    context: &'c Context<'c>,
    events: &'c Events<'c>,
    event: EventId,
    filter: Option<&'c RowFilter>,
    attr: Option<AttrId>,
    scalar: Scalar,
    operands: Rc<Operands<'c>>,
    open: Option<Open<'c>>,
    meter: RowMeter<'c>,
}

/// The block that is being read.
struct Open<'c> {
    number: usize,
    block: &'c Block<'c>,
    /// Where its slots end.
    end: u32,
    /// The contact that was read last.
    contact: usize,
    test: Option<RowTest<'c>>,
    never: bool,
    column: Option<&'c Column<'c>>,
}

impl<'c> Reader<'c> {
    /// A reader of a source; nothing when nobody of the chunk has such an event.
    pub fn new(
        context: &'c Context<'c>,
        data: &'c super::chunk::ChunkData<'c>,
        source: &'c Source,
        operands: &Rc<Operands<'c>>,
    ) -> Option<Self> {
        let mut reader = Self::of(context, data, source.event, source.filter.as_ref(), operands)?;
        reader.attr = source.attr;
        reader.scalar = source.attr.map_or(Scalar::Text, |attr| context.attribute(source.event, attr));
        Some(reader)
    }

    /// The same without an attribute.
    pub fn of(
        context: &'c Context<'c>,
        data: &'c super::chunk::ChunkData<'c>,
        event: EventId,
        filter: Option<&'c RowFilter>,
        operands: &Rc<Operands<'c>>,
    ) -> Option<Self> {
        let events = data.events.get(&event)?;
        let operands = Rc::clone(operands);
        let meter = RowMeter::new(&data.meter);
        Some(Self { context, events, event, filter, attr: None, scalar: Scalar::Text, operands, open: None, meter })
    }

    /// What is known of all contacts.
    pub fn events(&self) -> &'c Events<'c> {
        self.events
    }

    /// Whether every row counts.
    pub fn is_plain(&self) -> bool {
        self.filter.is_none()
    }

    /// The type of the attribute that is asked for.
    pub fn scalar(&self) -> Option<Scalar> {
        self.attr.map(|_| self.scalar)
    }

    /// The rows of a contact in a span; not all of them pass the filter. Slots must not descend.
    pub fn rows(&mut self, slot: u16, span: Interval) -> Range<usize> {
        // The summary is read in order, the rows are not: most contacts have no event of most types.
        let summary = &self.events.summary;
        if summary.last().get(usize::from(slot)).is_none_or(|last| last < span.lo) {
            return 0..0;
        }
        if self.open.as_ref().is_none_or(|open| u32::from(slot) >= open.end) {
            self.seek_block(slot);
        }
        let Some(open) = &mut self.open else { return 0..0 };
        if open.never || span.is_empty() {
            return 0..0;
        }
        let (contact, rows) = open.block.rows.rows_from(open.contact, slot);
        open.contact = contact;
        let rows = in_span(open.block.rows.ts(), rows, span);
        self.meter.rows(&rows);
        rows
    }

    fn seek_block(&mut self, slot: u16) {
        let from = self.open.as_ref().map_or(0, |open| open.number);
        let summary = &self.events.summary;
        for (number, block) in self.events.blocks.iter().enumerate().skip(from) {
            let end = summary.block_slots(u32::try_from(number).unwrap_or(u32::MAX)).end;
            if u32::from(slot) < end {
                let attributes = Attributes { context: self.context, event: self.event, block };
                let test = self.filter.map(|f| RowTest::new(&attributes, f, &self.operands));
                let never = test.as_ref().is_some_and(RowTest::is_never);
                let column = self.attr.and_then(|attr| block.attributes.get(&attr)).map(AsRef::as_ref);
                self.meter.open(block, self.filter, self.attr);
                self.open = Some(Open { number, block, end, contact: 0, test, never, column });
                return;
            }
        }
        self.open = None;
    }

    /// Whether a row passes the filter; it is of the contact at position `at`.
    pub fn passes(&self, row: usize, at: usize) -> bool {
        let test = self.open.as_ref().and_then(|open| open.test.as_ref());
        test.is_none_or(|test| test.passes(row, at))
    }

    /// The rows that pass.
    pub fn matching(&self, rows: Range<usize>, at: usize) -> impl DoubleEndedIterator<Item = usize> {
        rows.filter(move |row| self.passes(*row, at))
    }

    /// How many rows pass, counting no further than `enough`.
    pub fn count(&self, rows: Range<usize>, at: usize, enough: u64) -> u64 {
        match self.filter {
            None => rows.len() as u64,
            Some(_) => self.matching(rows, at).take(usize::try_from(enough).unwrap_or(usize::MAX)).count() as u64,
        }
    }

    /// The instant of a row.
    pub fn ts(&self, row: usize) -> i64 {
        self.open.as_ref().and_then(|open| open.block.rows.ts().at(row)).unwrap_or(i64::MIN)
    }

    /// The attribute of a row.
    pub fn cell(&self, row: usize) -> Option<Cell<'c>> {
        Cell::of(self.open.as_ref()?.column?, row, self.scalar)
    }

    /// The integers that stand for the attribute in the block that is read: values, or codes of texts.
    pub fn ints(&self) -> Option<&'c IntColumn<'c>> {
        match self.open.as_ref()?.column? {
            Column::Int(column) => Some(column),
            Column::Text(column) => Some(column.codes()),
            Column::List(_) => None,
        }
    }

    /// The attribute that an integer from [`Self::ints`] stands for, in the same block.
    pub fn cell_of(&self, int: i64) -> Option<Cell<'c>> {
        match self.open.as_ref()?.column? {
            Column::Text(column) => column.value(u32::try_from(int).ok()?).map(Cell::Text),
            _ => Some(Cell::Int(self.scalar, int)),
        }
    }
}

/// The rows whose instants lie in the span; instants ascend.
fn in_span(ts: &IntColumn<'_>, rows: Range<usize>, span: Interval) -> Range<usize> {
    let end = match span.hi.checked_add(1) {
        // The usual case: nothing lies after the span.
        Some(_) if rows.end.checked_sub(1).and_then(|last| ts.at(last)).is_some_and(|t| t <= span.hi) => rows.end,
        Some(beyond) => ts.lower_bound(rows.clone(), beyond),
        None => rows.end,
    };
    let start = if span.lo == i64::MIN { rows.start } else { ts.lower_bound(rows.start..end, span.lo) };
    start..end
}
