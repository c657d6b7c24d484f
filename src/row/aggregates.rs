//! Functions over the matching events.

use super::One;
use super::events::Found;
use super::value::Val;
use crate::check::typed::{Aggregate, Function};
use crate::time::Duration;
use crate::value::Number;

impl One<'_> {
    pub(super) fn aggregate(&self, aggregate: &Aggregate) -> Option<Val> {
        let found = self.matching(&aggregate.matching);
        let values: Vec<&Val> = found.iter().filter_map(|f| f.value.as_ref()).collect();
        match aggregate.function {
            Function::Count => count(found.len()),
            Function::Sum => sum(&values).map(Val::Number),
            Function::Average if values.is_empty() => None,
            Function::Average => sum(&values)?.divide(Number::whole(i64::try_from(values.len()).ok()?)).map(Val::Number),
            Function::Min => self.extreme(&values, false),
            Function::Max => self.extreme(&values, true),
            Function::Distinct => {
                let mut different: Vec<&Val> = Vec::new();
                for value in values {
                    if !different.contains(&value) {
                        different.push(value);
                    }
                }
                count(different.len())
            }
            Function::MostFrequent(at_least) => most_frequent(&values, at_least),
            Function::First => found.first().map(|f| Val::Time(f.event.ts)),
            Function::Last => found.last().map(|f| Val::Time(f.event.ts)),
            Function::FirstOf => found.first()?.value.clone(),
            Function::LastOf => found.last()?.value.clone(),
            Function::Nth(n) => {
                let steps = usize::try_from(n.unsigned_abs()).ok()?.checked_sub(1)?;
                if n > 0 { found.get(steps) } else { found.iter().rev().nth(steps) }?.value.clone()
            }
            Function::ActiveDays => {
                let mut days: Vec<i32> = found.iter().map(|f| self.clock.day_of(f.event.ts)).collect();
                days.dedup();
                count(days.len())
            }
            Function::ActivePeriods { length, periods, at_least } => {
                let active = (1..=periods).filter(|i| self.in_period(&found, length, *i) >= at_least);
                count(active.count())
            }
        }
    }

    /// How many events lie in the i-th period before now; 1 is the newest.
    fn in_period(&self, found: &[Found<'_>], length: Duration, i: u32) -> u64 {
        let back = |n: u32| length.times(n).map_or(i64::MIN, |d| self.clock.minus(self.clock.now, &d));
        let (from, to) = (back(i), back(i - 1));
        found.iter().filter(|f| from <= f.event.ts && (f.event.ts < to || i == 1)).count() as u64
    }

    fn extreme(&self, values: &[&Val], greatest: bool) -> Option<Val> {
        let better = |a: &Val, b: &Val| {
            let ordering = a.compare(b, &self.clock);
            ordering.is_some_and(|o| if greatest { o.is_gt() } else { o.is_lt() })
        };
        values.iter().copied().reduce(|best, value| if better(value, best) { value } else { best }).cloned()
    }
}

fn count(n: usize) -> Option<Val> {
    i64::try_from(n).ok().map(Val::whole)
}

fn sum(values: &[&Val]) -> Option<Number> {
    let numbers = values.iter().map(|value| if let Val::Number(n) = value { Some(*n) } else { None });
    Number::sum(numbers.collect::<Option<Vec<_>>>()?)
}

/// The values are in order of their events.
fn most_frequent(values: &[&Val], at_least: u64) -> Option<Val> {
    let mut counts: Vec<(&Val, u64)> = Vec::new();
    for value in values {
        match counts.iter_mut().find(|(v, _)| v == value) {
            Some((_, n)) => *n += 1,
            None => counts.push((value, 1)),
        }
    }
    let most = counts.iter().map(|(_, n)| *n).max()?;
    // The first that is found occurred first.
    let (value, n) = counts.into_iter().find(|(_, n)| *n == most)?;
    (n >= at_least).then(|| value.clone())
}
