//! `segql diff`

use std::fmt::Write as _;
use std::path::Path;

use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::args::{DiffArgs, DiffFormat};
use super::evaluate::segments;
use super::failure::Failure;
use super::script::{Asked, Script};
use super::{Ui, data, interrupt, output, script};
use crate::diag::{Diagnostic, codes, has_errors, render};
use crate::meaning::{self, Arena, Change, Definition, Kind, Meanings, PartChange, Relation, Side, Status};
use crate::schema::Schema;
use crate::store::Snapshot;
use crate::syntax::json::{Document, to_json};
use crate::syntax::{SourceId, Sources, Span};
use crate::time::{Clock, format_instant};

/// Compares two scripts, with data if there is some.
pub fn diff(args: &DiffArgs, ui: Ui) -> Result<(), Failure> {
    if args.before == Path::new("-") && args.after == Path::new("-") {
        return Err(Failure::usage("standard input can be read only once; give `-` once"));
    }
    let mut sources = Sources::default();
    let mut arena = Arena::default();
    let before = read(&args.before, &mut sources, &mut arena, ui)?;
    let after = read(&args.after, &mut sources, &mut arena, ui)?;
    let changes = meaning::changes(
        &arena,
        &sources,
        Side { meanings: &before.meanings, document: &before.document },
        Side { meanings: &after.meanings, document: &after.document },
    );
    let moves = moves(args, &sources, (&before, &after), &changes, ui)?;
    let view =
        View { sources: &sources, before: &before, after: &after, changes: &changes, moves: moves.as_ref(), ids: args.ids };
    let text = match args.format {
        DiffFormat::Text => view.text(),
        DiffFormat::Json => format!("{}\n", view.json()),
    };
    output::print(text.as_bytes())?;
    let means_else =
        |change: &Change| matches!(change.status, Status::Changed | Status::Added | Status::Removed | Status::Renamed);
    if args.exit_code && changes.iter().any(means_else) { Err(Failure::Script) } else { Ok(()) }
}

/// A script that was read.
struct Read {
    entry: SourceId,
    meanings: Meanings,
    document: Document,
}

fn read(path: &Path, sources: &mut Sources, arena: &mut Arena, ui: Ui) -> Result<Read, Failure> {
    let entry = script::add_file(path, sources, ui)?;
    let text = sources.get(entry).map(|source| source.text.clone()).unwrap_or_default();
    let meanings = meaning::read(arena, sources, entry, &script::read_used);
    // What a used file would define goes by its name: version control shows one file at a time.
    let alone = meanings.diagnostics.iter().any(|d| d.code == codes::E0209);
    let is_unknown = |d: &Diagnostic| [codes::E0205, codes::E0206, codes::E0214, codes::E0215].contains(&d.code);
    let (notes, errors): (Vec<_>, Vec<_>) =
        meanings.diagnostics.iter().cloned().partition(|d| d.code == codes::E0209 || alone && is_unknown(d));
    eprint!("{}", render::human(&errors, sources, ui.color));
    if has_errors(&errors) {
        return Err(Failure::Script);
    }
    for note in notes.iter().filter(|d| d.code == codes::E0209) {
        eprintln!("note: {}; what it defines is compared by name", note.message);
    }
    match to_json(&text, entry) {
        Ok(document) => Ok(Read { entry, meanings, document }),
        Err(diagnostics) => {
            eprint!("{}", render::human(&diagnostics, sources, ui.color));
            Err(Failure::Script)
        }
    }
}

// ----------------------------------------------------------------------------------------------------- data

/// Who enters and leaves.
struct Move {
    /// The segment, or the decision with a label.
    name: String,
    before: u64,
    after: u64,
    enter: Vec<String>,
    leave: Vec<String>,
    entering: u64,
    leaving: u64,
}

/// The moves of each change, and the moment.
struct Moves {
    now: String,
    of: Vec<Vec<Move>>,
}

