//! Atoms on fields and on the contact's id.

use std::cmp::Ordering;
use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use super::ExecError;
use super::chunk::ChunkData;
use super::eval::Context;
use super::words::{self, Set};
use crate::check::typed::{HasOp, TextOp};
use crate::plan::{Atom, Intervals, Node, Plan, Predicate, RowFilter, TextPredicate};
use crate::schema::{FieldId, Scalar};
use crate::store::column::{CodeSet, Column, IntColumn, TextColumn};
use crate::store::{StoreError, Words};
use crate::time::is_anniversary;
use crate::value::{Decimal, Folding, fold};

/// Regular expressions of a plan, compiled once.
pub(super) struct Prepared {
    patterns: HashMap<(String, bool), Regex>,
}

impl Prepared {
    pub fn new(plan: &Plan) -> Self {
        let mut prepared = Self { patterns: HashMap::new() };
        for (_, node) in plan.nodes() {
            match node {
                Node::Atom(Atom::Field { predicate, .. } | Atom::ContactId(predicate)) => prepared.add(predicate),
                Node::Atom(Atom::Events(events)) => prepared.add_filter(events.filter.as_ref()),
                _ => {}
            }
        }
        prepared
    }

    fn add(&mut self, predicate: &Predicate) {
        if let Predicate::Text(TextPredicate::Matches(source, case, _)) = predicate
            // The checker has compiled it with a limit on its size already.
            && let Ok(regex) = RegexBuilder::new(source).case_insensitive(*case).build()
        {
            self.patterns.insert((source.clone(), *case), regex);
        }
    }

    fn add_filter(&mut self, filter: Option<&RowFilter>) {
        match filter {
            Some(RowFilter::All(parts) | RowFilter::Any(parts)) => parts.iter().for_each(|p| self.add_filter(Some(p))),
            Some(RowFilter::Not(inner)) => self.add_filter(Some(inner)),
            Some(RowFilter::Attr { predicate, .. }) => self.add(predicate),
            Some(RowFilter::Instant(_)) | None => {}
        }
    }

    /// The codes of a dictionary that pass a test.
    pub fn codes(&self, column: &TextColumn<'_>, test: &TextPredicate) -> CodeSet {
        match test {
            TextPredicate::In(list, folding, negated) => {
                let found = if folding.is_exact() {
                    let mut set = CodeSet::none(column.distinct());
                    list.iter().filter_map(|text| column.find(text)).for_each(|code| set.insert(code));
                    set
                } else {
                    column.matching(|text| is_in(list, &fold(text, *folding)))
                };
                if *negated { found.complement(column.distinct()) } else { found }
            }
            TextPredicate::Part(TextOp::StartsWith, needle, folding) if folding.is_exact() => column.with_prefix(needle),
            TextPredicate::Part(op, needle, folding) => column.matching(|text| part(*op, &fold(text, *folding), needle)),
            TextPredicate::Matches(source, case, folding) => match self.patterns.get(&(source.clone(), *case)) {
                Some(regex) => column.matching(|text| regex.is_match(&fold(text, *folding))),
                None => CodeSet::none(column.distinct()),
            },
        }
    }
}

fn is_in(sorted: &[String], text: &str) -> bool {
    sorted.binary_search_by(|t| t.as_str().cmp(text)).is_ok()
}

fn part(op: TextOp, text: &str, needle: &str) -> bool {
    match op {
        TextOp::Contains => text.contains(needle),
        TextOp::StartsWith => text.starts_with(needle),
        TextOp::EndsWith => text.ends_with(needle),
        TextOp::Equal => text == needle,
        TextOp::NotEqual => text != needle,
    }
}

/// The contacts of `within` whose field passes.
pub(super) fn field(
    context: &Context<'_>,
    data: &ChunkData<'_>,
    field: FieldId,
    predicate: &Predicate,
    or_empty: bool,
    within: &Words,
) -> Result<Set, ExecError> {
    let Some(column) = data.fields.get(&field) else {
        return Ok(if or_empty { Box::new(*within) } else { words::empty() });
    };
    let mut set = passing(context, data, column, predicate, within)?;
    if or_empty {
        let mut present = words::empty();
        present_into(column, present.as_mut_slice());
        // Everybody who has no value, besides those whose value passes.
        set.iter_mut().zip(present.iter()).for_each(|(s, p)| *s |= !p);
    }
    words::and(&mut set, within);
    Ok(set)
}

/// Sets the bits of the slots that have a value.
fn present_into(column: &Column<'_>, out: &mut [u64]) {
    match column {
        Column::Int(c) => c.present_into(out),
        Column::Text(c) => c.codes().present_into(out),
        Column::List(c) => c.present_into(out),
    }
}

/// The slots whose value passes, at least among `within`.
fn passing(
    context: &Context<'_>,
    data: &ChunkData<'_>,
    column: &Column<'_>,
    predicate: &Predicate,
    within: &Words,
) -> Result<Set, ExecError> {
    /// With more intervals than this, looking at each value is faster than a scan for each interval.
    const SCANS: usize = 8;
    let mut set = words::empty();
    match (predicate, column) {
        (Predicate::Never, _) => {}
        (Predicate::Set, column) => present_into(column, set.as_mut_slice()),
        (Predicate::In(intervals), Column::Int(column)) if intervals.iter().take(SCANS + 1).count() <= SCANS => {
            intervals.iter_i64().for_each(|(lo, hi)| column.scan(lo, hi, set.as_mut_slice()));
        }
        (Predicate::Text(test), Column::Text(column)) => {
            let codes = context.prepared.codes(column, test);
            column.scan(&codes, set.as_mut_slice()).ok_or_else(|| StoreError::damaged("a bitmap of a field"))?;
        }
        _ => {
            for slot in words::iter(within).filter(|slot| value_passes(context, data, column, *slot, *slot, predicate)) {
                words::insert(&mut set, slot);
            }
        }
    }
    Ok(set)
}

