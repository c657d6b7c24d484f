//! Names without the word that says what they are, texts without quotes, names that need backticks, and tests that
//! are negated or compared in another way.

use super::super::lex::{Kind, Token};
use super::super::parse::NodeKind;
use super::{Finding, Place, names_kind, quoted, words};
use crate::diag::codes;

pub(super) fn find(place: &Place<'_>, found: &mut Vec<Finding>) {
    found.extend(like(place));
    found.extend(negated(place));
    found.extend(spaced(place));
    found.extend(hyphenated(place));
    found.extend(field_in_filter(place));
    found.extend(chained(place));
    found.extend(unquoted(place));
    found.extend(without_kind(place));
    found.extend(call(place));
}

fn is_name(place: &Place<'_>, index: usize) -> bool {
    place.tokens.get(index).is_some_and(|token| match token.kind {
        Kind::Name => true,
        Kind::Word => !words::is_taken(token.text(place.text)),
        _ => false,
    })
}

/// `event Order Completed`
fn spaced(place: &Place<'_>) -> Option<Finding> {
    let keyword = place.word(-2);
    let first = place.token(-1).filter(|token| token.kind == Kind::Word)?;
    if !names_kind(keyword) || !is_name(place, place.index) || place.kind(0) != Some(Kind::Word) {
        return None;
    }
    let mut end = place.index;
    while is_name(place, end + 1) && place.tokens.get(end + 1).is_some_and(|token| token.kind == Kind::Word) {
        end += 1;
    }
    let at = first.start..place.tokens.get(end)?.end;
    let name = place.text.get(at.clone()).filter(|name| !name.contains('\n'))?;
    let finding = Finding::new(codes::E0134, at.clone(), "a name with a space stands between backticks");
    Some(finding.maybe("put it between backticks", vec![(at, format!("`{name}`"))]))
}

/// `field first-name`
fn hyphenated(place: &Place<'_>) -> Option<Finding> {
    let start = (place.index.saturating_sub(3)..=place.index).find(|index| {
        names_kind(place.text_of(*index)) && place.tokens.get(index + 1).is_some_and(|name| name.kind == Kind::Word)
    })? + 1;
    let first = place.tokens.get(start)?;
    let mut end = first.end;
    let mut last = start;
    let touches = |index: usize, end: usize| place.tokens.get(index).filter(|token| token.start == end);
    while let Some(sign) = touches(last + 1, end) {
        let (word, next) = match sign.kind {
            Kind::Sign if matches!(sign.text(place.text), "-" | "/" | ":" | "@" | "&") => (touches(last + 2, sign.end), last + 2),
            _ => (Some(sign), last + 1),
        };
        let Some(word) = word.filter(|word| matches!(word.kind, Kind::Word | Kind::Number)) else { break };
        (end, last) = (word.end, next);
    }
    if last < place.index || last == start {
        return None;
    }
    let name = place.text.get(first.start..end)?;
    Some(
        Finding::new(codes::E0134, first.start..end, "a name with other signs than letters stands between backticks")
            .certain("put it between backticks", vec![(first.start..end, format!("`{name}`"))]),
    )
}

/// `where field kwota > 100`
fn field_in_filter(place: &Place<'_>) -> Option<Finding> {
    let field = place.token(-1).filter(|token| token.text(place.text) == "field")?;
    let name = place.token(0).filter(|token| matches!(token.kind, Kind::Word | Kind::Name))?;
    let before = place.word(-2).to_lowercase();
    let first = place.rule == NodeKind::filter_alone && place.index == 1;
    if !first && !matches!(before.as_str(), "where" | "and" | "not") {
        return None;
    }
    let changes = vec![(field.start..name.start, String::new())];
    let finding = Finding::new(codes::E0192, field.range(), "a test after `where` is about the event, not about the contact")
        .here("an attribute of the event stands without `field`");
    Some(if before == "where" || first {
        finding.certain("remove `field`", changes)
    } else {
        finding
            .help("a test on a field of the contact is a condition of its own: `all < event ...; field ... >`")
            .maybe("remove `field`", changes)
    })
}

