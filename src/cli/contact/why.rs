//! `segql why`: why a contact is in a segment, or is not.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::words::one_line;
use super::{View, answer, decide, printed};
use crate::check::typed::DecisionId;
use crate::cli::Ui;
use crate::cli::args::WhyArgs;
use crate::cli::failure::Failure;
use crate::diag::render::span_value;
use crate::plan::Wanted;
use crate::row::{Change, Reason, Turn, Why};
use crate::syntax::Span;

/// Characters of a line below which its conditions are underlined.
const LONG: usize = 160;
/// Conditions beyond which only the deciding ones are told.
const TOLD: usize = 60;

/// `segql why CONTACT FILE [NAME]...`
pub fn why(args: &WhyArgs, ui: Ui) -> Result<(), Failure> {
    answer(&[&args.script], (&args.data, &args.now), ui, |views| {
        let Some((view, script)) = views.first() else { return Ok(String::new()) };
        let asked: Vec<Wanted> = script.asked.iter().map(|asked| asked.set).collect();
        printed(args.format, || text(view, &args.contact, &asked), || json(view, &args.contact, &asked))
    })
}

/// Segments and decisions, each once.
fn definitions(asked: &[Wanted]) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    for set in asked {
        let set = if let Wanted::Label(id, _) = set { Wanted::Label(*id, 0) } else { *set };
        if !all.contains(&set) {
            all.push(set);
        }
    }
    all
}

/// The reasons of some segments and decisions, beside their source.
pub fn text(view: &View<'_>, contact: &str, asked: &[Wanted]) -> Result<String, Failure> {
    let (profile, cutoffs) = view.contact(contact)?;
    let setting = view.setting(&cutoffs);
    let mut parts = Vec::new();
    for set in definitions(asked) {
        match set {
            Wanted::Segment(id) => {
                let Some(why) = profile.why(&setting, id) else { continue };
                let name = view.program.segments.get(id.0 as usize).map_or("", |s| s.name.as_str());
                parts.push(segment(view, contact, name, &why));
            }
            Wanted::Label(id, _) => parts.push(decide::of_profile(view, &profile, &setting, id, true)?),
            Wanted::Ranked(_) => {}
        }
    }
    Ok(parts.join("\n"))
}

/// The same as JSON: an array with one object for each.
pub fn json(view: &View<'_>, contact: &str, asked: &[Wanted]) -> Result<Value, Failure> {
    let (profile, cutoffs) = view.contact(contact)?;
    let setting = view.setting(&cutoffs);
    let mut all = Vec::new();
    for set in definitions(asked) {
        match set {
            Wanted::Segment(id) => {
                let Some(why) = profile.why(&setting, id) else { continue };
                let segment = view.program.segments.get(id.0 as usize);
                let mut value = json!({
                    "contact": contact,
                    "segment": segment.map(|s| s.name.as_str()),
                    "title": segment.and_then(|s| s.title.as_deref()),
                    "now": view.instant(view.clock.now),
                });
                merge(&mut value, value_of(view, &why));
                all.push(value);
            }
            Wanted::Label(id, _) => all.push(decide::json_of_profile(view, &profile, &setting, id)?),
            Wanted::Ranked(_) => {}
        }
    }
    Ok(Value::Array(all))
}

fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}

fn segment(view: &View<'_>, contact: &str, name: &str, why: &Why) -> String {
    let is = if why.holds { "is in" } else { "is not in" };
    let what = if name.is_empty() { "the segment".to_owned() } else { format!("`{name}`") };
    let mut out = format!("`{contact}` {is} {what}, now {}\n", view.instant(view.clock.now));
    let _ = writeln!(out, "{}", ahead(view, why));
    out.push_str(&way(view, why));
    out.push('\n');
    out.push_str(&tree(view, &why.reason));
    out
}

/// `leaves on 2026-01-30 10:00, unless a Zakup arrives`
fn ahead(view: &View<'_>, why: &Why) -> String {
    let unless = super::words::unless(&why.arrivals);
    let verb = if why.holds { "leaves" } else { "enters" };
    let stays = if why.holds { "stays in it" } else { "stays out of it" };
    let text = match why.change {
        Change::At(at) => format!("{verb} on {}{unless}", view.moment(at)),
        Change::NotBefore(at) => format!("{stays} until {} at least{unless}", view.moment(at)),
        Change::Never | Change::Others => match super::words::happening(&why.arrivals, &why.fields) {
            happening if happening.is_empty() => format!("{stays} for ever"),
            happening => format!("{stays} until {happening}"),
        },
    };
    if why.others { format!("{text}; a ranking takes part, so other contacts count too") } else { text }
}

