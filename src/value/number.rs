//! Results of arithmetic: exact fractions.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;
use num_integer::Integer;

use super::Decimal;

/// Decimals to which a fraction is rounded that does not fit into 128 bits.
const ROUNDED_SCALE: u32 = 18;

/// A number that arithmetic has made, `numerator / denominator` in lowest terms.
///
/// `1 / 3 * 3 = 1`: results are exact as long as both parts fit into 128 bits. A result that does not fit is rounded
/// half-even to 18 decimals; one beyond ±1.7e20 then has no value, like a division by zero.
///
/// ```
/// use segql::value::Number;
/// let third = Number::whole(1).divide(Number::whole(3)).unwrap();
/// assert_eq!(third.multiply(Number::whole(3)), Some(Number::whole(1)));
/// assert_eq!(Number::whole(1).divide(Number::whole(0)), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    numerator: i128,
    /// INVARIANT: positive, without a common divisor with the numerator.
    denominator: i128,
}

impl Number {
    /// A whole number.
    #[must_use]
    pub const fn whole(n: i64) -> Self {
        Self { numerator: n as i128, denominator: 1 }
    }

    /// `numerator / denominator`, which must be positive.
    ///
    /// ```
    /// use segql::value::Number;
    /// assert_eq!(Number::fraction(10, 4), Number::whole(5).divide(Number::whole(2)));
    /// assert_eq!(Number::fraction(1, 0), None);
    /// ```
    #[must_use]
    pub fn fraction(numerator: i128, denominator: i128) -> Option<Self> {
        Self::reduced(numerator, denominator)
    }

    /// The sum.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "a sum may have no value")]
    pub fn add(self, other: Self) -> Option<Self> {
        let exact = || {
            let divisor = common_divisor(self.denominator, other.denominator);
            let (a, b) = (quotient(other.denominator, divisor), quotient(self.denominator, divisor));
            let sum = self.numerator.checked_mul(a)?.checked_add(other.numerator.checked_mul(b)?)?;
            Self::reduced(sum, self.denominator.checked_mul(a)?)
        };
        exact().or_else(|| {
            let (a, b) = (self.big(), other.big());
            rounded(&(a.0 * &b.1 + b.0 * &a.1), &(a.1 * b.1))
        })
    }

    /// The sum of many, in the order given. As long as one denominator is a multiple of the other nothing is reduced on the way,
    /// which is what makes sums of decimals fast.
    #[must_use]
    pub fn sum(numbers: impl IntoIterator<Item = Self>) -> Option<Self> {
        let (mut numerator, mut denominator) = (0_i128, 1_i128);
        for number in numbers {
            let fitting = || {
                if number.denominator == denominator {
                    return Some((numerator.checked_add(number.numerator)?, denominator));
                }
                if number.denominator % denominator == 0 {
                    let factor = number.denominator / denominator;
                    return Some((numerator.checked_mul(factor)?.checked_add(number.numerator)?, number.denominator));
                }
                if denominator % number.denominator == 0 {
                    let factor = denominator / number.denominator;
                    return Some((number.numerator.checked_mul(factor)?.checked_add(numerator)?, denominator));
                }
                None
            };
            (numerator, denominator) = match fitting() {
                Some(sum) => sum,
                None => Self::reduced(numerator, denominator)?.add(number)?.parts(),
            };
        }
        Self::reduced(numerator, denominator)
    }

    /// The difference.
    #[must_use]
    pub fn subtract(self, other: Self) -> Option<Self> {
        self.add(Self { numerator: -other.numerator, ..other })
    }

    /// The product.
    #[must_use]
    pub fn multiply(self, other: Self) -> Option<Self> {
        let exact = || {
            // Dividing first keeps the parts small.
            let a = common_divisor(self.numerator, other.denominator).max(1);
            let b = common_divisor(other.numerator, self.denominator).max(1);
            let numerator = quotient(self.numerator, a).checked_mul(quotient(other.numerator, b))?;
            let denominator = quotient(self.denominator, b).checked_mul(quotient(other.denominator, a))?;
            // What the parts of both had in common is gone, so nothing is left to reduce.
            (numerator != i128::MIN).then_some(Self { numerator, denominator })
        };
        exact().or_else(|| {
            let (a, b) = (self.big(), other.big());
            rounded(&(a.0 * b.0), &(a.1 * b.1))
        })
    }

    /// The quotient; `None` for division by zero.
    #[must_use]
    pub fn divide(self, other: Self) -> Option<Self> {
        match other.numerator.signum() {
            0 => None,
            sign => self.multiply(Self { numerator: other.denominator * sign, denominator: other.numerator * sign }),
        }
    }

    fn reduced(numerator: i128, denominator: i128) -> Option<Self> {
        // The least of all has no opposite.
        if numerator == i128::MIN || denominator <= 0 {
            return None;
        }
        let divisor = common_divisor(numerator, denominator).max(1);
        Some(Self { numerator: quotient(numerator, divisor), denominator: quotient(denominator, divisor) })
    }

    /// Numerator and denominator.
    pub(super) fn parts(self) -> (i128, i128) {
        (self.numerator, self.denominator)
    }

    fn big(self) -> (BigInt, BigInt) {
        (BigInt::from(self.numerator), BigInt::from(self.denominator))
    }
}

/// The greatest common divisor. Most numbers fit into 64 bits, where it is found several times faster.
fn common_divisor(a: i128, b: i128) -> i128 {
    match (u64::try_from(a.unsigned_abs()), u64::try_from(b.unsigned_abs())) {
        (_, Ok(1)) | (Ok(1), _) => 1,
        (Ok(a), Ok(b)) => i128::from(a.gcd(&b)),
        _ => a.gcd(&b),
    }
}

