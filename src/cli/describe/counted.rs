//! Values on their way to a distribution: they are counted in columns, never collected, so that millions take little memory and
//! Ctrl-C need not wait.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::super::contact::moment;
use super::super::failure::Failure;
use super::super::table;
use super::Part;
use super::numbers::{Numbers, Sorted};
use super::texts::Texts;
use crate::exec::Cancel;
use crate::schema::{Column as Definition, Scalar};
use crate::store::column::{Column, Hasher, IntColumn, TextColumn};
use crate::syntax::quoted;
use crate::time::{Clock, LocalTimes, date_parts, format_date};
use crate::value::Decimal;

/// Values of a text that are shown.
const SHOWN: usize = 10;
/// Months beyond which years are counted.
const MONTHS: usize = 24;
/// Rows between two looks at the cancel flag.
const SOME: usize = 1 << 16;

/// Values of one column.
pub struct Counted<'t> {
    values: Values<'t>,
    /// Places that have a value.
    with: u64,
    /// Elements of lists.
    elements: u64,
}

enum Values<'t> {
    Texts(Texts<'t>),
    Numbers(Numbers),
    /// What is shown by months: how many values each day has, the least and the greatest value.
    Days {
        dates: bool,
        days: HashMap<i32, u64, Hasher>,
        bounds: Option<(i64, i64)>,
    },
}

impl<'t> Counted<'t> {
    /// Nothing yet.
    pub fn of(scalar: Scalar) -> Self {
        let values = match scalar {
            Scalar::Text => Values::Texts(Texts::default()),
            Scalar::Number { .. } | Scalar::Bool => Values::Numbers(Numbers::default()),
            Scalar::Date | Scalar::Time => Values::Days { dates: scalar == Scalar::Date, days: HashMap::default(), bounds: None },
        };
        Self { values, with: 0, elements: 0 }
    }

    /// How many places have a value.
    pub fn with(&self) -> u64 {
        self.with
    }

    /// Adds some places of a column. What is cancelled is not complete.
    pub fn add(&mut self, column: &Column<'t>, places: &[Range<usize>], times: &LocalTimes, cancel: &Cancel) {
        match column {
            Column::Int(column) => self.add_numbers(column, places, times, cancel),
            Column::Text(column) => self.with += self.add_texts(column, places, cancel),
            Column::List(list) => {
                let before = self.with;
                // The elements of neighbours are neighbours.
                let items: Vec<Range<usize>> = places
                    .iter()
                    .filter(|run| !run.is_empty())
                    .map(|run| list.range(run.start).start..list.range(run.end - 1).end)
                    .collect();
                self.add(list.items(), &items, times, cancel);
                let some = places.iter().cloned().flatten().filter(|place| !list.range(*place).is_empty()).count();
                self.with = before + some as u64;
                self.elements += items.iter().map(|run| run.len() as u64).sum::<u64>();
            }
        }
    }

    fn add_texts(&mut self, column: &TextColumn<'t>, places: &[Range<usize>], cancel: &Cancel) -> u64 {
        let Values::Texts(texts) = &mut self.values else { return 0 };
        let mut counts = vec![0_u64; column.distinct() as usize];
        each(column.codes(), places, cancel, &mut |code| {
            if let Some(count) = usize::try_from(code).ok().and_then(|code| counts.get_mut(code)) {
                *count += 1;
            }
        });
        let mut with = 0;
        for (code, count) in (0..).zip(counts).filter(|(_, count)| *count > 0) {
            if code % 4096 == 0 && cancel.is_cancelled() {
                break;
            }
            with += count;
            texts.add(column.value(code).unwrap_or_default(), count);
        }
        with
    }

    /// Adds some places of a column of numbers, dates, instants or bools. What is cancelled is not complete.
    pub fn add_numbers(&mut self, column: &IntColumn<'_>, places: &[Range<usize>], times: &LocalTimes, cancel: &Cancel) {
        let with = &mut self.with;
        match &mut self.values {
            Values::Texts(_) => {}
            Values::Numbers(numbers) => each(column, places, cancel, &mut |n| {
                *with += 1;
                numbers.add(n, cancel);
            }),
            Values::Days { dates, days, bounds } => {
                // Values of one contact are often of one day.
                let mut last = (0, 0);
                let dates = *dates;
                each(column, places, cancel, &mut |n| {
                    *with += 1;
                    *bounds = Some(bounds.map_or((n, n), |(least, most)| (least.min(n), most.max(n))));
                    let day = if dates { day_of(n) } else { times.day_of(n) };
                    if day == last.0 {
                        last.1 += 1;
                    } else {
                        flush(days, std::mem::replace(&mut last, (day, 1)));
                    }
                });
                flush(days, last);
            }
        }
    }

