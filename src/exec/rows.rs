//! Tests on single events, brought to the columns of a block once, then asked row by row.

use super::chunk::{Block, ChunkData};
use super::eval::Context;
use super::fields::value_passes;
use crate::plan::{Intervals, Predicate, RowFilter};
use crate::store::column::{CodeSet, Column, IntColumn};

/// A filter over the columns of one block.
pub(super) enum RowTest<'b> {
    Always(bool),
    All(Vec<RowTest<'b>>),
    Any(Vec<RowTest<'b>>),
    Not(Box<RowTest<'b>>),
    /// The packed number is in one interval.
    Range {
        column: &'b IntColumn<'b>,
        lo: i64,
        hi: i64,
        or_empty: bool,
    },
    /// The packed number is in a set.
    Ints {
        column: &'b IntColumn<'b>,
        set: &'b Intervals,
        or_empty: bool,
    },
    /// The code is in a set.
    Codes {
        codes: &'b IntColumn<'b>,
        set: CodeSet,
        or_empty: bool,
    },
    /// Everything else, value by value.
    Value {
        column: &'b Column<'b>,
        predicate: &'b Predicate,
        or_empty: bool,
    },
}

impl<'b> RowTest<'b> {
    /// The test of a filter on a block.
    pub fn new(context: &Context<'_>, block: &'b Block<'_>, filter: &'b RowFilter) -> Self {
        match filter {
            RowFilter::All(parts) => Self::All(parts.iter().map(|p| Self::new(context, block, p)).collect()),
            RowFilter::Any(parts) => Self::Any(parts.iter().map(|p| Self::new(context, block, p)).collect()),
            RowFilter::Not(inner) => match Self::new(context, block, inner) {
                Self::Always(answer) => Self::Always(!answer),
                test => Self::Not(Box::new(test)),
            },
            RowFilter::Instant(set) => Self::Ints { column: block.rows.ts(), set, or_empty: false },
            RowFilter::Attr { attr, predicate, or_empty } => {
                let or_empty = *or_empty;
                // Nobody has the attribute in this block.
                let Some(column) = block.attributes.get(attr) else { return Self::Always(or_empty) };
                match (column.as_ref(), predicate) {
                    (Column::Int(column), Predicate::In(set)) => {
                        let mut intervals = set.iter_i64();
                        match (intervals.next(), intervals.next()) {
                            (Some((lo, hi)), None) => Self::Range { column, lo, hi, or_empty },
                            _ => Self::Ints { column, set, or_empty },
                        }
                    }
                    (Column::Text(column), Predicate::Text(test)) => {
                        let set = context.prepared.codes(column, test);
                        if set.is_empty() && !or_empty {
                            Self::Always(false)
                        } else {
                            Self::Codes { codes: column.codes(), set, or_empty }
                        }
                    }
                    (column, predicate) => Self::Value { column, predicate, or_empty },
                }
            }
        }
    }

    /// Whether no row passes.
    pub fn is_never(&self) -> bool {
        match self {
            Self::Always(answer) => !answer,
            Self::All(parts) => parts.iter().any(Self::is_never),
            Self::Any(parts) => parts.iter().all(Self::is_never),
            _ => false,
        }
    }

    /// Whether a row of the contact at `slot` passes.
    pub fn passes(&self, context: &Context<'_>, data: &ChunkData<'_>, row: usize, slot: usize) -> bool {
        match self {
            Self::Always(answer) => *answer,
            Self::All(parts) => parts.iter().all(|p| p.passes(context, data, row, slot)),
            Self::Any(parts) => parts.iter().any(|p| p.passes(context, data, row, slot)),
            Self::Not(inner) => !inner.passes(context, data, row, slot),
            Self::Range { column, lo, hi, or_empty } => column.get(row).map_or(*or_empty, |n| *lo <= n && n <= *hi),
            Self::Ints { column, set, or_empty } => column.get(row).map_or(*or_empty, |n| set.contains(i128::from(n))),
            Self::Codes { codes, set, or_empty } => {
                codes.get(row).map_or(*or_empty, |code| u32::try_from(code).is_ok_and(|c| set.contains(c)))
            }
            Self::Value { column, predicate, or_empty } => {
                if value_passes(context, data, column, row, slot, &Predicate::Set) {
                    value_passes(context, data, column, row, slot, predicate)
                } else {
                    *or_empty
                }
            }
        }
    }
}
