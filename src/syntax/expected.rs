//! Syntax errors in words: what was expected at the place where reading stopped, and what stood there instead.

use super::habits::{Finding, Place};
use super::parse::NodeKind;
use crate::diag::codes;

/// What to say of a place that no habit explains.
pub(super) fn describe(place: &Place<'_>) -> Finding {
    if let Some(nameless) = nameless(place) {
        return nameless;
    }
    let (found, after) = (short(place.word(0)), short(place.word(-1)));
    if !found.is_empty() && place.complete() {
        return Finding::new(codes::E0101, place.here(), format!("`{found}` does not belong here"))
            .here(format!("{} is complete without it", what(place.rule)));
    }
    let follows = if after.is_empty() { String::new() } else { format!(" after `{after}`") };
    let expected = alternatives(&expected(place));
    if found.is_empty() {
        let message =
            if expected.is_empty() { format!("something is missing{follows}") } else { format!("expected {expected}{follows}") };
        return Finding::new(codes::E0110, place.here(), message).here("it is missing here");
    }
    let message = if expected.is_empty() {
        format!("`{found}` does not belong here")
    } else {
        format!("expected {expected}{follows}, found `{found}`")
    };
    Finding::new(codes::E0101, place.here(), message).here("this does not fit here")
}

/// `event within 30d`: a keyword was taken for the name that is missing. `field = 3`: nothing was.
fn nameless(place: &Place<'_>) -> Option<Finding> {
    let expects_name = place.failure.words.iter().any(|word| word == "`");
    if expects_name && let Some(what) = names(place.word(-1)) {
        let at = place.before()..place.before();
        let message = format!("expected the name of {what} after `{}`", place.word(-1));
        return Some(Finding::new(codes::E0195, at, message).here("the name is missing here"));
    }
    let (keyword, name) = (place.token(-2)?, place.token(-1)?);
    let what = names(keyword.text(place.text))?;
    let word = name.text(place.text);
    let taken = super::habits::is_keyword(word) || name.kind == super::lex::Kind::Sign;
    taken.then(|| {
        let at = keyword.end..keyword.end;
        Finding::new(codes::E0195, at, format!("expected the name of {what} after `{}`", keyword.text(place.text)))
            .here("the name is missing here")
            .label(name.range(), format!("`{word}` was taken for the name"))
    })
}

/// Of what a keyword takes the name.
fn names(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "field" => "a field",
        "event" => "an event",
        "segment" => "a segment",
        "list" => "a list",
        "decision" => "a decision",
        "$" => "a param",
        _ => return None,
    })
}

/// What is being read.
fn what(rule: NodeKind) -> &'static str {
    match rule {
        NodeKind::statement_alone => "the definition",
        NodeKind::filter_alone => "the test",
        NodeKind::first_step_alone | NodeKind::next_step_alone => "the step",
        NodeKind::branch_alone => "the branch",
        NodeKind::item_alone => "the item",
        NodeKind::edition_alone => "the line",
        _ => "the condition",
    }
}

/// The beginning of a long token.
fn short(token: &str) -> String {
    if token.chars().count() <= 30 { token.to_owned() } else { token.chars().take(29).chain(['…']).collect() }
}

/// What would have gone on, the most general first.
fn expected(place: &Place<'_>) -> Vec<String> {
    let words: Vec<&str> = place.failure.words.iter().map(String::as_str).collect();
    let has = |word: &str| words.contains(&word);
    let one = |text: &str| vec![text.to_owned()];
    if has("everyone") {
        return one("a condition such as `field ...` or `event ...`");
    }
    if has("contains") {
        return one("a test such as `= 5`, `is set` or `within 30d`");
    }
    if has("true") {
        return one("a value such as `5`, `\"Gold\"` or `field ...`");
    }
    if has("ago") {
        return one("`ago` or `from now`");
    }
    if has("older") && has("where") {
        return vec![
            "`where`".to_owned(),
            "a window such as `within 30d`".to_owned(),
            "a number such as `at least 2 times`".to_owned(),
        ];
    }
    if has("older") {
        return one("a window such as `within 30d`");
    }
    let mut out: Vec<String> = Vec::new();
    for named in place.failure.rules.iter().filter_map(|rule| named(*rule)) {
        if !out.iter().any(|known| known == named) {
            out.push(named.to_owned());
        }
    }
    if out.iter().any(|known| known.starts_with("an attribute")) {
        return one("an attribute with a test, such as `kwota > 100`");
    }
    let specific: Vec<&str> = words.into_iter().filter(|word| is_specific(word)).collect();
    let duration = out.iter().any(|known| known.starts_with("a length of time"));
    for word in specific.into_iter().filter(|word| !(duration && *word == "next")) {
        let shown = if word == "$" { "a param such as `$name`".to_owned() } else { format!("`{word}`") };
        // A list and the sign that begins it are one thing.
        if !out.iter().any(|known| known.contains(shown.as_str())) {
            out.push(shown);
        }
    }
    out.truncate(4);
    out
}

/// Whether a word or sign says more than that the line may go on.
fn is_specific(word: &str) -> bool {
    let continues = matches!(word, "or" | "for" | "ignoring" | "s" | "h" | "d" | "w" | "y" | "mo" | "min");
    let keyword = word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
    (keyword || matches!(word, "=" | "<" | ">" | ";" | "$" | "->" | "(" | ")" | "]" | ":" | "{")) && !continues
}

/// What a person would call a rule that is no word of its own.
fn named(rule: NodeKind) -> Option<&'static str> {
    use NodeKind as K;
    Some(match rule {
        K::statement | K::script => "a definition such as `segment name = ...`",
        K::duration => "a length of time such as `30d`",
        K::integer => "a whole number",
        K::number => "a number",
        K::percent => "a percentage such as `10%`",
        K::string | K::title => "a text in quotes such as `\"Gold\"`",
        K::date | K::instant | K::point | K::relative => "a point in time such as `2025-11-01` or `90d ago`",
        K::literal => "a value such as `5` or `\"Gold\"`",
        K::list_operand | K::list_literal => "a list such as `[\"a\", \"b\"]`",
        K::list_item => "an item of the list such as `\"a\"` or `5`",
        K::name | K::word | K::quoted => "a name",
        K::segment_name => "the name of a segment",
        K::field_name | K::field_path => "the name of a field",
        K::event_name | K::event_ref => "the name of an event",
        K::attr_name | K::attr_path | K::filter | K::filter_part | K::filter_test | K::filter_value => {
            "an attribute with a test, such as `kwota > 100`"
        }
        K::param_name => "the name of a param",
        K::param_type => "a type such as `text` or `number`",
        K::param_value => "a value",
        K::period => "`day`, `week`, `month`, `quarter` or `year`",
        K::periods => "`days`, `weeks`, `months`, `quarters` or `years`",
        _ => return None,
    })
}

fn alternatives(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
