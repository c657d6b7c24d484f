//! How each part of a script is laid out.

use std::borrow::Cow;

use super::doc::Break;
use super::emit::Emitter;
use super::{Parsed, spelling};
use crate::syntax::parse::{Node, NodeKind};
use crate::syntax::parts::Part;

/// The formatted text of a script, or of a piece of one. Its first piece gets the line `edition` that it lacks.
pub(super) fn script(parsed: &Parsed<'_>, is_first: bool) -> String {
    let mut out = Emitter::new(parsed.text, &parsed.trivia);
    let mut previous = None;
    if is_first && lacks_edition(parsed) {
        out.doc.text("edition 1");
        out.blank_line();
    }
    for part in &parsed.parts {
        let (start, layout) = match part {
            Part::Whole(node) => (node.span.start, Layout::of(node)),
            Part::Broken(range) => (range.start, Layout::Block),
        };
        if let Some(previous) = previous {
            let together = previous == Layout::Line && layout == Layout::Line;
            out.line_before(start, Break::Hard, !together);
        }
        match part {
            Part::Broken(range) => {
                out.token_at(range.start, range.end, parsed.text.get(range.clone()).unwrap_or_default());
            }
            Part::Whole(node) if node.kind == NodeKind::statement => node.children.iter().for_each(|inner| any(&mut out, inner)),
            Part::Whole(node) => any(&mut out, node),
        }
        previous = Some(layout);
    }
    out.end_of_text();
    out.doc.print()
}

/// Whether the line `edition` is to be added: to definitions, not to one bare condition.
fn lacks_edition(parsed: &Parsed<'_>) -> bool {
    let defines = |part: &Part<'_>| matches!(part, Part::Whole(node) if node.kind == NodeKind::statement);
    let written = match parsed.parts.first() {
        Some(Part::Whole(node)) => node.kind == NodeKind::edition,
        Some(Part::Broken(range)) => parsed.text.get(range.clone()).is_some_and(|text| text.starts_with("edition")),
        None => false,
    };
    !written && parsed.parts.iter().any(defines)
}

/// Whether definitions of this kind may follow each other without a blank line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Line,
    Block,
}

impl Layout {
    fn of(node: &Node<'_>) -> Self {
        match node.children.first().map(|definition| definition.kind) {
            Some(NodeKind::param_def | NodeKind::use_def | NodeKind::let_def | NodeKind::list_def) => Self::Line,
            _ => Self::Block,
        }
    }
}

/// Any node.
fn any<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    match node.kind {
        NodeKind::segment_def | NodeKind::let_def | NodeKind::list_def => definition(out, node),
        NodeKind::param_def => param(out, node),
        NodeKind::param_ref => dollar(out, node),
        NodeKind::decision_def => decision(out, node),
        NodeKind::branch => branch(out, node),
        NodeKind::test_def => test_block(out, node),
        NodeKind::test_values => items(out, node, "{", "}", Break::Space, Break::Space),
        NodeKind::test_value => test_value(out, node),
        NodeKind::test_member | NodeKind::reference => with_equals(out, node),
        NodeKind::test_members => test_members(out, node),

        NodeKind::group | NodeKind::quorum | NodeKind::filter_group | NodeKind::has_items => grouped(out, node),
        NodeKind::members | NodeKind::filter_members => members(out, node),
        NodeKind::sequence => sequence(out, node),
        NodeKind::event | NodeKind::step => event(out, node),
        NodeKind::ranked => ranked(out, node),
        NodeKind::value_test | NodeKind::filter_test => tested(out, node),
        NodeKind::filter | NodeKind::expr | NodeKind::product => chain(out, node),
        NodeKind::times => times(out, node),
        NodeKind::last_periods => last_periods(out, node),
        NodeKind::ignoring => ignoring(out, node),

        NodeKind::event_union | NodeKind::list_literal | NodeKind::test_list => {
            items(out, node, "[", "]", Break::Soft, Break::Fill);
        }
        NodeKind::event_prefix => {
            spaced(out, node);
            out.sign("*");
        }
        NodeKind::parenthesis => called(out, None, &node.children),
        NodeKind::conditional | NodeKind::part => called(out, node.children.first(), node.children.get(1..).unwrap_or_default()),
        NodeKind::aggregate => aggregate(out, node),

        NodeKind::segment_name | NodeKind::param_name | NodeKind::list_name | NodeKind::decision_name | NodeKind::event_name => {
            out.token(node, spelling::name(node));
        }
        NodeKind::attr_path | NodeKind::field_path => out.token(node, spelling::path(node)),
        // The rule looks ahead, so that its text may hold a comment.
        NodeKind::op_subtract => out.sign("-"),
        NodeKind::string => out.token(node, spelling::string(node.text)),
        _ if node.children.is_empty() => out.token(node, node.text),
        _ => spaced(out, node),
    }
}

