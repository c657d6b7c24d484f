//! `segql describe`: what a field or an event type holds, of all contacts or of some.

mod counted;
mod numbers;
mod texts;

use std::fmt::Write as _;
use std::ops::ControlFlow;

use roaring::RoaringBitmap;
use serde_json::{Value as Json, json};

use super::args::{ContactFormat, DescribeArgs};
use super::failure::Failure;
use super::{Ui, data, interrupt, output, progress, table};
use crate::check::nearest;
use crate::exec::Cancel;
use crate::ide::complete::type_of;
use crate::schema::{Column, EventId, FieldId, Scalar, Schema};
use crate::store::Snapshot;
use crate::time::{Clock, LocalTimes};
use counted::Counted;

/// Values of an attribute that are shown.
const ATTRIBUTE_VALUES: usize = 5;
/// Characters of the longest bar.
const BAR: u64 = 24;

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
    let times = LocalTimes::new(*clock);
    let mut counted = Counted::of(column.ty.scalar());
    cancel.begin(snapshot.contacts().into());
    for chunk in 0..snapshot.chunks() {
        snapshot.field_columns(id, chunk, among, &mut |values, slots| counted.add(values, slots, &times, cancel))?;
        if cancel.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        cancel.add(snapshot.chunk_len(chunk).into());
    }
    let with = counted.with();
    let (notes, part) = counted.finish(&column, clock, cancel)?;
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
    let times = LocalTimes::new(*clock);
    let mut instants = Counted::of(Scalar::Time);
    let mut attributes: Vec<Counted> = ty.attributes.iter().map(|column| Counted::of(column.ty.scalar())).collect();
    cancel.begin(snapshot.contacts().into());
    for chunk in 0..snapshot.chunks() {
        snapshot.event_columns(id, chunk, clock.now, &mut |block| {
            contacts += block.contacts;
            events += block.runs.iter().map(|run| run.len() as u64).sum::<u64>();
            instants.add_numbers(block.rows.ts(), &block.runs, &times, cancel);
            for (counted, column) in attributes.iter_mut().zip(&block.attributes) {
                if let Some(column) = column {
                    counted.add(column, &block.runs, &times, cancel);
                }
            }
            if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if cancel.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        cancel.add(snapshot.chunk_len(chunk).into());
    }
    let when = Column::new("time", crate::schema::ColumnType::Scalar(Scalar::Time));
    let (mut notes, timeline) = instants.finish(&when, clock, cancel)?;
    notes.insert(0, format!("{} events", table::grouped(events)));
    let mut parts: Vec<Part> = timeline.into_iter().collect();
    for (column, counted) in ty.attributes.iter().zip(attributes) {
        let with = counted.with();
        let (facts, part) = counted.finish(column, clock, cancel)?;
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
