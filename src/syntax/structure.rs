//! The groups and lists of a broken text, and their members, found by brackets alone.

use std::ops::Range;

use super::brackets::{Brackets, Event, Members, begins_definition, starts_condition};
use super::lex::{Kind, Token};

/// A group or a list. Positions are indices of tokens.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub members: Members,
    /// The opening sign; none where it is missing.
    pub open: Option<usize>,
    /// The first token inside.
    pub from: usize,
    /// The token after the last inside: the closing sign, if there is one.
    pub to: usize,
    pub closed: bool,
    /// What stands between the separators. The last one is left out when it is empty.
    pub parts: Vec<Range<usize>>,
}

/// The groups of a text in the order in which they begin.
pub(super) fn groups(text: &str, tokens: &[Token]) -> Vec<Group> {
    let mut builder = Builder {
        text,
        tokens,
        brackets: Brackets::new(true),
        groups: Vec::new(),
        indents: Vec::new(),
        stack: Vec::new(),
        closer: 0,
        indent: 0,
    };
    let mut end = 0;
    for (index, token) in tokens.iter().enumerate() {
        let first = builder.line(end..token.start);
        builder.token(index, *token, first);
        end = token.end;
    }
    builder.leave(builder.stack.len(), tokens.len());
    builder.groups
}

struct Builder<'a> {
    text: &'a str,
    tokens: &'a [Token],
    brackets: Brackets,
    groups: Vec<Group>,
    /// The indentation of the line on which each group begins.
    indents: Vec<usize>,
    /// Open brackets: a group, or something without members.
    stack: Vec<Option<usize>>,
    /// A closing bracket known to lie ahead.
    closer: usize,
    /// The indentation of the present line.
    indent: usize,
}

impl Builder<'_> {
    /// Looks at what stands between two tokens; whether the second is the first of its line.
    fn line(&mut self, between: Range<usize>) -> bool {
        let between_text = self.text.get(between.clone()).unwrap_or_default();
        match between_text.rsplit_once('\n') {
            Some((_, indent)) => self.indent = indent.chars().count(),
            None if between.start == 0 => self.indent = between_text.chars().count(),
            None => return false,
        }
        true
    }

    fn token(&mut self, index: usize, token: Token, first: bool) {
        let sign = token.text(self.text);
        if sign == ";" && !self.in_group() && !self.closes_ahead(index) {
            let left = self.brackets.leave_brackets();
            self.leave(left, index);
        }
        if sign == ">" && first {
            let unclosed = self.outdented();
            if unclosed > 0 {
                self.brackets.close_frames(unclosed);
                self.leave(unclosed, index);
            }
        }
        match self.brackets.step(self.text, token, self.tokens.get(index + 1).copied()) {
            Event::Nothing => {}
            Event::Open { members: None, .. } => self.stack.push(None),
            Event::Open { members: Some(members), implied } => {
                self.stack.push(Some(self.groups.len()));
                let from = if implied { index } else { index + 1 };
                let open = (!implied).then_some(index);
                self.indents.push(self.indent);
                self.groups.push(Group { members, open, from, to: from, closed: false, parts: Vec::new() });
            }
            Event::Close(closed) => {
                self.leave(closed - 1, index);
                if let Some(Some(group)) = self.stack.pop() {
                    self.end(group, index, true);
                }
            }
            Event::Separator => {
                if let Some(Some(group)) = self.stack.last()
                    && let Some(group) = self.groups.get_mut(*group)
                {
                    group.parts.push(group.to..index);
                    group.to = index + 1;
                }
            }
        }
    }

    /// The innermost `count` brackets end without a closing sign.
    fn leave(&mut self, count: usize, index: usize) {
        for _ in 0..count {
            if let Some(Some(group)) = self.stack.pop() {
                self.end(group, index, false);
            }
        }
    }

    /// `to` is the beginning of the last part until a group ends.
    fn end(&mut self, group: usize, index: usize, closed: bool) {
        if let Some(group) = self.groups.get_mut(group) {
            if group.to < index {
                group.parts.push(group.to..index);
            }
            group.to = index;
            group.closed = closed;
        }
    }

    fn in_group(&self) -> bool {
        self.stack.last().is_none_or(|entry| {
            entry.and_then(|group| self.groups.get(group)).is_some_and(|group| group.members != Members::Items)
        })
    }

    /// Whether `)` or `]` comes before a condition or a group does.
    fn closes_ahead(&mut self, index: usize) -> bool {
        if self.closer > index {
            return true;
        }
        for (ahead, token) in self.tokens.iter().enumerate().skip(index + 1) {
            let text = token.text(self.text);
            match token.kind {
                Kind::Sign if matches!(text, ")" | "]") => {
                    self.closer = ahead;
                    return true;
                }
                Kind::Sign if matches!(text, "<" | ">" | "(" | "[" | "=") => return false,
                Kind::Word if starts_condition(text) || begins_definition(text) => return false,
                _ => {}
            }
        }
        false
    }

    /// How many inner groups a `>` at the beginning of its line leaves open, because it stands as far left as the
    /// line on which an outer group begins.
    fn outdented(&self) -> usize {
        let column = self.indent;
        let indent = |entry: &Option<usize>| self.indents.get((*entry)?).copied();
        if self.stack.last().and_then(indent).is_none_or(|inner| inner <= column) {
            return 0;
        }
        match self.stack.iter().rev().position(|entry| indent(entry) == Some(column)) {
            // A group that begins further left is surely not meant.
            Some(above) if self.stack.iter().rev().take(above).all(|entry| indent(entry).is_some_and(|i| i > column)) => above,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::lex::tolerant;

    /// The parts of all groups as text.
    fn parts(text: &str) -> Vec<Vec<&str>> {
        let tokens = tolerant(text);
        let words = |part: &Range<usize>| match (tokens.get(part.start), part.end.checked_sub(1).and_then(|end| tokens.get(end)))
        {
            (Some(first), Some(last)) if !part.is_empty() => &text[first.start..last.end],
            _ => "",
        };
        groups(text, &tokens).iter().map(|group| group.parts.iter().map(words).collect()).collect()
    }

    #[test]
    fn members_of_groups() {
        assert_eq!(
            parts("all < a > 1; any < b; c >; event E where any < x > 1; y < 2 >; >"),
            [vec!["a > 1", "any < b; c >", "event E where any < x > 1; y < 2 >"], vec!["b", "c"], vec!["x > 1", "y < 2"]]
        );
        assert_eq!(parts("field a in [1; 2; 3]"), [["1", "2", "3"]]);
        assert_eq!(parts("all (field a = 1; field b = (2))"), [["field a = 1", "field b = (2)"]]);
    }

    #[test]
    fn what_is_not_closed_ends_somewhere() {
        assert_eq!(parts("all < field a in [1, 2; field b = 3 >"), [vec!["field a in [1, 2", "field b = 3"], vec!["1", "2"]]);
        assert_eq!(
            parts("segment s =\n  all <\n    any <\n      field a = 1;\n    field b = 2;\n  >"),
            [vec!["any <\n      field a = 1;\n    field b = 2;"], vec!["field a = 1", "field b = 2"]]
        );
        assert_eq!(parts("all field a = 1; field b = 2 >"), [["field a = 1", "field b = 2"]]);
    }
}
