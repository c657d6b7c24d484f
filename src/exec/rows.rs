//! Rows of events: tests on single ones, brought to the columns of a block once, and a reader that goes from contact to
//! contact.
//!
//! Where many contacts of a chunk are asked for, the reader tests all rows of a block at once, column by column, and keeps
//! the answers as bits; where few are, it tests their rows alone.

use std::ops::Range;
use std::rc::Rc;

use super::bits;
use super::cells::Cell;
use super::chunk::{Block, Events};
use super::eval::Context;
use super::hours::{self, Told};
use super::meter::RowMeter;
use super::operands::Operands;
use super::ranks::Ranks;
use super::tests_on_cells::CellTest;
use super::tests_on_columns::{ColumnTest, Columns};
use super::words::{self, Set};
use crate::check::typed::{CountRange, EventValue, Part};
use crate::plan::{Predicate, RowFilter, Source};
use crate::schema::{AttrId, EventId, Scalar};
use crate::store::RowBlock;
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
    /// The hour of the event's own instant: the bits of those of the 24 that pass.
    HourOfInstant(&'c IntColumn<'c>, u32, &'c LocalTimes),
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
            (EventValue::PartOfInstant(Part::Hour), _) if !predicate.compares() => {
                let test = test();
                let hours = (0..24).filter(|hour| test.passes(Cell::whole(*hour), 0)).fold(0, |hours, hour| hours | 1 << hour);
                Self::HourOfInstant(ts, hours, context.clock)
            }
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

    /// Keeps the rows that pass, all of which lie in the span. Not for tests that compare with values of the contact.
    fn narrow(&self, rows: &mut [u64], span: Interval) {
        match self {
            Self::Always(true) => {}
            Self::Always(false) => rows.fill(0),
            Self::All(parts) => parts.iter().for_each(|part| part.narrow(rows, span)),
            Self::Any(parts) => {
                let mut some = vec![0; rows.len()];
                for part in parts {
                    let mut own = rows.to_vec();
                    part.narrow(&mut own, span);
                    bits::or(&mut some, &own);
                    // What passes need not be asked again.
                    bits::and_not(rows, &own);
                }
                rows.copy_from_slice(&some);
            }
            Self::Not(inner) => {
                let mut own = rows.to_vec();
                inner.narrow(&mut own, span);
                bits::and_not(rows, &own);
            }
            Self::Column(test) => test.narrow(rows),
            Self::HourOfInstant(ts, set, clock) => {
                let mut hours = Vec::new();
                if hours::local(ts, Told::Hours, (rows, span), clock, &mut hours) {
                    return bits::keep_hours(&hours, *set, rows);
                }
                bits::retain(rows, |row| ts.at(row).is_some_and(|ts| set >> clock.hour_of(ts) & 1 == 1));
            }
            test => bits::retain(rows, |row| test.passes(row, 0)),
        }
    }

    /// Keeps the rows that pass the tests that have to pass and test all rows of a block at once. Says whether there are any.
    fn narrow_by_scans(&self, rows: &mut [u64]) -> bool {
        match self {
            Self::Column(test) if test.scans() => {
                test.narrow(rows);
                true
            }
            // All of them, not only the first.
            Self::All(parts) => parts.iter().filter(|part| part.narrow_by_scans(rows)).count() > 0,
            _ => false,
        }
    }

    /// Keeps the rows that pass the other tests; those that are left lie in the span.
    fn narrow_by_others(&self, rows: &mut [u64], span: Interval) {
        match self {
            Self::Column(test) if test.scans() => {}
            Self::All(parts) => parts.iter().for_each(|part| part.narrow_by_others(rows, span)),
            test => test.narrow(rows, span),
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
            Self::HourOfInstant(ts, hours, clock) => ts.at(row).is_some_and(|ts| hours >> clock.hour_of(ts) & 1 == 1),
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
    reading: Reading,
    /// Where contacts stand, once they have been read alone.
    ranks: Option<Ranks>,
    open: Option<Open<'c>>,
    meter: RowMeter<'c>,
}

/// How rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Those of a contact when it is asked for.
    Contacts,
    /// All of a block at once, in the span that is asked for first.
    Blocks,
    /// All of a block at once, in this span.
    BlocksIn(Interval),
}

/// The block that is being read.
struct Open<'c> {
    number: usize,
    block: &'c Block<'c>,
    /// Where its slots end.
    end: u32,
    /// The contact that was read last.
    contact: usize,
    /// The rank of its first contact, where those are known.
    first: Option<usize>,
    test: Option<RowTest<'c>>,
    never: bool,
    column: Option<&'c Column<'c>>,
    /// The rows in the span; nothing when they must be looked for.
    inside: Option<Inside>,
    /// The rows in the span that pass the filter.
    passing: Option<Vec<u64>>,
}

