//! Words, texts, numbers and signs, read without understanding them and without ever failing.
//!
//! The grammar does not need this. It serves what has to look at a text before or after the grammar: the limit on
//! nesting, the search for the broken part of a script, and the search for habits from elsewhere. [`strict`] reads a
//! text as the grammar does; [`tolerant`] also sees where a text in quotes was probably meant to end.

use unicode_ident::{is_xid_continue, is_xid_start};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `field`, `Zakup`
    Word,
    /// `` `Order Completed` ``
    Name,
    /// `"Gold"`
    Text,
    /// Begins with a digit: `2_000`, `0.25`, `10%`, `30d`, also `30days`.
    Number,
    /// Digits that look like a date, in any of the ways in which people write one, with its time of day.
    Date,
    /// `<`, `>=`, `->`, ...
    Sign,
    /// `'Gold'`
    SingleQuoted,
    /// `„Gold”`
    FancyQuoted,
    /// A text whose closing quote is missing.
    OpenText,
    /// A name whose closing backtick is missing.
    OpenName,
    /// A comment whose `*/` is missing.
    OpenComment,
    /// `-- ...` or `# ...` to the end of the line.
    OtherComment,
    /// A character that cannot be seen.
    Invisible,
}

/// A token: bytes `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    /// The token's text.
    pub fn text(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start..self.end
    }
}

/// The tokens of a text as the grammar reads it: a text in quotes goes on until the next quote.
pub(crate) fn strict(text: &str) -> impl Iterator<Item = Token> {
    Lexer { text, at: 0, tolerant: false }
}

/// The tokens of a text that may be broken.
pub(crate) fn tolerant(text: &str) -> Vec<Token> {
    Lexer { text, at: 0, tolerant: true }.collect()
}

/// Whether a character may stand inside a word.
pub(crate) fn is_word_char(c: char) -> bool {
    is_xid_continue(c) || c.is_alphanumeric()
}

/// Whether a character may begin a word.
pub(super) fn is_word_start(c: char) -> bool {
    c == '_' || is_xid_start(c) || c.is_alphabetic()
}

/// Signs of several characters, longest first.
const LONG_SIGNS: [&str; 21] = [
    "===", "!==", "<=>", "<=", ">=", "!=", "==", "<>", "=>", "=<", "->", "&&", "||", ":=", "=!", "~=", "..", "{{", "}}", "^=",
    "|>",
];

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tolerant: bool,
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let rest = self.text.get(self.at..)?;
            let first = rest.chars().next()?;
            let start = self.at;
            let (kind, len) = match first {
                c if is_blank(c) => (None, first.len_utf8()),
                '/' if rest.starts_with("//") => (None, line_len(rest)),
                '/' if rest.starts_with("/*") => match rest.get(2..).and_then(|r| r.find("*/")) {
                    Some(end) => (None, end + 4),
                    None => (Some(Kind::OpenComment), rest.len()),
                },
                _ => {
                    let (kind, len) = self.token(rest, first);
                    (Some(kind), len)
                }
            };
            self.at += len.max(1);
            if let Some(kind) = kind {
                return Some(Token { kind, start, end: self.at });
            }
        }
    }
}

impl Lexer<'_> {
    fn token(&self, rest: &str, first: char) -> (Kind, usize) {
        match first {
            '"' if self.tolerant && self.closes_unopened(rest) => (Kind::OpenText, 1),
            '"' if self.tolerant => text_tolerant(rest),
            '"' => text_strict(rest),
            '`' => match rest.get(1..).and_then(|r| r.find(['`', '\n'])) {
                Some(end) if rest.as_bytes().get(end + 1) == Some(&b'`') => (Kind::Name, end + 2),
                _ => {
                    let line = near(rest);
                    let name = line.find(['=', '<', '>', ';', ',', '(', ')', '[', ']', '"', '!']).unwrap_or(line.len());
                    (Kind::OpenName, line.get(..name).map_or(1, |name| name.trim_end().len()))
                }
            },
            '\'' => single_quoted(rest).map_or((Kind::Sign, 1), |len| (Kind::SingleQuoted, len)),
            '„' | '“' | '”' | '‟' | '«' | '»' | '‘' | '’' | '‚' | '‹' | '›' | '″' | '＂' => {
                fancy(rest, first)
            }
            '-' if rest.starts_with("--") && !rest.get(2..).is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit())) => {
                (Kind::OtherComment, line_len(rest).max(2))
            }
            '#' => (Kind::OtherComment, line_len(rest)),
            c if c.is_ascii_digit() => number(rest),
            c if is_invisible(c) => (Kind::Invisible, c.len_utf8()),
            c if is_word_start(c) => (Kind::Word, word_len(rest)),
            _ => (Kind::Sign, self.sign(rest, first)),
        }
    }

    /// Whether a quote that touches the word before it ends a text that was never opened.
    fn closes_unopened(&self, rest: &str) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        let word = before.get(before.trim_end_matches(is_word_char).len()..).unwrap_or_default();
        let after = near(rest.get(1..).unwrap_or_default()).trim_start();
        !word.is_empty() && !super::habits::is_keyword(word) && (after.is_empty() || after.starts_with([',', ']', ';', ')', '>']))
    }

    fn sign(&self, rest: &str, first: char) -> usize {
        // `all <>` is a group without conditions, `a <> b` a comparison.
        if rest.starts_with("<>") {
            let before = self.text.get(..self.at).unwrap_or_default().trim_end();
            if ["all", "any", "none", "of", "only"].iter().any(|word| before.ends_with(word)) {
                return 1;
            }
        }
        LONG_SIGNS.iter().find(|sign| rest.starts_with(**sign)).map_or(first.len_utf8(), |sign| sign.len())
    }
}

