//! Names, types and windows: syntax trees and a schema in, a typed tree and diagnostics out.
//!
//! Goes in: a script and the scripts it uses, the schema, the overrides of params. Comes out: a [`Checked`] whose
//! program may run when no diagnostic is an error. Every mistake is reported once: what a mistake leaves without a
//! meaning is silently `nobody`, so that nothing else is said of it.

mod conditions;
mod events;
mod files;
mod names;
mod operands;
mod order;
mod params;
mod suggest;
mod tests_on_values;
pub mod typed;
mod windows;

use crate::diag::Diagnostic;
use crate::schema::Schema;
use crate::syntax::{SourceId, Sources, Span};
use typed::{Program, SegmentId};

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
    let scripts = files::load(sources, entry, options.read, &mut diagnostics);
    let names = names::collect(&scripts, &mut diagnostics);
    let params = params::resolve(sources, &names, options, &mut diagnostics);
    let order = order::order(&names, &mut diagnostics);
    let ids = vec![None; names.segments.len()];
    let mut checker = Checker { sources, schema: options.schema, names: &names, params: &params, ids, diagnostics };
    let mut program = Program::default();
    for index in order {
        let Some(definition) = names.segments.get(index) else { continue };
        let condition = checker.condition(definition.condition);
        if let (Some(slot), Ok(id)) = (checker.ids.get_mut(index), u32::try_from(program.segments.len())) {
            *slot = Some(SegmentId(id));
        }
        program.segments.push(typed::Segment {
            name: definition.name.to_owned(),
            title: definition.title.map(str::to_owned),
            condition,
        });
    }
    let own = names.segments.iter().zip(&checker.ids).filter(|(s, _)| s.source == entry).filter_map(|(_, id)| *id).collect();
    let mut diagnostics = checker.diagnostics;
    // What stands for an unreadable part says nothing of its own, and is no reason for a warning around it.
    let holes: Vec<Span> = scripts.iter().flat_map(|file| file.script.holes.iter().copied()).collect();
    diagnostics.retain(|d| !holes.iter().any(|hole| hides(*hole, d)));
    diagnostics.sort_by_key(|d| d.span);
    diagnostics.dedup();
    Checked { program, own, diagnostics }
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
    /// Identifier of each segment of `names` that has been checked.
    ids: Vec<Option<SegmentId>>,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn text_of(&self, span: Span) -> String {
        self.sources.text(span).to_owned()
    }
}
