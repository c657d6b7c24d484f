//! The stable pseudo-random share of `sample`.

use super::Decimal;

/// XXH3 (64 bits, seed 0) of the salt, a zero byte and the contact id, all in UTF-8.
///
/// The value is part of the language: it never changes, so that a share taken once can be taken again anywhere.
///
/// ```
/// assert_eq!(segql::value::sample_hash("kampania-7", "anna"), segql::value::sample_hash("kampania-7", "anna"));
/// assert_ne!(segql::value::sample_hash("kampania-7", "anna"), segql::value::sample_hash("kampania-8", "anna"));
/// ```
#[must_use]
pub fn sample_hash(salt: &str, contact: &str) -> u64 {
    let mut bytes = Vec::with_capacity(salt.len() + 1 + contact.len());
    bytes.extend_from_slice(salt.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(contact.as_bytes());
    twox_hash::XxHash3_64::oneshot(&bytes)
}

/// Whether a hash lies in a share (0 to 1): below `share * 2^64`, so that a smaller share lies in every larger one.
///
/// ```
/// use segql::value::{Decimal, in_sample};
/// let half: Decimal = "0.5".parse().unwrap();
/// assert!(in_sample(u64::MAX / 2, half) && !in_sample(u64::MAX / 2 + 1, half));
/// assert!(in_sample(u64::MAX, Decimal::whole(1)) && !in_sample(0, Decimal::whole(0)));
/// ```
#[must_use]
pub fn in_sample(hash: u64, share: Decimal) -> bool {
    // hash < share * 2^64 is hash * 10^scale < mantissa * 2^64; below 1 and with at most 18 decimals both sides fit.
    let unit = 10_i128.pow(u32::from(share.scale()));
    if share.mantissa() >= unit {
        return true;
    }
    let Ok(mantissa) = u64::try_from(share.mantissa()) else { return false };
    i128::from(hash) * unit < i128::from(mantissa) << 64
}
