//! Phrases that are said in other words here: a table of patterns, and what matches them.

use super::super::lex::{Kind, Token};
use super::phrase_table::{GROUPS, Group};
use super::{Finding, Place, numbers};

/// Every phrase of the table that reading stopped at, in, or just after.
pub(super) fn find(place: &Place<'_>, found: &mut Vec<Finding>) {
    for group in GROUPS {
        let applies = group.rules.is_empty() || group.rules.contains(&place.rule);
        if !applies {
            continue;
        }
        for (pattern, write) in group.phrases {
            found.extend(phrase(place, group, pattern, write));
        }
    }
}

fn phrase(place: &Place<'_>, group: &Group, pattern: &str, write: &str) -> Option<Finding> {
    let mut words: Vec<&str> = pattern.split(' ').collect();
    let before = words.first().and_then(|word| word.strip_prefix('~'));
    let after = words.last().and_then(|word| word.strip_prefix('~'));
    if before.is_some() {
        words.remove(0);
    }
    if after.is_some() {
        words.pop();
    }
    // The phrase ends where reading stopped at the earliest, and begins there at the latest.
    (place.index.saturating_sub(words.len() + 1)..=place.index).find_map(|start| {
        let matched = matches(place, start, &words)?;
        let stands = before.is_none_or(|before| start > 0 && place.text_of(start - 1) == before)
            && after.is_none_or(|after| place.text_of(matched.end) == after);
        (stands && matched.end >= place.index && matched.end > start).then(|| finding(place, group, start, &matched, write))?
    })
}

/// What a pattern matched.
struct Matched {
    /// The token after the last.
    end: usize,
    /// What stood for each `{}`.
    captures: Vec<String>,
}

fn matches(place: &Place<'_>, start: usize, words: &[&str]) -> Option<Matched> {
    let mut at = start;
    let mut captures = Vec::new();
    for word in words {
        let token = *place.tokens.get(at)?;
        let text = token.text(place.text);
        at += 1;
        if let Some(kind) = word.strip_prefix('{').filter(|rest| rest.len() > 1) {
            let (capture, taken) = capture(place, at - 1, token, text, kind.trim_end_matches('}'))?;
            captures.push(capture);
            at += taken - 1;
        } else if !word.split('|').any(|choice| equal(choice, text)) {
            return None;
        }
    }
    Some(Matched { end: at, captures })
}

fn equal(choice: &str, text: &str) -> bool {
    choice.eq_ignore_ascii_case(text) || !choice.is_ascii() && choice.to_lowercase() == text.to_lowercase()
}

/// What stands for `{kind}` at a token, in the language's own spelling, and how many tokens it takes.
fn capture(place: &Place<'_>, index: usize, token: Token, text: &str, kind: &str) -> Option<(String, usize)> {
    let whole = text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let one = |wanted: bool| wanted.then(|| (text.to_owned(), 1));
    match kind {
        "int" => one(token.kind == Kind::Number && whole),
        "count" => number_word(text).map(|n| (n.to_owned(), 1)),
        "num" => one(token.kind == Kind::Number && numbers::is_number(text)),
        "str" => one(token.kind == Kind::Text),
        "word" => one(matches!(token.kind, Kind::Word | Kind::Name)),
        "date" => one(token.kind == Kind::Date || matches!(text, "today" | "now" | "yesterday")),
        "value" => one(matches!(token.kind, Kind::Text | Kind::Date) || token.kind == Kind::Number && numbers::is_number(text)),
        "dur" => {
            if token.kind == Kind::Number && numbers::is_duration(text) {
                return Some((text.to_owned(), 1));
            }
            let unit = numbers::unit(place.text_of(index + 1))?;
            let digits = if whole && token.kind == Kind::Number { text } else { number_word(text)? };
            Some((format!("{digits}{unit}"), 2))
        }
        // One unit: `the last month`.
        "unit" => numbers::unit(text).filter(|unit| unit.len() < text.len()).map(|unit| (format!("1{unit}"), 1)),
        _ => None,
    }
}

