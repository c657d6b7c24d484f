//! Every mistake of a broken script, each once.
//!
//! A script that the grammar refuses is cut into its definitions. One that is refused alone is cut further, along its
//! brackets, into the members of its groups, each with `everyone` in place of the groups inside it, so that every
//! piece is read on its own and a mistake in one says nothing about the others. In each piece, where reading stops,
//! the habits from elsewhere are tried: one counts when mending it lets reading go on. What is mended with certainty
//! stays in the script, so that the checker can look at the rest of it; what is not becomes `everyone`.

use std::ops::Range;

use super::ast::Script;
use super::brackets::{Members, begins_definition as is_definition_word};
use super::expected;
use super::habits::{self, Finding, Place};
use super::lex::{self, Kind, Token};
use super::parse::{self, Failure, NodeKind};
use super::patch::{Change, Patched};
use super::structure::{self, Group};
use super::{Span, build, nesting};
use crate::diag::{Applicability, Diagnostic, Edit, Fix, Label, codes};

/// More mistakes than this are counted only.
pub(super) const MAX_ERRORS: usize = 200;
/// Mistakes in one piece before it is given up.
const MAX_IN_PIECE: usize = 40;
/// How often a piece is cut again because mending it made groups.
const MAX_REGROUPINGS: usize = 8;

/// Reads a script that the grammar refuses.
pub(super) fn recover<'a>(text: &'a str, cx: &mut build::Context<'a>, script: &mut Script) {
    let _explained = parse::explain_failures();
    let tokens = lex::tolerant(text);
    // Trying costs time in proportion to what is read again; this bounds it for texts that are broken all over.
    let effort = 2_000_000 + 20 * text.len();
    let mut recovery = Recovery { text, cx, script, effort, reported: 0, more: 0, doubt: usize::MAX };
    let slices = definitions(text, &tokens);
    let defines = slices.iter().any(|(rule, _)| *rule == NodeKind::statement_alone);
    for (rule, slice) in slices {
        if rule == NodeKind::condition_alone && defines {
            recovery.outside(slice);
        } else {
            recovery.slice(rule, slice);
        }
    }
    recovery.finish();
}

/// Whether a line begins a definition.
pub(super) fn begins_definition(line: &str) -> bool {
    let start = line.get(..floor(line, 200)).unwrap_or_default();
    let tokens = lex::strict(start).take(4).collect::<Vec<_>>();
    defines(line, &tokens, 0)
}

/// The pieces of a script that are read alone, each with its rule.
pub(super) fn definitions(text: &str, tokens: &[Token]) -> Vec<(NodeKind, Range<usize>)> {
    let mut starts: Vec<usize> = (0..tokens.len()).filter(|index| defines(text, tokens, *index)).collect();
    let mut slices = Vec::new();
    let mut first = 0;
    if let [edition, number, ..] = tokens
        && edition.text(text) == "edition"
        && number.kind == Kind::Number
    {
        slices.push((NodeKind::edition_alone, edition.start..number.end));
        first = 2;
    }
    let mut rule = NodeKind::condition_alone;
    if starts.is_empty() && tokens.get(first).is_some_and(|token| misspelt_definition(text, tokens, first, *token)) {
        starts.push(first);
    }
    if starts.first() == Some(&first) {
        rule = NodeKind::statement_alone;
    } else {
        starts.insert(0, first);
    }
    for (position, start) in starts.iter().enumerate() {
        let end = starts.get(position + 1).copied().unwrap_or(tokens.len());
        if let (Some(from), Some(to)) = (tokens.get(*start), end.checked_sub(1).and_then(|last| tokens.get(last)))
            && start < &end
        {
            slices.push((rule, from.start..to.end));
        }
        rule = NodeKind::statement_alone;
    }
    slices
}

