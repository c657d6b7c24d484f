//! Making the fixes that are certain.

use super::{Applicability, Diagnostic, Edit};
use crate::syntax::SourceId;

/// A text in which some fixes were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The text after them.
    pub text: String,
    /// Which diagnostics they belong to, as positions in what was given.
    pub made: Vec<usize>,
}

/// Makes the certain fixes of one source that do not touch each other, the first of each diagnostic; `None` when there
/// is none. What touches another fix waits for the next round: look at the new text again.
///
/// ```
/// use segql::{diag::apply_certain, syntax::{SourceId, parse}};
/// let text = "field Kraj == 'PL'";
/// let (_, diagnostics) = parse(text, SourceId(0));
/// let applied = apply_certain(text, SourceId(0), &diagnostics).unwrap();
/// assert_eq!((applied.text.as_str(), applied.made.len()), ("field Kraj = \"PL\"", 2));
/// ```
#[must_use]
pub fn apply_certain(text: &str, source: SourceId, diagnostics: &[Diagnostic]) -> Option<Applied> {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut made = Vec::new();
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        let Some(fix) = diagnostic.fixes.iter().find(|fix| fix.applicability == Applicability::Certain) else { continue };
        let here = !fix.edits.is_empty() && fix.edits.iter().all(|edit| edit.span.source == source);
        let free = |edit: &Edit| {
            let next = edits.partition_point(|other| other.span.end < edit.span.start);
            edits.get(next).is_none_or(|other| other.span.start > edit.span.end)
        };
        if here && fix.edits.iter().all(free) {
            made.push(index);
            for edit in &fix.edits {
                let at = edits.partition_point(|other| other.span.start < edit.span.start);
                edits.insert(at, edit);
            }
        }
    }
    if made.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.span.start)?);
        out.push_str(&edit.text);
        at = edit.span.end;
    }
    out.push_str(text.get(at..)?);
    Some(Applied { text: out, made })
}
