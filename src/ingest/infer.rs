//! A schema from data: for every field and attribute the most specific type that all its values have.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::raw::{Raw, Row, Visitor};
use super::{IngestError, Mapping, Reason, Source, input};
use crate::schema::{Column, ColumnType, EventKind, EventType, MAX_DECIMALS, Scalar, Schema};
use crate::time;
use crate::value::{Decimal, nfc};

/// What the values of a column have had in common so far.
#[expect(clippy::struct_excessive_bools, reason = "each is one observation, independent of the others")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Guess {
    list: bool,
    item: bool,
    /// The types that are still possible.
    bool: Option<bool>,
    number: Option<u8>,
    date: bool,
    time: bool,
    seen: bool,
    text: bool,
}

/// Columns in order of appearance.
#[derive(Debug, Default)]
struct Guesses {
    order: Vec<String>,
    guesses: HashMap<String, Guess>,
}

/// Reads rows and keeps what their values have in common.
#[derive(Debug, Default)]
struct Inferrer {
    zone: Option<chrono_tz::Tz>,
    fields: Guesses,
    events: Vec<(String, Guesses)>,
    lines: u64,
}

/// The schema of all sources; `progress` hears how many lines have been read. Values that fit several types get the first of bool, number, date, time, text.
///
/// # Errors
/// A file that cannot be read, or `progress` that breaks. Lines that are no rows are passed over: an import rejects them.
pub fn infer(
    sources: &[Source],
    mapping: &Mapping,
    timezone: chrono_tz::Tz,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Schema, IngestError> {
    let mut all = Inferrer::default();
    let mut lines = 0;
    for source in sources {
        let fresh = || Inferrer { zone: Some(timezone), ..Inferrer::default() };
        let mut merge = |part: Inferrer, _: &str| -> Result<(), IngestError> {
            lines += part.lines;
            all.merge(part);
            if progress(lines).is_break() { Err(IngestError::Interrupted) } else { Ok(()) }
        };
        input::read(source, mapping, None, &fresh, &mut merge)?;
    }
    let mut schema = Schema::new(timezone);
    schema.fields = all.fields.columns();
    for (name, guesses) in all.events {
        let columns = guesses.columns();
        match schema.events.iter_mut().find(|e| e.name == name) {
            Some(known) => {
                let new: Vec<Column> = columns.into_iter().filter(|c| known.attribute(&c.name).is_none()).collect();
                known.attributes.extend(new);
            }
            None => schema.events.push(EventType { name, kind: EventKind::Customer, description: None, attributes: columns }),
        }
    }
    Ok(schema)
}

impl Inferrer {
    fn merge(&mut self, other: Self) {
        self.fields.merge(other.fields);
        for (name, guesses) in other.events {
            self.event(&name).merge(guesses);
        }
    }

    fn event(&mut self, name: &str) -> &mut Guesses {
        let at = self.events.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
            self.events.push((name.to_owned(), Guesses::default()));
            self.events.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found or just pushed")]
        &mut self.events[at].1
    }
}

impl Visitor for Inferrer {
    fn row(&mut self, _: u64, row: &Row<'_>, _: &dyn Fn() -> String) {
        if row.op.is_some() {
            // What is deleted says nothing of types.
            self.lines += 1;
            return;
        }
        self.lines += 1;
        let zone = self.zone.unwrap_or(chrono_tz::UTC);
        let guesses = if row.is_event {
            let Some(name) = row.event.and_then(Raw::as_id).filter(|n| !n.is_empty()) else { return };
            let name = nfc(&name).into_owned();
            self.event(&name)
        } else {
            &mut self.fields
        };
        for (name, raw) in row.values {
            // What says since when a field is as it is, is no field itself.
            let of = super::encode::since_of(name).filter(|_| !row.is_event);
            if of.is_some_and(|field| row.values.iter().any(|(other, _)| other == field)) {
                continue;
            }
            guesses.see(&nfc(name), raw, zone);
        }
    }

    fn reject(&mut self, _: u64, _: Reason, _: String, _: String) {}
}

impl Guesses {
    fn merge(&mut self, other: Self) {
        for name in other.order {
            if let Some(theirs) = other.guesses.get(&name) {
                let ours = self.entry(&name);
                *ours = if ours.seen { if theirs.seen { ours.and(*theirs) } else { *ours } } else { *theirs };
            }
        }
    }

    fn entry(&mut self, name: &str) -> &mut Guess {
        if !self.guesses.contains_key(name) {
            self.order.push(name.to_owned());
        }
        self.guesses.entry(name.to_owned()).or_default()
    }

    fn see(&mut self, name: &str, raw: &Raw<'_>, zone: chrono_tz::Tz) {
        match raw {
            Raw::Null => {
                self.entry(name);
            }
            Raw::Record(members) => {
                for (member, raw) in members {
                    self.see(&format!("{name}.{}", nfc(member)), raw, zone);
                }
            }
            Raw::List(items) => {
                for item in items {
                    if let Raw::Record(members) = item {
                        for (member, raw) in members {
                            self.one(&format!("{name}.{}", nfc(member)), raw, zone, |g| g.item = true);
                        }
                    } else {
                        self.one(name, item, zone, |g| g.list = true);
                    }
                }
            }
            other => self.one(name, other, zone, |_| {}),
        }
    }

    fn one(&mut self, name: &str, raw: &Raw<'_>, zone: chrono_tz::Tz, mark: impl Fn(&mut Guess)) {
        let guess = self.entry(name);
        mark(guess);
        if *raw != Raw::Null {
            let next = Guess { list: guess.list, item: guess.item, ..Guess::of(raw, zone) };
            *guess = if guess.seen { guess.and(next) } else { next };
        }
    }

    fn columns(&self) -> Vec<Column> {
        // A name that is a record in some rows and a value in others is the value: the record's members go.
        let plain = |name: &str| self.guesses.get(name).is_some_and(|g| g.seen);
        self.order
            .iter()
            .filter(|name| !name.match_indices('.').any(|(at, _)| plain(name.get(..at).unwrap_or_default())))
            .filter(|name| {
                plain(name) || !self.order.iter().any(|o| o.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.')))
            })
            .filter_map(|name| Some(Column::new(name, self.guesses.get(name)?.ty())))
            .collect()
    }
}

impl Guess {
    fn of(raw: &Raw<'_>, zone: chrono_tz::Tz) -> Self {
        let seen = Self { seen: true, ..Self::default() };
        let text = |text: &str| Self { date: time::parse_date(text).is_ok(), time: is_instant(text, zone), ..seen };
        match raw {
            Raw::Bool(_) => Self { bool: Some(true), ..seen },
            Raw::Int(_) => Self { number: Some(0), ..seen },
            Raw::Number(n) => Self { number: decimals(n, false), ..seen },
            Raw::Double(n) => Self { number: Decimal::from_f64(*n).ok().map(|d| d.scale().min(MAX_DECIMALS)), ..seen },
            Raw::Decimal(_, scale) => Self { number: Some((*scale).min(MAX_DECIMALS)), ..seen },
            Raw::Instant(_) => Self { time: true, ..seen },
            Raw::Day(_) => Self { date: true, time: true, ..seen },
            Raw::Text(t) => text(t),
            Raw::Cell(t) => Self { bool: matches!(*t, "true" | "false").then_some(true), number: decimals(t, true), ..text(t) },
            Raw::Null | Raw::List(_) | Raw::Record(_) => Self { text: true, ..seen },
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            list: self.list || other.list,
            item: self.item || other.item,
            bool: self.bool.and(other.bool),
            number: self.number.zip(other.number).map(|(a, b)| a.max(b)),
            date: self.date && other.date,
            time: self.time && other.time,
            seen: true,
            text: self.text || other.text,
        }
    }

    fn ty(&self) -> ColumnType {
        let scalar = if self.text || !self.seen {
            Scalar::Text
        } else if self.bool.is_some() {
            Scalar::Bool
        } else if let Some(decimals) = self.number {
            Scalar::Number { decimals }
        } else if self.date {
            Scalar::Date
        } else if self.time {
            Scalar::Time
        } else {
            Scalar::Text
        };
        match (self.item, self.list, scalar) {
            (true, ..) => ColumnType::Item(scalar),
            (false, true, Scalar::Number { .. }) => ColumnType::List(scalar),
            (false, true, _) => ColumnType::List(Scalar::Text),
            _ => ColumnType::Scalar(scalar),
        }
    }
}

/// Decimals of a number; `None` for what is none. A cell with leading zeros or a plus sign is an id, not a number.
fn decimals(text: &str, cell: bool) -> Option<u8> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if cell && (padded || !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.contains('_')) {
        return None;
    }
    let number: Decimal = text.parse().ok()?;
    // Numbers that no column could keep are texts.
    number.to_scaled(0).ok()?;
    Some(number.scale().min(MAX_DECIMALS))
}

fn is_instant(text: &str, zone: chrono_tz::Tz) -> bool {
    text.len() >= 10 && text.as_bytes().first().is_some_and(u8::is_ascii_digit) && time::parse_instant(text, zone).is_ok()
}
