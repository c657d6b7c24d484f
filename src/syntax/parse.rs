//! Text to nodes: the only file that knows pest.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pest::error::ErrorVariant;
use pest::iterators::Pairs;
use pest::{Parser, Token};

use super::ast::{Script, Statement};
use super::{SourceId, Span, build, lex, nesting, pieces, recover};
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
    read_in_pieces(text, source, &pieces::cut(text)).unwrap_or_else(|| read_whole(text, source))
}

fn read_whole(text: &str, source: SourceId) -> (Script, Vec<Diagnostic>) {
    accepted(text, source).map_or_else(
        || {
            let mut cx = build::Context::new(text, source);
            let mut script = Script::default();
            recover::recover(text, &mut cx, &mut script);
            (script, cx.into_diagnostics())
        },
        |nodes| built(text, source, &nodes),
    )
}

/// The nodes of a script that the grammar accepts.
pub(crate) fn accepted(text: &str, source: SourceId) -> Option<Vec<Node<'_>>> {
    if text.len() > MAX_SCRIPT_BYTES || nesting::too_deep(text).is_some() {
        return None;
    }
    nodes(Rule::script, text, &|range| Span::new(source, range.start, range.end)).ok()
}

/// What the nodes of a whole script define.
pub(crate) fn built(text: &str, source: SourceId, nodes: &[Node<'_>]) -> (Script, Vec<Diagnostic>) {
    let mut cx = build::Context::new(text, source);
    let mut script = Script::default();
    for node in nodes {
        add(&mut cx, node, &mut script);
    }
    (script, cx.into_diagnostics())
}

/// Reads a script piece by piece; `None` when it has to be read whole.
fn read_in_pieces(text: &str, source: SourceId, pieces: &[Range<usize>]) -> Option<(Script, Vec<Diagnostic>)> {
    let read = pieces::each(pieces, &|piece| read_piece(text, source, piece))?;
    let (mut whole, mut diagnostics) = (Script::default(), Vec::new());
    for (script, found) in read {
        whole.edition = whole.edition.or(script.edition);
        whole.statements.extend(script.statements);
        diagnostics.extend(found);
    }
    Some((whole, diagnostics))
}

/// Reads the definitions of a piece one by one, so that their nodes are gone before the next; `None` when there is
/// anything else.
fn read_piece(text: &str, source: SourceId, piece: Range<usize>) -> Option<(Script, Vec<Diagnostic>)> {
    let text_of_piece = text.get(..piece.end)?;
    if nesting::too_deep(text_of_piece.get(piece.start..)?).is_some() {
        return None;
    }
    let mut cx = build::Context::new(text, source);
    let mut script = Script::default();
    let next = |at: usize| lex::strict(text_of_piece.get(at..).unwrap_or_default()).next().map(|token| at + token.start);
    let mut at = next(piece.start);
    while let Some(start) = at {
        let rest = text_of_piece.get(start..)?;
        let place = |range: Range<usize>| Span::new(source, start + range.start, start + range.end);
        let is_first = piece.start == 0 && script.edition.is_none() && script.statements.is_empty();
        let edition = if is_first { node(Rule::edition, rest, &place) } else { None };
        let node = edition.or_else(|| node(Rule::statement, rest, &place))?;
        add(&mut cx, &node, &mut script);
        at = next(node.span.end);
    }
    Some((script, cx.into_diagnostics()))
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
    Ok(tree(pairs, text, place).map_or_else(Vec::new, |entry| entry.children))
}

/// The node of a rule that accepts the beginning of a text.
fn node<'a>(rule: NodeKind, text: &'a str, place: &dyn Fn(Range<usize>) -> Span) -> Option<Node<'a>> {
    tree(Grammar::parse(rule, text).ok()?, text, place)
}

/// Failures say where reading stopped and what was tried there, as long as this is held. The detail halves the speed and
/// is a process-wide switch, so it is turned on for what is wrong only.
#[must_use]
pub(crate) fn explain_failures() -> Explained {
    let mut count = explainers();
    *count += 1;
    pest::set_error_detail(true);
    Explained
}

/// Failures say what was tried while there is one.
pub(crate) struct Explained;

impl Drop for Explained {
    fn drop(&mut self) {
        let mut count = explainers();
        *count -= 1;
        pest::set_error_detail(*count > 0);
    }
}

/// How many want failures explained.
fn explainers() -> MutexGuard<'static, usize> {
    static COUNT: Mutex<usize> = Mutex::new(0);
    COUNT.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The node of the entry rule, made from where rules begin and end: quicker than pair by pair.
fn tree<'a>(pairs: Pairs<'a, Rule>, text: &'a str, place: &dyn Fn(Range<usize>) -> Span) -> Option<Node<'a>> {
    let mut open: Vec<Open<'a>> = Vec::new();
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
                let Some(parent) = open.last_mut() else { return Some(node) };
                parent.inner = end;
                // Most nodes have one child; a vector would begin with room for four.
                if parent.children.is_empty() {
                    parent.children.reserve_exact(1);
                }
                parent.children.push(node);
            }
        }
    }
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_say_what_the_whole_says() {
        let definitions = [
            "segment a = all < event E; field f = 1 >\n",
            "/// Doc.\nsegment b \"B\" = not segment a // b\n",
            "segment c = event any at least 1 time within 30d\n",
            "decision d < when segment a -> \"x\"; otherwise -> \"\\q\" >\n",
            "test \"t\" at 2025-01-01 { contact \"anna\" { f: 1 } }\n",
            "param $p: number = 3\nlet $q = field f + 1\n",
            "segment e = field date on 2025-13-01\n",
            "segment f = event last\n",
            "segment g = any <\nsegment a;\nsegment b >\n",
            "segment h = segment\n",
            "segment i = event E last\n",
            "segment j = field f has any\n",
            "segment k = event E where a = 1 and\n",
            "segment l = \"two\nsegment lines\" = field f\n",
        ];
        let mut read = 0;
        for first in definitions {
            for second in definitions {
                for third in definitions {
                    let text = format!("edition 1\n{first}{second}\n{third}");
                    if let Some(pieces) = read_in_pieces(&text, SourceId(0), &pieces::cut_at(&text, 1)) {
                        assert_eq!(pieces, read_whole(&text, SourceId(0)), "{text}");
                        read += 1;
                    }
                }
            }
        }
        assert!(read > 200, "only {read} scripts were read in pieces");
    }
}
