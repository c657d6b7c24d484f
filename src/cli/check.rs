//! `segql check`: every mistake of every file.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

use super::Ui;
use super::args::{CheckArgs, MessageFormat};
use super::data::Known;
use super::failure::Failure;
use super::script::Unreadable;
use super::{data, fix, output, script};
use crate::diag::{Diagnostic, Sarif, has_errors, render};
use crate::schema::Schema;
use crate::syntax::Sources;
use crate::time::Clock;

/// So many diagnostics of one file are shown to people; programs get all of them.
const SHOWN: usize = 100;

/// Checks every file against one schema and prints the diagnostics. Those of a file that several scripts use come once.
pub fn check(args: &CheckArgs, ui: Ui) -> Result<(), Failure> {
    match data::known(args.schema.as_deref(), args.store.as_deref(), ui)? {
        Known::Schema(schema) => check_all(args, &schema, None, ui),
        Known::Store(store) => {
            let snapshot = store.snapshot()?;
            let clock = Clock { now: data::clock_now(), zone: snapshot.schema().timezone };
            check_all(args, snapshot.schema(), Some((&snapshot, clock)), ui)
        }
    }
}

fn check_all(args: &CheckArgs, schema: &Schema, facts: script::Data<'_>, ui: Ui) -> Result<(), Failure> {
    let overrides = script::parse_set(&args.set)?;
    if args.fix && args.scripts.iter().any(|path| path == Path::new("-")) && args.message_format != MessageFormat::Human {
        return Err(Failure::usage(
            "`--fix -` prints the mended script, so the messages cannot go there too; leave `--message-format` out",
        ));
    }
    let checked = |name: &str, text: &str| {
        let mut sources = Sources::default();
        let entry = sources.add(name, text);
        let diagnostics = script::check_entry(&mut sources, entry, schema, &overrides, facts).diagnostics;
        (sources, diagnostics)
    };
    let mut printer = Printer::new(args.message_format, ui);
    let mut failed = Vec::new();
    for path in &args.scripts {
        let name = path.display().to_string();
        let mut text = match script::read(path) {
            Ok(text) => text,
            Err(Unreadable::Text(error)) => {
                let mut sources = Sources::default();
                let diagnostic = script::unreadable(&name, &error, &mut sources);
                printer.add(vec![diagnostic], &sources);
                continue;
            }
            Err(Unreadable::File(message)) => {
                failed.push(message);
                continue;
            }
        };
        if args.fix {
            match fixed(path, &name, text, &mut |text| checked(&name, text)) {
                Ok(after) => text = after,
                Err(failure) => {
                    failed.extend(failure.end().1);
                    continue;
                }
            }
        }
        let (sources, diagnostics) = checked(&name, &text);
        printer.add(diagnostics, &sources);
    }
    if let Some(text) = &args.text {
        let (sources, diagnostics) = checked("<text>", text);
        printer.add(diagnostics, &sources);
    }
    printer.finish(&failed)
}

/// Makes the certain fixes in a file; standard input goes to standard output. Says what was done, and returns the text.
fn fixed(path: &Path, name: &str, text: String, check: &mut fix::Check<'_>) -> Result<String, Failure> {
    let before = text.clone();
    let fixed = fix::fix(name, text, check);
    for line in &fixed.report {
        eprintln!("{line}");
    }
    if path == Path::new("-") {
        output::print(fixed.text.as_bytes())?;
    } else if fixed.text != before {
        fix::replace(path, &fixed.text)?;
    }
    Ok(fixed.text)
}

/// Collects what is to be printed.
struct Printer {
    format: MessageFormat,
    ui: Ui,
    text: String,
    log: Sarif,
    all: Vec<Diagnostic>,
    /// What was printed of another script that uses the same file.
    seen: HashSet<(Option<String>, usize, usize, crate::diag::Code, String)>,
}

impl Printer {
    fn new(format: MessageFormat, ui: Ui) -> Self {
        Self { format, ui, text: String::new(), log: Sarif::default(), all: Vec::new(), seen: HashSet::new() }
    }

    fn add(&mut self, mut diagnostics: Vec<Diagnostic>, sources: &Sources) {
        diagnostics.retain(|d| {
            let file = sources.get(d.span.source).map(|s| s.name.clone());
            self.seen.insert((file, d.span.start, d.span.end, d.code, d.message.clone()))
        });
        match self.format {
            MessageFormat::Human => {
                let shown = diagnostics.get(..SHOWN).unwrap_or(&diagnostics);
                self.text.push_str(&render::human(shown, sources, self.ui.color));
                let more = diagnostics.len() - shown.len();
                if more > 0 {
                    let _ = writeln!(self.text, "and {more} more, which `--message-format short` shows\n");
                }
            }
            MessageFormat::Short => self.text.push_str(&render::short(&diagnostics, sources)),
            MessageFormat::Json => self.text.push_str(&render::json(&diagnostics, sources)),
            MessageFormat::Sarif => self.log.add(&diagnostics, sources),
        }
        self.all.extend(diagnostics);
    }

    fn finish(self, failed: &[String]) -> Result<(), Failure> {
        match self.format {
            // For people the diagnostics are the conversation; for programs they are the data.
            MessageFormat::Human => {
                eprint!("{}", self.text);
                if failed.is_empty() {
                    eprintln!("{}", ending(&self.all));
                }
            }
            MessageFormat::Short | MessageFormat::Json => output::print(self.text.as_bytes())?,
            MessageFormat::Sarif => output::print(self.log.finish().as_bytes())?,
        }
        if !failed.is_empty() {
            return Err(Failure::Io(failed.join("; ")));
        }
        if has_errors(&self.all) { Err(Failure::Script) } else { Ok(()) }
    }
}

/// The last line: how many, and where to read more.
fn ending(all: &[Diagnostic]) -> String {
    match all.first() {
        None => "no mistakes found".to_owned(),
        Some(first) => format!("{}; more about one: segql explain-error {}", script::summary(all), first.code),
    }
}
