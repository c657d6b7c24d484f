//! `segql describe`: what a field or an event type holds, of all contacts or of some.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use roaring::RoaringBitmap;
use serde_json::{Value as Json, json};

use super::args::{ContactFormat, DescribeArgs};
use super::contact::moment;
use super::failure::Failure;
use super::{Ui, data, interrupt, output, progress, table};
use crate::check::nearest;
use crate::exec::Cancel;
use crate::ide::complete::type_of;
use crate::schema::{Column, EventId, FieldId, Scalar, Schema};
use crate::store::{CHUNK, Snapshot};
use crate::syntax::quoted;
use crate::time::{Clock, date_parts, format_date};
use crate::value::{Decimal, Value};

/// Values of a text that are shown.
const SHOWN: usize = 10;
/// Values of an attribute that are shown.
const ATTRIBUTE_VALUES: usize = 5;
/// Characters of the longest bar.
const BAR: u64 = 24;
/// Months beyond which years are counted.
const MONTHS: usize = 24;

/// Prints what a field or an event holds; without a name a line for each.
pub fn describe(args: &DescribeArgs, ui: Ui) -> Result<(), Failure> {
    let cancel = interrupt::cancel();
    let store = data::open(&args.data, &args.now, ui, &cancel)?;
    let snapshot = store.snapshot()?;
    let clock = Clock { now: data::instant(&args.now, snapshot.schema())?, zone: snapshot.schema().timezone };
    let text = match (&args.name, args.format) {
        (None, ContactFormat::Text) => overview(&snapshot)?,
        (None, ContactFormat::Json) => format!("{:#}\n", overview_json(&snapshot)?),
        (Some(name), format) => {
            let described = progress::evaluating(ui, &cancel, || named(&snapshot, &clock, name, &cancel))?;
            if format == ContactFormat::Json { format!("{:#}\n", described.json()) } else { described.text() }
        }
    };
    output::print(text.as_bytes())
}

/// A field or an event type, described.
pub struct Described {
    name: String,
    ty: String,
    description: Option<String>,
    /// What is counted: `contacts` or `events`.
    unit: &'static str,
    with: u64,
    all: u64,
    /// More facts, in words.
    notes: Vec<String>,
    parts: Vec<Part>,
}

/// Counts, with a heading.
struct Part {
    title: String,
    rows: Vec<(String, u64)>,
    /// How many rows more there are, and what they count.
    more: Option<(usize, u64)>,
}