/// Whether a definition begins at a token: its keyword, and enough of what follows to tell it from a condition.
fn defines(text: &str, tokens: &[Token], index: usize) -> bool {
    let Some(token) = tokens.get(index).filter(|token| token.kind == Kind::Word) else { return false };
    let at = |ahead: usize| tokens.get(index + ahead).map(|t| (t.kind, t.text(text)));
    let name = |ahead: usize| matches!(at(ahead), Some((Kind::Word | Kind::Name, _)));
    let quoted =
        |ahead: usize| matches!(at(ahead), Some((Kind::Text | Kind::OpenText | Kind::SingleQuoted | Kind::FancyQuoted, _)));
    let sign = |ahead: usize, signs: &[&str]| at(ahead).is_some_and(|(_, text)| signs.contains(&text));
    if let Some(before) = index.checked_sub(1).and_then(|before| tokens.get(before))
        && (matches!(before.text(text), "field" | "event" | "segment" | "list" | "decision" | "$" | ".")
            && first_on_line(text, token.start).is_none()
            // `expect segment s = [...]` in a test, also over two lines.
            || matches!(before.text(text), "expect" | "in"))
    {
        return false;
    }
    let word = token.text(text);
    let titled = usize::from(name(1) && quoted(2));
    let whole = match word.to_ascii_lowercase().as_str() {
        "segment" => (name(1) || quoted(1) || matches!(at(1), Some((Kind::Number, _)))) && sign(2 + titled, &["=", ":=", "=="]),
        "param" | "let" => sign(1, &["$"]) || name(1) && sign(2, &["=", ":"]),
        "use" | "test" => quoted(1),
        "list" => name(1) && sign(2 + titled, &["="]) && quoted(3 + titled),
        "decision" => name(1) && sign(2 + titled, &["<"]),
        _ => false,
    };
    // At the very beginning of a line less is enough: the `=` may be missing.
    whole
        || first_on_line(text, token.start) == Some(0)
            && (is_definition_word(word) && (name(1) || quoted(1)) && !joins(at(2))
                || misspelt_definition(text, tokens, index, *token))
}

/// `segment a;` and `segment a and ...` at the beginning of a line are conditions.
fn joins(next: Option<(Kind, &str)>) -> bool {
    next.is_none_or(|(_, text)| matches!(text, ";" | ">" | "and" | "or" | "AND" | "OR" | "&&" | "||"))
}

/// `segmnt name = ...`
fn misspelt_definition(text: &str, tokens: &[Token], index: usize, token: Token) -> bool {
    let sign = |ahead: usize| tokens.get(index + ahead).map_or("", |t| t.text(text));
    let word = token.text(text);
    token.kind == Kind::Word
        && (sign(2) == "=" || sign(3) == "=" && sign(2).starts_with('"'))
        && tokens.get(index + 1).is_some_and(|name| matches!(name.kind, Kind::Word | Kind::Name))
        && !matches!(word, "field" | "event" | "where" | "and" | "or" | "not")
        && habits::nearest_keyword(word, ["segment", "list", "let"]).is_some()
}

/// The column of a place at which nothing but white space stands before it on its line.
fn first_on_line(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let line = before.trim_end_matches(|c| c != '\n' && lex::is_blank(c));
    (line.is_empty() || line.ends_with('\n')).then_some(before.len() - line.len())
}

struct Recovery<'a, 'c, 's> {
    text: &'a str,
    cx: &'c mut build::Context<'a>,
    script: &'s mut Script,
    /// Bytes that may still be read again.
    effort: usize,
    reported: usize,
    /// Pieces with mistakes that are not described any more.
    more: usize,
    /// From here on the definition may be read in another way, because a quote or the like is missing and where is a guess.
    doubt: usize,
}

