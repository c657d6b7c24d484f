//! `segql fmt`

use std::path::Path;

use super::args::FmtArgs;
use super::failure::Failure;
use super::{Ui, output, script};
use crate::diag::render;
use crate::fmt::{Formatted, format};
use crate::syntax::Sources;

/// Formats every file, or says which are not formatted. A file that cannot be read does not stop the others.
pub fn fmt(args: &FmtArgs, ui: Ui) -> Result<(), Failure> {
    if args.scripts.iter().filter(|path| *path == Path::new("-")).count() > 1 {
        return Err(Failure::usage("standard input can be read only once; give `-` once"));
    }
    let mut first = None;
    let (mut differ, mut rewritten) = (0_usize, 0_usize);
    for path in &args.scripts {
        match one(path, args, ui) {
            Ok(Outcome::Same) => {}
            Ok(Outcome::Differs) => differ += 1,
            Ok(Outcome::Rewritten) => rewritten += 1,
            Err(failure) => keep_worse(&mut first, failure, ui),
        }
    }
    if rewritten > 0 {
        eprintln!("{}", files(rewritten, "formatted"));
    }
    if differ > 0 {
        eprintln!("{}", files(differ, "not formatted"));
    }
    match first {
        Some(failure) => Err(failure),
        None if args.check && differ > 0 => Err(Failure::Script),
        None => Ok(()),
    }
}

enum Outcome {
    Same,
    Differs,
    Rewritten,
}

fn one(path: &Path, args: &FmtArgs, ui: Ui) -> Result<Outcome, Failure> {
    let mut sources = Sources::default();
    let id = script::add_file(path, &mut sources, ui)?;
    let name = path.display().to_string();
    let text = sources.get(id).map(|source| source.text.clone()).unwrap_or_default();
    let Formatted { text: formatted, broken } = format(&text, id).map_err(|e| Failure::io(format!("`{name}`: {e}")))?;
    eprint!("{}", render::human(&broken, &sources, ui.color));
    let same = text == formatted;
    let outcome = if args.check || args.diff {
        if args.diff {
            output::print(difference(&name, &text, &formatted).as_bytes())?;
        } else if !same {
            output::print(format!("{name}\n").as_bytes())?;
        }
        if same { Outcome::Same } else { Outcome::Differs }
    } else if path == Path::new("-") {
        output::print(formatted.as_bytes())?;
        Outcome::Same
    } else if same {
        Outcome::Same
    } else {
        output::replace(path, formatted.as_bytes())?;
        Outcome::Rewritten
    };
    if broken.is_empty() { Ok(outcome) } else { Err(Failure::Script) }
}

/// Keeps the failure that ends the command: one of the disk rather than one of a script. The others are printed.
fn keep_worse(kept: &mut Option<Failure>, failure: Failure, ui: Ui) {
    let is_script = |failure: &Failure| matches!(failure, Failure::Script);
    let other = match kept.take() {
        None => {
            *kept = Some(failure);
            return;
        }
        Some(before) if is_script(&before) => {
            *kept = Some(failure);
            before
        }
        Some(before) => {
            *kept = Some(before);
            failure
        }
    };
    if let (_, Some(message)) = other.end() {
        eprintln!("{}", ui.error(&message));
    }
}

fn files(count: usize, what: &str) -> String {
    format!("{count} file{} {what}", if count == 1 { "" } else { "s" })
}

/// A unified diff, empty for equal texts.
fn difference(name: &str, before: &str, after: &str) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(3).header(name, &format!("{name} (formatted)")).to_string()
}
