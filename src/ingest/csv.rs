//! CSV with a header. A cell is empty when nothing stands in it; names of columns are names of fields or attributes.

use std::borrow::Cow;
use std::io::Read;

use csv::ByteRecord;

use super::raw::{Raw, Row, Visitor};
use super::{IngestError, Mapping, Reason, Source, SourceKind, pipeline};
use crate::check::nearest;
use crate::schema::Schema;

/// Records that are decoded as one job.
const RECORDS: usize = 8192;

/// What a column of the file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Contact,
    Event,
    Ts,
    EventId,
    Value(String),
    Ignored,
}

/// What the columns of a table are; reports columns that the schema does not have, and missing ones.
pub(super) fn roles(
    header: &[String],
    source: &Source,
    mapping: &Mapping,
    schema: Option<&Schema>,
) -> Result<Vec<Role>, IngestError> {
    let events = source.kind == SourceKind::Events;
    let columns = |message: String| IngestError::Columns { path: source.path.clone(), message };
    let role = |name: &String| {
        if mapping.ignores(name) {
            Role::Ignored
        } else if *name == mapping.contact_id() {
            Role::Contact
        } else if *name == mapping.ts() {
            Role::Ts
        } else if events && *name == mapping.event() {
            Role::Event
        } else if events && *name == mapping.event_id() {
            Role::EventId
        } else {
            Role::Value(crate::value::nfc(mapping.ours(events, name)).into_owned())
        }
    };
    let roles: Vec<Role> = header.iter().map(role).collect();
    let found = header.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let mut needed = vec![(Role::Contact, mapping.contact_id())];
    if events {
        needed.push((Role::Ts, mapping.ts()));
        if mapping.event_constant().is_none() {
            needed.push((Role::Event, mapping.event()));
        }
    }
    for (role, name) in needed {
        if !roles.contains(&role) {
            return Err(columns(format!(
                "there is no column `{name}`; the columns are {found}: rename one, or name the right one in a file for `--map`"
            )));
        }
    }
    if let Some(schema) = schema {
        let mut known: Vec<&str> = Vec::new();
        if events {
            known.extend(schema.events.iter().flat_map(|e| &e.attributes).map(|a| a.name.as_str()));
        } else {
            known.extend(schema.fields.iter().map(|f| f.name.as_str()));
        }
        for role in &roles {
            if let Role::Value(name) = role
                && (events || super::encode::since_of(name).is_none_or(|field| !known.contains(&field)))
                && !known.iter().any(|k| k == name || k.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.')))
            {
                let near = nearest(name, known.iter().copied()).map_or(String::new(), |n| format!(" (the nearest is `{n}`)"));
                let what = if events { "attribute" } else { "field" };
                return Err(columns(format!(
                    "the schema has no {what} for the column `{name}`{near}; add it to the schema, or leave the column out with `--map` and `ignore = [\"{name}\"]`"
                )));
            }
        }
    }
    Ok(roles)
}

struct Job {
    first_line: u64,
    records: Vec<Result<ByteRecord, (u64, String)>>,
}

/// Reads records one after the other and decodes them on several threads.
pub(super) fn read<V: Visitor, E: From<IngestError>>(
    input: Box<dyn Read + Send>,
    source: &Source,
    mapping: &Mapping,
    schema: Option<&Schema>,
    visitor: &(dyn Fn() -> V + Sync),
    consume: &mut dyn FnMut(V) -> Result<(), E>,
) -> Result<(), E> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).buffer_capacity(1 << 18).from_reader(input);
    let mut header = ByteRecord::new();
    let unreadable = |error: &csv::Error| match error.kind() {
        csv::ErrorKind::Io(io) => IngestError::unreadable(&source.path, io),
        _ => IngestError::Columns { path: source.path.clone(), message: error.to_string() },
    };
    if !reader.read_byte_record(&mut header).map_err(|e| unreadable(&e))? {
        return Err(IngestError::Columns {
            path: source.path.clone(),
            message: "the file is empty; CSV begins with a line of column names, `contact_id` among them".to_owned(),
        }
        .into());
    }
    let names: Vec<String> = header
        .iter()
        .enumerate()
        .map(|(at, cell)| {
            let cell = if at == 0 { cell.strip_prefix(b"\xef\xbb\xbf").unwrap_or(cell) } else { cell };
            String::from_utf8_lossy(cell).trim().to_owned()
        })
        .collect();
    let roles = roles(&names, source, mapping, schema)?;
    let mut line = reader.position().line();
    let mut ended = false;
    let jobs = std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let mut job = Job { first_line: line, records: Vec::with_capacity(RECORDS) };
        while job.records.len() < RECORDS {
            let mut record = ByteRecord::new();
            match reader.read_byte_record(&mut record) {
                Ok(true) => job.records.push(Ok(record)),
                Ok(false) => {
                    ended = true;
                    break;
                }
                Err(error) => {
                    if let csv::ErrorKind::Io(io) = error.kind() {
                        ended = true;
                        return Some(Err(IngestError::unreadable(&source.path, io)));
                    }
                    job.records.push(Err((reader.position().line(), error.to_string())));
                }
            }
        }
        line = reader.position().line();
        (!job.records.is_empty()).then_some(Ok(job))
    });
    let constant = mapping.event_constant().map(|name| Raw::Text(Cow::Borrowed(name)));
    let work = |job: Job| {
        let mut visitor = visitor();
        for record in &job.records {
            match record {
                Ok(record) => read_record(record, job.first_line, &roles, source.kind, constant.as_ref(), &mut visitor),
                Err((line, message)) => visitor.reject(*line, Reason::R02, message.clone(), String::new()),
            }
        }
        Ok(visitor)
    };
    pipeline::run(jobs, usize::MAX, work, consume)
}

