//! From the JSON form to a text. Layout is the formatter's business; here every token stands where it must, and every
//! comment beside its part.

use std::fmt::Write as _;

use super::comments::are_comments;
use super::types::{
    ArithmeticOperator, Branch, Commented, Comments, Condition, ConditionKind, Count, Definition, DefinitionKind, Document,
    Entry, Events, EventsKind, Filter, FilterKind, Ignoring, Length, Numeral, Path, Step, Test, TestKind, TestLine, TestLineKind,
    Value, ValueKind, Window, WindowKind,
};
use crate::fmt::written_name;
use crate::syntax::parse::NodeKind;
use crate::syntax::quoted;
use crate::value::nfc;

/// A text, and where in it each part begins.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub text: String,
    /// The byte at which a part begins, and its JSON pointer; only if asked for.
    pub places: Vec<(usize, String)>,
    /// The first part that no text stands for: its JSON pointer, and why.
    pub problem: Option<(String, String)>,
}

/// The text of a document; with `places` if they are wanted.
pub(super) fn document(document: &Document, places: bool) -> Written {
    let mut w = Writer { out: Written::default(), places, line_full: true, path: Vec::new(), signs: Vec::new() };
    w.document(document);
    w.out
}

struct Writer {
    out: Written,
    places: bool,
    /// Nothing more may stand on this line.
    line_full: bool,
    path: Vec<Key>,
    /// Comments of the parts being written that belong to their signs.
    signs: Vec<(String, Vec<String>)>,
}

#[derive(Debug, Clone, Copy)]
enum Key {
    Name(&'static str),
    Index(usize),
}

/// Which values may stand without parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Any.
    Whole,
    /// No sum.
    Term,
    /// No sum and no product.
    Factor,
    /// What a test on an event begins with.
    Tested,
}

impl Writer {
    fn document(&mut self, document: &Document) {
        let default = Comments::default();
        let comments = document.comments.as_deref().unwrap_or(&default);
        self.leading(comments);
        if let Some(edition) = &document.edition {
            self.token("edition");
            self.token(&edition.0);
        }
        self.trailing("open", &comments.open);
        self.trailing("after", &comments.after);
        self.line_full = true;
        match (&document.definitions, &document.condition) {
            (Some(_), Some(_)) => {
                self.at("condition", |w| w.problem("a script has `definitions` or one `condition`, not both"));
            }
            (None, None) => self.problem("a script has `definitions` or one `condition`"),
            (Some(definitions), None) => self.at("definitions", |w| {
                for (index, definition) in definitions.iter().enumerate() {
                    w.line_full = true;
                    w.item(index, |w| w.definition(definition));
                }
            }),
            (None, Some(condition)) => self.at("condition", |w| w.condition(condition, "")),
        }
        self.line_full = true;
        self.at("comments", |w| w.lines("end", &comments.end));
    }

    // ---------------------------------------------------------------------------------------------- tokens

    fn token(&mut self, token: &str) {
        let out = &mut self.out.text;
        if self.line_full {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            self.line_full = false;
        } else if !out.is_empty() && !out.ends_with('\n') {
            out.push(' ');
        }
        out.push_str(token);
    }

    /// A token right behind the last one.
    fn glued(&mut self, token: &str) {
        if self.line_full {
            self.token(token);
        } else {
            self.out.text.push_str(token);
        }
    }

    fn words(&mut self, words: &str) {
        self.token(words);
    }

    fn string(&mut self, text: &str) {
        self.token(&quoted(&nfc(text)));
    }

    fn name(&mut self, kind: NodeKind, name: &str) {
        self.token(&written_name(kind, &nfc(name)));
    }

