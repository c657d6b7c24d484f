//! Functions over the matching events: one pass over the rows of the contacts that are asked for.

use super::ExecError;
use super::bits;
use super::cells::{Cell, Key, Values, WHOLE};
use super::eval::Chunk;
use super::matched::Matched;
use super::rows::Reader;
use crate::plan::{Aggregate, Function, TimeSpan};
use crate::schema::Scalar;
use crate::store::column::IntColumn;
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
        if let Some(values) = of_one_column(chunk, &mut matched, &aggregate.function, span, slots)? {
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

/// `count`, `first` and `last` of whole types from the summaries, but for contacts on the edge of the span.
fn summarised<'c>(
    chunk: &Chunk<'c>,
    matched: &mut Matched<'c>,
    function: &Function,
    span: Interval,
    slots: &[u16],
) -> Result<Option<Values<'c>>, ExecError> {
    if !matches!(function, Function::Count | Function::First | Function::Last) || !matched.readers().iter().all(Reader::is_plain)
    {
        return Ok(None);
    }
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
    let scalar = if *function == Function::Count { WHOLE } else { Scalar::Time };
    Ok(Some(Values::Ints(scalar, ints)))
}

/// Functions of one attribute of one type in one span, without the detour over single values. Nothing for others, and where a
/// sum does not fit.
fn of_one_column<'c>(
    chunk: &Chunk<'c>,
    matched: &mut Matched<'c>,
    function: &Function,
    span: Interval,
    slots: &[u16],
) -> Result<Option<Values<'c>>, ExecError> {
    let [reader] = matched.readers_mut() else { return Ok(None) };
    let Some(scalar) = reader.scalar() else { return Ok(None) };
    let mut ints: Vec<Option<i64>> = Vec::with_capacity(slots.len());
    let mut cells: Vec<Option<Cell<'c>>> = Vec::new();
    for (at, slot) in slots.iter().enumerate() {
        if at % 1024 == 1023 {
            chunk.check_cancelled()?;
        }
        let rows = reader.rows(*slot, span);
        if !reader.knows_passing() {
            return Ok(None);
        }
        let (column, among) = (reader.ints().filter(|_| !rows.is_empty()), reader.passing());
        let passes = |row: &usize| among.is_none_or(|among| bits::contains(among, *row));
        match function {
            Function::Sum => {
                let (sum, _) = column.map_or((0, 0), |column| column.sum(rows, among));
                let Ok(sum) = i64::try_from(sum) else { return Ok(None) };
                ints.push(Some(sum));
            }
            Function::Average => {
                let (sum, n) = column.map_or((0, 0), |column| column.sum(rows, among));
                let Ok(sum) = i64::try_from(sum) else { return Ok(None) };
                cells.push(average(Cell::Int(scalar, sum), n).map(Cell::Number));
            }
            Function::Min | Function::Max if !matches!(scalar, Scalar::Text) => {
                let mut best: Option<i64> = None;
                let greatest = matches!(function, Function::Max);
                if let Some(column) = column {
                    column.each(rows.filter(passes), |_, value| {
                        best = Some(best.map_or(value, |best| if greatest { best.max(value) } else { best.min(value) }));
                    });
                }
                ints.push(best);
            }
            Function::FirstOf | Function::LastOf => {
                let mut rows = rows.filter(passes);
                let row = if matches!(function, Function::LastOf) { rows.next_back() } else { rows.next() };
                cells.push(row.and_then(|row| reader.cell(row)));
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(if cells.is_empty() { Values::Ints(scalar, ints) } else { Values::Cells(cells) }))
}

/// The average of so many values with a sum; nothing of none.
fn average(sum: Cell<'_>, n: u64) -> Option<Number> {
    match sum {
        Cell::Int(Scalar::Number { decimals }, sum) if decimals <= 18 => {
            Number::fraction(i128::from(sum), i128::from(n) * 10_i128.pow(u32::from(decimals)))
        }
        sum => sum.number()?.divide(Number::whole(i64::try_from(n).ok()?)),
    }
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
            if let Some(least) = small(ints) {
                let mut seen = 0_u64;
                ints.each(rows, |_, value| seen |= 1 << (value.abs_diff(least) % BITS));
                return u64::from(seen.count_ones());
            }
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
                if let Some(least) = small(ints) {
                    let most = most_of_few(ints, least, rows, at_least)?;
                    return reader.cell_of(most);
                }
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

/// Values that fit into the bits of a word.
const BITS: u64 = 64;

/// The least value of a column that has few different ones.
fn small(ints: &IntColumn<'_>) -> Option<i64> {
    let (least, greatest) = ints.bounds();
    (greatest.abs_diff(least) < BITS).then_some(least)
}

/// The most frequent of few different values, of equally frequent ones the one that comes first.
fn most_of_few(ints: &IntColumn<'_>, least: i64, rows: impl Iterator<Item = usize>, at_least: u64) -> Option<i64> {
    let (mut counts, mut order, mut different) = ([0_u64; BITS as usize], [0_usize; BITS as usize], 0);
    ints.each(rows, |_, value| {
        let Ok(place) = usize::try_from(value.abs_diff(least)) else { return };
        if let Some(count) = counts.get_mut(place) {
            if *count == 0
                && let Some(slot) = order.get_mut(different)
            {
                *slot = place;
                different += 1;
            }
            *count += 1;
        }
    });
    let mut best = None;
    for place in order.iter().take(different) {
        let count = counts.get(*place).copied().unwrap_or(0);
        if count >= at_least && best.is_none_or(|(most, _)| count > most) {
            best = Some((count, *place));
        }
    }
    best.and_then(|(_, place)| least.checked_add_unsigned(place as u64))
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
