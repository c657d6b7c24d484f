//! An order in which every definition follows those it refers to, and the cycles that forbid one.
//! Without recursion over definitions: machine-written scripts chain thousands of segments.

use super::names::{Body, Names};
use crate::diag::{Diagnostic, codes};
use crate::syntax::Span;
use crate::syntax::ast::{
    Condition, ConditionKind, Expr, ExprKind, Filter, FilterKind, ListOperand, Test, TestKind, Window, WindowKind,
};

/// Indices of `names.definitions`, dependencies first. The members of a cycle are reported once and left out; a
/// definition that refers to one of them stays.
pub(crate) fn order(names: &Names<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<usize> {
    let references: Vec<Vec<(usize, Span)>> = names.definitions.iter().map(|d| references(d.body, names)).collect();
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
    let entries: Vec<_> = path.iter().filter_map(|i| names.definitions.get(*i)).collect();
    let first = entries.first().map_or("", |e| e.name);
    let chain: Vec<String> = entries.iter().map(|e| e.name).chain([first]).map(|name| format!("`{name}`")).collect();
    let message = match entries.as_slice() {
        [only] => format!("{} `{first}` is defined by itself", only.body.what()),
        _ => format!("definitions need each other: {}", chain.join(" needs ")),
    };
    let mut diagnostic = Diagnostic::new(codes::E0208, closing, message).here("this closes the circle");
    for entry in &entries {
        diagnostic = diagnostic.label(entry.span, format!("`{}` is defined here", entry.name));
    }
    diagnostic.help("break the circle: write out in one of them what is meant")
}

/// The known definitions that one names, each with its place, in the order of the text.
fn references(body: Body<'_>, names: &Names<'_>) -> Vec<(usize, Span)> {
    let mut seen = References { names, found: Vec::new() };
    match body {
        Body::Segment(condition) => seen.condition(condition),
        Body::Let(expr) => seen.expr(expr),
        Body::Decision(decision) => decision.branches.iter().filter_map(|b| b.when.as_ref()).for_each(|c| seen.condition(c)),
    }
    seen.found
}

/// Walks one definition. Its depth is bounded by the limit on nesting.
struct References<'a> {
    names: &'a Names<'a>,
    found: Vec<(usize, Span)>,
}

impl References<'_> {
    fn condition(&mut self, condition: &Condition) {
        match &condition.kind {
            ConditionKind::Group(_, members) | ConditionKind::Quorum(_, members) => {
                for m in members {
                    self.condition(m);
                }
            }
            ConditionKind::Not(inner) => self.condition(inner),
            ConditionKind::Segment(name) => {
                self.found.extend(self.names.segments.get(name.value.as_str()).map(|i| (*i, name.span)));
            }
            ConditionKind::Decision(name, _) => {
                self.found.extend(self.names.decisions.get(name.value.as_str()).map(|i| (*i, name.span)));
            }
            ConditionKind::Event(event) => {
                self.matching(event.filter.as_ref(), event.windows.iter());
            }
            ConditionKind::Value(expr, test) => {
                self.expr(expr);
                self.test(test);
            }
            ConditionKind::Sequence(sequence) => {
                if let Some(w) = &sequence.window {
                    self.window(&w.kind);
                }
                sequence.steps.iter().filter_map(|s| s.filter.as_ref()).for_each(|f| self.filter(f));
            }
            ConditionKind::Ranked(ranked) => {
                self.expr(&ranked.by);
                if let Some(of) = &ranked.of {
                    self.condition(of);
                }
            }
            ConditionKind::Everyone | ConditionKind::Nobody | ConditionKind::List(_) | ConditionKind::Sample(_) => {}
        }
    }

    fn matching<'w>(&mut self, filter: Option<&Filter>, windows: impl Iterator<Item = &'w Window>) {
        if let Some(f) = filter {
            self.filter(f);
        }
        windows.for_each(|w| self.window(&w.kind));
    }

    fn filter(&mut self, filter: &Filter) {
        match &filter.kind {
            FilterKind::Group(_, parts) | FilterKind::Quorum(_, parts) => parts.iter().for_each(|p| self.filter(p)),
            FilterKind::Not(inner) => self.filter(inner),
            FilterKind::Test(_, test) => self.test(test),
        }
    }

    fn test(&mut self, test: &Test) {
        match &test.kind {
            TestKind::Compare(_, operand, _) | TestKind::Text(_, operand, _) => self.expr(operand),
            TestKind::Between(a, b) => [a, b].into_iter().for_each(|e| self.expr(e)),
            TestKind::In(operand, ..) | TestKind::Has(_, operand, _) => match operand {
                ListOperand::List(list) => list.items.iter().for_each(|item| self.expr(item)),
                ListOperand::One(expr) => self.expr(expr),
                ListOperand::Param(name) => self.value(&name.value, name.span),
                ListOperand::Field(_) => {}
            },
            TestKind::Window(kind) => self.window(kind),
            TestKind::Items(_, parts) => parts.iter().for_each(|p| self.filter(p)),
            TestKind::IsEmpty | TestKind::IsSet | TestKind::Is(_) | TestKind::Matches(..) | TestKind::Anniversary(_) => {}
        }
    }

    fn window(&mut self, kind: &WindowKind) {
        match kind {
            WindowKind::Between(a, b) => [a, b].into_iter().for_each(|e| self.expr(e)),
            WindowKind::Before(x) | WindowKind::After(x) | WindowKind::Since(x) | WindowKind::On(x) => self.expr(x),
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Param(name) => self.value(&name.value, name.span),
            ExprKind::Aggregate(a) => self.matching(a.filter.as_ref(), a.window.iter()),
            ExprKind::Chain(first, rest) => {
                self.expr(first);
                for (_, e) in rest {
                    self.expr(e);
                }
            }
            ExprKind::If(condition, then, otherwise) => {
                self.condition(condition);
                for e in [then, otherwise] {
                    self.expr(e);
                }
            }
            ExprKind::Part(_, of) | ExprKind::Logistic(of) => self.expr(of),
            _ => {}
        }
    }

    fn value(&mut self, name: &str, span: Span) {
        self.found.extend(self.names.lets.get(name).map(|i| (*i, span)));
    }
}
