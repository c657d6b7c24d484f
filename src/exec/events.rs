//! Atoms on events. The summary of a chunk (count, first, last) decides what it can; rows are read for the rest.

use std::ops::Range;

use super::ExecError;
use super::chunk::{Block, ChunkData, Events};
use super::eval::Context;
use super::rows::RowTest;
use super::words::{self, Set};
use crate::check::typed::CountRange;
use crate::plan::{EventAtom, EventValue, Intervals, TimeSpan};
use crate::schema::FieldId;
use crate::store::Words;
use crate::store::column::Column;
use crate::time::{Anchor, Interval, anchored_interval};

/// The contacts of `within` that pass.
pub(super) fn events(context: &Context<'_>, data: &ChunkData<'_>, atom: &EventAtom, within: &Words) -> Result<Set, ExecError> {
    let Some(events) = data.events.get(&atom.event) else { return Ok(without_events(atom, within)) };
    let TimeSpan::Fixed(span) = &atom.span else { return by_rows(context, data, events, atom, Interval::ALL, within) };
    if span.is_empty() {
        return Ok(without_events(atom, within));
    }
    match (&atom.filter, &atom.value) {
        (None, EventValue::Count(range)) => count(context, data, events, atom, *range, *span, within),
        (None, EventValue::First(set, or_empty)) if span.lo == i64::MIN => Ok(first(events, set, *or_empty, *span, within)),
        (None, EventValue::Last(set, or_empty)) if span.lo == i64::MIN && events.summary.last().bounds().1 <= span.hi => {
            Ok(last(events, set, *or_empty, within))
        }
        _ => by_rows(context, data, events, atom, *span, within),
    }
}

/// The answer for contacts without a matching event.
fn passes_without(value: &EventValue) -> bool {
    match value {
        EventValue::Count(range) => range.contains(0),
        EventValue::CountIn(set) | EventValue::Sum(_, set) => set.contains(0),
        EventValue::First(_, or_empty) | EventValue::Last(_, or_empty) => *or_empty,
    }
}

fn without_events(atom: &EventAtom, within: &Words) -> Set {
    if passes_without(&atom.value) { Box::new(*within) } else { words::empty() }
}

/// Contacts of `within` that can have an event in the span: the last is not before it, the first not after it.
fn candidates(events: &Events<'_>, span: Interval, within: &Words) -> Set {
    let mut set = words::empty();
    events.summary.last().scan(span.lo, i64::MAX, set.as_mut_slice());
    words::and(&mut set, within);
    // Where all begin before the end of the span there is nothing to compare.
    if events.summary.first().bounds().1 > span.hi {
        let mut begun = words::empty();
        events.summary.first().scan(i64::MIN, span.hi, begun.as_mut_slice());
        words::and(&mut set, &begun);
    }
    set
}

/// How many events lie in the span.
fn count(
    context: &Context<'_>,
    data: &ChunkData<'_>,
    events: &Events<'_>,
    atom: &EventAtom,
    range: CountRange,
    span: Interval,
    within: &Words,
) -> Result<Set, ExecError> {
    let candidates = candidates(events, span, within);
    let mut found = words::empty();
    if range.contains(0) {
        found.copy_from_slice(within);
        words::and_not(&mut found, &candidates);
    }
    let summary = &events.summary;
    let scan = |column: &crate::store::column::IntColumn<'_>, lo: i64, hi: i64| {
        let mut set = words::empty();
        column.scan(lo, hi, set.as_mut_slice());
        words::and(&mut set, &candidates);
        set
    };
    let begins_inside = scan(summary.first(), span.lo, i64::MAX);
    let ends_inside = scan(summary.last(), i64::MIN, span.hi);
    let decided = if range.min <= 1 && range.max.is_none() || range.max == Some(0) {
        // The first or the last lies in the span, so at least one does.
        let mut some = begins_inside;
        words::or(&mut some, &ends_inside);
        if range.max.is_none() {
            words::or(&mut found, &some);
        }
        some
    } else {
        // All of them lie in the span.
        let mut whole = begins_inside;
        words::and(&mut whole, &ends_inside);
        let hi = range.max.map_or(i64::MAX, |max| i64::try_from(max).unwrap_or(i64::MAX));
        let mut passing = scan(summary.count(), i64::try_from(range.min).unwrap_or(i64::MAX), hi);
        words::and(&mut passing, &whole);
        words::or(&mut found, &passing);
        whole
    };
    let mut open = candidates.clone();
    words::and_not(&mut open, &decided);
    if range.min > 1 {
        // Fewer in all are fewer in the span.
        let enough = scan(summary.count(), i64::try_from(range.min).unwrap_or(i64::MAX), i64::MAX);
        words::and(&mut open, &enough);
    }
    if !words::is_empty(&open) {
        let rest = by_rows(context, data, events, atom, span, &open)?;
        words::or(&mut found, &rest);
    }
    Ok(found)
}

fn first(events: &Events<'_>, set: &Intervals, or_empty: bool, span: Interval, within: &Words) -> Set {
    let mut found = words::empty();
    for (lo, hi) in set.iter_i64() {
        events.summary.first().scan(lo, hi.min(span.hi), found.as_mut_slice());
    }
    if or_empty {
        let mut begun = words::empty();
        events.summary.first().scan(i64::MIN, span.hi, begun.as_mut_slice());
        found.iter_mut().zip(begun.iter()).for_each(|(f, b)| *f |= !b);
    }
    words::and(&mut found, within);
    found
}