    /// Names joined by dots.
    fn spelled_path(kind: NodeKind, path: &Path) -> String {
        let mut out = String::new();
        let mut rest = path.0.as_str();
        let mut single = true;
        while !rest.is_empty() {
            let quoted = rest.strip_prefix('`').and_then(|quoted| quoted.split_once('`'));
            let (part, tail, kind) = if let Some((part, tail)) = quoted {
                (part, tail.strip_prefix('.').unwrap_or(tail), kind)
            } else {
                let (part, tail) = rest.split_once('.').unwrap_or((rest, ""));
                let alone = single && tail.is_empty();
                (part, tail, if alone { kind } else { NodeKind::field_name })
            };
            if !single {
                out.push('.');
            }
            single = false;
            out.push_str(&written_name(kind, &nfc(part)));
            rest = tail;
        }
        out
    }

    fn path(&mut self, kind: NodeKind, path: &Path) {
        self.token(&Self::spelled_path(kind, path));
    }

    fn problem(&mut self, message: impl Into<String>) {
        if self.out.problem.is_none() {
            self.out.problem = Some((self.pointer(), message.into()));
        }
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for key in &self.path {
            let _ = match key {
                Key::Name(name) => write!(pointer, "/{name}"),
                Key::Index(index) => write!(pointer, "/{index}"),
            };
        }
        pointer
    }

    fn at(&mut self, key: &'static str, write: impl FnOnce(&mut Self)) {
        self.path.push(Key::Name(key));
        if self.places {
            self.out.places.push((self.out.text.len(), self.pointer()));
        }
        write(self);
        self.path.pop();
    }

    fn item(&mut self, index: usize, write: impl FnOnce(&mut Self)) {
        self.path.push(Key::Index(index));
        if self.places {
            self.out.places.push((self.out.text.len(), self.pointer()));
        }
        write(self);
        self.path.pop();
    }

    // -------------------------------------------------------------------------------------------- comments

    /// A part with the comments beside it; `separator` stands right behind the part.
    fn commented<T>(&mut self, part: &Commented<T>, separator: &str, write: impl FnOnce(&mut Self, &T)) {
        let Some(comments) = part.comments.as_deref() else {
            self.signs.push(<_>::default());
            write(self, &part.node);
            self.signs.pop();
            self.glued_separator(separator);
            return;
        };
        self.at("comments", |w| w.leading(comments));
        self.signs.push((comments.open.clone(), comments.end.clone()));
        write(self, &part.node);
        // A part without signs of its own.
        self.opened();
        self.closing();
        self.signs.pop();
        self.glued_separator(separator);
        self.at("comments", |w| w.trailing("after", &comments.after));
    }

    fn glued_separator(&mut self, separator: &str) {
        if !separator.is_empty() {
            self.glued(separator);
        }
    }

    /// Behind the opening sign of a part.
    fn opened(&mut self) {
        if let Some((open, _)) = self.signs.last_mut() {
            let open = std::mem::take(open);
            self.at("comments", |w| w.trailing("open", &open));
        }
    }

    /// Before the closing sign of a part.
    fn closing(&mut self) {
        if let Some((_, end)) = self.signs.last_mut() {
            let end = std::mem::take(end);
            self.at("comments", |w| w.lines("end", &end));
        }
    }

    fn leading(&mut self, comments: &Comments) {
        self.lines("above", &comments.above);
        if !comments.before.is_empty() {
            if !are_comments(&comments.before, false) {
                self.at("before", |w| w.problem("comments before something on its line stand between `/*` and `*/`"));
            }
            self.token(&comments.before);
        }
    }

    fn trailing(&mut self, key: &'static str, comments: &str) {
        if comments.is_empty() {
            return;
        }
        if !are_comments(comments, true) {
            self.at(key, |w| w.problem("a comment begins with `//`, or stands between `/*` and `*/`"));
        }
        // Nothing stands after `//` on a line.
        self.out.text.push(if self.line_full { '\n' } else { ' ' });
        self.out.text.push_str(comments);
        self.line_full = true;
    }

