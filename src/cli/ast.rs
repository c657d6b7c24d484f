//! `segql ast`

use std::path::Path;

use super::args::AstArgs;
use super::failure::Failure;
use super::{Ui, output, script};
use crate::diag::render;
use crate::syntax::Sources;
use crate::syntax::json;

/// Prints the JSON form of a script, the text of a JSON form, or the schema of the form.
pub fn ast(args: &AstArgs, ui: Ui) -> Result<(), Failure> {
    if args.schema {
        let schema = serde_json::to_string_pretty(&json::schema()).map_err(Failure::io)?;
        return output::print(format!("{schema}\n").as_bytes());
    }
    let Some(path) = args.script.as_deref() else {
        return Err(Failure::usage("which script? give a file, or `-` for standard input"));
    };
    let mut sources = Sources::default();
    let id = script::add_file(path, &mut sources, ui)?;
    let text = sources.get(id).map_or("", |source| source.text.as_str());
    if args.from_json {
        let name = if path == Path::new("-") { "standard input".to_owned() } else { format!("`{}`", path.display()) };
        let text = json::from_json(text).map_err(|error| {
            eprintln!("{}", ui.error(&format!("{name}, {error}")));
            Failure::Script
        })?;
        return output::print(text.as_bytes());
    }
    let document = json::to_json(text, id).map_err(|diagnostics| {
        eprint!("{}", render::human(&diagnostics, &sources, ui.color));
        Failure::Script
    })?;
    output::print(format!("{}\n", json::pretty(&document)).as_bytes())
}
