//! Functions over the events of one type in one span, block by block: all rows of a block are tested at once, then one walk
//! over its contacts makes of the rows of each what the function makes of them.

use std::ops::Range;

use super::ExecError;
use super::bits;
use super::cells::{Cell, Values, WHOLE};
use super::eval::Chunk;
use super::rows::{Reader, Whole};
use super::sinks::{Collected, Sink, Tested};
use super::tests_on_cells::CellTest;
use super::words::{self, Set};
use crate::plan::{Function, Predicate};
use crate::schema::Scalar;
use crate::store::Words;
use crate::store::column::IntColumn;
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
    let asked = words::of_slots(slots);
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
    /// Room for the packed values of a block.
    packed: Vec<u32>,
    /// The values of the rows that pass, added up.
    running: Vec<i64>,
    /// How many rows of each contact count.
    runs: Vec<u32>,
    /// The rows that pass and have a value.
    valued: Vec<u64>,
    /// How often each value occurs; 0 between contacts.
    counts: Vec<u32>,
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
    sink.open(whole);
    let (passing, ts) = (whole.passing.as_deref(), whole.rows.ts());
    let end = |rows: Range<usize>, last: bool| {
        let rows = passing.map_or(rows.clone(), |passing| bits::bounds(passing, rows));
        if rows.is_empty() { None } else { Some(if last { rows.end - 1 } else { rows.start }) }
    };
    match function {
        Function::Count => {
            whole.rows.count_runs(passing, &mut scratch.runs);
            each_counted(whole, &scratch.runs, asked, |slot, _, n| sink.int(slot, i64::from(n)));
        }
        Function::First | Function::Last => {
            let last = *function == Function::Last;
            each(whole, asked, |slot, rows| {
                if let Some(ts) = end(rows, last).and_then(|row| ts.at(row)) {
                    sink.int(slot, ts);
                }
            });
        }
        Function::ActiveDays => each(whole, asked, |slot, rows| {
            let (mut days, mut last) = (0, None);
            each_row(passing, rows, |row| {
                let day = ts.at(row).map(|ts| clock.day_of(ts));
                // Instants ascend, so repetitions follow each other.
                days += i64::from(last != day);
                last = day;
            });
            sink.int(slot, days);
        }),
        _ => {
            let Some(column) = whole.column else { return true };
            let Some(column) = whole.ints().filter(|ints| ints.len() == column.len()) else { return false };
            return attribute(whole, function, column, end, asked, scratch, sink);
        }
    }
    true
}

