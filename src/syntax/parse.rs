//! Text to nodes: the only file that knows pest.

use std::ops::Range;

use pest::error::ErrorVariant;
use pest::iterators::Pairs;
use pest::{Parser, Token};

use super::ast::{Script, Statement};
use super::{SourceId, Span, build, nesting, recover};
use crate::diag::{Diagnostic, codes};

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/segql.pest"]
struct Grammar;

pub(crate) use self::Rule as NodeKind;

/// A piece of the text that matched a rule, and the pieces inside it.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub kind: NodeKind,
    pub span: Span,
    pub text: &'a str,
    pub children: Vec<Node<'a>>,
}

/// Where reading stopped, and the rules that would have gone on there.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Byte offset; not behind white space.
    pub at: usize,
    /// The innermost rules that were tried there.
    pub rules: Vec<NodeKind>,
    /// The words and signs that were tried there.
    pub words: Vec<String>,
}

/// Longest script, in bytes.
pub(super) const MAX_SCRIPT_BYTES: usize = 64 << 20;

/// Reads one file.
///
/// Every definition that can be read is in the script, and so is one whose mistakes have a certain remedy; each
/// mistake is reported once, where a person would point at.
///
/// ```
/// use segql::syntax::{SourceId, parse};
/// let (script, diagnostics) = parse("segment a = everyone\nsegment b = everyone nobody\nsegment c = nobody", SourceId(0));
/// assert_eq!(diagnostics.len(), 1);
/// assert!(script.statements.len() >= 2);
/// ```
#[must_use]
pub fn parse(text: &str, source: SourceId) -> (Script, Vec<Diagnostic>) {
    if text.len() > MAX_SCRIPT_BYTES {
        let message = format!("the script has {} bytes, more than the {MAX_SCRIPT_BYTES} that are read", text.len());
        let error = Diagnostic::new(codes::E0104, Span::new(source, 0, 0), message);
        return (Script::default(), vec![error.help("split it into several files and `use` them")]);
    }
    let mut cx = build::Context::new(text, source);
    let mut script = Script::default();
    let place = |range: Range<usize>| Span::new(source, range.start, range.end);
    let whole = if nesting::too_deep(text).is_some() { None } else { nodes(Rule::script, text, &place).ok() };
    match whole {
        Some(nodes) => nodes.iter().for_each(|node| add(&mut cx, node, &mut script)),
        None => recover::recover(text, &mut cx, &mut script),
    }
    (script, cx.into_diagnostics())
}

/// Puts what a node defines into the script.
pub(super) fn add(cx: &mut build::Context<'_>, node: &Node<'_>, script: &mut Script) {
    match node.kind {
        Rule::statement => script.statements.extend(build::statement(cx, node)),
        Rule::condition => script.bare = Some(build::condition(cx, node)),
        Rule::edition => script.edition = build::edition(cx, node),
        _ => {}
    }
}

/// The nodes of a text that the rule accepts; `place` says where a range of the text stands in its file.
pub(crate) fn nodes<'a>(rule: NodeKind, text: &'a str, place: &dyn Fn(Range<usize>) -> Span) -> Result<Vec<Node<'a>>, Failure> {
    let pairs = Grammar::parse(rule, text).map_err(|error| explain(&error))?;
    Ok(tree(pairs, text, place))
}

/// Failures say from now on where reading stopped and what was tried there. The detail halves the speed and is a
/// process-wide switch, so it is turned on with the first error.
pub(crate) fn explain_failures() {
    pest::set_error_detail(true);
}

/// Why a rule does not accept a text, with the place and what would have been accepted there; `None` when it does.
pub(crate) fn failure(rule: NodeKind, text: &str) -> Option<Failure> {
    Grammar::parse(rule, text).err().map(|error| explain(&error))
}

fn explain(error: &pest::error::Error<Rule>) -> Failure {
    if let Some(attempts) = error.parse_attempts() {
        let rules = attempts.call_stacks().into_iter().filter_map(|stack| stack.deepest.get_rule().copied()).collect();
        let words = attempts.expected_tokens().iter().map(ToString::to_string).collect();
        return Failure { at: attempts.max_position, rules, words };
    }
    let rules = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.clone(),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    let at = match error.location {
        pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
    };
    Failure { at, rules, words: Vec::new() }
}

/// The nodes of the rules inside the entry rule, made from where rules begin and end: quicker than pair by pair.
fn tree<'a>(pairs: Pairs<'a, Rule>, text: &'a str, place: &dyn Fn(Range<usize>) -> Span) -> Vec<Node<'a>> {
    let mut open: Vec<Open<'a>> = Vec::new();
    let mut top = Vec::new();
    for token in pairs.tokens() {
        match token {
            Token::Start { pos, .. } => open.push(Open { start: pos.pos(), inner: pos.pos(), children: Vec::new() }),
            Token::End { rule, pos } => {
                let Some(Open { start, inner, children }) = open.pop() else { continue };
                // What a rule has passed over in search of an optional end does not belong to it.
                let end = if !children.is_empty() && is_trivia(text.get(inner..pos.pos()).unwrap_or_default()) {
                    inner
                } else {
                    start + text.get(start..pos.pos()).map_or(0, |whole| whole.trim_end().len())
                };
                let node = Node { kind: rule, span: place(start..end), text: text.get(start..end).unwrap_or_default(), children };
                match open.as_mut_slice() {
                    // The entry rule itself.
                    [] => {}
                    [_] => top.push(node),
                    [.., parent] => {
                        parent.inner = end;
                        // Most nodes have one child; a vector would begin with room for four.
                        if parent.children.is_empty() {
                            parent.children.reserve_exact(1);
                        }
                        parent.children.push(node);
                    }
                }
            }
        }
    }
    top
}

/// A rule that has begun.
struct Open<'a> {
    start: usize,
    /// Where its last child ends.
    inner: usize,
    children: Vec<Node<'a>>,
}

/// Whether a text is nothing but white space and comments.
fn is_trivia(text: &str) -> bool {
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            return false;
        };
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    true
}

impl<'a> Node<'a> {
    /// The first child of a kind.
    pub fn child(&self, kind: NodeKind) -> Option<&Node<'a>> {
        self.children.iter().find(|node| node.kind == kind)
    }

    /// All children of a kind.
    pub fn all(&self, kind: NodeKind) -> impl Iterator<Item = &Node<'a>> {
        self.children.iter().filter(move |node| node.kind == kind)
    }

    /// Whether there is a child of a kind.
    pub fn has(&self, kind: NodeKind) -> bool {
        self.child(kind).is_some()
    }
}

impl Script {
    /// The definitions that are segments.
    pub fn segments(&self) -> impl Iterator<Item = &super::ast::SegmentDef> {
        self.statements.iter().filter_map(|statement| match statement {
            Statement::Segment(segment) => Some(segment),
            _ => None,
        })
    }
}
