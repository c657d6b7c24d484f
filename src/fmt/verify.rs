//! Whether a text and its formatted form say the same: equal nodes but for places and spellings, equal comments.

use super::{Parsed, spelling};
use crate::syntax::doc_above;
use crate::syntax::parse::{Node, NodeKind};
use crate::syntax::parts::Part;

/// What the formatter has changed by mistake, if anything.
pub(super) fn difference(before: &Parsed<'_>, after: &Parsed<'_>) -> Option<&'static str> {
    if !same_scripts(before, after) {
        return Some("what the script says");
    }
    let comments = |parsed: &Parsed<'_>| {
        let mut comments: Vec<String> = parsed.trivia.comments().map(|comment| comment.replace('\r', "")).collect();
        comments.sort_unstable();
        comments
    };
    (comments(before) != comments(after)).then_some("the comments of the script")
}

fn same_scripts(before: &Parsed<'_>, after: &Parsed<'_>) -> bool {
    let (old, old_parts) = edition(&before.parts);
    let (new, new_parts) = edition(&after.parts);
    // A line `edition` may have been added, which then says what was assumed.
    (old == new || old.is_none() && new == Some("1"))
        && old_parts.len() == new_parts.len()
        && old_parts.iter().zip(new_parts).all(|(old, new)| match (old, new) {
            (Part::Whole(a), Part::Whole(b)) => {
                same(a, b) && (a.kind != NodeKind::statement || doc_above(before.text, a.span) == doc_above(after.text, b.span))
            }
            (Part::Broken(a), Part::Broken(b)) => before.text.get(a.clone()) == after.text.get(b.clone()),
            _ => false,
        })
}

/// The number of the edition, and the other parts.
fn edition<'n, 'a>(parts: &'n [Part<'a>]) -> (Option<&'a str>, &'n [Part<'a>]) {
    match parts.split_first() {
        Some((Part::Whole(node), rest)) if node.kind == NodeKind::edition => {
            (node.child(NodeKind::integer).map(|number| number.text), rest)
        }
        _ => (None, parts),
    }
}

fn same(a: &Node<'_>, b: &Node<'_>) -> bool {
    a.kind == b.kind
        && match a.kind {
            NodeKind::string => {
                a.text == b.text || spelling::text(a.text).is_some_and(|text| spelling::text(b.text) == Some(text))
            }
            NodeKind::segment_name
            | NodeKind::list_name
            | NodeKind::decision_name
            | NodeKind::param_name
            | NodeKind::field_name
            | NodeKind::event_name => spelled(a) == spelled(b),
            // In backticks `time` is an attribute of that name.
            NodeKind::attr_name => spelled(a) == spelled(b) && (spelled(a) != "time" || a.text == b.text),
            NodeKind::kw_times | NodeKind::op_subtract => true,
            NodeKind::periods => a.text.trim_end_matches('s') == b.text.trim_end_matches('s'),
            NodeKind::event | NodeKind::ignoring => same_in_any_order(a, b),
            // `[]`, `[ ]`
            NodeKind::list_literal | NodeKind::test_list | NodeKind::test_values if a.children.is_empty() => {
                b.children.is_empty()
            }
            _ if a.children.is_empty() => b.children.is_empty() && a.text == b.text,
            _ => a.children.len() == b.children.len() && a.children.iter().zip(&b.children).all(|(a, b)| same(a, b)),
        }
}

/// The words of `ignoring case and accents`, and the number of times and the window of an event, stand in any order.
fn same_in_any_order(a: &Node<'_>, b: &Node<'_>) -> bool {
    let sorted = |node: &Node<'_>| {
        let mut order: Vec<usize> = (0..node.children.len()).collect();
        order.sort_by_key(|at| node.children.get(*at).map(|child| child.children.first().unwrap_or(child).kind));
        order
    };
    let tails = |kind| matches!(kind, NodeKind::event_tail | NodeKind::kw_case | NodeKind::kw_accents);
    let head = |node: &Node<'_>| node.children.iter().take_while(|child| !tails(child.kind)).count();
    a.children.len() == b.children.len()
        && head(a) == head(b)
        && sorted(a).into_iter().zip(sorted(b)).all(|(at, bt)| match (a.children.get(at), b.children.get(bt)) {
            (Some(a), Some(b)) => same(a, b),
            _ => false,
        })
}

/// A name in NFC without backticks.
fn spelled<'a>(node: &Node<'a>) -> std::borrow::Cow<'a, str> {
    crate::value::nfc(node.text.trim_matches('`'))
}
