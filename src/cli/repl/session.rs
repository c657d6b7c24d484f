//! What a prompt knows: the data, the definitions that worked, the results.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use roaring::RoaringBitmap;

use super::super::contact::{self, View};
use super::super::describe::Described;
use super::super::failure::Failure;
use super::super::script::{self, Asked};
use super::super::{Ui, data, progress};
use super::naming::{is_unnamed, may_name_unnamed, names_in, without_edition};
use super::newest::Newest;
use crate::check::Checked;
use crate::check::files::File;
use crate::check::typed::SegmentId;
use crate::diag::{Diagnostic, Severity, has_errors, render};
use crate::exec::{Cancel, Engine, evaluate};
use crate::ide::outline::{Kind, Outline, Read, read};
use crate::plan::cost::Costs;
use crate::plan::{Wanted, lower_wanted, rewrite};
use crate::schema::Schema;
use crate::store::{Snapshot, Store};
use crate::syntax::ast::Script;
use crate::syntax::{SourceId, Sources, parse};
use crate::time::Clock;

/// A prompt's state. Every evaluation reads the newest state of the store.
pub struct Session {
    store: Arc<Store>,
    newest: Rc<Newest>,
    schema: Schema,
    /// How to talk.
    pub ui: Ui,
    /// What Ctrl-C stops.
    pub stop: super::Stop,
    definitions: Vec<Definition>,
    /// `--set` and `.set`.
    pub overrides: Vec<(String, String)>,
    /// A pinned moment.
    pub now: Option<i64>,
    /// Whether answers say how long they took.
    pub timing: bool,
    /// Whether it has been said that fields have no past.
    pub noted: Cell<bool>,
    /// How members are shown.
    pub mode: super::commands::Mode,
    /// The result that `_` is.
    pub last: Option<Answer>,
    /// Members by name: the newest, and those of the definition before it.
    results: HashMap<String, (Rc<RoaringBitmap>, Option<Rc<RoaringBitmap>>)>,
    conditions: u32,
    /// The definitions that were beside the last input.
    parsed: RefCell<Parsed>,
}

/// Definitions that have been parsed.
#[derive(Default)]
struct Parsed {
    text: String,
    script: Rc<Script>,
    errors: Vec<Diagnostic>,
}

/// A statement that worked.
struct Definition {
    kind: Kind,
    name: String,
    text: String,
    /// Whether it may speak of a condition without a name.
    names_unnamed: bool,
}

/// A set of contacts that was asked for.
#[derive(Clone)]
pub struct Answer {
    /// Its name; a condition without one is `_1`, `_2`, ...
    pub name: String,
    /// Its members.
    pub members: Rc<RoaringBitmap>,
    /// How long it took, in microseconds.
    pub elapsed_us: u64,
    /// All contacts at that moment.
    pub contacts: u32,
    /// The members of the definition that had the name before.
    pub before: Option<Rc<RoaringBitmap>>,
    /// Whether a field decides, which has no past.
    pub reads_fields: bool,
}

/// What came of an input.
pub enum Outcome {
    /// Nothing was asked.
    Nothing,
    /// Sets were evaluated.
    Answers(Vec<Answer>),
    /// Values, lists and the like are known now.
    Defined(Vec<String>),
}

/// Checked definitions, to ask questions of.
pub struct Prepared {
    /// Everything defined.
    pub checked: Arc<Checked>,
    /// Its texts.
    pub sources: Sources,
}

/// An input that is still being written.
#[derive(Default)]
pub struct Draft {
    /// Where its mistakes are.
    pub errors: Vec<std::ops::Range<usize>>,
    /// A condition without mistakes.
    pub condition: Option<Arc<Checked>>,
}

impl Session {
    /// A session on a store; `typed` says whether somebody types what is asked.
    pub fn new(store: Store, ui: Ui, stop: super::Stop, typed: bool) -> Result<Self, Failure> {
        let schema = store.snapshot()?.schema().clone();
        let store = Arc::new(store);
        Ok(Self {
            newest: Rc::new(Newest::of(Arc::clone(&store), typed)?),
            store,
            schema,
            ui,
            stop,
            definitions: Vec::new(),
            overrides: Vec::new(),
            now: None,
            timing: true,
            noted: Cell::new(false),
            mode: super::commands::Mode::Table,
            last: None,
            results: HashMap::new(),
            conditions: 0,
            parsed: RefCell::default(),
        })
    }

    /// The store.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The newest state that is held.
    pub fn newest(&self) -> &Rc<Newest> {
        &self.newest
    }

