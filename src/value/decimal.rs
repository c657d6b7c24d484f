//! Exact decimal numbers: `0.1 + 0.2 = 0.3`.

use std::cmp::Ordering;
use std::fmt;

/// The most digits after the point that a literal may carry.
const MAX_SCALE: u8 = 18;

/// An exact decimal, `mantissa / 10^scale`. Equality and order are by value: `2.50 = 2.5`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

/// A number brought to a fixed number of decimals, and whether that changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounded {
    /// The number times `10^decimals`.
    pub scaled: i64,
    /// Whether digits were lost (half-even).
    pub inexact: bool,
}

/// Why a text is not a number that can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not of the form `-12.34` or `1.2e3`.
    #[error("not a number")]
    Malformed,
    /// Too large for a 64-bit integer at the wanted scale.
    #[error("out of range")]
    OutOfRange,
}

impl Decimal {
    /// `mantissa / 10^scale`.
    #[must_use]
    pub const fn new(mantissa: i128, scale: u8) -> Self {
        Self { mantissa, scale }
    }

    /// The whole number `n`.
    #[must_use]
    pub const fn whole(n: i64) -> Self {
        Self { mantissa: n as i128, scale: 0 }
    }

    /// The digits without the point.
    #[must_use]
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// Digits after the point.
    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Reads `-12.34`, `2_000`, `1.5e3`. Digits beyond the 18th after the point are rounded half-even.
    ///
    /// # Errors
    /// [`DecimalError`] if `text` is not a number or does not fit.
    ///
    /// ```
    /// use segql::value::Decimal;
    /// assert_eq!("2_000.50".parse::<Decimal>()?, "2000.5".parse()?);
    /// assert!("1e400".parse::<Decimal>().is_err());
    /// # Ok::<(), segql::value::DecimalError>(())
    /// ```
    fn parse(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', ..] => (true, text.get(1..).unwrap_or_default()),
            [b'+', ..] => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let (number, exponent) = match digits.find(['e', 'E']) {
            Some(at) => {
                let exponent = digits.get(at + 1..).unwrap_or_default();
                (digits.get(..at).unwrap_or_default(), exponent.parse::<i32>().map_err(|_| DecimalError::Malformed)?)
            }
            None => (digits, 0),
        };
        let mut mantissa: i128 = 0;
        let mut scale: i32 = 0;
        let mut seen_point = false;
        let mut seen_digit = false;
        // Digits that do not fit any more: only whether they are above, at or below one half matters.
        let mut dropped = Ordering::Equal;
        let mut dropping = false;
        let mut tail_nonzero = false;
        for byte in number.bytes() {
            match byte {
                b'0'..=b'9' => {
                    seen_digit = true;
                    let digit = i128::from(byte - b'0');
                    if dropping {
                        tail_nonzero |= digit != 0;
                        if !seen_point {
                            scale -= 1;
                        }
                        continue;
                    }
                    if let Some(next) =
                        mantissa.checked_mul(10).and_then(|m| m.checked_add(digit)).filter(|m| *m < 10_i128.pow(37))
                    {
                        mantissa = next;
                        scale += i32::from(seen_point);
                    } else {
                        dropping = true;
                        dropped = digit.cmp(&5);
                        if !seen_point {
                            scale -= 1;
                        }
                    }
                }
                b'_' if seen_digit => {}
                b'.' if !seen_point => seen_point = true,
                _ => return Err(DecimalError::Malformed),
            }
        }
        if !seen_digit {
            return Err(DecimalError::Malformed);
        }
        if dropping && (dropped == Ordering::Greater || dropped == Ordering::Equal && (tail_nonzero || mantissa % 2 == 1)) {
            mantissa += 1;
        }
        if negative {
            mantissa = -mantissa;
        }
        Self::from_parts(mantissa, scale.saturating_sub(exponent))
    }

    fn from_parts(mantissa: i128, scale: i32) -> Result<Self, DecimalError> {
        if mantissa == 0 {
            return Ok(Self { mantissa: 0, scale: 0 });
        }
        if scale < 0 {
            let factor = 10_i128.checked_pow(scale.unsigned_abs()).ok_or(DecimalError::OutOfRange)?;
            return Ok(Self { mantissa: mantissa.checked_mul(factor).ok_or(DecimalError::OutOfRange)?, scale: 0 });
        }
        let max = i32::from(MAX_SCALE);
        if scale > max {
            let Some(divisor) = u32::try_from(scale - max).ok().and_then(|by| 10_i128.checked_pow(by)) else {
                return Ok(Self { mantissa: 0, scale: 0 });
            };
            return Ok(Self { mantissa: divide_half_even(mantissa, divisor).0, scale: MAX_SCALE });
        }
        Ok(Self { mantissa, scale: u8::try_from(scale).unwrap_or(MAX_SCALE) })
    }

    /// The shortest decimal that reads back as `number` (`0.1` and not its binary expansion).
    ///
    /// # Errors
    /// [`DecimalError`] for infinities, not-a-number and values that do not fit.
    pub fn from_f64(number: f64) -> Result<Self, DecimalError> {
        if !number.is_finite() {
            return Err(DecimalError::Malformed);
        }
        Self::parse(&format!("{number:e}"))
    }