impl Recovery<'_, '_, '_> {
    fn slice(&mut self, rule: NodeKind, slice: Range<usize>) {
        let text = self.text;
        let content = text.get(slice.clone()).unwrap_or_default();
        if let Some(at) = nesting::too_deep(content) {
            self.reported += 1;
            let at = at.start + slice.start..at.end + slice.start;
            self.cx.report(nesting::error(self.cx.source(), at));
            self.script.holes.push(Span::new(self.cx.source(), slice.start, slice.end));
            let empty = Patched::new(text, slice).change(&[(0..content.len(), stand_in(rule, content))]);
            let _ = self.build(rule, &empty);
            return;
        }
        let whole = Patched::new(text, slice);
        let Err(failure) = self.build(rule, &whole) else { return };
        if self.reported >= MAX_ERRORS {
            self.more += 1;
            return;
        }
        self.doubt = usize::MAX;
        let before = self.reported;
        let mended = self.mend(rule, &|range| range, whole.clone(), &failure, 0);
        if self.build(rule, &mended).is_err() && self.reported == before {
            // Everything that is wrong was said; if nothing was, what the grammar says is.
            self.describe(rule, &|range| whole.original(range), whole.text(), 0, &failure);
        }
    }

    /// A condition, or whatever it is, before the first definition.
    fn outside(&mut self, slice: Range<usize>) {
        let end = slice.start + self.text.get(slice.clone()).map_or(0, |text| text.find('\n').unwrap_or(text.len()));
        let at = slice.start..floor(self.text, end);
        let finding = Finding::new(codes::E0117, at, "a script with definitions has nothing but definitions")
            .here("this belongs to none of them")
            .maybe("make it a segment", vec![(slice.start..slice.start, "segment name = ".to_owned())]);
        self.report(&|range| range, &finding);
    }

    /// Puts what a text defines into the script, if it is right.
    fn build(&mut self, rule: NodeKind, text: &Patched) -> Result<(), Failure> {
        let source = self.cx.source();
        let place = |range: Range<usize>| {
            let original = text.original(range);
            Span::new(source, original.start, original.end)
        };
        for node in &parse::nodes(rule, text.text(), &place)? {
            parse::add(self.cx, node, self.script);
        }
        Ok(())
    }

    /// Reports what is wrong with a text, and returns it without. `outer` says where a place of what the text is made
    /// from stands in the file.
    fn mend(&mut self, rule: NodeKind, outer: &Original<'_>, text: Patched, failure: &Failure, depth: usize) -> Patched {
        let mut good = failure.at;
        let (text, first) = self.all_at_once(outer, text, habits::lexical);
        if first.is_some() {
            match parse::failure(rule, text.text()) {
                Some(failure) => good = failure.at,
                None => return text,
            }
        }
        let (text, first) = self.all_at_once(outer, text, habits::brackets);
        // What could be read once need not be read again.
        let good = first.map_or(good, |first| good.min(first));
        let inner: &Original<'_> = &|range| outer(text.original(range));
        let tokens = lex::tolerant(text.text());
        let groups = structure::groups(text.text(), &tokens);
        let pieces = Pieces { text: text.text(), tokens: &tokens, groups: &groups };
        let mut changes = self.piece(rule, inner, pieces.root(), depth);
        for group in &groups {
            for (position, part) in group.parts.iter().enumerate() {
                let rule = match group.members {
                    Members::Conditions => NodeKind::condition_alone,
                    Members::Filters => NodeKind::filter_alone,
                    Members::Steps if position == 0 => NodeKind::first_step_alone,
                    Members::Steps => NodeKind::next_step_alone,
                    Members::Branches => NodeKind::branch_alone,
                    Members::Items => NodeKind::item_alone,
                };
                let read = tokens.get(part.end).is_some_and(|separator| separator.start < good);
                if read {
                    continue;
                }
                if let Some(piece) = pieces.part(part.clone()) {
                    changes.extend(self.piece(rule, inner, piece, depth));
                }
            }
        }
        // What was taken away as a whole needs no mending inside.
        changes.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        changes.dedup_by(|next, before| next.0.start < before.0.end);
        if changes.is_empty() { text } else { text.change(&changes) }
    }

    /// Reports findings that do not depend on each other, and returns the text with all of them mended, and where the
    /// first change was.
    fn all_at_once(
        &mut self,
        outer: &Original<'_>,
        text: Patched,
        find: fn(&str, &[Token]) -> Vec<Finding>,
    ) -> (Patched, Option<usize>) {
        let findings = find(text.text(), &lex::tolerant(text.text()));
        let mut repairs = Vec::new();
        for finding in findings {
            self.report(&|range| outer(text.original(range)), &finding);
            repairs.extend(finding.repair);
        }
        repairs.sort_by_key(|(range, _)| (range.start, range.end));
        repairs.dedup_by(|next, before| next.0.start < before.0.end);
        let first = repairs.first().map(|(range, _)| range.start);
        if first.is_none() { (text, None) } else { (text.change(&repairs), first) }
    }

    /// Reports what is wrong with one piece, and returns the changes that make it right or take it away.
    fn piece(&mut self, rule: NodeKind, outer: &Original<'_>, mut piece: Patched, depth: usize) -> Vec<Change> {
        let range = piece.original(0..piece.text().len());
        let mut from = 0;
        let mut trusted = true;
        for _ in 0..MAX_IN_PIECE {
            let Some(failure) = parse::failure(rule, piece.text().get(from..).unwrap_or_default()) else {
                if trusted {
                    return piece.changes().collect();
                }
                break;
            };
            self.effort = self.effort.saturating_sub(failure.at + 100);
            if self.reported >= MAX_ERRORS {
                self.more += 1;
                break;
            }
            let inner: &Original<'_> = &|range| outer(piece.original(range));
            let Some((finding, next)) = self.habit(rule, &piece, from, &failure) else {
                self.describe(rule, inner, piece.text(), from, &failure);
                break;
            };
            self.report(inner, &finding);
            trusted &= finding.trusted;
            from = finding.resume.unwrap_or(from);
            piece = next;
            if finding.groups && depth < MAX_REGROUPINGS {
                // There are groups now where there were none: the rest is cut again.
                let tail = Patched::cut(piece.text(), from..piece.text().len(), &[]);
                if let Some(failure) = parse::failure(rule, tail.text()) {
                    let mended = self.mend(rule, &|range| outer(piece.original(range)), tail, &failure, depth + 1);
                    let changes: Vec<Change> = mended.changes().collect();
                    piece = piece.change(&changes);
                }
            }
        }
        let hole = outer(range.clone());
        self.script.holes.push(Span::new(self.cx.source(), hole.start, hole.end));
        let by = stand_in(rule, piece.text());
        vec![(range, by)]
    }

    /// The first habit from elsewhere whose remedy lets reading go on.
    fn habit(&mut self, rule: NodeKind, piece: &Patched, from: usize, failure: &Failure) -> Option<(Finding, Patched)> {
        let tokens: Vec<Token> = lex::tolerant(piece.text()).into_iter().filter(|token| token.start >= from).collect();
        self.effort = self.effort.saturating_sub(piece.text().len());
        let mut place = Place::new(rule, piece.text(), from, failure, &tokens);
        place.whole = !piece.has_placeholders();
        let mut next = None;
        let accepted = habits::candidates(&place).into_iter().find(|finding| {
            if self.effort == 0 {
                return false;
            }
            let mended = piece.change(&finding.repair);
            let goes_on = self.goes_on(&place, finding, mended.text());
            if goes_on {
                next = Some(mended);
            }
            goes_on
        })?;
        next.map(|next| (accepted, next))
    }

    /// Whether with a change more can be read than without it.
    fn goes_on(&mut self, place: &Place<'_>, finding: &Finding, mended: &str) -> bool {
        if finding.known {
            return true;
        }
        let from = finding.resume.unwrap_or(place.from);
        let Some(later) = parse::failure(place.rule, mended.get(from..).unwrap_or_default()) else { return true };
        self.effort = self.effort.saturating_sub(later.at + 100);
        let stopped = word_start(mended, from + later.at);
        // What was written at the place must have been read; what was only added must have led to more being read.
        let next = place.tokens.iter().map(|token| token.start).find(|start| *start > place.at).filter(|_| finding.doubtful);
        match finding.repair.iter().find(|(range, _)| range.end >= place.at) {
            _ if next.is_some_and(|next| stopped <= shifted(&finding.repair, next)) => false,
            Some((range, by)) if !range.is_empty() && !by.is_empty() => stopped >= shifted(&finding.repair, range.end),
            Some((range, _)) => stopped > shifted(&finding.repair, range.end),
            None => stopped > shifted(&finding.repair, place.at),
        }
    }

    /// Reports a mistake that no habit explains.
    fn describe(&mut self, rule: NodeKind, original: &Original<'_>, text: &str, from: usize, failure: &Failure) {
        let tokens: Vec<Token> = lex::tolerant(text).into_iter().filter(|token| token.start >= from).collect();
        let place = Place::new(rule, text, from, failure, &tokens);
        self.report(original, &expected::describe(&place));
    }

    /// Reports a finding; `original` says where a range of the text that it was found in stands in the file.
    fn report(&mut self, original: &Original<'_>, finding: &Finding) {
        // What was put in to go on reading is nobody's mistake.
        if !finding.at.is_empty() && original(finding.at.clone()).is_empty() {
            return;
        }
        self.reported += 1;
        if self.reported > MAX_ERRORS {
            self.more += 1;
            return;
        }
        let source = self.cx.source();
        let span = |range: &Range<usize>| {
            let original = original(range.clone());
            Span::new(source, floor(self.text, original.start), floor(self.text, original.end))
        };
        let label = |(range, message): &(Range<usize>, String)| Label { span: span(range), message: message.clone() };
        let edit = |(range, text): &Change| Edit { span: span(range), text: text.clone() };
        let changes = |edit: &Edit| self.text.get(edit.span.start..edit.span.end) != Some(edit.text.as_str());
        let diagnostic = Diagnostic {
            code: finding.code,
            span: span(&finding.at),
            message: finding.message.clone(),
            label: finding.label.clone(),
            labels: finding.labels.iter().map(label).collect(),
            help: finding.help.clone(),
            fixes: finding
                .fixes
                .iter()
                .map(|fix| Fix {
                    title: fix.title.clone(),
                    applicability: if fix.changes.iter().any(|(range, _)| span(range).start >= self.doubt) {
                        Applicability::Maybe
                    } else {
                        fix.applicability
                    },
                    edits: fix.changes.iter().map(edit).filter(changes).collect(),
                })
                .filter(|fix| !fix.edits.is_empty())
                .collect(),
        };
        if !finding.trusted && matches!(finding.code.id(), "E0112" | "E0113" | "E0114") {
            self.doubt = self.doubt.min(diagnostic.span.start);
        }
        self.cx.report(diagnostic);
    }

    fn finish(self) {
        if self.more > 0 {
            let end = self.text.len();
            let message = format!("{} more mistakes are not shown", self.more);
            let span = Span::new(self.cx.source(), end, end);
            self.cx.report(Diagnostic::new(codes::E0111, span, message).help("mend the first ones, then check again"));
        }
    }
}

