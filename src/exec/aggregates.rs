//! Functions over the matching events: one pass over the rows of the contacts that are asked for.

use std::rc::Rc;

use super::ExecError;
use super::cells::{Cell, Key, Values, WHOLE};
use super::eval::Chunk;
use super::matched::Matched;
use super::operands::Operands;
use super::rows::Reader;
use super::sinks::average;
use super::sweep;
use super::tests_on_cells::CellTest;
use super::words::{self, Set};
use crate::plan::{Aggregate, Function, Predicate, TimeSpan};
use crate::schema::Scalar;
use crate::store::Words;
use crate::time::{Interval, LocalTimes};
use crate::value::{Decimal, Number};

/// The values of a function for some contacts, whose slots ascend.
pub(super) fn aggregate<'c>(chunk: &mut Chunk<'c>, aggregate: &'c Aggregate, slots: &[u16]) -> Result<Values<'c>, ExecError> {
    let mut matched = Matched::new(chunk, &aggregate.sources, &aggregate.span, |see| aggregate.exprs(see), slots)?;
    if let Function::ActivePeriods { starts, .. } = &aggregate.function
        && let Some(first) = starts.last()
    {
        matched.begin_at(*first);
    }
    if let TimeSpan::Fixed(span) = aggregate.span {
        if let Some(values) = summarised(chunk, &mut matched, &aggregate.function, span, slots)? {
            return Ok(values);
        }
        if let [reader] = matched.readers_mut()
            && let Some(values) = sweep::values(chunk, reader, &aggregate.function, span, slots)?
        {
            return Ok(values);
        }
    }
    let mut maker = Maker {
        function: &aggregate.function,
        clock: chunk.context.clock,
        uniform: uniform(&matched),
        scratch: Scratch::default(),
    };
    let mut values = Values::Same(None);
    for (at, slot) in slots.iter().enumerate() {
        if at % 1024 == 1023 {
            chunk.check_cancelled()?;
        }
        matched.seek(*slot, at);
        if let Some(cell) = maker.value(&mut matched) {
            values.put(slots.len(), at, cell);
        }
    }
    Ok(values)
}

/// The contacts of `asked` for which a function passes a test that compares with no value of theirs, without making the values;
/// nothing where they must be made.
pub(super) fn passing<'c>(
    chunk: &mut Chunk<'c>,
    aggregate: &'c Aggregate,
    test: (&Predicate, &CellTest<'c>, bool),
    asked: &Words,
) -> Result<Option<Set>, ExecError> {
    let ([source], TimeSpan::Fixed(span)) = (aggregate.sources.as_slice(), &aggregate.span) else { return Ok(None) };
    if has_summary(&aggregate.function) && source.filter.is_none() {
        return Ok(None);
    }
    let operands = Rc::new(Operands::default());
    match Reader::new(chunk.context, chunk.data, source, &operands, words::count(asked)) {
        Some(mut reader) => sweep::passing(chunk, &mut reader, &aggregate.function, *span, test, asked),
        None => Ok(None),
    }
}

/// Whether summaries can say what a function makes of the events of a whole type.
fn has_summary(function: &Function) -> bool {
    matches!(function, Function::Count | Function::First | Function::Last)
}

/// `count`, `first` and `last` of whole types from the summaries, but for contacts on the edge of the span.
fn summarised<'c>(
    chunk: &Chunk<'c>,
    matched: &mut Matched<'c>,
    function: &Function,
    span: Interval,
    slots: &[u16],
) -> Result<Option<Values<'c>>, ExecError> {
    if !has_summary(function) || !matched.readers().iter().all(Reader::is_plain) {
        return Ok(None);
    }
    matched.readers().iter().for_each(|r| chunk.data.meter.summaries(&r.events().summary, slots.len()));
    let mut ints = Vec::with_capacity(slots.len());
    for (at, slot) in slots.iter().enumerate() {
        if at % 1024 == 1023 {
            chunk.check_cancelled()?;
        }
        let mut result = if *function == Function::Count { Some(0) } else { None };
        for reader in matched.readers_mut() {
            let own = match summary(reader, function, usize::from(*slot), span) {
                Known::Nothing => continue,
                Known::Is(n) => n,
                Known::InRows => match ends(reader, function, *slot, span) {
                    Some(n) => n,
                    None => continue,
                },
            };
            result = Some(result.map_or(own, |known: i64| match function {
                Function::Count => known.saturating_add(own),
                Function::First => known.min(own),
                _ => known.max(own),
            }));
        }
        ints.push(result);
    }
    let ints = ints.into_iter().collect();
    let scalar = if *function == Function::Count { WHOLE } else { Scalar::Time };
    Ok(Some(Values::Ints(scalar, ints)))
}

/// What a summary says of one contact.
enum Known {
    Is(i64),
    /// Nothing lies in the span.
    Nothing,
    /// Its rows must be read.
    InRows,
}

