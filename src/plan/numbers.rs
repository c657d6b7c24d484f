//! Tests on numbers of any scale.

use super::Intervals;
use crate::check::typed::CompareOp;
use crate::value::{Decimal, Number};

/// A test on a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NumberTest {
    /// Against one number.
    Compare(CompareOp, Decimal),
    /// Both ends included.
    Between(Decimal, Decimal),
    /// One of a sorted list, or none of it.
    In(Vec<Decimal>, bool),
}

impl NumberTest {
    /// The integers of a scale that pass.
    #[must_use]
    pub fn scaled(&self, decimals: u8) -> Intervals {
        match self {
            Self::Compare(op, n) => compared(*op, *n, decimals),
            Self::Between(from, to) => Intervals::range(from.ceil_scaled(decimals), to.floor_scaled(decimals)),
            Self::In(list, negated) => {
                let set = Intervals::union(list.iter().map(|n| compared(CompareOp::Equal, *n, decimals)));
                if *negated { set.complement() } else { set }
            }
        }
    }

    /// Whether a number passes.
    #[must_use]
    pub fn accepts(&self, number: Number) -> bool {
        match self {
            Self::Compare(op, n) => op.accepts(number.cmp(&Number::from(*n))),
            Self::Between(from, to) => Number::from(*from) <= number && number <= Number::from(*to),
            Self::In(list, negated) => list.binary_search_by(|n| Number::from(*n).cmp(&number)).is_ok() != *negated,
        }
    }
}

/// Integers of a scale that compare with a decimal.
fn compared(op: CompareOp, n: Decimal, decimals: u8) -> Intervals {
    // When the decimal lies between two integers, nothing is equal to it.
    let (floor, ceil) = (n.floor_scaled(decimals), n.ceil_scaled(decimals));
    match op {
        CompareOp::Equal => Intervals::range(ceil, floor),
        CompareOp::NotEqual => Intervals::range(ceil, floor).complement(),
        CompareOp::Less => Intervals::range(i128::MIN, ceil.saturating_sub(1)),
        CompareOp::LessOrEqual => Intervals::range(i128::MIN, floor),
        CompareOp::Greater => Intervals::range(floor.saturating_add(1), i128::MAX),
        CompareOp::GreaterOrEqual => Intervals::range(ceil, i128::MAX),
    }
}
