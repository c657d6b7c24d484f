//! Dates, instants and zones as text.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, TimeZone};
use chrono_tz::Tz;

use super::calendar::{date, day_number, resolve_local, utc};
use super::{Duration, Unit};

/// Why a text is not a date, an instant or a zone. The message says what was found and what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstantError {
    /// Not a calendar date.
    #[error("`{0}` is not a date; write year-month-day such as 2025-11-01")]
    Date(String),
    /// Not an instant.
    #[error("`{0}` is not an instant; write it such as 2025-11-01T12:00, 2025-11-01T12:00:30Z or 2025-11-01T12:00+01:00")]
    Instant(String),
    /// Not the name of a zone.
    #[error("`{0}` is not a time zone; write an IANA name such as Europe/Warsaw or UTC")]
    Zone(String),
}

/// Reads `2025-11-01` as days since 1970-01-01. Years 1 to 9999.
///
/// # Errors
/// [`InstantError::Date`] for other texts and for days that do not exist.
///
/// ```
/// assert_eq!(segql::time::parse_date("1970-01-11"), Ok(10));
/// assert!(segql::time::parse_date("2025-02-29").is_err());
/// ```
pub fn parse_date(text: &str) -> Result<i32, InstantError> {
    read_date(text).map(day_number).ok_or_else(|| InstantError::Date(text.to_owned()))
}

fn read_date(text: &str) -> Option<NaiveDate> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *bytes else { return None };
    let number = |digits: &[u8]| digits.iter().try_fold(0_u32, |n, d| d.is_ascii_digit().then(|| n * 10 + u32::from(d - b'0')));
    let year = number(&[y1, y2, y3, y4]).filter(|y| *y >= 1)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(&[m1, m2])?, number(&[d1, d2])?)
}

/// Reads an instant as milliseconds since 1970-01-01T00:00:00Z: RFC 3339, seconds and offset optional, `T` or a space
/// between date and time; a bare date is its first instant. Without an offset it is wall-clock time in `zone`: a
/// skipped one moves forward, a repeated one is the earlier. Parts of a millisecond are cut off. Years 1 to 9999.
///
/// # Errors
/// [`InstantError::Instant`] for other texts and for times that do not exist.
pub fn parse_instant(text: &str, zone: Tz) -> Result<i64, InstantError> {
    read_instant(text.trim(), zone).ok_or_else(|| InstantError::Instant(text.to_owned()))
}

fn read_instant(text: &str, zone: Tz) -> Option<i64> {
    let day = read_date(text.get(..10)?)?;
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return Some(resolve_local(day.and_time(NaiveTime::MIN), zone));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => rest.split_at_checked(at).map(|(clock, offset)| (clock, Some(offset)))?,
        None => (rest, None),
    };
    let local = day.and_time(read_time(clock.trim_end())?);
    match offset {
        Some(offset) => read_offset(offset)?.from_local_datetime(&local).single().map(|t| t.timestamp_millis()),
        None => Some(resolve_local(local, zone)),
    }
}

/// `12:00`, `12:00:30`, `12:00:30.250`; hours may have one digit.
fn read_time(text: &str) -> Option<NaiveTime> {
    let mut parts = text.splitn(3, ':');
    let two =
        |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u32>().ok()).flatten();
    let hour = parts.next()?;
    let hour = if hour.len() == 1 { hour.parse().ok()? } else { two(hour)? };
    let minute = two(parts.next()?)?;
    let (second, milli) = match parts.next() {
        None => (0, 0),
        Some(rest) => {
            let (second, fraction) = rest.split_once('.').map_or((rest, None), |(s, f)| (s, Some(f)));
            let milli = match fraction {
                None => 0,
                Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                    digits.bytes().chain(std::iter::repeat(b'0')).take(3).fold(0, |n, d| n * 10 + u32::from(d - b'0'))
                }
                Some(_) => return None,
            };
            (two(second)?, milli)
        }
    };
    NaiveTime::from_hms_milli_opt(hour, minute, second, milli)
}

/// `Z`, `+02:00`, `+0200`, `+02`.
fn read_offset(text: &str) -> Option<FixedOffset> {
    if text.eq_ignore_ascii_case("z") {
        return FixedOffset::east_opt(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.get(1..)?.chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..).filter(|m| !m.is_empty()).map_or(Ok(0), str::parse).ok()?;
    (minutes < 60).then(|| FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))).flatten()
}

/// A length of time as the language writes it: `90d`, `1h30min`, `1y6mo`. `None` for anything else, and for what is longer
/// than any history.
///
/// ```
/// use segql::time::{Duration, Unit, parse_duration};
/// assert_eq!(parse_duration("2w"), Duration::of(14, Unit::Day));
/// assert_eq!(parse_duration("2 weeks"), None);
/// ```
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::default();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, tail) = rest.split_at_checked(digits)?;
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters)?;
        let unit = match unit {
            "s" => Unit::Second,
            "min" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            "mo" => Unit::Month,
            "y" => Unit::Year,
            _ => return None,
        };
        total = total.plus(Duration::of(count.parse().ok()?, unit)?)?;
        rest = tail;
    }
    // A century of centuries is more than any history, and keeps every later sum inside 64 bits.
    (total.months <= 120_000 && total.days <= 3_660_000 && total.millis <= 3_660_000 * 86_400_000).then_some(total)
}

/// The zone of an IANA name.
///
/// # Errors
/// [`InstantError::Zone`] for an unknown name.
pub fn parse_zone(name: &str) -> Result<Tz, InstantError> {
    name.parse().map_err(|_| InstantError::Zone(name.to_owned()))
}

/// RFC 3339 in a zone, with milliseconds only where there are some.
#[must_use]
pub fn format_instant(ms: i64, zone: Tz) -> String {
    let local: DateTime<Tz> = utc(ms).with_timezone(&zone);
    let precision = if ms.rem_euclid(1000) == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
    local.to_rfc3339_opts(precision, true)
}

/// `2025-11-01`
#[must_use]
pub fn format_date(day: i32) -> String {
    let date = date(day);
    if (0..=9999).contains(&date.year()) { date.format("%Y-%m-%d").to_string() } else { date.to_string() }
}
