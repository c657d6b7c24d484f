//! Habits from elsewhere: SQL, programming languages, spreadsheets, typewriters, other human languages.
//!
//! Each is a small function or a line of a table that looks at the place where reading stopped and proposes a
//! [`Finding`]: what to say, and what to write instead. A proposal may be wrong: it counts only when reading goes on
//! with it, so none of them needs to know the grammar.

mod brackets;
mod definitions;
mod joins;
mod lexical;
mod names;
mod numbers;
mod phrase_table;
mod phrases;
mod separators;
mod words;

use std::ops::Range;

use super::lex::{Kind, Token};
use super::parse::{Failure, NodeKind};
use super::patch::Change;
use crate::diag::{Applicability, Code};

pub(super) use brackets::brackets;
pub(super) use lexical::lexical;
pub(crate) use words::is_keyword;
pub(super) use words::nearest_keyword;

/// What is wrong and what may be done, at places of the text that it was found in.
#[expect(clippy::struct_excessive_bools, reason = "independent properties, most of them rare")]
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub code: Code,
    pub at: Range<usize>,
    pub message: String,
    pub label: String,
    pub labels: Vec<(Range<usize>, String)>,
    pub help: Vec<String>,
    pub fixes: Vec<Remedy>,
    /// The changes with which reading goes on, ascending. Usually those of the first fix.
    pub repair: Vec<Change>,
    /// Whether the repaired text is what was meant, so that more can be said of it.
    pub trusted: bool,
    /// Where in the repaired text to go on reading, when what stands before is complete.
    pub resume: Option<usize>,
    /// Whether the repair makes groups, whose members are then read alone.
    pub groups: bool,
    /// It cannot be anything else, whether or not reading goes on with it.
    pub known: bool,
    /// It counts only when more than the next token can be read with it.
    pub doubtful: bool,
}

/// A fix.
#[derive(Debug, Clone)]
pub(super) struct Remedy {
    pub title: String,
    pub applicability: Applicability,
    pub changes: Vec<Change>,
}

impl Finding {
    pub fn new(code: Code, at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            code,
            at,
            message: message.into(),
            label: String::new(),
            labels: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
            repair: Vec::new(),
            trusted: false,
            resume: None,
            groups: false,
            known: false,
            doubtful: false,
        }
    }

    /// Says a few words at the place itself.
    pub fn here(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Points at another place.
    pub fn label(mut self, at: Range<usize>, message: impl Into<String>) -> Self {
        self.labels.push((at, message.into()));
        self
    }

    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// A fix that is sure to be what was meant.
    pub fn certain(self, title: impl Into<String>, changes: Vec<Change>) -> Self {
        self.fix(Applicability::Certain, title, changes)
    }

    /// A fix that is a guess.
    pub fn maybe(self, title: impl Into<String>, changes: Vec<Change>) -> Self {
        self.fix(Applicability::Maybe, title, changes)
    }

    pub fn fix(mut self, applicability: Applicability, title: impl Into<String>, changes: Vec<Change>) -> Self {
        let changes = merged(changes);
        if self.fixes.is_empty() && self.repair.is_empty() {
            self.repair.clone_from(&changes);
            self.trusted = applicability == Applicability::Certain;
        }
        self.fixes.push(Remedy { title: title.into(), applicability, changes });
        self
    }

    /// A certain fix that replaces the place itself.
    pub fn write(self, by: impl Into<String>) -> Self {
        let (at, by) = (self.at.clone(), by.into());
        self.certain(format!("write `{}`", by.trim()), vec![(at, by)])
    }

    /// A fix that replaces the place itself and is a guess.
    pub fn perhaps(self, by: impl Into<String>) -> Self {
        let (at, by) = (self.at.clone(), by.into());
        self.maybe(format!("write `{}`", by.trim()), vec![(at, by)])
    }

    /// Goes on reading with other changes than those of a fix.
    pub fn repair(mut self, changes: Vec<Change>, trusted: bool) -> Self {
        self.repair = changes;
        self.trusted = trusted;
        self
    }

    pub fn resume(mut self, at: usize) -> Self {
        self.resume = Some(at);
        self
    }

    /// The repair makes groups.
    pub fn groups(mut self) -> Self {
        self.groups = true;
        self
    }
}

