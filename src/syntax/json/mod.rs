//! Scripts as JSON, for programs that edit them.
//!
//! [`to_json`] reads the canonical text of a script into a [`Document`], [`from_json`] writes the canonical text of one.
//! Text to JSON to text is what `segql fmt` makes of the text. `docs/json.md` describes the form; [`schema`] is its JSON
//! Schema, made from the types in [`types`].

mod comments;
mod read;
mod strict;
pub mod types;
mod validate;
mod write;

use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;

pub use types::{Document, VERSION};

use super::build::NEWEST_EDITION;
use super::{SourceId, parse};
use crate::diag::{Diagnostic, codes, has_errors};
use crate::fmt::format;

/// The deepest nesting of JSON values that is read: more than any script within [`MAX_NESTING`](super::MAX_NESTING) has.
const MAX_JSON_NESTING: usize = 600;

/// Stack for values nested so deeply, in bytes: reading typed values takes some kilobytes a level.
const STACK: usize = 64 << 20;

/// Why a JSON text is no script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Where: a JSON pointer, empty for the whole; for JSON that cannot be read, line and column.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do, if there is something to say.
    pub help: Option<String>,
}

impl std::error::Error for JsonError {}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "the top level" } else { &self.place };
        write!(f, "at {place}: {}", self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl JsonError {
    fn new(place: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        let help = help.into();
        Self { place: place.into(), message: message.into(), help: (!help.is_empty()).then_some(help) }
    }
}

/// The JSON form of a script.
///
/// # Errors
/// The diagnostics of a text that has mistakes.
///
/// ```
/// use segql::syntax::{SourceId, json};
/// let script = json::to_json("event Zakup within 30d", SourceId(0)).unwrap();
/// assert_eq!(
///     serde_json::to_value(&script).unwrap(),
///     serde_json::json!({
///         "version": "segql/1",
///         "condition": {
///             "type": "event",
///             "event": { "type": "name", "name": "Zakup" },
///             "window": { "type": "within", "duration": "30d" },
///         },
///     })
/// );
/// ```
pub fn to_json(text: &str, source: SourceId) -> Result<Document, Vec<Diagnostic>> {
    stacker::grow(STACK, || read_text(text, source))
}

/// The JSON text of a document, indented.
pub fn pretty(document: &Document) -> String {
    stacker::grow(STACK, || serde_json::to_string_pretty(document)).unwrap_or_default()
}

fn read_text(text: &str, source: SourceId) -> Result<Document, Vec<Diagnostic>> {
    let (_, diagnostics) = parse(text, source);
    if has_errors(&diagnostics) {
        return Err(diagnostics);
    }
    let internal = |message: String| Diagnostic::new(codes::E0104, super::Span::new(source, 0, 0), message);
    let formatted = format(text, source).map_err(|error| vec![internal(error.to_string())])?;
    read::document(&formatted.text).map_err(|error| {
        vec![error.map_or_else(
            || internal("internal error: the JSON form has no place for a part of the script".to_owned()),
            |error| *error,
        )]
    })
}

/// The canonical text of a script that is given as JSON.
///
/// # Errors
/// The first thing that is wrong, with its place.
///
/// ```
/// use segql::syntax::json::from_json;
/// let everyone = r#"{ "version": "segql/1", "condition": { "type": "everyone" } }"#;
/// assert_eq!(from_json(everyone).unwrap(), "everyone\n");
/// let newer = from_json(&everyone.replace("/1", "/9")).unwrap_err();
/// assert_eq!(newer.place, "/version");
/// let unknown = from_json(&everyone.replace("\"type\"", "\"color\": 1, \"type\"")).unwrap_err();
/// assert_eq!(unknown.place, "/condition/color");
/// ```
pub fn from_json(text: &str) -> Result<String, JsonError> {
    not_too_deep(text)?;
    stacker::grow(STACK, || read_json(text))
}

fn read_json(text: &str) -> Result<String, JsonError> {
    let value = json_value(text)?;
    known_version(&value)?;
    if let Some(wrong) = validate::mismatch(&SCHEMA, &value) {
        return Err(JsonError::new(wrong.pointer, wrong.message, wrong.help));
    }
    let document: Document = serde_json::from_value(value).map_err(|error| JsonError::new("", error.to_string(), ""))?;
    to_text(&document)
}

/// The canonical text of a document.
///
/// # Errors
/// The first part that no text stands for, with its place.
pub fn to_text(document: &Document) -> Result<String, JsonError> {
    stacker::grow(STACK, || write_text(document))
}

fn write_text(document: &Document) -> Result<String, JsonError> {
    if let Some(edition) = &document.edition
        && edition.0.parse() != Ok(NEWEST_EDITION)
    {
        let help = format!("the newest edition is {NEWEST_EDITION}; a newer segql may know more");
        return Err(JsonError::new("/edition", format!("edition {} is not known", edition.0), help));
    }
    let written = write::document(document, false);
    if let Some((pointer, message)) = written.problem {
        return Err(JsonError::new(pointer, message, ""));
    }
    let (_, diagnostics) = parse(&written.text, SourceId(0));
    if let Some(error) = diagnostics.into_iter().find(|d| d.severity() == crate::diag::Severity::Error) {
        // Written once more, this time with the place of everything.
        let places = write::document(document, true).places;
        let before = places.partition_point(|(at, _)| *at <= error.span.start);
        let pointer = before.checked_sub(1).and_then(|at| places.get(at)).map_or("", |(_, pointer)| pointer.as_str());
        return Err(JsonError::new(pointer, error.message, error.help.join("; ")));
    }
    let text = format(&written.text, SourceId(0)).map_err(|error| JsonError::new("", error.to_string(), ""))?.text;
    match difference(document, &text) {
        Some(pointer) => Err(JsonError::new(pointer, "this cannot be written as text", "")),
        None => Ok(text),
    }
}

/// [`schema`], made once.
static SCHEMA: LazyLock<Value> = LazyLock::new(schema);

/// The JSON Schema of [`Document`], which `docs/schema/segql-1.json` holds.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Document).to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("title".to_owned(), "segql script".into());
    }
    schema
}

