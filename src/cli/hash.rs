//! `segql hash`

use std::fmt::Write as _;

use super::args::HashArgs;
use super::failure::Failure;
use super::{Ui, output, script};
use crate::diag::{has_errors, render};
use crate::meaning::{self, Arena, Definition, Kind};
use crate::syntax::Sources;

/// Prints a hash and a name for every definition that has a meaning of its own, or for those asked for.
pub fn hash(args: &HashArgs, ui: Ui) -> Result<(), Failure> {
    let mut sources = Sources::default();
    let entry = script::add_file(&args.script, &mut sources, ui)?;
    let mut arena = Arena::default();
    let meanings = meaning::read(&mut arena, &mut sources, entry, &script::read_used);
    eprint!("{}", render::human(&meanings.diagnostics, &sources, ui.color));
    if has_errors(&meanings.diagnostics) {
        return Err(Failure::Script);
    }
    let mut out = String::new();
    for definition in asked(&meanings.definitions, &args.names)? {
        if let Some(meaning) = definition.meaning {
            let _ = writeln!(out, "{}  {}", arena.digest(meaning), definition.title());
        }
    }
    output::print(out.as_bytes())
}

fn asked<'d>(definitions: &'d [Definition], names: &[String]) -> Result<Vec<&'d Definition>, Failure> {
    if names.is_empty() {
        return Ok(definitions.iter().collect());
    }
    let mut all = Vec::new();
    for name in names {
        let found = meaning::find(definitions, name);
        if found.is_empty() {
            let with_meaning = definitions.iter().filter(|d| !matches!(d.kind, Kind::Test | Kind::Use | Kind::Condition));
            let known: Vec<String> = with_meaning
                .map(|d| if matches!(d.kind, Kind::Let | Kind::Param) { format!("${}", d.name) } else { d.name.clone() })
                .collect();
            let hint = crate::check::nearest(name, known.iter().map(String::as_str));
            let hint = hint.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(Failure::usage(format!("the script defines no `{name}`{hint}")));
        }
        all.extend(found);
    }
    Ok(all)
}
