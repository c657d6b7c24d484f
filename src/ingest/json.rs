//! NDJSON: native contacts and events, and lines of the Segment spec.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use serde::de::{Deserializer, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::input::{Block, Blocks, MAX_LINE};
use super::raw::{Raw, Row, Visitor};
use super::{IngestError, Mapping, Reason, Source, SourceKind, pipeline};

/// Reads lines in blocks on several threads.
pub(super) fn read<V: Visitor, E: From<IngestError>>(
    input: Box<dyn Read + Send>,
    source: &Source,
    mapping: &Mapping,
    visitor: &(dyn Fn() -> V + Sync),
    consume: &mut dyn FnMut(V) -> Result<(), E>,
) -> Result<(), E> {
    let work = |block: Block| {
        let mut visitor = visitor();
        for (number, line) in block.lines() {
            read_line(number, line, source.kind, mapping, &mut visitor);
        }
        Ok(visitor)
    };
    pipeline::run(Blocks::new(input, &source.path), usize::MAX, work, consume)
}

fn read_line(number: u64, line: &[u8], kind: SourceKind, mapping: &Mapping, visitor: &mut impl Visitor) {
    let lossy = || String::from_utf8_lossy(line).chars().take(10_000).collect::<String>();
    if line.len() > MAX_LINE {
        visitor.reject(number, Reason::R14, format!("the line is longer than {MAX_LINE} bytes"), lossy());
        return;
    }
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("byte {} of the line is not UTF-8; save the file as UTF-8", error.valid_up_to() + 1);
            visitor.reject(number, Reason::R03, message, lossy());
            return;
        }
    };
    let members = match object(text) {
        Ok(members) => members,
        Err(error) => {
            let message = format!("column {}: {}; each line holds one JSON object", error.column().max(1), plain(&error));
            visitor.reject(number, Reason::R01, message, lossy());
            return;
        }
    };
    let shown = || lossy();
    match segment_type(&members) {
        Some(ty) if kind == SourceKind::Events => segment(number, &ty, &members, visitor, &shown),
        _ if kind == SourceKind::Events => event(number, &members, mapping, visitor, &shown),
        _ => contact(number, &members, mapping, visitor, &shown),
    }
}

/// An error of `serde_json` without its own place, in words for people.
fn plain(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => return "the line ends in the middle of it".to_owned(),
        serde_json::error::Category::Data => return "this is no JSON object".to_owned(),
        _ => {}
    }
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

type Members<'a> = Vec<(Cow<'a, str>, Raw<'a>)>;

fn get<'m, 'a>(members: &'m Members<'a>, path: &str) -> Option<&'m Raw<'a>> {
    if let Some((_, raw)) = members.iter().find(|(key, _)| key == path) {
        return Some(raw);
    }
    let (head, rest) = path.split_once('.')?;
    match members.iter().find(|(key, _)| key == head) {
        Some((_, Raw::Record(inner))) => get(inner, rest),
        _ => None,
    }
}

fn event(line: u64, members: &Members<'_>, mapping: &Mapping, visitor: &mut impl Visitor, text: &dyn Fn() -> String) {
    let constant = mapping.event_constant().map(|name| Raw::Text(Cow::Borrowed(name)));
    let mapped: Vec<(Cow<'_, str>, Raw<'_>)> =
        mapping.values(true).filter_map(|(ours, path)| Some((Cow::Borrowed(ours), get(members, path)?.clone()))).collect();
    let values = match get(members, "attrs") {
        _ if mapping.values(true).next().is_some() => mapped.as_slice(),
        Some(Raw::Record(attrs)) => attrs.as_slice(),
        None | Some(Raw::Null) => &[],
        Some(other) => {
            visitor.reject(line, Reason::R10, format!("`attrs` is {}, and a record is wanted", other.describe()), text());
            return;
        }
    };
    let row = Row {
        contact: get(members, mapping.contact_id()),
        event: constant.as_ref().or_else(|| get(members, mapping.event())),
        is_event: true,
        ts: get(members, mapping.ts()),
        event_id: get(members, mapping.event_id()).filter(|id| **id != Raw::Null),
        op: get(members, "op").filter(|op| **op != Raw::Null),
        values,
    };
    visitor.row(line, &row, text);
}

fn contact(line: u64, members: &Members<'_>, mapping: &Mapping, visitor: &mut impl Visitor, text: &dyn Fn() -> String) {
    let known = [mapping.contact_id(), mapping.ts()];
    let mut values: Vec<(Cow<'_, str>, Raw<'_>)> = Vec::with_capacity(members.len());
    for (key, raw) in members {
        let taken = known.contains(&key.as_ref()) || mapping.ignores(key);
        if !taken && !mapping.values(false).any(|(_, path)| path == key) {
            values.push((Cow::Borrowed(key), raw.clone()));
        }
    }
    values.extend(mapping.values(false).filter_map(|(ours, path)| Some((Cow::Borrowed(ours), get(members, path)?.clone()))));
    let row = Row {
        contact: get(members, known[0]),
        event: None,
        is_event: false,
        ts: get(members, known[1]),
        event_id: None,
        op: None,
        values: &values,
    };
    visitor.row(line, &row, text);
}

