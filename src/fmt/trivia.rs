//! Comments and blank lines, which the grammar drops, found again in the text.

use std::ops::Range;

/// What stands between two tokens, if there is a comment or a blank line.
#[derive(Debug, Default)]
pub(crate) struct Gap<'a> {
    /// Where the token before ends.
    from: usize,
    /// Where the token after begins.
    to: usize,
    /// Comments that end the line of the token before.
    pub trailing: Vec<&'a str>,
    /// Comments on lines of their own.
    pub own: Vec<Comment<'a>>,
    /// `/* */` on the line of the token after.
    pub inline: Vec<&'a str>,
    /// Whether a blank line stands right before the token after.
    pub blank: bool,
}

impl Gap<'_> {
    /// Where the token before ends.
    pub fn from(&self) -> usize {
        self.from
    }

    /// Where the token after begins.
    pub fn to(&self) -> usize {
        self.to
    }
}

/// A comment on lines of its own.
#[derive(Debug)]
pub(crate) struct Comment<'a> {
    pub text: &'a str,
    /// Whether a blank line stands before it.
    pub blank: bool,
    /// Whether it stands on the line of the comment before it.
    pub joined: bool,
}

/// The comments and blank lines of a text.
#[derive(Debug, Default)]
pub(crate) struct Trivia<'a> {
    text: &'a str,
    /// In order.
    gaps: Vec<Gap<'a>>,
}

impl<'a> Trivia<'a> {
    /// Reads a text. The pieces in `opaque`, in order, count as one token each.
    pub fn new(text: &'a str, opaque: impl Iterator<Item = Range<usize>>) -> Self {
        let mut trivia = Self { text, gaps: Vec::new() };
        let mut opaque = opaque.peekable();
        let mut from = 0;
        loop {
            let gap = Between::read(text, from);
            let to = gap.end;
            if let Some(gap) = gap.classified(text, from) {
                trivia.gaps.push(gap);
            }
            if to >= text.len() {
                return trivia;
            }
            while opaque.peek().is_some_and(|piece| piece.end <= to) {
                opaque.next();
            }
            from = match opaque.peek() {
                Some(piece) if piece.start <= to => piece.end,
                _ => to + token_len(text.get(to..).unwrap_or_default()),
            };
        }
    }

    /// What stands before the token that begins at `to`.
    pub fn before(&self, to: usize) -> Option<&Gap<'a>> {
        self.gaps.get(self.index_before(to)?)
    }

    /// What stands after the token that ends at `from`.
    pub fn after(&self, from: usize) -> Option<&Gap<'a>> {
        self.gaps.get(self.index_after(from)?)
    }

    /// Everything that stands between tokens, in order.
    pub fn gaps(&self) -> &[Gap<'a>] {
        &self.gaps
    }

    /// Which of [`Self::gaps`] stands before the token that begins at `to`.
    pub fn index_before(&self, to: usize) -> Option<usize> {
        let at = self.gaps.partition_point(|gap| gap.to < to);
        self.gaps.get(at).filter(|gap| gap.to == to).map(|_| at)
    }

    /// Which of [`Self::gaps`] stands after the token that ends at `from`.
    pub fn index_after(&self, from: usize) -> Option<usize> {
        let at = self.gaps.partition_point(|gap| gap.from < from);
        self.gaps.get(at).filter(|gap| gap.from == from).map(|_| at)
    }

    /// Where the token after the one that ends at `from` begins.
    pub fn next_token(&self, from: usize) -> usize {
        match self.after(from) {
            Some(gap) => gap.to,
            None => from + spaces(self.text.get(from..).unwrap_or_default()),
        }
    }

    /// All comments, in order.
    pub fn comments(&self) -> impl Iterator<Item = &'a str> {
        self.gaps.iter().flat_map(|gap| {
            let own = gap.own.iter().map(|comment| comment.text);
            gap.trailing.iter().copied().chain(own).chain(gap.inline.iter().copied())
        })
    }
}

/// Comments between two tokens, each with the line breaks right before it.
struct Between<'a> {
    comments: Vec<(&'a str, usize)>,
    /// Line breaks after the last of them.
    breaks: usize,
    end: usize,
}

impl<'a> Between<'a> {
    fn read(text: &'a str, from: usize) -> Self {
        let mut between = Self { comments: Vec::new(), breaks: 0, end: from };
        loop {
            let rest = text.get(between.end..).unwrap_or_default();
            let len = spaces(rest);
            let (white, rest) = rest.split_at_checked(len).unwrap_or((rest, ""));
            between.end += len;
            between.breaks = white.bytes().filter(|b| *b == b'\n').count();
            let Some(len) = comment_len(rest) else { return between };
            between.comments.push((rest.get(..len).unwrap_or_default(), between.breaks));
            between.end += len;
        }
    }