fn last(events: &Events<'_>, set: &Intervals, or_empty: bool, within: &Words) -> Set {
    let mut found = words::empty();
    for (lo, hi) in set.iter_i64() {
        events.summary.last().scan(lo, hi, found.as_mut_slice());
    }
    if or_empty {
        let mut some = words::empty();
        events.summary.last().present_into(some.as_mut_slice());
        found.iter_mut().zip(some.iter()).for_each(|(f, s)| *f |= !s);
    }
    words::and(&mut found, within);
    found
}

/// Reads the rows of every contact of `within` that can have a matching one.
fn by_rows(
    context: &Context<'_>,
    data: &ChunkData<'_>,
    events: &Events<'_>,
    atom: &EventAtom,
    span: Interval,
    within: &Words,
) -> Result<Set, ExecError> {
    let candidates = candidates(events, span, within);
    let mut found = words::empty();
    if passes_without(&atom.value) {
        found.copy_from_slice(within);
        words::and_not(&mut found, &candidates);
    }
    for block in &events.blocks {
        if context.cancel.is_cancelled() {
            return Err(ExecError::Cancelled);
        }
        let test = atom.filter.as_ref().map(|f| RowTest::new(context, block, f));
        let never = test.as_ref().is_some_and(RowTest::is_never);
        let reader = Reader { context, data, block, test: test.as_ref() };
        for (slot, rows) in block.rows.contacts() {
            let slot = usize::from(slot);
            if words::contains(&candidates, slot) {
                let rows = if never { 0..0 } else { reader.in_span(rows, reader.span(atom, span, slot)) };
                if reader.answer(&atom.value, rows, slot) {
                    words::insert(&mut found, slot);
                }
            }
        }
    }
    Ok(found)
}

/// The rows of one block, under a filter.
struct Reader<'r> {
    context: &'r Context<'r>,
    data: &'r ChunkData<'r>,
    block: &'r Block<'r>,
    test: Option<&'r RowTest<'r>>,
}

impl Reader<'_> {
    /// The span for one contact; nothing after now.
    fn span(&self, atom: &EventAtom, fixed: Interval, slot: usize) -> Interval {
        let TimeSpan::Anchored { field, duration, after } = &atom.span else { return fixed };
        let past = Interval { lo: i64::MIN, hi: self.context.clock.now };
        self.anchor(*field, slot)
            .map_or(Interval::EMPTY, |anchor| anchored_interval(anchor, duration, *after, self.context.clock).and(past))
    }

    fn anchor(&self, field: FieldId, slot: usize) -> Option<Anchor> {
        let Column::Int(column) = self.data.fields.get(&field)?.as_ref() else { return None };
        let n = column.get(slot)?;
        Some(if self.context.is_date(field) { Anchor::Day(i32::try_from(n).unwrap_or(i32::MAX)) } else { Anchor::Instant(n) })
    }

    /// The rows whose instants lie in the span.
    fn in_span(&self, rows: Range<usize>, span: Interval) -> Range<usize> {
        if span.is_empty() {
            return 0..0;
        }
        let ts = self.block.rows.ts();
        let end = match span.hi.checked_add(1) {
            // The usual case: nothing lies after the span.
            Some(_) if rows.end.checked_sub(1).and_then(|last| ts.at(last)).is_some_and(|t| t <= span.hi) => rows.end,
            Some(beyond) => ts.lower_bound(rows.clone(), beyond),
            None => rows.end,
        };
        let start = if span.lo == i64::MIN { rows.start } else { ts.lower_bound(rows.start..end, span.lo) };
        start..end
    }

    fn answer(&self, value: &EventValue, rows: Range<usize>, slot: usize) -> bool {
        match value {
            EventValue::Count(range) => {
                // One more than the most decides as well as all of them.
                let enough = range.max.map_or(range.min, |max| max.saturating_add(1));
                range.contains(self.count(rows, slot, enough))
            }
            EventValue::CountIn(set) => set.contains(i128::from(self.count(rows, slot, u64::MAX))),
            EventValue::Sum(attr, set) => {
                let Some(Column::Int(column)) = self.block.attributes.get(attr).map(AsRef::as_ref) else {
                    return set.contains(0);
                };
                set.contains(self.matching(rows, slot).filter_map(|row| column.get(row)).map(i128::from).sum())
            }
            EventValue::First(set, or_empty) => {
                let row = self.matching(rows, slot).next();
                row.map_or(*or_empty, |row| self.instant_in(row, set))
            }
            EventValue::Last(set, or_empty) => {
                let row = rows.rev().find(|row| self.passes(*row, slot));
                row.map_or(*or_empty, |row| self.instant_in(row, set))
            }
        }
    }

    fn instant_in(&self, row: usize, set: &Intervals) -> bool {
        self.block.rows.ts().at(row).is_some_and(|t| set.contains(i128::from(t)))
    }

    fn count(&self, rows: Range<usize>, slot: usize, enough: u64) -> u64 {
        match self.test {
            None => rows.len() as u64,
            Some(_) => self.matching(rows, slot).take(usize::try_from(enough).unwrap_or(usize::MAX)).count() as u64,
        }
    }

    fn matching(&self, rows: Range<usize>, slot: usize) -> impl Iterator<Item = usize> {
        rows.filter(move |row| self.passes(*row, slot))
    }

    fn passes(&self, row: usize, slot: usize) -> bool {
        self.test.is_none_or(|test| test.passes(self.context, self.data, row, slot))
    }
}