/// A number by one that divides it and is positive; like the divisor itself faster where 64 bits are enough.
fn quotient(number: i128, by: i128) -> i128 {
    match (by, i64::try_from(number), i64::try_from(by)) {
        (1, ..) => number,
        (_, Ok(number), Ok(by)) => i128::from(number / by),
        _ => number / by,
    }
}

/// A fraction of any size: exact if it fits, else to [`ROUNDED_SCALE`] decimals. The denominator is positive.
fn rounded(numerator: &BigInt, denominator: &BigInt) -> Option<Number> {
    let divisor = numerator.gcd(denominator);
    if let (Ok(n), Ok(d)) = (i128::try_from(numerator / &divisor), i128::try_from(denominator / &divisor))
        && let Some(exact) = Number::reduced(n, d)
    {
        return Some(exact);
    }
    let unit = 10_i128.pow(ROUNDED_SCALE);
    let (mut whole, rest) = (numerator * unit).div_mod_floor(denominator);
    match (rest * 2_u8).cmp(denominator) {
        Ordering::Greater => whole += 1_u8,
        Ordering::Equal if whole.is_odd() => whole += 1_u8,
        _ => {}
    }
    Number::reduced(i128::try_from(whole).ok()?, unit)
}

impl From<Decimal> for Number {
    fn from(decimal: Decimal) -> Self {
        let unit = 10_i128.pow(u32::from(decimal.scale()));
        // Mantissas stay far from the ends of 128 bits.
        Self::reduced(decimal.mantissa(), unit).unwrap_or(Self::whole(0))
    }
}

impl TryFrom<Number> for Decimal {
    type Error = super::DecimalError;

    /// The same number, if it has at most 18 decimals.
    fn try_from(number: Number) -> Result<Self, Self::Error> {
        let unit = 10_i128.pow(ROUNDED_SCALE);
        let scaled = number.numerator.checked_mul(unit / number.denominator).filter(|_| unit % number.denominator == 0);
        let scaled = scaled.ok_or(super::DecimalError::OutOfRange)?;
        // As few decimals as it needs.
        let (mut mantissa, mut scale) = (scaled, ROUNDED_SCALE);
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Ok(Self::new(mantissa, u8::try_from(scale).unwrap_or(0)))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.numerator.checked_mul(other.denominator), other.numerator.checked_mul(self.denominator)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => (BigInt::from(self.numerator) * other.denominator).cmp(&(BigInt::from(other.numerator) * self.denominator)),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    /// As a decimal, of at most 18 digits after the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_i128.pow(ROUNDED_SCALE);
        let (whole, rest) = (self.numerator / self.denominator, self.numerator % self.denominator);
        let digits = (BigInt::from(rest.unsigned_abs()) * unit + self.denominator / 2) / self.denominator;
        let sign = if self.numerator < 0 && whole == 0 { "-" } else { "" };
        let text = format!("{digits:0>18}");
        let text = text.trim_end_matches('0');
        if text.is_empty() { write!(f, "{whole}") } else { write!(f, "{sign}{whole}.{text}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(n: i128, d: i128) -> Number {
        Number::reduced(n, d).unwrap()
    }

    #[test]
    fn exact_where_decimals_are_not() {
        let tenth = Number::from("0.1".parse::<Decimal>().unwrap());
        let fifth = Number::from("0.2".parse::<Decimal>().unwrap());
        assert_eq!(tenth.add(fifth), Some(Number::from("0.3".parse::<Decimal>().unwrap())));
        assert_eq!(number(1, 3).to_string(), "0.333333333333333333");
        assert_eq!(number(-1, 4).to_string(), "-0.25");
        assert_eq!(number(-7, 2).to_string(), "-3.5");
    }

    #[test]
    fn what_does_not_fit_is_rounded_and_what_is_too_large_is_nothing() {
        let tiny = number(1, i128::MAX);
        assert_eq!(tiny.multiply(tiny), Some(Number::whole(0)));
        let huge = number(i128::MAX, 1);
        assert_eq!(huge.multiply(huge), None);
        assert_eq!(huge.add(huge), None);
        let near = number(i128::MAX, i128::MAX - 1).multiply(number(i128::MAX - 2, i128::MAX - 4)).unwrap();
        assert_eq!(near, Number::whole(1));
        assert!(number(i128::MAX, i128::MAX - 1) > Number::whole(1));
    }

    proptest! {
        #[test]
        fn a_sum_is_one_added_after_the_other(parts in prop::collection::vec((-1_000_000_i64..1_000_000, 1_i64..40), 0..30)) {
            let numbers: Vec<Number> = parts.iter().map(|(n, d)| number(i128::from(*n), i128::from(*d))).collect();
            let one_by_one = numbers.iter().try_fold(Number::whole(0), |sum, n| sum.add(*n));
            prop_assert_eq!(Number::sum(numbers), one_by_one);
        }

        #[test]
        fn small_numbers_obey_the_laws(a in -1000_i64..1000, b in 1_i64..1000, c in -1000_i64..1000, d in 1_i64..1000) {
            let (x, y) = (number(a.into(), b.into()), number(c.into(), d.into()));
            prop_assert_eq!(x.add(y).unwrap().subtract(y), Some(x));
            prop_assert_eq!(x.multiply(y), y.multiply(x));
            if c != 0 {
                prop_assert_eq!(x.divide(y).unwrap().multiply(y), Some(x));
            }
            prop_assert_eq!(x.cmp(&y), (a * d).cmp(&(c * b)));
        }
    }
}
