//! Functions over the events of one type in one span, block by block: all rows of a block are tested at once, then one walk
//! over its contacts makes of the rows of each what the function makes of them.

use std::mem::take;
use std::ops::Range;

use super::ExecError;
use super::bits;
use super::cells::{Cell, Values, WHOLE};
use super::eval::Chunk;
use super::hours::{self, Told};
use super::rows::{Reader, Whole};
use super::sinks::{Collected, Kind, Made, Sink, Tested};
use super::tests_on_cells::CellTest;
use super::words::{self, Set};
use crate::plan::{Function, Predicate};
use crate::schema::Scalar;
use crate::store::Words;
use crate::store::column::IntColumn;
use crate::store::column::kernels::{self, RunOf};
use crate::time::{Interval, LocalTimes};

/// The type of the numbers that a function hands to [`Sink::int`] or [`Sink::stored`]; nothing for functions that are made
/// otherwise.
fn made(function: &Function, scalar: Option<Scalar>) -> Option<Scalar> {
    match (function, scalar) {
        (Function::Count | Function::Distinct | Function::ActiveDays, _) => Some(WHOLE),
        (Function::First | Function::Last, _) => Some(Scalar::Time),
        (Function::Sum | Function::Average | Function::FirstOf | Function::LastOf | Function::MostFrequent(_), Some(scalar)) => {
            Some(scalar)
        }
        (Function::Min | Function::Max, Some(scalar)) if scalar != Scalar::Text => Some(scalar),
        _ => None,
    }
}

/// The values of a function for some contacts, whose slots ascend; nothing where they must be made contact by contact.
pub(super) fn values<'c>(
    chunk: &Chunk<'c>,
    reader: &mut Reader<'c>,
    function: &Function,
    span: Interval,
    slots: &[u16],
) -> Result<Option<Values<'c>>, ExecError> {
    let Some(scalar) = made(function, reader.scalar()) else { return Ok(None) };
    let asked = chunk.set_of(slots);
    let mut sink = Collected::new(function, slots, chunk.data.len as usize);
    let whole = sweep(chunk, reader, function, span, &asked, &mut sink)?;
    Ok(whole.then(|| sink.values(scalar)))
}

/// The contacts of `asked` whose value passes a test that compares with no value of theirs; nothing where the values must be
/// made contact by contact.
pub(super) fn passing<'c>(
    chunk: &Chunk<'c>,
    reader: &mut Reader<'c>,
    function: &Function,
    span: Interval,
    (predicate, test, or_empty): (&Predicate, &CellTest<'c>, bool),
    asked: &Words,
) -> Result<Option<Set>, ExecError> {
    let Some(scalar) = made(function, reader.scalar()) else { return Ok(None) };
    let nothing = if function.counts() { test.passes(Cell::Int(scalar, 0), 0) } else { or_empty };
    let found = if nothing { words::copy(asked) } else { words::empty() };
    let mut sink = Tested::new((predicate, test), scalar, found);
    let whole = sweep(chunk, reader, function, span, asked, &mut sink)?;
    Ok(whole.then(|| sink.found()))
}

fn sweep<'c>(
    chunk: &Chunk<'c>,
    reader: &mut Reader<'c>,
    function: &Function,
    span: Interval,
    asked: &Words,
    sink: &mut impl Sink<'c>,
) -> Result<bool, ExecError> {
    let mut scratch = Scratch::default();
    let mut state = Ok(());
    let whole = reader.each_block(span, |whole| {
        state = chunk.check_cancelled();
        state.is_ok() && block(whole, function, chunk.context.clock, asked, &mut scratch, sink)
    });
    state.map(|()| whole)
}

/// Memory that is used again.
#[derive(Default)]
struct Scratch {
    /// What the function makes of each contact of the block.
    values: Vec<i64>,
    /// Who has a value.
    said: Vec<u64>,
    /// Of how many rows, by contact.
    of: Vec<u32>,
    /// Room for the packed values of a block.
    packed: Vec<u32>,
    /// Room for numbers on their way, by row and by contact.
    running: Vec<u32>,
    runs: Vec<u32>,
    /// How often values came so far.
    so_far: Vec<kernels::Counts>,
    /// The values of the rows that pass, added up.
    sums: Vec<i64>,
    /// The rows that pass and have a value.
    valued: Vec<u64>,
    /// How often each value occurs; 0 between contacts.
    counts: Vec<u32>,
    /// Sets of rows on their way.
    rows: Vec<u64>,
    again: Vec<u64>,
    /// Sets of contacts, or of rows of those that have enough.
    enough: Vec<u64>,
}