fn summary(reader: &Reader<'_>, function: &Function, slot: usize, span: Interval) -> Known {
    let summary = &reader.events().summary;
    let (Some(first), Some(last)) = (summary.first().get(slot), summary.last().get(slot)) else { return Known::Nothing };
    if span.is_empty() || last < span.lo || first > span.hi {
        return Known::Nothing;
    }
    let (begins, ends) = (first >= span.lo, last <= span.hi);
    match function {
        Function::Count if begins && ends => summary.count().get(slot).map_or(Known::InRows, Known::Is),
        Function::First if begins => Known::Is(first),
        Function::Last if ends => Known::Is(last),
        _ => Known::InRows,
    }
}

/// The same from the rows of a contact, all of which count.
fn ends(reader: &mut Reader<'_>, function: &Function, slot: u16, span: Interval) -> Option<i64> {
    let mut rows = reader.rows(slot, span);
    match function {
        Function::Count => i64::try_from(rows.len()).ok(),
        Function::First => rows.next().map(|row| reader.ts(row)),
        _ => rows.next_back().map(|row| reader.ts(row)),
    }
}

/// The type of the attribute where all readers have one and the same; what has no attribute has no say.
fn uniform(matched: &Matched<'_>) -> Option<Scalar> {
    let mut scalars = matched.readers().iter().filter_map(Reader::scalar);
    let first = scalars.next()?;
    scalars.all(|s| s == first).then_some(first)
}

/// Makes values, one contact after the other.
struct Maker<'f, 'c> {
    function: &'f Function,
    clock: &'c LocalTimes,
    uniform: Option<Scalar>,
    scratch: Scratch<'c>,
}

/// Memory that is used again.
#[derive(Default)]
struct Scratch<'c> {
    ints: Vec<i64>,
    keys: Vec<(Key<'c>, usize, Cell<'c>)>,
    counted: Vec<(i64, usize)>,
}

