//! Atoms on events of one type. The summary of a chunk (count, first, last) decides what it can; rows are read for the
//! rest.

use std::rc::Rc;

use super::ExecError;
use super::bits;
use super::chunk::Events;
use super::ends::Span;
use super::eval::Chunk;
use super::meter::Meter;
use super::rows::{Reader, Whole};
use super::words::{self, Set};
use crate::check::typed::CountRange;
use crate::plan::{EventAtom, EventTest, Intervals, TimeSpan};
use crate::store::Words;
use crate::store::column::IntColumn;
use crate::time::Interval;

/// The contacts of `within` that pass.
pub(super) fn events<'c>(chunk: &mut Chunk<'c>, atom: &'c EventAtom, within: &Words) -> Result<Set, ExecError> {
    let Some(events) = chunk.data.events.get(&atom.event) else { return Ok(without_events(atom, within)) };
    let TimeSpan::Fixed(span) = &atom.span else { return by_rows(chunk, events, atom, within) };
    if span.is_empty() {
        return Ok(without_events(atom, within));
    }
    match (&atom.filter, &atom.test) {
        (None, EventTest::Count(range)) => count(chunk, events, atom, *range, *span, within),
        (None, EventTest::First(set, or_empty)) if span.lo == i64::MIN => {
            Ok(first(&chunk.data.meter, events, set, *or_empty, *span, within))
        }
        (None, EventTest::Last(set, or_empty)) if span.lo == i64::MIN && events.summary.last().bounds().1 <= span.hi => {
            Ok(last(&chunk.data.meter, events, set, *or_empty, within))
        }
        _ => by_rows(chunk, events, atom, within),
    }
}

/// The answer for contacts without a matching event.
fn passes_without(test: &EventTest) -> bool {
    match test {
        EventTest::Count(range) => range.contains(0),
        EventTest::First(_, or_empty) | EventTest::Last(_, or_empty) => *or_empty,
    }
}

fn without_events(atom: &EventAtom, within: &Words) -> Set {
    if passes_without(&atom.test) { words::copy(within) } else { words::empty() }
}

/// Contacts of `within` that can have an event in the span: the last is not before it, the first not after it.
pub(super) fn candidates(meter: &Meter, events: &Events<'_>, span: Interval, within: &Words) -> Set {
    let mut set = words::empty();
    if span.is_empty() {
        return set;
    }
    meter.scan(events.summary.last(), span.lo, i64::MAX, &mut set);
    words::and(&mut set, within);
    // Where all begin before the end of the span there is nothing to compare.
    if events.summary.first().bounds().1 > span.hi {
        let mut begun = words::empty();
        meter.scan(events.summary.first(), i64::MIN, span.hi, &mut begun);
        words::and(&mut set, &begun);
    }
    set
}

/// How many events lie in the span.
fn count<'c>(
    chunk: &mut Chunk<'c>,
    events: &'c Events<'c>,
    atom: &'c EventAtom,
    range: CountRange,
    span: Interval,
    within: &Words,
) -> Result<Set, ExecError> {
    let candidates = candidates(&chunk.data.meter, events, span, within);
    let mut found = words::empty();
    if range.contains(0) {
        found.copy_from_slice(within);
        words::and_not(&mut found, &candidates);
    }
    let (summary, meter) = (&events.summary, &chunk.data.meter);
    let scan = |column: &IntColumn<'_>, lo: i64, hi: i64| {
        let mut set = words::empty();
        meter.scan(column, lo, hi, &mut set);
        words::and(&mut set, &candidates);
        set
    };
    let begin_inside = || scan(summary.first(), span.lo, i64::MAX);
    let end_inside = scan(summary.last(), i64::MIN, span.hi);
    let decided = if range.min <= 1 && range.max.is_none() || range.max == Some(0) {
        // The first or the last lies in the span, so at least one does.
        let mut some = end_inside;
        if some != candidates {
            words::or(&mut some, &begin_inside());
        }
        if range.max.is_none() {
            words::or(&mut found, &some);
        }
        some
    } else {
        // All of them lie in the span.
        let mut whole = begin_inside();
        words::and(&mut whole, &end_inside);
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
        let rest = by_rows(chunk, events, atom, &open)?;
        words::or(&mut found, &rest);
    }
    Ok(found)
}

fn first(meter: &Meter, events: &Events<'_>, set: &Intervals, or_empty: bool, span: Interval, within: &Words) -> Set {
    let mut found = words::empty();
    for (lo, hi) in set.iter_i64() {
        meter.scan(events.summary.first(), lo, hi.min(span.hi), &mut found);
    }
    if or_empty {
        let mut begun = words::empty();
        meter.scan(events.summary.first(), i64::MIN, span.hi, &mut begun);
        found.iter_mut().zip(begun.iter()).for_each(|(f, b)| *f |= !b);
    }
    words::and(&mut found, within);
    found
}