/// Changes in order, those that touch each other as one, so that it does not matter which is made first.
fn merged(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out: Vec<Change> = Vec::with_capacity(changes.len());
    for (range, text) in changes {
        match out.last_mut() {
            Some((last, before)) if last.end >= range.start => {
                last.end = last.end.max(range.end);
                before.push_str(&text);
            }
            _ => out.push((range, text)),
        }
    }
    out
}

/// Where reading stopped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// What is being read.
    pub rule: NodeKind,
    pub text: &'a str,
    /// Where reading began.
    pub from: usize,
    /// Byte offset of the token at which reading stopped, or of the end.
    pub at: usize,
    /// All tokens from `from` on.
    pub tokens: &'a [Token],
    /// The token at which reading stopped; their number at the end.
    pub index: usize,
    /// What would have been accepted.
    pub failure: &'a Failure,
    /// Whether the text is as it was written, without placeholders.
    pub whole: bool,
}

impl<'a> Place<'a> {
    pub fn new(rule: NodeKind, text: &'a str, from: usize, failure: &'a Failure, tokens: &'a [Token]) -> Self {
        let index = tokens.partition_point(|token| token.end <= from + failure.at);
        let at = tokens.get(index).map_or(text.len(), |token| token.start);
        Self { rule, text, from, at, tokens, index, failure, whole: true }
    }

    /// The token so many places after the one at which reading stopped.
    pub fn token(&self, ahead: isize) -> Option<Token> {
        self.tokens.get(self.index.checked_add_signed(ahead)?).copied()
    }

    /// The text of [`Self::token`], empty where there is none.
    pub fn word(&self, ahead: isize) -> &'a str {
        self.token(ahead).map_or("", |token| token.text(self.text))
    }

    pub fn kind(&self, ahead: isize) -> Option<Kind> {
        self.token(ahead).map(|token| token.kind)
    }

    /// The text of a token by its number.
    pub fn text_of(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text(self.text))
    }

    /// Where the token before ends.
    pub fn before(&self) -> usize {
        self.token(-1).map_or(self.from, |token| token.end)
    }

    /// The place itself: the token, or nothing after the last one.
    pub fn here(&self) -> Range<usize> {
        self.token(0).map_or_else(|| self.before()..self.before(), Token::range)
    }

    /// Where the condition of a definition, or of whatever is being read, begins.
    pub fn condition_start(&self) -> usize {
        let sign = |token: &Token| token.text(self.text);
        match self.rule {
            NodeKind::statement_alone => self.tokens.iter().take(6).position(|t| sign(t) == "=").map_or(0, |equals| equals + 1),
            NodeKind::branch_alone => usize::from(self.text_of(0) == "when"),
            _ => 0,
        }
    }

    /// Whether everything up to the place is complete.
    pub fn complete(&self) -> bool {
        let before = self.text.get(self.from..self.before()).unwrap_or_default();
        !before.trim().is_empty() && super::parse::failure(self.rule, before).is_none()
    }

    /// Whether conditions are read here, rather than filters on events, steps or items.
    pub fn reads_conditions(&self) -> bool {
        matches!(self.rule, NodeKind::statement_alone | NodeKind::condition_alone | NodeKind::branch_alone)
    }
}

/// What may be wrong at a place, the likeliest first.
pub(super) fn candidates(place: &Place<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    definitions::find(place, &mut found);
    phrases::find(place, &mut found);
    words::upper_case(place, &mut found);
    joins::find(place, &mut found);
    numbers::find(place, &mut found);
    words::misspelt(place, &mut found);
    separators::find(place, &mut found);
    names::find(place, &mut found);
    found
}

/// A sign with a space before it where it would touch a word.
pub(super) fn sign_after_word(text: &str, at: usize, sign: &str) -> String {
    let touches = text.get(..at).is_some_and(|before| before.ends_with(super::lex::is_word_char));
    format!("{}{sign}", if touches { " " } else { "" })
}

/// A text in quotes as the language writes it.
pub(super) fn quoted(content: &str) -> String {
    format!("\"{}\"", content.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A name as the language writes it: bare, or in backticks.
pub(super) fn named(content: &str) -> String {
    let mut chars = content.chars();
    let bare = chars.next().is_some_and(super::lex::is_word_start) && chars.all(super::lex::is_word_char);
    if bare { content.to_owned() } else { format!("`{}`", content.replace('`', "")) }
}

/// Whether a token names the kind of what comes next.
pub(super) fn names_kind(word: &str) -> bool {
    matches!(word, "field" | "event" | "segment" | "list" | "decision")
}