/// Hands on what a function makes of the contacts of a block; not of every column.
fn block<'c>(
    whole: &Whole<'c>,
    function: &Function,
    clock: &LocalTimes,
    asked: &Words,
    scratch: &mut Scratch,
    sink: &mut impl Sink<'c>,
) -> bool {
    let ts = whole.rows.ts();
    let kind = match function {
        Function::Count => {
            whole.rows.count_runs(whole.passing.as_deref(), &mut scratch.of);
            kernels::widened(&scratch.of, &mut scratch.values);
            Kind::Whole
        }
        Function::First | Function::Last => {
            let last = *function == Function::Last;
            each(whole, asked, scratch, |rows| end(whole, rows, last).and_then(|row| ts.at(row)));
            Kind::Whole
        }
        Function::ActiveDays => {
            let range = sink.range().unwrap_or((i64::MIN, i64::MAX));
            if first_of_days(whole, clock, range.0, scratch) {
                if let (Ok(least @ 1..=MOST), i64::MAX) = (u32::try_from(range.0), range.1) {
                    bits::drop_firsts(least - 1, whole.rows.boundaries(), &mut scratch.rows);
                    bits::any_in_runs(whole.rows.boundaries(), &scratch.rows, &mut scratch.said);
                    sink.pass(whole, &scratch.said, asked);
                    return true;
                }
                whole.rows.count_runs(Some(&scratch.rows), &mut scratch.of);
                kernels::widened(&scratch.of, &mut scratch.values);
            } else {
                active_days(whole, clock, asked, scratch);
            }
            Kind::Whole
        }
        _ => {
            let Some(column) = whole.column else { return true };
            let Some(column) = whole.ints().filter(|ints| ints.len() == column.len()) else { return false };
            match attribute(whole, function, column, (asked, sink.pivot()), scratch) {
                Some(kind) => kind,
                None => return false,
            }
        }
    };
    // Of no rows at all these functions make a number too.
    let said = if function.counts() { None } else { Some(scratch.said.as_slice()) };
    sink.take(whole, &Made { kind, values: &scratch.values, said, counts: &scratch.of }, asked);
    true
}

/// The same for functions of an attribute, in `values` and who has one; nothing where they must be made in another way.
fn attribute(
    whole: &Whole<'_>,
    function: &Function,
    column: &IntColumn<'_>,
    (asked, pivot): (&Words, Option<i64>),
    scratch: &mut Scratch,
) -> Option<Kind> {
    /// Where there can be more different values, they are counted in another way.
    const DIFFERENT: u64 = 1 << 16;
    if let Function::FirstOf | Function::LastOf = function {
        let last = *function == Function::LastOf;
        if !of_ends(whole, column, last, scratch) {
            each(whole, asked, scratch, |rows| end(whole, rows, last).and_then(|row| column.get(row)));
        }
        return Some(Kind::Stored);
    }
    let domain = column.domain();
    if matches!(function, Function::Distinct | Function::MostFrequent(_)) && domain > DIFFERENT {
        return None;
    }
    let (mut packed, mut valued) = (take(&mut scratch.packed), take(&mut scratch.valued));
    let kind = {
        let packed = column.packed(&mut packed)?;
        let among = valued_rows(whole, column, &mut valued);
        of_packed(whole, function, column, (packed, among), (asked, pivot), scratch)
    };
    (scratch.packed, scratch.valued) = (packed, valued);
    kind
}