/// Evaluates both sides of every definition that means something else, if there is data.
fn moves(
    args: &DiffArgs,
    sources: &Sources,
    (before, after): (&Read, &Read),
    changes: &[Change],
    ui: Ui,
) -> Result<Option<Moves>, Failure> {
    let files = !args.data.files.contacts.is_empty() || !args.data.files.events.is_empty();
    if args.data.store.is_none() && !files {
        if args.ids {
            return Err(Failure::usage("`--ids` needs data; give `--store DIR`, or files with `--contacts` and `--events`"));
        }
        if let Some(path) = &args.data.files.schema {
            let schema = data::read_schema(path, ui)?;
            checked(sources, before, &schema, args, ui)?;
            checked(sources, after, &schema, args, ui)?;
        }
        return Ok(None);
    }
    let cancel = interrupt::cancel();
    let store = data::open(&args.data, &args.now, ui, &cancel)?;
    let snapshot = store.snapshot()?;
    let now = data::instant(&args.now, snapshot.schema())?;
    let clock = Clock { now, zone: snapshot.schema().timezone };
    if args.now.now.is_none() {
        eprintln!("now = {}", format_instant(now, clock.zone));
    }
    let old = checked(sources, before, snapshot.schema(), args, ui)?;
    let new = checked(sources, after, snapshot.schema(), args, ui)?;
    let mut of = Vec::new();
    for change in changes {
        let kind = change.after.and_then(|at| after.meanings.definitions.get(at));
        let kind = kind.or(change.before.and_then(|at| before.meanings.definitions.get(at))).map(|d| d.kind);
        let moved = matches!(change.status, Status::Changed | Status::Added | Status::Removed)
            && matches!(kind, Some(Kind::Segment | Kind::Decision | Kind::Condition));
        of.push(if moved {
            let one = |side: &Read, at: Option<usize>, checked: &crate::check::Checked| {
                let Some(definition) = at.and_then(|at| side.meanings.definitions.get(at)) else { return Ok(Vec::new()) };
                members(checked, definition, &snapshot, &clock, &cancel)
            };
            let (old, new) = (one(before, change.before, &old)?, one(after, change.after, &new)?);
            compared(&old, &new, &snapshot, args.ids)?
        } else {
            Vec::new()
        });
    }
    Ok(Some(Moves { now: format_instant(now, clock.zone), of }))
}

/// A script checked against the schema of the data.
fn checked(sources: &Sources, side: &Read, schema: &Schema, args: &DiffArgs, ui: Ui) -> Result<crate::check::Checked, Failure> {
    let mut own = Sources::default();
    let Some(source) = sources.get(side.entry) else { return Err(Failure::Script) };
    let entry = own.add(&source.name, &source.text);
    let overrides = script::parse_set(&args.set)?;
    let options = crate::check::Options { schema, overrides: &overrides, read: &script::read_used };
    let checked = crate::check::check(&mut own, entry, options);
    if has_errors(&checked.diagnostics) {
        eprint!("{}", render::human(&checked.diagnostics, &own, ui.color));
        return Err(Failure::Script);
    }
    Ok(checked)
}

type Members = Vec<(String, RoaringBitmap)>;

fn members(
    checked: &crate::check::Checked,
    definition: &Definition,
    snapshot: &Snapshot<'_>,
    clock: &Clock,
    cancel: &crate::exec::Cancel,
) -> Result<Members, Failure> {
    let asked: Vec<Asked> = if definition.kind == Kind::Condition {
        script::asked(checked, &[])?
    } else {
        let named = |asked: &Asked| match asked.set {
            crate::plan::Wanted::Segment(_) => definition.kind == Kind::Segment && asked.name == definition.name,
            crate::plan::Wanted::Label(..) => {
                definition.kind == Kind::Decision && asked.name.starts_with(&format!("{} = ", definition.name))
            }
            crate::plan::Wanted::Ranked(_) => false,
        };
        script::asked(checked, &[])?.into_iter().filter(named).collect()
    };
    let script = Script { checked: checked.clone(), asked, sources: Sources::default() };
    let evaluated = segments(&script, snapshot, clock, 1, cancel)?;
    Ok(script.asked.into_iter().map(|asked| asked.name).zip(evaluated.members).collect())
}

