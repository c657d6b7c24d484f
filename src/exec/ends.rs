//! Windows of the contact's own.

use std::rc::Rc;

use super::cells::{Cell, Values};
use super::operands::Operands;
use crate::plan::{OwnWindow, TimeSpan};
use crate::schema::Scalar;
use crate::time::{Anchor, Interval, LocalTimes, anchored_interval};

/// A window and the values of its ends.
pub(super) struct Ends<'c> {
    window: &'c OwnWindow,
    first: Rc<Values<'c>>,
    second: Option<Rc<Values<'c>>>,
    clock: &'c LocalTimes,
}

impl<'c> Ends<'c> {
    pub fn new(window: &'c OwnWindow, operands: &Operands<'c>, clock: &'c LocalTimes) -> Self {
        let mut ends = Vec::new();
        window.exprs(&mut |id| ends.push(operands.get(id)));
        let second = if ends.len() > 1 { ends.pop() } else { None };
        Self { window, first: ends.pop().unwrap_or_else(|| Rc::new(Values::Same(None))), second, clock }
    }

    /// The instants for the contact at a position; nothing when an end is empty.
    pub fn instants(&self, at: usize) -> Option<Interval> {
        let first = self.first.get(at)?;
        Some(match self.window {
            OwnWindow::Before(_) => Interval::below(self.span(first)?.lo),
            OwnWindow::After(_) => Interval::above(self.span(first)?.hi),
            OwnWindow::Since(_) => Interval { lo: self.span(first)?.lo, hi: i64::MAX },
            OwnWindow::On(_) => self.clock.day_span(first.day(self.clock)?),
            OwnWindow::Between(..) => {
                let second = self.second.as_ref()?.get(at)?;
                Interval { lo: self.span(first)?.lo, hi: self.span(second)?.hi }
            }
            OwnWindow::Anchored { duration, after, .. } => {
                let anchor = match first {
                    Cell::Int(Scalar::Time, ms) => Anchor::Instant(ms),
                    other => Anchor::Day(other.day(self.clock)?),
                };
                anchored_interval(anchor, duration, *after, self.clock)
            }
        })
    }

    /// The days for the contact at a position; instants as ends count as their days.
    pub fn days(&self, at: usize) -> Option<Interval> {
        if let OwnWindow::Anchored { .. } = self.window {
            let instants = self.instants(at)?;
            return Some(Interval { lo: self.clock.day_of(instants.lo).into(), hi: self.clock.day_of(instants.hi).into() });
        }
        let day = |cell: Cell<'_>| cell.day(self.clock).map(i64::from);
        let first = day(self.first.get(at)?)?;
        Some(match self.window {
            OwnWindow::Before(_) => Interval::below(first),
            OwnWindow::After(_) => Interval::above(first),
            OwnWindow::Since(_) => Interval { lo: first, hi: i64::MAX },
            OwnWindow::Between(..) => Interval { lo: first, hi: day(self.second.as_ref()?.get(at)?)? },
            _ => Interval { lo: first, hi: first },
        })
    }

    /// A date stands for its whole day.
    fn span(&self, cell: Cell<'_>) -> Option<Interval> {
        match cell {
            Cell::Int(Scalar::Time, ms) => Some(Interval { lo: ms, hi: ms }),
            other => Some(self.clock.day_span(other.day(self.clock)?)),
        }
    }
}

/// Which instants count, for each of some contacts.
pub(super) enum Span<'c> {
    Fixed(Interval),
    Own(Ends<'c>),
}

impl<'c> Span<'c> {
    pub fn new(span: &'c TimeSpan, operands: &Operands<'c>, clock: &'c LocalTimes) -> Self {
        match span {
            TimeSpan::Fixed(interval) => Self::Fixed(*interval),
            TimeSpan::Own(window) => Self::Own(Ends::new(window, operands, clock)),
        }
    }

    /// The instants for the contact at a position, none after now.
    pub fn at(&self, at: usize) -> Interval {
        match self {
            Self::Fixed(interval) => *interval,
            Self::Own(ends) => {
                let past = Interval { lo: i64::MIN, hi: ends.clock.now };
                ends.instants(at).map_or(Interval::EMPTY, |interval| interval.and(past))
            }
        }
    }
}