    /// Facts in words, and counts.
    pub fn finish(self, column: &Definition, clock: &Clock, cancel: &Cancel) -> Result<(Vec<String>, Option<Part>), Failure> {
        let mut notes = Vec::new();
        if column.ty.is_list() {
            notes.push(format!("{} elements", table::grouped(self.elements)));
        }
        let part = match self.values {
            Values::Texts(texts) => most_frequent(texts, column, cancel),
            Values::Numbers(numbers) => {
                let numbers = numbers.finish(cancel);
                distribution(&numbers, column.ty.scalar(), &mut notes)
            }
            Values::Days { dates, days, bounds } => bounds.map(|(least, most)| {
                let shown = |n: i64| if dates { format_date(day_of(n)) } else { moment(n, clock.zone) };
                notes.push(format!("{} to {}", shown(least), shown(most)));
                timeline(days.into_iter())
            }),
        };
        if cancel.is_cancelled() { Err(Failure::Interrupted) } else { Ok((notes, part)) }
    }
}

/// Hands on the values of some places that have one, until nobody wants them any more.
fn each(column: &IntColumn<'_>, places: &[Range<usize>], cancel: &Cancel, see: &mut dyn FnMut(i64)) {
    for run in places {
        for from in run.clone().step_by(SOME) {
            if cancel.is_cancelled() {
                return;
            }
            column.each(from..run.end.min(from + SOME), |_, n| see(n));
        }
    }
}

fn flush(days: &mut HashMap<i32, u64, Hasher>, (day, count): (i32, u64)) {
    if count > 0 {
        *days.entry(day).or_default() += count;
    }
}

fn day_of(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX })
}

fn most_frequent<'t>(mut texts: Texts<'t>, column: &'t Definition, cancel: &Cancel) -> Option<Part> {
    // What could be and is not is worth knowing.
    column.values.iter().flatten().for_each(|value| texts.add(value, 0));
    let (rows, more) = texts.most_frequent(SHOWN, cancel)?;
    let rows: Vec<(String, u64)> = rows.into_iter().map(|(text, n)| (quoted(&text), n)).collect();
    (!rows.is_empty()).then(|| Part { title: String::new(), rows, more })
}

fn distribution(numbers: &Sorted, scalar: Scalar, notes: &mut Vec<String>) -> Option<Part> {
    let (least, most) = numbers.bounds()?;
    let rows = if let Scalar::Number { decimals } = scalar {
        let shown = |n: i64| Decimal::new(i128::from(n), decimals).to_string();
        let at = |percent: u64| shown(numbers.at((numbers.len() - 1) * percent / 100).unwrap_or(0));
        notes.push(format!("{} to {}, median {}, 90 % up to {}", shown(least), shown(most), at(50), at(90)));
        histogram(numbers, decimals)
    } else {
        let no = numbers.below(1);
        vec![("true".to_owned(), numbers.len() - no), ("false".to_owned(), no)]
    };
    Some(Part { title: String::new(), rows, more: None })
}

/// Counts in about ten steps of 1, 2 or 5 times a power of ten, up to what 99 in 100 reach; the last step has the rest.
fn histogram(numbers: &Sorted, decimals: u8) -> Vec<(String, u64)> {
    let Some((least, most)) = numbers.bounds() else { return Vec::new() };
    let high = numbers.at(numbers.len() * 99 / 100).unwrap_or(most);
    let spread = (i128::from(high) - i128::from(least)).max(1);
    let mut step = 1_i128;
    let mut factors = [2, 5, 10].into_iter().cycle();
    let mut unit = 1_i128;
    while spread / step > 10 {
        let factor = factors.next().unwrap_or(10);
        step = unit * factor;
        if factor == 10 {
            unit *= 10;
        }
    }
    let shown = |n: i128| Decimal::new(n, decimals).to_string();
    let mut rows = Vec::new();
    let mut from = i128::from(least).div_euclid(step) * step;
    let mut at = 0;
    while at < numbers.len() {
        let last = from + step > i128::from(high);
        let end = if last { numbers.len() } else { numbers.below(from + step) };
        let label = if last && i128::from(most) >= from + step {
            format!("{} and more", shown(from))
        } else {
            format!("{} to {}", shown(from), shown(from + step))
        };
        rows.push((label, end - at));
        at = end;
        from += step;
    }
    rows
}

