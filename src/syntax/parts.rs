//! A script as the nodes of its text, for tools that work on the text itself.

use std::ops::Range;

use super::parse::{MAX_SCRIPT_BYTES, Node, NodeKind, nodes};
use super::{SourceId, Span, lex, nesting, recover};

/// A part of a script.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    /// An `edition`, a `statement`, or the one `condition`.
    Whole(Node<'a>),
    /// What cannot be read: where it stands.
    Broken(Range<usize>),
}

/// The parts of a script in order; nothing but comments stands between them. `None` for a text that is too long.
pub(crate) fn parts(text: &str) -> Option<Vec<Part<'_>>> {
    if text.len() > MAX_SCRIPT_BYTES {
        return None;
    }
    if let Some(nodes) = readable(NodeKind::script, text, 0) {
        return Some(nodes.into_iter().map(Part::Whole).collect());
    }
    let slices = recover::definitions(text, &lex::tolerant(text));
    let defines = slices.iter().any(|(rule, _)| *rule == NodeKind::statement_alone);
    let parts = slices.into_iter().flat_map(|(rule, range)| {
        // A condition beside definitions is a mistake.
        let misplaced = defines && rule == NodeKind::condition_alone;
        let slice = text.get(range.clone()).filter(|_| !misplaced).unwrap_or_default();
        match readable(rule, slice, range.start) {
            Some(nodes) => nodes.into_iter().map(Part::Whole).collect(),
            None => vec![Part::Broken(range)],
        }
    });
    Some(parts.collect())
}

/// The nodes of a text that begins at `start` of its file, if the rule accepts it.
fn readable(rule: NodeKind, text: &str, start: usize) -> Option<Vec<Node<'_>>> {
    if nesting::too_deep(text).is_some() {
        return None;
    }
    let place = |range: Range<usize>| Span::new(SourceId(0), start + range.start, start + range.end);
    let mut nodes = nodes(rule, text, &place).ok()?;
    nodes.retain(|node| node.kind != NodeKind::EOI);
    Some(nodes)
}
