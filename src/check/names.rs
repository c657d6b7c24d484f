//! The table of definitions of all files.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::files::File;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Condition, ParamDef, Statement};
use crate::syntax::{SourceId, Span};

/// Definitions by name.
#[derive(Default)]
pub(super) struct Names<'a> {
    pub segments: Vec<SegmentEntry<'a>>,
    pub segment_by_name: HashMap<&'a str, usize>,
    pub params: Vec<&'a ParamDef>,
}

/// A segment of some file; a bare condition has no name.
pub(super) struct SegmentEntry<'a> {
    pub source: SourceId,
    pub name: &'a str,
    pub title: Option<&'a str>,
    pub span: Span,
    pub condition: &'a Condition,
}

/// Collects the definitions; a name that is taken already is an error and its second definition is not collected.
pub(super) fn collect<'a>(files: &'a [File], diagnostics: &mut Vec<Diagnostic>) -> Names<'a> {
    let mut names = Names::default();
    let mut params: HashMap<&str, Span> = HashMap::new();
    for file in files {
        if let Some(condition) = &file.script.bare {
            names.segments.push(SegmentEntry { source: file.source, name: "", title: None, span: condition.span, condition });
        }
        for statement in &file.script.statements {
            match statement {
                Statement::Segment(segment) => {
                    let index = names.segments.len();
                    match names.segment_by_name.entry(&segment.name.value) {
                        Entry::Occupied(first) => {
                            let first = names.segments.get(*first.get()).map(|s| s.span);
                            diagnostics.push(twice("segment", &segment.name.value, segment.name.span, first));
                            continue;
                        }
                        Entry::Vacant(slot) => slot.insert(index),
                    };
                    names.segments.push(SegmentEntry {
                        source: file.source,
                        name: &segment.name.value,
                        title: segment.title.as_deref(),
                        span: segment.name.span,
                        condition: &segment.condition,
                    });
                }
                Statement::Param(param) => match params.entry(&param.name.value) {
                    Entry::Occupied(first) => {
                        diagnostics.push(twice("param", &param.name.value, param.name.span, Some(*first.get())));
                    }
                    Entry::Vacant(slot) => {
                        slot.insert(param.name.span);
                        names.params.push(param);
                    }
                },
                Statement::Use(_) => {}
                Statement::Unsupported(keyword) => {
                    let message = format!("`{}` is not evaluated by this version yet", keyword.value);
                    diagnostics
                        .push(Diagnostic::new(codes::E0901, keyword.span, message).help("leave the definition out for now"));
                }
            }
        }
    }
    names
}

fn twice(what: &str, name: &str, span: Span, first: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::new(codes::E0207, span, format!("{what} `{name}` is defined twice"))
        .here("defined again here")
        .help("rename one of them");
    match first {
        Some(first) => diagnostic.label(first, "defined here first"),
        None => diagnostic,
    }
}