/// Where a range of a mended text stands in its file.
type Original<'a> = dyn Fn(Range<usize>) -> Range<usize> + 'a;

/// Cuts a definition into pieces that are read alone.
struct Pieces<'a> {
    text: &'a str,
    tokens: &'a [Token],
    groups: &'a [Group],
}

impl Pieces<'_> {
    /// All of it, with something short in each group.
    fn root(&self) -> Patched {
        self.cut(0..self.text.len(), 0..self.tokens.len())
    }

    /// One part of a group, with something short in each group inside it; `None` for one without words.
    fn part(&self, part: Range<usize>) -> Option<Patched> {
        let (first, last) = (self.tokens.get(part.start)?, self.tokens.get(part.end.checked_sub(1)?)?);
        (!part.is_empty()).then(|| self.cut(first.start..last.end, part))
    }

    fn cut(&self, range: Range<usize>, tokens: Range<usize>) -> Patched {
        let mut placeholders = Vec::new();
        let mut next = self.groups.partition_point(|group| group.from <= tokens.start);
        while let Some(group) = self.groups.get(next).filter(|group| group.from < tokens.end) {
            if let (Some(first), Some(last)) =
                (self.tokens.get(group.from), group.to.checked_sub(1).and_then(|to| self.tokens.get(to)))
                && group.from < group.to
            {
                let by = placeholder(group.members);
                placeholders.push((first.start..last.end, by.to_owned()));
            }
            next = self.groups.partition_point(|other| other.from < group.to.max(group.from + 1));
        }
        Patched::cut(self.text, range, &placeholders)
    }
}