    fn classified(self, text: &str, from: usize) -> Option<Gap<'a>> {
        let (at_start, at_end) = (from == 0, self.end >= text.len());
        let mut gap = Gap { from, to: self.end, blank: self.breaks > 1, ..Gap::default() };
        // The line of the token after: what follows the last line break.
        let mut same_line = if at_end || self.breaks > 0 { 0 } else { self.comments.len() };
        if !at_end && self.breaks == 0 {
            same_line = self.comments.iter().rev().take_while(|(comment, _)| !comment.contains('\n')).count();
            let first = self.comments.len() - same_line;
            // Of those, only the ones after the last break between two comments.
            let broken = self.comments.iter().skip(first).rev().position(|(_, breaks)| *breaks > 0);
            same_line = broken.map_or(same_line, |position| position + 1);
        }
        let first_inline = self.comments.len() - same_line;
        let nothing_breaks = first_inline == 0 && self.comments.first().is_some_and(|(_, breaks)| *breaks == 0);
        let mut broken = at_start;
        for (position, (comment, breaks)) in self.comments.into_iter().enumerate() {
            broken |= breaks > 0;
            let text = if comment.starts_with("//") { comment.trim_end() } else { comment };
            if position >= first_inline && (broken || nothing_breaks) {
                gap.inline.push(text);
            } else if broken {
                gap.own.push(Comment { text, blank: breaks > 1, joined: breaks == 0 && !gap.own.is_empty() });
            } else {
                gap.trailing.push(text);
            }
        }
        let nothing = gap.trailing.is_empty() && gap.own.is_empty() && gap.inline.is_empty() && !gap.blank;
        (!nothing).then_some(gap)
    }
}

/// How many bytes of white space a text begins with; the grammar's WHITESPACE.
fn spaces(text: &str) -> usize {
    text.find(|c: char| !matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{FEFF}' | '\u{A0}')).unwrap_or(text.len())
}

/// How long the comment is that a text begins with.
fn comment_len(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        Some(text.find('\n').unwrap_or(text.len()))
    } else if text.starts_with("/*") {
        text.get(2..)?.find("*/").map(|end| end + 4)
    } else {
        None
    }
}

/// How long the first token is: a string, a name in backticks, a word, or one sign.
fn token_len(text: &str) -> usize {
    let Some(first) = text.chars().next() else { return 1 };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    match first {
        '"' => string_len(text).unwrap_or(1),
        '`' => text.get(1..).and_then(|rest| rest.find(['`', '\n'])).map_or(1, |end| end + 2),
        c if is_word(c) => text.find(|c| !is_word(c)).unwrap_or(text.len()),
        c => c.len_utf8(),
    }
}

fn string_len(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> String {
        let trivia = Trivia::new(text, std::iter::empty());
        let mut out = Vec::new();
        for gap in &trivia.gaps {
            out.extend(gap.trailing.iter().map(|c| format!("trailing {c}")));
            out.extend(gap.own.iter().map(|c| format!("{}own {}", if c.blank { "blank " } else { "" }, c.text)));
            out.extend(gap.inline.iter().map(|c| format!("inline {c}")));
            out.extend(gap.blank.then(|| "blank".to_owned()));
        }
        out.join("|")
    }

    #[test]
    fn comments_belong_to_the_token_of_their_line() {
        assert_eq!(kinds("a // b\n c"), "trailing // b");
        assert_eq!(kinds("a\n// b\n\nc"), "own // b|blank");
        assert_eq!(kinds("// b\nc"), "own // b");
        assert_eq!(kinds("a /* b */ c"), "inline /* b */");
        assert_eq!(kinds("a /* b */\nc"), "trailing /* b */");
        assert_eq!(kinds("a /* b */ // d\n\n/* e */ /* f */ c"), "trailing /* b */|trailing // d|inline /* e */|inline /* f */");
        assert_eq!(kinds("a\n/* e\n */ /* f */ c"), "own /* e\n */|inline /* f */");
        assert_eq!(kinds("a /* e\n */ c"), "trailing /* e\n */");
        assert_eq!(kinds("a\n\n/* e */\n/* f */ c // g"), "blank own /* e */|inline /* f */|trailing // g");
        assert_eq!(kinds("\"// no\" `/* no */` \"\\\"// no\""), "");
        assert_eq!(kinds("/* a */ b"), "inline /* a */");
        assert_eq!(kinds("a /* c */"), "trailing /* c */");
    }
}
