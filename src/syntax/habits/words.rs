//! Keywords in upper case and keywords that are misspelt.

use super::super::lex::Kind;
use super::{Finding, Place};
use crate::diag::codes;

/// Every keyword, those of two words too.
const KEYWORDS: [&str; 77] = [
    "segment",
    "param",
    "use",
    "let",
    "list",
    "decision",
    "test",
    "edition",
    "when",
    "otherwise",
    "all",
    "any",
    "none",
    "only",
    "at",
    "least",
    "most",
    "exactly",
    "of",
    "not",
    "everyone",
    "nobody",
    "field",
    "event",
    "where",
    "and",
    "or",
    "empty",
    "set",
    "true",
    "false",
    "is",
    "in",
    "between",
    "contains",
    "starts",
    "ends",
    "with",
    "matches",
    "ignoring",
    "case",
    "accents",
    "has",
    "times",
    "time",
    "within",
    "next",
    "older",
    "than",
    "before",
    "after",
    "since",
    "on",
    "this",
    "last",
    "today",
    "yesterday",
    "now",
    "ago",
    "from",
    "start",
    "anniversary",
    "for",
    "sequence",
    "by",
    "then",
    "top",
    "bottom",
    "sample",
    "salt",
    "if",
    "count",
    "sum",
    "average",
    "distinct",
    "min",
    "max",
];

/// Words that belong together and are sometimes written as one.
const PAIRS: [&str; 7] = ["at least", "at most", "older than", "starts with", "ends with", "from now", "or empty"];

/// Whether a word is a keyword.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// Whether a word is a keyword here, or in upper case, or one of SQL: then it is no name that somebody forgot to mark.
pub(super) fn is_taken(word: &str) -> bool {
    const SQL: [&str; 12] =
        ["select", "from", "like", "ilike", "null", "having", "group", "order", "join", "else", "then", "exists"];
    let lower = word.to_lowercase();
    is_keyword(word) || lower != word && word == word.to_uppercase() && is_keyword(&lower) || SQL.contains(&lower.as_str())
}

/// `FIELD Kraj IS SET`: all neighbouring keywords at once.
pub(super) fn upper_case(place: &Place<'_>, found: &mut Vec<Finding>) {
    for start in [Some(place.index), place.index.checked_sub(1)].into_iter().flatten() {
        let upper = |index: usize| {
            let token = place.tokens.get(index).filter(|token| token.kind == Kind::Word)?;
            let word = token.text(place.text);
            let lower = word.to_lowercase();
            (word != lower && is_keyword(&lower)).then_some((*token, lower))
        };
        let words: Vec<_> = (start..).map_while(upper).collect();
        let (Some((first, _)), Some((last, _))) = (words.first(), words.last()) else { continue };
        let at = first.start..last.end;
        let lower = words.iter().map(|(_, lower)| lower.as_str()).collect::<Vec<_>>().join(" ");
        let written = place.text.get(at.clone()).unwrap_or_default();
        let message = format!("`{written}` is written `{lower}`");
        let mut finding = Finding::new(codes::E0119, at, message).here("keywords are in lower case");
        // Between conditions they are wrong in lower case too, which is said instead.
        finding.doubtful = matches!(lower.as_str(), "and" | "or" | "or not" | "and not");
        found.push(finding.write(lower));
    }
}

/// Misspelt keywords.
pub(super) fn misspelt(place: &Place<'_>, found: &mut Vec<Finding>) {
    for ahead in [0, -1] {
        let Some(token) = place.token(ahead).filter(|token| token.kind == Kind::Word) else { continue };
        let word = token.text(place.text);
        if is_keyword(word) {
            continue;
        }
        for (near, distance) in near(word) {
            let mut finding = Finding::new(codes::E0118, token.range(), format!("unknown word `{word}`"));
            finding.doubtful = true;
            let title = format!("did you mean `{near}`?");
            let changes = vec![(token.range(), near.to_owned())];
            let sure = distance <= 1 && word.chars().count() > 3;
            found.push(if sure { finding.certain(title, changes) } else { finding.maybe(title, changes) });
        }
    }
}

/// The nearest keywords, at most three.
fn near(word: &str) -> Vec<(&'static str, usize)> {
    let lower = word.to_lowercase();
    let letters = lower.chars().count();
    if !(3..=20).contains(&letters) {
        return Vec::new();
    }
    let single = KEYWORDS.iter().map(|keyword| (*keyword, strsim::osa_distance(&lower, keyword)));
    let pairs = PAIRS.iter().map(|pair| (*pair, strsim::osa_distance(&lower, &pair.replace([' '], ""))));
    let mut near: Vec<_> = single.chain(pairs).filter(|(keyword, d)| *d <= letters.max(keyword.len()) / 3).collect();
    near.sort_by_key(|(_, distance)| *distance);
    near.truncate(3);
    near
}

/// The keyword among some that a word probably is.
pub(in super::super) fn nearest_keyword<const N: usize>(word: &str, among: [&'static str; N]) -> Option<&'static str> {
    let lower = word.to_lowercase();
    if is_keyword(&lower) && lower == word {
        return None;
    }
    let limit = lower.chars().count() / 3;
    among
        .into_iter()
        .map(|keyword| (strsim::osa_distance(&lower, keyword), keyword))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, k)| k)
}