    fn lines(&mut self, key: &'static str, lines: &[String]) {
        for (index, line) in lines.iter().enumerate() {
            if !are_comments(line, true) {
                self.at(key, |w| {
                    w.item(index, |w| w.problem("a comment begins with `//`, or stands between `/*` and `*/`"));
                });
            }
            self.line_full = true;
            if line.is_empty() {
                if !self.out.text.is_empty() && !self.out.text.ends_with('\n') {
                    self.out.text.push('\n');
                }
                self.out.text.push('\n');
            } else {
                self.token(line);
                self.line_full = true;
            }
        }
    }

    /// Items between signs.
    fn listed<T>(
        &mut self,
        key: &'static str,
        items: &[T],
        (open, separator, close): (&str, &str, &str),
        write: impl Fn(&mut Self, &T, &str),
    ) {
        self.token(open);
        self.opened();
        self.at(key, |w| {
            for (index, item) in items.iter().enumerate() {
                let separator = if index + 1 < items.len() { separator } else { "" };
                w.item(index, |w| write(w, item, separator));
            }
        });
        self.closing();
        self.token(close);
    }

    // ----------------------------------------------------------------------------------------- definitions

    fn definition(&mut self, definition: &Definition) {
        self.commented(definition, "", |w, kind| {
            let (keyword, doc) = match kind {
                DefinitionKind::Segment { doc, .. } => ("segment", doc),
                DefinitionKind::Let { doc, .. } => ("let", doc),
                DefinitionKind::Param { doc, .. } => ("param", doc),
                DefinitionKind::List { doc, .. } => ("list", doc),
                DefinitionKind::Decision { doc, .. } => ("decision", doc),
                DefinitionKind::Use { doc, .. } => ("use", doc),
                DefinitionKind::Test { doc, .. } => ("test", doc),
            };
            if let Some(doc) = doc {
                for line in doc.split('\n') {
                    w.line_full = true;
                    w.token(if line.is_empty() { "///".to_owned() } else { format!("/// {line}") }.trim_end());
                }
                w.line_full = true;
            }
            w.token(keyword);
            match kind {
                DefinitionKind::Segment { name, title, condition, .. } => {
                    w.name(NodeKind::segment_name, &name.0);
                    w.equals(title.as_deref());
                    w.at("condition", |w| w.condition(condition, ""));
                }
                DefinitionKind::Let { name, value, .. } => {
                    w.dollar(&name.0);
                    w.equals(None);
                    w.at("value", |w| w.value(value, Place::Whole, ""));
                }
                DefinitionKind::Param { name, value_type, value, .. } => {
                    w.dollar(&name.0);
                    w.glued(":");
                    w.token(&value_type.0);
                    w.equals(None);
                    w.at("value", |w| w.literal(value, ""));
                }
                DefinitionKind::List { name, title, file, .. } => {
                    w.name(NodeKind::list_name, &name.0);
                    w.equals(title.as_deref());
                    w.string(file);
                }
                DefinitionKind::Decision { name, title, branches, .. } => {
                    w.name(NodeKind::decision_name, &name.0);
                    if let Some(title) = title {
                        w.string(title);
                    }
                    w.listed("branches", branches, ("<", ";", ">"), Self::branch);
                }
                DefinitionKind::Use { file, .. } => w.string(file),
                DefinitionKind::Test { title, at, lines, .. } => {
                    w.string(title);
                    if let Some(at) = at {
                        w.token("at");
                        w.at("at", |w| w.literal(at, ""));
                    }
                    w.listed("lines", lines, ("{", "", "}"), |w, line, _| w.test_line(line));
                }
            }
        });
    }

    /// The title, and the sign before what is defined.
    fn equals(&mut self, title: Option<&str>) {
        if let Some(title) = title {
            self.string(title);
        }
        self.token("=");
        self.opened();
    }

    fn dollar(&mut self, name: &str) {
        self.token(&format!("${}", written_name(NodeKind::param_name, &nfc(name))));
    }

    fn branch(&mut self, branch: &Branch, separator: &str) {
        self.commented(branch, separator, |w, branch| {
            match &branch.when {
                Some(when) => {
                    w.token("when");
                    w.at("when", |w| w.condition(when, ""));
                }
                None => w.token("otherwise"),
            }
            w.token("->");
            w.string(&branch.label);
        });
    }

