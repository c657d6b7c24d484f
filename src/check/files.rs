//! `use`: every file of a script, each once.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Literal, Script, Statement};
use crate::syntax::{SourceId, Sources, parse};

/// Reads the file of a path (relative paths as given to `use`, joined to the using file's folder); the error is said
/// to the user.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> Result<String, String>;

/// A parsed file.
pub(crate) struct File {
    pub source: SourceId,
    pub script: Rc<Script>,
}

impl File {
    /// Parses a text that is a source already.
    pub fn parsed(text: &str, source: SourceId, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let (script, errors) = parse(text, source);
        diagnostics.extend(errors);
        Self { source, script: Rc::new(script) }
    }

    /// Parses a source.
    pub fn of(sources: &Sources, source: SourceId, diagnostics: &mut Vec<Diagnostic>) -> Self {
        Self::parsed(sources.get(source).map_or("", |source| &source.text), source, diagnostics)
    }
}

/// Everything that some parsed files use, depth first, each file once; the files themselves come where they are reached.
pub(crate) fn load(
    sources: &mut Sources,
    entries: Vec<File>,
    read: ReadFile<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<File> {
    let mut files = Vec::new();
    let mut known: HashMap<PathBuf, SourceId> = HashMap::new();
    let mut parents: HashMap<SourceId, SourceId> = HashMap::new();
    for entry in &entries {
        if let Some(source) = sources.get(entry.source) {
            known.insert(normal(Path::new(&source.name)), entry.source);
        }
    }
    let mut open = entries;
    open.reverse();
    while let Some(file) = open.pop() {
        for used in uses(&file.script) {
            let base = sources.get(file.source).and_then(|source| Path::new(&source.name).parent()).unwrap_or(Path::new(""));
            let path = normal(&base.join(&used.value));
            if let Some(known) = known.get(&path) {
                if is_ancestor(*known, file.source, &parents) {
                    let message = format!("`{}` uses this file in turn", used.value);
                    diagnostics.push(
                        Diagnostic::new(codes::E0210, used.span, message)
                            .help("move what both need into a third file and use that"),
                    );
                }
                continue;
            }
            match read(&path) {
                Ok(text) => {
                    let child = sources.add(&path.display().to_string(), &text);
                    known.insert(path, child);
                    parents.insert(child, file.source);
                    open.push(File::parsed(&text, child, diagnostics));
                }
                Err(reason) => {
                    let message = format!("cannot read `{}`: {reason}", used.value);
                    diagnostics.push(
                        Diagnostic::new(codes::E0209, used.span, message)
                            .help("the path is relative to the file that says `use`"),
                    );
                }
            }
        }
        files.push(file);
    }
    files
}

fn uses(script: &Script) -> impl Iterator<Item = &Literal<String>> {
    script.statements.iter().filter_map(|statement| match statement {
        Statement::Use(file) => Some(file),
        _ => None,
    })
}

fn is_ancestor(candidate: SourceId, of: SourceId, parents: &HashMap<SourceId, SourceId>) -> bool {
    std::iter::successors(Some(of), |id| parents.get(id).copied()).any(|id| id == candidate)
}

/// The path without `.` and without `..` where that needs no look at the disk.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
