//! What changed between two scripts, definition by definition.

use std::collections::HashMap;

use serde_json::Value;

use super::implies::Reasoner;
use super::node::{Arena, NodeId};
use super::part::{Difference, differences};
use super::{Definition, Kind, Meanings};
use crate::syntax::json::Document;
use crate::syntax::{Sources, Span};

/// One of two scripts.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// What its definitions mean.
    pub meanings: &'a Meanings,
    /// Its JSON form.
    pub document: &'a Document,
}

/// How a definition of one script relates to that of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The same bytes, comments beside it included.
    SameText,
    /// Only layout, spelling or comments differ.
    FormattingOnly,
    /// Written differently; means the same.
    SameMeaning,
    /// Means something else.
    Changed,
    /// In the second script only.
    Added,
    /// In the first script only.
    Removed,
    /// Means the same under another name.
    Renamed,
}

/// What logic says of a set and the one that replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Nobody can enter.
    Narrower,
    /// Nobody can leave.
    Wider,
    /// Nobody can do either.
    Equal,
}

/// A definition of two scripts.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its place in the first script's definitions.
    pub before: Option<usize>,
    /// Its place in the second script's definitions.
    pub after: Option<usize>,
    /// How the two relate.
    pub status: Status,
    /// What logic says of the two sets; nothing where it depends on the data.
    pub relation: Option<Relation>,
    /// The smallest parts that differ.
    pub parts: Vec<PartChange>,
    /// References, as written, to definitions that mean something else now.
    pub through: Vec<String>,
}

/// Parts of the two texts that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartChange {
    /// In the first script; nothing if it was added.
    pub before: Option<Span>,
    /// In the second script; nothing if it was removed.
    pub after: Option<Span>,
    /// What logic says of the two, if they are sets.
    pub relation: Option<Relation>,
}

/// Compares two scripts that were read into one arena; in the order of the second, with what was removed where it stood.
#[must_use]
pub fn changes(arena: &Arena, sources: &Sources, before: Side<'_>, after: Side<'_>) -> Vec<Change> {
    let mut comparison = Comparison {
        sources,
        reasoner: Reasoner::new(arena),
        arena,
        old: &before.meanings.definitions,
        new: &after.meanings.definitions,
        old_json: plain(before.document),
        new_json: plain(after.document),
    };
    let mut pairs = comparison.pairs();
    // What was removed stands behind what it stood behind.
    let place = |pair: &(Option<usize>, Option<usize>), pairs: &[(Option<usize>, Option<usize>)]| match pair {
        (_, Some(after)) => (*after + 1, 0, 0),
        (Some(before), None) => {
            let above = pairs.iter().filter_map(|(b, a)| Some(((*b)?, (*a)?))).filter(|(b, _)| b < before).max();
            (above.map_or(0, |(_, a)| a + 1), 1, *before)
        }
        (None, None) => (0, 0, 0),
    };
    let all = pairs.clone();
    pairs.sort_by_cached_key(|pair| place(pair, &all));
    pairs.into_iter().map(|(old, new)| comparison.change(old, new)).collect()
}

/// The definitions of a document without comments.
fn plain(document: &Document) -> Vec<Value> {
    let value = serde_json::to_value(document).unwrap_or_default();
    let items = match (value.get("definitions"), value.get("condition")) {
        (Some(Value::Array(definitions)), _) => definitions.clone(),
        (_, Some(condition)) => vec![condition.clone()],
        _ => Vec::new(),
    };
    items.into_iter().map(without_comments).collect()
}

fn without_comments(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(without_comments).collect()),
        Value::Object(mut object) => {
            object.remove("comments");
            Value::Object(object.into_iter().map(|(key, value)| (key, without_comments(value))).collect())
        }
        other => other,
    }
}

struct Comparison<'a> {
    sources: &'a Sources,
    arena: &'a Arena,
    reasoner: Reasoner<'a>,
    old: &'a [Definition],
    new: &'a [Definition],
    old_json: Vec<Value>,
    new_json: Vec<Value>,
}

