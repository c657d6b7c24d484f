//! `use`: every file of a script, each once.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Literal, Script, Statement};
use crate::syntax::{SourceId, Sources, parse};

/// Reads the file of a path (relative paths as given to `use`, joined to the using file's folder); the error is said
/// to the user.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> Result<String, String>;

/// A parsed file.
pub(crate) struct File {
    pub source: SourceId,
    pub script: Script,
}

/// Parses `entry` and everything it uses, depth first, each file once; `entry` comes first.
pub(crate) fn load(sources: &mut Sources, entry: SourceId, read: ReadFile<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<File> {
    let mut files = Vec::new();
    let mut known: HashMap<PathBuf, SourceId> = HashMap::new();
    let mut parents: HashMap<SourceId, SourceId> = HashMap::new();
    let mut queue = vec![entry];
    if let Some(source) = sources.get(entry) {
        known.insert(normal(Path::new(&source.name)), entry);
    }
    while let Some(id) = queue.pop() {
        let Some(source) = sources.get(id) else { continue };
        let (base, text) = (PathBuf::from(&source.name), source.text.clone());
        let (script, errors) = parse(&text, id);
        diagnostics.extend(errors);
        for used in uses(&script) {
            let path = normal(&base.parent().unwrap_or(Path::new("")).join(&used.value));
            if let Some(known) = known.get(&path) {
                if is_ancestor(*known, id, &parents) {
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
                    parents.insert(child, id);
                    queue.push(child);
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
        files.push(File { source: id, script });
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
