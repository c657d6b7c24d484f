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

use crate::diag::Diagnostic;
use crate::syntax::SourceId;
use crate::syntax::parse::NodeKind;
use crate::syntax::parts::{Part, parts};
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
    let as_it_is = |broken| Ok(Formatted { text: text.to_owned(), broken });
    let errors = || crate::syntax::parse(text, source).1;
    let Some(before) = Parsed::new(text) else { return as_it_is(errors()) };
    let broken = if before.has_broken() { errors() } else { Vec::new() };
    if before.nothing_is_readable() {
        return as_it_is(broken);
    }
    let formatted = rules::script(&before);
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

    fn nothing_is_readable(&self) -> bool {
        self.has_broken() && !self.parts.iter().any(|part| matches!(part, Part::Whole(node) if node.kind != NodeKind::edition))
    }
}
