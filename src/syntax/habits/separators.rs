//! `;`, `,` and closing brackets: missing, too many, or one for the other.

use super::super::brackets::starts_condition;
use super::super::lex::Kind;
use super::super::parse::NodeKind;
use super::{Finding, Place};
use crate::diag::codes;

pub(super) fn find(place: &Place<'_>, found: &mut Vec<Finding>) {
    found.extend(list_brackets(place));
    found.extend(trailing(place));
    found.extend(comma(place));
    found.extend(unclosed(place));
    found.extend(too_many(place));
    found.extend(then(place));
    found.extend(missing(place));
    found.extend(side_by_side(place));
}

/// What separates the parts of what is being read.
fn separator(place: &Place<'_>) -> (&'static str, &'static str) {
    match place.rule {
        NodeKind::item_alone => (",", "items of a list"),
        NodeKind::branch_alone => (";", "branches"),
        NodeKind::first_step_alone | NodeKind::next_step_alone => (";", "steps"),
        NodeKind::filter_alone => (";", "tests"),
        _ => (";", "conditions"),
    }
}

/// Whether the parts of a group are read.
fn in_group(place: &Place<'_>) -> bool {
    !matches!(place.rule, NodeKind::statement_alone | NodeKind::edition_alone)
}

/// `segment a = everyone;`
fn trailing(place: &Place<'_>) -> Option<Finding> {
    let sign = place.word(0);
    if !matches!(sign, ";" | "," | ".") || place.index + 1 != place.tokens.len() || !place.complete() {
        return None;
    }
    Some(
        Finding::new(codes::E0181, place.here(), format!("nothing stands after a definition, `{sign}` neither"))
            .here("the definition is complete without it")
            .certain(format!("remove this `{sign}`"), vec![(place.here(), String::new())]),
    )
}

/// `in ("a", "b")`, `in "a"`
fn list_brackets(place: &Place<'_>) -> Option<Finding> {
    let before = place.word(-1).to_lowercase();
    let first = place.token(0).filter(|_| matches!(before.as_str(), "in" | "of"))?;
    let closer = match place.word(0) {
        "(" => ")",
        "{" => "}",
        "<" => ">",
        _ if before == "in" && matches!(first.kind, Kind::Text | Kind::Number) => "",
        _ => return None,
    };
    let finding = |at| Finding::new(codes::E0147, at, "a list stands between `[` and `]`");
    if closer.is_empty() {
        // Items without brackets: as far as commas go.
        let mut last = place.index;
        while place.text_of(last + 1) == ","
            && place.tokens.get(last + 2).is_some_and(|t| matches!(t.kind, Kind::Text | Kind::Number))
        {
            last += 2;
        }
        let end = place.tokens.get(last)?.end;
        let changes = vec![(first.start..first.start, "[".to_owned()), (end..end, "]".to_owned())];
        return Some(finding(first.start..end).certain("write `[` and `]`", changes));
    }
    let close = (place.index + 1..place.tokens.len()).find(|index| place.text_of(*index) == closer)?;
    let close = place.tokens.get(close)?;
    let changes = vec![(first.range(), "[".to_owned()), (close.range(), "]".to_owned())];
    Some(finding(first.range()).label(close.range(), "up to here").certain("write `[` and `]`", changes))
}

/// `,` between the conditions of a group.
fn comma(place: &Place<'_>) -> Option<Finding> {
    let (sign, parts) = separator(place);
    if place.word(0) != "," || sign == "," || !in_group(place) || !place.complete() || place.index + 1 == place.tokens.len() {
        return None;
    }
    let resume = place.here().end;
    Some(
        Finding::new(codes::E0127, place.here(), format!("the {parts} of a group are separated by `;`"))
            .here("`,` separates the items of a list")
            .write(";")
            .resume(resume),
    )
}