/// White space to the grammar.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{FEFF}' | '\u{A0}')
}

/// What looks like nothing or like a space, and is neither white space to the grammar nor part of a word.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}')
}

fn line_len(rest: &str) -> usize {
    rest.find('\n').map_or(rest.len(), |end| rest.get(..end).map_or(end, |line| line.trim_end_matches('\r').len()))
}

/// The rest of the line, as far as a text or a name may reach that is not written as it should be: a bound on the time
/// that is spent in search of the other quote.
fn near(rest: &str) -> &str {
    let end = super::recover::floor(rest, 1000);
    let near = rest.get(..end).unwrap_or_default();
    near.get(..line_len(near)).unwrap_or_default()
}

fn word_len(rest: &str) -> usize {
    rest.find(|c: char| !is_word_char(c)).unwrap_or(rest.len())
}

/// A text up to its closing quote, or to the end of everything.
fn text_strict(rest: &str) -> (Kind, usize) {
    closing_quote(rest).map_or((Kind::OpenText, rest.len()), |end| (Kind::Text, end))
}

fn closing_quote(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// A text; one that runs into the next line, or whose closing quote stands where another text begins, was meant to
/// end earlier.
fn text_tolerant(rest: &str) -> (Kind, usize) {
    // A bound on the time that is spent in search of the other quote.
    let reach = rest.get(..super::recover::floor(rest, 8000)).unwrap_or_default();
    let closing = closing_quote(reach).and_then(|end| Some((end, reach.get(..end)?)));
    match closing {
        Some((end, text)) if !text.contains('\n') => {
            let glued = rest.get(end..).is_some_and(|after| after.starts_with(is_word_char));
            match cut_short(text) {
                Some(cut) if glued => (Kind::OpenText, cut),
                _ => (Kind::Text, end),
            }
        }
        Some((end, _)) if holds_line_breaks(rest, end) => (Kind::Text, end),
        _ => {
            let content = near(rest);
            (Kind::OpenText, cut_short(content).unwrap_or(content.trim_end().len()).max(1))
        }
    }
}

/// Whether a text of several lines was meant as one: what follows it can follow a text, and no definition begins in it.
fn holds_line_breaks(rest: &str, end: usize) -> bool {
    let inside = rest.get(..end).unwrap_or_default();
    let after = rest.get(end..).unwrap_or_default();
    let follows = after.starts_with([';', ',', ']', ')', '>', ' ', '\n', '\r', '}']) || after.is_empty();
    let definition = inside.lines().skip(1).any(|line| super::recover::begins_definition(line.trim_start()));
    // A quote that opens another text further on has an operator before it.
    let stolen = inside.trim_end_matches('"').trim_end().ends_with(['=', '[', ',', '<', '>', '(']);
    follows && !definition && !stolen
}

/// Where a text without its closing quote was probably meant to end: before the first sign that ends an operand.
fn cut_short(content: &str) -> Option<usize> {
    let cut = content.char_indices().skip(1).find(|(at, c)| {
        matches!(c, ';' | ',' | ']' | ')') || *c == '>' && content.get(..*at).is_some_and(|before| before.ends_with(' '))
    })?;
    content.get(..cut.0).map(|text| text.trim_end().len()).filter(|len| *len > 1)
}

/// `'...'` on one line; a doubled quote or one after a backslash does not end it.
fn single_quoted(rest: &str) -> Option<usize> {
    let mut chars = near(rest).char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '\'' if chars.peek().is_some_and(|(_, next)| *next == '\'') => drop(chars.next()),
            '\'' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A text between typographic quotes, or between one and a straight one.
fn fancy(rest: &str, first: char) -> (Kind, usize) {
    let line = near(rest);
    let closes: &[char] = match first {
        '‘' | '’' | '‚' | '‹' | '›' => &['’', '‘', '\'', '›', '‹'],
        _ => &['”', '“', '"', '»', '«', '‟', '″', '＂'],
    };
    match line.char_indices().skip(1).find(|(_, c)| closes.contains(c)) {
        Some((at, c)) => (Kind::FancyQuoted, at + c.len_utf8()),
        None => (Kind::FancyQuoted, first.len_utf8()),
    }
}

fn number(rest: &str) -> (Kind, usize) {
    if let Some(len) = date_len(rest) {
        return (Kind::Date, len);
    }
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let mut len = digits(rest);
    let after = rest.get(len..).unwrap_or_default();
    if let Some(fraction) = after.strip_prefix('.')
        && fraction.starts_with(|c: char| c.is_ascii_digit())
    {
        len += 1 + digits(fraction);
    }
    len += word_len(rest.get(len..).unwrap_or_default());
    if rest.get(len..).is_some_and(|after| after.starts_with('%')) {
        len += 1;
    }
    (Kind::Number, len)
}

/// Length of a date in whatever order and with whatever separator, with a time of day.
fn date_len(rest: &str) -> Option<usize> {
    let run = |at: usize| rest.get(at..).map_or(0, |r| r.bytes().take_while(u8::is_ascii_digit).count());
    let byte = |at: usize| rest.as_bytes().get(at).copied();
    let first = run(0);
    let separator = byte(first).filter(|b| matches!(b, b'-' | b'/' | b'.'))?;
    let second = run(first + 1);
    let mut at = first + 1 + second;
    let third = if byte(at) == Some(separator) { run(at + 1) } else { 0 };
    let year = |from: usize| rest.get(from..from + 2).is_some_and(|century| matches!(century, "19" | "20"));
    let whole = match (first, second, third) {
        (4, 1..=2, 1..=2) | (1..=2, 1..=2, 4) => true,
        (1..=2, 1..=2, 2) => separator == b'.',
        // A year and a month.
        (4, 1..=2, 0) => separator == b'-' && year(0),
        (1..=2, 4, 0) => separator == b'-' && year(first + 1),
        _ => false,
    };
    if !whole {
        return None;
    }
    if third > 0 {
        at += 1 + third;
        at += time_len(rest.get(at..).unwrap_or_default());
    }
    let ends = !rest.get(at..).is_some_and(|after| after.starts_with(is_word_char));
    ends.then_some(at)
}

/// Length of `T12:00:30.250+02:00`, or of the same after a space.
fn time_len(rest: &str) -> usize {
    let run = |at: usize| rest.get(at..).map_or(0, |r| r.bytes().take_while(u8::is_ascii_digit).count());
    let byte = |at: usize| rest.as_bytes().get(at).copied();
    let start = match byte(0) {
        Some(b'T' | b't') => 1,
        Some(b' ') => rest.len() - rest.trim_start_matches(' ').len(),
        _ => return 0,
    };
    let mut at = start + run(start);
    if !(1..=2).contains(&run(start)) || byte(at) != Some(b':') {
        return 0;
    }
    while byte(at) == Some(b':') && run(at + 1) > 0 {
        at += 1 + run(at + 1);
    }
    if byte(at) == Some(b'.') && run(at + 1) > 0 {
        at += 1 + run(at + 1);
    }
    match byte(at) {
        Some(b'Z' | b'z') => at + 1,
        Some(b'+' | b'-') if run(at + 1) == 2 => {
            at += 3;
            if byte(at) == Some(b':') && run(at + 1) == 2 { at + 3 } else { at }
        }
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        tolerant(text).into_iter().map(|token| (token.kind, token.text(text))).collect()
    }

    #[test]
    fn words_numbers_and_signs() {
        use Kind::{Date, Name, Number, Sign, Text, Word};
        assert_eq!(kinds("pole `a b` = \"x\\\"y\""), [(Word, "pole"), (Name, "`a b`"), (Sign, "="), (Text, "\"x\\\"y\"")]);
        assert_eq!(kinds("a >= 1h30min // c"), [(Word, "a"), (Sign, ">="), (Number, "1h30min")]);
        assert_eq!(kinds("01.11.2025 2025-11-01 12:00"), [(Date, "01.11.2025"), (Date, "2025-11-01 12:00")]);
        assert_eq!(kinds("1.5/2 11-2025"), [(Number, "1.5"), (Sign, "/"), (Number, "2"), (Date, "11-2025")]);
        assert_eq!(kinds("all <>"), [(Word, "all"), (Sign, "<"), (Sign, ">")]);
    }

    #[test]
    fn texts_end_where_they_were_meant_to() {
        use Kind::{FancyQuoted, OpenText, Sign, SingleQuoted, Text, Word};
        assert_eq!(kinds("„PL”; ‘a’ 'b'"), [(FancyQuoted, "„PL”"), (Sign, ";"), (FancyQuoted, "‘a’"), (SingleQuoted, "'b'")]);
        assert_eq!(kinds("\"Gold\n\"PL\""), [(OpenText, "\"Gold"), (Text, "\"PL\"")]);
        assert_eq!(kinds("\"Gold;\nx"), [(OpenText, "\"Gold"), (Sign, ";"), (Word, "x")]);
        assert_eq!(kinds("\"two\nlines\";"), [(Text, "\"two\nlines\""), (Sign, ";")]);
        assert_eq!(kinds("[\"a, \"b\"]"), [(Sign, "["), (OpenText, "\"a"), (Sign, ","), (Text, "\"b\""), (Sign, "]")]);
    }

    #[test]
    fn every_text_ends() {
        for text in ["\"", "'", "`", "„", "/*", "--", "#", "\\", "\u{200B}", "\"\\", "„a", "1.", "1_", "2025-", "€"] {
            assert!(tolerant(text).iter().all(|t| text.is_char_boundary(t.start) && text.is_char_boundary(t.end)), "{text}");
        }
    }
}
