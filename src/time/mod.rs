//! Calendar arithmetic and windows: the only place that knows `chrono`.
//!
//! Goes in: [`Duration`]s, [`Point`]s and [`Window`]s as scripts spell them, and a clock (one `now` and one
//! zone for a whole evaluation). Comes out: closed intervals of milliseconds or of days. Nothing here reads a clock.

mod types;

pub use types::{CalendarUnit, Duration, Point, Unit, Window};
