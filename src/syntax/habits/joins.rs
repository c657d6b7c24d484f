//! `a and b`, `a or b`, `&&`, `||`, and parentheses around conditions: they become groups.
//!
//! A small reader of such expressions over tokens. What stands between the joining words is taken as it is; whether
//! it is a condition is the grammar's business.

use std::ops::Range;

use super::super::lex::Kind;
use super::super::parse::NodeKind;
use super::super::patch::Change;
use super::{Finding, Place};
use crate::diag::codes;

/// What joins two conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    And,
    Or,
}

/// A joined condition. Positions are indices of tokens.
#[derive(Debug)]
enum Tree {
    /// Anything without joining words of its own.
    Atom(Range<usize>),
    Joined {
        join: Join,
        parts: Vec<Tree>,
        words: Vec<usize>,
    },
    /// Something between parentheses.
    Parens {
        open: usize,
        close: usize,
        inside: Box<Tree>,
    },
    /// `!` or `not` before something between parentheses.
    Not {
        word: usize,
        inside: Box<Tree>,
    },
}

/// The rewriting of everything that is joined at the place where reading stopped.
pub(super) fn find(place: &Place<'_>, found: &mut Vec<Finding>) {
    // Reading stops behind an `or`, because `or empty` could have followed.
    let stopped_behind = (-1..=0).any(|ahead| join(place.word(ahead)).is_some());
    let parens =
        place.word(0) == "(" || place.word(-1) == "(" || place.tokens.iter().take(place.index).any(|t| t.text(place.text) == "(");
    if !stopped_behind && !parens {
        return;
    }
    if place.reads_conditions() {
        let start = place.condition_start();
        let end = conditions_end(place);
        found.extend(rewrite(place, start..end));
    }
    let filters = match place.rule {
        NodeKind::filter_alone => Some(0),
        _ => place
            .tokens
            .iter()
            .take(place.index)
            .rposition(|token| token.text(place.text).eq_ignore_ascii_case("where"))
            .map(|at| at + 1),
    };
    if let Some(start) = filters {
        for end in filter_ends(place, start) {
            found.extend(rewrite(place, start..end));
        }
    }
}

/// Where the conditions of a definition or a branch end.
fn conditions_end(place: &Place<'_>) -> usize {
    let sign = |token: &super::super::lex::Token| token.text(place.text) == "->";
    let last = place.tokens.len();
    if place.rule == NodeKind::branch_alone {
        return place.tokens.iter().position(sign).unwrap_or(last);
    }
    if place.text_of(last.wrapping_sub(1)) == ";" { last - 1 } else { last }
}

/// Where the tests after a `where` may end: before the words of a window or of a number of times, or at the end.
fn filter_ends(place: &Place<'_>, start: usize) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut ends = Vec::new();
    for (index, token) in place.tokens.iter().enumerate().skip(start) {
        match token.text(place.text) {
            "(" | "[" => depth += 1,
            ")" | "]" if depth == 0 => {
                ends.push(index);
                break;
            }
            ")" | "]" => depth -= 1,
            "within" | "older" | "between" | "at" | "exactly" | "before" | "after" | "since" | "on" | "this" | "last"
            | "today" | "yesterday" | "->" | ";"
                if depth == 0 && index > place.index =>
            {
                ends.push(index);
            }
            _ => {}
        }
    }
    ends.truncate(3);
    ends.push(place.tokens.len());
    ends
}

fn rewrite(place: &Place<'_>, range: Range<usize>) -> Option<Finding> {
    let mut reader = Reader { place, at: range.start, end: range.end, depth: 0 };
    let tree = reader.any()?;
    if reader.at != range.end || matches!(tree, Tree::Atom(_)) {
        return None;
    }
    let mut changes = Vec::new();
    let mut writer = Writer { place, changes: &mut changes };
    writer.write(&tree);
    changes.sort_by_key(|(range, _)| (range.start, range.end));
    // A parenthesis and a word at its side are one change each; empty ones at one place keep their order.
    let joins = tree.joins();
    let sure = !tree.mixes();
    let mut finding = if let Some((join, word)) = joins.first() {
        let (group, what) = if *join == Join::And { ("all", "all of them") } else { ("any", "one of them") };
        let written = place.text_of(*word);
        let at = place.tokens.get(*word)?.range();
        let mut finding = Finding::new(codes::E0120, at, format!("conditions are joined by a group, not by `{written}`"))
            .here(format!("`{group} < first; second >` asks for {what}"));
        for (_, word) in joins.iter().skip(1).take(4) {
            finding = finding.label(place.tokens.get(*word)?.range(), "and here");
        }
        finding
    } else {
        let (open, close) = tree.parens()?;
        Finding::new(codes::E0121, place.tokens.get(open)?.range(), "parentheses around a condition")
            .here("conditions stand between `<` and `>`, or without brackets")
            .label(place.tokens.get(close)?.range(), "up to here")
    };
    if !sure {
        finding = finding.help("`and` was taken to join more closely than `or`, as in SQL");
    }
    let title = if joins.is_empty() { "remove the parentheses".to_owned() } else { title(place, &changes) };
    Some(if sure { finding.certain(title, changes) } else { finding.maybe(title, changes) }.groups())
}

