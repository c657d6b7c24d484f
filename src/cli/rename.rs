//! `segql rename`

use std::path::Path;

use super::args::RenameArgs;
use super::failure::Failure;
use super::{Ui, output, script};
use crate::ide::rename::{File, RenameError, Renamed, rename as renamed};
use crate::syntax::Sources;

/// Renames a definition in all files, or in none.
pub fn rename(args: &RenameArgs, ui: Ui) -> Result<(), Failure> {
    if args.scripts.iter().any(|path| path == Path::new("-")) {
        return Err(Failure::usage("names are changed in files; give their paths"));
    }
    let mut sources = Sources::default();
    for path in &args.scripts {
        script::add_file(path, &mut sources, ui)?;
    }
    let files: Vec<File<'_>> = sources.iter().map(|(_, source)| File { name: &source.name, text: &source.text }).collect();
    let texts = renamed(&files, &args.old, &args.new).map_err(|error| match error {
        RenameError::Broken(_) => {
            eprintln!("{}", ui.error(&error.to_string()));
            Failure::Script
        }
        error => Failure::usage(error),
    })?;
    for (path, Renamed { text, places }) in args.scripts.iter().zip(&texts) {
        if *places > 0 {
            output::replace(path, text.as_bytes())?;
        }
    }
    let places: usize = texts.iter().map(|file| file.places).sum();
    let files = texts.iter().filter(|file| file.places > 0).count();
    let words = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    eprintln!("{} in {} renamed", words(places, "place"), words(files, "file"));
    Ok(())
}
