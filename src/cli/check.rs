//! `segql check`: every mistake of every file.

use std::collections::HashSet;

use super::Ui;
use super::args::{CheckArgs, MessageFormat};
use super::data::Known;
use super::failure::Failure;
use super::script::Unreadable;
use super::{data, output, script};
use crate::diag::has_errors;
use crate::schema::Schema;
use crate::syntax::Sources;
use crate::time::Clock;

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
    let mut text = String::new();
    let mut all = Vec::new();
    let mut missing = Vec::new();
    let mut seen = HashSet::new();
    let files = args.scripts.iter().map(|path| (path.display().to_string(), script::read(path)));
    let expression = args.text.iter().map(|text| ("<text>".to_owned(), Ok(text.clone())));
    for (name, contents) in files.chain(expression) {
        let mut sources = Sources::default();
        let mut diagnostics = match contents {
            Ok(contents) => {
                let entry = sources.add(&name, &contents);
                script::check_entry(&mut sources, entry, schema, &overrides, facts).diagnostics
            }
            Err(Unreadable::Text(error)) => vec![script::unreadable(&name, &error, &mut sources)],
            Err(Unreadable::File(message)) => {
                missing.push(message);
                continue;
            }
        };
        diagnostics.retain(|d| {
            let file = sources.get(d.span.source).map(|s| s.name.clone());
            seen.insert((file, d.span.start, d.span.end, d.code, d.message.clone()))
        });
        text.push_str(&script::rendered(&diagnostics, &sources, args.message_format, ui.color));
        all.extend(diagnostics);
    }
    match args.message_format {
        // For people the diagnostics are the conversation; for programs they are the data.
        MessageFormat::Human => eprint!("{text}"),
        MessageFormat::Short | MessageFormat::Json => output::print(text.as_bytes())?,
    }
    if args.message_format == MessageFormat::Human && missing.is_empty() {
        eprintln!("{}", if all.is_empty() { "no mistakes found".to_owned() } else { script::summary(&all) });
    }
    if !missing.is_empty() {
        return Err(Failure::Io(missing.join("; ")));
    }
    if has_errors(&all) { Err(Failure::Script) } else { Ok(()) }
}
