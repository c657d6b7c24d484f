//! What a text defines, and whether it is whole.

use std::ops::Range;

use crate::diag::Diagnostic;
use crate::syntax::SourceId;
use crate::syntax::ast::Script;
use crate::syntax::parse::{self, NodeKind};

/// What a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `segment s = ...`
    Segment,
    /// `param $p: type = value`
    Param,
    /// `let $v = ...`
    Let,
    /// `list l = "file"`
    List,
    /// `decision d < ... >`
    Decision,
    /// `use "file"`
    Use,
    /// `test "title" { ... }`
    Test,
}

/// A statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Its name without backticks and `$`; the file of a `use`, the title of a test.
    pub name: String,
    /// Its text with the comments above it and behind it. The items of a script cover it without gaps.
    pub range: Range<usize>,
}

/// What a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outline {
    /// Nothing but comments.
    Empty,
    /// One bare condition.
    Condition,
    /// Statements.
    Items(Vec<Item>),
    /// It could become a script if it went on.
    Unfinished,
    /// It has a mistake.
    Broken,
}

/// Looks at a text without a schema.
///
/// ```
/// use segql::ide::outline::{Outline, outline};
/// assert_eq!(outline("event Zakup within 30d"), Outline::Condition);
/// assert_eq!(outline("all < event Zakup;"), Outline::Unfinished);
/// assert_eq!(outline("event event event"), Outline::Broken);
/// assert!(matches!(outline("segment a = everyone segment b = nobody"), Outline::Items(items) if items.len() == 2));
/// ```
#[must_use]
pub fn outline(text: &str) -> Outline {
    parse::accepted(text, SourceId(0)).map_or_else(|| refused(text), |nodes| of_nodes(text, &nodes))
}

/// A text that has been looked at, with what was read of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// What it is.
    pub outline: Outline,
    /// The script that it is, as source 0, with what is said of it; `None` of one that the grammar refuses.
    pub script: Option<(Script, Vec<Diagnostic>)>,
}

/// Looks at a text without a schema, and keeps what it reads, so that nobody has to parse it again.
///
/// ```
/// use segql::ide::outline::{Outline, read};
/// let one = read("event Zakup within 30d");
/// assert_eq!(one.outline, Outline::Condition);
/// assert!(one.script.is_some_and(|(script, diagnostics)| script.bare.is_some() && diagnostics.is_empty()));
/// assert!(read("all < event Zakup;").script.is_none());
/// ```
#[must_use]
pub fn read(text: &str) -> Read {
    match parse::accepted(text, SourceId(0)) {
        Some(nodes) => Read { outline: of_nodes(text, &nodes), script: Some(parse::built(text, SourceId(0), &nodes)) },
        None => Read { outline: refused(text), script: None },
    }
}

fn of_nodes(text: &str, nodes: &[parse::Node<'_>]) -> Outline {
    let mut items = Vec::new();
    for node in nodes {
        match node.kind {
            NodeKind::condition => return Outline::Condition,
            NodeKind::statement => items.extend(node.children.first().and_then(|definition| {
                let (kind, name) = named(definition)?;
                Some(Item { kind, name, range: node.span.start..node.span.end })
            })),
            _ => {}
        }
    }
    if items.is_empty() {
        return Outline::Empty;
    }
    cover(&mut items, text);
    Outline::Items(items)
}

fn refused(text: &str) -> Outline {
    if is_open(text) { Outline::Unfinished } else { Outline::Broken }
}

/// Whether reading stops at the end of the text only.
fn is_open(text: &str) -> bool {
    use crate::syntax::lex::{Kind, tolerant};
    let open = |kind| matches!(kind, Kind::OpenComment);
    if tolerant(text).iter().any(|token| open(token.kind)) {
        return true;
    }
    let _explained = parse::explain_failures();
    parse::failure(NodeKind::script, text).is_some_and(|failure| failure.at >= text.trim_end().len())
}

fn named(definition: &parse::Node<'_>) -> Option<(Kind, String)> {
    let of = |kind, rule| Some((kind, definition.child(rule)?.text.trim_matches('`').to_owned()));
    match definition.kind {
        NodeKind::segment_def => of(Kind::Segment, NodeKind::segment_name),
        NodeKind::param_def => of(Kind::Param, NodeKind::param_name),
        NodeKind::let_def => of(Kind::Let, NodeKind::param_name),
        NodeKind::list_def => of(Kind::List, NodeKind::list_name),
        NodeKind::decision_def => of(Kind::Decision, NodeKind::decision_name),
        NodeKind::use_def => of(Kind::Use, NodeKind::string),
        NodeKind::test_def => of(Kind::Test, NodeKind::string),
        _ => None,
    }
}

/// Each item takes what stands before it; a comment behind it on its line, too.
fn cover(items: &mut [Item], text: &str) {
    let mut start = 0;
    let count = items.len();
    for (at, item) in items.iter_mut().enumerate() {
        let rest = text.get(item.range.end..).unwrap_or_default();
        let line = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let only_comment = rest.get(..line).is_some_and(|line| {
            let line = line.trim();
            line.is_empty() || line.starts_with("//")
        });
        let end = if at + 1 == count { text.len() } else { item.range.end + if only_comment { line } else { 0 } };
        item.range = start..end;
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_with_their_comments() {
        let text = "/// Gold\nsegment vip = everyone // all\n\n// b\nlet $x = 1 + 2 use \"common.seg\"\n";
        let Outline::Items(items) = outline(text) else { panic!("no items") };
        let of: Vec<_> = items.iter().map(|i| (i.kind, i.name.as_str(), &text[i.range.clone()])).collect();
        assert_eq!(
            of,
            [
                (Kind::Segment, "vip", "/// Gold\nsegment vip = everyone // all\n"),
                (Kind::Let, "x", "\n// b\nlet $x = 1 + 2"),
                (Kind::Use, "\"common.seg\"", " use \"common.seg\"\n"),
            ]
        );
    }

    #[test]
    fn whole_or_not() {
        for open in ["all <", "all < event A", "field a in [", "segment s =", "event A where", "/* a", "not", "field a = \"x"] {
            assert_eq!(outline(open), Outline::Unfinished, "{open}");
        }
        for broken in ["all < event A >>", "feld a = 1", "event A within 30 dni"] {
            assert_eq!(outline(broken), Outline::Broken, "{broken}");
        }
        assert_eq!(outline(" // nothing\n"), Outline::Empty);
    }
}