/// The nearest way in.
fn way(view: &View<'_>, why: &Why) -> String {
    if why.holds {
        return String::new();
    }
    let Some(turns) = &why.way else { return "no way in was found\n".to_owned() };
    if turns.is_empty() {
        return String::new();
    }
    let conditions = if turns.len() == 1 { "1 condition has" } else { &format!("{} conditions have", turns.len()) };
    let mut out = format!("nearest way in: {conditions} to turn\n");
    for turn in turns {
        let must = if turn.to { "must hold" } else { "must not hold" };
        let own = turn.change.at().map_or(String::new(), |at| format!("; by itself from {} on", view.moment(at)));
        let _ = writeln!(out, "  {must}: {}{own}", one_line(view.sources.text(turn.span)));
    }
    out
}

/// The conditions beside their source: each underlined, with its answer and what that rests on.
pub(super) fn tree(view: &View<'_>, reason: &Reason) -> String {
    let mut out = String::new();
    // Definitions that are referred to stand elsewhere and come after.
    let mut blocks: Vec<(String, &Reason)> = vec![(String::new(), reason)];
    let mut at = 0;
    while let Some((name, reason)) = blocks.get(at).map(|(name, reason)| (name.clone(), *reason)) {
        at += 1;
        let mut nodes = Vec::new();
        collect(reason, &mut nodes, &mut blocks);
        if at > 1 {
            out.push('\n');
        }
        out.push_str(&block(view, &name, reason, &nodes));
    }
    out
}

/// The conditions of one definition, in the order of the source; definitions that are referred to become blocks.
fn collect<'r>(reason: &'r Reason, nodes: &mut Vec<&'r Reason>, blocks: &mut Vec<(String, &'r Reason)>) {
    nodes.push(reason);
    for part in &reason.parts {
        match &reason.refers {
            Some(name) => blocks.push((name.clone(), part)),
            None => collect(part, nodes, blocks),
        }
    }
}

fn block(view: &View<'_>, name: &str, reason: &Reason, nodes: &[&Reason]) -> String {
    let Some(source) = view.sources.get(reason.span.source) else { return String::new() };
    let position = |offset: usize| source.position(offset);
    let lines: Vec<&str> = source.text.split('\n').collect();
    let (first, last) = (position(reason.span.start).line, position(reason.span.end).line);
    let width = last.to_string().len().max(3);
    let mut out = format!("{:width$}   {}:{first}", "", source.name);
    let _ = if name.is_empty() { writeln!(out) } else { writeln!(out, ", `{name}`") };
    let leaves = nodes.iter().filter(|n| n.parts.is_empty()).count();
    let deciding = reason.deciding();
    let told = |node: &Reason| leaves <= TOLD || !node.parts.is_empty() || deciding.iter().any(|d| std::ptr::eq(*d, node));
    let mut left_out = 0;
    for (number, line) in (first..=last).zip(lines.iter().skip(first - 1)) {
        let here: Vec<&&Reason> = nodes.iter().filter(|n| position(n.span.start).line == number).collect();
        let shown: Vec<&&&Reason> = here.iter().filter(|n| told(n)).collect();
        if leaves > TOLD && shown.is_empty() {
            left_out += here.len();
            continue;
        }
        // Below a very long line nobody finds the place: its conditions stand on lines of their own.
        let long = line.chars().count() > LONG;
        if !long {
            let _ = writeln!(out, "{number:>width$} │ {}", line.trim_end().replace('\t', " "));
        }
        for node in shown {
            let text = one_line(view.sources.text(node.span));
            let (line, column) = if long { (text.as_str(), 1) } else { (*line, position(node.span.start).column) };
            if long {
                let _ = writeln!(out, "{number:>width$} │ {text}");
            }
            for said in annotation(view, node, line, column) {
                let _ = writeln!(out, "{:width$} │ {}", "", said.trim_end());
            }
        }
    }
    if left_out > 0 {
        let _ = writeln!(out, "{:width$}   {left_out} more conditions, which do not decide", "");
    }
    out
}