    fn test_line(&mut self, line: &TestLine) {
        self.line_full = true;
        self.commented(line, "", |w, line| match line {
            TestLineKind::Contact { id, values, at } => {
                w.token("contact");
                w.string(id);
                if let Some(values) = values {
                    w.entries(values);
                }
                if let Some(at) = at {
                    w.token("at");
                    w.at("at", |w| w.literal(at, ""));
                }
            }
            TestLineKind::Event { id, event, values, at } => {
                w.token("event");
                w.string(id);
                w.name(NodeKind::event_name, &event.0);
                if let Some(values) = values {
                    w.entries(values);
                }
                w.token("at");
                w.at("at", |w| w.literal(at, ""));
            }
            TestLineKind::ExpectIn { id, segment } => w.expect_in(id, "in", &segment.0),
            TestLineKind::ExpectNotIn { id, segment } => w.expect_in(id, "not in", &segment.0),
            TestLineKind::ExpectLabel { id, decision, label } => w.expect_label(id, "in decision", &decision.0, label),
            TestLineKind::ExpectNotLabel { id, decision, label } => w.expect_label(id, "not in decision", &decision.0, label),
            TestLineKind::ExpectMembers { segment, ids } => {
                w.words("expect segment");
                w.name(NodeKind::segment_name, &segment.0);
                w.token("=");
                w.listed("ids", ids, ("[", ",", "]"), |w, id, separator| {
                    w.string(id);
                    w.glued_separator(separator);
                });
            }
        });
    }

    fn expect_in(&mut self, id: &str, words: &str, segment: &str) {
        self.token("expect");
        self.string(id);
        self.words(words);
        self.name(NodeKind::segment_name, segment);
    }

    fn expect_label(&mut self, id: &str, words: &str, decision: &str, label: &str) {
        self.token("expect");
        self.string(id);
        self.words(words);
        self.name(NodeKind::decision_name, decision);
        self.token("=");
        self.string(label);
    }

    fn entries(&mut self, values: &[Entry]) {
        self.listed("values", values, ("{", ",", "}"), |w, entry, separator| {
            w.commented(entry, separator, |w, entry| {
                w.path(NodeKind::field_name, &entry.name);
                w.glued(":");
                w.at("value", |w| w.literal(&entry.value, ""));
            });
        });
    }

    // ------------------------------------------------------------------------------------------ conditions

    fn members(&mut self, words: &str, members: &[Condition]) {
        self.words(words);
        self.listed("members", members, ("<", ";", ">"), Self::condition);
    }

    fn condition(&mut self, condition: &Condition, separator: &str) {
        self.commented(condition, separator, |w, kind| match kind {
            ConditionKind::All { members } => w.members("all", members),
            ConditionKind::Any { members } => w.members("any", members),
            ConditionKind::None { members } => w.members("none", members),
            ConditionKind::Quorum { count, members } => {
                w.at("count", |w| w.count(count, false));
                w.members("of", members);
            }
            ConditionKind::Not { condition } => {
                w.token("not");
                w.at("condition", |w| w.condition(condition, ""));
            }
            ConditionKind::Everyone => w.token("everyone"),
            ConditionKind::Nobody => w.token("nobody"),
            ConditionKind::Segment { name } => {
                w.token("segment");
                w.name(NodeKind::segment_name, &name.0);
            }
            ConditionKind::List { name } => {
                w.token("list");
                w.name(NodeKind::list_name, &name.0);
            }
            ConditionKind::Decision { name, label } => {
                w.token("decision");
                w.name(NodeKind::decision_name, &name.0);
                w.token("=");
                w.string(label);
            }
            ConditionKind::Event { event, filter, times, window } => {
                w.token("event");
                w.at("event", |w| w.events(event));
                w.where_filter(filter.as_ref());
                if let Some(times) = times {
                    w.at("times", |w| w.count(times, true));
                }
                if let Some(window) = window {
                    w.at("window", |w| w.window(window));
                }
            }
            ConditionKind::Test { value, test, or_empty, lasting } => {
                w.at("value", |w| w.value(value, Place::Whole, ""));
                w.test(test, *or_empty, lasting.as_ref());
            }
            ConditionKind::Sequence { by, window, steps } => {
                w.token("sequence");
                if let Some(by) = by {
                    w.token("by");
                    w.path(NodeKind::attr_name, by);
                }
                if let Some(window) = window {
                    w.at("window", |w| w.window(window));
                }
                w.token("<");
                w.opened();
                w.at("steps", |w| {
                    for (index, step) in steps.iter().enumerate() {
                        let separator = if index + 1 < steps.len() { ";" } else { "" };
                        w.item(index, |w| w.step(step, index > 0, separator));
                    }
                });
                w.closing();
                w.token(">");
            }
            ConditionKind::Top { amount, by, of } => w.ranked("top", amount, by, of.as_deref()),
            ConditionKind::Bottom { amount, by, of } => w.ranked("bottom", amount, by, of.as_deref()),
            ConditionKind::Sample { share, salt } => {
                w.token("sample");
                w.token(&share.0);
                w.token("salt");
                w.string(salt);
            }
        });
    }