fn read_record(
    record: &ByteRecord,
    line: u64,
    roles: &[Role],
    kind: SourceKind,
    constant: Option<&Raw<'_>>,
    visitor: &mut impl Visitor,
) {
    let line = record.position().map_or(line, csv::Position::line);
    let text = || record.iter().map(String::from_utf8_lossy).collect::<Vec<_>>().join(",");
    if record.len() != roles.len() {
        let message = format!(
            "the line has {} and the header {}; a comma inside a cell needs quotes around the cell, and every quote its partner",
            cells(record.len()),
            roles.len()
        );
        visitor.reject(line, Reason::R02, message, text());
        return;
    }
    let (mut contact, mut event, mut ts, mut event_id) = (None, constant.cloned(), None, None);
    let mut values = Vec::with_capacity(roles.len());
    for (at, (cell, role)) in record.iter().zip(roles).enumerate() {
        let Ok(cell) = std::str::from_utf8(cell) else {
            visitor.reject(
                line,
                Reason::R03,
                format!("cell {} of the line is not UTF-8; save the file as UTF-8", at + 1),
                text(),
            );
            return;
        };
        let raw = if cell.is_empty() { Raw::Null } else { Raw::Cell(cell) };
        match role {
            Role::Contact => contact = Some(raw),
            Role::Event => event = Some(raw),
            Role::Ts => ts = Some(raw),
            Role::EventId => event_id = Some(raw).filter(|r| *r != Raw::Null),
            Role::Value(name) => values.push((Cow::Borrowed(name.as_str()), raw)),
            Role::Ignored => {}
        }
    }
    if kind == SourceKind::Events {
        // Columns of other events are empty in this row.
        values.retain(|(_, raw)| *raw != Raw::Null);
    }
    let row = Row {
        contact: contact.as_ref(),
        event: event.as_ref(),
        is_event: kind == SourceKind::Events,
        ts: ts.as_ref(),
        event_id: event_id.as_ref(),
        op: None,
        values: &values,
    };
    visitor.row(line, &row, &text);
}

fn cells(n: usize) -> String {
    if n == 1 { "1 cell".to_owned() } else { format!("{n} cells") }
}