/// The same of packed values, those alone that count.
fn of_packed(
    whole: &Whole<'_>,
    function: &Function,
    column: &IntColumn<'_>,
    (packed, among): (&[u32], Option<&[u64]>),
    (asked, pivot): (&Words, Option<i64>),
    scratch: &mut Scratch,
) -> Option<Kind> {
    let domain = column.domain();
    let at = |row: usize| packed.get(row).copied().unwrap_or(0);
    let most = |counts: &mut Vec<u32>| {
        counts.resize(usize::try_from(domain).unwrap_or(0), 0);
        take(counts)
    };
    match function {
        Function::Sum | Function::Average if !column.sums_fit() => None,
        Function::Sum => {
            sums(whole, column, 0, packed, among, scratch);
            Some(Kind::Whole)
        }
        Function::Average => {
            any(whole, among, &mut scratch.said);
            if let Some(pivot) = pivot.filter(|pivot| narrow(whole, column, *pivot).is_some()) {
                sums(whole, column, pivot, packed, among, scratch);
                return Some(Kind::FromPivot);
            }
            sums(whole, column, 0, packed, among, scratch);
            whole.rows.count_runs(among, &mut scratch.of);
            Some(Kind::Average)
        }
        Function::Min | Function::Max => {
            any(whole, among, &mut scratch.said);
            let best = if *function == Function::Max { RunOf::Greatest } else { RunOf::LeastBelowMost };
            best.each(whole.rows.boundaries(), packed, among, &mut scratch.runs);
            let value = |best: u32| column.unpacked(u64::from(if *function == Function::Max { best } else { !best }));
            scratch.values.clear();
            scratch.values.extend(scratch.runs.iter().map(|best| value(*best)));
            Some(Kind::Whole)
        }
        Function::Distinct if domain <= 32 => {
            RunOf::Set.each(whole.rows.boundaries(), packed, among, &mut scratch.runs);
            scratch.values.clear();
            scratch.values.extend(scratch.runs.iter().map(|set| i64::from(set.count_ones())));
            Some(Kind::Whole)
        }
        Function::Distinct => {
            let mut counts = most(&mut scratch.counts);
            each(whole, asked, scratch, |rows| {
                let mut different = 0;
                each_row(among, rows.clone(), |row| {
                    if let Some(count) = counts.get_mut(at(row) as usize) {
                        different += i64::from(*count == 0);
                        *count = 1;
                    }
                });
                forget(&mut counts, among, rows, at);
                Some(different)
            });
            scratch.counts = counts;
            Some(Kind::Whole)
        }
        Function::MostFrequent(at_least) if domain <= kernels::FEW => {
            let Scratch { so_far, runs, values, said, .. } = scratch;
            kernels::most_frequent((whole.rows.ends(), whole.rows.boundaries()), packed, among, so_far, runs);
            values.clear();
            values.extend(runs.iter().map(|most| column.unpacked(u64::from(*most) % kernels::FEW)));
            let enough = (*at_least).max(1).saturating_mul(kernels::FEW);
            bits::between_counts(runs, u32::try_from(enough).unwrap_or(u32::MAX), u32::MAX, said);
            Some(Kind::Stored)
        }
        Function::MostFrequent(at_least) => {
            let mut counts = most(&mut scratch.counts);
            each(whole, asked, scratch, |rows| {
                each_row(among, rows.clone(), |row| {
                    if let Some(count) = counts.get_mut(at(row) as usize) {
                        *count += 1;
                    }
                });
                let most = first_of_most(among, rows.clone(), at, |value| counts.get(value as usize).copied().unwrap_or(0));
                forget(&mut counts, among, rows, at);
                most.filter(|(count, _)| u64::from(*count) >= *at_least).map(|(_, packed)| column.unpacked(packed.into()))
            });
            scratch.counts = counts;
            Some(Kind::Stored)
        }
        _ => None,
    }
}

/// What a function makes of the rows of each contact that is asked for, one after the other.
fn each(whole: &Whole<'_>, asked: &Words, scratch: &mut Scratch, mut make: impl FnMut(Range<usize>) -> Option<i64>) {
    let Scratch { values, said, .. } = scratch;
    values.clear();
    said.clear();
    for (at, (slot, rows)) in whole.rows.contacts().enumerate() {
        let made = if words::contains(asked, usize::from(slot)) { make(rows) } else { None };
        values.push(made.unwrap_or(0));
        if at % 64 == 0 {
            said.push(0);
        }
        if let Some(word) = said.last_mut() {
            *word |= u64::from(made.is_some()) << (at % 64);
        }
    }
}

/// Who has any of some rows.
fn any(whole: &Whole<'_>, among: Option<&[u64]>, out: &mut Vec<u64>) {
    if let Some(among) = among {
        bits::any_in_runs(whole.rows.boundaries(), among, out);
    } else {
        out.clear();
        out.extend(bits::first(whole.rows.slots().len()));
    }
}

