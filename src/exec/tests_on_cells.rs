//! Tests on single values, prepared once for many of them.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;

use regex::Regex;

use super::anniversaries::Anniversaries;
use super::cells::{Cell, Key, List, Values, clamp_day};
use super::ends::Ends;
use super::eval::Context;
use super::operands::Operands;
use crate::check::typed::{CompareOp, HasOp};
use crate::plan::{Intervals, NumberTest, Predicate, TextPredicate};
use crate::schema::Scalar;
use crate::time::LocalTimes;
use crate::value::{Decimal, Folding, Number, fold};

/// A predicate with everything it needs for some contacts.
pub(super) struct CellTest<'c> {
    predicate: &'c Predicate,
    regex: Option<&'c Regex>,
    operands: Vec<Rc<Values<'c>>>,
    ends: Option<Ends<'c>>,
    clock: &'c LocalTimes,
    /// The integers of the first scale that was met which pass.
    scaled: OnceCell<(u8, Intervals)>,
    anniversaries: Option<&'c Anniversaries>,
}

impl<'c> CellTest<'c> {
    pub fn new(context: &'c Context<'_>, predicate: &'c Predicate, operands: &Operands<'c>) -> Self {
        let mut own = Vec::new();
        let ends = if let Predicate::Window(window) = predicate {
            Some(Ends::new(window, operands, context.clock))
        } else {
            predicate.exprs(&mut |id| own.push(operands.get(id)));
            None
        };
        let regex = match predicate {
            Predicate::Text(text) => context.prepared.regex(text),
            _ => None,
        };
        let anniversaries = match predicate {
            Predicate::Anniversary(within) => context.prepared.anniversaries(within, context.clock),
            _ => None,
        };
        Self { predicate, regex, operands: own, ends, clock: context.clock, scaled: OnceCell::new(), anniversaries }
    }