    fn ranked(&mut self, word: &str, amount: &Numeral, by: &Value, of: Option<&Condition>) {
        self.token(word);
        self.token(&amount.0);
        self.token("by");
        self.at("by", |w| w.value(by, Place::Whole, ""));
        if let Some(of) = of {
            self.token("of");
            self.at("of", |w| w.condition(of, ""));
        }
    }

    fn count(&mut self, count: &Count, times: bool) {
        let number = match count {
            Count::AtLeast { count } => {
                self.words("at least");
                count
            }
            Count::AtMost { count } => {
                self.words("at most");
                count
            }
            Count::Exactly { count } => {
                self.words("exactly");
                count
            }
            Count::Between { min, max } => {
                if !times {
                    self.problem("`between` is for numbers of events; use two quorums in `all`");
                }
                self.token("between");
                self.token(&min.0);
                self.token("and");
                max
            }
        };
        self.token(&number.0);
        if times {
            self.token("times");
        }
    }

    fn step(&mut self, step: &Step, follows: bool, separator: &str) {
        // What stands above a step stands above its `then`.
        let mut step = step.clone();
        if follows && let Some(comments) = step.comments.as_deref_mut() {
            self.at("comments", |w| w.leading(comments));
            comments.above.clear();
            comments.before.clear();
        }
        if follows {
            self.token("then");
        }
        self.commented(&step, separator, |w, step| {
            if step.not {
                w.token("not");
            }
            w.token("event");
            w.at("event", |w| w.events(&step.event));
            w.where_filter(step.filter.as_ref());
            if let Some(within) = &step.within {
                w.token("within");
                w.token(&within.0);
            }
        });
    }

    fn events(&mut self, events: &Events) {
        self.commented(events, "", |w, events| match events {
            EventsKind::Name { name } => w.name(NodeKind::event_name, &name.0),
            EventsKind::Union { names } => w.listed("names", names, ("[", ",", "]"), |w, name, separator| {
                w.name(NodeKind::event_name, &name.0);
                w.glued_separator(separator);
            }),
            EventsKind::Prefix { prefix } => {
                w.string(prefix);
                w.glued("*");
            }
            EventsKind::Any => w.token("any"),
        });
    }

    fn where_filter(&mut self, filter: Option<&Filter>) {
        if let Some(filter) = filter {
            self.token("where");
            self.at("where", |w| w.filter(filter, true, ""));
        }
    }

    fn filter_members(&mut self, words: &str, members: &[Filter]) {
        if !words.is_empty() {
            self.words(words);
        }
        self.listed("members", members, ("<", ";", ">"), |w, member, separator| w.filter(member, true, separator));
    }

