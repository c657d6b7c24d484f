//! `segql profile`: everything known of a contact.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::words::{moment, plural};
use super::{clock, find, note_the_past, printed};
use crate::cli::args::ProfileArgs;
use crate::cli::failure::Failure;
use crate::cli::{Ui, data, interrupt, output};
use crate::row::{Event, Profile};
use crate::schema::{Column, EventType, Scalar, Schema};
use crate::store::Snapshot;
use crate::time::{Clock, format_date, format_instant};
use crate::value::{self, Decimal, Number};

/// Milliseconds of a day and of an hour.
const DAY: i64 = 86_400_000;
const HOUR: i64 = 3_600_000;

/// `segql profile CONTACT`
pub fn profile(args: &ProfileArgs, ui: Ui) -> Result<(), Failure> {
    let store = data::open(&args.data, &args.now, ui, &interrupt::cancel())?;
    let snapshot = store.snapshot()?;
    let clock = clock(&args.now, snapshot.schema())?;
    note_the_past(&clock, &store);
    let said = printed(
        args.format,
        || text(&snapshot, &clock, &args.contact, args.timeline),
        || json(&snapshot, &clock, &args.contact, args.timeline),
    )?;
    output::print(said.as_bytes())
}

/// Fields with their age, what each type of event comes to, and the newest `events` events.
pub fn text(snapshot: &Snapshot<'_>, clock: &Clock, contact: &str, events: usize) -> Result<String, Failure> {
    let schema = snapshot.schema();
    let profile = find(snapshot, contact)?;
    let mut out = format!("`{contact}`, now {}\n\nfields\n", format_instant(clock.now, clock.zone));
    let width = schema.fields.iter().map(|f| f.name.chars().count()).max().unwrap_or(0);
    for (at, column) in schema.fields.iter().enumerate() {
        let value = profile.fields.get(at).and_then(Option::as_ref).map_or("empty".to_owned(), |v| shown(v, column, clock));
        let since = profile.since.get(at).copied().flatten();
        let since = since.map_or(String::new(), |ms| format!("  since {} ({})", moment(ms, clock.zone), age(clock.now - ms)));
        let _ = writeln!(out, "  {:width$}  {value}{since}", column.name);
    }
    let past = past(&profile, clock);
    let _ = writeln!(out, "\nevents");
    for summary in summaries(schema, &past) {
        let _ = writeln!(out, "  {}", summary.text(clock));
    }
    if past.is_empty() {
        let _ = writeln!(out, "  none");
    }
    if events > 0 && !past.is_empty() {
        let _ = writeln!(out, "\nnewest first");
        for event in past.iter().rev().take(events) {
            let ty = schema.event_type(event.event);
            let attributes: Vec<String> =
                attributes(ty, event, clock).into_iter().map(|(name, value)| format!("{name} {value}")).collect();
            let name = ty.map_or("", |t| t.name.as_str());
            let _ = writeln!(out, "  {}  {name}  {}", moment(event.ts, clock.zone), attributes.join(", "));
        }
        let more = past.len().saturating_sub(events);
        if more > 0 {
            let _ = writeln!(out, "  ... and {more} older {}", plural(more as u64, "event"));
        }
    }
    Ok(out.lines().flat_map(|line| [line.trim_end(), "\n"]).collect())
}

/// The same as JSON.
pub fn json(snapshot: &Snapshot<'_>, clock: &Clock, contact: &str, events: usize) -> Result<Value, Failure> {
    let schema = snapshot.schema();
    let profile = find(snapshot, contact)?;
    let instant = |ms: i64| format_instant(ms, clock.zone);
    let fields: Vec<Value> = schema
        .fields
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let value = profile.fields.get(at).and_then(Option::as_ref);
            let since = profile.since.get(at).copied().flatten();
            json!({
                "field": column.name,
                "value": value.map(|v| value_of(v, column, clock)),
                "since": since.map(instant),
                "age_ms": since.map(|ms| clock.now - ms),
            })
        })
        .collect();
    let past = past(&profile, clock);
    let timeline: Vec<Value> = past
        .iter()
        .rev()
        .take(events)
        .map(|event| {
            let ty = schema.event_type(event.event);
            let columns = ty.map_or(&[][..], |t| &t.attributes);
            let attrs: serde_json::Map<String, Value> = event
                .attributes
                .iter()
                .zip(columns)
                .filter_map(|(v, c)| Some((c.name.clone(), value_of(v.as_ref()?, c, clock))))
                .collect();
            json!({ "event": ty.map(|t| t.name.as_str()), "ts": instant(event.ts), "attrs": attrs })
        })
        .collect();
    let aggregates: Vec<Value> = summaries(schema, &past).iter().map(|s| s.json(clock)).collect();
    Ok(json!({
        "contact": contact,
        "now": instant(clock.now),
        "fields": fields,
        "aggregates": aggregates,
        "events": past.len(),
        "timeline": timeline,
    }))
}

/// The events up to now, oldest first.
fn past<'p>(profile: &'p Profile, clock: &Clock) -> Vec<&'p Event> {
    let mut past: Vec<&Event> = profile.events.iter().filter(|e| e.ts <= clock.now).collect();
    past.sort_by_key(|e| (e.ts, e.event));
    past
}

