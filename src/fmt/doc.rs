//! A document printer after Wadler and Oppen: texts, places where a line may break, and groups that stand on one line
//! when they fit.
//!
//! Goes in: a sequence of [`Token`]s. Comes out: text. Time is linear in the number of tokens: whether a group fits is
//! looked up no farther than the width. A comment that ends its line is kept back until the line ends, so that
//! separators stay before it; a group with such a comment inside never stands on one line.

use std::borrow::Cow;

/// The widest line, in characters.
pub(super) const WIDTH: usize = 100;
/// Spaces for each level.
const STEP: usize = 2;

/// How a place for a line break looks in a group that stands on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// A space.
    Space,
    /// Nothing.
    Soft,
    /// A space; also in a broken group as long as what follows fits.
    Fill,
    /// A space; also in a broken group after a part of it that is broken itself: its last line goes on.
    Hug,
    /// There is none: it always breaks.
    Hard,
}

#[derive(Debug)]
enum Token<'a> {
    Text(Cow<'a, str>),
    /// Stands before a comment that ends its line.
    Separator(&'static str),
    Space,
    Line(Break),
    /// A blank line, if this is the beginning of a line and not of a group.
    Blank,
    Begin {
        broken: bool,
    },
    End,
    Indent,
    Dedent,
    /// A comment on lines of its own, and whether a blank line stands before it.
    Own(&'a str, bool),
    /// A comment on the line of the one before it.
    Joined(&'a str),
    /// A comment that ends its line.
    Trailing(&'a str),
}

/// A document being built.
#[derive(Debug, Default)]
pub(super) struct Doc<'a> {
    tokens: Vec<Token<'a>>,
    /// Groups not ended yet.
    open: Vec<usize>,
    /// The last text.
    last: Option<usize>,
    /// The first of the comments after the last text.
    trailing: Option<usize>,
}

impl<'a> Doc<'a> {
    /// Words that stay together.
    pub fn text(&mut self, text: impl Into<Cow<'a, str>>) {
        if let Some(comment) = self.trailing.take() {
            self.break_around(comment);
        }
        self.last = Some(self.tokens.len());
        self.tokens.push(Token::Text(text.into()));
    }

    /// `;` or `,` after what was written.
    pub fn separator(&mut self, text: &'static str) {
        self.last = Some(self.tokens.len());
        self.tokens.push(Token::Separator(text));
    }

    /// One space, unless it would begin or end a line.
    pub fn space(&mut self) {
        if !matches!(self.tokens.last(), Some(Token::Space)) {
            self.tokens.push(Token::Space);
        }
    }

    /// A place where the line may break.
    pub fn line(&mut self, kind: Break) {
        if kind == Break::Hard {
            self.break_around(self.tokens.len());
        }
        self.tokens.push(Token::Line(kind));
    }

    /// A blank line where a line begins.
    pub fn blank(&mut self) {
        self.tokens.push(Token::Blank);
    }

    /// A comment on lines of its own, with a blank line before it or not.
    pub fn own_comment(&mut self, text: &'a str, blank: bool) {
        if let Some(last) = self.last {
            self.break_around(last);
        }
        self.tokens.push(Token::Own(text, blank));
    }

    /// A comment on the line of the [`Self::own_comment`] before it.
    pub fn joined_comment(&mut self, text: &'a str) {
        self.tokens.push(Token::Joined(text));
    }

    /// A comment that ends its line.
    pub fn trailing_comment(&mut self, text: &'a str) {
        self.trailing.get_or_insert(self.tokens.len());
        self.tokens.push(Token::Trailing(text));
    }

    /// Begins a group.
    pub fn begin(&mut self) {
        self.open.push(self.tokens.len());
        self.tokens.push(Token::Begin { broken: false });
    }

    /// Ends the innermost group.
    pub fn end(&mut self) {
        self.tokens.push(Token::End);
        if let Some(group) = self.open.pop()
            && let Some(Token::Begin { broken: true }) = self.tokens.get(group)
        {
            self.break_around(group);
        }
    }

    /// Indents the lines that begin from here on.
    pub fn indent(&mut self) {
        self.tokens.push(Token::Indent);
    }

    /// Ends [`Self::indent`].
    pub fn dedent(&mut self) {
        self.tokens.push(Token::Dedent);
    }

    /// Breaks the innermost open group that holds the token at `at`; those around it follow when it ends.
    fn break_around(&mut self, at: usize) {
        if let Some(group) = self.open.iter().rev().find(|group| **group < at)
            && let Some(Token::Begin { broken }) = self.tokens.get_mut(*group)
        {
            *broken = true;
        }
    }

    /// The text.
    pub fn print(&self) -> String {
        let mut printer = Printer {
            tokens: &self.tokens,
            out: String::new(),
            column: 0,
            indent: 0,
            beginning: true,
            space: false,
            ended: false,
            opened: true,
            trailing: Vec::new(),
            flat: Vec::new(),
            last_flat: true,
        };
        for (at, token) in self.tokens.iter().enumerate() {
            printer.print(at, token);
        }
        printer.finish()
    }
}

#[expect(clippy::struct_excessive_bools, reason = "the state of a line, each set and asked alone")]
struct Printer<'a> {
    tokens: &'a [Token<'a>],
    out: String,
    /// Characters on this line; where it begins nothing is written yet, but the indentation counts.
    column: usize,
    indent: usize,
    /// Nothing stands on this line yet.
    beginning: bool,
    /// A space is due before the next text.
    space: bool,
    /// A comment ended this line.
    ended: bool,
    /// The last text opened a group, after which no blank line stands.
    opened: bool,
    /// Comments for the end of this line.
    trailing: Vec<&'a str>,
    /// For each open group, whether it stands on one line.
    flat: Vec<bool>,
    /// Whether the group that ended last does.
    last_flat: bool,
}

impl<'a> Printer<'a> {
    fn print(&mut self, at: usize, token: &'a Token<'a>) {
        match token {
            Token::Text(text) => self.text(text),
            Token::Separator(text) => {
                if self.ended {
                    self.new_line();
                }
                self.write(text);
            }
            Token::Space => self.space = true,
            Token::Line(kind) => self.line(at, *kind),
            Token::Blank => self.blank(),
            Token::Begin { broken } => {
                let flat = self.is_flat() || !broken && self.fits(at + 1, true);
                self.flat.push(flat);
            }
            Token::End => self.last_flat = self.flat.pop().unwrap_or(true),
            Token::Indent => self.indent += STEP,
            Token::Dedent => self.indent = self.indent.saturating_sub(STEP),
            Token::Own(text, blank) => self.own(text, *blank),
            Token::Joined(text) => {
                self.out.push(' ');
                self.comment(text);
            }
            Token::Trailing(text) => self.trailing.push(text),
        }
    }

    fn is_flat(&self) -> bool {
        self.flat.last().copied().unwrap_or(false)
    }

    fn text(&mut self, text: &str) {
        if self.must_break() {
            self.new_line();
        }
        if self.space && !self.beginning {
            self.out.push(' ');
            self.column += 1;
        }
        self.write(text);
        self.opened = matches!(text, "<" | "(" | "[");
    }

    fn write(&mut self, text: &str) {
        self.begin_line();
        self.out.push_str(text);
        self.column += width(text);
        self.space = false;
    }

    fn begin_line(&mut self) {
        if self.beginning {
            self.out.extend(std::iter::repeat_n(' ', self.indent));
            self.column = self.indent;
            self.beginning = false;
        }
    }

    fn must_break(&self) -> bool {
        self.ended || !self.trailing.is_empty()
    }

    fn line(&mut self, at: usize, kind: Break) {
        let stays = match kind {
            Break::Hard => false,
            Break::Fill if !self.must_break() && !self.beginning => {
                self.is_flat() || {
                    self.space = true;
                    self.fits(at + 1, false)
                }
            }
            Break::Hug => self.is_flat() || !self.last_flat && !self.must_break(),
            Break::Fill | Break::Space | Break::Soft => self.is_flat(),
        };
        if !stays {
            if !self.beginning {
                self.new_line();
            }
        } else if kind != Break::Soft {
            self.space = true;
        }
    }

    fn new_line(&mut self) {
        for comment in std::mem::take(&mut self.trailing) {
            if !self.beginning {
                self.out.push(' ');
            }
            self.begin_line();
            self.comment(comment);
        }
        self.out.push('\n');
        self.beginning = true;
        self.column = self.indent;
        self.space = false;
        self.ended = false;
    }

    fn blank(&mut self) {
        if self.ended {
            self.new_line();
        }
        if self.beginning && !self.opened && !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn own(&mut self, text: &str, blank: bool) {
        if !self.beginning || self.must_break() {
            self.new_line();
        }
        if blank {
            self.blank();
        }
        self.begin_line();
        self.comment(text);
        self.ended = true;
        self.opened = false;
    }

    /// Comments are kept as they are but for the ends of their lines.
    fn comment(&mut self, text: &str) {
        self.out.extend(text.chars().filter(|c| *c != '\r'));
    }

    fn finish(mut self) -> String {
        if !self.beginning || self.must_break() {
            self.new_line();
        }
        self.out
    }

    /// Whether the texts from `at` on fit on this line up to the place where it may next break. Inside the group that
    /// begins there, no place is one.
    fn fits(&self, at: usize, group: bool) -> bool {
        let begin = if self.must_break() { self.indent } else { self.column + usize::from(self.space && !self.beginning) };
        let mut left = WIDTH.checked_sub(begin);
        let (mut depth, mut indent, mut ended) = (usize::from(group), self.indent, false);
        for token in self.tokens.get(at..).unwrap_or_default() {
            let inside = depth > 0;
            let taken = match token {
                Token::Text(_) if ended => return true,
                Token::Text(text) => width(text),
                Token::Separator(text) => text.len(),
                Token::Line(_) | Token::Own(..) if !inside => return true,
                Token::Line(Break::Hard) => return true,
                Token::Line(Break::Soft) | Token::Blank | Token::Joined(_) => 0,
                Token::Space | Token::Line(Break::Space | Break::Fill | Break::Hug) => 1,
                Token::Begin { .. } => {
                    depth += usize::from(inside);
                    0
                }
                Token::End => {
                    depth = depth.saturating_sub(1);
                    0
                }
                Token::Indent => {
                    indent += STEP;
                    0
                }
                Token::Dedent => {
                    indent = indent.saturating_sub(STEP);
                    0
                }
                // What is inside a group that begins with a comment begins on the line after it.
                Token::Own(..) => {
                    left = WIDTH.checked_sub(indent);
                    0
                }
                Token::Trailing(_) => {
                    ended = true;
                    0
                }
            };
            left = left.and_then(|left| left.checked_sub(taken));
            if left.is_none() {
                return false;
            }
        }
        true
    }
}

fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}