/// The values of the last rows of all contacts, or of the first ones, if those are the ones that count of whomever any do: windows mostly reach
/// to one end. Not for columns with empty places.
fn of_ends(whole: &Whole<'_>, column: &IntColumn<'_>, last: bool, scratch: &mut Scratch) -> bool {
    let Scratch { values, said, rows, enough, .. } = scratch;
    if !column.is_full() {
        return false;
    }
    any(whole, whole.passing.as_deref(), said);
    if let Some(passing) = &whole.passing {
        let boundaries = whole.rows.boundaries();
        rows.clear();
        rows.extend_from_slice(passing);
        bits::keep_ends(last, boundaries, rows);
        bits::any_in_runs(boundaries, rows, enough);
        if enough != said {
            return false;
        }
    }
    values.clear();
    let ends = whole.rows.ends().iter().map(|end| *end as usize);
    if last {
        column.each(ends.map(|end| end - 1), |_, value| values.push(value));
    } else {
        column.each([0].into_iter().chain(ends).take(whole.rows.slots().len()), |_, value| values.push(value));
    }
    true
}

/// The first or the last of the rows of a contact that pass.
fn end(whole: &Whole<'_>, rows: Range<usize>, last: bool) -> Option<usize> {
    let row = if last { rows.end.checked_sub(1)? } else { rows.start };
    match whole.passing.as_deref() {
        _ if rows.is_empty() => None,
        // Windows mostly reach from one end of the rows to some way in.
        Some(passing) if !bits::contains(passing, row) => {
            let rows = bits::bounds(passing, rows);
            if rows.is_empty() { None } else { Some(if last { rows.end - 1 } else { rows.start }) }
        }
        _ => Some(row),
    }
}

/// Leaves one row for each day on which a contact has events, or any less than `least` if those are less; `false` where single instants have to
/// be asked.
fn first_of_days(whole: &Whole<'_>, clock: &LocalTimes, least: i64, scratch: &mut Scratch) -> bool {
    let Some(span) = whole.plain else { return false };
    let (boundaries, ts) = (whole.rows.boundaries(), whole.rows.ts());
    let Scratch { running, rows, again, enough, .. } = scratch;
    rows.clear();
    match &whole.passing {
        Some(passing) => rows.extend_from_slice(passing),
        None => rows.extend(bits::first(ts.len())),
    }
    enough.clear();
    enough.extend_from_slice(rows);
    if let Ok(least @ 2..=MOST) = u32::try_from(least) {
        keep_words_with(least, boundaries, rows, enough, again);
    }
    if !hours::local(ts, Told::Days, (enough, span), clock, running) {
        return false;
    }
    again.clear();
    again.resize(rows.len(), 0);
    bits::repeated(running, enough, again);
    bits::and_not(again, boundaries);
    // A row whose day is that of the row before is left out if that one counts: instants ascend, and the rows of a contact that
    // lie in a span follow each other.
    let mut before = 0;
    for (row, again) in rows.iter_mut().zip(again) {
        let passing = *row;
        *row &= !(*again & (passing << 1 | before >> 63));
        before = passing;
    }
    true
}

/// Looking for more rows or days than that takes longer than counting them. Less than 64, so that the first of so many rows lies in the word
/// before at most.
const MOST: u32 = 20;

/// Keeps the words of rows, each of which is a copy, that may belong to a run of which `least` have a bit: who has less rows does not have so many
/// days.
fn keep_words_with(least: u32, boundaries: &[u64], rows: &[u64], copy: &mut [u64], room: &mut Vec<u64>) {
    bits::keep_from(least, boundaries, copy, room);
    let mut next = 0;
    for (word, rows) in copy.iter_mut().zip(rows).rev() {
        let kept = *word;
        *word = if kept | next == 0 { 0 } else { *rows };
        next = kept;
    }
}

/// The number of days on which events lie.
fn active_days(whole: &Whole<'_>, clock: &LocalTimes, asked: &Words, scratch: &mut Scratch) {
    let ts = whole.rows.ts();
    each(whole, asked, scratch, |rows| {
        let (mut days, mut last) = (0, None);
        each_row(whole.passing.as_deref(), rows, |row| {
            let day = ts.at(row).map(|ts| clock.day_of(ts));
            // Instants ascend, so repetitions follow each other.
            days += i64::from(last != day);
            last = day;
        });
        Some(days)
    });
}

