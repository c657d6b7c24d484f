//! Groups with the wrong brackets, with one missing, or with nothing in them.

use super::super::brackets::Members;
use super::super::lex::Token;
use super::super::structure::{self, Group};
use super::Finding;
use crate::diag::codes;

/// What is wrong with the groups of a text.
pub(in super::super) fn brackets(text: &str, tokens: &[Token]) -> Vec<Finding> {
    let groups = structure::groups(text, tokens);
    let mut found: Vec<Finding> = Vec::new();
    let mut unclosed = Vec::new();
    for group in &groups {
        let view = View { text, tokens, group };
        found.extend(view.opening());
        found.extend(view.list());
        found.extend(view.empty());
        if !group.closed && group.members != Members::Items {
            unclosed.push(group);
        }
    }
    found.extend(not_closed(text, tokens, &unclosed));
    found
}

struct View<'a> {
    text: &'a str,
    tokens: &'a [Token],
    group: &'a Group,
}

impl View<'_> {
    fn text_at(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |token| token.text(self.text))
    }

    /// `all (a; b)`, or `all a; b >`.
    fn opening(&self) -> Option<Finding> {
        let group = self.group;
        if group.members == Members::Items {
            return None;
        }
        let Some(open) = group.open else {
            let head = self.tokens.get(group.from.checked_sub(1)?)?;
            let word = head.text(self.text);
            return Some(
                Finding::new(codes::E0122, head.range(), format!("the conditions after `{word}` stand between `<` and `>`"))
                    .here("`<` is missing after this")
                    .certain(format!("write `{word} <`"), vec![(head.end..head.end, " <".to_owned())]),
            );
        };
        let sign = self.text_at(open);
        if sign == "<" {
            return None;
        }
        let open = self.tokens.get(open)?;
        let mut changes = vec![(open.range(), pad(self.text, open, "<"))];
        let mut finding = Finding::new(codes::E0123, open.range(), format!("a group is opened by `<`, not by `{sign}`"));
        if let Some(close) = self.tokens.get(group.to).filter(|_| group.closed) {
            changes.push((close.range(), pad(self.text, close, ">")));
            finding = finding.label(close.range(), "and closed by `>`");
        }
        Some(finding.certain("write `<` and `>`", changes))
    }

    /// `[1; 2]`
    fn list(&self) -> Option<Finding> {
        if self.group.members != Members::Items || !self.group.closed {
            return None;
        }
        let separators = self.group.parts.iter().skip(1).filter_map(|part| self.tokens.get(part.start.checked_sub(1)?));
        let wrong: Vec<&Token> = separators.filter(|token| token.text(self.text) == ";").collect();
        let first = wrong.first()?;
        let changes = wrong.iter().map(|token| (token.range(), ",".to_owned())).collect();
        Some(
            Finding::new(codes::E0147, first.range(), "the items of a list are separated by `,`")
                .here("`;` separates the conditions of a group")
                .certain("write `,`", changes),
        )
    }

    /// `all < >`, or two separators in a row.
    fn empty(&self) -> Vec<Finding> {
        let group = self.group;
        let place = |index: usize| self.tokens.get(index).map(|token| token.range());
        if group.members != Members::Items
            && group.parts.iter().all(std::ops::Range::is_empty)
            && let (Some(open), Some(close)) = (group.open.and_then(place), place(group.to).filter(|_| group.closed))
        {
            let what = match group.members {
                Members::Branches => "a decision without branches",
                Members::Steps => "a sequence without events",
                _ => "a group without conditions",
            };
            let inside = open.end..close.start;
            let stand_in = super::super::recover::placeholder(group.members);
            return vec![
                Finding::new(codes::E0128, open.start..close.end, what)
                    .here("nothing stands in here")
                    .help("write at least one condition; everybody is `everyone`, nobody is `nobody`")
                    .repair(vec![(inside, format!(" {stand_in} "))], false),
            ];
        }
        let empty = group.parts.iter().filter(|part| part.is_empty() && part.start > 0);
        let twice = empty.filter_map(|part| place(part.end).filter(|_| part.end < group.to || group.members == Members::Items));
        twice
            .map(|at| {
                let sign = self.text.get(at.clone()).unwrap_or_default();
                Finding::new(codes::E0129, at.clone(), format!("one `{sign}` too many"))
                    .here("nothing stands before this one")
                    .certain(format!("remove this `{sign}`"), vec![(at, String::new())])
            })
            .collect()
    }
}

/// One finding for each group that nobody closed; mending the last one closes all of them.
fn not_closed(text: &str, tokens: &[Token], unclosed: &[&Group]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut ends = Vec::new();
    for group in unclosed {
        let Some(open) = group.open.and_then(|open| tokens.get(open)) else { continue };
        let Some(last) = group.to.checked_sub(1).and_then(|last| tokens.get(last)) else { continue };
        let word = group.open.and_then(|open| tokens.get(open.checked_sub(1)?)).map_or(open, |word| word);
        // With one group there is one place where the sign can be missing; with more it is a guess.
        let outermost = group.open.is_some_and(|open| !inside_group(text, tokens, open));
        let alone = unclosed.len() == 1 && outermost && group.parts.iter().all(|part| !has_group(text, tokens, part.clone()));
        let changes = vec![(last.end..last.end, " >".to_owned())];
        let finding = Finding::new(codes::E0124, word.start.min(open.start)..open.end, "a group that is never closed")
            .here("the group begins here")
            .label(last.end..last.end, "and it should end by here, with `>`");
        ends.push(last.end);
        found.push(if alone {
            finding.certain("write `>` at its end", changes)
        } else {
            finding.maybe("write `>` at its end", changes)
        });
    }
    // Closing signs at one place are one change.
    ends.sort_unstable();
    for finding in &mut found {
        finding.repair.clear();
        finding.trusted = true;
    }
    if let Some(last) = found.last_mut() {
        ends.dedup_by(|next, before| next == before);
        let count = |end: usize| {
            unclosed.iter().filter(|g| g.to.checked_sub(1).and_then(|l| tokens.get(l)).is_some_and(|t| t.end == end)).count()
        };
        last.repair = ends.iter().map(|end| (*end..*end, " >".repeat(count(*end)))).collect();
    }
    found
}

/// Whether a group is open at a token.
fn inside_group(text: &str, tokens: &[Token], index: usize) -> bool {
    structure::groups(text, tokens)
        .iter()
        .any(|group| group.members != Members::Items && group.open.is_some_and(|open| open < index) && group.to > index)
}

fn has_group(text: &str, tokens: &[Token], part: std::ops::Range<usize>) -> bool {
    tokens.get(part).unwrap_or_default().windows(2).any(|pair| match pair {
        [word, sign] => sign.text(text) == "<" && matches!(word.text(text), "all" | "any" | "none" | "of" | "only"),
        _ => false,
    })
}

/// A bracket with a space where a word would touch it.
fn pad(text: &str, token: &Token, sign: &str) -> String {
    let before = text.get(..token.start).is_some_and(|before| before.ends_with(super::super::lex::is_word_char));
    let after = text.get(token.end..).is_some_and(|after| after.starts_with(|c: char| !super::super::lex::is_blank(c)));
    let space = |wanted: bool| if wanted { " " } else { "" };
    match sign {
        "<" => format!("{}<{}", space(before), space(after)),
        _ => format!("{}>", space(text.get(..token.start).is_some_and(|before| !before.ends_with(super::super::lex::is_blank)))),
    }
}
