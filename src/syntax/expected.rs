//! Syntax errors in words: what was expected at the place where reading stopped, what stood there instead, and the
//! habits from elsewhere that explain it.

use std::collections::BTreeSet;

use super::parse::NodeKind;
use super::{SourceId, Span};
use crate::diag::{Applicability, Diagnostic, codes};

/// The sign that opens a group.
const OPENING: &str = "`<`";

/// The error for a text that could be read up to `at`, where any of `rules` would have gone on.
/// `offset` is where `text` begins in its file.
pub(super) fn error(text: &str, at: usize, offset: usize, source: SourceId, rules: &[NodeKind]) -> Diagnostic {
    let at = floor_boundary(text, at);
    let token = token_at(text, at);
    let start = offset + at;
    let found = text.get(at..at + token).unwrap_or_default();
    let span = Span::new(source, start, start + token);
    let before = text.get(..at).unwrap_or_default();
    if let Some(known) = habit(text, at, found, span, before) {
        return known;
    }
    let mut expected: BTreeSet<&'static str> = rules.iter().filter_map(|rule| words(*rule)).collect();
    // Inside a group the same rule waits for its other signs.
    if expected.remove(OPENING) {
        let opens = ["all", "any", "none", "of", "only"].iter().any(|word| before.trim_end().ends_with(word));
        expected.insert(if opens { OPENING } else { "`;` and another condition, or `>` to close the group" });
    }
    drop_implied(&mut expected);
    let wanted = if expected.is_empty() { String::new() } else { format!("expected {}", alternatives(&expected)) };
    if found.is_empty() {
        let message =
            if wanted.is_empty() { "the text ends too early".to_owned() } else { format!("{wanted}, but the text ends here") };
        let end = offset + before.trim_end().len();
        return Diagnostic::new(codes::E0101, Span::new(source, end, end), message);
    }
    let message =
        if wanted.is_empty() { format!("`{found}` does not belong here") } else { format!("{wanted}, found `{found}`") };
    Diagnostic::new(codes::E0101, span, message).here("this does not fit here")
}

/// Mistakes with a known cause.
fn habit(text: &str, at: usize, found: &str, span: Span, before: &str) -> Option<Diagnostic> {
    let rest = text.get(at..).unwrap_or_default();
    let diagnostic = |message: &str| Diagnostic::new(codes::E0101, span, message.to_owned());
    let replace = |d: Diagnostic, by: &str| d.fix(Applicability::Certain, format!("write `{by}`"), span, by);
    let upper = found.to_uppercase();
    if rest.starts_with(['„', '”', '“', '‟', '’', '‘']) {
        return Some(
            diagnostic("a text stands between straight quotes").help("write `\"` on both sides, not typographic quotes"),
        );
    }
    if found == "=" && before.ends_with('=') {
        let span = Span { start: span.start - 1, ..span };
        return Some(Diagnostic::new(codes::E0101, span, "`==` is written `=` here").fix(
            Applicability::Certain,
            "write `=`",
            span,
            "=",
        ));
    }
    if found == ">" && before.ends_with('<') {
        let span = Span { start: span.start - 1, ..span };
        return Some(Diagnostic::new(codes::E0101, span, "`<>` is written `!=` here").fix(
            Applicability::Certain,
            "write `!=`",
            span,
            "!=",
        ));
    }
    if matches!(upper.as_str(), "AND" | "OR") || rest.starts_with("&&") || rest.starts_with("||") {
        let group = if upper == "OR" || rest.starts_with("||") { "any" } else { "all" };
        return Some(
            diagnostic(&format!(
                "conditions are joined by a group, not by `{}`",
                rest.get(..2).filter(|_| !found.chars().all(char::is_alphabetic)).unwrap_or(found)
            ))
            .help(format!("write `{group} < first; second >`")),
        );
    }
    let lower = found.to_lowercase();
    if found != lower && is_keyword(&lower) {
        return Some(replace(diagnostic(&format!("`{found}` is written `{lower}`")), &lower));
    }
    if let Some(unit) = long_unit(&lower)
        && before.trim_end().ends_with(|c: char| c.is_ascii_digit())
    {
        let digits = before.trim_end();
        let number_start =
            digits.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |p| p + digits[p..].chars().next().map_or(1, char::len_utf8));
        let number = digits.get(number_start..).unwrap_or_default();
        let span = Span { start: span.start - (at - number_start), ..span };
        let by = format!("{number}{unit}");
        return Some(Diagnostic::new(codes::E0101, span, format!("a length of time is written `{by}`")).fix(
            Applicability::Certain,
            format!("write `{by}`"),
            span,
            by,
        ));
    }
    if found == "," && before.rfind('<') > before.rfind('[') {
        return Some(replace(diagnostic("the conditions of a group are separated by `;`"), ";"));
    }
    None
}

fn long_unit(word: &str) -> Option<&'static str> {
    Some(match word {
        "second" | "seconds" | "sec" => "s",
        "minute" | "minutes" | "mins" | "min" => "min",
        "hour" | "hours" | "h" => "h",
        "day" | "days" | "d" => "d",
        "week" | "weeks" | "w" => "w",
        "month" | "months" | "mo" => "mo",
        "year" | "years" | "y" => "y",
        _ => return None,
    })
}

