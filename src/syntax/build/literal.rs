//! Texts and numbers.

use super::Context;
use crate::diag::{Diagnostic, codes};
use crate::syntax::Span;
use crate::syntax::ast::Literal;
use crate::syntax::parse::Node;
use crate::value::{Decimal, nfc};

/// The text between the quotes, escapes resolved, in NFC.
pub(super) fn string(cx: &mut Context<'_>, node: &Node<'_>) -> Literal<String> {
    let inner = node.text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(node.text);
    if !inner.contains('\\') {
        return Literal { value: nfc(inner).into_owned(), span: node.span };
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let end = match chars.next() {
            Some((_, 'n')) => Some('\n').map(|c| (c, 0)),
            Some((_, 't')) => Some(('\t', 0)),
            Some((_, '"')) => Some(('"', 0)),
            Some((_, '\\')) => Some(('\\', 0)),
            Some((open, 'u')) => unicode(inner.get(open + 1..).unwrap_or_default()),
            _ => None,
        };
        if let Some((c, skip)) = end {
            out.push(c);
            chars.by_ref().take(skip).for_each(drop);
        } else {
            let start = node.span.start + 1 + at;
            let len: usize = inner.get(at..).unwrap_or_default().chars().take(2).map(char::len_utf8).sum();
            let span = Span::new(node.span.source, start, start + len);
            cx.report(
                Diagnostic::new(
                    codes::E0102,
                    span,
                    format!("`{}` is not an escape", cx.text.get(span.start..span.end).unwrap_or_default()),
                )
                .help(r#"the escapes are `\"`, `\\`, `\n`, `\t` and `\u{17C}`; a single backslash is written `\\`"#),
            );
        }
    }
    Literal { value: nfc(&out).into_owned(), span: node.span }
}

/// `{17C}` after `\u`: the character, and how many characters that took.
fn unicode(rest: &str) -> Option<(char, usize)> {
    let hex = rest.strip_prefix('{')?;
    let hex = hex.get(..hex.find('}')?)?;
    let c = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?;
    Some((c, hex.len() + 2))
}

/// The number a node spells.
pub(super) fn number(cx: &mut Context<'_>, node: &Node<'_>) -> Decimal {
    node.text.parse().unwrap_or_else(|_| {
        let message = format!("`{}` is larger than a number can be", node.text);
        cx.report(Diagnostic::new(codes::E0105, node.span, message).help("numbers have at most 37 digits"));
        Decimal::whole(0)
    })
}

/// `10%` as 0.1.
pub(super) fn percent(cx: &mut Context<'_>, node: &Node<'_>) -> Decimal {
    let digits = node.text.trim_end_matches('%');
    digits.parse().ok().and_then(|n: Decimal| format!("{n}e-2").parse().ok()).unwrap_or_else(|| {
        cx.report(Diagnostic::new(codes::E0105, node.span, format!("`{}` is larger than a number can be", node.text)));
        Decimal::whole(0)
    })
}

/// A whole number from 0 on.
pub(super) fn integer(cx: &mut Context<'_>, node: &Node<'_>) -> u64 {
    node.text.replace('_', "").parse().unwrap_or_else(|_| {
        let message = format!("`{}` is larger than a count can be", node.text);
        cx.report(Diagnostic::new(codes::E0105, node.span, message).help(format!("the largest is {}", u64::MAX)));
        0
    })
}
