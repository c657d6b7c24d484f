//! The classes of the words of a text, for colours. Works on any text, broken ones included.

use std::ops::Range;

use crate::syntax::is_keyword;
use crate::syntax::lex::{Kind, tolerant};

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A word of the language.
    Keyword,
    /// The name of a field, an event, a definition, an attribute.
    Name,
    /// A text in quotes.
    Text,
    /// A number, a length of time, a date.
    Number,
    /// A sign.
    Sign,
    /// A comment.
    Comment,
    /// What cannot be right: an open quote, a character nobody sees.
    Broken,
}

/// The pieces of a text in order; white space is left out.
///
/// ```
/// use segql::ide::tokens::{Class, tokens};
/// let classes: Vec<_> = tokens("field field = \"x\" // c").into_iter().map(|(_, class)| class).collect();
/// assert_eq!(classes, [Class::Keyword, Class::Name, Class::Sign, Class::Text, Class::Comment]);
/// ```
#[must_use]
pub fn tokens(text: &str) -> Vec<(Range<usize>, Class)> {
    let mut out = Vec::new();
    let mut end = 0;
    let mut before = "";
    for token in tolerant(text) {
        comments(text, end..token.start, &mut out);
        let word = token.text(text);
        let class = match token.kind {
            Kind::Word if is_keyword(word) && !TAKES_A_NAME.contains(&before) => Class::Keyword,
            Kind::Word | Kind::Name => Class::Name,
            Kind::Text => Class::Text,
            Kind::Number | Kind::Date => Class::Number,
            Kind::Sign => Class::Sign,
            _ => Class::Broken,
        };
        out.push((token.range(), class));
        (before, end) = (word, token.end);
    }
    comments(text, end..text.len(), &mut out);
    out
}

/// The word after these is a name, whatever it is.
const TAKES_A_NAME: [&str; 7] = ["field", "event", "segment", "list", "decision", "$", "."];

/// What stands between two tokens is white space and comments.
fn comments(text: &str, gap: Range<usize>, out: &mut Vec<(Range<usize>, Class)>) {
    let Some(between) = text.get(gap.clone()) else { return };
    let start = gap.start + (between.len() - between.trim_start().len());
    let end = gap.start + between.trim_end().len();
    if start < end {
        out.push((start..end, Class::Comment));
    }
}
