//! Values of 33 to 40 bits in parts that stand apart: instants of some years do not fit into 32.
//!
//! Method: byte slices (Feng, Lo, Kao, Xu, SIGMOD 2015), in units that fit instants. The greatest value has 40 bits after all have been
//! shifted, so that the upper parts tell as many values apart as they can, and a comparison hardly ever needs the others.

use std::borrow::Cow;

use super::super::super::bytes::cast;
use super::kernels;

/// The upper 16 of 40 bits, the next 16, and the lowest 8 of all values.
#[derive(Debug, Clone)]
pub(super) struct Planes<'a> {
    pub high: Cow<'a, [u16]>,
    pub middle: Cow<'a, [u16]>,
    low: &'a [u8],
    shift: u32,
}

/// By how much values are shifted of which the greatest is `span`; nothing where it has less than 33 bits or more than 40.
fn shift(span: u64) -> Option<u32> {
    span.leading_zeros().checked_sub(24).filter(|shift| *shift < 8)
}

/// The parts of some values of which the greatest is `span`.
#[expect(clippy::cast_possible_truncation, reason = "parts of 40 bits")]
pub(super) fn encode(values: &[u64], span: u64) -> Vec<u8> {
    let shift = shift(span).unwrap_or(0);
    let mut out = Vec::with_capacity(values.len() * 5);
    for part in [24, 8] {
        for value in values {
            out.extend_from_slice(&(((value << shift) >> part) as u16).to_le_bytes());
        }
    }
    out.extend(values.iter().map(|value| (value << shift) as u8));
    out
}

impl<'a> Planes<'a> {
    pub fn decode(bytes: &'a [u8], places: usize, span: u64) -> Option<Self> {
        let (high, rest) = bytes.split_at_checked(places * 2)?;
        let (middle, low) = rest.split_at_checked(places * 2)?;
        let planes = Self { high: cast(high)?, middle: cast(middle)?, low, shift: shift(span)? };
        (low.len() == places).then_some(planes)
    }

    /// As stores had them up to format 3: the upper 32 bits together, and nothing shifted.
    pub fn of_halves(bytes: &'a [u8], places: usize) -> Option<Self> {
        let (upper, low) = bytes.split_at_checked(places * 4)?;
        let upper: Cow<'_, [u32]> = cast(upper)?;
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of 32 bits")]
        let (high, middle) = upper.iter().map(|upper| ((upper >> 16) as u16, *upper as u16)).unzip::<_, _, Vec<_>, Vec<_>>();
        (low.len() == places).then_some(Self { high: high.into(), middle: middle.into(), low, shift: 0 })
    }

    pub fn len(&self) -> usize {
        self.low.len()
    }

    pub fn at(&self, place: usize) -> Option<u64> {
        Some(kernels::joined(*self.high.get(place)?, *self.middle.get(place)?, *self.low.get(place)?) >> self.shift)
    }

    /// Whether the value at a place is below a bound, which is at most one above the greatest value.
    pub fn is_below(&self, place: usize, bound: u64) -> bool {
        let bound = bound << self.shift;
        match self.high.get(place).map(|high| u64::from(*high).cmp(&(bound >> 24))) {
            Some(std::cmp::Ordering::Equal) => self.at(place).is_some_and(|value| value << self.shift < bound),
            Some(order) => order.is_lt(),
            None => false,
        }
    }

    pub fn slices(&self) -> kernels::Planes<'_> {
        kernels::Planes { high: &self.high, middle: &self.middle, low: self.low, shift: self.shift }
    }
}
