//! Where the data comes from: a store, or files loaded into a temporary one.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::Ui;
use super::args::{DataArgs, FileArgs, NowArgs};
use super::failure::Failure;
use super::input::Input;
use crate::diag::{Diagnostic, codes, render};
use crate::exec::Cancel;
use crate::schema::Schema;
use crate::store::Store;
use crate::syntax::{Sources, Span};
use crate::time;

/// `segql.toml` in the folder in which a command runs.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    schema: Option<PathBuf>,
    store: Option<PathBuf>,
}

fn project() -> Result<Project, Failure> {
    const FILE: &str = "segql.toml";
    match std::fs::read_to_string(FILE) {
        Ok(text) => ::toml::from_str(&text).map_err(|e| Failure::usage(format!("`{FILE}`: {}", e.to_string().trim()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Project::default()),
        Err(e) => Err(Failure::file("read", Path::new(FILE), &e)),
    }
}

/// What a command that evaluates nothing knows of the data.
pub enum Known {
    /// Its fields and events.
    Schema(Box<Schema>),
    /// All of it.
    Store(Box<Store>),
}

/// What is known of the data: from a schema file, from a store, or from the one that the project names.
pub fn known(schema: Option<&Path>, store: Option<&Path>, ui: Ui) -> Result<Known, Failure> {
    let project = project()?;
    let of_file = |path: &Path| read_schema(path, ui).map(|schema| Known::Schema(Box::new(schema)));
    let of_store = |path: &Path| Store::open(path).map(|store| Known::Store(Box::new(store))).map_err(Failure::from);
    match (schema, store) {
        (Some(schema), _) => of_file(schema),
        (None, Some(store)) => of_store(store),
        (None, None) => match (project.schema, project.store) {
            (Some(schema), _) => of_file(&schema),
            (None, Some(store)) => of_store(&store),
            (None, None) => Err(Failure::usage(
                "which fields and events are there? give `--schema FILE` or `--store DIR`, or name one in `segql.toml`",
            )),
        },
    }
}

/// The schema that a command without data works with.
pub fn schema_of(schema: Option<&Path>, store: Option<&Path>, ui: Ui) -> Result<Schema, Failure> {
    match known(schema, store, ui)? {
        Known::Schema(schema) => Ok(*schema),
        Known::Store(store) => Ok(store.snapshot()?.schema().clone()),
    }
}

/// Reads a schema file; its mistakes are shown like those of scripts.
pub fn read_schema(path: &Path, ui: Ui) -> Result<Schema, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::file("read the schema", path, &e))?;
    let text = String::from_utf8(bytes).map_err(|e| Failure::Io(super::script::not_utf8(&path.display().to_string(), &e)))?;
    crate::schema::toml::parse(&text).map_err(|problems| {
        let mut sources = Sources::default();
        let source = sources.add(&path.display().to_string(), &text);
        let diagnostics: Vec<Diagnostic> = problems
            .into_iter()
            .map(|p| {
                let diagnostic = Diagnostic::new(codes::E0601, Span::new(source, p.span.start, p.span.end), p.message);
                match p.help {
                    Some(help) => diagnostic.help(help),
                    None => diagnostic,
                }
            })
            .collect();
        eprint!("{}", render::human(&diagnostics, &sources, ui.color));
        Failure::Script
    })
}

/// The store that a command evaluates on.
pub fn open(args: &DataArgs, now: &NowArgs, ui: Ui, cancel: &Cancel) -> Result<Store, Failure> {
    if !args.files.contacts.is_empty() || !args.files.events.is_empty() {
        // A store from the environment only gives way to files; one that was written there too is a contradiction.
        if args.store.is_some() && std::env::var_os("SEGQL_STORE").is_none() {
            return Err(Failure::usage(
                "`--store` and data files at once: leave one out, or add the files to the store with `segql import`",
            ));
        }
        return in_memory(&args.files, now, ui, cancel);
    }
    let store = match &args.store {
        Some(store) => Some(store.clone()),
        None => project()?.store,
    };
    match store {
        Some(store) => Ok(Store::open(&store)?),
        None => Err(Failure::usage(
            "where is the data? give `--store DIR`, or files with `--contacts` and `--events`, or set SEGQL_STORE",
        )),
    }
}

/// The store that a command takes care of.
pub fn kept(store: Option<&Path>) -> Result<Store, Failure> {
    let path = match store {
        Some(path) => Some(path.to_owned()),
        None => project()?.store,
    };
    match path {
        Some(path) => Ok(Store::open(&path)?),
        None => Err(Failure::usage("which store? give `--store DIR`, set SEGQL_STORE, or name one in `segql.toml`")),
    }
}

fn in_memory(files: &FileArgs, now: &NowArgs, ui: Ui, cancel: &Cancel) -> Result<Store, Failure> {
    let input = Input::new(files, None)?;
    let schema = match &files.schema {
        Some(path) => read_schema(path, ui)?,
        None => match project()?.schema {
            Some(path) => read_schema(&path, ui)?,
            None => inferred(&input, ui, cancel)?,
        },
    };
    let store = Store::temporary(&schema)?;
    let at = instant(now, &schema)?;
    let (report, _) = input.load(&store, &schema, at, files, ui, cancel).map_err(|failed| failed.failure)?;
    if report.rejected_lines() > 0 {
        eprint!("{report}");
    }
    Ok(store)
}

/// The schema of data that comes without one; says so.
pub fn inferred(input: &Input, ui: Ui, cancel: &Cancel) -> Result<Schema, Failure> {
    let zone = chrono_tz::UTC;
    eprintln!("no schema given: inferring one from the data, time zone {zone} (`segql schema infer` writes it down)");
    input.infer(zone, ui, cancel)
}

/// The moment of evaluation, in milliseconds.
pub fn instant(now: &NowArgs, schema: &Schema) -> Result<i64, Failure> {
    match &now.now {
        Some(text) => time::parse_instant(text, schema.timezone).map_err(|e| Failure::usage(format!("`--now`: {e}"))),
        None => Ok(clock_now()),
    }
}

/// The clock, in milliseconds.
pub fn clock_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}