/// Children with a space between them.
fn spaced<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    for (position, child) in node.children.iter().enumerate() {
        if position > 0 {
            out.doc.space();
        }
        any(out, child);
    }
}

/// A space and the child of a kind, if there is one.
fn optional<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>, kind: NodeKind) {
    if let Some(child) = node.child(kind) {
        out.doc.space();
        any(out, child);
    }
}

// ------------------------------------------------------------------------------------------------ definitions

/// `segment name "title" = CONDITION`, `let $name = VALUE`, `list name = "file"`: all on one line, or what follows `=` on
/// the next.
fn definition<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let Some((body, head)) = node.children.split_last() else { return };
    out.doc.begin();
    for (position, child) in head.iter().enumerate() {
        if position > 0 {
            out.doc.space();
        }
        if child.kind == NodeKind::param_name { dollar_name(out, child) } else { any(out, child) }
    }
    equals(out, body);
    out.doc.end();
}

/// `=` and what follows it, on this line or the next.
fn equals<'a>(out: &mut Emitter<'_, 'a>, body: &Node<'a>) {
    out.doc.space();
    out.sign("=");
    out.doc.indent();
    out.doc.line(Break::Space);
    any(out, body);
    out.doc.dedent();
}

/// `param $name: type = value`
fn param<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let [keyword, name, ty, value] = node.children.as_slice() else { return spaced(out, node) };
    out.doc.begin();
    any(out, keyword);
    out.doc.space();
    dollar_name(out, name);
    out.sign(":");
    out.doc.space();
    any(out, ty);
    if value.children.first().is_some_and(|value| value.kind == NodeKind::list_literal) {
        out.doc.space();
        out.sign("=");
        out.doc.space();
        any(out, value);
    } else {
        equals(out, value);
    }
    out.doc.end();
}

fn dollar<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    node.children.iter().for_each(|name| dollar_name(out, name));
}

fn dollar_name<'a>(out: &mut Emitter<'_, 'a>, name: &Node<'a>) {
    out.sign("$");
    any(out, name);
}

/// `decision name "title" < branches >`, one branch a line.
fn decision<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    out.doc.begin();
    node.child(NodeKind::kw_decision).into_iter().for_each(|keyword| any(out, keyword));
    optional(out, node, NodeKind::decision_name);
    optional(out, node, NodeKind::title);
    out.doc.space();
    listed(out, node, NodeKind::branch, Break::Hard);
    out.doc.end();
}

/// `when CONDITION -> "label"`
fn branch<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    for (position, child) in node.children.iter().enumerate() {
        if position > 0 {
            out.doc.space();
        }
        if child.kind == NodeKind::string {
            out.sign("->");
            out.doc.space();
        }
        any(out, child);
    }
}

/// `test "title" at INSTANT { lines }`
fn test_block<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let is_line = |kind| matches!(kind, NodeKind::test_contact | NodeKind::test_event | NodeKind::test_expect);
    let (lines, head): (Vec<_>, Vec<_>) = node.children.iter().partition(|child| is_line(child.kind));
    let empty = lines.is_empty();
    out.doc.begin();
    for child in head {
        any(out, child);
        out.doc.space();
    }
    out.sign("{");
    out.doc.indent();
    for line in lines {
        out.line_before(line.span.start, Break::Hard, false);
        any(out, line);
    }
    out.close("}", if empty { Break::Soft } else { Break::Hard });
    out.doc.end();
}

/// `name: value`
fn test_value<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let [name, value] = node.children.as_slice() else { return spaced(out, node) };
    any(out, name);
    out.sign(":");
    out.doc.space();
    any(out, value);
}

/// `segment s = ["anna", "jan"]`
fn test_members<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let (members, head): (Vec<_>, Vec<_>) = node.children.iter().partition(|child| child.kind == NodeKind::string);
    for child in head {
        any(out, child);
        out.doc.space();
    }
    out.sign("=");
    out.doc.space();
    bracketed(out, &members, "[", "]", Break::Soft, Break::Fill);
}

/// `decision d = "label"`, or what has no `=` in it.
fn with_equals<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let label = node.children.iter().rposition(|child| child.kind == NodeKind::string).filter(|position| *position > 0);
    for (position, child) in node.children.iter().enumerate() {
        if position > 0 {
            out.doc.space();
        }
        if Some(position) == label {
            out.sign("=");
            out.doc.space();
        }
        any(out, child);
    }
}

// ------------------------------------------------------------------------------------------------- conditions

/// `all < a; b >`: on one line if it fits, otherwise one member a line.
fn grouped<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    out.doc.begin();
    spaced(out, node);
    out.doc.end();
}

fn members<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let kind = if node.kind == NodeKind::members { NodeKind::condition } else { NodeKind::filter };
    listed(out, node, kind, Break::Space);
}

