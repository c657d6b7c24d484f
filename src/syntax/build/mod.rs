//! Nodes to the syntax tree. What the grammar has accepted has a known shape; a literal may still be unusable
//! (a date that does not exist), and then gets its diagnostic and a harmless stand-in.

mod condition;
mod literal;
mod test_block;
mod time;
mod value;

use super::ast::{Branch, DecisionDef, LetDef, ListDef, Literal, Name, ParamDef, ParamValue, SegmentDef, Statement};
use super::parse::{Node, NodeKind};
use super::{SourceId, Span};
use crate::diag::{Diagnostic, codes};
use crate::value::nfc;

pub(super) use condition::condition;

/// The newest edition of the language.
pub const NEWEST_EDITION: u64 = 1;

/// What builders share: the text, and the diagnostics found so far.
pub(super) struct Context<'a> {
    text: &'a str,
    source: SourceId,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Context<'a> {
    pub fn new(text: &'a str, source: SourceId) -> Self {
        Self { text, source, diagnostics: Vec::new() }
    }

    pub fn source(&self) -> SourceId {
        self.source
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|d| d.span);
        self.diagnostics
    }
}

/// The number of the edition line, which is checked.
pub(super) fn edition(cx: &mut Context<'_>, node: &Node<'_>) -> Option<Literal<u64>> {
    let number = node.child(NodeKind::integer)?;
    let value = literal::integer(cx, number);
    if value != NEWEST_EDITION {
        let message = format!("edition {} is not known", number.text);
        cx.report(
            Diagnostic::new(codes::E0108, number.span, message)
                .help(format!("the newest edition is {NEWEST_EDITION}; a newer segql may know more")),
        );
    }
    Some(Literal { value, span: number.span })
}

/// Builds a definition; `None` where the node is none.
pub(super) fn statement(cx: &mut Context<'_>, node: &Node<'_>) -> Option<Statement> {
    let definition = node.children.first()?;
    match definition.kind {
        NodeKind::segment_def => segment(cx, definition).map(Statement::Segment),
        NodeKind::param_def => param(cx, definition).map(Statement::Param),
        NodeKind::use_def => definition.child(NodeKind::string).map(|file| Statement::Use(literal::string(cx, file))),
        NodeKind::let_def => let_definition(cx, definition).map(Statement::Let),
        NodeKind::list_def => list(cx, definition).map(Statement::List),
        NodeKind::decision_def => decision(cx, definition).map(Statement::Decision),
        NodeKind::test_def => test_block::test(cx, definition).map(Statement::Test),
        _ => None,
    }
}

fn segment(cx: &mut Context<'_>, node: &Node<'_>) -> Option<SegmentDef> {
    Some(SegmentDef {
        doc: doc_above(cx.text, node.span),
        name: name(node.child(NodeKind::segment_name)?),
        title: title(cx, node),
        condition: condition(cx, node.child(NodeKind::condition)?),
    })
}

fn title(cx: &mut Context<'_>, node: &Node<'_>) -> Option<String> {
    let title = node.child(NodeKind::title)?.child(NodeKind::string)?;
    Some(literal::string(cx, title).value)
}

fn let_definition(cx: &mut Context<'_>, node: &Node<'_>) -> Option<LetDef> {
    Some(LetDef {
        doc: doc_above(cx.text, node.span),
        name: name(node.child(NodeKind::param_name)?),
        value: value::expr(cx, node.child(NodeKind::expr)?),
    })
}

fn list(cx: &mut Context<'_>, node: &Node<'_>) -> Option<ListDef> {
    Some(ListDef {
        doc: doc_above(cx.text, node.span),
        name: name(node.child(NodeKind::list_name)?),
        title: title(cx, node),
        file: literal::string(cx, node.child(NodeKind::string)?),
    })
}

fn decision(cx: &mut Context<'_>, node: &Node<'_>) -> Option<DecisionDef> {
    let branch = |branch: &Node<'_>, cx: &mut Context<'_>| {
        Some(Branch {
            when: branch.child(NodeKind::condition).map(|when| condition(cx, when)),
            label: literal::string(cx, branch.child(NodeKind::string)?),
            span: branch.span,
        })
    };
    Some(DecisionDef {
        doc: doc_above(cx.text, node.span),
        name: name(node.child(NodeKind::decision_name)?),
        title: title(cx, node),
        branches: node.all(NodeKind::branch).filter_map(|b| branch(b, cx)).collect(),
        span: node.span,
    })
}

fn param(cx: &mut Context<'_>, node: &Node<'_>) -> Option<ParamDef> {
    let ty = node.child(NodeKind::param_type)?;
    let value = node.child(NodeKind::param_value)?.children.first()?;
    let value = match value.kind {
        NodeKind::list_literal => ParamValue::List(value::list_literal(cx, value)),
        _ => ParamValue::One(value::literal(cx, value)),
    };
    Some(ParamDef {
        name: name(node.child(NodeKind::param_name)?),
        ty: Literal { value: ty.text.to_owned(), span: ty.span },
        value,
        span: node.span,
    })
}

/// A name in NFC, without its backticks.
fn name(node: &Node<'_>) -> Name {
    let text = node.text.trim();
    let bare = text.strip_prefix('`').and_then(|t| t.strip_suffix('`')).unwrap_or(text);
    Literal { value: nfc(bare).into_owned(), span: node.span }
}

/// A dotted name: parts in NFC, joined by dots.
fn path(node: &Node<'_>) -> Name {
    let parts: Vec<String> = node.children.iter().map(|part| name(part).value).collect();
    Literal { value: parts.join("."), span: node.span }
}

/// The `///` lines that stand directly above a definition.
pub(crate) fn doc_above(text: &str, span: Span) -> Option<String> {
    let before = text.get(..span.start)?;
    // The definition's own line begins before it when it is indented.
    let above = before.trim_end_matches([' ', '\t']);
    let mut lines: Vec<&str> = above.lines().rev().map_while(|line| line.trim_start().strip_prefix("///")).collect();
    lines.reverse();
    let lines: Vec<&str> = lines.into_iter().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
