//! Reasons in words: moments, changes, evidence.

use super::View;
use crate::row::{Change, EventFound, Evidence};
use crate::time::format_instant;

/// Attributes of an event that are shown.
const ATTRIBUTES: usize = 6;

impl View<'_> {
    /// See [`moment`]; in the schema's zone.
    pub(super) fn moment(&self, ms: i64) -> String {
        moment(ms, self.clock.zone)
    }

    /// When a condition will change, after what it is now: `false from 2026-01-30 10:00 on, unless a Zakup arrives`.
    pub(super) fn change(&self, holds: bool, change: Change, arrivals: &[String]) -> Option<String> {
        let unless = unless(arrivals);
        Some(match change {
            Change::At(at) => format!("{} from {} on{unless}", !holds, self.moment(at)),
            Change::NotBefore(at) => format!("{holds} until {} at least{unless}", self.moment(at)),
            Change::Others => "other contacts decide with it".to_owned(),
            Change::Never => return None,
        })
    }

    /// What was found, a line each.
    pub(super) fn evidence(&self, evidence: &Evidence) -> Vec<String> {
        match evidence {
            Evidence::Field { name, value, since } => {
                let since = since.map_or(String::new(), |ms| format!(", since {}", self.moment(ms)));
                vec![format!("{name} is {}{since}", value.as_deref().unwrap_or("empty"))]
            }
            Evidence::Value { name, value } => vec![format!("{name} is {}", value.as_deref().unwrap_or("empty"))],
            Evidence::Events { of, function, attribute, value, from, to, count, events, before, after } => {
                let types = list(of, ", ");
                let window = match (from, to) {
                    (None, None) => String::new(),
                    (Some(from), None) => format!(", window starts {}", self.moment(*from)),
                    (None, Some(to)) => format!(", window ends {}", self.moment(*to)),
                    (Some(from), Some(to)) => format!(", window {} to {}", self.moment(*from), self.moment(*to)),
                };
                let first = match function {
                    Some(function) => {
                        let value = value.as_deref().unwrap_or("empty");
                        let value = if function == "first" || function == "last" { self.short(value) } else { value.to_owned() };
                        let attribute = attribute.as_ref().map_or(String::new(), |a| format!(".{a}"));
                        format!("{function}({types}{attribute}) is {value}: {}{window}", number(*count, "event"))
                    }
                    None if *count == 0 => format!("no {types}{window}"),
                    None => format!("{count} {types}{window}"),
                };
                let mut lines = vec![first];
                lines.extend(events.iter().map(|e| format!("  {} {}", ordinal(e.newest), self.event(e))));
                lines.extend(before.iter().map(|e| format!("  before the window: {}", self.event(e))));
                lines.extend(after.iter().map(|e| format!("  after the window: {}", self.event(e))));
                lines
            }
            Evidence::Sequence { steps, of, events } => {
                let mut lines = vec![format!("{steps} of {of} steps")];
                lines.extend(events.iter().map(|e| format!("  {}", self.event(e))));
                lines
            }
            Evidence::Ranking { value, taken } => {
                let among = if *taken { "among those taken" } else { "not among those taken" };
                vec![format!("ranked by {}: {among}", value.as_deref().unwrap_or("empty"))]
            }
            Evidence::Sample { percent } => vec![format!("lies at {percent} %")],
            Evidence::Condition { span, holds } => {
                vec![format!("`{}` is {holds}", one_line(self.sources.text(*span)))]
            }
        }
    }

    /// `Zakup 2025-05-02 10:00 (kwota 120)`
    pub(super) fn event(&self, event: &EventFound) -> String {
        let mut attributes: Vec<String> =
            event.attributes.iter().take(ATTRIBUTES).map(|(name, value)| format!("{name} {}", self.short(value))).collect();
        if event.attributes.len() > ATTRIBUTES {
            attributes.push("...".to_owned());
        }
        let attributes = if attributes.is_empty() { String::new() } else { format!(" ({})", attributes.join(", ")) };
        format!("{} {}{attributes}", event.event, self.moment(event.ts))
    }

    /// A value; instants as moments.
    fn short(&self, value: &str) -> String {
        match crate::time::parse_instant(value, self.clock.zone) {
            Ok(ms) if value.contains('T') => self.moment(ms),
            _ => value.to_owned(),
        }
    }
}

/// `2025-11-01 13:00`, with seconds and milliseconds where there are some.
pub fn moment(ms: i64, zone: chrono_tz::Tz) -> String {
    let text = format_instant(ms, zone);
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    let end = time.find(['+', '-', 'Z']).unwrap_or(time.len());
    let time = time.get(..end).unwrap_or(time);
    let time = if time.matches(':').count() == 2 { time.strip_suffix(":00").unwrap_or(time) } else { time };
    format!("{day} {time}")
}

/// `, unless a Zakup arrives`
pub(super) fn unless(arrivals: &[String]) -> String {
    let what = arriving(arrivals);
    if what.is_empty() { what } else { format!(", unless {what}") }
}

/// `a Zakup arrives or Status_VIP changes`
pub(super) fn happening(arrivals: &[String], fields: &[String]) -> String {
    let fields = match fields {
        [] => String::new(),
        few if few.len() <= 3 => format!("{} changes", list(few, " or ")),
        many => format!("one of {} fields changes", many.len()),
    };
    let parts: Vec<String> = [arriving(arrivals), fields].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" or ")
}

fn arriving(arrivals: &[String]) -> String {
    match arrivals {
        [] => String::new(),
        few if few.len() <= 3 => format!("a {} arrives", list(few, " or ")),
        many => format!("one of {} types of events arrives", many.len()),
    }
}

/// Names joined; long lists are cut.
fn list(names: &[String], between: &str) -> String {
    const SHOWN: usize = 4;
    if names.len() > SHOWN {
        return format!("{} types", names.len());
    }
    names.join(between)
}

/// `3 events`, `no event`
fn number(count: u64, word: &str) -> String {
    if count == 0 { format!("no {word}") } else { format!("{count} {}", plural(count, word)) }
}

pub(super) fn plural(count: u64, word: &str) -> String {
    format!("{word}{}", if count == 1 { "" } else { "s" })
}

/// `newest`, `2nd newest`
fn ordinal(newest: u64) -> String {
    let end = match (newest % 10, newest % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    if newest <= 1 { "newest".to_owned() } else { format!("{newest}{end} newest") }
}

/// A text of a script on one line, without its layout.
pub(super) fn one_line(text: &str) -> String {
    const LONG: usize = 100;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONG) {
        Some((at, _)) => format!("{}...", line.get(..at).unwrap_or_default()),
        None => line,
    }
}
