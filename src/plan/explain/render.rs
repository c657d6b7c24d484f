//! Explanations as text, JSON and graphs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Explained, Figures, Item};

impl Explained {
    /// A tree for each root, under its name where it has one.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines().into_iter().fold(String::new(), |mut out, (tree, item)| {
            let note = match item {
                None => String::new(),
                Some(item) if item.again => "  (see above)".to_owned(),
                Some(Item { cost, about: None, .. }) => format!("  (cost {cost})"),
                Some(Item { cost, about: Some(n), .. }) => format!("  (about {n} {}, cost {cost})", contacts(*n)),
            };
            let _ = writeln!(out, "{tree}{note}");
            out
        })
    }

    /// The lines of the trees, each with what it is about; names of roots have lines of their own.
    #[must_use]
    pub fn lines(&self) -> Vec<(String, Option<&Item>)> {
        let mut out = Vec::new();
        for (name, root) in &self.roots {
            if name.is_empty() {
                lines(root, "", "", &mut out);
            } else {
                out.push((format!("{name}:"), None));
                lines(root, "  ", "  ", &mut out);
            }
        }
        out
    }

    /// The same as JSON: an array of `{"segment", "node", "operation", "cost", "about"?, "measured"?, "parts"}`, the parts
    /// without `segment`. After an evaluation it is under `segments` of an object with the figures of the whole.
    #[must_use]
    pub fn json(&self) -> Value {
        let root = |(name, root): &(String, Item)| {
            let mut value = json_item(root);
            if let Some(object) = value.as_object_mut() {
                object.insert("segment".to_owned(), json!(name));
            }
            value
        };
        let roots = Value::Array(self.roots.iter().map(root).collect());
        let Some(run) = &self.run else { return roots };
        json!({
            "contacts": run.contacts,
            "wall_ns": run.wall_ns,
            "processor_ns": run.processor_ns,
            "around_ns": run.around_ns(),
            "threads": run.threads,
            "runs": run.runs,
            "bandwidth_bytes_per_second": run.bandwidth.round(),
            "bandwidth_buffer_bytes": run.buffer,
            "segments": roots,
        })
    }

    /// The same as a graph for Graphviz.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut out = "digraph plan {\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
        for (_, root) in &self.roots {
            dot(root, &mut out);
        }
        out.push_str("}\n");
        out
    }
}

/// A share with two digits at most.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Nanoseconds as milliseconds.
pub(crate) fn milliseconds(ns: u64) -> String {
    format!("{}.{:03} ms", ns / 1_000_000, ns % 1_000_000 / 1_000)
}

fn contacts(n: u64) -> &'static str {
    if n == 1 { "contact" } else { "contacts" }
}

fn lines<'i>(item: &'i Item, first: &str, next: &str, out: &mut Vec<(String, Option<&'i Item>)>) {
    out.push((format!("{first}{}", item.words), Some(item)));
    let last = item.parts.len().saturating_sub(1);
    for (at, part) in item.parts.iter().enumerate() {
        let (branch, trunk) = if at == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        lines(part, &format!("{next}{branch}"), &format!("{next}{trunk}"), out);
    }
}

fn json_item(item: &Item) -> Value {
    let mut value = json!({ "node": item.node.0, "operation": item.words, "cost": item.cost });
    if let Some(object) = value.as_object_mut() {
        if let Some(about) = item.about {
            object.insert("about".to_owned(), json!(about));
        }
        if let Some(figures) = &item.measured {
            object.insert("measured".to_owned(), json_figures(figures));
        }
        object.insert("parts".to_owned(), item.parts.iter().map(json_item).collect());
    }
    value
}

fn json_figures(figures: &Figures) -> Value {
    let rounded = |share: f64| (share * 10_000.0).round() / 10_000.0;
    let measured = figures.measured;
    json!({
        "asked": measured.asked,
        "found": measured.found,
        "expected": figures.expected,
        "bytes": measured.bytes,
        "own_ns": measured.own_ns,
        "whole_ns": measured.whole_ns,
        "bandwidth_share": rounded(figures.bandwidth),
        "time_share": rounded(figures.time),
        "predicted_share": rounded(figures.predicted),
    })
}

fn dot(item: &Item, out: &mut String) {
    if item.again {
        return;
    }
    let mut label = item.words.replace('\\', "\\\\").replace('"', "\\\"");
    let _ = match (&item.measured, item.about) {
        (Some(Figures { measured, expected, time, predicted, .. }), _) => {
            let (own, time, model) = (milliseconds(measured.own_ns), percent(*time), percent(*predicted));
            write!(
                label,
                "\\n{} asked, {} found (about {expected})\\n{own}, {time} of the time (model: {model})",
                measured.asked, measured.found
            )
        }
        (None, Some(n)) => write!(label, "\\nabout {n} {}, cost {}", contacts(n), item.cost),
        (None, None) => write!(label, "\\ncost {}", item.cost),
    };
    let _ = writeln!(out, "  n{} [label=\"{label}\"];", item.node.0);
    for part in &item.parts {
        let _ = writeln!(out, "  n{} -> n{};", item.node.0, part.node.0);
        dot(part, out);
    }
}