/// A block of which all rows have been tested at once.
pub(super) struct Whole<'c> {
    /// Its contacts and instants.
    pub rows: &'c RowBlock<'c>,
    /// The contacts, in which the bits of [`RowBlock::slots`] are set.
    pub contacts: Set,
    /// The most rows that a contact of the chunk has.
    pub longest: u64,
    /// The rows that lie in the span and pass, as bits; nothing where all do.
    pub passing: Option<Vec<u64>>,
    /// The span, where whatever lies in it passes, so that the rows of a contact that do follow each other.
    pub plain: Option<Interval>,
    /// The attribute that is asked for, if any row has it.
    pub column: Option<&'c Column<'c>>,
    /// Its type.
    pub scalar: Scalar,
}

impl<'c> Whole<'c> {
    /// The integers that stand for the attribute: values, or codes of texts.
    pub fn ints(&self) -> Option<&'c IntColumn<'c>> {
        ints(self.column?)
    }
}

/// The integers that stand for the values of a column.
fn ints<'c>(column: &'c Column<'c>) -> Option<&'c IntColumn<'c>> {
    match column {
        Column::Int(column) => Some(column),
        Column::Text(column) => Some(column.codes()),
        Column::List(_) => None,
    }
}

/// The value that an integer from [`ints`] stands for.
pub(super) fn cell_of<'c>(column: &'c Column<'c>, int: i64, scalar: Scalar) -> Option<Cell<'c>> {
    match column {
        Column::Text(column) => column.value(u32::try_from(int).ok()?).map(Cell::Text),
        _ => Some(Cell::Int(scalar, int)),
    }
}

/// Rows of a block in a span.
pub(super) enum Inside {
    All,
    Some(Vec<u64>),
}

/// Reading the rows of one contact alone takes as long as testing so many together with all others: several places of the memory
/// that are far from each other, against half a nanosecond a row or less.
const ROWS_A_CONTACT: usize = 1024;

/// Whether so many contacts are worth testing all rows of a type.
pub(super) fn are_many(wanted: usize, events: &Events<'_>) -> bool {
    wanted.saturating_mul(ROWS_A_CONTACT) > events.rows()
}

