//! One canonical text for every script.
//!
//! Goes in: the text of a script. Comes out: the same script, laid out and spelled in the one way that `docs/format.md`
//! describes. Formatting is idempotent, keeps every comment, leaves a definition that cannot be read as it is, and never
//! changes what a script says: the result is parsed again and compared before it is handed out.

mod doc;
mod emit;
mod rules;
pub(crate) mod spelling;
pub(crate) mod trivia;
mod verify;

use std::ops::Range;

use crate::diag::Diagnostic;
use crate::syntax::parse::NodeKind;
use crate::syntax::parts::{Part, parts};
use crate::syntax::{SourceId, pieces};
use trivia::Trivia;

/// A formatted script.
#[derive(Debug, Clone, PartialEq)]
pub struct Formatted {
    /// Its text.
    pub text: String,
    /// The syntax errors of the definitions that were left as they are.
    pub broken: Vec<Diagnostic>,
}

/// The formatter would have changed more than the form: a mistake of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("internal error: formatting would change {0}; the script is left as it is")]
pub struct MeaningChanged(&'static str);

/// Formats a script. `source` is for the places of syntax errors.
///
/// # Errors
/// When the result does not say the same as the text, which is a mistake of the formatter.
///
/// ```
/// use segql::fmt::format;
/// use segql::syntax::SourceId;
/// let script = format("segment  vip=all<field wiek>18;event `Zakup` at least 1 times>", SourceId(0)).unwrap();
/// assert_eq!(script.text, "edition 1\n\nsegment vip = all < field wiek > 18; event Zakup at least 1 time >\n");
/// ```
pub fn format(text: &str, source: SourceId) -> Result<Formatted, MeaningChanged> {
    match format_in_pieces(text, &pieces::cut(text)) {
        Some(text) => Ok(Formatted { text, broken: Vec::new() }),
        None => format_whole(text, source),
    }
}

/// Formats a script piece by piece; `None` when it has to be looked at whole.
fn format_in_pieces(text: &str, pieces: &[Range<usize>]) -> Option<String> {
    let formatted = pieces::each(pieces, &|piece| format_piece(text.get(piece.clone())?, piece.start == 0))?;
    // Each begins with a definition that has a blank line before it.
    Some(formatted.join("\n"))
}

fn format_piece(text: &str, is_first: bool) -> Option<String> {
    let before = Parsed::new(text)?;
    if !before.defines_only(is_first) {
        return None;
    }
    let formatted = rules::script(&before, is_first);
    let after = Parsed::new(&formatted)?;
    verify::difference(&before, &after).is_none().then_some(formatted)
}

fn format_whole(text: &str, source: SourceId) -> Result<Formatted, MeaningChanged> {
    let as_it_is = |broken| Ok(Formatted { text: text.to_owned(), broken });
    let errors = || crate::syntax::parse(text, source).1;
    let Some(before) = Parsed::new(text) else { return as_it_is(errors()) };
    let broken = if before.has_broken() { errors() } else { Vec::new() };
    if before.nothing_is_readable() {
        return as_it_is(broken);
    }
    let formatted = rules::script(&before, true);
    let after = Parsed::new(&formatted).ok_or(MeaningChanged("its length"))?;
    match verify::difference(&before, &after) {
        Some(what) => Err(MeaningChanged(what)),
        None => Ok(Formatted { text: formatted, broken }),
    }
}

/// A name as it is written where a node of this kind stands.
pub(crate) fn written_name(kind: NodeKind, name: &str) -> String {
    spelling::written(kind, name.into()).into_owned()
}

/// A text and its parts.
struct Parsed<'a> {
    text: &'a str,
    parts: Vec<Part<'a>>,
    trivia: Trivia<'a>,
}

impl<'a> Parsed<'a> {
    fn new(text: &'a str) -> Option<Self> {
        let parts = parts(text)?;
        let broken = parts.iter().filter_map(|part| match part {
            Part::Broken(range) => Some(range.clone()),
            Part::Whole(_) => None,
        });
        let trivia = Trivia::new(text, broken);
        Some(Self { text, parts, trivia })
    }

    fn has_broken(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Broken(_)))
    }

    /// Whether there are definitions and nothing else but, where it may stand, a line `edition`.
    fn defines_only(&self, may_have_edition: bool) -> bool {
        let parts = match self.parts.split_first() {
            Some((Part::Whole(node), rest)) if may_have_edition && node.kind == NodeKind::edition => rest,
            _ => &self.parts,
        };
        let defines = |part: &Part<'_>| matches!(part, Part::Whole(node) if node.kind == NodeKind::statement);
        !parts.is_empty() && parts.iter().all(defines)
    }

    fn nothing_is_readable(&self) -> bool {
        self.has_broken() && !self.parts.iter().any(|part| matches!(part, Part::Whole(node) if node.kind != NodeKind::edition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITIONS: [&str; 14] = [
        "segment a = all < event E; field f = 1 >",
        "segment b \"B\" = not segment a // b",
        "segment c =\n  // inside\n  event E within 30d\n",
        "/// Doc.\nsegment d = everyone",
        "// Not a doc.\n\nsegment e = everyone /* e */",
        "\n\n// One.\n// Two.\ndecision g < when segment a -> \"x\"; otherwise -> \"y\" > // g",
        "test \"t\" at 2025-01-01 {\n contact \"anna\" { f: 1 }\n}",
        "param $p: number = 3",
        "let $q = field f + 1\n// Below.",
        "list l = \"ids.txt\"",
        "/* Two\n lines. */ segment h = list l",
        "  // Indented.\nsegment i = field f = \"a\nsegment \"",
        "segment j =\n  event E /* j */\n  // After.\n",
        "/// Doc.\n  segment k = top 10 by count(E)\n\u{A0}\n",
    ];

    #[test]
    fn pieces_are_formatted_as_the_whole_is() {
        let mut state = 7_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let mut cut = 0;
        for _ in 0..300 {
            let mut text = ["", "edition 1\n", "// Script.\n\nedition 1\n\n", "// Script.\n"][random(4)].to_owned();
            for _ in 0..=random(9) {
                text.push_str(DEFINITIONS[random(DEFINITIONS.len())]);
                text.push_str(["\n", "\n\n", "\r\n", "\n \n\n"][random(4)]);
            }
            let whole = format_whole(&text, SourceId(0)).unwrap();
            if let Some(formatted) = format_in_pieces(&text, &pieces::cut_at(&text, 1)) {
                assert_eq!(formatted, whole.text, "{text}");
                cut += 1;
            }
        }
        assert!(cut > 150, "only {cut} scripts were cut");
    }

    #[test]
    fn what_only_looks_like_a_definition_is_no_cut() {
        let texts = [
            "segment a = everyone\n/*\nsegment b = nobody\n*/\nsegment c = everyone\n",
            "segment a = field f = \"\nsegment b = nobody\n\"\nsegment c = everyone\n",
            "segment a = any <\nsegment b ;\nsegment c >\nsegment b = nobody segment c = nobody\n",
            "segment a = everyone\nsegment b = nobdy\nsegment c = everyone\n",
        ];
        for text in texts {
            assert_eq!(format_in_pieces(text, &pieces::cut_at(text, 1)), None, "{text}");
            assert!(format_whole(text, SourceId(0)).is_ok());
        }
    }
}