impl Comparison<'_> {
    /// Definitions of the same kind and name; then those that mean the same under another name; then all others.
    fn pairs(&self) -> Vec<(Option<usize>, Option<usize>)> {
        let mut waiting: HashMap<(Kind, &str), Vec<usize>> = HashMap::new();
        for (index, d) in self.old.iter().enumerate().rev() {
            waiting.entry((d.kind, &d.name)).or_default().push(index);
        }
        let mut pairs = Vec::new();
        let mut come = Vec::new();
        for (index, d) in self.new.iter().enumerate() {
            match waiting.get_mut(&(d.kind, d.name.as_str())).and_then(Vec::pop) {
                Some(old) => pairs.push((Some(old), Some(index))),
                None => come.push(index),
            }
        }
        let mut gone: Vec<usize> = waiting.into_values().flatten().collect();
        gone.sort_unstable();
        let mut by_meaning: HashMap<(Kind, NodeId), Vec<usize>> = HashMap::new();
        for index in gone.iter().rev() {
            if let Some((d, meaning)) = self.old.get(*index).and_then(|d| Some((d, d.meaning?))) {
                by_meaning.entry((d.kind, meaning)).or_default().push(*index);
            }
        }
        for index in come {
            let key = self.new.get(index).and_then(|d| Some((d.kind, d.meaning?)));
            match key.and_then(|key| by_meaning.get_mut(&key)).and_then(Vec::pop) {
                Some(old) => {
                    gone.retain(|other| *other != old);
                    pairs.push((Some(old), Some(index)));
                }
                None => pairs.push((None, Some(index))),
            }
        }
        pairs.extend(gone.into_iter().map(|old| (Some(old), None)));
        pairs
    }

    fn change(&mut self, before: Option<usize>, after: Option<usize>) -> Change {
        let mut change =
            Change { before, after, status: Status::Changed, relation: None, parts: Vec::new(), through: Vec::new() };
        let (old, new) = match (before.and_then(|at| self.old.get(at)), after.and_then(|at| self.new.get(at))) {
            (Some(old), Some(new)) => (old, new),
            (None, _) => return Change { status: Status::Added, ..change },
            (_, None) => return Change { status: Status::Removed, ..change },
        };
        let same_json = before.and_then(|at| self.old_json.get(at)) == after.and_then(|at| self.new_json.get(at));
        let same_meaning = match (old.meaning, new.meaning) {
            (Some(old), Some(new)) => old == new,
            _ => same_json,
        };
        if same_meaning {
            change.status = if old.name != new.name {
                Status::Renamed
            } else if same_json && self.whole_text(old) == self.whole_text(new) {
                Status::SameText
            } else if same_json {
                Status::FormattingOnly
            } else {
                Status::SameMeaning
            };
            return change;
        }
        let (Some(old_part), Some(new_part)) = (&old.part, &new.part) else {
            change.parts.push(PartChange { before: Some(old.span), after: Some(new.span), relation: None });
            return change;
        };
        if matches!(old.kind, Kind::Segment | Kind::Condition) {
            change.relation = self.relation(old_part.id, new_part.id);
            if change.relation == Some(Relation::Equal) {
                change.status = Status::SameMeaning;
                return change;
            }
        }
        for difference in differences(self.arena, old_part, new_part) {
            self.difference(&difference, &mut change);
        }
        change
    }

    fn difference(&mut self, difference: &Difference, change: &mut Change) {
        let (before, after) = (difference.before, difference.after);
        if let (true, Some((old, _)), Some((new, _))) = (difference.references, before, after)
            && self.sources.text(old) == self.sources.text(new)
        {
            let name = self.sources.text(new).to_owned();
            if !change.through.contains(&name) {
                change.through.push(name);
            }
            return;
        }
        let relation = match (difference.sets, before, after) {
            (true, Some((_, old)), Some((_, new))) => self.relation(old, new),
            _ => None,
        };
        change.parts.push(PartChange { before: before.map(|(span, _)| span), after: after.map(|(span, _)| span), relation });
    }

    fn relation(&mut self, old: NodeId, new: NodeId) -> Option<Relation> {
        match (self.reasoner.implies(new, old), self.reasoner.implies(old, new)) {
            (true, true) => Some(Relation::Equal),
            (true, false) => Some(Relation::Narrower),
            (false, true) => Some(Relation::Wider),
            (false, false) => None,
        }
    }

    /// A definition with the comments right above it and to its right.
    fn whole_text(&self, definition: &Definition) -> &str {
        let span = definition.span;
        let Some(source) = self.sources.get(span.source) else { return "" };
        let before = source.text.get(..span.start).unwrap_or_default();
        let mut start = before.rfind('\n').map_or(0, |at| at + 1);
        while let Some(above) = before.get(..start.saturating_sub(1)).filter(|_| start > 0) {
            let line = above.rfind('\n').map_or(0, |at| at + 1);
            if !above.get(line..).is_some_and(|line| line.trim_start().starts_with("//")) {
                break;
            }
            start = line;
        }
        let end = source.text.get(span.end..).and_then(|rest| rest.find('\n')).map_or(source.text.len(), |at| span.end + at);
        source.text.get(start..end).unwrap_or_default().trim_end()
    }
}