/// What the changes make of the text, if it is short enough to be read at a glance.
fn title(place: &Place<'_>, changes: &[Change]) -> String {
    let mut out = String::new();
    let mut at = changes.first().map_or(0, |(range, _)| range.start);
    for (range, by) in changes {
        out.push_str(place.text.get(at..range.start).unwrap_or_default());
        out.push_str(by);
        at = range.end;
    }
    if place.whole && out.chars().count() <= 100 && !out.contains('\n') {
        format!("write `{out}`")
    } else {
        "write a group".to_owned()
    }
}

fn join(word: &str) -> Option<Join> {
    match word.to_lowercase().as_str() {
        "and" | "&&" | "i" | "oraz" | "&" => Some(Join::And),
        "or" | "||" | "lub" | "albo" | "|" => Some(Join::Or),
        _ => None,
    }
}

struct Reader<'a> {
    place: &'a Place<'a>,
    at: usize,
    end: usize,
    depth: usize,
}

impl Reader<'_> {
    fn word(&self, index: usize) -> &str {
        if index < self.end { self.place.text_of(index) } else { "" }
    }

    /// Parts joined by `or`, each of them joined by `and`.
    fn any(&mut self) -> Option<Tree> {
        self.chain(Join::Or)
    }

    fn chain(&mut self, wanted: Join) -> Option<Tree> {
        let mut parts = Vec::new();
        let mut words = Vec::new();
        loop {
            parts.push(if wanted == Join::Or { self.chain(Join::And)? } else { self.part()? });
            if self.at < self.end && join(self.word(self.at)) == Some(wanted) {
                words.push(self.at);
                self.at += 1;
            } else {
                break;
            }
        }
        if words.is_empty() { parts.pop() } else { Some(Tree::Joined { join: wanted, parts, words }) }
    }

    fn part(&mut self) -> Option<Tree> {
        let start = self.at;
        if matches!(self.word(start), "not" | "NOT" | "!") && self.word(start + 1) == "(" && self.encloses_condition(start + 1) {
            self.at += 1;
            let inside = self.parens()?;
            return Some(Tree::Not { word: start, inside: Box::new(inside) });
        }
        if self.word(start) == "(" && self.encloses_condition(start) {
            return self.parens();
        }
        self.atom()
    }

    fn parens(&mut self) -> Option<Tree> {
        // A person does not write more than a few; a machine may, and then only the grammar's word counts.
        self.depth += 1;
        if self.depth > 30 {
            return None;
        }
        let open = self.at;
        self.at += 1;
        let inside = self.any()?;
        if self.word(self.at) != ")" {
            return None;
        }
        let close = self.at;
        self.at += 1;
        self.depth -= 1;
        Some(Tree::Parens { open, close, inside: Box::new(inside) })
    }

    /// Whether parentheses stand around a condition and not around a value: nothing that goes on a value follows.
    fn encloses_condition(&self, open: usize) -> bool {
        let mut depth = 0_usize;
        for index in open..self.end {
            match self.word(index) {
                "(" => depth += 1,
                ")" if depth == 1 => {
                    let next = self.word(index + 1);
                    return next.is_empty() || next == ")" || next == ";" || join(next).is_some();
                }
                ")" => depth -= 1,
                _ => {}
            }
        }
        false
    }

    /// Everything up to the next joining word.
    fn atom(&mut self) -> Option<Tree> {
        let start = self.at;
        let mut depth = 0_usize;
        let mut between = false;
        let mut filter = false;
        while self.at < self.end {
            let word = self.word(self.at);
            match word.to_lowercase().as_str() {
                "(" | "[" => depth += 1,
                ")" | "]" | ";" | "," if depth == 0 => break,
                ")" | "]" => depth -= 1,
                // The inside of a group is looked at elsewhere.
                "<" if matches!(self.word(self.at.wrapping_sub(1)), "all" | "any" | "none" | "of" | "only" | "sequence") => {
                    depth += 1;
                }
                ">" if depth > 0 && self.closes(self.at) => depth -= 1,
                "between" if depth == 0 => between = true,
                "where" if depth == 0 => filter = true,
                "and" if between && depth == 0 => between = false,
                _ if depth == 0 && self.at > start && join(word).is_some() && !self.belongs(filter) => break,
                _ => {}
            }
            self.at += 1;
        }
        (self.at > start).then_some(Tree::Atom(start..self.at))
    }

    /// Whether an `and` or `or` is part of a condition: in a `where`, in `ignoring case and accents`, in `or empty`.
    fn belongs(&self, filter: bool) -> bool {
        let before = self.word(self.at.wrapping_sub(1));
        match join(self.word(self.at)) {
            Some(Join::And) => filter && !self.condition_follows() || matches!(before, "case" | "accents"),
            _ => self.word(self.at + 1).eq_ignore_ascii_case("empty"),
        }
    }

    /// Whether a condition, and not a test on an attribute, follows an `and`.
    fn condition_follows(&self) -> bool {
        let next = self.word(self.at + 1).to_lowercase();
        let next = if next == "not" { self.word(self.at + 2).to_lowercase() } else { next };
        let name_follows = self.place.tokens.get(self.at + 2).is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Name));
        matches!(next.as_str(), "field" | "event" | "segment" | "list") && name_follows
    }

    fn closes(&self, index: usize) -> bool {
        let next = self.place.tokens.get(index + 1).filter(|_| index + 1 < self.end);
        next.is_none_or(|next| next.kind == Kind::Sign || join(next.text(self.place.text)).is_some())
    }
}

