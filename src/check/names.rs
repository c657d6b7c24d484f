//! The table of definitions of all files.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::files::File;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Condition, DecisionDef, Expr, ListDef, ParamDef, Statement, TestDef};
use crate::syntax::{SourceId, Span};

/// Definitions by name. Values and params share their names: both are written `$name`.
#[derive(Default)]
pub(crate) struct Names<'a> {
    pub definitions: Vec<Definition<'a>>,
    pub segments: HashMap<&'a str, usize>,
    pub lets: HashMap<&'a str, usize>,
    pub decisions: HashMap<&'a str, usize>,
    pub params: Vec<&'a ParamDef>,
    pub lists: Vec<(SourceId, &'a ListDef)>,
    pub tests: Vec<(SourceId, &'a TestDef)>,
}

/// A definition that can refer to others, of some file; a bare condition has no name.
pub(crate) struct Definition<'a> {
    pub source: SourceId,
    pub name: &'a str,
    pub title: Option<&'a str>,
    pub span: Span,
    pub body: Body<'a>,
}

/// What a definition says.
#[derive(Clone, Copy)]
pub(crate) enum Body<'a> {
    Segment(&'a Condition),
    Let(&'a Expr),
    Decision(&'a DecisionDef),
}

impl Body<'_> {
    /// What people call it.
    pub fn what(self) -> &'static str {
        match self {
            Self::Segment(_) => "segment",
            Self::Let(_) => "value",
            Self::Decision(_) => "decision",
        }
    }
}

/// Collects the definitions; a name that is taken already is an error and its second definition is not collected.
pub(crate) fn collect<'a>(files: &'a [File], diagnostics: &mut Vec<Diagnostic>) -> Names<'a> {
    let mut collector = Collector { names: Names::default(), params: HashMap::new(), lists: HashMap::new(), diagnostics };
    for file in files {
        if let Some(condition) = &file.script.bare {
            let body = Body::Segment(condition);
            collector.names.definitions.push(Definition {
                source: file.source,
                name: "",
                title: None,
                span: condition.span,
                body,
            });
        }
        for statement in &file.script.statements {
            collector.statement(file.source, statement);
        }
    }
    collector.names
}

struct Collector<'a, 'd> {
    names: Names<'a>,
    params: HashMap<&'a str, Span>,
    lists: HashMap<&'a str, Span>,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'a> Collector<'a, '_> {
    fn statement(&mut self, source: SourceId, statement: &'a Statement) {
        match statement {
            Statement::Segment(d) => {
                let definition = Definition {
                    source,
                    name: &d.name.value,
                    title: d.title.as_deref(),
                    span: d.name.span,
                    body: Body::Segment(&d.condition),
                };
                self.define(definition);
            }
            Statement::Let(d) => {
                if let Some(first) = self.params.get(d.name.value.as_str()) {
                    self.diagnostics.push(twice(&format!("${}", d.name.value), d.name.span, Some(*first)));
                    return;
                }
                self.define(Definition {
                    source,
                    name: &d.name.value,
                    title: None,
                    span: d.name.span,
                    body: Body::Let(&d.value),
                });
            }
            Statement::Decision(d) => {
                let definition = Definition {
                    source,
                    name: &d.name.value,
                    title: d.title.as_deref(),
                    span: d.name.span,
                    body: Body::Decision(d),
                };
                self.define(definition);
            }
            Statement::Param(param) => self.param(param),
            Statement::List(list) => match self.lists.entry(&list.name.value) {
                Entry::Occupied(first) => {
                    let first = Some(*first.get());
                    self.diagnostics.push(twice(&format!("list {}", list.name.value), list.name.span, first));
                }
                Entry::Vacant(slot) => {
                    slot.insert(list.name.span);
                    self.names.lists.push((source, list));
                }
            },
            Statement::Test(test) => self.names.tests.push((source, test)),
            Statement::Use(_) => {}
        }
    }

    fn define(&mut self, definition: Definition<'a>) {
        let index = self.names.definitions.len();
        let (table, shown) = match definition.body {
            Body::Segment(_) => (&mut self.names.segments, format!("segment {}", definition.name)),
            Body::Let(_) => (&mut self.names.lets, format!("${}", definition.name)),
            Body::Decision(_) => (&mut self.names.decisions, format!("decision {}", definition.name)),
        };
        match table.entry(definition.name) {
            Entry::Occupied(first) => {
                let first = self.names.definitions.get(*first.get()).map(|d| d.span);
                self.diagnostics.push(twice(&shown, definition.span, first));
            }
            Entry::Vacant(slot) => {
                slot.insert(index);
                self.names.definitions.push(definition);
            }
        }
    }

    fn param(&mut self, param: &'a ParamDef) {
        let name = param.name.value.as_str();
        let as_let = self.names.lets.get(name).and_then(|index| self.names.definitions.get(*index)).map(|d| d.span);
        match self.params.entry(name) {
            Entry::Occupied(first) => {
                let first = Some(*first.get());
                self.diagnostics.push(twice(&format!("${name}"), param.name.span, first));
            }
            Entry::Vacant(slot) => {
                slot.insert(param.name.span);
                if as_let.is_some() {
                    self.diagnostics.push(twice(&format!("${name}"), param.name.span, as_let));
                } else {
                    self.names.params.push(param);
                }
            }
        }
    }
}

fn twice(name: &str, span: Span, first: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::new(codes::E0207, span, format!("`{name}` is defined twice"))
        .here("defined again here")
        .help("rename one of them");
    match first {
        Some(first) => diagnostic.label(first, "defined here first"),
        None => diagnostic,
    }
}
