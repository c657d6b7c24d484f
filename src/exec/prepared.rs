//! What tests on texts need, made once for all chunks, and what dictionaries say of them.

use std::collections::HashMap;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

use super::anniversaries::Anniversaries;
use crate::check::typed::TextOp;
use crate::plan::{Atom, Expr, Marks, Node, Part, Plan, Predicate, RowFilter, Source, TextPredicate};
use crate::store::column::{CodeSet, TextColumn, WantedTexts};
use crate::time::{Clock, Duration};
use crate::value::fold;

/// Regular expressions of a plan, compiled once, and long lists, hashed once.
#[derive(Debug, Default)]
pub(super) struct Prepared<'p> {
    exact: HashMap<String, Regex>,
    ignoring_case: HashMap<String, Regex>,
    anniversaries: HashMap<Duration, OnceLock<Anniversaries>>,
    /// By where the list stands in the memory: the plan stays where it is.
    wanted: HashMap<usize, WantedTexts<'p>>,
}

impl<'p> Prepared<'p> {
    pub fn new(plan: &'p Plan, marks: &Marks) -> Self {
        let mut prepared = Self::default();
        for part in marks.parts(plan) {
            match part {
                Part::Node(id) => match plan.node(id) {
                    Node::Atom(Atom::Field { predicate, .. }) => {
                        prepared.add(predicate);
                        prepared.add_list(predicate);
                    }
                    Node::Atom(Atom::ContactId(predicate) | Atom::Value { predicate, .. }) => prepared.add(predicate),
                    Node::Atom(Atom::Events(events)) => prepared.add_filter(events.filter.as_ref()),
                    Node::Atom(Atom::Sequence(sequence)) => prepared.add_sources(sequence.sources()),
                    _ => {}
                },
                Part::Expr(id) => {
                    if let Expr::Aggregate(aggregate) = plan.expr(id) {
                        prepared.add_sources(aggregate.sources.iter());
                    }
                }
            }
        }
        prepared
    }

    fn add_sources<'s>(&mut self, sources: impl Iterator<Item = &'s Source>) {
        sources.for_each(|s| self.add_filter(s.filter.as_ref()));
    }

    fn add_filter(&mut self, filter: Option<&RowFilter>) {
        if let Some(filter) = filter {
            filter.tests(&mut |_, predicate| self.add(predicate));
        }
    }

    fn add(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::Text(TextPredicate::Matches(source, case, _)) => {
                // The checker has compiled it with a limit on its size already.
                if let Ok(regex) = RegexBuilder::new(source).case_insensitive(*case).build() {
                    let known = if *case { &mut self.ignoring_case } else { &mut self.exact };
                    known.insert(source.clone(), regex);
                }
            }
            Predicate::Anniversary(within) => {
                self.anniversaries.entry(*within).or_default();
            }
            Predicate::Items(_, filter) => filter.predicates(&mut |p| self.add(p)),
            _ => {}
        }
    }

    fn add_list(&mut self, predicate: &'p Predicate) {
        if let Predicate::Text(TextPredicate::In(list, folding, _)) = predicate
            && folding.is_exact()
            && let Some(wanted) = WantedTexts::new(list)
        {
            self.wanted.insert(list.as_ptr().addr(), wanted);
        }
    }

    /// The texts of a long list that a field is compared with as they are.
    pub fn wanted(&self, list: &[String]) -> Option<&WantedTexts<'p>> {
        if self.wanted.is_empty() { None } else { self.wanted.get(&list.as_ptr().addr()) }
    }

    /// The regular expression of a test that has one.
    pub fn regex(&self, test: &TextPredicate) -> Option<&Regex> {
        match test {
            TextPredicate::Matches(source, true, _) => self.ignoring_case.get(source),
            TextPredicate::Matches(source, false, _) => self.exact.get(source),
            _ => None,
        }
    }

    /// The days that come round within a time; found when the first is asked about.
    pub fn anniversaries(&self, within: &Duration, clock: &Clock) -> Option<&Anniversaries> {
        Some(self.anniversaries.get(within)?.get_or_init(|| Anniversaries::new(within, clock)))
    }

    /// The codes of a dictionary that pass a test.
    pub fn codes(&self, column: &TextColumn<'_>, test: &TextPredicate) -> CodeSet {
        match test {
            TextPredicate::In(list, folding, negated) => {
                let found = if folding.is_exact() {
                    let mut set = CodeSet::none(column.distinct());
                    list.iter().filter_map(|text| column.find(text)).for_each(|code| set.insert(code));
                    set
                } else {
                    column.matching(|text| TextPredicate::is_in(list, &fold(text, *folding)))
                };
                if *negated { found.complement(column.distinct()) } else { found }
            }
            TextPredicate::Part(TextOp::StartsWith, needle, folding) if folding.is_exact() => column.with_prefix(needle),
            TextPredicate::Part(TextOp::EndsWith, needle, folding) if folding.is_exact() => column.with_suffix(needle),
            TextPredicate::Part(TextOp::Contains, needle, folding) if folding.is_exact() => {
                let finder = memchr::memmem::Finder::new(needle);
                column.matching_bytes(|text| finder.find(text).is_some())
            }
            TextPredicate::Part(op, needle, folding) => {
                column.matching(|text| TextPredicate::is_part(*op, &fold(text, *folding), needle))
            }
            TextPredicate::Matches(_, _, folding) => match self.regex(test) {
                Some(regex) => column.matching(|text| regex.is_match(&fold(text, *folding))),
                None => CodeSet::none(column.distinct()),
            },
        }
    }
}