    /// The one interval that integers of a type must lie in, where that is the whole test.
    pub fn range(&self, scalar: Scalar) -> Option<(i64, i64)> {
        let set = match (self.predicate, scalar) {
            (Predicate::In(set), _) => set,
            (Predicate::Number(test), Scalar::Number { decimals }) => self.scaled(test, decimals)?,
            (Predicate::Moment { days, .. }, Scalar::Date) => days,
            (Predicate::Moment { instants, .. }, Scalar::Time) => instants,
            (Predicate::Set, _) => return Some((i64::MIN, i64::MAX)),
            _ => return None,
        };
        let mut intervals = set.iter_i64();
        match (intervals.next(), intervals.next()) {
            (None, _) => Some((1, 0)),
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    fn scaled(&self, test: &NumberTest, decimals: u8) -> Option<&Intervals> {
        let (scale, set) = self.scaled.get_or_init(|| (decimals, test.scaled(decimals)));
        (*scale == decimals).then_some(set)
    }

    /// Whether a value of the contact at position `at` passes.
    pub fn passes(&self, cell: Cell<'_>, at: usize) -> bool {
        match self.predicate {
            // Records are tested where their columns are.
            Predicate::Never | Predicate::Items(..) => false,
            Predicate::Set => true,
            Predicate::In(set) => matches!(cell, Cell::Int(_, n) if set.contains(i128::from(n))),
            Predicate::Number(test) => self.number(test, cell),
            Predicate::Moment { days, instants } => match cell {
                Cell::Int(Scalar::Date, day) => days.contains(i128::from(day)),
                Cell::Int(Scalar::Time, ms) => instants.contains(i128::from(ms)),
                _ => false,
            },
            Predicate::Text(test) => matches!(cell, Cell::Text(text) if self.text(test, text)),
            Predicate::Anniversary(_) => {
                cell.day(self.clock).is_some_and(|day| self.anniversaries.is_some_and(|days| days.contains(day)))
            }
            Predicate::HasText(op, wanted, folding) => {
                let Cell::List(list) = cell else { return false };
                let found = list.cells().filter_map(|c| if let Cell::Text(t) = c { Some(t) } else { None });
                has(*op, wanted.len(), found.filter_map(|t| wanted.binary_search_by(|w| w.as_str().cmp(&fold(t, *folding))).ok()))
            }
            Predicate::HasNumber(op, wanted) => {
                let Cell::List(list) = cell else { return false };
                let place = |n: Number| wanted.binary_search_by(|w| Number::from(*w).cmp(&n)).ok();
                has(*op, wanted.len(), list.cells().filter_map(Cell::number).filter_map(place))
            }
            Predicate::HasValue(op, _, folding) => match (cell, self.operand(0, at)) {
                (Cell::List(list), Some(Cell::List(other))) => self.has_value(*op, list, other, *folding),
                _ => false,
            },
            Predicate::Value(op, _, folding) => self.operand(0, at).is_some_and(|o| self.against(cell, *op, o, *folding)),
            Predicate::BetweenValues(..) => match (self.operand(0, at), self.operand(1, at)) {
                (Some(from), Some(to)) => {
                    let holds = |op, other| self.against(cell, op, other, Folding::default());
                    holds(CompareOp::GreaterOrEqual, from) && holds(CompareOp::LessOrEqual, to)
                }
                _ => false,
            },
            Predicate::TextValue(op, _, folding) => match (cell, self.operand(0, at)) {
                (Cell::Text(text), Some(Cell::Text(needle))) => {
                    TextPredicate::is_part(*op, &fold(text, *folding), &fold(needle, *folding))
                }
                _ => false,
            },
            Predicate::InValue(_, folding, negated) => match self.operand(0, at) {
                Some(Cell::List(list)) => {
                    list.cells().any(|item| self.against(cell, CompareOp::Equal, item, *folding)) != *negated
                }
                _ => false,
            },
            Predicate::Window(_) => {
                let Some(ends) = &self.ends else { return false };
                match cell {
                    Cell::Int(Scalar::Date, day) => ends.days(at).is_some_and(|w| w.contains(clamp_day(day).into())),
                    Cell::Int(Scalar::Time, ms) => ends.instants(at).is_some_and(|w| w.contains(ms)),
                    _ => false,
                }
            }
        }
    }

    fn operand(&self, which: usize, at: usize) -> Option<Cell<'c>> {
        self.operands.get(which)?.get(at)
    }

    fn number(&self, test: &NumberTest, cell: Cell<'_>) -> bool {
        match cell {
            Cell::Int(Scalar::Number { decimals }, n) => match self.scaled(test, decimals) {
                Some(set) => set.contains(i128::from(n)),
                None => test.accepts(Decimal::new(i128::from(n), decimals).into()),
            },
            Cell::Number(n) => test.accepts(n),
            _ => false,
        }
    }

    fn text(&self, test: &TextPredicate, text: &str) -> bool {
        match test {
            TextPredicate::In(list, folding, negated) => TextPredicate::is_in(list, &fold(text, *folding)) != *negated,
            TextPredicate::Part(op, needle, folding) => TextPredicate::is_part(*op, &fold(text, *folding), needle),
            TextPredicate::Matches(_, _, folding) => self.regex.is_some_and(|r| r.is_match(&fold(text, *folding))),
        }
    }

    fn against(&self, cell: Cell<'_>, op: CompareOp, other: Cell<'_>, folding: Folding) -> bool {
        let ordering = match (cell, other) {
            (Cell::Text(a), Cell::Text(b)) => Some(fold(a, folding).cmp(&fold(b, folding))),
            _ => cell.compare(other, self.clock),
        };
        ordering.is_some_and(|o| op.accepts(o))
    }

    fn has_value(&self, op: HasOp, list: List<'_>, other: List<'_>, folding: Folding) -> bool {
        /// Above so many comparisons the elements are hashed.
        const FEW: usize = 256;
        let alike = std::mem::discriminant(&list.scalar()) == std::mem::discriminant(&other.scalar());
        if !alike || list.len().saturating_mul(other.len()) <= FEW {
            let hit = |o: Cell<'_>| list.cells().any(|item| self.against(item, CompareOp::Equal, o, folding));
            let mut hits = other.cells().map(hit);
            return match op {
                HasOp::Any => hits.any(|h| h),
                HasOp::All => hits.all(|h| h),
                HasOp::None => !hits.any(|h| h),
            };
        }
        let folded = |cell: Cell<'_>| match cell.key()? {
            Key::Text(text) => Some((0, 0, fold(text, folding).into_owned())),
            Key::Int(kind, n) => Some((kind, n, String::new())),
        };
        let items: HashSet<(u8, i64, String)> = list.cells().filter_map(folded).collect();
        let mut hits = other.cells().filter_map(folded).map(|o| items.contains(&o));
        match op {
            HasOp::Any => hits.any(|h| h),
            HasOp::All => hits.all(|h| h),
            HasOp::None => !hits.any(|h| h),
        }
    }
}

/// Whether the wanted ones that were found, by position, are enough.
pub(super) fn has(op: HasOp, wanted: usize, mut found: impl Iterator<Item = usize>) -> bool {
    match op {
        HasOp::Any => found.next().is_some(),
        HasOp::None => found.next().is_none(),
        HasOp::All if wanted == 1 => found.next().is_some(),
        HasOp::All => {
            let mut found: Vec<usize> = found.collect();
            found.sort_unstable();
            found.dedup();
            found.len() == wanted
        }
    }
}