/// `three` as `3`.
pub(super) fn number_word(word: &str) -> Option<&'static str> {
    const WORDS: [(&str, &[&str]); 12] = [
        ("1", &["one", "once", "jeden", "jedna", "raz"]),
        ("2", &["two", "twice", "dwa", "dwie", "dwukrotnie"]),
        ("3", &["three", "thrice", "trzy"]),
        ("4", &["four", "cztery"]),
        ("5", &["five", "pięć"]),
        ("6", &["six", "sześć"]),
        ("7", &["seven", "siedem"]),
        ("8", &["eight", "osiem"]),
        ("9", &["nine", "dziewięć"]),
        ("10", &["ten", "dziesięć"]),
        ("11", &["eleven", "jedenaście"]),
        ("12", &["twelve", "dwanaście"]),
    ];
    let lower = word.to_lowercase();
    WORDS.iter().find(|(_, words)| words.contains(&lower.as_str())).map(|(digits, _)| *digits)
}

fn finding(place: &Place<'_>, group: &Group, start: usize, matched: &Matched, write: &str) -> Option<Finding> {
    let (first, last) = (place.tokens.get(start)?, place.tokens.get(matched.end.checked_sub(1)?)?);
    let at = first.start..last.end;
    let written = place.text.get(at.clone())?;
    let (write, sure) = write.strip_prefix('?').map_or((write, true), |write| (write, false));
    let finding = Finding::new(group.code, at.clone(), String::new()).here(group.label);
    let mut finding = if group.help.is_empty() { finding } else { finding.help(group.help) };
    let mut first_choice = String::new();
    for choice in write.split(" ?? ") {
        let by = apart(place.text, &at, &fill(choice, &matched.captures)?);
        if by.is_empty() {
            // What follows takes its place.
            let next = place.tokens.get(matched.end).map_or(at.end, |next| next.start);
            return Some(
                finding
                    .certain(format!("remove `{written}`"), vec![(at.start..next, by)])
                    .message(format!("`{written}` is not needed here")),
            );
        }
        if first_choice.is_empty() {
            first_choice.clone_from(&by);
        }
        finding = if sure { finding.write(by) } else { finding.perhaps(by) };
    }
    let shown = one_line(written);
    finding.message = if sure {
        format!("`{shown}` is written `{}`", first_choice.trim())
    } else {
        format!("{}: `{shown}`", group.code.title())
    };
    Some(finding)
}

/// Keeps a word that takes the place of a sign apart from the words beside it.
fn apart(text: &str, at: &std::ops::Range<usize>, by: &str) -> String {
    let is_word = |c: char| super::super::lex::is_word_char(c);
    let after = text.get(at.end..).is_some_and(|after| after.starts_with(is_word));
    if by == "->" {
        return super::sign_after_word(text, at.start, by);
    }
    let before = text.get(..at.start).is_some_and(|before| before.ends_with(is_word));
    let space = |wanted: bool| if wanted { " " } else { "" };
    format!("{}{by}{}", space(before && by.starts_with(is_word)), space(after && by.ends_with(is_word)))
}

/// A template with its captures: `{1}`, or a whole number one more or one less: `{1+}`, `{1-}`.
fn fill(template: &str, captures: &[String]) -> Option<String> {
    let mut out = template.to_owned();
    for (index, capture) in captures.iter().enumerate() {
        let n = index + 1;
        out = out.replace(&format!("{{{n}}}"), capture);
        for (sign, step) in [('+', 1), ('-', -1)] {
            let slot = format!("{{{n}{sign}}}");
            if out.contains(&slot) {
                let number = capture.replace('_', "").parse::<u64>().ok()?.checked_add_signed(step)?;
                out = out.replace(&slot, &number.to_string());
            }
        }
    }
    // `at least 1 times` would be right but is not what anybody writes.
    Some(if out.ends_with(" 1 times") { out.trim_end_matches('s').to_owned() } else { out })
}

/// White space as single spaces.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
