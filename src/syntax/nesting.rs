//! The limit on nesting, found before anything recursive looks at the text.

use super::brackets::Brackets;
use super::lex;
use super::{SourceId, Span};
use crate::diag::{Diagnostic, codes};

/// The deepest nesting of groups, parentheses and `not` that a script may have.
pub const MAX_NESTING: usize = 128;

/// The place of the first token that is nested too deeply.
pub(super) fn too_deep(text: &str) -> Option<std::ops::Range<usize>> {
    if is_flat(text) {
        return None;
    }
    let mut brackets = Brackets::new(false);
    let mut tokens = lex::strict(text).peekable();
    while let Some(token) = tokens.next() {
        brackets.step(text, token, tokens.peek().copied());
        if brackets.depth() > MAX_NESTING {
            return Some(token.range());
        }
    }
    None
}

/// Whether a text can be told not to be nested too deeply at a glance, as long lists can: each level has a bracket, a `not`, or
/// the `of` of a ranking.
fn is_flat(text: &str) -> bool {
    let count = |sign: &u8| text.bytes().filter(|b| b == sign).count();
    b"<([{".iter().map(count).sum::<usize>() <= MAX_NESTING && !text.contains("not") && !text.contains("of")
}

/// The error for a place that [`too_deep`] found, in a file.
pub(super) fn error(source: SourceId, at: std::ops::Range<usize>) -> Diagnostic {
    Diagnostic::new(codes::E0103, Span::new(source, at.start, at.end), format!("nested more than {MAX_NESTING} levels deep"))
        .here(format!("this is level {}", MAX_NESTING + 1))
        .help("give a name to an inner part: `segment part = ...`, then use `segment part`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_groups_but_not_comparisons() {
        let deep = |n: usize| format!("{}everyone{}", "all < ".repeat(n), " >".repeat(n));
        assert_eq!(too_deep(&deep(128)), None);
        assert_eq!(too_deep(&deep(129)), Some(128 * 6 + 4..128 * 6 + 5));
        assert_eq!(too_deep(&format!("all < {} >", "field a < 3; ".repeat(1000))), None);
        assert_eq!(too_deep(&format!("all < {} >", "event E where not all < a < 3; b > 2 >; ".repeat(1000))), None);
        assert!(too_deep(&"not ".repeat(200)).is_some());
        assert!(too_deep(&"all < not ".repeat(65)).is_some());
        assert_eq!(too_deep(&"segment a = not everyone\n".repeat(200)), None);
        assert_eq!(too_deep(&format!("// {}\neveryone", "(".repeat(500))), None);
    }

    #[test]
    fn flat_texts_are_not_deep() {
        for level in ["all < ", "not ", "(", "top 5 by field a of ", "field a in [", "count(E where ", "test \"t\" { "] {
            let text = level.repeat(MAX_NESTING + 1);
            let mut brackets = Brackets::new(false);
            for token in lex::strict(&text) {
                brackets.step(&text, token, None);
            }
            assert!(brackets.depth() <= MAX_NESTING || !is_flat(&text), "{level}");
        }
        assert!(is_flat(&format!("field a in [{}]", "\"x\", ".repeat(1000))));
    }

    #[test]
    fn comparisons_close_nothing() {
        // Every level hides a `>` that compares, behind a comment, before a param, after parentheses.
        for compare in
            ["field x > /* c */ 1", "field x > $y", "(field x + 1) > 2", "count(E where a > 1) > 2", "if(field a > 3, 1, 2) > 1"]
        {
            let deep = format!("{}everyone", format!("all < {compare}; ").repeat(129));
            assert!(too_deep(&deep).is_some(), "{compare}");
            let wide = format!("all < {} >", format!("all < {compare} >; ").repeat(500));
            assert_eq!(too_deep(&wide), None, "{compare}");
        }
    }

    #[test]
    fn words_that_are_names_open_nothing() {
        for member in [
            "field all < 3",
            "field any.none > 3",
            "event any where all > 3",
            "field a has any of [\"x\"] ignoring case and accents",
            "top 10 by count(E) of event E",
            "event E where kwota between 2 and 3 and b > 4 at least 2 times",
            "field not > 3",
            "at least 2 of < field a < 1; event E >",
            "field items has at least 2 < cena > 3 >",
            "sequence by a within 3d < event A where b > 3; then not event B within 2d >",
            "event E where all < a > 1; not any < b = 2 > >",
        ] {
            let wide = format!(
                "segment s = all < {} >\ndecision d < when segment s -> \"a\"; otherwise -> \"b\" >",
                format!("{member}; ").repeat(300)
            );
            assert_eq!(too_deep(&wide), None, "{member}");
        }
    }
}