/// `< a; b >` with the children of a kind as members.
fn listed<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>, kind: NodeKind, line: Break) {
    let mut members = node.all(kind).peekable();
    out.sign("<");
    out.doc.indent();
    while let Some(member) = members.next() {
        out.line_before(member.span.start, line, false);
        any(out, member);
        out.separator(";", members.peek().is_some());
    }
    out.close(">", line);
}

/// `sequence by attr WINDOW < step; then step >`
fn sequence<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let steps = node.children.iter().position(|child| child.kind == NodeKind::step).unwrap_or(node.children.len());
    let (head, mut steps) = node.children.split_at(steps);
    out.doc.begin();
    for child in head {
        any(out, child);
        out.doc.space();
    }
    out.sign("<");
    out.doc.indent();
    while let Some((first, rest)) = steps.split_first() {
        // Every step but the first begins with its `then`.
        out.line_before(first.span.start, Break::Space, false);
        any(out, first);
        steps = rest;
        if first.kind == NodeKind::kw_then
            && let Some((step, rest)) = steps.split_first()
        {
            out.doc.space();
            any(out, step);
            steps = rest;
        }
        out.separator(";", !steps.is_empty());
    }
    out.close(">", Break::Space);
    out.doc.end();
}

/// `event E`, and on the same line or below it `where`, the number of times, and the window.
fn event<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    out.doc.begin();
    let head = node.children.iter().position(|child| child.kind == NodeKind::event_ref).map_or(0, |at| at + 1);
    let (head, rest) = node.children.split_at(head);
    for (position, child) in head.iter().enumerate() {
        if position > 0 {
            out.doc.space();
        }
        any(out, child);
    }
    below(out, rest);
    out.doc.end();
}

/// `where` and what follows it, each on a line of its own if they do not fit.
fn below<'a>(out: &mut Emitter<'_, 'a>, rest: &[Node<'a>]) {
    let mut rest: Vec<&Node<'a>> = rest.iter().collect();
    let is_window = |tail: &Node<'_>| tail.children.first().is_some_and(|tail| tail.kind == NodeKind::window);
    rest.sort_by_key(|child| child.kind == NodeKind::event_tail && is_window(child));
    out.doc.indent();
    let mut furthest = out.position();
    for (position, child) in rest.iter().enumerate() {
        // The length of time after `within` of a step stays beside it.
        if position > 0 && child.kind == NodeKind::duration {
            out.doc.space();
        } else {
            out.doc.line(Break::Space);
        }
        any(out, child);
        furthest = furthest.max(out.position());
    }
    out.go_to(furthest);
    out.doc.dedent();
}

/// `top 10% by VALUE of CONDITION`
fn ranked<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let block = node.child(NodeKind::condition).is_some_and(is_block);
    out.doc.begin();
    for (position, child) in node.children.iter().enumerate() {
        if child.kind == NodeKind::kw_of && !block {
            out.doc.indent();
            out.doc.line(Break::Space);
        } else if position > 0 {
            out.doc.space();
        }
        any(out, child);
    }
    if node.has(NodeKind::kw_of) && !block {
        out.doc.dedent();
    }
    out.doc.end();
}

/// Whether a condition opens a block, which may begin in the middle of a line.
fn is_block(condition: &Node<'_>) -> bool {
    condition.children.first().is_some_and(|inner| match inner.kind {
        NodeKind::group | NodeKind::quorum | NodeKind::sequence => true,
        NodeKind::not => inner.child(NodeKind::condition).is_some_and(is_block),
        _ => false,
    })
}

/// A value and its test, which begins the next line if both do not fit; a list or records begin on the same line.
fn tested<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let [value, test] = node.children.as_slice() else { return spaced(out, node) };
    out.doc.begin();
    any(out, value);
    out.doc.indent();
    if ends_in_brackets(test) {
        out.doc.dedent();
        out.doc.space();
        any(out, test);
    } else {
        out.doc.line(if is_call(value) { Break::Hug } else { Break::Space });
        any(out, test);
        out.doc.dedent();
    }
    out.doc.end();
}

/// Whether a value ends with the parenthesis that it opened.
fn is_call(value: &Node<'_>) -> bool {
    match value.children.as_slice() {
        [only] => match only.kind {
            NodeKind::product | NodeKind::primary => is_call(only),
            kind => matches!(kind, NodeKind::aggregate | NodeKind::conditional | NodeKind::parenthesis | NodeKind::part),
        },
        _ => false,
    }
}

fn ends_in_brackets(test: &Node<'_>) -> bool {
    let base = test.child(NodeKind::base_test).and_then(|base| base.children.first());
    base.is_some_and(|base| match base.kind {
        NodeKind::membership => has_list(base),
        NodeKind::has => base.has(NodeKind::has_items) || base.child(NodeKind::has_list).is_some_and(has_list),
        _ => false,
    })
}