/// Whether JSON can be read without a limit of its own.
fn not_too_deep(text: &str) -> Result<(), JsonError> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_JSON_NESTING {
            let before = text.get(..at).unwrap_or_default();
            let line = before.split('\n').count();
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let message = format!("JSON nested more than {MAX_JSON_NESTING} levels deep");
            let help = "a script nests 128 levels deep at most; give a name to an inner part";
            return Err(JsonError::new(format!("line {line}, column {column}"), message, help));
        }
    }
    Ok(())
}

fn json_value(text: &str) -> Result<Value, JsonError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let value = serde::Deserialize::deserialize(&mut reader).and_then(|strict::Strict(value)| reader.end().map(|()| value));
    value.map_err(|error: serde_json::Error| {
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let place = format!("line {}, column {}", error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Data => JsonError::new(place, message, "keep one of them"),
            _ => JsonError::new(place, format!("this is not JSON: {message}"), ""),
        }
    })
}

fn known_version(value: &Value) -> Result<(), JsonError> {
    let help = format!("this segql knows `{VERSION}`");
    match value.get("version") {
        Some(Value::String(version)) if version == VERSION => Ok(()),
        Some(version) => Err(JsonError::new(
            "/version",
            format!("version {} is not known", version.as_str().map_or_else(|| version.to_string(), |text| format!("`{text}`"))),
            format!("{help}; a newer one may know more"),
        )),
        None if value.is_object() => {
            Err(JsonError::new("", "`version` is missing", format!("{help}: write `\"version\": \"{VERSION}\"`")))
        }
        None => Err(JsonError::new("", "a script is a JSON object", help)),
    }
}

/// Where a document and its text say different things: a mistake of the writer, or a document whose parts cannot stand
/// where they do.
fn difference(document: &Document, text: &str) -> Option<String> {
    let Ok(read) = read::document(text) else { return Some(String::new()) };
    let plain = |document: &Document| serde_json::to_value(document).map(plain).unwrap_or_default();
    let (mut before, mut after) = (plain(document), plain(&read));
    // A line `edition` is added where there is none.
    for value in [&mut before, &mut after] {
        value.as_object_mut().map(|object| object.remove("edition"));
    }
    differ(&before, &after)
}

/// A document without what means nothing: comments, parentheses, and the spelling of `and`.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Object(mut object) => {
            for nothing in ["comments", "doc", "ignoring"] {
                object.remove(nothing);
            }
            match object.get("type").and_then(Value::as_str) {
                Some("parentheses") => return object.remove("value").map(plain).unwrap_or_default(),
                Some("and") => {
                    object.insert("type".to_owned(), "all".into());
                }
                _ => {}
            }
            Value::Object(object.into_iter().map(|(key, value)| (key, plain(value))).collect())
        }
        Value::String(text) => Value::String(crate::value::nfc(&text).into_owned()),
        other => other,
    }
}

fn differ(a: &Value, b: &Value) -> Option<String> {
    let inside = |key: String, a, b| differ(a, b).map(|rest| format!("/{key}{rest}"));
    match (a, b) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            (0..).zip(a.iter().zip(b)).find_map(|(index, (a, b)): (usize, _)| inside(index.to_string(), a, b))
        }
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            a.iter().find_map(|(key, a)| b.get(key).map_or(Some(String::new()), |b| inside(key.clone(), a, b)))
        }
        _ => (a != b).then(String::new),
    }
}
