//! Which comment stands beside which part of a script.

use super::types::Comments;
use crate::fmt::trivia::{Gap, Trivia};
use crate::syntax::Span;

/// The comments of a text that no part has taken yet.
pub(super) struct Claims<'p, 'a> {
    text: &'a str,
    trivia: &'p Trivia<'a>,
    taken: Vec<Taken>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    trailing: bool,
    /// Those on lines of their own and on the line of the token after.
    leading: bool,
}

impl<'p, 'a> Claims<'p, 'a> {
    pub fn new(text: &'a str, trivia: &'p Trivia<'a>) -> Self {
        Self { text, trivia, taken: vec![Taken::default(); trivia.gaps().len()] }
    }

    /// Takes what stands right before and right after a part, the separator behind it included.
    pub fn around(&mut self, span: Span) -> Comments {
        let mut comments = Comments::default();
        self.leading(span.start, &mut comments);
        self.trailing(span.end, &mut comments.after);
        let next = self.trivia.next_token(span.end);
        if self.text.get(next..).is_some_and(|rest| rest.starts_with([';', ','])) {
            self.trailing(next + 1, &mut comments.after);
        }
        comments
    }

    /// Takes what is left inside a part whose own parts have taken theirs.
    pub fn inside(&mut self, span: Span, comments: &mut Comments) {
        let gaps = self.trivia.gaps();
        let ends = self.text.get(..span.end).is_some_and(|text| text.ends_with(['>', ']', ')', '}']));
        let first = gaps.partition_point(|gap| gap.from() < span.start);
        for (gap, taken) in gaps.iter().zip(self.taken.iter_mut()).skip(first) {
            if gap.to() > span.end {
                break;
            }
            if !std::mem::replace(&mut taken.trailing, true) {
                let before = self.text.get(span.start..gap.from()).unwrap_or_default();
                let opens = before.ends_with(['<', '[', '(', '{']) && ends || before.ends_with('=');
                let place = if opens { &mut comments.open } else { &mut comments.after };
                gap.trailing.iter().for_each(|comment| join(place, comment));
            }
            if !std::mem::replace(&mut taken.leading, true) {
                let closing = ends && gap.to() + 1 == span.end;
                if closing {
                    comments.end.extend(lines(gap).into_iter().chain(gap.inline.iter().map(|c| (*c).to_owned())));
                } else {
                    comments.above.extend(lines(gap).into_iter().filter(|line| !line.is_empty()));
                    gap.inline.iter().for_each(|comment| join(&mut comments.before, comment));
                }
            }
        }
    }

    /// The lines at the end of the text.
    pub fn at_end(&mut self) -> Vec<String> {
        let mut comments = Comments::default();
        self.leading(self.text.len(), &mut comments);
        comments.above
    }

    fn leading(&mut self, start: usize, comments: &mut Comments) {
        let Some(at) = self.trivia.index_before(start) else { return };
        let (Some(gap), Some(taken)) = (self.trivia.gaps().get(at), self.taken.get_mut(at)) else { return };
        if !std::mem::replace(&mut taken.leading, true) {
            comments.above = lines(gap);
            gap.inline.iter().for_each(|comment| join(&mut comments.before, comment));
        }
    }

    fn trailing(&mut self, end: usize, into: &mut String) {
        let Some(at) = self.trivia.index_after(end) else { return };
        let (Some(gap), Some(taken)) = (self.trivia.gaps().get(at), self.taken.get_mut(at)) else { return };
        if !std::mem::replace(&mut taken.trailing, true) {
            gap.trailing.iter().for_each(|comment| join(into, comment));
        }
    }
}

/// The lines before a token, blank ones as empty texts.
fn lines(gap: &Gap<'_>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for comment in &gap.own {
        if comment.blank {
            lines.push(String::new());
        }
        match lines.last_mut() {
            Some(line) if comment.joined => join(line, comment.text),
            _ => lines.push(comment.text.to_owned()),
        }
    }
    if gap.blank {
        lines.push(String::new());
    }
    lines
}

/// Puts a comment behind others on their line.
fn join(line: &mut String, comment: &str) {
    if !line.is_empty() {
        // Nothing stands after `//` on a line.
        line.push(if line.starts_with("//") || line.contains("*/ //") { '\n' } else { ' ' });
    }
    line.push_str(comment);
}

/// The documentation among the lines above a definition: the last lines that begin with `///`, taken out of them.
pub(super) fn documentation(comments: &mut Comments) -> Option<String> {
    if !comments.before.is_empty() {
        return None;
    }
    let is_doc = |line: &String| {
        line.strip_prefix("///").is_some_and(|text| !line.contains('\n') && (text.is_empty() || text.starts_with(' ')))
    };
    let first = comments.above.iter().rposition(|line| !is_doc(line)).map_or(0, |at| at + 1);
    let doc: Vec<String> = comments.above.split_off(first);
    let text = |line: &String| line.strip_prefix("///").map(|text| text.strip_prefix(' ').unwrap_or(text).to_owned());
    (!doc.is_empty()).then(|| doc.iter().filter_map(text).collect::<Vec<_>>().join("\n"))
}

/// Whether a text is nothing but comments; `line` allows `//`.
pub(super) fn are_comments(text: &str, line: bool) -> bool {
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if rest.starts_with("//") {
            if !line {
                return false;
            }
            rest = rest.find('\n').and_then(|end| rest.get(end..)).unwrap_or_default().trim_start();
            continue;
        }
        let Some(end) = rest.strip_prefix("/*").and_then(|inner| inner.find("*/")) else { return false };
        rest = rest.get(end + 4..).unwrap_or_default().trim_start();
    }
    true
}