impl Tree {
    /// All joining words, in order.
    fn joins(&self) -> Vec<(Join, usize)> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found.sort_by_key(|(_, word)| *word);
        found
    }

    fn collect(&self, found: &mut Vec<(Join, usize)>) {
        match self {
            Self::Atom(_) => {}
            Self::Joined { join, parts, words } => {
                found.extend(words.iter().map(|word| (*join, *word)));
                for part in parts {
                    part.collect(found);
                }
            }
            Self::Parens { inside, .. } | Self::Not { inside, .. } => inside.collect(found),
        }
    }

    /// Whether `and` and `or` stand beside each other without parentheses.
    fn mixes(&self) -> bool {
        match self {
            Self::Atom(_) => false,
            Self::Joined { parts, .. } => parts.iter().any(|part| matches!(part, Self::Joined { .. }) || part.mixes()),
            Self::Parens { inside, .. } | Self::Not { inside, .. } => inside.mixes(),
        }
    }

    fn parens(&self) -> Option<(usize, usize)> {
        match self {
            Self::Parens { open, close, .. } => Some((*open, *close)),
            Self::Not { inside, .. } => inside.parens(),
            _ => None,
        }
    }

    fn tokens(&self) -> Range<usize> {
        match self {
            Self::Atom(range) => range.clone(),
            Self::Joined { parts, .. } => {
                parts.first().map_or(0, |part| part.tokens().start)..parts.last().map_or(0, |part| part.tokens().end)
            }
            Self::Parens { open, close, .. } => *open..close + 1,
            Self::Not { word, inside } => *word..inside.tokens().end,
        }
    }
}

struct Writer<'a, 'c> {
    place: &'a Place<'a>,
    changes: &'c mut Vec<Change>,
}

impl Writer<'_, '_> {
    fn write(&mut self, tree: &Tree) {
        match tree {
            Tree::Atom(_) => {}
            Tree::Joined { join, parts, words } => {
                let tokens = tree.tokens();
                if let (Some(first), Some(last)) = (self.place.tokens.get(tokens.start), self.place.tokens.get(tokens.end - 1)) {
                    self.changes.push((first.start..first.start, opening(*join).to_owned()));
                    self.changes.push((last.end..last.end, " >".to_owned()));
                }
                self.joined(parts, words);
            }
            Tree::Parens { open, close, inside } => self.parens(*open, *close, inside),
            Tree::Not { word, inside } => {
                if let (Some(not), Tree::Parens { open, .. }) = (self.place.tokens.get(*word), inside.as_ref())
                    && let Some(open) = self.place.tokens.get(*open)
                {
                    self.changes.push((not.start..open.start, "not ".to_owned()));
                }
                self.write(inside);
            }
        }
    }

    fn joined(&mut self, parts: &[Tree], words: &[usize]) {
        for word in words {
            if let (Some(before), Some(token)) = (self.place.tokens.get(word - 1), self.place.tokens.get(*word)) {
                self.changes.push((before.end..token.end, ";".to_owned()));
                let glued = self.place.text.get(token.end..).is_some_and(|after| !after.starts_with(super::super::lex::is_blank));
                if glued {
                    self.changes.push((token.end..token.end, " ".to_owned()));
                }
            }
        }
        for part in parts {
            self.write(part);
        }
    }

    fn parens(&mut self, open: usize, close: usize, inside: &Tree) {
        let place = |index: usize| self.place.tokens.get(index).map(|token| token.range());
        let (Some(from), Some(to)) = (place(open), place(close)) else { return };
        if let Tree::Joined { join, parts, words } = inside {
            self.changes.push((from, opening(*join).to_owned()));
            self.changes.push((to, " >".to_owned()));
            self.joined(parts, words);
        } else {
            self.changes.push((from, String::new()));
            self.changes.push((to, String::new()));
            self.write(inside);
        }
    }
}

fn opening(join: Join) -> &'static str {
    if join == Join::And { "all < " } else { "any < " }
}
