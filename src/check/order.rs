//! An order in which every segment follows those it refers to, and the cycles that forbid one.
//! Without recursion: machine-written scripts chain thousands of segments.

use super::names::Names;
use crate::diag::{Diagnostic, codes};
use crate::syntax::Span;
use crate::syntax::ast::{Condition, ConditionKind};

/// Indices of `names.segments`, dependencies first. The members of a cycle are reported once and left out; a segment
/// that refers to one of them stays.
pub(super) fn order(names: &Names<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<usize> {
    let references: Vec<Vec<(usize, Span)>> = names.segments.iter().map(|s| references(s.condition, names)).collect();
    let mut state = vec![State::New; references.len()];
    let mut order = Vec::with_capacity(references.len());
    for root in 0..references.len() {
        // Each entry: a segment and how many of its references have been followed.
        let mut stack = vec![(root, 0_usize)];
        while let Some((node, next)) = stack.pop() {
            if next == 0 {
                if state.get(node) != Some(&State::New) {
                    continue;
                }
                set(&mut state, node, State::Open);
            }
            if let Some((target, span)) = references.get(node).and_then(|r| r.get(next)) {
                stack.push((node, next + 1));
                match state.get(*target) {
                    Some(State::New) => stack.push((*target, 0)),
                    Some(State::Open) => {
                        let path: Vec<usize> = stack.iter().map(|(n, _)| *n).skip_while(|n| n != target).collect();
                        diagnostics.push(cycle(&path, *span, names));
                        for member in path {
                            set(&mut state, member, State::Cyclic);
                        }
                    }
                    _ => {}
                }
            } else if state.get(node) == Some(&State::Open) {
                set(&mut state, node, State::Done);
                order.push(node);
            }
        }
    }
    order
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Cyclic,
    Done,
}

fn set(state: &mut [State], node: usize, to: State) {
    if let Some(slot) = state.get_mut(node) {
        *slot = to;
    }
}

fn cycle(path: &[usize], closing: Span, names: &Names<'_>) -> Diagnostic {
    let entries: Vec<_> = path.iter().filter_map(|i| names.segments.get(*i)).collect();
    let first = entries.first().map_or("", |e| e.name);
    let chain: Vec<String> = entries.iter().map(|e| e.name).chain([first]).map(|name| format!("`{name}`")).collect();
    let message = if entries.len() == 1 {
        format!("segment `{first}` is defined by itself")
    } else {
        format!("segments are defined by each other: {}", chain.join(" needs "))
    };
    let mut diagnostic = Diagnostic::new(codes::E0208, closing, message).here("this closes the circle");
    for entry in &entries {
        diagnostic = diagnostic.label(entry.span, format!("`{}` is defined here", entry.name));
    }
    diagnostic.help("break the circle: write out in one of them the condition that is meant")
}

/// The known segments that a condition names, each with its place.
fn references(condition: &Condition, names: &Names<'_>) -> Vec<(usize, Span)> {
    let mut found = Vec::new();
    let mut open = vec![condition];
    while let Some(condition) = open.pop() {
        match &condition.kind {
            ConditionKind::Group(_, members) | ConditionKind::Quorum(_, members) => open.extend(members),
            ConditionKind::Not(inner) => open.push(inner),
            ConditionKind::Segment(name) => {
                found.extend(names.segment_by_name.get(name.value.as_str()).map(|index| (*index, name.span)));
            }
            _ => {}
        }
    }
    found.reverse();
    found
}
