//! Tokens of the source to the document, each with the comments around it.

use std::borrow::Cow;

use super::doc::{Break, Doc};
use super::trivia::Trivia;
use crate::syntax::parse::Node;

/// A document being made from a text.
pub(super) struct Emitter<'p, 'a> {
    text: &'a str,
    trivia: &'p Trivia<'a>,
    pub doc: Doc<'a>,
    /// Where the last token ended.
    at: usize,
    /// Comments found before a separator: they go before what follows it.
    deferred: Vec<&'a str>,
    /// A blank line is due before the next token or the comments that belong to it.
    blank_due: bool,
}

impl<'p, 'a> Emitter<'p, 'a> {
    /// For a text with its comments.
    pub fn new(text: &'a str, trivia: &'p Trivia<'a>) -> Self {
        Self { text, trivia, doc: Doc::default(), at: 0, deferred: Vec::new(), blank_due: false }
    }

    /// A token that a node stands for, in its own or another spelling.
    pub fn token(&mut self, node: &Node<'a>, spelling: impl Into<Cow<'a, str>>) {
        self.token_at(node.span.start, node.span.end, spelling.into());
    }

    /// A token of the text, with its comments.
    pub fn token_at(&mut self, start: usize, end: usize, spelling: impl Into<Cow<'a, str>>) {
        self.comments_above(start, true);
        self.inline_comments(start, true);
        self.doc.text(spelling);
        self.ended_at(end);
    }

    /// A sign that is no node: the next one in the text.
    pub fn sign(&mut self, sign: &'static str) {
        let start = self.next();
        self.token_at(start, start + sign.len(), sign);
    }

    /// `;` or `,` if it is the next sign: written when something follows, dropped when it only ends a list.
    pub fn separator(&mut self, sign: &'static str, written: bool) {
        let start = self.next();
        if !self.text.get(start..).is_some_and(|rest| rest.starts_with(sign)) {
            return;
        }
        if let Some(gap) = self.trivia.before(start) {
            self.deferred.extend(gap.own.iter().map(|comment| comment.text));
        }
        self.inline_comments(start, false);
        if written {
            self.doc.separator(sign);
        }
        let line_is_full = self.trivia.after(self.at).is_some_and(|gap| gap.trailing.iter().any(|c| c.starts_with("//")));
        self.at = start + sign.len();
        if !line_is_full {
            self.trailing_comments();
        } else if let Some(gap) = self.trivia.after(self.at) {
            // Nothing stands after `//` on a line.
            self.deferred.extend(&gap.trailing);
        }
    }

    /// Closes what is indented: comments before the sign still belong inside.
    pub fn close(&mut self, sign: &'static str, kind: Break) {
        let start = self.next();
        self.comments_above(start, false);
        self.doc.dedent();
        self.doc.line(kind);
        self.inline_comments(start, false);
        self.doc.text(sign);
        self.ended_at(start + sign.len());
    }

    /// A blank line before whatever comes next.
    pub fn blank_line(&mut self) {
        self.doc.line(Break::Hard);
        self.doc.blank();
    }

    /// A break before the node that begins at `start`, with the blank line that the author left there, or one `due`.
    pub fn line_before(&mut self, start: usize, kind: Break, due: bool) {
        self.doc.line(kind);
        let gap = self.trivia.before(start);
        if gap.is_none_or(|gap| gap.own.is_empty()) && self.deferred.is_empty() {
            if due || gap.is_some_and(|gap| gap.blank) {
                self.doc.blank();
            }
        } else {
            self.blank_due = due;
        }
    }

    /// The comments after the last token.
    pub fn end_of_text(&mut self) {
        self.comments_above(self.text.len(), false);
    }

    /// Goes back or forth to a place in the text, where the order of writing is not that of the text.
    pub fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Where the last token ended.
    pub fn position(&self) -> usize {
        self.at
    }

    fn next(&self) -> usize {
        self.trivia.next_token(self.at)
    }

    /// Comments on lines of their own before the token at `start`.
    fn comments_above(&mut self, start: usize, blank_after: bool) {
        let gap = self.trivia.before(start);
        let own = gap.map_or(&[][..], |gap| gap.own.as_slice());
        let blank = gap.is_some_and(|gap| gap.blank);
        let mut due = std::mem::take(&mut self.blank_due) && !blank && !own.iter().any(|comment| comment.blank);
        let mut any = false;
        for text in std::mem::take(&mut self.deferred) {
            self.doc.own_comment(text, false);
            any = true;
        }
        for comment in own {
            if comment.joined {
                self.doc.joined_comment(comment.text);
            } else {
                self.doc.own_comment(comment.text, comment.blank || std::mem::take(&mut due));
            }
            any = true;
        }
        if any && blank && blank_after {
            self.doc.blank();
        }
    }

    fn inline_comments(&mut self, start: usize, spaced: bool) {
        let Some(gap) = self.trivia.before(start) else { return };
        for comment in &gap.inline {
            self.doc.space();
            self.doc.text(*comment);
            if spaced {
                self.doc.space();
            }
        }
    }

    fn ended_at(&mut self, end: usize) {
        self.at = end;
        self.trailing_comments();
    }

    fn trailing_comments(&mut self) {
        if let Some(gap) = self.trivia.after(self.at) {
            for comment in &gap.trailing {
                self.doc.trailing_comment(comment);
            }
        }
    }
}
