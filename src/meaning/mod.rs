//! What definitions mean, apart from how they are written: hashes, and what differs between two scripts.
//!
//! A definition is read into a tree in which names are resolved and a few laws have been applied (see `docs/meaning.md`), so
//! that what is written differently but means the same is one tree. Its [`Digest`] is what `segql hash` prints. No schema is
//! needed: fields, attributes and events are their names, so a schema that grows changes nothing.

mod build;
mod changes;
mod implies;
mod node;
mod part;

use std::collections::HashMap;

use crate::check::conditions::unknown;
use crate::check::files::File;
use crate::check::names::Names;
use crate::check::{ReadFile, files, names, order};
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Script, Statement};
use crate::syntax::parse::NodeKind;
use crate::syntax::parts::{Part as ScriptPart, parts};
use crate::syntax::{SourceId, Sources, Span};
use build::Builder;
use node::Head;
use part::Part;

pub use changes::{Change, PartChange, Relation, Side, Status, changes};
pub use node::{Arena, Digest, NodeId};

/// The kinds of definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `segment name`
    Segment,
    /// `let $name`
    Let,
    /// `param $name`
    Param,
    /// `list name`
    List,
    /// `decision name`
    Decision,
    /// `test "title"`
    Test,
    /// `use "file"`
    Use,
    /// A script that is one bare condition.
    Condition,
}

impl Kind {
    /// The word that begins it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Let => "let",
            Self::Param => "param",
            Self::List => "list",
            Self::Decision => "decision",
            Self::Test => "test",
            Self::Use => "use",
            Self::Condition => "condition",
        }
    }
}

/// A definition and what it means.
#[derive(Debug, Clone)]
pub struct Definition {
    /// What it is.
    pub kind: Kind,
    /// Its name without `$`; the title of a test, the file of a `use`; nothing for a bare condition.
    pub name: String,
    /// All of it.
    pub span: Span,
    /// What it means; nothing for a test, a `use`, and what is defined by itself.
    pub meaning: Option<NodeId>,
    part: Option<Part>,
}

impl Definition {
    /// What to call it: `segment vip`, `let $x`, `test "a"`, `condition`.
    #[must_use]
    pub fn title(&self) -> String {
        title(self.kind, &self.name)
    }
}

/// What to call a definition of this kind and name.
#[must_use]
pub fn title(kind: Kind, name: &str) -> String {
    let written = |kind| crate::fmt::written_name(kind, name);
    match kind {
        Kind::Segment => format!("segment {}", written(NodeKind::segment_name)),
        Kind::List => format!("list {}", written(NodeKind::list_name)),
        Kind::Decision => format!("decision {}", written(NodeKind::decision_name)),
        Kind::Let | Kind::Param => format!("{} ${}", kind.word(), written(NodeKind::param_name)),
        Kind::Test | Kind::Use => format!("{} {}", kind.word(), crate::syntax::quoted(name)),
        Kind::Condition => "condition".to_owned(),
    }
}