    /// Fields and events.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The newest state of the store.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, Failure> {
        Ok(self.store.snapshot()?)
    }

    /// The moment of an evaluation.
    pub fn clock(&self) -> Clock {
        Clock { now: self.now.unwrap_or_else(data::clock_now), zone: self.schema.timezone }
    }

    /// Whether `now` is meant as the past, where fields have no past.
    pub fn is_past(&self) -> bool {
        const EARLIER_MS: i64 = 3_600_000;
        self.now.is_some_and(|now| now < data::clock_now() - EARLIER_MS)
    }

    /// The definitions as one script.
    pub fn script(&self) -> String {
        let mut out = String::new();
        // What a script uses stands above what it defines.
        let (uses, others): (Vec<_>, Vec<_>) =
            self.definitions.iter().filter(|d| !is_unnamed(&d.name) || self.is_used(&d.name)).partition(|d| d.kind == Kind::Use);
        for definition in uses.into_iter().chain(others) {
            if !out.is_empty() && definition.kind != Kind::Use {
                out.push('\n');
            }
            out.push_str(definition.text.trim());
            out.push('\n');
        }
        out
    }

    /// All definitions, those of conditions included.
    fn everything(&self) -> String {
        self.definitions.iter().fold(String::new(), |out, d| out + &d.text + "\n")
    }

    /// Whether a definition that has a name needs this one, if only through others.
    fn is_used(&self, name: &str) -> bool {
        self.reachable(&|d| !is_unnamed(&d.name)).contains(name)
    }

    /// Forgets conditions that nothing can speak of any more: not the last one, and not needed by it or by a definition.
    fn drop_unreachable(&mut self, last: &str) {
        let reachable: HashSet<String> =
            self.reachable(&|d| !is_unnamed(&d.name) || d.name == last).into_iter().map(str::to_owned).collect();
        self.definitions.retain(|d| reachable.contains(&d.name));
    }

    /// The names of some definitions and of the conditions that they need, if only through others.
    fn reachable(&self, from: &dyn Fn(&Definition) -> bool) -> HashSet<&str> {
        let mut open: Vec<&Definition> = self.definitions.iter().filter(|d| from(d)).collect();
        let mut names: HashSet<&str> = open.iter().map(|d| d.name.as_str()).collect();
        while let Some(definition) = open.pop() {
            if !definition.names_unnamed {
                continue;
            }
            for range in names_in(&definition.text) {
                let other = definition.text.get(range).unwrap_or_default();
                if is_unnamed(other)
                    && let Some(other) = self.definitions.iter().find(|d| d.name == other)
                    && names.insert(&other.name)
                {
                    open.push(other);
                }
            }
        }
        names
    }

    /// Names of the definitions of one kind, in order, without those of conditions.
    pub fn names(&self, kind: Kind) -> Vec<String> {
        self.definitions.iter().filter(|d| d.kind == kind && !is_unnamed(&d.name)).map(|d| d.name.clone()).collect()
    }

    /// The text of a definition.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.definitions.iter().find(|d| d.name == name && d.kind != Kind::Use).map(|d| d.text.trim())
    }

    /// What would be said of an input that is still being written.
    pub fn draft(&self, input: &str) -> Draft {
        let Read { outline, script } = read(input);
        if matches!(outline, Outline::Empty | Outline::Unfinished) {
            return Draft::default();
        }
        let (script, syntax) = script.unwrap_or_else(|| parse(input, SourceId(0)));
        let errors = |diagnostics: &[Diagnostic]| {
            let mine = diagnostics.iter().filter(|d| d.severity() == Severity::Error && d.span.source == SourceId(0));
            mine.map(|d| d.span.start..d.span.end).collect()
        };
        if has_errors(&syntax) {
            return Draft { errors: errors(&syntax), condition: None };
        }
        let checked = self.check(input, &outline, script, syntax, &mut Sources::default());
        let is_condition = outline == Outline::Condition && !has_errors(&checked.diagnostics);
        Draft { errors: errors(&checked.diagnostics), condition: is_condition.then(|| Arc::new(checked)) }
    }

    /// What finds the number of contacts of a condition that is still being written, unless that would take long.
    pub fn glance(&self, condition: &Arc<Checked>) -> Option<impl FnOnce(&Arc<Cancel>) -> Option<u64> + Send + use<>> {
        /// Picoseconds of one core, as the cost model has them.
        const CHEAP: u64 = 30_000_000_000;
        let set = script::bare(condition)?;
        // Nobody types where the state is not beside.
        let Newest::Beside(newest) = self.newest.as_ref() else { return None };
        let (condition, clock, newest) = (Arc::clone(condition), self.clock(), Arc::clone(newest));
        let count = move |engine: &Engine<'_>, cancel: &Cancel| {
            let (schema, contacts) = (engine.snapshot().schema(), engine.snapshot().contacts());
            let plan = rewrite(&lower_wanted(&condition.program, &[set], schema, &clock));
            let costs = Costs::of(&plan, schema, &plan.marked(&plan.root_parts(), true), Some(engine));
            let cost = plan.roots().iter().map(|root| costs.node(*root)).sum::<u64>();
            if cost.saturating_mul(u64::from(contacts)) > CHEAP {
                return None;
            }
            evaluate(engine, &plan, &clock, cancel).ok()?.first().map(RoaringBitmap::len)
        };
        Some(move |cancel: &Arc<Cancel>| {
            let cancel = Arc::clone(cancel);
            newest.ask(move |engine| count(engine, &cancel)).ok()?
        })
    }

    /// Checks an input that has been read, keeps what it defines, and evaluates the sets in it.
    pub fn enter(&mut self, input: &str, read: Read) -> Result<Outcome, Failure> {
        let Read { outline, script } = read;
        if outline == Outline::Empty {
            return Ok(Outcome::Nothing);
        }
        let mut sources = Sources::default();
        let (script, syntax) = script.unwrap_or_else(|| parse(input, SourceId(0)));
        if has_errors(&syntax) {
            sources.add("prompt", input);
            eprint!("{}", render::human(&syntax, &sources, self.ui.color));
            return Err(Failure::Script);
        }
        let checked = Arc::new(self.check(input, &outline, script, syntax, &mut sources));
        self.show(&sources, &checked.diagnostics);
        if has_errors(&checked.diagnostics) {
            return Err(Failure::Script);
        }
        let Outline::Items(items) = outline else {
            let name = format!("_{}", self.conditions + 1);
            let asked = script::bare(&checked).map(|set| Asked { set, name: name.clone(), title: None });
            let answers = self.evaluate(&checked, asked.as_slice())?;
            let condition = self.resolved(input.trim());
            let text = format!("segment {name} = {condition}");
            self.keep(Definition { kind: Kind::Segment, name: name.clone(), text, names_unnamed: may_name_unnamed(&condition) });
            self.conditions += 1;
            self.drop_unreachable(&name);
            self.last = answers.first().cloned();
            return Ok(Outcome::Answers(answers));
        };
        let mut asked = Vec::new();
        for item in items.iter().filter(|item| matches!(item.kind, Kind::Segment | Kind::Decision)) {
            asked.extend(script::asked(&checked, std::slice::from_ref(&item.name))?);
        }
        let uses_only = items.iter().all(|item| item.kind == Kind::Use);
        let answers = self.evaluate(&checked, &asked)?;
        let mut defined = Vec::new();
        for item in &items {
            let text = self.resolved(without_edition(input.get(item.range.clone()).unwrap_or_default()).trim());
            let names_unnamed = may_name_unnamed(&text);
            self.keep(Definition { kind: item.kind, name: item.name.clone(), text, names_unnamed });
            match item.kind {
                Kind::Let | Kind::Param => defined.push(format!("${}", item.name)),
                Kind::List => defined.push(format!("list {}", item.name)),
                Kind::Use => defined.push(format!("use {}", item.name)),
                Kind::Test => defined.push(format!("test {}", item.name)),
                Kind::Segment | Kind::Decision => {}
            }
        }
        if answers.is_empty() || uses_only {
            return Ok(Outcome::Defined(defined));
        }
        for answer in &answers {
            self.results.insert(answer.name.clone(), (answer.members.clone(), answer.before.clone()));
        }
        self.last = answers.last().cloned();
        Ok(Outcome::Answers(answers))
    }

    /// The definitions, checked, for questions about them. Without any there is one that has everyone.
    pub fn prepared(&self) -> Result<Prepared, Failure> {
        let mut sources = Sources::default();
        let entry = sources.add("definitions", &self.with_alias(self.everything()));
        let checked = script::check_entry(&mut sources, entry, &self.schema, &self.overrides, None);
        if has_errors(&checked.diagnostics) {
            eprint!("{}", render::human(&checked.diagnostics, &sources, self.ui.color));
            return Err(Failure::Script);
        }
        Ok(Prepared { checked: Arc::new(checked), sources })
    }

    /// The sets that a command names; without names the last result.
    pub fn asked(&self, prepared: &Prepared, names: &[&str]) -> Result<Vec<Asked>, Failure> {
        let names: Vec<String> = if names.is_empty() {
            match &self.last {
                Some(last) => vec![last.name.split(" = ").next().unwrap_or_default().to_owned()],
                None => return Err(Failure::usage("nothing has been asked yet; type a condition, or name a segment")),
            }
        } else {
            names.iter().map(|name| name.trim_matches('`').to_owned()).collect()
        };
        script::asked(&prepared.checked, &names)
    }

    /// Asks something of the definitions and the data.
    pub fn view<T>(&self, prepared: &Prepared, ask: impl FnOnce(&View<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
        let snapshot = self.snapshot()?;
        let cancel = self.stop.current();
        let view = View {
            snapshot: &snapshot,
            program: &prepared.checked.program,
            sources: &prepared.sources,
            clock: self.clock(),
            cancel: &cancel,
        };
        progress::evaluating(self.ui, &cancel, || ask(&view))
    }

    /// Describes something of the data.
    pub fn described(
        &self,
        describe: impl FnOnce(&Snapshot<'_>, &Clock, &Cancel) -> Result<Described, Failure>,
    ) -> Result<Described, Failure> {
        let snapshot = self.snapshot()?;
        let cancel = self.stop.current();
        progress::evaluating(self.ui, &cancel, || describe(&snapshot, &self.clock(), &cancel))
    }

    /// The members of a set by name; `None` is the last result.
    pub fn members(&self, name: Option<&str>) -> Result<Answer, Failure> {
        let Some(name) = name.filter(|name| *name != "_") else {
            return self.last.clone().ok_or_else(|| Failure::usage("nothing has been asked yet; type a condition first"));
        };
        let prepared = self.prepared()?;
        let asked = self.asked(&prepared, &[name])?;
        let answers = self.evaluate(&prepared.checked, &asked)?;
        let mut first = answers.into_iter().next().ok_or_else(|| Failure::usage(format!("there is no segment `{name}`")))?;
        // What it uses may have got another definition since.
        if let Some((newest, before)) = self.results.get(&first.name)
            && *newest == first.members
        {
            first.before.clone_from(before);
        }
        Ok(first)
    }

    /// Forgets a definition.
    pub fn forget(&mut self, name: &str) -> Result<(), Failure> {
        let name = name.trim_start_matches('$').trim_matches('`');
        let count = self.definitions.len();
        let rest: Vec<Definition> = std::mem::take(&mut self.definitions);
        let (gone, kept): (Vec<_>, Vec<_>) = rest.into_iter().partition(|d| d.name == name);
        self.definitions = kept;
        if self.definitions.len() == count {
            return Err(Failure::usage(format!("nothing called `{name}` is defined here")));
        }
        if self.prepared().is_err() {
            self.definitions.extend(gone);
            return Err(Failure::usage(format!("`{name}` is in use; forget what uses it first")));
        }
        Ok(())
    }

    fn evaluate(&self, checked: &Arc<Checked>, asked: &[Asked]) -> Result<Vec<Answer>, Failure> {
        let (cancel, clock) = (self.stop.current(), self.clock());
        cancel.expect(asked.len() as u64);
        let (program, stop) = (Arc::clone(checked), Arc::clone(&cancel));
        let wanted: Vec<Wanted> = asked.iter().map(|asked| asked.set).collect();
        let found = progress::evaluating(self.ui, &cancel, || {
            self.newest.ask(move |engine| {
                let contacts = engine.snapshot().contacts();
                let found = wanted.iter().map(|set| {
                    let begin = Instant::now();
                    let (mut sets, reads_fields) = contact::members(engine, &program.program, &[*set], &clock, &stop)?;
                    let elapsed_us = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
                    Ok((sets.pop().unwrap_or_default(), reads_fields, elapsed_us, contacts))
                });
                found.collect::<Result<Vec<_>, Failure>>()
            })
        })??;
        let answer = |(asked, (members, reads_fields, elapsed_us, contacts)): (&Asked, _)| Answer {
            name: asked.name.clone(),
            members: Rc::new(members),
            elapsed_us,
            contacts,
            before: self.results.get(&asked.name).map(|(newest, _)| newest.clone()),
            reads_fields,
        };
        Ok(asked.iter().zip(found).map(answer).collect())
    }

    /// A text in which `_` is the result that it is now; it will be another one later.
    fn resolved(&self, text: &str) -> String {
        if !may_name_unnamed(text) {
            return text.to_owned();
        }
        let mut out = String::new();
        let mut end = 0;
        for range in names_in(text).filter(|range| text.get(range.clone()) == Some("_")) {
            if text.get(..range.start).is_some_and(|before| before.trim_end().ends_with("segment")) {
                out.push_str(text.get(end..range.start).unwrap_or_default());
                let _ = write!(out, "_{}", self.conditions);
                end = range.end;
            }
        }
        out + text.get(end..).unwrap_or_default()
    }

    /// Keeps a definition instead of the one that has its name.
    fn keep(&mut self, definition: Definition) {
        match self.definitions.iter_mut().find(|d| is_same(d.kind, &d.name, definition.kind, &definition.name)) {
            Some(known) => *known = definition,
            None => self.definitions.push(definition),
        }
    }

    /// The definitions that an input may speak of, those that it replaces left out. Conditions without a name are among them only
    /// where somebody may speak of one: the last one is as long to read as the input.
    fn beside(&self, input: &str, outline: &Outline) -> String {
        let replaced = |d: &Definition| match outline {
            Outline::Items(items) => items.iter().any(|i| is_same(i.kind, &i.name, d.kind, &d.name)),
            _ => false,
        };
        let kept = || self.definitions.iter().filter(|d| !replaced(d));
        let unnamed = may_name_unnamed(input) || kept().any(|d| !is_unnamed(&d.name) && d.names_unnamed);
        let text = kept().filter(|d| unnamed || !is_unnamed(&d.name)).fold(String::new(), |out, d| out + &d.text + "\n");
        if unnamed { self.with_alias(text) } else { text }
    }

    /// `_` is the last result.
    fn with_alias(&self, mut text: String) -> String {
        if self.conditions > 0 {
            let _ = write!(text, "\nsegment _ = segment _{}\n", self.conditions);
        }
        text
    }

    /// Checks an input that has been read, as source 0, together with the definitions.
    fn check(
        &self,
        input: &str,
        outline: &Outline,
        script: Script,
        mut diagnostics: Vec<Diagnostic>,
        sources: &mut Sources,
    ) -> Checked {
        let source = sources.add("prompt", input);
        let mut files = vec![File { source, script: Rc::new(script) }];
        let definitions = self.beside(input, outline);
        if !definitions.is_empty() {
            let source = sources.add("definitions", &definitions);
            files.push(File { source, script: self.parsed(definitions, source, &mut diagnostics) });
        }
        script::check_parsed(sources, files, diagnostics, &self.schema, &self.overrides)
    }

    /// The script that definitions are. They are parsed when they have changed; as a source they have the same number always.
    fn parsed(&self, text: String, source: SourceId, diagnostics: &mut Vec<Diagnostic>) -> Rc<Script> {
        let mut known = self.parsed.borrow_mut();
        if known.text != text {
            let (script, errors) = parse(&text, source);
            *known = Parsed { text, script: Rc::new(script), errors };
        }
        diagnostics.extend_from_slice(&known.errors);
        Rc::clone(&known.script)
    }

    /// Prints what is said of the input; of anything else only what forbids it.
    fn show(&self, sources: &Sources, diagnostics: &[Diagnostic]) {
        let shown = diagnostics.iter().filter(|d| d.span.source == SourceId(0) || d.severity() == Severity::Error);
        eprint!("{}", render::human(&shown.cloned().collect::<Vec<_>>(), sources, self.ui.color));
    }
}

/// Whether two definitions cannot be beside each other: `let` and `param` share their names.
fn is_same(kind: Kind, name: &str, other_kind: Kind, other_name: &str) -> bool {
    let is_value = |kind| matches!(kind, Kind::Let | Kind::Param);
    name == other_name && (kind == other_kind || is_value(kind) && is_value(other_kind))
}

impl Session {
    /// The names of the definitions of a kind that a text may speak of.
    pub fn defined(&self, kind: Kind) -> Vec<String> {
        let mut names = self.names(kind);
        if kind == Kind::Segment && self.conditions > 0 {
            names.push("_".to_owned());
        }
        names
    }

    /// The segments of the definitions that have names, with their sizes, for a table.
    pub fn segments(&self) -> Result<Vec<Answer>, Failure> {
        let prepared = self.prepared()?;
        let program = &prepared.checked.program;
        let own = prepared
            .checked
            .own
            .iter()
            .filter(|id| program.segments.get(id.0 as usize).is_some_and(|s| s.name != "_" && !is_unnamed(&s.name)));
        let asked: Vec<Asked> = own
            .map(|id: &SegmentId| {
                let segment = program.segments.get(id.0 as usize);
                Asked {
                    set: Wanted::Segment(*id),
                    name: segment.map_or(String::new(), |s| s.name.clone()),
                    title: segment.and_then(|s| s.title.clone()),
                }
            })
            .collect();
        self.evaluate(&prepared.checked, &asked)
    }
}