/// Describes what has this name.
pub fn named(snapshot: &Snapshot<'_>, clock: &Clock, name: &str, cancel: &Cancel) -> Result<Described, Failure> {
    let schema = snapshot.schema();
    let name = name.trim_matches('`');
    if let Some(id) = schema.field(name) {
        return field(snapshot, clock, id, None, cancel);
    }
    if let Some(id) = schema.event(name) {
        return event(snapshot, clock, id, cancel);
    }
    let known = schema.fields.iter().map(|f| f.name.as_str()).chain(schema.events.iter().map(|e| e.name.as_str()));
    let hint = nearest(name, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    Err(Failure::usage(format!("there is no field and no event `{name}`{hint}")))
}

/// Describes a field of all contacts, or of some of them.
pub fn field(
    snapshot: &Snapshot<'_>,
    clock: &Clock,
    id: FieldId,
    among: Option<&RoaringBitmap>,
    cancel: &Cancel,
) -> Result<Described, Failure> {
    let column = snapshot.schema().field_column(id).ok_or_else(|| Failure::usage("no such field"))?.clone();
    let mut counted = Counted::default();
    let mut with = 0;
    cancel.begin(snapshot.contacts().into());
    for chunk in 0..snapshot.chunks() {
        if cancel.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        let values = snapshot.field_values(id, chunk)?;
        for (slot, value) in (0_u32..).zip(values) {
            if let Some(value) = value
                && among.is_none_or(|some| some.contains(chunk * CHUNK + slot))
            {
                with += 1;
                counted.add(&value);
            }
        }
        cancel.add(snapshot.chunk_len(chunk).into());
    }
    let (notes, part) = counted.finish(&column, clock);
    Ok(Described {
        name: column.name.clone(),
        ty: type_of(column.ty),
        description: column.description.clone(),
        unit: "contacts",
        with,
        all: among.map_or(u64::from(snapshot.contacts()), RoaringBitmap::len),
        notes,
        parts: part.into_iter().collect(),
    })
}

/// Describes the events of a type up to now.
pub fn event(snapshot: &Snapshot<'_>, clock: &Clock, id: EventId, cancel: &Cancel) -> Result<Described, Failure> {
    let ty = snapshot.schema().event_type(id).ok_or_else(|| Failure::usage("no such event"))?.clone();
    let (mut contacts, mut events) = (0_u64, 0_u64);
    let mut times = Counted::default();
    cancel.begin(snapshot.contacts().into());
    let mut attributes: Vec<(u64, Counted)> = ty.attributes.iter().map(|_| (0, Counted::default())).collect();
    for chunk in 0..snapshot.chunks() {
        snapshot.event_rows(id, chunk, &mut |_, rows| {
            let before = events;
            for row in rows.iter().filter(|row| row.ts <= clock.now) {
                events += 1;
                times.add(&Value::Time(row.ts));
                for ((with, counted), value) in attributes.iter_mut().zip(&row.attributes) {
                    if let Some(value) = value {
                        *with += 1;
                        counted.add(value);
                    }
                }
            }
            contacts += u64::from(events > before);
            if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if cancel.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        cancel.add(snapshot.chunk_len(chunk).into());
    }
    let when = Column::new("time", crate::schema::ColumnType::Scalar(Scalar::Time));
    let (mut notes, timeline) = times.finish(&when, clock);
    notes.insert(0, format!("{} events", table::grouped(events)));
    let mut parts: Vec<Part> = timeline.into_iter().collect();
    for (column, (with, counted)) in ty.attributes.iter().zip(attributes) {
        let (facts, part) = counted.finish(column, clock);
        let title = format!(
            "{} ({}): {} of events{}{}",
            column.name,
            type_of(column.ty),
            share_of(with, events),
            if facts.is_empty() { "" } else { ", " },
            facts.join(", ")
        );
        let (rows, more) = part.map_or((Vec::new(), None), |part| (part.rows, part.more));
        let limit = if column.ty.scalar() == Scalar::Text { ATTRIBUTE_VALUES } else { usize::MAX };
        let shown: Vec<(String, u64)> = rows.iter().take(limit).cloned().collect();
        let rest = rows.get(shown.len()..).unwrap_or_default();
        let (n, count) = more.unwrap_or((0, 0));
        let rest = (n + rest.len(), count + rest.iter().map(|(_, n)| n).sum::<u64>());
        parts.push(Part { title, rows: shown, more: (rest.0 > 0).then_some(rest) });
    }
    Ok(Described {
        name: ty.name.clone(),
        ty: "event".to_owned(),
        description: ty.description.clone(),
        unit: "contacts",
        with: contacts,
        all: u64::from(snapshot.contacts()),
        notes,
        parts,
    })
}

fn share_of(part: u64, all: u64) -> String {
    table::share(part, u32::try_from(all).unwrap_or(u32::MAX))
}

impl Described {
    /// For people.
    pub fn text(&self) -> String {
        let mut out = format!("{} ({})", self.name, self.ty);
        if let Some(description) = &self.description {
            let _ = write!(out, ": {description}");
        }
        let _ = writeln!(
            out,
            "\n{} of {} {} ({}){}{}",
            table::grouped(self.with),
            table::grouped(self.all),
            self.unit,
            share_of(self.with, self.all),
            if self.notes.is_empty() { "" } else { ", " },
            self.notes.join(", ")
        );
        for part in &self.parts {
            out.push('\n');
            if !part.title.is_empty() {
                let _ = writeln!(out, "{}", part.title);
            }
            let most = part.rows.iter().map(|(_, n)| *n).max().unwrap_or(0);
            let width = part.rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
            let digits = part.rows.iter().map(|(_, n)| table::grouped(*n).chars().count()).max().unwrap_or(0);
            for (label, count) in &part.rows {
                let gap = " ".repeat(width - label.chars().count());
                let count_text = table::grouped(*count);
                let pad = " ".repeat(digits - count_text.chars().count());
                let line = format!("  {label}{gap}  {pad}{count_text}  {}", table::bar(*count, most, BAR));
                let _ = writeln!(out, "{}", line.trim_end());
            }
            if let Some((rows, count)) = part.more {
                let _ = writeln!(out, "  and {} more with {}", table::grouped(rows as u64), table::grouped(count));
            }
        }
        out
    }

    /// For programs.
    pub fn json(&self) -> Json {
        let parts: Vec<Json> = self
            .parts
            .iter()
            .map(|part| {
                let rows: Vec<Json> = part.rows.iter().map(|(label, n)| json!({ "value": label, "count": n })).collect();
                json!({ "title": part.title, "rows": rows, "more": part.more.map(|(rows, n)| json!({ "rows": rows, "count": n })) })
            })
            .collect();
        json!({
            "name": self.name, "type": self.ty, "description": self.description, "with": self.with, "all": self.all,
            "unit": self.unit, "notes": self.notes, "parts": parts,
        })
    }
}

/// Values on their way to a distribution.
#[derive(Default)]
struct Counted {
    texts: std::collections::HashMap<String, u64>,
    numbers: Vec<i64>,
    elements: u64,
}

impl Counted {
    fn add(&mut self, value: &Value) {
        match value {
            Value::Text(text) => match self.texts.get_mut(text) {
                Some(count) => *count += 1,
                None => {
                    self.texts.insert(text.clone(), 1);
                }
            },
            Value::Number(n) | Value::Time(n) => self.numbers.push(*n),
            Value::Bool(b) => self.numbers.push(i64::from(*b)),
            Value::Date(day) => self.numbers.push(i64::from(*day)),
            Value::List(items) => {
                self.elements += items.len() as u64;
                items.iter().flatten().for_each(|item| self.add(item));
            }
        }
    }

    fn finish(mut self, column: &Column, clock: &Clock) -> (Vec<String>, Option<Part>) {
        let mut notes = Vec::new();
        if column.ty.is_list() {
            notes.push(format!("{} elements", table::grouped(self.elements)));
        }
        if column.ty.scalar() == Scalar::Text {
            return (notes, self.most_frequent(column));
        }
        self.numbers.sort_unstable();
        let (Some(least), Some(most)) = (self.numbers.first().copied(), self.numbers.last().copied()) else {
            return (notes, None);
        };
        let part = match column.ty.scalar() {
            Scalar::Text => None,
            Scalar::Bool => {
                let yes = self.numbers.iter().filter(|n| **n == 1).count() as u64;
                let rows = vec![("true".to_owned(), yes), ("false".to_owned(), self.numbers.len() as u64 - yes)];
                Some(Part { title: String::new(), rows, more: None })
            }
            Scalar::Number { decimals } => {
                let shown = |n: i64| Decimal::new(i128::from(n), decimals).to_string();
                let at = |percent: usize| shown(self.numbers.get((self.numbers.len() - 1) * percent / 100).copied().unwrap_or(0));
                notes.push(format!("{} to {}, median {}, 90 % up to {}", shown(least), shown(most), at(50), at(90)));
                Some(Part { title: String::new(), rows: histogram(&self.numbers, decimals), more: None })
            }
            Scalar::Date => {
                let days = |n: i64| i32::try_from(n).unwrap_or(0);
                notes.push(format!("{} to {}", format_date(days(least)), format_date(days(most))));
                Some(timeline(self.numbers.iter().map(|n| days(*n))))
            }
            Scalar::Time => {
                notes.push(format!("{} to {}", moment(least, clock.zone), moment(most, clock.zone)));
                Some(timeline(self.numbers.iter().map(|n| clock.day_of(*n))))
            }
        };
        (notes, part)
    }

    fn most_frequent(self, column: &Column) -> Option<Part> {
        let mut rows: Vec<(String, u64)> = self.texts.into_iter().collect();
        // What could be and is not is worth knowing.
        for value in column.values.iter().flatten() {
            if !rows.iter().any(|(known, _)| known == value) {
                rows.push((value.clone(), 0));
            }
        }
        if rows.is_empty() {
            return None;
        }
        rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let rest = rows.split_off(rows.len().min(SHOWN));
        let more = (!rest.is_empty()).then(|| (rest.len(), rest.iter().map(|(_, n)| n).sum()));
        Some(Part { title: String::new(), rows: rows.into_iter().map(|(text, n)| (quoted(&text), n)).collect(), more })
    }
}

/// Counts in about ten steps of 1, 2 or 5 times a power of ten, up to what 99 in 100 reach; the last step has the rest.
fn histogram(sorted: &[i64], decimals: u8) -> Vec<(String, u64)> {
    let (Some(least), Some(most)) = (sorted.first().copied(), sorted.last().copied()) else { return Vec::new() };
    let high = sorted.get(sorted.len() * 99 / 100).copied().unwrap_or(most);
    let spread = (i128::from(high) - i128::from(least)).max(1);
    let mut step = 1_i128;
    let mut factors = [2, 5, 10].into_iter().cycle();
    let mut unit = 1_i128;
    while spread / step > 10 {
        let factor = factors.next().unwrap_or(10);
        step = unit * factor;
        if factor == 10 {
            unit *= 10;
        }
    }
    let shown = |n: i128| Decimal::new(n, decimals).to_string();
    let mut rows = Vec::new();
    let mut from = i128::from(least).div_euclid(step) * step;
    let mut at = 0;
    while at < sorted.len() {
        let last = from + step > i128::from(high);
        let end = if last { sorted.len() } else { sorted.partition_point(|n| i128::from(*n) < from + step) };
        let label = if last && i128::from(most) >= from + step {
            format!("{} and more", shown(from))
        } else {
            format!("{} to {}", shown(from), shown(from + step))
        };
        rows.push((label, (end - at) as u64));
        at = end;
        from += step;
    }
    rows
}

/// Counts by month; by year where there are many.
fn timeline(days: impl Iterator<Item = i32>) -> Part {
    let mut months: BTreeMap<(i64, i64), u64> = BTreeMap::new();
    for day in days {
        let parts = date_parts(day);
        *months.entry((parts.year, parts.month)).or_default() += 1;
    }
    if months.len() <= MONTHS {
        let rows = months.into_iter().map(|((year, month), n)| (format!("{year:04}-{month:02}"), n)).collect();
        return Part { title: String::new(), rows, more: None };
    }
    let mut years: BTreeMap<i64, u64> = BTreeMap::new();
    for ((year, _), n) in months {
        *years.entry(year).or_default() += n;
    }
    Part { title: String::new(), rows: years.into_iter().map(|(year, n)| (format!("{year:04}"), n)).collect(), more: None }
}

/// All fields with their coverage.
pub fn fields(snapshot: &Snapshot<'_>) -> String {
    let rows = counted_fields(snapshot).into_iter().map(|(column, with)| {
        let description = column.description.clone().unwrap_or_default();
        vec![column.name.clone(), type_of(column.ty), table::share(with, snapshot.contacts()), description]
    });
    table::render(&["field", "type", "set", ""], rows)
}

/// All event types that occur, with how often.
pub fn events(snapshot: &Snapshot<'_>) -> Result<String, Failure> {
    let rows = counted_events(snapshot)?.into_iter().map(|(name, contacts, events, attributes)| {
        vec![name, table::grouped(events), table::share(contacts, snapshot.contacts()), attributes]
    });
    Ok(table::render(&["event", "events", "contacts", "attributes"], rows))
}

fn overview(snapshot: &Snapshot<'_>) -> Result<String, Failure> {
    Ok(format!("{} contacts\n\n{}\n{}", table::grouped(u64::from(snapshot.contacts())), fields(snapshot), events(snapshot)?))
}

fn overview_json(snapshot: &Snapshot<'_>) -> Result<Json, Failure> {
    let fields: Vec<Json> = counted_fields(snapshot)
        .into_iter()
        .map(|(column, with)| json!({ "field": column.name, "type": type_of(column.ty), "with": with }))
        .collect();
    let events: Vec<Json> = counted_events(snapshot)?
        .into_iter()
        .map(|(name, contacts, events, _)| json!({ "event": name, "contacts": contacts, "events": events }))
        .collect();
    Ok(json!({ "contacts": snapshot.contacts(), "fields": fields, "events": events }))
}

fn counted_fields(snapshot: &Snapshot<'_>) -> Vec<(Column, u64)> {
    use crate::lint::Facts;
    let schema: &Schema = snapshot.schema();
    let all = u64::from(snapshot.contacts());
    (0..)
        .map(FieldId)
        .zip(&schema.fields)
        .map(|(id, column)| (column.clone(), all - Facts::without(snapshot, id).unwrap_or(all)))
        .collect()
}

/// Name, contacts, events, attributes of every type that occurs.
fn counted_events(snapshot: &Snapshot<'_>) -> Result<Vec<(String, u64, u64, String)>, Failure> {
    let mut out = Vec::new();
    for (id, ty) in (0_u16..).map(EventId).zip(&snapshot.schema().events) {
        let (mut contacts, mut events) = (0, 0);
        for chunk in 0..snapshot.chunks() {
            let (c, e) = snapshot.event_counts(id, chunk)?;
            contacts += c;
            events += e;
        }
        if events > 0 {
            let names: Vec<&str> = ty.attributes.iter().map(|a| a.name.as_str()).collect();
            out.push((ty.name.clone(), contacts, events, names.join(", ")));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_people_would_choose() {
        let rows = histogram(&(0..=1000).collect::<Vec<i64>>(), 0);
        assert_eq!(rows.first().unwrap(), &("0 to 100".to_owned(), 100));
        assert_eq!(rows.iter().map(|(_, n)| n).sum::<u64>(), 1001);
        assert_eq!(histogram(&[5], 0), [("5 to 6".to_owned(), 1)]);
        let skewed: Vec<i64> = std::iter::repeat_n(150, 995).chain([1_000_000; 5]).collect();
        let rows = histogram(&skewed, 2);
        assert!(rows.last().unwrap().0.contains("and more"), "{rows:?}");
        assert_eq!(rows.iter().map(|(_, n)| n).sum::<u64>(), 1000);
    }
}