/// The words that begin or go on a condition; written in lower case.
fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 34] = [
        "segment",
        "param",
        "use",
        "all",
        "any",
        "none",
        "at",
        "exactly",
        "not",
        "everyone",
        "nobody",
        "field",
        "event",
        "where",
        "is",
        "in",
        "between",
        "contains",
        "starts",
        "ends",
        "matches",
        "has",
        "within",
        "older",
        "before",
        "after",
        "since",
        "on",
        "this",
        "last",
        "today",
        "yesterday",
        "now",
        "anniversary",
    ];
    KEYWORDS.contains(&word)
}

/// What a person would call a rule; `None` for what never helps.
fn words(rule: NodeKind) -> Option<&'static str> {
    use NodeKind as K;
    Some(match rule {
        K::EOI | K::COMMENT | K::edition | K::kw_edition | K::op_add | K::op_subtract | K::op_multiply | K::op_divide => {
            return None;
        }
        K::statement | K::statement_start | K::script => "a definition such as `segment name = ...`",
        K::condition | K::value_test | K::group | K::quorum | K::not | K::event | K::reference | K::everyone | K::nobody => {
            "a condition such as `field ...` or `event ...`"
        }
        K::members | K::filter_members => OPENING,
        K::duration => "a length of time such as `30d`",
        K::integer => "a whole number",
        K::number | K::percent => "a number",
        K::string | K::title => "a text in quotes such as `\"Gold\"`",
        K::date | K::instant | K::point | K::relative => "a point in time such as `2025-11-01` or `90d ago`",
        K::expr | K::product | K::primary | K::literal | K::parenthesis | K::aggregate | K::param_value => "a value",
        K::test
        | K::base_test
        | K::compare
        | K::compare_op
        | K::is
        | K::membership
        | K::text_test
        | K::text_op
        | K::matches
        | K::has
        | K::between => "a test such as `= 5`, `is set` or `within 30d`",
        K::window | K::within | K::older_than | K::before | K::after | K::since | K::on | K::this | K::last_periods => {
            "a window such as `within 30d`"
        }
        K::times | K::count_words => "how many times, such as `at least 2 times`",
        K::list_operand | K::list_literal => "a list such as `[\"a\", \"b\"]`",
        K::list_item => "an item of the list",
        K::name | K::word | K::quoted => "a name",
        K::segment_name => "the name of a segment",
        K::field_name | K::field_path => "the name of a field",
        K::event_name | K::event_ref => "the name of an event",
        K::attr_name | K::attr_path | K::filter | K::filter_part | K::filter_test | K::filter_value => {
            "an attribute with a test, such as `kwota > 100`"
        }
        K::param_name => "the name of a param",
        K::param_type => "a type such as `text` or `number`",
        K::period => "`day`, `week`, `month`, `quarter` or `year`",
        K::periods => "`days`, `weeks`, `months`, `quarters` or `years`",
        K::kw_and => "`and`",
        K::kw_of => "`of`",
        K::kw_times => "`times`",
        K::kw_with => "`with`",
        K::kw_than => "`than`",
        K::kw_ago | K::kw_from => "`ago` or `from now`",
        K::kw_field => "`field`",
        K::kw_empty | K::kw_set | K::kw_true | K::kw_false => "`empty`, `set`, `true` or `false`",
        K::kw_case | K::kw_accents | K::ignoring => "`ignoring case` or `ignoring accents`",
        K::kw_where | K::r#where => "`where`",
        K::kw_least | K::kw_most => "`least` or `most`",
        K::kw_in => "`in`",
        K::kw_salt => "`salt`",
        K::kw_by => "`by`",
        K::or_empty | K::kw_or => "`or empty`",
        _ => return None,
    })
}

/// Leaves out what is a special case of something else in the list.
fn drop_implied(expected: &mut BTreeSet<&'static str>) {
    if expected.contains("a value") || expected.contains("a condition such as `field ...` or `event ...`") {
        for special in [
            "a number",
            "a whole number",
            "a length of time such as `30d`",
            "a point in time such as `2025-11-01` or `90d ago`",
            "`field`",
        ] {
            expected.remove(special);
        }
    }
    if expected.contains("a condition such as `field ...` or `event ...`") {
        for special in ["a value", "a text in quotes such as `\"Gold\"`", "how many times, such as `at least 2 times`"] {
            expected.remove(special);
        }
    }
    if expected.contains("a test such as `= 5`, `is set` or `within 30d`") {
        for special in ["a window such as `within 30d`", "`in`"] {
            expected.remove(special);
        }
    }
}

fn alternatives(words: &BTreeSet<&'static str>) -> String {
    let words: Vec<&str> = words.iter().copied().take(4).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Length of the word, number, string or sign at `at`.
fn token_at(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    match rest.chars().next() {
        None => 0,
        Some('"') => rest.get(1..).and_then(|r| r.find(['"', '\n'])).map_or(rest.len(), |end| end + 2).min(rest.len()),
        Some(c) if c.is_alphanumeric() || c == '_' => rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()),
        Some(c) => c.len_utf8(),
    }
}

/// The place that a person would point at: the next token after white space and comments.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let skip = if trimmed.starts_with("//") {
            trimmed.find('\n').unwrap_or(trimmed.len())
        } else if trimmed.starts_with("/*") {
            trimmed.find("*/").map_or(trimmed.len(), |end| end + 2)
        } else {
            return at;
        };
        at += skip;
    }
}