/// The lines below a line of the source that say something of a condition in it.
fn annotation(view: &View<'_>, node: &Reason, line: &str, column: usize) -> Vec<String> {
    let indent = " ".repeat(column - 1);
    let text = view.sources.text(node.span);
    let first = text.split('\n').next().unwrap_or_default().trim_end();
    // A condition over several lines is underlined in its first; a line cannot be longer than it is.
    let length = first.chars().count().min(line.chars().count().saturating_sub(column - 1)).max(1);
    let mut lines = vec![format!("{indent}{} {}{}", "─".repeat(length), node.holds, parts(node))];
    if node.parts.is_empty() {
        for evidence in &node.evidence {
            lines.extend(view.evidence(evidence).into_iter().map(|said| format!("{indent}{said}")));
        }
        if let Some(found) = node.found.as_ref().filter(|_| node.evidence.is_empty()) {
            lines.push(format!("{indent}{found}"));
        }
        if let Some(change) = node.change.and_then(|change| view.change(node.holds, change, &node.arrivals)) {
            lines.push(format!("{indent}{change}"));
        }
    }
    lines
}

/// ` (2 of 3)`
fn parts(node: &Reason) -> String {
    match (&node.refers, node.parts.as_slice()) {
        (Some(_), []) => ", see above".to_owned(),
        (Some(_), _) => ", see below".to_owned(),
        (None, [] | [_]) => String::new(),
        (None, parts) => format!(" ({} of {} hold)", parts.iter().filter(|p| p.holds).count(), parts.len()),
    }
}

/// The published shape of a reason and what is ahead.
pub(super) fn value_of(view: &View<'_>, why: &Why) -> Value {
    let turn = |turn: &Turn| {
        let mut value = place(view, turn.span);
        merge(&mut value, json!({ "to": turn.to, "change": change(view, turn.change) }));
        value
    };
    json!({
        "holds": why.holds,
        "change": change(view, why.change),
        "others": why.others,
        "arrivals": why.arrivals,
        "fields": why.fields,
        "way": why.way.as_ref().map(|way| way.iter().map(turn).collect::<Vec<_>>()),
        "tree": node(view, &why.reason),
    })
}

fn node(view: &View<'_>, reason: &Reason) -> Value {
    let mut value = place(view, reason.span);
    let evidence: Vec<Value> = reason
        .evidence
        .iter()
        .map(|evidence| {
            let mut value = serde_json::to_value(evidence).unwrap_or_default();
            if let crate::row::Evidence::Condition { span, .. } = evidence {
                merge(&mut value, place(view, *span));
            }
            instants(view, &mut value);
            value
        })
        .collect();
    merge(
        &mut value,
        json!({
            "holds": reason.holds,
            "found": reason.found,
            "evidence": evidence,
            "change": reason.change.map(|c| change(view, c)),
            "arrivals": reason.arrivals,
            "refers": reason.refers,
            "parts": reason.parts.iter().map(|p| node(view, p)).collect::<Vec<_>>(),
        }),
    );
    value
}

fn place(view: &View<'_>, span: Span) -> Value {
    let file = view.sources.get(span.source).map(|s| s.name.as_str());
    json!({ "text": view.sources.text(span), "file": file, "span": span_value(span, view.sources) })
}

/// `{"kind":"at","at":"2026-01-30T10:00:00.001+01:00"}`
pub(super) fn change(view: &View<'_>, change: Change) -> Value {
    match change {
        Change::At(at) => json!({ "kind": "at", "at": view.instant(at) }),
        Change::NotBefore(at) => json!({ "kind": "not_before", "at": view.instant(at) }),
        Change::Never => json!({ "kind": "never" }),
        Change::Others => json!({ "kind": "others" }),
    }
}

/// Milliseconds of evidence as instants.
fn instants(view: &View<'_>, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_i64().filter(|_| matches!(key.as_str(), "since" | "from" | "to" | "ts")) {
                    Some(ms) => *value = Value::String(view.instant(ms)),
                    None => instants(view, value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| instants(view, item)),
        _ => {}
    }
}

/// The decision of a set, where it is one.
pub(super) fn decision_of(set: Wanted) -> Option<DecisionId> {
    if let Wanted::Label(id, _) = set { Some(id) } else { None }
}