/// Two parts of a group without a sign between them.
fn missing(place: &Place<'_>) -> Option<Finding> {
    let (sign, parts) = separator(place);
    let begins = match place.rule {
        NodeKind::item_alone => place.kind(0) != Some(Kind::Sign),
        _ => matches!(place.kind(0), Some(Kind::Word | Kind::Name)),
    };
    if !in_group(place) || place.token(0).is_none() || !begins || !place.complete() {
        return None;
    }
    let end = place.before();
    let word = place.word(0);
    let sure = match place.rule {
        NodeKind::condition_alone => starts_condition(word),
        NodeKind::filter_alone => false,
        _ => true,
    };
    let code = if sign == "," { codes::E0147 } else { codes::E0126 };
    let finding = Finding::new(code, end..end, format!("`{sign}` is missing between two {parts}"))
        .here(format!("`{sign}` belongs here"))
        .label(place.here(), "before this");
    let title = format!("write `{sign}`");
    let changes = vec![(end..end, sign.to_owned())];
    let finding = if sure { finding.certain(title, changes) } else { finding.maybe(title, changes) };
    Some(finding.resume(end + sign.len()))
}

/// Two conditions of a definition without a group around them.
fn side_by_side(place: &Place<'_>) -> Option<Finding> {
    let first = place.tokens.get(place.condition_start())?;
    let last = place.tokens.last()?;
    let word = place.word(0);
    let sign = matches!(word, ";" | ",");
    if !matches!(place.rule, NodeKind::statement_alone | NodeKind::condition_alone) || !place.complete() {
        return None;
    }
    let begins = sign || place.kind(0) == Some(Kind::Word) && starts_condition(word);
    if !begins {
        return None;
    }
    let middle = if sign { (place.here(), ";".to_owned()) } else { (place.before()..place.before(), ";".to_owned()) };
    let open = (first.start..first.start, "all < ".to_owned());
    // A `>` at the end is there already where only the beginning of the group is missing.
    let closed = last.text(place.text) == ">";
    let tail = (last.end..last.end, if closed { "" } else { " >" }.to_owned());
    Some(
        Finding::new(codes::E0139, place.here(), "two conditions without a group around them")
            .here("the second begins here")
            .label(first.start..place.before(), "this is the first")
            .maybe("all of them must hold: write `all < first; second >`", vec![open.clone(), middle.clone(), tail.clone()])
            .maybe("one of them must hold: write `any < first; second >`", vec![(open.0, "any < ".to_owned()), middle, tail])
            .groups(),
    )
}

/// A `)` or `]` that is missing.
fn unclosed(place: &Place<'_>) -> Option<Finding> {
    let mut open = Vec::new();
    for token in place.tokens.iter().take(place.index) {
        match token.text(place.text) {
            "(" | "[" => open.push(*token),
            ")" | "]" => drop(open.pop()),
            _ => {}
        }
    }
    let open = open.pop()?;
    let sign = if open.text(place.text) == "(" { ")" } else { "]" };
    let end = place.before();
    Some(
        Finding::new(codes::E0124, open.range(), format!("`{}` is never closed", open.text(place.text)))
            .here("it begins here")
            .label(end..end, format!("`{sign}` belongs here"))
            .certain(format!("write `{sign}`"), vec![(end..end, sign.to_owned())]),
    )
}

/// A closing bracket that nothing opened.
fn too_many(place: &Place<'_>) -> Option<Finding> {
    let sign = place.word(0);
    if !matches!(sign, ">" | ")" | "]" | "}") {
        return None;
    }
    let last = place.index + 1 == place.tokens.len();
    let finding = Finding::new(codes::E0125, place.here(), format!("one `{sign}` too many"))
        .here("nothing is open here that it could close");
    let title = format!("remove this `{sign}`");
    let space = place.text.get(..place.at).map_or(place.at, |before| before.trim_end_matches([' ', '\t']).len());
    let changes = vec![(space..place.here().end, String::new())];
    Some(if last { finding.certain(title, changes) } else { finding.maybe(title, changes) })
}

/// A later step of a sequence without its `then`.
fn then(place: &Place<'_>) -> Option<Finding> {
    if place.rule != NodeKind::next_step_alone || place.index > 0 {
        return None;
    }
    let at = place.here();
    Some(
        Finding::new(codes::E0191, at.clone(), "every step of a sequence but the first begins with `then`")
            .here("`then` is missing before this")
            .certain("write `then`", vec![(at.start..at.start, "then ".to_owned())]),
    )
}