impl<'c> Reader<'c> {
    /// A reader of a source, for so many contacts; nothing when nobody of the chunk has such an event.
    pub fn new(
        context: &'c Context<'c>,
        data: &'c super::chunk::ChunkData<'c>,
        source: &'c Source,
        operands: &Rc<Operands<'c>>,
        wanted: usize,
    ) -> Option<Self> {
        let mut reader = Self::of(context, data, source.event, source.filter.as_ref(), operands, wanted)?;
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
        wanted: usize,
    ) -> Option<Self> {
        let events = data.events.get(&event)?;
        let operands = Rc::clone(operands);
        let many = are_many(wanted, events);
        let reading = if many { Reading::Blocks } else { Reading::Contacts };
        let meter = RowMeter::new(&data.meter);
        Some(Self {
            context,
            events,
            event,
            filter,
            attr: None,
            scalar: Scalar::Text,
            operands,
            reading,
            ranks: None,
            open: None,
            meter,
        })
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
        match self.reading {
            Reading::Blocks => self.reading = Reading::BlocksIn(span),
            // Contacts have spans of their own.
            Reading::BlocksIn(known) if known != span => (self.reading, self.open) = (Reading::Contacts, None),
            Reading::BlocksIn(_) | Reading::Contacts => {}
        }
        // Most contacts have no event of most types, and of those the last may lie before the span.
        if self.reading == Reading::Contacts {
            let ranks = self.ranks.get_or_insert_with(|| Ranks::of(self.events));
            if !ranks.has(slot) || !self.events.summary.last().is_from(usize::from(slot), span.lo) {
                return 0..0;
            }
        }
        if self.open.as_ref().is_none_or(|open| u32::from(slot) >= open.end) {
            self.seek_block(slot);
        }
        let Some(open) = &mut self.open else { return 0..0 };
        if open.never || span.is_empty() {
            return 0..0;
        }
        let rows = &open.block.rows;
        let (contact, rows) = match (&self.ranks, open.first) {
            (Some(ranks), Some(first)) => {
                let contact = ranks.rank(slot.into()).saturating_sub(first);
                (contact, rows.rows_at(contact))
            }
            _ if open.inside.is_some() => rows.rows_next(open.contact, slot),
            _ => rows.rows_from(open.contact, slot),
        };
        open.contact = contact;
        let rows = match &open.inside {
            Some(Inside::All) => rows,
            // Instants ascend, so the rows of a contact in the span follow each other.
            Some(Inside::Some(inside)) => bits::bounds(inside, rows),
            None => open.block.rows.ts().ascending_in(rows, span.lo, span.hi),
        };
        self.meter.rows(&rows);
        rows
    }

    fn seek_block(&mut self, slot: u16) {
        let from = self.open.as_ref().map_or(0, |open| open.number);
        let summary = &self.events.summary;
        let ahead = (from..self.events.blocks.len())
            .find(|number| u32::from(slot) < summary.block_slots(u32::try_from(*number).unwrap_or(u32::MAX)).end);
        self.open = ahead.and_then(|number| self.opened(number));
    }

