//! Writing pieces of the language.

use std::fmt::Write as _;

/// A text as a literal of the language: the one spelling that `segql fmt` gives it.
///
/// Signs that cannot be seen, or that change how others look, are written as `\u{...}`.
///
/// ```
/// use segql::syntax::quoted;
/// assert_eq!(quoted("Łódź \"1\"\n\u{200B}"), r#""Łódź \"1\"\n\u{200B}""#);
/// ```
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for (at, c) in text.char_indices() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) || at == 0 && unicode_normalization::char::is_combining_mark(c) => {
                let _ = write!(out, "\\u{{{:X}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Control characters, spaces other than the usual one, and marks of width and direction.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || c.is_whitespace() && c != ' '
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}
