//! Scripts from files or from the command line, checked against a schema.

use std::io::Read;
use std::path::Path;
use std::string::FromUtf8Error;

use super::Ui;
use super::args::ScriptArgs;
use super::failure::{self, Failure};
use crate::check::files::File;
use crate::check::typed::{DecisionId, Program, SegmentId};
use crate::check::{self, Checked, Options, check};
use crate::diag::{Diagnostic, Severity, codes, has_errors, render};
use crate::lint::{self, Facts};
use crate::plan::Wanted;
use crate::schema::Schema;
use crate::syntax::{SourceId, Sources, Span, quoted};
use crate::time::Clock;

/// A script that may run, and what of it was asked for.
pub struct Script {
    /// The checked script.
    pub checked: Checked,
    /// The sets asked for.
    pub asked: Vec<Asked>,
    /// The texts of the script.
    pub sources: Sources,
}

/// A script that has been read, before there is a schema to check it against.
pub struct Unchecked<'a> {
    sources: Sources,
    entry: SourceId,
    names: &'a [String],
    overrides: Vec<(String, String)>,
}

/// Reads the script of a command: before the data, which may take long.
pub fn open(args: &ScriptArgs, ui: Ui) -> Result<Unchecked<'_>, Failure> {
    let mut sources = Sources::default();
    let (entry, names) = match (&args.text, args.script.split_first()) {
        (Some(text), _) => (sources.add("<text>", text), args.script.as_slice()),
        (None, Some((file, names))) => (add_file(Path::new(file), &mut sources, ui)?, names),
        (None, None) => return Err(Failure::usage("which segment? give a script file, or a condition with `-e`")),
    };
    Ok(Unchecked { sources, entry, names, overrides: parse_set(&args.set)? })
}

/// Adds the text of a script file.
pub fn add_file(path: &Path, sources: &mut Sources, ui: Ui) -> Result<SourceId, Failure> {
    let name = path.display().to_string();
    match read(path) {
        Ok(text) => Ok(sources.add(&name, &text)),
        Err(Unreadable::File(message)) => Err(Failure::Io(message)),
        Err(Unreadable::Text(error)) => {
            let diagnostic = unreadable(&name, &error, sources);
            eprint!("{}", render::human(&[diagnostic], sources, ui.color));
            Err(Failure::Script)
        }
    }
}

/// The data that a script is about, and the moment of its evaluation.
pub type Data<'d> = Option<(&'d dyn Facts, Clock)>;

impl Unchecked<'_> {
    /// Checks the script; prints its diagnostics.
    pub fn check(mut self, schema: &Schema, data: Data<'_>, ui: Ui) -> Result<Script, Failure> {
        let checked = check_entry(&mut self.sources, self.entry, schema, &self.overrides, data);
        eprint!("{}", render::human(&checked.diagnostics, &self.sources, ui.color));
        if has_errors(&checked.diagnostics) {
            return Err(Failure::Script);
        }
        let asked = asked(&checked, self.names)?;
        Ok(Script { checked, asked, sources: self.sources })
    }
}

/// A set of contacts that was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Which.
    pub set: Wanted,
    /// What to call it: the name of a segment, or a decision with a label, such as `oferta = "kupon"`.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
}