    /// The number with `decimals` digits after the point, rounded half-even.
    ///
    /// # Errors
    /// [`DecimalError::OutOfRange`] if it does not fit into 64 bits.
    ///
    /// ```
    /// use segql::value::Decimal;
    /// let rounded = "0.125".parse::<Decimal>()?.to_scaled(2)?;
    /// assert_eq!((rounded.scaled, rounded.inexact), (12, true));
    /// # Ok::<(), segql::value::DecimalError>(())
    /// ```
    pub fn to_scaled(self, decimals: u8) -> Result<Rounded, DecimalError> {
        let (scaled, inexact) = if self.scale <= decimals {
            let factor = 10_i128.pow(u32::from(decimals - self.scale));
            (self.mantissa.checked_mul(factor).ok_or(DecimalError::OutOfRange)?, false)
        } else {
            divide_half_even(self.mantissa, 10_i128.pow(u32::from(self.scale - decimals)))
        };
        Ok(Rounded { scaled: i64::try_from(scaled).map_err(|_| DecimalError::OutOfRange)?, inexact })
    }

    /// The largest multiple of `10^-decimals` not above the number, as a multiple; saturates at the ends of `i128`.
    #[must_use]
    pub fn floor_scaled(self, decimals: u8) -> i128 {
        self.scaled_by(decimals, i128::div_euclid)
    }

    /// The smallest multiple of `10^-decimals` not below the number, as a multiple; saturates at the ends of `i128`.
    #[must_use]
    pub fn ceil_scaled(self, decimals: u8) -> i128 {
        self.scaled_by(decimals, |a, b| -(-a).div_euclid(b))
    }

    fn scaled_by(self, decimals: u8, divide: impl Fn(i128, i128) -> i128) -> i128 {
        if self.scale <= decimals {
            self.mantissa.saturating_mul(10_i128.pow(u32::from(decimals - self.scale)))
        } else {
            divide(self.mantissa, 10_i128.pow(u32::from(self.scale - decimals)))
        }
    }
}

/// `a / b` to the nearest whole, ties to even, and whether something was lost. `b` is positive.
fn divide_half_even(a: i128, b: i128) -> (i128, bool) {
    let (quotient, remainder) = (a.div_euclid(b), a.rem_euclid(b));
    let up = match (remainder * 2).cmp(&b) {
        Ordering::Greater => true,
        Ordering::Equal => quotient % 2 != 0,
        Ordering::Less => false,
    };
    (quotient + i128::from(up), remainder != 0)
}

impl std::str::FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::parse(text)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // Mantissas stay below 10^38, so compare whole parts first and fractions at the wider scale after that.
        let split = |d: &Self| {
            let unit = 10_i128.pow(u32::from(d.scale));
            (d.mantissa.div_euclid(unit), d.mantissa.rem_euclid(unit))
        };
        let ((a, af), (b, bf)) = (split(self), split(other));
        let widen = |fraction: i128, from: u8, to: u8| fraction * 10_i128.pow(u32::from(to.saturating_sub(from)));
        let scale = self.scale.max(other.scale);
        a.cmp(&b).then_with(|| widen(af, self.scale, scale).cmp(&widen(bf, other.scale, scale)))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl std::hash::Hash for Decimal {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let (mut mantissa, mut scale) = (self.mantissa, self.scale);
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        (mantissa, scale).hash(state);
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u128.pow(u32::from(self.scale));
        let absolute = self.mantissa.unsigned_abs();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let (whole, fraction) = (absolute / unit, absolute % unit);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{fraction:0width$}", width = usize::from(self.scale));
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_prints() {
        for (text, printed) in [
            ("0.1", "0.1"),
            ("-5", "-5"),
            ("2_000", "2000"),
            ("1.50", "1.5"),
            ("1.5e3", "1500"),
            ("25e-2", "0.25"),
            ("-0.05", "-0.05"),
            ("0e99", "0"),
        ] {
            assert_eq!(decimal(text).to_string(), printed, "{text}");
        }
        for bad in ["", "-", ".", "1.2.3", "abc", "1e", "0x1"] {
            assert_eq!(bad.parse::<Decimal>(), Err(DecimalError::Malformed), "{bad}");
        }
    }

    #[test]
    fn compares_by_value() {
        assert_eq!(decimal("2.50"), decimal("2.5"));
        assert!(decimal("-0.1") < decimal("0"));
        assert!(decimal("0.3") > decimal("0.299999999999999999"));
    }

    #[test]
    fn rounds_half_even() {
        let rounded = |text: &str, decimals| decimal(text).to_scaled(decimals).map(|r| (r.scaled, r.inexact));
        assert_eq!(rounded("0.125", 2), Ok((12, true)));
        assert_eq!(rounded("0.135", 2), Ok((14, true)));
        assert_eq!(rounded("-0.125", 2), Ok((-12, true)));
        assert_eq!(rounded("7", 2), Ok((700, false)));
        assert_eq!(rounded("9223372036854775807", 1), Err(DecimalError::OutOfRange));
    }

    #[test]
    fn doubles_become_their_shortest_text() {
        assert_eq!(Decimal::from_f64(0.1), Ok(decimal("0.1")));
        assert_eq!(Decimal::from_f64(3578.27), Ok(decimal("3578.27")));
        assert!(Decimal::from_f64(f64::NAN).is_err());
    }

    #[test]
    fn floors_and_ceils() {
        assert_eq!((decimal("2.5").floor_scaled(0), decimal("2.5").ceil_scaled(0)), (2, 3));
        assert_eq!((decimal("-2.5").floor_scaled(0), decimal("-2.5").ceil_scaled(0)), (-3, -2));
    }
}
