//! The one spelling of names and texts.

use std::borrow::Cow;

use crate::syntax::parse::{Node, NodeKind};
use crate::syntax::quoted;
use crate::value::nfc;

/// Names that mean something else without backticks where an attribute is expected.
const NOT_ATTRIBUTES: [&str; 10] = ["time", "all", "any", "none", "not", "now", "today", "yesterday", "true", "false"];

/// A name as the formatter writes it: in NFC, in backticks where it needs them.
pub(super) fn name<'a>(node: &Node<'a>) -> Cow<'a, str> {
    let Some(inner) = node.text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) else { return nfc(node.text) };
    written(node.kind, nfc(inner))
}

/// A name in NFC as it is written where a node of this kind stands.
pub(super) fn written(kind: NodeKind, name: Cow<'_, str>) -> Cow<'_, str> {
    let taken = match kind {
        NodeKind::attr_name => NOT_ATTRIBUTES.contains(&&*name),
        // `event any` is every event, `in decision d` a decision.
        NodeKind::event_name => name == "any",
        NodeKind::segment_name => name == "decision",
        _ => false,
    };
    if is_word(&name) && !taken { name } else { format!("`{name}`").into() }
}

/// Whether a name needs no backticks.
fn is_word(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| unicode_ident::is_xid_start(c) || c == '_') && chars.all(unicode_ident::is_xid_continue)
}

/// A dotted name.
pub(super) fn path<'a>(node: &Node<'a>) -> Cow<'a, str> {
    match node.children.as_slice() {
        [only] => name(only),
        parts => parts.iter().map(name).collect::<Vec<_>>().join(".").into(),
    }
}

/// A string with the shortest escapes; as it is when one of its escapes is none.
pub(super) fn string(literal: &str) -> Cow<'_, str> {
    match text(literal) {
        Some(text) => {
            let canonical = quoted(&text);
            if canonical == literal { literal.into() } else { canonical.into() }
        }
        None => literal.into(),
    }
}

/// The text of a string literal, in NFC; `None` if one of its escapes is none.
pub(crate) fn text(literal: &str) -> Option<Cow<'_, str>> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(nfc(inner));
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        let (c, tail) = unescaped(escape)?;
        out.push(c);
        rest = tail;
    }
    out.push_str(rest);
    Some(nfc(&out).into_owned().into())
}

/// What stands for the escape after a backslash, and what follows it.
fn unescaped(escape: &str) -> Option<(char, &str)> {
    let mut chars = escape.chars();
    let c = match chars.next()? {
        'n' => '\n',
        't' => '\t',
        c @ ('"' | '\\') => c,
        'u' => {
            let (hex, tail) = chars.as_str().strip_prefix('{')?.split_once('}')?;
            return Some((u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?, tail));
        }
        _ => return None,
    };
    Some((c, chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_one_spelling() {
        for (from, to) in [
            (r#""a""#, r#""a""#),
            ("\"a\nb\"", r#""a\nb""#),
            (r#""\u{17C}\u{0A}""#, r#""ż\n""#),
            (r#""z\u{307}""#, r#""ż""#),
            (r#""\u{307}\u{a0}""#, r#""\u{307}\u{A0}""#),
            (r#""\d+\n""#, r#""\d+\n""#),
        ] {
            assert_eq!(string(from), to, "{from}");
            assert_eq!(string(to), to, "{to}");
        }
    }
}
