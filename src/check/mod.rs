//! Names, types and windows: syntax trees and a schema in, a typed tree and diagnostics out.
//!
//! Goes in: a script and the scripts it uses, the schema, the overrides of params. Comes out: a [`Checked`] whose
//! program may run when no diagnostic is an error. Every mistake is reported once: what a mistake leaves without a
//! meaning is silently `nobody`, so that nothing else is said of it.

mod aggregates;
pub(crate) mod conditions;
mod decisions;
mod events;
pub(crate) mod files;
mod filters;
mod lists;
pub(crate) mod names;
mod operands;
pub(crate) mod order;
mod params;
mod sequences;
mod subject;
mod suggest;
pub mod test_blocks;
mod tests_on_values;
pub mod typed;
mod values;
mod windows;

use crate::diag::Diagnostic;
use crate::schema::Schema;
use crate::syntax::{SourceId, Sources, Span};
use files::File;
use names::Body;
use subject::Subject;
use typed::{DecisionId, DefinitionId, LetId, Program, SegmentId};

pub use files::ReadFile;
pub use suggest::nearest;

/// What a check depends on besides the script.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Fields and events.
    pub schema: &'a Schema,
    /// `--set name=value`: name without `$`, value as written.
    pub overrides: &'a [(String, String)],
    /// Reads a file named by `use`.
    pub read: ReadFile<'a>,
}

/// A checked script.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// All segments, those of used files included.
    pub program: Program,
    /// The segments of the script itself, in the order in which they are written.
    pub own: Vec<SegmentId>,
    /// The decisions of the script itself, in the order in which they are written.
    pub own_decisions: Vec<DecisionId>,
    /// The tests of the script itself, in order.
    pub tests: Vec<test_blocks::TestCase>,
    /// Errors and warnings in order of file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks the script `entry` and everything it uses. Files read on the way are added to `sources`.
///
/// ```
/// use segql::{check::{Options, check}, schema::Schema, syntax::Sources};
/// let mut sources = Sources::default();
/// let entry = sources.add("a.seg", "segment a = event MailOpen within 30d\nsegment b = not segment a");
/// let schema = Schema::new("Europe/Warsaw".parse().unwrap());
/// let options = Options { schema: &schema, overrides: &[], read: &|_| Err("no files here".to_owned()) };
/// let checked = check(&mut sources, entry, options);
/// assert_eq!((checked.own.len(), checked.diagnostics.len()), (2, 0));
/// ```
#[must_use]
pub fn check(sources: &mut Sources, entry: SourceId, options: Options<'_>) -> Checked {
    let mut diagnostics = Vec::new();
    let file = File::of(sources, entry, &mut diagnostics);
    check_parsed(sources, vec![file], diagnostics, options)
}

/// Checks parsed files, the first of which is the script itself, with what has been found out about them.
pub(crate) fn check_parsed(
    sources: &mut Sources,
    entries: Vec<File>,
    mut diagnostics: Vec<Diagnostic>,
    options: Options<'_>,
) -> Checked {
    let entry = entries.first().map_or(SourceId(0), |file| file.source);
    let scripts = files::load(sources, entries, options.read, &mut diagnostics);
    let names = names::collect(&scripts, &mut diagnostics);
    let params = params::resolve(sources, &names, options, &mut diagnostics);
    let order = order::order(&names, &mut diagnostics);
    let lists = lists::load(sources, &names, options.read, &mut diagnostics);
    let mut checker = Checker {
        sources,
        schema: options.schema,
        names: &names,
        params: &params,
        ids: vec![None; names.definitions.len()],
        lists: lists.iter().map(|l| l.name.clone()).collect(),
        let_subjects: Vec::new(),
        program: Program { lists, ..Program::default() },
        diagnostics,
    };
    for index in order {
        checker.definition(index);
    }
    let tests = names.tests.iter().map(|(source, test)| (*source, checker.test_case(test))).collect::<Vec<_>>();
    let tests = tests.into_iter().filter(|(source, _)| *source == entry).map(|(_, test)| test).collect();
    let Checker { ids, program, mut diagnostics, .. } = checker;
    let own = || names.definitions.iter().zip(&ids).filter(|(d, _)| d.source == entry).filter_map(|(_, id)| *id);
    let segments = own().filter_map(|id| if let DefinitionId::Segment(id) = id { Some(id) } else { None }).collect();
    let decisions = own().filter_map(|id| if let DefinitionId::Decision(id) = id { Some(id) } else { None }).collect();
    // What stands for an unreadable part says nothing of its own, and is no reason for a warning around it.
    let holes: Vec<Span> = scripts.iter().flat_map(|file| file.script.holes.iter().copied()).collect();
    diagnostics.retain(|d| !holes.iter().any(|hole| hides(*hole, d)));
    diagnostics.sort_by_key(|d| d.span);
    diagnostics.dedup();
    Checked { program, own: segments, own_decisions: decisions, tests, diagnostics }
}

/// Whether a diagnostic is about something that only stands for an unreadable part.
fn hides(hole: Span, diagnostic: &Diagnostic) -> bool {
    let warning = diagnostic.severity() == crate::diag::Severity::Warning;
    !diagnostic.code.is_syntax() && (hole.contains(diagnostic.span) || warning && diagnostic.span.contains(hole))
}

/// What the checks of one script share.
struct Checker<'a> {
    sources: &'a Sources,
    schema: &'a Schema,
    names: &'a names::Names<'a>,
    params: &'a params::Params,
    /// Identifier of each definition of `names` that has been checked.
    ids: Vec<Option<DefinitionId>>,
    /// Names of the lists of the program.
    lists: Vec<String>,
    /// What the values of the program are.
    let_subjects: Vec<Subject>,
    program: Program,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// Checks a definition of `names` whose references have been checked.
    fn definition(&mut self, index: usize) {
        let names = self.names;
        let Some(definition) = names.definitions.get(index) else { return };
        let number = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let title = definition.title.map(str::to_owned);
        let id = match definition.body {
            Body::Segment(condition) => {
                let condition = self.condition(condition);
                let id = DefinitionId::Segment(SegmentId(number(self.program.segments.len())));
                self.program.segments.push(typed::Segment { name: definition.name.to_owned(), title, condition });
                id
            }
            Body::Let(expr) => {
                // One with a mistake has no identifier, so that nothing is said of its uses.
                let Some((value, subject)) = self.value(expr) else { return };
                let id = DefinitionId::Let(LetId(number(self.program.lets.len())));
                self.program.lets.push(typed::Let { name: definition.name.to_owned(), value });
                self.let_subjects.push(subject);
                id
            }
            Body::Decision(decision) => {
                let decision = self.decision_definition(decision);
                let id = DefinitionId::Decision(DecisionId(number(self.program.decisions.len())));
                self.program.decisions.push(decision);
                id
            }
        };
        self.program.order.push(id);
        if let Some(slot) = self.ids.get_mut(index) {
            *slot = Some(id);
        }
    }
}

impl Checker<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn text_of(&self, span: Span) -> String {
        self.sources.text(span).to_owned()
    }
}