/// Something short that can stand in a group.
pub(super) fn placeholder(members: Members) -> &'static str {
    match members {
        Members::Conditions => "everyone",
        Members::Filters => "x is set",
        Members::Steps => "event x",
        Members::Branches => "otherwise -> \"\"",
        Members::Items => "\"\"",
    }
}

/// What stands for a piece that cannot be read.
fn stand_in(rule: NodeKind, text: &str) -> String {
    match rule {
        NodeKind::filter_alone => "x is set".to_owned(),
        NodeKind::first_step_alone => "event x".to_owned(),
        NodeKind::next_step_alone => "then event x".to_owned(),
        NodeKind::item_alone => "\"\"".to_owned(),
        NodeKind::branch_alone => {
            let tokens = lex::tolerant(text);
            let label = tokens.iter().rev().find(|token| token.kind == Kind::Text).map_or("\"\"", |token| token.text(text));
            let when = if text.starts_with("otherwise") { "otherwise" } else { "when nobody" };
            format!("{when} -> {label}")
        }
        NodeKind::statement_alone => {
            let tokens = lex::tolerant(text);
            let word = |index: usize| tokens.get(index).map_or("", |token| token.text(text));
            let head = |words: usize| text.get(..tokens.get(words).map_or(text.len(), |token| token.start)).unwrap_or_default();
            match word(0) {
                "segment" => format!("segment {} = everyone", word(1)),
                "param" if word(3) == ":" && word(5) == "<" => format!("{} = []", head(8)),
                "param" if word(3) == ":" => format!("{} = \"\"", head(5)),
                _ => String::new(),
            }
        }
        _ => "everyone".to_owned(),
    }
}

/// Where a place stands after changes before it.
fn shifted(changes: &[Change], at: usize) -> usize {
    changes.iter().filter(|(range, _)| range.end <= at).fold(at, |at, (range, by)| (at + by.len()).saturating_sub(range.len()))
}

/// The beginning of the word at a place.
fn word_start(text: &str, at: usize) -> usize {
    let at = floor(text, at);
    if !text.get(at..).is_some_and(|after| after.starts_with(lex::is_word_char)) {
        return at;
    }
    text.get(..at).map_or(at, |before| before.trim_end_matches(lex::is_word_char).len())
}

/// The character boundary at or before a place.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