fn last(meter: &Meter, events: &Events<'_>, set: &Intervals, or_empty: bool, within: &Words) -> Set {
    let mut found = words::empty();
    for (lo, hi) in set.iter_i64() {
        meter.scan(events.summary.last(), lo, hi, &mut found);
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
fn by_rows<'c>(chunk: &mut Chunk<'c>, events: &'c Events<'c>, atom: &'c EventAtom, within: &Words) -> Result<Set, ExecError> {
    let span = if let TimeSpan::Fixed(span) = atom.span { span } else { Interval { lo: i64::MIN, hi: chunk.context.clock.now } };
    // Of a thin type all rows of a chunk are as fast looked at as what is known of its contacts, and whoever has none does not pass.
    let by_rows_alone = events.is_thin()
        && matches!((&atom.test, &atom.span), (EventTest::Count(_), TimeSpan::Fixed(_)))
        && atom.filter.as_ref().is_none_or(|filter| !filter.compares())
        && !passes_without(&atom.test);
    let candidates = if by_rows_alone { words::copy(within) } else { candidates(&chunk.data.meter, events, span, within) };
    let mut found = words::empty();
    if passes_without(&atom.test) {
        found.copy_from_slice(within);
        words::and_not(&mut found, &candidates);
    }
    if let TimeSpan::Fixed(span) = &atom.span
        && let wanted = words::count(&candidates)
        && let Some(mut reader) = Reader::of(chunk.context, chunk.data, atom.event, atom.filter.as_ref(), &Rc::default(), wanted)
        && by_blocks(&mut reader, &atom.test, *span, &candidates, &mut found)
    {
        return Ok(found);
    }
    let slots = words::slots(&candidates);
    let operands = Rc::new(chunk.operands(|see| atom.exprs(see), &slots)?);
    let span = Span::new(&atom.span, &operands, chunk.context.clock);
    let Some(mut reader) = Reader::of(chunk.context, chunk.data, atom.event, atom.filter.as_ref(), &operands, slots.len()) else {
        return Ok(found);
    };
    for (at, slot) in slots.iter().enumerate() {
        if at % 4096 == 4095 {
            chunk.check_cancelled()?;
        }
        if answer(&mut reader, &atom.test, *slot, at, span.at(at)) {
            words::insert(&mut found, usize::from(*slot));
        }
    }
    Ok(found)
}

/// Memory that is used again, for the contacts and the rows of a block.
#[derive(Default)]
struct Scratch {
    runs: Vec<u32>,
    passes: Vec<u64>,
    too_many: Vec<u64>,
    rows: Vec<u64>,
    room: Vec<u64>,
}

/// Who has so many rows, by position among the contacts of a block, without counting those of each; not for all numbers.
fn by_bits(whole: &Whole<'_>, range: CountRange, scratch: &mut Scratch) -> bool {
    /// Counting takes longer for fewer.
    const MOST: u64 = 20;
    let Scratch { passes, too_many, rows, room, .. } = scratch;
    let boundaries = whole.rows.boundaries();
    let last = range.max.map_or(range.min, |max| max.saturating_add(1));
    if last > MOST {
        return false;
    }
    let mut has = |least: u64, out: &mut Vec<u64>| {
        rows.clear();
        match &whole.passing {
            Some(passing) => rows.extend_from_slice(passing),
            None => rows.extend(bits::first(whole.rows.rows())),
        }
        let least = u32::try_from(least).unwrap_or(u32::MAX);
        if whole.plain.is_some() {
            bits::keep_from(least, boundaries, rows, room);
        } else {
            // A filter lets pass rows that do not follow each other.
            bits::drop_firsts(least.saturating_sub(1), boundaries, rows);
        }
        bits::any_in_runs(boundaries, rows, out);
    };
    if range.min == 0 {
        passes.clear();
        passes.resize(whole.rows.slots().len().div_ceil(64), u64::MAX);
    } else {
        has(range.min, passes);
    }
    if range.max.is_some() {
        has(last, too_many);
        bits::and_not(passes, too_many);
    }
    true
}

/// The same for many contacts, block by block; not for all tests.
fn by_blocks(reader: &mut Reader<'_>, test: &EventTest, span: Interval, candidates: &Words, found: &mut Words) -> bool {
    let EventTest::Count(range) = test else { return false };
    let mut passing = if range.contains(0) { words::copy(candidates) } else { words::empty() };
    let mut scratch = Scratch::default();
    let known = reader.each_block(span, |whole| {
        if !by_bits(whole, *range, &mut scratch) {
            whole.rows.count_runs(whole.passing.as_deref(), &mut scratch.runs);
            let counts = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
            bits::between_counts(&scratch.runs, counts(range.min), range.max.map_or(u32::MAX, counts), &mut scratch.passes);
        }
        words::put_all(&mut passing, &whole.contacts, None, &scratch.passes);
        true
    });
    if known {
        words::and(&mut passing, candidates);
        words::or(found, &passing);
    }
    known
}

fn answer(reader: &mut Reader<'_>, test: &EventTest, slot: u16, at: usize, span: Interval) -> bool {
    let rows = reader.rows(slot, span);
    let instant_in = |row: usize, set: &Intervals| set.contains(i128::from(reader.ts(row)));
    match test {
        EventTest::Count(range) => {
            // One more than the most decides as well as all of them.
            let enough = range.max.map_or(range.min, |max| max.saturating_add(1));
            range.contains(reader.count(rows, at, enough))
        }
        EventTest::First(set, or_empty) => reader.matching(rows, at).next().map_or(*or_empty, |row| instant_in(row, set)),
        EventTest::Last(set, or_empty) => reader.matching(rows, at).next_back().map_or(*or_empty, |row| instant_in(row, set)),
    }
}