/// The sets with these names; without names all segments of the script itself and all labels of its decisions.
pub fn asked(checked: &Checked, names: &[String]) -> Result<Vec<Asked>, Failure> {
    let program = &checked.program;
    if names.is_empty() {
        let segments = checked.own.iter().filter_map(|id| segment(program, *id));
        let all: Vec<Asked> = segments.chain(checked.own_decisions.iter().flat_map(|id| labels(program, *id))).collect();
        if all.is_empty() {
            return Err(Failure::usage("the script defines no segment; write `segment name = ...` or one bare condition"));
        }
        return Ok(all);
    }
    let mut all = Vec::new();
    for name in names {
        let name = crate::value::nfc(name);
        let found = (0..).zip(&program.segments).find(|(_, s)| s.name == name && !s.name.is_empty());
        let decision = (0..).zip(&program.decisions).find(|(_, d)| d.name == name);
        if let Some((id, _)) = found {
            all.extend(segment(program, SegmentId(id)));
        } else if let Some((id, _)) = decision {
            all.extend(labels(program, DecisionId(id)));
        } else {
            let segments = program.segments.iter().map(|s| s.name.as_str()).filter(|n| !n.is_empty());
            let known = segments.chain(program.decisions.iter().map(|d| d.name.as_str()));
            let hint = check::nearest(&name, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(Failure::usage(format!("the script has no segment `{name}`{hint}")));
        }
    }
    Ok(all)
}

/// The set of a script that is one bare condition.
pub fn bare(checked: &Checked) -> Option<Wanted> {
    checked.own.first().copied().map(Wanted::Segment)
}

fn segment(program: &Program, id: SegmentId) -> Option<Asked> {
    let segment = program.segments.get(id.0 as usize)?;
    Some(Asked { set: Wanted::Segment(id), name: segment.name.clone(), title: segment.title.clone() })
}

fn labels(program: &Program, id: DecisionId) -> Vec<Asked> {
    let Some(decision) = program.decisions.get(id.0 as usize) else { return Vec::new() };
    let label = |(at, label): (u32, &String)| Asked {
        set: Wanted::Label(id, at),
        name: format!("{} = {}", decision.name, quoted(label)),
        title: decision.title.clone(),
    };
    (0..).zip(&decision.labels).map(label).collect()
}

/// Checks a source that has been added; one without errors is looked at by the lints too.
pub fn check_entry(
    sources: &mut Sources,
    entry: SourceId,
    schema: &Schema,
    overrides: &[(String, String)],
    data: Data<'_>,
) -> Checked {
    let checked = check(sources, entry, Options { schema, overrides, read: &read_used });
    linted(checked, lint::Options { schema, sources, data })
}

/// Checks files that have been parsed without errors, the first of which is the script itself, and looks at them with the lints.
pub fn check_parsed(
    sources: &mut Sources,
    files: Vec<File>,
    diagnostics: Vec<Diagnostic>,
    schema: &Schema,
    overrides: &[(String, String)],
) -> Checked {
    let checked = check::check_parsed(sources, files, diagnostics, Options { schema, overrides, read: &read_used });
    linted(checked, lint::Options { schema, sources, data: None })
}

fn linted(mut checked: Checked, options: lint::Options<'_>) -> Checked {
    if !has_errors(&checked.diagnostics) {
        checked.diagnostics.extend(lint::lint(&checked.program, options));
        checked.diagnostics.sort_by_key(|d| d.span);
    }
    checked
}

/// Why a script has no text.
pub enum Unreadable {
    /// The file: in words.
    File(String),
    /// It is not UTF-8.
    Text(FromUtf8Error),
}

impl Unreadable {
    fn words(&self, path: &Path) -> String {
        match self {
            Self::File(message) => message.clone(),
            Self::Text(error) => not_utf8(&path.display().to_string(), error),
        }
    }
}

/// The text of a script file; `-` is standard input.
pub fn read(path: &Path) -> Result<String, Unreadable> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|e| Unreadable::File(format!("cannot read standard input: {e}")))?;
        bytes
    } else {
        std::fs::read(path)
            .map_err(|e| Unreadable::File(format!("cannot read the script `{}`: {}", path.display(), failure::reason(&e))))?
    };
    String::from_utf8(bytes).map_err(Unreadable::Text)
}

/// The text of a file that a script uses; the error is said to the user.
pub fn read_used(path: &Path) -> Result<String, String> {
    read(path).map_err(|error| error.words(path))
}

/// Where a file stops being UTF-8, and what to do.
pub fn not_utf8(name: &str, error: &FromUtf8Error) -> String {
    let good = error.utf8_error().valid_up_to();
    let before = String::from_utf8_lossy(error.as_bytes().get(..good).unwrap_or_default());
    let (line, column) = (before.split('\n').count(), before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
    format!("`{name}` is not UTF-8 text from line {line}, column {column} on; save the file as UTF-8")
}

/// `name=value` pairs.
pub fn parse_set(set: &[String]) -> Result<Vec<(String, String)>, Failure> {
    set.iter()
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Ok((crate::value::nfc(name.trim().trim_start_matches('$')).into_owned(), value.to_owned())),
            None => Err(Failure::usage(format!("`--set {pair}` has no `=`; write `--set name=value`"))),
        })
        .collect()
}

/// `2 errors, 1 warning`
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|d| d.severity() == severity).count();
    let words = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    format!("{}, {}", words(count(Severity::Error), "error"), words(count(Severity::Warning), "warning"))
}

/// A diagnostic for a script that is not UTF-8, at the first place that is not.
pub fn unreadable(name: &str, error: &FromUtf8Error, sources: &mut Sources) -> Diagnostic {
    let start = error.utf8_error().valid_up_to();
    let source = sources.add(name, &String::from_utf8_lossy(error.as_bytes()));
    // What cannot be read is shown as U+FFFD.
    let span = Span::new(source, start, start + char::REPLACEMENT_CHARACTER.len_utf8());
    Diagnostic::new(codes::E0109, span, "this is not UTF-8 text").help("save the file as UTF-8")
}
