//! The heads of definitions, and whole statements of SQL.

use super::super::lex::{Kind, Token};
use super::super::parse::NodeKind;
use super::{Finding, Place, quoted};
use crate::diag::codes;

pub(super) fn find(place: &Place<'_>, found: &mut Vec<Finding>) {
    found.extend(select(place));
    found.extend(arrow(place));
    if place.rule == NodeKind::statement_alone {
        found.extend(equals(place));
        found.extend(dollar(place));
        found.extend(param_type(place));
        found.extend(title_alone(place));
        found.extend(file(place));
    }
}

/// `segment a all < ... >`, `segment a: all < ... >`
fn equals(place: &Place<'_>) -> Option<Finding> {
    let keyword = place.text_of(0);
    let named = match keyword {
        "segment" | "list" => 2,
        "let" => 3,
        "param" if place.index >= 5 && place.kind(0) != Some(Kind::Sign) => place.index,
        _ => return None,
    };
    if let ("list", [_, name, file]) = (keyword, place.tokens)
        && file.kind == Kind::Text
    {
        let finding = Finding::new(codes::E0180, name.end..name.end, "`=` stands between the name of a list and its file");
        return Some(finding.here("`=` belongs here").certain("write `=`", vec![(name.end..name.end, " =".to_owned())]));
    }
    let titled = usize::from(keyword != "param" && place.tokens.get(named).is_some_and(|token| token.kind == Kind::Text));
    if place.index != named + titled {
        return None;
    }
    let sign = place.word(0);
    let replaces = matches!(sign, ":" | ":=" | "->" | "=>" | ":-") || matches!(sign.to_lowercase().as_str(), "is" | "as" | "to");
    let finding = |at| Finding::new(codes::E0180, at, format!("`=` stands between the name of a {keyword} and what it is"));
    if !replaces && place.kind(0) != Some(Kind::Word) && keyword != "param" {
        return None;
    }
    Some(if replaces {
        finding(place.here()).write(super::sign_after_word(place.text, place.at, "="))
    } else {
        let end = place.before();
        finding(end..end).here("`=` belongs here").certain("write `=`", vec![(end..end, " =".to_owned())])
    })
}

/// `param kraj: text = "PL"`
fn dollar(place: &Place<'_>) -> Option<Finding> {
    let name = place.tokens.get(1).filter(|token| matches!(token.kind, Kind::Word | Kind::Name))?;
    if !matches!(place.text_of(0), "param" | "let") || place.index != 1 {
        return None;
    }
    let what = if place.text_of(0) == "param" { "a param" } else { "a computed value" };
    Some(
        Finding::new(codes::E0184, name.range(), format!("the name of {what} begins with `$`"))
            .certain(format!("write `${}`", name.text(place.text)), vec![(name.start..name.start, "$".to_owned())]),
    )
}

/// `param $prog = 2000`, `param $prog number = 2000`
fn param_type(place: &Place<'_>) -> Option<Finding> {
    let name = place.tokens.get(2)?;
    if place.text_of(0) != "param" || place.text_of(1) != "$" || place.index != 3 {
        return None;
    }
    let end = name.end;
    let finding = Finding::new(codes::E0185, end..end, "a param says its type").here("the type is missing here");
    if place.kind(0) == Some(Kind::Word) {
        return Some(finding.certain("write `:`", vec![(end..end, ":".to_owned())]));
    }
    if place.word(0) != "=" {
        return None;
    }
    let list = place.word(1) == "[";
    let value = place.token(if list { 2 } else { 1 })?;
    let ty = match value.kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Date if value.text(place.text).contains('T') => "time",
        Kind::Date => "date",
        _ if matches!(value.text(place.text), "true" | "false") => "bool",
        _ => return None,
    };
    let ty = if list { format!("list<{ty}>") } else { ty.to_owned() };
    Some(finding.certain(format!("write `: {ty}`"), vec![(end..end, format!(": {ty}"))]))
}

/// `segment "Nieaktywni VIP" = ...`
fn title_alone(place: &Place<'_>) -> Option<Finding> {
    let title = place.tokens.get(1).filter(|token| token.kind == Kind::Text)?;
    if place.text_of(0) != "segment" || place.index != 1 {
        return None;
    }
    let lower = title.text(place.text).trim_matches('"').to_lowercase();
    let letters: String = lower.chars().map(|c| if super::super::lex::is_word_char(c) { c } else { '_' }).collect();
    let name = super::named(letters.trim_matches('_'));
    Some(
        Finding::new(codes::E0194, title.range(), "a segment has a name before its title")
            .here("this is the title")
            .help("the name is what other definitions and commands call it; the title is for people")
            .maybe(format!("name it `{name}`"), vec![(title.start..title.start, format!("{name} "))]),
    )
}

/// `use common.seg`
fn file(place: &Place<'_>) -> Option<Finding> {
    let first = place.tokens.get(1)?;
    if place.text_of(0) != "use" || place.index != 1 {
        return None;
    }
    let end = place.tokens.iter().skip(1).try_fold(
        first.start,
        |end, token: &Token| {
            if token.start == end { Ok(token.end) } else { Err(end) }
        },
    );
    let end = match end {
        Ok(end) | Err(end) => end,
    };
    let path = place.text.get(first.start..end)?;
    Some(Finding::new(codes::E0186, first.start..end, "the name of a file stands between quotes").write(quoted(path)))
}

/// `when segment a "x"`
fn arrow(place: &Place<'_>) -> Option<Finding> {
    if place.rule != NodeKind::branch_alone || place.kind(0) != Some(Kind::Text) || place.index == 0 {
        return None;
    }
    let end = place.before();
    Some(
        Finding::new(codes::E0187, end..end, "`->` stands between a condition and its label")
            .here("`->` belongs here")
            .certain("write `->`", vec![(end..end, " ->".to_owned())]),
    )
}

/// `SELECT * FROM contacts WHERE ...`
fn select(place: &Place<'_>) -> Option<Finding> {
    let start = place.condition_start();
    let is = |index: usize, word: &str| place.text_of(index).eq_ignore_ascii_case(word);
    if place.index > start + 1 || !(is(start, "select") || is(start, "where") || is(start, "from")) {
        return None;
    }
    let first = place.tokens.get(start)?;
    let finding = |end: usize| {
        Finding::new(codes::E0182, first.start..end, "a condition stands alone, without `SELECT`, `FROM` and `WHERE`")
            .here("a segment is always a set of contacts")
    };
    let wanted = (start..place.tokens.len()).find(|index| is(*index, "where"));
    let Some(condition) = wanted.and_then(|index| Some((place.tokens.get(index)?, place.tokens.get(index + 1)?))) else {
        let last = place.tokens.last()?.end;
        return Some(
            finding(first.end)
                .help("everybody is `everyone`")
                .maybe("write `everyone`", vec![(first.start..last, "everyone".to_owned())]),
        );
    };
    let end = condition.0.end;
    let mut finding = finding(end).certain("keep the condition alone", vec![(first.start..condition.1.start, String::new())]);
    finding.known = true;
    Some(finding)
}