/// `LIKE 'PL%'`
fn like(place: &Place<'_>) -> Option<Finding> {
    let at = |index: usize| place.text_of(index).to_lowercase();
    let like = (place.index.saturating_sub(1)..=place.index + 1).find(|index| matches!(at(*index).as_str(), "like" | "ilike"))?;
    let (word, pattern) = (place.tokens.get(like)?, place.tokens.get(like + 1).filter(|token| token.kind == Kind::Text)?);
    let inner = pattern.text(place.text).trim_matches('"');
    let (open, close) = (inner.starts_with('%'), inner.len() > 1 && inner.ends_with('%'));
    let core = inner.trim_matches('%');
    let test = match (open, close) {
        (true, true) => "contains",
        (false, true) => "starts with",
        (true, false) => "ends with",
        (false, false) => "=",
    };
    let folding = if at(like) == "ilike" { " ignoring case" } else { "" };
    let by = format!("{test} \"{core}\"{folding}");
    let range = word.start..pattern.end;
    let finding = Finding::new(codes::E0145, range.clone(), format!("`{}` is not a test here", word.text(place.text)))
        .here("texts have `contains`, `starts with`, `ends with` and `matches`");
    if core.contains(['%', '_']) {
        return Some(
            finding.help("`matches` takes a regular expression, in which `.*` stands for `%` and `.` for `_`").perhaps(by),
        );
    }
    match like.checked_sub(1).filter(|before| at(*before) == "not").and_then(|before| place.tokens.get(before)) {
        Some(not) => {
            let start = place.tokens.get(test_start(place, like - 1)?)?.start;
            Some(negation(finding, start, *not, vec![(range, by)]))
        }
        None => Some(finding.write(by)),
    }
}

/// `field Kraj not contains "a"`, `does not contain`
fn negated(place: &Place<'_>) -> Option<Finding> {
    let at = |index: usize| place.text_of(index).to_lowercase();
    let not = (place.index.saturating_sub(2)..=place.index + 1).find(|index| at(*index) == "not")?;
    let first = if not > 0 && matches!(at(not - 1).as_str(), "does" | "do" | "is") { not - 1 } else { not };
    let test = at(not + 1);
    let singular = match test.as_str() {
        "contain" => Some("contains"),
        "start" | "begin" => Some("starts"),
        "end" => Some("ends"),
        "match" => Some("matches"),
        "have" => Some("has"),
        _ => None,
    };
    let known = singular.is_some()
        || matches!(
            test.as_str(),
            "contains" | "starts" | "ends" | "matches" | "has" | "between" | "within" | "older" | "before" | "after" | "on"
        );
    let start = test_start(place, first).filter(|start| *start < first && known)?;
    let (from, not, word) = (place.tokens.get(start)?, place.tokens.get(not)?, place.tokens.get(not + 1)?);
    let range = place.tokens.get(first)?.start..not.end;
    let finding = Finding::new(
        codes::E0149,
        range,
        format!("`not` stands before the whole condition, not before `{}`", word.text(place.text)),
    );
    let changes = singular.map(|singular| vec![(word.range(), singular.to_owned())]).unwrap_or_default();
    let not = Token { start: place.tokens.get(first)?.start, ..*not };
    Some(negation(finding, from.start, not, changes))
}

/// Moves a `not` before the whole condition. Those without a value are then in it, so it is a guess.
fn negation(finding: Finding, start: usize, not: Token, mut changes: Vec<super::super::patch::Change>) -> Finding {
    changes.push((start..start, "not ".to_owned()));
    changes.push((not.start..not.end + 1, String::new()));
    finding
        .help("`not` before the condition also takes in contacts without a value; to leave them out, add `is set`")
        .maybe("write `not` before the condition", changes)
}

/// The token at which the condition begins whose test is at a token.
fn test_start(place: &Place<'_>, test: usize) -> Option<usize> {
    (0..test).rev().find(|index| matches!(place.text_of(*index), "field" | "count" | "sum" | "first" | "last" | "$")).or_else(
        || {
            // An attribute is the name before the test.
            test.checked_sub(1).filter(|before| is_name(place, *before))
        },
    )
}

/// `field wiek >= 18 <= 30`
fn chained(place: &Place<'_>) -> Option<Finding> {
    let (low, value, high) = (place.word(-2), place.word(-1), place.word(0));
    let limit = place.token(1).filter(|token| matches!(token.kind, Kind::Number | Kind::Date))?;
    let first = place.token(-2)?;
    if !matches!((low, high), (">=" | ">", "<=" | "<") | ("<=" | "<", ">=" | ">")) {
        return None;
    }
    let limit_text = limit.text(place.text);
    let (from, to) = if low.starts_with('>') { (value, limit_text) } else { (limit_text, value) };
    let finding = Finding::new(codes::E0146, place.here(), "one test has one comparison").here("a second comparison");
    let by = format!("between {from} and {to}");
    let changes = vec![(first.start..limit.end, by.clone())];
    let title = format!("write `{by}`, which includes both ends");
    // `between` includes its ends.
    let exact = low.ends_with('=') && high.ends_with('=');
    Some(if exact { finding.certain(title, changes) } else { finding.maybe(title, changes) })
}

