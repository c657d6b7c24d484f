//! `segql check`: every mistake of every file.

use super::Ui;
use super::args::{CheckArgs, MessageFormat};
use super::failure::Failure;
use super::{data, output, script};
use crate::diag::{Severity, has_errors};
use crate::syntax::Sources;

/// Checks every file against one schema and prints the diagnostics. Those of a file that several scripts use come once.
pub fn check(args: &CheckArgs, ui: Ui) -> Result<(), Failure> {
    let schema = data::schema_of(args.schema.as_deref(), args.store.as_deref())?;
    let overrides = script::parse_set(&args.set)?;
    let mut text = String::new();
    let mut all = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let files = args.scripts.iter().map(|path| (path.display().to_string(), script::read(path)));
    let expression = args.text.iter().map(|text| ("<text>".to_owned(), Ok(text.clone())));
    for (name, contents) in files.chain(expression) {
        let mut sources = Sources::default();
        let mut diagnostics = match contents {
            Ok(contents) => {
                let entry = sources.add(&name, &contents);
                script::check_entry(&mut sources, entry, &schema, &overrides).diagnostics
            }
            Err(reason) => vec![script::unreadable(&name, &reason, &mut sources)],
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
    if args.message_format == MessageFormat::Human {
        let warnings = all.iter().any(|d| d.severity() == Severity::Warning);
        if all.is_empty() {
            eprintln!("no mistakes found");
        } else if warnings || has_errors(&all) {
            eprintln!("{}", script::summary(&all));
        }
    }
    if has_errors(&all) { Err(Failure::Script) } else { Ok(()) }
}
