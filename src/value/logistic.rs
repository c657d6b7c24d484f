//! The logistic function, the same on every machine.
//!
//! The result is the one decimal of 15 digits after the point that is nearest to `1 / (1 + e^-x)`. There is no tie to decide:
//! of a fraction other than 0 the result is never a fraction. Almost always 64 bits after the point tell which decimal that is;
//! where they do not, more are used until they do.

use num_bigint::BigInt;
use num_integer::Integer;

use super::{Decimal, Number};

/// Digits after the point.
pub const LOGISTIC_DECIMALS: u8 = 15;

const UNIT: u64 = 1_000_000_000_000_000;
/// ln 2 times 2^64, rounded down.
const LN_2: u128 = 0xB172_17F7_D1CF_79AB;
/// From here on the function differs from 0 and 1 by less than half of the last digit.
const SATURATED: i64 = 36;
/// What the last bits of the quick calculation may be off, in units of 2^-64 of the last digit: 300 units of 2^-64, a unit
/// being 10^15 of them.
const DOUBT: u64 = 300 * UNIT;

impl Number {
    /// `1 / (1 + e^-x)`, rounded to 15 decimals: see the module.
    ///
    /// ```
    /// use segql::value::Number;
    /// assert_eq!(Number::whole(0).logistic().to_string(), "0.5");
    /// assert_eq!(Number::whole(1).logistic().to_string(), "0.731058578630005");
    /// ```
    #[must_use]
    pub fn logistic(self) -> Self {
        Decimal::new(i128::from(self.logistic_scaled()), LOGISTIC_DECIMALS).into()
    }

    /// The same, times 10^15.
    #[must_use]
    pub fn logistic_scaled(self) -> i64 {
        let (numerator, denominator) = self.parts();
        // Of -y first, which is at most a half: of y it is what is left of 1.
        let (y, negative) = (numerator.unsigned_abs(), numerator < 0);
        let small = if y >= (denominator.unsigned_abs()).saturating_mul(SATURATED.unsigned_abs().into()) {
            0
        } else {
            quick(y, denominator.unsigned_abs()).unwrap_or_else(|| exact(y, denominator.unsigned_abs()))
        };
        let small = i64::try_from(small).unwrap_or(0);
        if negative { small } else { UNIT.cast_signed() - small }
    }
}

/// `10^15 / (1 + e^(n/d))` for `0 <= n/d < 36`, rounded; nothing where 64 bits after the point do not tell.
fn quick(n: u128, d: u128) -> Option<u64> {
    if n >> 63 != 0 {
        return None;
    }
    let y = (n << 64) / d;
    let (halvings, rest) = (y / LN_2, y % LN_2);
    // e^-rest, rest below ln 2: the terms alternate and shrink.
    let one = 1_u128 << 64;
    let (mut sum, mut term) = (one, one);
    for i in 1..=24_u128 {
        term = if i == 1 { rest } else { ((term * rest) >> 64) / i };
        if term == 0 {
            break;
        }
        sum = if i % 2 == 1 { sum - term } else { sum + term };
    }
    let power = sum >> halvings;
    let share = (power << 63) / ((one + power) >> 1);
    let scaled = share * u128::from(UNIT);
    #[expect(clippy::cast_possible_truncation, reason = "the part behind the point, and the part before it")]
    let (whole, fraction) = ((scaled >> 64) as u64, scaled as u64);
    let half = 1_u64 << 63;
    if fraction.abs_diff(half) <= DOUBT {
        return None;
    }
    Some(whole + u64::from(fraction > half))
}

/// The same with as many bits as it takes.
fn exact(n: u128, d: u128) -> u64 {
    let mut bits = 192_u32;
    loop {
        let scaled = share(n, d, bits) * UNIT;
        let (whole, fraction) = scaled.div_rem(&(BigInt::from(1) << bits));
        let half = BigInt::from(1) << (bits - 1);
        // Errors are far below this.
        let doubt = BigInt::from(1) << (bits - 64);
        let off: BigInt = &fraction - &half;
        if off.magnitude() > doubt.magnitude() || bits > 4096 {
            return u64::try_from(whole).unwrap_or(0) + u64::from(fraction > half);
        }
        bits *= 2;
    }
}

/// `1 / (1 + e^(n/d))` with so many bits after the point.
fn share(n: u128, d: u128, bits: u32) -> BigInt {
    const HALVINGS: u32 = 16;
    let one = BigInt::from(1) << bits;
    // e^-y = (e^(-y / 2^16))^(2^16), the inner one from its series.
    let y = (BigInt::from(n) << bits) / (BigInt::from(d) << HALVINGS);
    let (mut sum, mut term, mut i) = (one.clone(), one.clone(), 0_u32);
    while term != BigInt::ZERO {
        i += 1;
        term = ((term * &y) >> bits) / i;
        sum = if i % 2 == 1 { sum - &term } else { sum + &term };
    }
    for _ in 0..HALVINGS {
        sum = (&sum * &sum) >> bits;
    }
    (&sum << bits) / (one + sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        Number::from(text.parse::<Decimal>().unwrap())
    }

    /// Computed with 60 digits by another program.
    #[test]
    fn known_values() {
        for (x, expected) in [
            ("0", "0.5"),
            ("1", "0.731058578630005"),
            ("-1", "0.268941421369995"),
            ("0.1", "0.52497918747894"),
            ("2.5", "0.924141819978756"),
            ("-10", "0.000045397868702"),
            ("20", "0.999999997938846"),
            ("-33.5", "0.000000000000003"),
            ("34.5", "0.999999999999999"),
            ("35.9", "1"),
            ("40", "1"),
            ("-1000000", "0"),
            ("0.000000001", "0.50000000025"),
        ] {
            assert_eq!(number(x).logistic(), number(expected), "{x}");
        }
    }

    #[test]
    fn fractions_of_any_size() {
        let third = Number::whole(1).divide(Number::whole(3)).unwrap();
        assert_eq!(third.logistic(), number("0.582570206462315"));
        let tiny = Number::whole(1).divide(Number::whole(i64::MAX)).unwrap();
        assert_eq!(tiny.logistic(), number("0.5"));
        let long = number("1.123456789012345678").multiply(number("1.123456789012345678")).unwrap();
        assert!(long.logistic() > number("0.77") && long.logistic() < number("0.78"));
    }

    proptest! {
        #[test]
        fn both_ways_agree(n in 0_u64..36_000_000_000, d in 1_000_000_000_u64..1_001_000_000) {
            let (n, d) = (u128::from(n), u128::from(d));
            if let Some(quick) = quick(n, d) {
                prop_assert_eq!(quick, exact(n, d));
            }
        }

        #[test]
        fn near_what_floating_point_says_and_symmetric(n in -40_000_000_i64..40_000_000) {
            let x = Number::from(Decimal::new(n.into(), 6));
            let minus = Number::from(Decimal::new((-n).into(), 6));
            prop_assert_eq!(x.logistic_scaled() + minus.logistic_scaled(), UNIT.cast_signed());
            #[expect(clippy::cast_precision_loss, reason = "a comparison with floating point")]
            let (x, scaled) = (n as f64 / 1e6, x.logistic_scaled() as f64);
            prop_assert!((1e15 / (1.0 + (-x).exp()) - scaled).abs() <= 2.0);
        }

        #[test]
        fn it_never_falls(n in -36_000_000_i64..36_000_000, step in 1_i64..1000) {
            let at = |n: i64| Number::from(Decimal::new(n.into(), 6)).logistic_scaled();
            prop_assert!(at(n) <= at(n + step));
        }
    }
}