    /// A filter; `chain`: tests joined by `and` may stand here.
    fn filter(&mut self, filter: &Filter, chain: bool, separator: &str) {
        self.commented(filter, separator, |w, kind| match kind {
            FilterKind::And { members } if chain && members.len() > 1 => w.at("members", |w| {
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        w.token("and");
                    }
                    w.item(index, |w| w.filter(member, false, ""));
                }
            }),
            FilterKind::And { members } | FilterKind::All { members } => w.filter_members("all", members),
            FilterKind::Any { members } => w.filter_members("any", members),
            FilterKind::None { members } => w.filter_members("none", members),
            FilterKind::Quorum { count, members } => {
                w.at("count", |w| w.count(count, false));
                w.filter_members("of", members);
            }
            FilterKind::Not { filter } => {
                w.token("not");
                w.at("filter", |w| w.filter(filter, false, ""));
            }
            FilterKind::Test { value, test, or_empty, lasting } => {
                w.at("value", |w| w.value(value, Place::Tested, ""));
                w.test(test, *or_empty, lasting.as_ref());
            }
        });
    }

    fn test(&mut self, test: &Test, or_empty: bool, lasting: Option<&Length>) {
        self.at("test", |w| w.commented(test, "", Self::test_kind));
        if or_empty {
            self.words("or empty");
        }
        if let Some(lasting) = lasting {
            self.token("for");
            self.token(&lasting.0);
        }
    }

    fn test_kind(&mut self, test: &TestKind) {
        match test {
            TestKind::IsEmpty => self.words("is empty"),
            TestKind::IsSet => self.words("is set"),
            TestKind::IsTrue => self.words("is true"),
            TestKind::IsFalse => self.words("is false"),
            TestKind::Compare { operator, value, ignoring } => {
                let sign = serde_json::to_value(operator).unwrap_or_default();
                self.against(sign.as_str().unwrap_or("="), value, ignoring);
            }
            TestKind::In { list, ignoring } => self.among("in", list, ignoring),
            TestKind::NotIn { list, ignoring } => self.among("not in", list, ignoring),
            TestKind::Between { min, max } => self.between(("min", min), ("max", max)),
            TestKind::Contains { value, ignoring } => self.against("contains", value, ignoring),
            TestKind::StartsWith { value, ignoring } => self.against("starts with", value, ignoring),
            TestKind::EndsWith { value, ignoring } => self.against("ends with", value, ignoring),
            TestKind::Matches { pattern, ignoring } => {
                self.token("matches");
                self.string(pattern);
                self.ignoring(ignoring);
            }
            TestKind::Has { value, ignoring } => self.against("has", value, ignoring),
            TestKind::HasAnyOf { list, ignoring } => self.among("has any of", list, ignoring),
            TestKind::HasAllOf { list, ignoring } => self.among("has all of", list, ignoring),
            TestKind::HasNoneOf { list, ignoring } => self.among("has none of", list, ignoring),
            TestKind::HasAny { members } => self.filter_members("has any", members),
            TestKind::HasOnly { members } => self.filter_members("has only", members),
            TestKind::HasNone { members } => self.filter_members("has none", members),
            TestKind::HasCount { count, members } => {
                self.token("has");
                self.at("count", |w| w.count(count, false));
                self.filter_members("", members);
            }
            TestKind::Anniversary { within_next: None } => self.words("anniversary today"),
            TestKind::Anniversary { within_next: Some(duration) } => {
                self.words("anniversary within next");
                self.token(&duration.0);
            }
            TestKind::Window { window } => self.at("window", |w| w.window(window)),
        }
    }

    fn against(&mut self, words: &str, value: &Value, ignoring: &[Ignoring]) {
        self.words(words);
        self.at("value", |w| w.value(value, Place::Whole, ""));
        self.ignoring(ignoring);
    }

    fn among(&mut self, words: &str, list: &Value, ignoring: &[Ignoring]) {
        self.words(words);
        self.at("list", |w| {
            if !matches!(list.node, ValueKind::List { .. } | ValueKind::Variable { .. } | ValueKind::Field { .. }) {
                w.problem("a `list`, a `variable` or a `field` is wanted here");
            }
            w.value(list, Place::Whole, "");
        });
        self.ignoring(ignoring);
    }

    fn ignoring(&mut self, ignoring: &[Ignoring]) {
        match (ignoring.contains(&Ignoring::Case), ignoring.contains(&Ignoring::Accents)) {
            (true, true) => self.words("ignoring case and accents"),
            (true, false) => self.words("ignoring case"),
            (false, true) => self.words("ignoring accents"),
            (false, false) => {}
        }
    }

    fn between(&mut self, (low_key, low): (&'static str, &Value), (high_key, high): (&'static str, &Value)) {
        self.token("between");
        self.at(low_key, |w| w.value(low, Place::Whole, ""));
        self.token("and");
        self.at(high_key, |w| w.value(high, Place::Whole, ""));
    }

    // ---------------------------------------------------------------------------------------------- values

    fn window(&mut self, window: &Window) {
        self.commented(window, "", |w, window| match window {
            WindowKind::Within { duration } => w.measured("within", duration),
            WindowKind::WithinNext { duration } => w.measured("within next", duration),
            WindowKind::WithinAfter { duration, field } => w.anchored(duration, "after field", field),
            WindowKind::WithinBefore { duration, field } => w.anchored(duration, "before field", field),
            WindowKind::OlderThan { duration } => w.measured("older than", duration),
            WindowKind::Between { from, to } => w.between(("from", from), ("to", to)),
            WindowKind::Before { value } => w.against("before", value, &[]),
            WindowKind::After { value } => w.against("after", value, &[]),
            WindowKind::Since { value } => w.against("since", value, &[]),
            WindowKind::On { value } => w.against("on", value, &[]),
            WindowKind::This { period } => w.words(&format!("this {}", word(period))),
            WindowKind::Last { count: None, period } => w.words(&format!("last {}", word(period))),
            WindowKind::Last { count: Some(count), period } => w.words(&format!("last {} {}", count.0, word(period))),
            WindowKind::Today => w.token("today"),
            WindowKind::Yesterday => w.token("yesterday"),
        });
    }

    fn measured(&mut self, words: &str, duration: &Length) {
        self.words(words);
        self.token(&duration.0);
    }

    fn anchored(&mut self, duration: &Length, words: &str, field: &Path) {
        self.measured("within", duration);
        self.words(words);
        self.path(NodeKind::field_name, field);
    }

    /// A value that is written down, not calculated.
    fn literal(&mut self, value: &Value, separator: &str) {
        let calculated = matches!(
            value.node,
            ValueKind::Field { .. }
                | ValueKind::Attribute { .. }
                | ValueKind::Time
                | ValueKind::Aggregate { .. }
                | ValueKind::Arithmetic { .. }
                | ValueKind::Parentheses { .. }
                | ValueKind::If { .. }
                | ValueKind::Part { .. }
        );
        if calculated {
            self.problem("a literal is wanted here, such as a number, a text or a point in time");
        }
        self.value(value, Place::Whole, separator);
    }

    fn value(&mut self, value: &Value, place: Place, separator: &str) {
        let needs = match &value.node {
            ValueKind::Arithmetic { operators, .. } => match place {
                Place::Whole | Place::Tested => false,
                Place::Term => operators.iter().copied().any(is_sum),
                Place::Factor => true,
            },
            _ => false,
        };
        self.commented(value, separator, |w, kind| {
            if needs {
                w.token("(");
            }
            w.value_kind(kind, place);
            if needs {
                w.token(")");
            }
        });
    }

    fn value_kind(&mut self, value: &ValueKind, place: Place) {
        match value {
            ValueKind::Number { value } => self.token(&value.0),
            ValueKind::Text { value } => self.string(value),
            ValueKind::Bool { value } => self.token(if *value { "true" } else { "false" }),
            ValueKind::Date { value } => self.token(&value.0),
            ValueKind::Instant { value } => self.token(&value.0),
            ValueKind::Now => self.token("now"),
            ValueKind::Today => self.token("today"),
            ValueKind::Yesterday => self.token("yesterday"),
            ValueKind::Ago { duration } => self.words(&format!("{} ago", duration.0)),
            ValueKind::FromNow { duration } => self.words(&format!("{} from now", duration.0)),
            ValueKind::StartOf { period, of } => {
                self.words(&format!("start of {}", word(period)));
                if let Some(of) = of {
                    self.at("of", |w| w.literal(of, ""));
                }
            }
            ValueKind::StartOfLast { period } => self.words(&format!("start of last {}", word(period))),
            ValueKind::List { items } => self.listed("items", items, ("[", ",", "]"), Self::literal),
            ValueKind::Record { values } => self.entries(values),
            ValueKind::Empty => self.token("empty"),
            ValueKind::Field { name } => {
                self.token("field");
                self.path(NodeKind::field_name, name);
            }
            ValueKind::Variable { name } => self.dollar(&name.0),
            ValueKind::Attribute { name } => {
                if place != Place::Tested {
                    self.problem("an attribute stands only where an event or a record is tested");
                }
                self.path(NodeKind::attr_name, name);
            }
            ValueKind::Time => self.token("time"),
            ValueKind::Aggregate { function, event, attribute, filter, window, arguments } => {
                self.token(&format!("{}(", word(function)));
                self.opened();
                self.at("event", |w| w.events(event));
                if let Some(attribute) = attribute {
                    let path = Self::spelled_path(NodeKind::attr_name, attribute);
                    self.glued(&format!(".{path}"));
                }
                self.where_filter(filter.as_deref());
                if let Some(window) = window {
                    self.at("window", |w| w.window(window));
                }
                for argument in arguments {
                    self.glued(",");
                    self.token(&argument.0.0);
                }
                self.closing();
                self.token(")");
            }
            ValueKind::Arithmetic { operands, operators } => self.arithmetic(operands, operators),
            ValueKind::Parentheses { value } => {
                self.token("(");
                self.opened();
                self.at("value", |w| w.value(value, Place::Whole, ""));
                self.closing();
                self.token(")");
            }
            ValueKind::If { condition, then, otherwise } => {
                self.token("if(");
                self.opened();
                self.at("condition", |w| w.condition(condition, ","));
                self.at("then", |w| w.value(then, Place::Whole, ","));
                self.at("otherwise", |w| w.value(otherwise, Place::Whole, ""));
                self.closing();
                self.token(")");
            }
            ValueKind::Part { part, value } => {
                self.token(&format!("{}(", word(part)));
                self.opened();
                let bare = matches!(value.node, ValueKind::Attribute { .. } | ValueKind::Time);
                self.at("value", |w| w.value(value, if bare { Place::Tested } else { Place::Whole }, ""));
                self.closing();
                self.token(")");
            }
        }
    }

    fn arithmetic(&mut self, operands: &[Value], operators: &[ArithmeticOperator]) {
        if operands.len() != operators.len() + 1 {
            self.at("operators", |w| {
                w.problem(format!(
                    "{} operands have {} operators between them",
                    operands.len(),
                    operands.len().saturating_sub(1)
                ));
            });
        }
        let sum = operators.first().copied().is_some_and(is_sum);
        if operators.iter().any(|operator| is_sum(*operator) != sum) {
            self.at("operators", |w| w.problem("`+ -` and `* /` do not mix; put one inside the other"));
        }
        for (index, operand) in operands.iter().enumerate() {
            if let Some(operator) = index.checked_sub(1).and_then(|before| operators.get(before)) {
                self.token(&word(operator));
            }
            let place = if sum { Place::Term } else { Place::Factor };
            self.at("operands", |w| w.item(index, |w| w.value(operand, place, "")));
        }
    }
}

fn is_sum(operator: ArithmeticOperator) -> bool {
    matches!(operator, ArithmeticOperator::Add | ArithmeticOperator::Subtract)
}

/// How a value of a plain enumeration is called, in JSON and in the language.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