/// The definitions of a script, without those of the files that it uses.
#[derive(Debug, Clone, Default)]
pub struct Meanings {
    /// In the order of the text.
    pub definitions: Vec<Definition>,
    /// Mistakes: those that leave something unread, and names that nothing has.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the definitions of a script. Equal meanings of all scripts that are read into one arena are one node.
///
/// ```
/// use segql::meaning::{Arena, read};
/// use segql::syntax::Sources;
/// let (mut arena, mut sources) = (Arena::default(), Sources::default());
/// let mut hash = |text: &str| {
///     let entry = sources.add("a.seg", text);
///     let meanings = read(&mut arena, &mut sources, entry, &|_| Err("no files here".to_owned()));
///     meanings.definitions[0].meaning.map(|meaning| arena.digest(meaning))
/// };
/// let a = hash("segment a = all < field wiek > 18; event Zakup within 1w >");
/// assert_eq!(a, hash("segment b = all <not not event Zakup within 7d; field wiek > 18.0>"));
/// assert_ne!(a, hash("segment a = all < field wiek > 19; event Zakup within 1w >"));
/// ```
pub fn read(arena: &mut Arena, sources: &mut Sources, entry: SourceId, read_file: ReadFile<'_>) -> Meanings {
    let mut diagnostics = Vec::new();
    let file = File::of(sources, entry, &mut diagnostics);
    let loaded = files::load(sources, vec![file], read_file, &mut diagnostics);
    let table = names::collect(&loaded, &mut diagnostics);
    let order = order::order(&table, &mut diagnostics);
    let mut builder = Builder::new(arena, sources, &table);
    let mut built: Vec<Option<Part>> = vec![None; table.definitions.len()];
    for index in order {
        let part = builder.definition(index);
        if let Some(slot) = built.get_mut(index) {
            *slot = part;
        }
    }
    let own = loaded.iter().find(|file| file.source == entry).map(|file| &file.script);
    let definitions = own.map_or_else(Vec::new, |script| definitions(script, &mut builder, &table, entry, &built));
    for (kind, name) in &builder.unknown {
        let code = match *kind {
            "segment" => codes::E0205,
            "list" => codes::E0214,
            "decision" => codes::E0215,
            _ => codes::E0206,
        };
        let known = known_names(&table, kind);
        let near = crate::check::nearest(&name.value, known.iter().map(String::as_str));
        let what = if *kind == "value" { "value or param" } else { kind };
        diagnostics.push(unknown(code, what, name, near));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    diagnostics.dedup();
    Meanings { definitions, diagnostics }
}

fn known_names(table: &Names<'_>, kind: &str) -> Vec<String> {
    let values = table.lets.keys().copied().chain(table.params.iter().map(|param| param.name.value.as_str()));
    match kind {
        "segment" => table.segments.keys().map(|name| (*name).to_owned()).collect(),
        "decision" => table.decisions.keys().map(|name| (*name).to_owned()).collect(),
        "list" => table.lists.iter().map(|(_, list)| list.name.value.clone()).collect(),
        _ => values.map(str::to_owned).collect(),
    }
}

/// The definitions of one file, with all of their text.
fn definitions(
    script: &Script,
    builder: &mut Builder<'_>,
    table: &Names<'_>,
    entry: SourceId,
    built: &[Option<Part>],
) -> Vec<Definition> {
    let text = builder.text(entry);
    let spans: Vec<Span> = parts(text)
        .unwrap_or_default()
        .iter()
        .filter_map(|part| match part {
            ScriptPart::Whole(node) if node.kind == NodeKind::statement => Some(Span::new(entry, node.span.start, node.span.end)),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    let mut add = |kind: Kind, name: &str, span: Span, part: Option<Part>| {
        let meaning = part.as_ref().map(|part| part.id);
        found.push(Definition { kind, name: name.to_owned(), span, meaning, part });
    };
    let places: HashMap<Span, usize> =
        (0..).zip(&table.definitions).filter(|(_, d)| d.source == entry).map(|(index, d): (usize, _)| (d.span, index)).collect();
    let part_of = |span: Span| places.get(&span).and_then(|index| built.get(*index).cloned().flatten());
    if let Some(condition) = &script.bare {
        add(Kind::Condition, "", condition.span, part_of(condition.span));
    }
    for (statement, span) in script.statements.iter().zip(spans) {
        match statement {
            Statement::Segment(d) => add(Kind::Segment, &d.name.value, span, part_of(d.name.span)),
            Statement::Let(d) => add(Kind::Let, &d.name.value, span, part_of(d.name.span)),
            Statement::Decision(d) => add(Kind::Decision, &d.name.value, span, part_of(d.name.span)),
            Statement::Param(d) => add(Kind::Param, &d.name.value, span, Some(builder.param(&d.value))),
            Statement::List(d) => {
                let id = builder.arena.node(Head::List(d.file.value.clone()), Vec::new());
                add(Kind::List, &d.name.value, span, Some(Part::leaf(part::Tag::Other, d.file.span, id)));
            }
            Statement::Test(d) => add(Kind::Test, &d.title.value, span, None),
            Statement::Use(file) => add(Kind::Use, &file.value, span, None),
        }
    }
    found
}

/// The definition that a name means: `vip`, `$x`, or with its kind `segment vip`, `list vip`, `decision d`.
#[must_use]
pub fn find<'d>(definitions: &'d [Definition], name: &str) -> Vec<&'d Definition> {
    let name = crate::value::nfc(name);
    let bare = |text: &str| text.trim().trim_matches('`').to_owned();
    let kinds: &[(&str, &[Kind])] = &[
        ("segment ", &[Kind::Segment]),
        ("list ", &[Kind::List]),
        ("decision ", &[Kind::Decision]),
        ("$", &[Kind::Let, Kind::Param]),
        ("let $", &[Kind::Let]),
        ("param $", &[Kind::Param]),
        ("", &[Kind::Segment, Kind::List, Kind::Decision]),
    ];
    for (prefix, wanted) in kinds {
        let Some(rest) = name.strip_prefix(prefix) else { continue };
        let found: Vec<_> = definitions.iter().filter(|d| wanted.contains(&d.kind) && d.name == bare(rest)).collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}