/// The same for functions of an attribute.
fn attribute<'c>(
    whole: &Whole<'c>,
    function: &Function,
    column: &IntColumn<'c>,
    end: impl Fn(Range<usize>, bool) -> Option<usize>,
    asked: &Words,
    scratch: &mut Scratch,
    sink: &mut impl Sink<'c>,
) -> bool {
    /// Where there can be more different values, they are counted in another way.
    const DIFFERENT: u64 = 1 << 16;
    if let Function::FirstOf | Function::LastOf = function {
        let last = *function == Function::LastOf;
        each(whole, asked, |slot, rows| {
            if let Some(int) = end(rows, last).and_then(|row| column.get(row)) {
                sink.stored(slot, int);
            }
        });
        return true;
    }
    let Scratch { packed, running, runs, valued, counts } = scratch;
    let domain = column.domain();
    if matches!(function, Function::Distinct | Function::MostFrequent(_)) && domain > DIFFERENT {
        return false;
    }
    let Some(packed) = column.packed(packed) else { return false };
    let among = valued_rows(whole, column, valued);
    let at = |row: usize| packed.get(row).copied().unwrap_or(0);
    match function {
        Function::Sum | Function::Average if !column.sums_fit() => return false,
        Function::Sum => {
            add_up(packed, column.scale(), among, running);
            each(whole, asked, |slot, rows| sink.int(slot, sum_of(running, &rows)));
        }
        Function::Average => {
            add_up(packed, column.scale(), among, running);
            whole.rows.count_runs(among, runs);
            each_counted(whole, runs, asked, |slot, rows, n| {
                if n > 0 {
                    sink.average(slot, sum_of(running, &rows), n);
                }
            });
        }
        Function::Min | Function::Max => {
            let greatest = *function == Function::Max;
            each(whole, asked, |slot, rows| {
                let mut best: Option<u32> = None;
                each_row(among, rows, |row| {
                    let value = at(row);
                    best = Some(best.map_or(value, |best| if greatest { best.max(value) } else { best.min(value) }));
                });
                if let Some(best) = best {
                    sink.int(slot, column.unpacked(best.into()));
                }
            });
        }
        Function::Distinct if domain <= 64 => each(whole, asked, |slot, rows| {
            let mut seen = 0_u64;
            each_row(among, rows, |row| seen |= 1 << (at(row) % 64));
            sink.int(slot, seen.count_ones().into());
        }),
        Function::Distinct => {
            counts.resize(usize::try_from(DIFFERENT).unwrap_or(0), 0);
            each(whole, asked, |slot, rows| {
                let mut different = 0;
                each_row(among, rows.clone(), |row| {
                    if let Some(count) = counts.get_mut(at(row) as usize) {
                        different += i64::from(*count == 0);
                        *count = 1;
                    }
                });
                forget(counts, among, rows, at);
                sink.int(slot, different);
            });
        }
        Function::MostFrequent(at_least) => {
            counts.resize(usize::try_from(DIFFERENT).unwrap_or(0), 0);
            each(whole, asked, |slot, rows| {
                let most = if domain <= Few::DIFFERENT && rows.len() <= Few::MOST {
                    let mut few = Few(0);
                    each_row(among, rows.clone(), |row| few.see(at(row)));
                    first_of_most(among, rows, at, |value| few.count(value))
                } else {
                    each_row(among, rows.clone(), |row| {
                        if let Some(count) = counts.get_mut(at(row) as usize) {
                            *count += 1;
                        }
                    });
                    let most = first_of_most(among, rows.clone(), at, |value| counts.get(value as usize).copied().unwrap_or(0));
                    forget(counts, among, rows, at);
                    most
                };
                if let Some((_, packed)) = most.filter(|(count, _)| u64::from(*count) >= *at_least) {
                    sink.stored(slot, column.unpacked(packed.into()));
                }
            });
        }
        _ => return false,
    }
    true
}

/// The contacts of a block that are asked for, with their rows.
fn each(whole: &Whole<'_>, asked: &Words, mut see: impl FnMut(u16, Range<usize>)) {
    for (slot, rows) in whole.rows.contacts() {
        if words::contains(asked, usize::from(slot)) {
            see(slot, rows);
        }
    }
}

/// The same with how many rows of each count.
fn each_counted(whole: &Whole<'_>, runs: &[u32], asked: &Words, mut see: impl FnMut(u16, Range<usize>, u32)) {
    for ((slot, rows), n) in whole.rows.contacts().zip(runs) {
        if words::contains(asked, usize::from(slot)) {
            see(slot, rows, *n);
        }
    }
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

/// The sum of some rows that follow each other.
fn sum_of(running: &[i64], rows: &Range<usize>) -> i64 {
    match (running.get(rows.start), running.get(rows.end)) {
        (Some(before), Some(after)) => after.wrapping_sub(*before),
        _ => 0,
    }
}

/// How often each of few different values occurs, in one number: counting does not wait for memory.
struct Few(u128);

impl Few {
    /// Values are below this.
    const DIFFERENT: u64 = 16;
    /// So many are seen at most.
    const MOST: usize = 255;

    fn see(&mut self, value: u32) {
        self.0 += 1 << (value % 16 * 8);
    }

    fn count(&self, value: u32) -> u32 {
        u32::from((self.0 >> (value % 16 * 8)).to_le_bytes()[0])
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