/// The sums of how far the values of each contact lie above a number, those alone that count.
fn sums(whole: &Whole<'_>, column: &IntColumn<'_>, from: i64, packed: &[u32], among: Option<&[u64]>, scratch: &mut Scratch) {
    let Scratch { values, running, sums, .. } = scratch;
    let (base, unit) = column.scale();
    if let Some(factors) = narrow(whole, column, from) {
        return kernels::sum_runs(whole.rows.boundaries(), packed, factors, among, running, values);
    }
    values.clear();
    add_up(packed, (base.wrapping_sub(from), unit), among, sums);
    let mut before = 0;
    values.extend(whole.rows.ends().iter().map(|end| {
        let up_to = sums.get(*end as usize).copied().unwrap_or(0);
        let sum = up_to.wrapping_sub(before);
        before = up_to;
        sum
    }));
}

/// What has to be added to packed values, and the unit that makes of them how far the values lie above a number; if no sum of a contact
/// needs more than 32 bits before that.
fn narrow(whole: &Whole<'_>, column: &IntColumn<'_>, from: i64) -> Option<(u32, i64)> {
    let (base, unit) = column.scale();
    let unit = i64::try_from(unit).ok()?;
    let base = base.checked_sub(from)?;
    if base % unit != 0 {
        return None;
    }
    let least = base / unit;
    let greatest = least.checked_add(i64::try_from(column.domain()).ok()?)?;
    let furthest = least.unsigned_abs().max(greatest.unsigned_abs()).checked_mul(whole.longest)?;
    i32::try_from(furthest).ok()?;
    i64::try_from(furthest).ok()?.checked_mul(unit)?;
    Some((i32::try_from(least).ok()?.cast_unsigned(), unit))
}

/// Those rows of a range that count.
fn each_row(among: Option<&[u64]>, rows: Range<usize>, see: impl FnMut(usize)) {
    match among {
        None => rows.for_each(see),
        Some(among) => bits::each_in(among, rows, see),
    }
}

/// The rows that pass and have a value; nothing where all do.
fn valued_rows<'v>(whole: &'v Whole<'_>, column: &IntColumn<'_>, valued: &'v mut Vec<u64>) -> Option<&'v [u64]> {
    if column.is_full() {
        return whole.passing.as_deref();
    }
    valued.clear();
    valued.resize(column.len().div_ceil(64), 0);
    column.present_into(valued);
    if let Some(passing) = &whole.passing {
        bits::and(valued, passing);
    }
    Some(valued)
}

/// Values added up from the first on, those alone that count; one more sum than values. `base + unit * packed` are the values.
fn add_up(packed: &[u32], (base, unit): (i64, u64), among: Option<&[u64]>, out: &mut Vec<i64>) {
    out.clear();
    out.reserve(packed.len() + 1);
    let mut sum = 0_i64;
    out.push(sum);
    let value = |packed: u32| base.wrapping_add_unsigned(unit.wrapping_mul(packed.into()));
    match among {
        None => out.extend(packed.iter().map(|packed| {
            sum = sum.wrapping_add(value(*packed));
            sum
        })),
        Some(among) => {
            for (packed, word) in packed.chunks(64).zip(among) {
                if *word == 0 {
                    out.resize(out.len() + packed.len(), sum);
                    continue;
                }
                out.extend(packed.iter().enumerate().map(|(bit, packed)| {
                    let counts = 0_i64.wrapping_sub((word >> bit & 1).cast_signed());
                    sum = sum.wrapping_add(value(*packed) & counts);
                    sum
                }));
            }
        }
    }
}

/// The value of some rows with the greatest count; of equally frequent ones the one that comes first.
fn first_of_most(
    among: Option<&[u64]>,
    rows: Range<usize>,
    at: impl Fn(usize) -> u32,
    count: impl Fn(u32) -> u32,
) -> Option<(u32, u32)> {
    let mut best: Option<(u32, u32)> = None;
    each_row(among, rows, |row| {
        let count = count(at(row));
        if best.is_none_or(|(most, _)| count > most) {
            best = Some((count, at(row)));
        }
    });
    best
}

fn forget(counts: &mut [u32], among: Option<&[u64]>, rows: Range<usize>, at: impl Fn(usize) -> u32) {
    each_row(among, rows, |row| {
        if let Some(count) = counts.get_mut(at(row) as usize) {
            *count = 0;
        }
    });
}