fn has_list(test: &Node<'_>) -> bool {
    test.child(NodeKind::list_operand).is_some_and(|operand| operand.has(NodeKind::list_literal))
}

// ----------------------------------------------------------------------------------------------------- values

/// Operands with their operators: on one line, or each operator with its operand on the next.
fn chain<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let Some((first, rest)) = node.children.split_first() else { return };
    if rest.is_empty() {
        return any(out, first);
    }
    out.doc.begin();
    any(out, first);
    out.doc.indent();
    for pair in rest.chunks(2) {
        out.doc.line(Break::Space);
        for (position, child) in pair.iter().enumerate() {
            if position > 0 {
                out.doc.space();
            }
            any(out, child);
        }
    }
    out.doc.dedent();
    out.doc.end();
}

/// `at least 2 times`, `exactly 1 time`
fn times<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let number = node.child(NodeKind::count_words).and_then(|words| words.child(NodeKind::integer));
    let word = if number.is_some_and(is_one) { "time" } else { "times" };
    for (position, child) in node.children.iter().enumerate() {
        if position > 0 {
            out.doc.space();
        }
        if child.kind == NodeKind::kw_times { out.token(child, word) } else { any(out, child) }
    }
}

/// `last month`, `last 3 months`
fn last_periods<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let many = node.child(NodeKind::integer).is_some_and(|n| !is_one(n));
    for (position, child) in node.children.iter().enumerate() {
        if position > 0 {
            out.doc.space();
        }
        let one = child.text.trim_end_matches('s');
        match child.kind {
            NodeKind::periods if many => out.token(child, Cow::Owned(format!("{one}s"))),
            NodeKind::periods => out.token(child, one),
            _ => any(out, child),
        }
    }
}

fn is_one(integer: &Node<'_>) -> bool {
    integer.text.replace('_', "").parse() == Ok(1_u64)
}

/// `ignoring case and accents`, in this order.
fn ignoring<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let mut words: Vec<&Node<'a>> = node.children.iter().collect();
    words.sort_by_key(|word| match word.kind {
        NodeKind::kw_ignoring => 0,
        NodeKind::kw_case => 1,
        NodeKind::kw_and => 2,
        _ => 3,
    });
    for (position, word) in words.iter().enumerate() {
        if position > 0 {
            out.doc.space();
        }
        any(out, word);
    }
    out.go_to(node.span.end);
}

/// `[a, b]`, `{ a: 1, b: 2 }`: the children between brackets.
fn items<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>, open: &'static str, close: &'static str, edge: Break, line: Break) {
    bracketed(out, &node.children.iter().collect::<Vec<_>>(), open, close, edge, line);
}

fn bracketed<'a>(
    out: &mut Emitter<'_, 'a>,
    items: &[&Node<'a>],
    open: &'static str,
    close: &'static str,
    edge: Break,
    line: Break,
) {
    out.doc.begin();
    out.sign(open);
    out.doc.indent();
    for (position, item) in items.iter().enumerate() {
        out.doc.line(if position == 0 { edge } else { line });
        any(out, item);
        out.separator(",", position + 1 < items.len());
    }
    if items.is_empty() {
        out.separator(",", false);
    }
    out.close(close, if items.is_empty() { Break::Soft } else { edge });
    out.doc.end();
}

/// `name(a, b)`, `(a)`
fn called<'a>(out: &mut Emitter<'_, 'a>, name: Option<&Node<'a>>, arguments: &[Node<'a>]) {
    if let Some(name) = name {
        any(out, name);
    }
    bracketed(out, &arguments.iter().collect::<Vec<_>>(), "(", ")", Break::Soft, Break::Space);
}

/// `sum(E.attr where ... within ..., 2)`
fn aggregate<'a>(out: &mut Emitter<'_, 'a>, node: &Node<'a>) {
    let [name, event, rest @ ..] = node.children.as_slice() else { return spaced(out, node) };
    let is_argument = |child: &Node<'_>| matches!(child.kind, NodeKind::duration | NodeKind::number);
    let (attr, rest) = match rest {
        [attr, rest @ ..] if attr.kind == NodeKind::attr_path => (Some(attr), rest),
        _ => (None, rest),
    };
    let (events, arguments) = rest.split_at(rest.iter().position(is_argument).unwrap_or(rest.len()));
    any(out, name);
    out.doc.begin();
    out.sign("(");
    out.doc.indent();
    out.doc.line(Break::Soft);
    out.doc.begin();
    any(out, event);
    if let Some(attr) = attr {
        out.sign(".");
        any(out, attr);
    }
    below(out, events);
    out.doc.end();
    for argument in arguments {
        out.separator(",", true);
        out.doc.line(Break::Space);
        any(out, argument);
    }
    out.close(")", Break::Soft);
    out.doc.end();
}
