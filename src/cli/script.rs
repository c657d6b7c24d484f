//! Scripts from files or from the command line, checked against a schema.

use std::io::Read;
use std::path::Path;

use super::Ui;
use super::args::{MessageFormat, ScriptArgs};
use super::failure::Failure;
use crate::check::typed::SegmentId;
use crate::check::{Checked, Options, check};
use crate::diag::{Diagnostic, Severity, has_errors, render};
use crate::schema::Schema;
use crate::syntax::{SourceId, Sources, Span};

/// A script that may run, and what of it was asked for.
pub struct Script {
    /// The checked script.
    pub checked: Checked,
    /// The segments asked for, with the names to print.
    pub wanted: Vec<(SegmentId, String)>,
}

/// Reads and checks the script of a command; prints its diagnostics.
pub fn load(args: &ScriptArgs, schema: &Schema, ui: Ui) -> Result<Script, Failure> {
    let mut sources = Sources::default();
    let (entry, names) = entry(args, &mut sources)?;
    let checked = check_entry(&mut sources, entry, schema, &parse_set(&args.set)?);
    eprint!("{}", render::human(&checked.diagnostics, &sources, ui.color));
    if has_errors(&checked.diagnostics) {
        return Err(Failure::Script);
    }
    let wanted = wanted(&checked, names)?;
    Ok(Script { checked, wanted })
}

fn entry<'a>(args: &'a ScriptArgs, sources: &mut Sources) -> Result<(SourceId, &'a [String]), Failure> {
    match (&args.text, args.script.split_first()) {
        (Some(text), None) => Ok((sources.add("<text>", text), &[])),
        (Some(text), Some(_)) => Ok((sources.add("<text>", text), args.script.as_slice())),
        (None, Some((file, names))) => {
            let text = read(Path::new(file)).map_err(Failure::Io)?;
            Ok((sources.add(file, &text), names))
        }
        (None, None) => Err(Failure::usage("which segment? give a script file, or a condition with `-e`")),
    }
}

fn wanted(checked: &Checked, names: &[String]) -> Result<Vec<(SegmentId, String)>, Failure> {
    let name_of = |id: SegmentId| checked.program.segments.get(id.0 as usize).map_or("", |s| s.name.as_str());
    if names.is_empty() {
        return match checked.own.as_slice() {
            [] => Err(Failure::usage("the script defines no segment; write `segment name = ...` or one bare condition")),
            own => Ok(own.iter().map(|id| (*id, name_of(*id).to_owned())).collect()),
        };
    }
    names
        .iter()
        .map(|name| {
            let name = crate::value::nfc(name);
            let position = checked.program.segments.iter().position(|s| s.name == name && !s.name.is_empty());
            if let Some(id) = position.and_then(|p| u32::try_from(p).ok()) {
                Ok((SegmentId(id), name.into_owned()))
            } else {
                let known = checked.program.segments.iter().map(|s| s.name.as_str()).filter(|n| !n.is_empty());
                let hint = crate::check::nearest(&name, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                Err(Failure::usage(format!("the script has no segment `{name}`{hint}")))
            }
        })
        .collect()
}

/// Checks a source that has been added.
pub fn check_entry(sources: &mut Sources, entry: SourceId, schema: &Schema, overrides: &[(String, String)]) -> Checked {
    check(sources, entry, Options { schema, overrides, read: &read })
}

/// The text of a script file; `-` is standard input.
pub fn read(path: &Path) -> Result<String, String> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|e| format!("cannot read standard input: {e}"))?;
        bytes
    } else {
        std::fs::read(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => format!("there is no file `{}`", path.display()),
            std::io::ErrorKind::IsADirectory => format!("`{}` is a folder, not a script", path.display()),
            _ => format!("cannot read `{}`: {e}", path.display()),
        })?
    };
    String::from_utf8(bytes).map_err(|e| {
        let good = e.utf8_error().valid_up_to();
        let line = e.as_bytes().iter().take(good).filter(|b| **b == b'\n').count() + 1;
        format!(
            "`{}` is not UTF-8 text: line {line} has a byte that no character begins with; save the file as UTF-8",
            path.display()
        )
    })
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

/// Diagnostics in the wanted form.
pub fn rendered(diagnostics: &[Diagnostic], sources: &Sources, format: MessageFormat, color: bool) -> String {
    match format {
        MessageFormat::Human => render::human(diagnostics, sources, color),
        MessageFormat::Short => render::short(diagnostics, sources),
        MessageFormat::Json => render::json(diagnostics, sources),
    }
}

/// `2 errors, 1 warning`
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|d| d.severity() == severity).count();
    let words = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    format!("{}, {}", words(count(Severity::Error), "error"), words(count(Severity::Warning), "warning"))
}

/// A diagnostic for a script file that cannot be read at all.
pub fn unreadable(name: &str, reason: &str, sources: &mut Sources) -> Diagnostic {
    let source = sources.add(name, "");
    Diagnostic::new(crate::diag::codes::E0109, Span::new(source, 0, 0), reason)
}
