//! One canonical text for every script.
//!
//! Goes in: the text of a script. Comes out: the same script, laid out and spelled in the one way that `docs/format.md`
//! describes. Formatting is idempotent, keeps every comment, leaves a definition that cannot be read as it is, and never
//! changes what a script says: the result is parsed again and compared before it is handed out.

mod doc;
mod emit;
mod rules;
mod spelling;
mod trivia;
mod verify;

use crate::diag::Diagnostic;
use crate::syntax::parse::{self, Node, NodeKind};
use crate::syntax::SourceId;

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
    let before = match Parsed::new(text) {
        Ok(before) => before,
        Err(_) => return as_it_is(crate::syntax::parse(text, source).1),
    };
    let has_broken = before.nodes.iter().any(|node| node.kind == NodeKind::broken);
    let broken = if has_broken { crate::syntax::parse(text, source).1 } else { Vec::new() };
    if has_broken && !before.nodes.iter().any(|node| node.kind == NodeKind::statement) || before.is_unread() {
        return as_it_is(broken);
    }
    let formatted = rules::script(&before);
    let after = Parsed::new(&formatted).map_err(|_| MeaningChanged("the nesting"))?;
    match verify::difference(&before, &after) {
        Some(what) => { if std::env::var("FMT_DBG").is_ok() { eprintln!("{formatted}"); } Err(MeaningChanged(what)) }
        None => Ok(Formatted { text: formatted, broken }),
    }
}

/// A text and its nodes.
struct Parsed<'a> {
    text: &'a str,
    nodes: Vec<Node<'a>>,
}

impl<'a> Parsed<'a> {
    fn new(text: &'a str) -> Result<Self, Diagnostic> {
        Ok(Self { text, nodes: parse::nodes(text, SourceId(0))? })
    }

    /// Whether there is something in the text that no node stands for.
    fn is_unread(&self) -> bool {
        self.nodes.is_empty() && trivia::end_of_tokens(self.text) > 0
    }
}

/// The places whose text is kept as it is: definitions that cannot be read.
fn opaque(nodes: &[Node<'_>]) -> Vec<(usize, usize)> {
    let broken = nodes.iter().filter(|node| node.kind == NodeKind::broken);
    broken.map(|node| (node.span.start, node.span.start + trivia::end_of_tokens(node.text))).collect()
}
