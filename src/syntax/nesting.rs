//! The limit on nesting, found before anything recursive looks at the text.

use super::Span;
use crate::diag::{Diagnostic, codes};
use crate::syntax::SourceId;

/// The deepest nesting of groups, parentheses and `not` that a script may have.
pub const MAX_NESTING: usize = 128;

/// The error for the first place that is nested too deeply.
///
/// Reads words and brackets only. A `<` counts when it opens a group, that is when it follows a word that opens
/// one, an integer and `of`, or a list quantifier; a comparison never does.
pub fn check(text: &str, source: SourceId) -> Option<Diagnostic> {
    let mut depth: usize = 0;
    let mut nots: usize = 0;
    let mut previous = "";
    for token in (Tokens { text, at: 0 }) {
        let (start, word) = token;
        match word {
            "(" | "[" | "{" => depth += 1,
            "<" if opens_group(previous) => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            // Too many closing signs (comparisons) only make the count smaller; the tree builder's own recursion is
            // bounded by what the grammar accepted, and groups always close in pairs.
            ">" if !is_operand_start(text, start) => depth = depth.saturating_sub(1),
            _ => {}
        }
        nots = if word == "not" { nots + 1 } else { 0 };
        if depth + nots > MAX_NESTING {
            let end = start + word.len();
            return Some(
                Diagnostic::new(
                    codes::E0103,
                    Span::new(source, start, end),
                    format!("nested more than {MAX_NESTING} levels deep"),
                )
                .help("give a name to an inner part: `segment part = ...`, then use `segment part`"),
            );
        }
        previous = word;
    }
    None
}

fn opens_group(previous: &str) -> bool {
    matches!(previous, "all" | "any" | "none" | "of" | "only" | "sequence" | "d" | "decision")
}

/// Whether a `>` is followed by something to compare with: then it is an operator and closes nothing.
fn is_operand_start(text: &str, at: usize) -> bool {
    let after = text.get(at + 1..).unwrap_or_default();
    let after = after.strip_prefix('=').unwrap_or(after).trim_start();
    after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '"' | '$' | '-' | '('))
}

/// Words, strings (skipped) and single signs.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.text.get(self.at..)?;
            let first = rest.chars().next()?;
            let start = self.at;
            let len = match first {
                '"' => string_len(rest),
                '`' => rest.get(1..)?.find(['`', '\n']).map_or(rest.len(), |end| end + 2),
                '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
                c if c.is_alphanumeric() || c == '_' => {
                    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
                }
                c => c.len_utf8(),
            };
            self.at += len;
            if first.is_whitespace() || len > 1 && matches!(first, '"' | '`' | '/') {
                continue;
            }
            return Some((start, self.text.get(start..self.at)?));
        }
    }
}

fn string_len(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_groups_but_not_comparisons() {
        let deep = |n: usize| format!("{}everyone{}", "all < ".repeat(n), " >".repeat(n));
        assert!(check(&deep(128), SourceId(0)).is_none());
        assert!(check(&deep(129), SourceId(0)).is_some());
        assert!(check(&format!("all < {} >", "field a < 3; ".repeat(1000)), SourceId(0)).is_none());
        assert!(check(&"not ".repeat(200), SourceId(0)).is_some());
        assert!(check(&format!("// {}\neveryone", "(".repeat(500)), SourceId(0)).is_none());
    }
}
