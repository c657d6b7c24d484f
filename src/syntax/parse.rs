//! Text to nodes: the only file that knows pest.

use pest::Parser;
use pest::iterators::Pair;

use super::ast::{Script, Statement};
use super::{SourceId, Span, build, expected, nesting};
use crate::diag::{Diagnostic, codes};

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/segql.pest"]
struct Grammar;

pub(super) use self::Rule as NodeKind;

/// A piece of the text that matched a rule, and the pieces inside it.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub kind: NodeKind,
    pub span: Span,
    pub text: &'a str,
    pub children: Vec<Node<'a>>,
}

/// Longest script, in bytes.
const MAX_SCRIPT_BYTES: usize = 64 << 20;

/// Reads one file.
///
/// Every definition that can be read is in the script; each one that cannot has its error.
///
/// ```
/// use segql::syntax::{SourceId, parse};
/// let (script, diagnostics) = parse("segment a = everyone\nsegment b = everyone nobody\nsegment c = nobody", SourceId(0));
/// assert_eq!((script.statements.len(), diagnostics.len()), (2, 1));
/// ```
#[must_use]
pub fn parse(text: &str, source: SourceId) -> (Script, Vec<Diagnostic>) {
    if text.len() > MAX_SCRIPT_BYTES {
        let message = format!("the script has {} bytes, more than the {MAX_SCRIPT_BYTES} that are read", text.len());
        return (
            Script::default(),
            vec![
                Diagnostic::new(codes::E0104, Span::new(source, 0, 0), message)
                    .help("split it into several files and `use` them"),
            ],
        );
    }
    if let Some(error) = nesting::check(text, source) {
        return (Script::default(), vec![error]);
    }
    let cx = build::Context::new(text, source);
    match Grammar::parse(Rule::script, text) {
        Ok(pairs) => {
            let mut script = Script::default();
            let mut cx = cx;
            for node in pairs.flat_map(Pair::into_inner).map(|pair| convert(pair, source)) {
                add(&mut cx, &node, &mut script);
            }
            (script, cx.into_diagnostics())
        }
        Err(_) => recover(text, cx),
    }
}

fn add(cx: &mut build::Context<'_>, node: &Node<'_>, script: &mut Script) {
    match node.kind {
        Rule::statement => script.statements.extend(build::statement(cx, node)),
        Rule::condition => script.bare = Some(build::condition(cx, node)),
        Rule::edition => script.edition = build::edition(cx, node),
        _ => {}
    }
}

/// The slow path: what can be read is kept, every broken definition is parsed again alone for its error.
fn recover(text: &str, mut cx: build::Context<'_>) -> (Script, Vec<Diagnostic>) {
    // The extra detail halves the speed and is a process-wide switch, so it is turned on with the first error.
    pest::set_error_detail(true);
    let source = cx.source();
    let mut script = Script::default();
    let nodes: Vec<_> = Grammar::parse(Rule::recovering, text)
        .map(|pairs| pairs.flat_map(Pair::into_inner).map(|pair| convert(pair, source)).collect())
        .unwrap_or_default();
    let defines = |node: &Node<'_>| node.kind == Rule::statement || node.text.starts_with("segment ") && node.text.contains('=');
    let only_conditions = !nodes.iter().any(defines);
    for node in &nodes {
        if node.kind == Rule::broken {
            let entry =
                if only_conditions || !starts_definition(node.text) { Rule::condition_alone } else { Rule::statement_alone };
            let slice = if only_conditions { text.get(node.span.start..).unwrap_or_default() } else { node.text };
            let error = syntax_error(entry, slice, node.span.start, source);
            cx.report(error);
            if only_conditions {
                break;
            }
        } else {
            add(&mut cx, node, &mut script);
        }
    }
    if nodes.is_empty() {
        let error = syntax_error(Rule::script, text, 0, source);
        cx.report(error);
    }
    (script, cx.into_diagnostics())
}

fn starts_definition(text: &str) -> bool {
    ["segment", "param", "use", "let", "list", "decision", "test"].iter().any(|keyword| {
        text.strip_prefix(keyword).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

fn syntax_error(entry: Rule, text: &str, offset: usize, source: SourceId) -> Diagnostic {
    let (at, rules) = match Grammar::parse(entry, text) {
        // The slice alone is right: then what is wrong is that something stands before or after it.
        Ok(_) => (0, Vec::new()),
        Err(error) => match error.parse_attempts() {
            Some(attempts) => {
                let rules = attempts.call_stacks().into_iter().map(|stack| stack.deepest.get_rule().copied()).collect();
                (attempts.max_position, rules)
            }
            None => (0, Vec::new()),
        },
    };
    let rules: Vec<Rule> = rules.into_iter().flatten().collect();
    expected::error(text, at, offset, source, &rules)
}

fn convert(pair: Pair<'_, Rule>, source: SourceId) -> Node<'_> {
    let span = pair.as_span();
    let (start, kind, text) = (span.start(), pair.as_rule(), pair.as_str());
    let children: Vec<Node<'_>> = pair.into_inner().map(|inner| convert(inner, source)).collect();
    let inner = children.last().map_or(0, |child| child.span.end - start);
    // What a rule has passed over in search of an optional end does not belong to it.
    let tail = text.get(inner..).unwrap_or_default();
    let len = if !children.is_empty() && is_trivia(tail) { inner } else { text.trim_end().len() };
    Node { kind, span: Span::new(source, start, start + len), text: text.get(..len).unwrap_or(text), children }
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