/// The sets of one definition before and after, by name.
fn compared(old: &Members, new: &Members, snapshot: &Snapshot<'_>, ids: bool) -> Result<Vec<Move>, Failure> {
    let mut names: Vec<String> = new.iter().map(|(name, _)| name.clone()).collect();
    names.extend(old.iter().map(|(name, _)| name.clone()).filter(|name| !new.iter().any(|(new, _)| new == name)));
    // The only set of either side is the same one, whatever it is called.
    let alone = old.len() == 1 && new.len() == 1;
    let find = |members: &Members, name: &str| {
        let found = members.iter().find(|(own, _)| own == name || alone).map(|(_, set)| set.clone());
        found.unwrap_or_default()
    };
    if alone {
        names.truncate(1);
    }
    let mut moves = Vec::new();
    for name in names {
        let (before, after) = (find(old, &name), find(new, &name));
        let (enter, leave) = (&after - &before, &before - &after);
        let named = |set: &RoaringBitmap| if ids { snapshot.sorted_ids(set).map_err(Failure::from) } else { Ok(Vec::new()) };
        moves.push(Move {
            name,
            before: before.len(),
            after: after.len(),
            entering: enter.len(),
            leaving: leave.len(),
            enter: named(&enter)?,
            leave: named(&leave)?,
        });
    }
    Ok(moves)
}

// ---------------------------------------------------------------------------------------------------- output

struct View<'a> {
    sources: &'a Sources,
    before: &'a Read,
    after: &'a Read,
    changes: &'a [Change],
    moves: Option<&'a Moves>,
    ids: bool,
}

/// Parts shown of one definition.
const SHOWN: usize = 20;

