//! Calendar arithmetic and windows: the only place that knows `chrono`.
//!
//! Goes in: [`Duration`]s, [`Point`]s and [`Window`]s as scripts spell them, and a [`Clock`] (one `now` and one
//! zone for a whole evaluation). Comes out: closed [`Interval`]s of milliseconds or of days. Nothing here reads a
//! clock, and nothing panics: what lies outside the years that `chrono` knows saturates.

mod calendar;
mod changes;
mod local;
mod parse;
mod types;
mod window;

pub use calendar::{Clock, DateParts, date_parts};
pub use changes::{Changes, Moving};
pub use local::LocalTimes;
pub use parse::{InstantError, format_date, format_instant, parse_date, parse_duration, parse_instant, parse_zone};
pub use types::{CalendarUnit, Duration, Point, Unit, Window};
pub use window::{Anchor, Interval, anchored_interval, day_interval, instant_interval, is_anniversary};