/// `field Kraj = PL`
fn unquoted(place: &Place<'_>) -> Option<Finding> {
    let before = place.word(-1);
    let item = place.rule == NodeKind::item_alone && place.index == 0;
    let operand = matches!(before, "=" | "!=" | "<" | ">" | "<=" | ">=" | "contains" | "with" | "matches" | "has" | "between")
        || place.tokens.iter().take(place.index).rev().take(4).any(|token| token.text(place.text) == "between");
    let operand = operand && place.index > place.condition_start();
    if !item && !operand || !is_name(place, place.index) || place.kind(0) != Some(Kind::Word) {
        return None;
    }
    let mut end = place.index;
    while is_name(place, end + 1) && place.tokens.get(end + 1).is_some_and(|token| token.kind == Kind::Word) {
        end += 1;
    }
    let first = place.token(0)?;
    let at = first.start..place.tokens.get(end)?.end;
    let written = place.text.get(at.clone()).filter(|text| !text.contains('\n'))?;
    let finding = Finding::new(codes::E0132, at.clone(), format!("`{written}` is neither a text nor a number"))
        .here("a text stands between quotes");
    if item {
        return Some(finding.write(quoted(written)));
    }
    let truth = match written.to_lowercase().as_str() {
        "yes" | "y" | "tak" | "on" => Some("true"),
        "no" | "n" | "nie" | "off" => Some("false"),
        _ => None,
    };
    let finding = match truth {
        Some(truth) => finding.perhaps(truth),
        None => finding,
    };
    let finding = finding.perhaps(quoted(written));
    Some(if truth.is_none() && end == place.index { finding.perhaps(format!("field {written}")) } else { finding })
}

/// `Kraj = "PL"`
fn without_kind(place: &Place<'_>) -> Option<Finding> {
    if !place.reads_conditions() || !is_name(place, place.index) {
        return None;
    }
    let name = place.token(0)?;
    // A dotted name is one name.
    let mut next = place.index + 1;
    while place.text_of(next) == "." && is_name(place, next + 1) {
        next += 2;
    }
    let written = place.text.get(name.start..place.tokens.get(next - 1)?.end)?;
    let at = name.start..name.start;
    let finding = |code, message: String| {
        Finding::new(code, name.start..name.start + written.len(), message).here("a name alone does not say of what kind it is")
    };
    let add = |word: &str| (format!("write `{word} {written}`"), vec![(at.clone(), format!("{word} "))]);
    let field = || {
        let (title, changes) = add("field");
        (finding(codes::E0135, format!("`field` is missing before `{written}`")), title, changes)
    };
    let event = || {
        let (title, changes) = add("event");
        (finding(codes::E0136, format!("`event` is missing before `{written}`")), title, changes)
    };
    let compares = place.text_of(next) == ">"
        && place
            .tokens
            .get(next + 1)
            .is_some_and(|token| token.kind != Kind::Sign || matches!(token.text(place.text), "$" | "-" | "("));
    let following = if compares { "=".to_owned() } else { place.text_of(next).to_lowercase() };
    Some(match following.as_str() {
        "where" | "at" | "exactly" => {
            let (finding, title, changes) = event();
            finding.certain(title, changes)
        }
        "within" | "older" | "before" | "after" | "since" | "on" | "this" | "last" | "today" | "yesterday" => {
            let (event, field) = (add("event"), add("field"));
            finding(codes::E0136, format!("what is `{written}`: an event or a field?"))
                .maybe(event.0, event.1)
                .maybe(field.0, field.1)
        }
        "" | ";" | ">" | "," | ")" | "->" => {
            let (event, segment) = (add("event"), add("segment"));
            finding(codes::E0136, format!("what is `{written}`: a segment or an event?"))
                .maybe(segment.0, segment.1)
                .maybe(event.0, event.1)
        }
        _ => {
            let (finding, title, changes) = field();
            let sign = place.tokens.get(next).is_some_and(|token| token.kind == Kind::Sign);
            let tests = matches!(
                following.as_str(),
                "is" | "in"
                    | "not"
                    | "contains"
                    | "starts"
                    | "ends"
                    | "matches"
                    | "has"
                    | "between"
                    | "anniversary"
                    | "like"
                    | "equals"
            );
            if sign || tests { finding.certain(title, changes) } else { finding.maybe(title, changes) }
        }
    })
}

/// `count Zakup > 3`
fn call(place: &Place<'_>) -> Option<Finding> {
    let function = place.token(-1)?;
    let name = place.token(0).filter(|token| matches!(token.kind, Kind::Word | Kind::Name))?;
    let called = matches!(
        function.text(place.text),
        "count" | "sum" | "average" | "min" | "max" | "distinct" | "most_frequent" | "first" | "last" | "nth" | "active_days"
    );
    if !called || words::is_keyword(name.text(place.text)) {
        return None;
    }
    let mut end = place.index;
    while place.text_of(end + 1) == "." {
        end += 2;
    }
    let end = place.tokens.get(end)?.end;
    let function = function.text(place.text);
    let changes = vec![(place.before()..name.start, "(".to_owned()), (end..end, ")".to_owned())];
    let what = place.text.get(name.start..end)?;
    Some(
        Finding::new(codes::E0193, name.start..end, format!("what `{function}` is of stands between parentheses"))
            .certain(format!("write `{function}({what})`"), changes),
    )
}