/// The `type` of a line of the Segment spec: such a line has no `contact_id`.
fn segment_type(members: &Members<'_>) -> Option<String> {
    match get(members, "type") {
        Some(Raw::Text(ty)) if get(members, "contact_id").is_none() => Some(ty.to_string()),
        _ => None,
    }
}

/// `identify` is a contact line, `track`, `page` and `screen` are events; other types say nothing of contacts.
fn segment(line: u64, ty: &str, members: &Members<'_>, visitor: &mut impl Visitor, text: &dyn Fn() -> String) {
    let present = |path: &str| get(members, path).filter(|raw| **raw != Raw::Null);
    let contact = present("userId").or_else(|| present("anonymousId"));
    let ts = present("timestamp").or_else(|| present("originalTimestamp")).or_else(|| present("sentAt"));
    let record = |path: &str| match get(members, path) {
        Some(Raw::Record(values)) => values.clone(),
        _ => Vec::new(),
    };
    match ty {
        "identify" => {
            let mut values = record("traits");
            for (key, raw) in record("context.traits") {
                if !values.iter().any(|(k, _)| *k == key) {
                    values.push((key, raw));
                }
            }
            visitor.row(
                line,
                &Row { contact, event: None, is_event: false, ts, event_id: None, op: None, values: &values },
                text,
            );
        }
        "track" | "page" | "screen" => {
            let mut values = record("properties");
            let named = Raw::Text(Cow::Owned(ty.to_owned()));
            let event = if ty == "track" { present("event") } else { Some(&named) };
            if let (true, Some(name)) = (ty != "track", present("name")) {
                values.push((Cow::Borrowed("name"), name.clone()));
            }
            visitor.row(
                line,
                &Row { contact, event, is_event: true, ts, event_id: present("messageId"), op: None, values: &values },
                text,
            );
        }
        other => visitor.reject(
            line,
            Reason::R08,
            format!("lines of type `{other}` are not read; `identify`, `track`, `page` and `screen` are"),
            text(),
        ),
    }
}

/// The members of a JSON object, in order.
fn object(text: &str) -> Result<Members<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(ObjectVisitor)?;
    deserializer.end()?;
    Ok(members)
}

/// A JSON value.
pub(super) fn value(text: &str) -> Result<Raw<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let raw = <&RawValue as serde::Deserialize>::deserialize(&mut deserializer)?;
    deserializer.end()?;
    convert(raw.get())
}

/// Text that is known to be JSON, as a value; numbers stay as they are written.
fn convert(text: &str) -> Result<Raw<'_>, serde_json::Error> {
    Ok(match text.as_bytes().first() {
        Some(b'"') => Raw::Text(string(text)?),
        Some(b'n') => Raw::Null,
        Some(b't') => Raw::Bool(true),
        Some(b'f') => Raw::Bool(false),
        Some(b'[') => Raw::List(serde_json::Deserializer::from_str(text).deserialize_seq(ListVisitor)?),
        Some(b'{') => Raw::Record(object(text)?),
        _ => Raw::Number(Cow::Borrowed(text)),
    })
}

/// A JSON string without its quotes, borrowed when it has no escapes.
fn string(text: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        Some(inner) if memchr::memchr(b'\\', inner.as_bytes()).is_none() => Ok(Cow::Borrowed(inner)),
        _ => serde_json::from_str::<String>(text).map(Cow::Owned),
    }
}

struct ObjectVisitor;

impl<'de> serde::de::Visitor<'de> for ObjectVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(map.size_hint().unwrap_or(8));
        while let Some((key, raw)) = map.next_entry::<&RawValue, &'de RawValue>()? {
            let key = string(key.get()).map_err(serde::de::Error::custom)?;
            members.push((key, convert(raw.get()).map_err(serde::de::Error::custom)?));
        }
        Ok(members)
    }
}

struct ListVisitor;

impl<'de> serde::de::Visitor<'de> for ListVisitor {
    type Value = Vec<Raw<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(raw) = list.next_element::<&'de RawValue>()? {
            items.push(convert(raw.get()).map_err(serde::de::Error::custom)?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_they_are_written() {
        let members = object(r#"{"a": 17850.0, "ł\u0105": "x\ny", "l": [1, null, {"b": true}]}"#).unwrap();
        assert_eq!(members[0], ("a".into(), Raw::Number("17850.0".into())));
        assert_eq!(members[1], ("łą".into(), Raw::Text("x\ny".into())));
        assert_eq!(
            get(&members, "l"),
            Some(&Raw::List(vec![Raw::Number("1".into()), Raw::Null, Raw::Record(vec![("b".into(), Raw::Bool(true))])]))
        );
        assert!(object("{\"a\": 1} x").is_err() && object("[1]").is_err() && object("{\"a\":}").is_err());
    }
}