impl<'c> Maker<'_, 'c> {
    fn value(&mut self, matched: &mut Matched<'c>) -> Option<Cell<'c>> {
        if matched.is_empty() {
            return match self.function {
                // Of the type that other sums have.
                Function::Sum => Some(Cell::Int(self.uniform.unwrap_or(WHOLE), 0)),
                function => function.counts().then_some(Cell::whole(0)),
            };
        }
        match self.function {
            Function::Count => Some(Cell::count(matched.count())),
            Function::Sum => self.sum(matched).map(|(sum, _)| sum),
            Function::Average => {
                let (sum, n) = self.sum(matched)?;
                average(sum, n).map(Cell::Number)
            }
            Function::Min => self.extreme(matched, false),
            Function::Max => self.extreme(matched, true),
            Function::Distinct => Some(Cell::count(self.distinct(matched))),
            Function::MostFrequent(at_least) => self.most_frequent(matched, *at_least),
            Function::First => matched.end(false).map(|found| Cell::Int(Scalar::Time, found.ts)),
            Function::Last => matched.end(true).map(|found| Cell::Int(Scalar::Time, found.ts)),
            Function::FirstOf => matched.end(false).and_then(|found| matched.cell(found)),
            Function::LastOf => matched.end(true).and_then(|found| matched.cell(found)),
            Function::Nth(n) => matched.nth(*n).and_then(|found| matched.cell(found)),
            Function::ActiveDays => Some(Cell::count(self.active_days(matched))),
            Function::ActivePeriods { starts, at_least } => Some(Cell::count(self.active_periods(matched, starts, *at_least))),
        }
    }

    /// The sum of the values and their number.
    fn sum(&self, matched: &Matched<'c>) -> Option<(Cell<'c>, u64)> {
        let (mut all, mut scaled, mut n) = (Number::whole(0), 0_i128, 0);
        for (reader, rows) in matched.by_source() {
            let mut sum = 0_i128;
            if let Some(ints) = reader.ints() {
                ints.each(rows, |_, value| {
                    sum += i128::from(value);
                    n += 1;
                });
            }
            if self.uniform.is_some() {
                scaled += sum;
            } else if let Some(Scalar::Number { decimals }) = reader.scalar() {
                all = all.add(Decimal::new(sum, decimals).into())?;
            }
        }
        let sum = match (self.uniform, i64::try_from(scaled)) {
            (Some(scalar), Ok(sum)) => Cell::Int(scalar, sum),
            (Some(Scalar::Number { decimals }), Err(_)) => Cell::Number(Decimal::new(scaled, decimals).into()),
            _ => Cell::Number(all),
        };
        Some((sum, n))
    }

    fn extreme(&self, matched: &Matched<'c>, greatest: bool) -> Option<Cell<'c>> {
        let better = |a: Cell<'_>, b: Cell<'_>| {
            a.compare(b, self.clock).is_some_and(|ordering| if greatest { ordering.is_gt() } else { ordering.is_lt() })
        };
        let mut best: Option<Cell<'c>> = None;
        for (reader, rows) in matched.by_source() {
            let Some(ints) = reader.ints() else { continue };
            let mut own: Option<i64> = None;
            ints.each(rows, |_, value| {
                own = Some(own.map_or(value, |own| if greatest { own.max(value) } else { own.min(value) }));
            });
            let Some(own) = own.and_then(|int| reader.cell_of(int)) else { continue };
            best = Some(best.filter(|best| !better(own, *best)).unwrap_or(own));
        }
        best
    }

    fn distinct(&mut self, matched: &Matched<'c>) -> u64 {
        if let [reader] = matched.readers() {
            // Within one block equal texts have equal codes.
            let (all, Some(ints)) = (&mut self.scratch.ints, reader.ints()) else { return 0 };
            let rows = matched.by_source().flat_map(|(_, rows)| rows);
            all.clear();
            ints.each(rows, |_, value| all.push(value));
            all.sort_unstable();
            all.dedup();
            return all.len() as u64;
        }
        let keys = &mut self.scratch.keys;
        keys.clear();
        for (reader, rows) in matched.by_source() {
            keys.extend(rows.filter_map(|row| reader.cell(row)).filter_map(|cell| Some((cell.key()?, 0, cell))));
        }
        keys.sort_unstable_by_key(|(key, ..)| *key);
        keys.dedup_by_key(|(key, ..)| *key);
        keys.len() as u64
    }

    fn most_frequent(&mut self, matched: &mut Matched<'c>, at_least: u64) -> Option<Cell<'c>> {
        if matched.readers().len() == 1 {
            let counted = &mut self.scratch.counted;
            counted.clear();
            for (reader, rows) in matched.by_source() {
                let ints = reader.ints()?;
                ints.each(rows, |row, value| counted.push((value, row)));
            }
            counted.sort_unstable();
            let int = most_of(counted.iter().map(|(int, at)| (*int, *at)), at_least)?;
            return matched.readers().first()?.cell_of(int);
        }
        matched.ordered();
        let keys = &mut self.scratch.keys;
        keys.clear();
        for (at, found) in matched.found().iter().enumerate() {
            if let Some(cell) = matched.cell(*found)
                && let Some(key) = cell.key()
            {
                keys.push((key, at, cell));
            }
        }
        keys.sort_unstable_by_key(|(key, at, _)| (*key, *at));
        let most = most_of(keys.iter().map(|(key, at, _)| (*key, *at)), at_least)?;
        let at = keys.partition_point(|(key, ..)| *key < most);
        keys.get(at).map(|(_, _, cell)| *cell)
    }

    fn active_days(&mut self, matched: &Matched<'c>) -> u64 {
        let days = &mut self.scratch.ints;
        days.clear();
        for (reader, rows) in matched.by_source() {
            for row in rows {
                let day = i64::from(self.clock.day_of(reader.ts(row)));
                // Instants ascend, so repetitions follow each other.
                if days.last() != Some(&day) {
                    days.push(day);
                }
            }
        }
        days.sort_unstable();
        days.dedup();
        days.len() as u64
    }

    fn active_periods(&mut self, matched: &Matched<'c>, starts: &[i64], at_least: u64) -> u64 {
        let ints = &mut self.scratch.ints;
        ints.clear();
        for (reader, rows) in matched.by_source() {
            for row in rows {
                let ts = reader.ts(row);
                // Starts descend: the period of an event is the first that begins not after it.
                let period = starts.partition_point(|start| *start > ts);
                if period < starts.len() {
                    ints.push(i64::try_from(period).unwrap_or(i64::MAX));
                }
            }
        }
        ints.sort_unstable();
        ints.chunk_by(|a, b| a == b).filter(|period| period.len() as u64 >= at_least).count() as u64
    }
}

/// The most frequent of sorted values with their places, of equally frequent ones the one whose first place is first.
fn most_of<K: Copy + PartialEq>(sorted: impl Iterator<Item = (K, usize)>, at_least: u64) -> Option<K> {
    let mut best: Option<(u64, usize, K)> = None;
    let mut run: Option<(u64, usize, K)> = None;
    let mut close = |run: Option<(u64, usize, K)>| {
        if let Some((n, first, _)) = run
            && best.is_none_or(|(most, earliest, _)| n > most || n == most && first < earliest)
        {
            best = run;
        }
    };
    for (key, at) in sorted {
        run = match run {
            Some((n, first, current)) if current == key => Some((n + 1, first, current)),
            other => {
                close(other);
                Some((1, at, key))
            }
        };
    }
    close(run);
    best.filter(|(n, ..)| *n >= at_least).map(|(_, _, key)| key)
}