/// Whether the value at a place of a column passes, for the contact at `slot`. Empty: no.
pub(super) fn value_passes(
    context: &Context<'_>,
    data: &ChunkData<'_>,
    column: &Column<'_>,
    place: usize,
    slot: usize,
    predicate: &Predicate,
) -> bool {
    match (predicate, column) {
        (Predicate::Set, Column::Int(c)) => c.is_present(place),
        (Predicate::Set, Column::Text(c)) => c.codes().is_present(place),
        (Predicate::Set, Column::List(c)) => !c.range(place).is_empty(),
        (Predicate::In(set), Column::Int(c)) => c.get(place).is_some_and(|n| set.contains(i128::from(n))),
        (Predicate::Text(test), Column::Text(c)) => {
            c.code(place).is_some_and(|code| context.prepared.codes(c, test).contains(code))
        }
        (Predicate::Anniversary(within, scalar), Column::Int(c)) => c.get(place).is_some_and(|n| {
            let day = if *scalar == Scalar::Time { context.clock.day_of(n) } else { i32::try_from(n).unwrap_or(i32::MAX) };
            is_anniversary(day, within, context.clock)
        }),
        (Predicate::HasText(op, list, folding), Column::List(c)) => {
            let Column::Text(items) = c.items() else { return false };
            let range = c.range(place);
            !range.is_empty() && has(*op, list.iter().map(|wanted| range.clone().any(|i| text_is(items, i, wanted, *folding))))
        }
        (Predicate::HasNumber(op, list), Column::List(c)) => {
            let Column::Int(items) = c.items() else { return false };
            let range = c.range(place);
            !range.is_empty() && has(*op, list.iter().map(|wanted| range.clone().any(|i| number_in(items, i, wanted))))
        }
        (Predicate::HasField(op, field, decimals, other_decimals), Column::List(c)) => {
            let Some(Column::List(other)) = data.fields.get(field).map(AsRef::as_ref) else { return false };
            let (range, others) = (c.range(place), other.range(slot));
            let equal = |i: usize, o: usize| {
                compare((c.items(), i, *decimals), (other.items(), o, *other_decimals)) == Some(Ordering::Equal)
            };
            // An element without a value is like none.
            let is_set = |o: &usize| value_passes(context, data, other.items(), *o, slot, &Predicate::Set);
            !range.is_empty() && !others.is_empty() && has(*op, others.filter(is_set).map(|o| range.clone().any(|i| equal(i, o))))
        }
        (Predicate::Field(op, field, scalar, other_scalar), column) => {
            let decimals = |s: &Scalar| if let Scalar::Number { decimals } = s { *decimals } else { 0 };
            let Some(other) = data.fields.get(field) else { return false };
            compare((column, place, decimals(scalar)), (other, slot, decimals(other_scalar)))
                .is_some_and(|ordering| op.accepts(ordering))
        }
        _ => false,
    }
}

fn has(op: HasOp, mut hits: impl Iterator<Item = bool>) -> bool {
    match op {
        HasOp::Any => hits.any(|h| h),
        HasOp::All => hits.all(|h| h),
        HasOp::None => !hits.any(|h| h),
    }
}

fn text_is(items: &TextColumn<'_>, at: usize, wanted: &str, folding: Folding) -> bool {
    items.text(at).is_some_and(|text| fold(text, folding) == wanted)
}

fn number_in(items: &IntColumn<'_>, at: usize, wanted: &Intervals) -> bool {
    items.get(at).is_some_and(|n| wanted.contains(i128::from(n)))
}

/// Two values by order; `None` when one is empty.
fn compare((a, at, a_decimals): (&Column<'_>, usize, u8), (b, bt, b_decimals): (&Column<'_>, usize, u8)) -> Option<Ordering> {
    match (a, b) {
        (Column::Int(a), Column::Int(b)) => {
            let (a, b) = (a.get(at)?, b.get(bt)?);
            Some(if a_decimals == b_decimals {
                a.cmp(&b)
            } else {
                Decimal::new(i128::from(a), a_decimals).cmp(&Decimal::new(i128::from(b), b_decimals))
            })
        }
        (Column::Text(a), Column::Text(b)) => Some(a.text(at)?.cmp(b.text(bt)?)),
        _ => None,
    }
}

/// The contacts of `within` whose id passes.
pub(super) fn contact_id(context: &Context<'_>, data: &ChunkData<'_>, predicate: &Predicate, within: &Words) -> Set {
    let mut set = words::empty();
    match predicate {
        Predicate::Set => return Box::new(*within),
        Predicate::Text(test) => {
            let mut base = 0;
            for column in data.ids.iter().flat_map(|ids| ids.iter()) {
                let Column::Text(ids) = column else { continue };
                let codes = context.prepared.codes(ids, test);
                for slot in (0..column.len()).filter(|slot| ids.code(*slot).is_some_and(|code| codes.contains(code))) {
                    words::insert(&mut set, base + slot);
                }
                base += column.len();
            }
        }
        _ => {}
    }
    words::and(&mut set, within);
    set
}