/// Counts by month; by year where there are many.
fn timeline(days: impl Iterator<Item = (i32, u64)>) -> Part {
    let mut months: BTreeMap<(i64, i64), u64> = BTreeMap::new();
    for (day, n) in days {
        let parts = date_parts(day);
        *months.entry((parts.year, parts.month)).or_default() += n;
    }
    if months.len() <= MONTHS {
        let rows = months.into_iter().map(|((year, month), n)| (format!("{year:04}-{month:02}"), n)).collect();
        return Part { title: String::new(), rows, more: None };
    }
    let mut years: BTreeMap<i64, u64> = BTreeMap::new();
    for ((year, _), n) in months {
        *years.entry(year).or_default() += n;
    }
    Part { title: String::new(), rows: years.into_iter().map(|(year, n)| (format!("{year:04}"), n)).collect(), more: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::column::{encode_ints, encode_list, encode_texts};

    fn sorted(numbers: impl IntoIterator<Item = i64>) -> Sorted {
        let cancel = Cancel::default();
        let mut all = Numbers::default();
        numbers.into_iter().for_each(|n| all.add(n, &cancel));
        all.finish(&cancel)
    }

    #[test]
    fn steps_that_people_would_choose() {
        let rows = histogram(&sorted(0..=1000), 0);
        assert_eq!(rows.first().unwrap(), &("0 to 100".to_owned(), 100));
        assert_eq!(rows.iter().map(|(_, n)| n).sum::<u64>(), 1001);
        assert_eq!(histogram(&sorted([5]), 0), [("5 to 6".to_owned(), 1)]);
        let skewed = std::iter::repeat_n(150, 995).chain([1_000_000; 5]);
        let rows = histogram(&sorted(skewed), 2);
        assert!(rows.last().unwrap().0.contains("and more"), "{rows:?}");
        assert_eq!(rows.iter().map(|(_, n)| n).sum::<u64>(), 1000);
    }

    /// What is said of some places of a column.
    fn of(
        scalar: Scalar,
        bytes: &[u8],
        places: &[Range<usize>],
        cancel: &Cancel,
    ) -> Result<(u64, Vec<String>, Vec<u64>), Failure> {
        let clock = Clock { now: 1_761_998_400_000, zone: chrono_tz::Europe::Warsaw };
        let column = Column::decode(bytes).unwrap();
        let ty = match &column {
            Column::List(_) => crate::schema::ColumnType::List(scalar),
            _ => crate::schema::ColumnType::Scalar(scalar),
        };
        let mut counted = Counted::of(scalar);
        counted.add(&column, places, &LocalTimes::new(clock), cancel);
        let with = counted.with();
        let (notes, part) = counted.finish(&Definition::new("x", ty), &clock, cancel)?;
        Ok((with, notes, part.map_or(Vec::new(), |part| part.rows.into_iter().map(|(_, n)| n).collect())))
    }

    #[test]
    fn places_that_count() {
        let go_on = Cancel::default();
        let texts = encode_texts(&[Some("a"), None, Some("b"), Some("a"), Some("c")], false);
        assert_eq!(of(Scalar::Text, &texts, &[0..2, 3..5], &go_on).unwrap(), (3, vec![], vec![2, 1]));
        let list = encode_list(&[2, 0, 1, 1], &encode_texts(&[Some("a"), Some("b"), Some("b"), Some("c")], false));
        assert_eq!(of(Scalar::Text, &list, &[0..1, 1..3], &go_on).unwrap(), (2, vec!["3 elements".to_owned()], vec![2, 1]));
        let bools = encode_ints(&[Some(1), Some(0), None, Some(1), Some(1)]);
        assert_eq!(of(Scalar::Bool, &bools, &[0..1, 1..4], &go_on).unwrap(), (3, vec![], vec![2, 1]));
        // The first midnight of November in Warsaw is at 23:00 of the world's time.
        let midnight = 1_761_951_600_000;
        let times = encode_ints(&[Some(midnight - 1), Some(midnight), None, Some(midnight + 1)]);
        let (with, notes, months) = of(Scalar::Time, &times, &[0..1, 1..4], &go_on).unwrap();
        assert_eq!((with, notes.len(), months), (3, 1, vec![1, 2]));
        let dates = encode_ints(&[Some(0), Some(-1), Some(30)]);
        assert_eq!(of(Scalar::Date, &dates, &[0..1, 1..3], &go_on).unwrap().2, [1, 2]);
    }

    #[test]
    fn what_is_cancelled_is_no_answer() {
        let cancel = Cancel::default();
        cancel.cancel();
        let texts = encode_texts(&[Some("a")], false);
        assert!(matches!(of(Scalar::Text, &texts, &[0..1, 1..1], &cancel), Err(Failure::Interrupted)));
        assert!(matches!(of(Scalar::Bool, &encode_ints(&[Some(1)]), &[0..1, 1..1], &cancel), Err(Failure::Interrupted)));
    }
}