impl View<'_> {
    fn definition(&self, change: &Change) -> (Option<&Definition>, Option<&Definition>) {
        let of = |side: &'_ Read, at: Option<usize>| at.filter(|at| *at < side.meanings.definitions.len());
        let old = of(self.before, change.before).and_then(|at| self.before.meanings.definitions.get(at));
        let new = of(self.after, change.after).and_then(|at| self.after.meanings.definitions.get(at));
        (old, new)
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for (at, change) in self.changes.iter().enumerate() {
            let (old, new) = self.definition(change);
            let title = new.or(old).map_or(String::new(), Definition::title);
            let mut verdict = match change.status {
                Status::SameText => "same text".to_owned(),
                Status::FormattingOnly => "formatting only".to_owned(),
                Status::SameMeaning => "same meaning".to_owned(),
                Status::Changed => "changed".to_owned(),
                Status::Added => "added".to_owned(),
                Status::Removed => "removed".to_owned(),
                Status::Renamed => format!("same meaning, was {}", old.map_or(String::new(), Definition::title)),
            };
            if let Some(relation) = change.relation.filter(|relation| *relation != Relation::Equal) {
                let _ = write!(verdict, ", {}", relation_word(relation));
            }
            let _ = writeln!(out, "{title}: {verdict}");
            for part in change.parts.iter().take(SHOWN) {
                self.part(part, change, &mut out);
            }
            if change.parts.len() > SHOWN {
                let _ = writeln!(out, "  ... and {} more parts", change.parts.len() - SHOWN);
            }
            for name in &change.through {
                let _ = writeln!(out, "  `{name}` means something else");
            }
            for moved in self.moves.and_then(|moves| moves.of.get(at)).into_iter().flatten() {
                self.moved(moved, &title, &mut out);
            }
        }
        if self.changes.is_empty() {
            out.push_str("no definitions\n");
        }
        out
    }

    fn part(&self, part: &PartChange, change: &Change, out: &mut String) {
        let line = |span: Span, sign: &str, out: &mut String| {
            let at = self.sources.get(span.source).map_or(0, |source| source.position(span.start).line);
            for (index, text) in self.sources.text(span).lines().enumerate() {
                let _ = writeln!(out, "  {sign} {:>4} | {text}", at + index);
            }
        };
        part.before.iter().for_each(|span| line(*span, "-", out));
        part.after.iter().for_each(|span| line(*span, "+", out));
        if let Some(relation) = part.relation.filter(|_| change.parts.len() > 1 || part.relation != change.relation) {
            let _ = writeln!(out, "           this part is {}", relation_word(relation));
        }
    }

    fn moved(&self, moved: &Move, title: &str, out: &mut String) {
        let label = moved.name.split_once(" = ").filter(|_| title.starts_with("decision")).map(|(_, label)| label);
        let what = label.unwrap_or("contacts");
        let Move { before, after, entering, leaving, .. } = moved;
        let _ = writeln!(out, "  {what} {before} -> {after}: {entering} enter, {leaving} leave");
        if self.ids {
            moved.enter.iter().for_each(|id| _ = writeln!(out, "  > {id}"));
            moved.leave.iter().for_each(|id| _ = writeln!(out, "  < {id}"));
        }
    }

    fn json(&self) -> Value {
        let place = |span: Span| {
            let text = self.sources.text(span);
            let position = self.sources.get(span.source).map(|source| source.position(span.start));
            json!({
                "start": span.start,
                "end": span.end,
                "line": position.map_or(0, |p| p.line),
                "column": position.map_or(0, |p| p.column),
                "text": text,
            })
        };
        let changes: Vec<Value> = self
            .changes
            .iter()
            .enumerate()
            .map(|(at, change)| {
                let (old, new) = self.definition(change);
                let one = new.or(old);
                let mut object = json!({
                    "kind": one.map(|d| d.kind.word()),
                    "name": one.map(|d| d.name.as_str()),
                    "status": status_word(change.status),
                });
                let Some(members) = object.as_object_mut() else { return object };
                if let (Status::Renamed, Some(old)) = (change.status, old) {
                    members.insert("was".to_owned(), json!(old.name));
                }
                if let Some(relation) = change.relation {
                    members.insert("relation".to_owned(), json!(relation_word(relation)));
                }
                if !change.parts.is_empty() {
                    let parts: Vec<Value> = change
                        .parts
                        .iter()
                        .map(|part| {
                            json!({
                                "before": part.before.map(place),
                                "after": part.after.map(place),
                                "relation": part.relation.map(relation_word),
                            })
                        })
                        .collect();
                    members.insert("parts".to_owned(), json!(parts));
                }
                if !change.through.is_empty() {
                    members.insert("through".to_owned(), json!(change.through));
                }
                let moves = self.moves.and_then(|moves| moves.of.get(at)).filter(|moves| !moves.is_empty());
                if let Some(moves) = moves {
                    members.insert("contacts".to_owned(), moves.iter().map(|moved| self.move_json(moved)).collect());
                }
                object
            })
            .collect();
        let mut object = json!({ "definitions": changes });
        if let (Some(moves), Some(members)) = (self.moves, object.as_object_mut()) {
            members.insert("now".to_owned(), json!(moves.now));
        }
        object
    }

    fn move_json(&self, moved: &Move) -> Value {
        let mut object = json!({
            "segment": moved.name,
            "before": moved.before,
            "after": moved.after,
            "enter": moved.entering,
            "leave": moved.leaving,
        });
        if let (true, Some(members)) = (self.ids, object.as_object_mut()) {
            members.insert("entering".to_owned(), json!(moved.enter));
            members.insert("leaving".to_owned(), json!(moved.leave));
        }
        object
    }
}

fn relation_word(relation: Relation) -> &'static str {
    match relation {
        Relation::Narrower => "narrower",
        Relation::Wider => "wider",
        Relation::Equal => "equal",
    }
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::SameText => "same_text",
        Status::FormattingOnly => "formatting_only",
        Status::SameMeaning => "same_meaning",
        Status::Changed => "changed",
        Status::Added => "added",
        Status::Removed => "removed",
        Status::Renamed => "renamed",
    }
}
