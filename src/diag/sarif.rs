//! Diagnostics as SARIF 2.1.0, which code hosts and editors read.

use std::fmt::Write as _;

use indexmap::IndexSet;
use serde_json::{Value, json};

use super::{Applicability, Code, Diagnostic, Edit, Severity};
use crate::syntax::{Sources, Span};

/// Collects diagnostics of several runs into one log.
///
/// ```
/// use segql::{diag::Sarif, syntax::{Sources, parse}};
/// let mut sources = Sources::default();
/// let id = sources.add("a.seg", "field Kraj == \"PL\"");
/// let (_, diagnostics) = parse("field Kraj == \"PL\"", id);
/// let mut log = Sarif::default();
/// log.add(&diagnostics, &sources);
/// assert!(log.finish().contains("\"ruleId\": \"E0140\""));
/// ```
#[derive(Debug, Default)]
pub struct Sarif {
    rules: IndexSet<Code>,
    results: Vec<Value>,
}

impl Sarif {
    /// Adds diagnostics whose places are in `sources`.
    pub fn add(&mut self, diagnostics: &[Diagnostic], sources: &Sources) {
        for diagnostic in diagnostics {
            let (rule, _) = self.rules.insert_full(diagnostic.code);
            self.results.push(result(diagnostic, rule, sources));
        }
    }

    /// The log as JSON.
    #[must_use]
    pub fn finish(&self) -> String {
        let rules: Vec<Value> = self.rules.iter().map(|code| rule(*code)).collect();
        let log = json!({
            "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "segql",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }},
                "columnKind": "unicodeCodePoints",
                "results": self.results,
            }],
        });
        format!("{log:#}\n")
    }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.id(),
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": code.summary() },
        "help": { "text": code.page(), "markdown": code.page() },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn result(diagnostic: &Diagnostic, rule: usize, sources: &Sources) -> Value {
    let mut text = diagnostic.message.clone();
    for help in &diagnostic.help {
        text.push_str("; ");
        text.push_str(help);
    }
    let related: Vec<Value> = diagnostic
        .labels
        .iter()
        .enumerate()
        .map(|(id, label)| {
            json!({ "id": id, "physicalLocation": location(label.span, sources), "message": { "text": label.message } })
        })
        .collect();
    let fixes: Vec<Value> = diagnostic
        .fixes
        .iter()
        .map(|fix| {
            let guess = if fix.applicability == Applicability::Certain { "" } else { " (a guess)" };
            json!({
                "description": { "text": format!("{}{guess}", fix.title) },
                "artifactChanges": changes(&fix.edits, sources),
            })
        })
        .collect();
    json!({
        "ruleId": diagnostic.code.id(),
        "ruleIndex": rule,
        "level": level(diagnostic.severity()),
        "message": { "text": text },
        "locations": [{ "physicalLocation": location(diagnostic.span, sources) }],
        "relatedLocations": related,
        "fixes": fixes,
    })
}

fn changes(edits: &[Edit], sources: &Sources) -> Vec<Value> {
    let files: IndexSet<_> = edits.iter().map(|edit| edit.span.source).collect();
    let replacements = |source| -> Vec<Value> {
        let own = edits.iter().filter(|edit| edit.span.source == source);
        own.map(|edit| json!({ "deletedRegion": region(edit.span, sources), "insertedContent": { "text": edit.text } })).collect()
    };
    files
        .into_iter()
        .map(|source| {
            let artifact = json!({ "uri": uri(sources.get(source).map_or("", |s| &s.name)) });
            json!({ "artifactLocation": artifact, "replacements": replacements(source) })
        })
        .collect()
}

fn location(span: Span, sources: &Sources) -> Value {
    let name = sources.get(span.source).map_or("", |source| source.name.as_str());
    json!({ "artifactLocation": { "uri": uri(name) }, "region": region(span, sources) })
}

fn region(span: Span, sources: &Sources) -> Value {
    let Some(source) = sources.get(span.source) else { return json!({ "startLine": 1 }) };
    let (start, end) = (source.position(span.start), source.position(span.end));
    json!({
        "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
        "byteOffset": span.start, "byteLength": span.end - span.start,
    })
}

/// A path as a relative reference: other than plain characters percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("dane/zażółć 1.seg"), "dane/za%C5%BC%C3%B3%C5%82%C4%87%201.seg");
        assert_eq!(uri("<text>"), "%3Ctext%3E");
    }
}