    /// A block, with its filter brought to it.
    fn opened(&mut self, number: usize) -> Option<Open<'c>> {
        let block = self.events.blocks.get(number)?;
        let end = self.events.summary.block_slots(u32::try_from(number).unwrap_or(u32::MAX)).end;
        let attributes = Attributes { context: self.context, event: self.event, block };
        let test = self.filter.map(|f| RowTest::new(&attributes, f, &self.operands));
        let never = test.as_ref().is_some_and(RowTest::is_never);
        let column = self.attr.and_then(|attr| block.attributes.get(&attr)).map(AsRef::as_ref);
        let span = if let Reading::BlocksIn(span) = self.reading { Some(span).filter(|_| !never) } else { None };
        let (passing, inside) = match (&test, span) {
            (Some(test), Some(span)) if !self.compares() => {
                let (passing, inside) = passing(test, block, span);
                (Some(passing), inside)
            }
            (_, span) => (None, span.map(|span| inside(block.rows.ts(), span))),
        };
        // Where few rows are left, their instants alone have been looked at.
        let scanned = span.filter(|_| inside.is_some());
        self.meter.open(block, span, scanned, self.filter, self.attr);
        let slots = self.events.summary.block_slots(u32::try_from(number).unwrap_or(u32::MAX));
        let first = self.ranks.as_ref().and_then(|ranks| ranks.of_block(slots, &block.rows));
        Some(Open { number, block, end, contact: 0, first, test, never, column, inside, passing })
    }

    /// Hands on all blocks, each with the rows that lie in a span and pass; not where few contacts are asked for, or the filter
    /// compares with values of the contact. Ends early when `see` says `false`. Says whether all blocks were seen.
    pub fn each_block(&mut self, span: Interval, mut see: impl FnMut(&Whole<'c>) -> bool) -> bool {
        if self.reading == Reading::Contacts || self.compares() {
            return false;
        }
        self.reading = Reading::BlocksIn(span);
        let plain = self.is_plain().then_some(span);
        let longest = self.events.summary.count().bounds().1.unsigned_abs();
        (0..self.events.blocks.len()).all(|number| {
            let Some(open) = self.opened(number) else { return true };
            let rows = &open.block.rows;
            let passing = match (open.passing, open.inside) {
                (Some(passing), _) | (None, Some(Inside::Some(passing))) => Some(passing),
                (None, Some(Inside::All)) => None,
                // Nothing passes.
                (None, None) => return true,
            };
            if passing.as_ref().is_some_and(|rows| rows.iter().all(|word| *word == 0)) {
                return true;
            }
            self.meter.rows(&(0..rows.rows()));
            let contacts = self.contacts(number, rows);
            see(&Whole { rows, contacts, longest, passing, plain, column: open.column, scalar: self.scalar })
        })
    }

    /// The contacts of a block.
    fn contacts(&self, number: usize, rows: &RowBlock<'_>) -> Set {
        let summary = &self.events.summary;
        let mut contacts = words::empty();
        summary.count().present_into(contacts.as_mut_slice());
        let slots = summary.block_slots(u32::try_from(number).unwrap_or(u32::MAX));
        bits::keep_range(contacts.as_mut_slice(), slots.start as usize..slots.end as usize);
        if words::count(&contacts) == rows.slots().len() { contacts } else { words::of_slots(rows.slots()) }
    }

    /// Whether the filter compares with values of the contact.
    fn compares(&self) -> bool {
        self.filter.is_some_and(RowFilter::compares)
    }

    /// Whether a row passes the filter; it is of the contact at position `at`.
    pub fn passes(&self, row: usize, at: usize) -> bool {
        let Some(open) = &self.open else { return true };
        match (&open.passing, &open.test) {
            (Some(passing), _) => bits::contains(passing, row),
            (None, Some(test)) => test.passes(row, at),
            (None, None) => true,
        }
    }

    /// The rows that pass as bits, if they are known.
    fn passing(&self) -> Option<&[u64]> {
        self.open.as_ref()?.passing.as_deref()
    }

    /// The rows that pass.
    pub fn matching(&self, rows: Range<usize>, at: usize) -> impl DoubleEndedIterator<Item = usize> {
        rows.filter(move |row| self.passes(*row, at))
    }

    /// How many rows pass, counting no further than `enough`.
    pub fn count(&self, rows: Range<usize>, at: usize, enough: u64) -> u64 {
        match (self.filter, self.passing()) {
            (None, _) => rows.len() as u64,
            (Some(_), Some(passing)) => bits::count_in(passing, rows) as u64,
            (Some(_), None) => self.matching(rows, at).take(usize::try_from(enough).unwrap_or(usize::MAX)).count() as u64,
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
        ints(self.open.as_ref()?.column?)
    }

    /// The attribute that an integer from [`Self::ints`] stands for, in the same block.
    pub fn cell_of(&self, int: i64) -> Option<Cell<'c>> {
        cell_of(self.open.as_ref()?.column?, int, self.scalar)
    }
}

/// The rows of a block that lie in a span and pass; and those that lie in it, if that had to be found out for all of them.
fn passing(test: &RowTest<'_>, block: &Block<'_>, span: Interval) -> (Vec<u64>, Option<Inside>) {
    /// Where fewer than one of so many rows are left, their instants are looked at one by one.
    const RARE: usize = 32;
    let ts = block.rows.ts();
    let mut rows = bits::first(block.rows.rows());
    let scanned = test.narrow_by_scans(&mut rows);
    let inside = if scanned && bits::count(&rows) < ts.len() / RARE {
        bits::retain(&mut rows, |row| ts.at(row).is_some_and(|t| span.lo <= t && t <= span.hi));
        None
    } else {
        let inside = inside(ts, span);
        if let Inside::Some(inside) = &inside {
            bits::and(&mut rows, inside);
        }
        Some(inside)
    };
    test.narrow_by_others(&mut rows, span);
    (rows, inside)
}

/// The rows of a block that lie in a span.
pub(super) fn inside(ts: &IntColumn<'_>, span: Interval) -> Inside {
    let (least, greatest) = ts.bounds();
    if span.lo <= least && greatest <= span.hi {
        return Inside::All;
    }
    let mut rows = vec![0; ts.len().div_ceil(64)];
    ts.scan(span.lo, span.hi, &mut rows);
    Inside::Some(rows)
}
