//! Diagnostics for people (with the source underlined), for programs (JSON) and for logs (one line).
//! The only file that knows ariadne.

use std::fmt::Write as _;

use ariadne::{CharSet, Color, Config, IndexType, Report, ReportKind};
use serde_json::{Value, json};

use super::{Diagnostic, Edit, Severity};
use crate::syntax::{SourceId, Sources, Span};

type Place = (SourceId, std::ops::Range<usize>);

/// Every diagnostic with its source, the place underlined, and its help below.
///
/// # Errors
/// None of its own: writing into memory does not fail; a span outside its source prints without a picture.
#[must_use]
pub fn human(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    if diagnostics.is_empty() {
        // Nobody has to look at the texts.
        return String::new();
    }
    let mut out = Vec::new();
    let mut cache = Cache::new(sources);
    for diagnostic in diagnostics {
        if report(diagnostic, color).write(&mut cache, &mut out).is_err() {
            out.extend_from_slice(short(std::slice::from_ref(diagnostic), sources).as_bytes());
        }
        out.push(b'\n');
    }
    let text = String::from_utf8_lossy(&out);
    // ariadne pads lines with spaces.
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

fn report(diagnostic: &Diagnostic, color: bool) -> Report<'static, Place> {
    let (kind, paint) = match diagnostic.severity() {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
    };
    let place = |span: Span| (span.source, span.start..span.end);
    let config =
        Config::default().with_index_type(IndexType::Byte).with_color(color).with_char_set(CharSet::Unicode).with_compact(false);
    // A place without words of its own says what to do there.
    let here = match (diagnostic.label.as_str(), diagnostic.fixes.as_slice()) {
        ("", [fix]) if !fix.title.is_empty() => fix.title.as_str(),
        ("", _) => "here",
        (label, _) => label,
    };
    let primary = ariadne::Label::new(place(diagnostic.span)).with_color(paint).with_priority(1).with_message(here);
    let mut report = Report::build(kind, place(diagnostic.span))
        .with_config(config)
        .with_code(diagnostic.code)
        .with_message(&diagnostic.message)
        .with_label(primary);
    for label in &diagnostic.labels {
        report = report.with_label(ariadne::Label::new(place(label.span)).with_message(&label.message).with_color(Color::Cyan));
    }
    // A fix whose words the help does not have already comes first: it is what to do, the rest is why.
    let said = |title: &str| title.is_empty() || title == here || diagnostic.help.iter().any(|help| help == title);
    let described = diagnostic.help.iter().any(|help| help.starts_with("did you mean") || help.starts_with("write "));
    for fix in diagnostic.fixes.iter().filter(|fix| !described && !said(&fix.title)) {
        report = report.with_help(&fix.title);
    }
    for help in &diagnostic.help {
        report = report.with_help(help);
    }
    report.finish()
}

struct Cache {
    sources: Vec<(String, ariadne::Source<String>)>,
}

impl Cache {
    fn new(sources: &Sources) -> Self {
        Self { sources: sources.iter().map(|(_, s)| (s.name.clone(), ariadne::Source::from(s.text.clone()))).collect() }
    }
}

impl ariadne::Cache<SourceId> for Cache {
    type Storage = String;

    fn fetch(&mut self, id: &SourceId) -> Result<&ariadne::Source<String>, impl std::fmt::Debug> {
        self.sources.get(id.0 as usize).map(|(_, source)| source).ok_or("no such source")
    }

    fn display<'a>(&self, id: &'a SourceId) -> Option<impl std::fmt::Display + 'a> {
        self.sources.get(id.0 as usize).map(|(name, _)| name.clone())
    }
}

/// One line each: `a.seg:3:7: error[E0203]: message`.
#[must_use]
pub fn short(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut out = String::new();
    for d in diagnostics {
        let source = sources.get(d.span.source);
        let name = source.map_or("?", |s| s.name.as_str());
        let (line, column) = source.map_or((0, 0), |s| {
            let position = s.position(d.span.start);
            (position.line, position.column)
        });
        let severity = if d.severity() == Severity::Error { "error" } else { "warning" };
        let _ = writeln!(out, "{name}:{line}:{column}: {severity}[{}]: {}", d.code, d.message);
    }
    out
}

/// One JSON object a line, in the published shape.
#[must_use]
pub fn json(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let _ = writeln!(out, "{}", json_value(diagnostic, sources));
    }
    out
}

fn json_value(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let edit = |edit: &Edit| json!({ "span": span_value(edit.span, sources), "text": edit.text });
    let mut labels = Vec::new();
    if !diagnostic.label.is_empty() {
        labels.push(json!({ "span": span_value(diagnostic.span, sources), "message": diagnostic.label }));
    }
    labels.extend(diagnostic.labels.iter().map(|l| {
        let file = sources.get(l.span.source).map(|s| s.name.as_str());
        json!({ "span": span_value(l.span, sources), "message": l.message, "file": file })
    }));
    json!({
        "code": diagnostic.code.id(),
        "severity": diagnostic.severity(),
        "message": diagnostic.message,
        "file": sources.get(diagnostic.span.source).map(|s| s.name.as_str()),
        "span": span_value(diagnostic.span, sources),
        "labels": labels,
        "help": diagnostic.help,
        "fixes": diagnostic.fixes.iter().map(|fix| json!({
            "title": fix.title,
            "applicability": fix.applicability,
            "edits": fix.edits.iter().map(edit).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// A span in the published shape.
pub(crate) fn span_value(span: Span, sources: &Sources) -> Value {
    let position = sources.get(span.source).map(|s| s.position(span.start));
    json!({ "start": span.start, "end": span.end, "line": position.map(|p| p.line), "column": position.map(|p| p.column) })
}