/// What the events of one type come to.
struct Summary<'s> {
    ty: &'s EventType,
    count: usize,
    first: i64,
    last: i64,
    /// Sums of numbers.
    sums: Vec<(&'s str, Number)>,
    /// Of texts how many different ones there are, and the most frequent.
    texts: Vec<(&'s str, usize, String)>,
}

fn summaries<'s>(schema: &'s Schema, past: &[&Event]) -> Vec<Summary<'s>> {
    let mut all = Vec::new();
    for (id, ty) in (0_u16..).map(crate::schema::EventId).zip(&schema.events) {
        let events: Vec<&&Event> = past.iter().filter(|e| e.event == id).collect();
        let (Some(first), Some(last)) = (events.first(), events.last()) else { continue };
        let mut summary =
            Summary { ty, count: events.len(), first: first.ts, last: last.ts, sums: Vec::new(), texts: Vec::new() };
        for (at, column) in ty.attributes.iter().enumerate().filter(|(_, c)| !c.ty.is_list()) {
            let values = events.iter().filter_map(|e| e.attributes.get(at)?.as_ref());
            match column.ty.scalar() {
                Scalar::Number { decimals } => {
                    let numbers = values.filter_map(|v| if let value::Value::Number(n) = v { Some(*n) } else { None });
                    let total: i128 = numbers.map(i128::from).sum();
                    summary.sums.push((&column.name, Number::from(Decimal::new(total, decimals))));
                }
                Scalar::Text => {
                    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
                    for value in values {
                        if let value::Value::Text(text) = value {
                            *counts.entry(text).or_default() += 1;
                        }
                    }
                    let most = counts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
                    if let Some((text, _)) = most {
                        summary.texts.push((&column.name, counts.len(), (*text).to_owned()));
                    }
                }
                _ => {}
            }
        }
        all.push(summary);
    }
    all
}

impl Summary<'_> {
    fn text(&self, clock: &Clock) -> String {
        let mut out = format!("{} {}", self.count, self.ty.name);
        let _ = write!(out, ", first {}", moment(self.first, clock.zone));
        let _ = write!(out, ", last {} ({})", moment(self.last, clock.zone), age(clock.now - self.last));
        for (name, sum) in &self.sums {
            let _ = write!(out, ", sum of {name} {sum}");
        }
        for (name, distinct, most) in &self.texts {
            let _ = match distinct {
                1 => write!(out, ", {name} {}", crate::syntax::quoted(most)),
                n => write!(out, ", {n} different {name}, most often {}", crate::syntax::quoted(most)),
            };
        }
        out
    }

    fn json(&self, clock: &Clock) -> Value {
        let sums: serde_json::Map<String, Value> =
            self.sums.iter().map(|(name, sum)| ((*name).to_owned(), json!(sum.to_string()))).collect();
        let texts: serde_json::Map<String, Value> = self
            .texts
            .iter()
            .map(|(name, distinct, most)| ((*name).to_owned(), json!({ "distinct": distinct, "most_frequent": most })))
            .collect();
        json!({
            "event": self.ty.name,
            "count": self.count,
            "first": format_instant(self.first, clock.zone),
            "last": format_instant(self.last, clock.zone),
            "sum": sums,
            "texts": texts,
        })
    }
}

fn attributes(ty: Option<&EventType>, event: &Event, clock: &Clock) -> Vec<(String, String)> {
    let columns = ty.map_or(&[][..], |t| &t.attributes);
    let attribute =
        |(value, column): (&Option<value::Value>, &Column)| Some((column.name.clone(), shown(value.as_ref()?, column, clock)));
    event.attributes.iter().zip(columns).filter_map(attribute).collect()
}

/// A stored value as people read it.
/// A stored value in words.
pub fn shown(value: &value::Value, column: &Column, clock: &Clock) -> String {
    match value {
        value::Value::Time(ms) => moment(*ms, clock.zone),
        value::Value::Text(text) => crate::syntax::quoted(text),
        value::Value::List(items) => {
            let item = |i: &Option<value::Value>| i.as_ref().map_or("empty".to_owned(), |v| shown(v, column, clock));
            format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(", "))
        }
        other => plain(other, column),
    }
}

fn plain(value: &value::Value, column: &Column) -> String {
    match value {
        value::Value::Number(n) => {
            let decimals = if let Scalar::Number { decimals } = column.ty.scalar() { decimals } else { 0 };
            Decimal::new(i128::from(*n), decimals).to_string()
        }
        value::Value::Bool(b) => b.to_string(),
        value::Value::Date(day) => format_date(*day),
        value::Value::Text(text) => text.clone(),
        value::Value::Time(_) | value::Value::List(_) => String::new(),
    }
}

/// A stored value as JSON; numbers keep their digits.
fn value_of(value: &value::Value, column: &Column, clock: &Clock) -> Value {
    match value {
        value::Value::Bool(b) => json!(b),
        value::Value::Time(ms) => json!(format_instant(*ms, clock.zone)),
        value::Value::List(items) => items.iter().map(|i| i.as_ref().map(|v| value_of(v, column, clock))).collect(),
        value::Value::Number(_) => serde_json::from_str(&plain(value, column)).unwrap_or_default(),
        other => json!(plain(other, column)),
    }
}

/// `12 days ago`
fn age(ms: i64) -> String {
    let (days, hours) = (ms / DAY, ms / HOUR);
    match (days, hours) {
        _ if ms < 0 => "ahead".to_owned(),
        (0, 0) => format!("{} min ago", ms / 60_000),
        (0..=1, h) => format!("{h} {} ago", plural(h.unsigned_abs(), "hour")),
        (d, _) => format!("{d} days ago"),
    }
}
