//! Where the data comes from: a store, or files loaded into a temporary one.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::Ui;
use super::args::{DataArgs, FileArgs, NowArgs};
use super::failure::Failure;
use super::progress::Progress;
use crate::diag::{Diagnostic, codes, render};
use crate::exec::Cancel;
use crate::ingest::{self, Format, ImportError, Mapping, Options, Report, Source, SourceKind};
use crate::schema::Schema;
use crate::store::{LoadOptions, LoadSummary, Loader, Store, StoreError};
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
        Err(e) => Err(Failure::io(format!("cannot read `{FILE}`: {e}"))),
    }
}

/// The schema that a command without data works with: of a file, of a store, or of the project.
pub fn schema_of(schema: Option<&Path>, store: Option<&Path>) -> Result<Schema, Failure> {
    let project = project()?;
    match (schema, store) {
        (Some(schema), _) => read_schema(schema),
        (None, Some(store)) => store_schema(store),
        (None, None) => match (project.schema, project.store) {
            (Some(schema), _) => read_schema(&schema),
            (None, Some(store)) => store_schema(&store),
            (None, None) => Err(Failure::usage(
                "which fields and events are there? give `--schema FILE` or `--store DIR`, or name one in `segql.toml`",
            )),
        },
    }
}

fn store_schema(path: &Path) -> Result<Schema, Failure> {
    let store = Store::open(path).map_err(Failure::io)?;
    let snapshot = store.snapshot().map_err(Failure::io)?;
    Ok(snapshot.schema().clone())
}

/// Reads a schema file; its mistakes are shown like those of scripts.
pub fn read_schema(path: &Path) -> Result<Schema, Failure> {
    let text = super::script::read(path).map_err(|e| Failure::Io(e.replace("not a script", "not a schema")))?;
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
        eprint!("{}", render::human(&diagnostics, &sources, false));
        Failure::Usage(format!("the schema `{}` cannot be used", path.display()))
    })
}

/// The store that a command evaluates on.
pub fn open(args: &DataArgs, now: &NowArgs, ui: Ui, cancel: &Cancel) -> Result<Store, Failure> {
    if !args.files.contacts.is_empty() || !args.files.events.is_empty() {
        return in_memory(&args.files, now, ui, cancel);
    }
    let store = match &args.store {
        Some(store) => Some(store.clone()),
        None => project()?.store,
    };
    match store {
        Some(store) => Store::open(&store).map_err(Failure::io),
        None => Err(Failure::usage(
            "where is the data? give `--store DIR`, or files with `--contacts` and `--events`, or set SEGQL_STORE",
        )),
    }
}

fn in_memory(files: &FileArgs, now: &NowArgs, ui: Ui, cancel: &Cancel) -> Result<Store, Failure> {
    let input = Input::new(files, None)?;
    let schema = match &files.schema {
        Some(path) => read_schema(path)?,
        None => match project()?.schema {
            Some(path) => read_schema(&path)?,
            None => input.infer(chrono_tz::UTC)?,
        },
    };
    let store = Store::temporary(&schema).map_err(Failure::io)?;
    let at = instant(now, &schema)?;
    let (report, _) = input.load(&store, &schema, at, files, ui, cancel)?;
    if report.rejected_lines() > 0 {
        eprint!("{report}");
    }
    Ok(store)
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

/// Data files of a command.
pub struct Input {
    sources: Vec<Source>,
    mapping: Mapping,
    /// Copies of standard input, which can be read only once.
    _copies: Vec<tempfile::NamedTempFile>,
}

impl Input {
    /// The files of the arguments; `format` overrides their own.
    pub fn new(files: &FileArgs, format: Option<&str>) -> Result<Self, Failure> {
        let format = match format.or(files.input_format.as_deref()) {
            Some(word) => Some(ingest::format_of(word).ok_or_else(|| {
                Failure::usage(format!("`{word}` is not a format; the formats are csv, ndjson, segment and parquet"))
            })?),
            None => None,
        };
        let mapping = match &files.map {
            Some(path) => Mapping::read(path).map_err(Failure::usage)?,
            None => Mapping::default(),
        };
        let mut copies = Vec::new();
        let mut sources = Vec::new();
        for (paths, kind) in [(&files.contacts, SourceKind::Contacts), (&files.events, SourceKind::Events)] {
            for path in paths {
                sources.push(source(path, kind, format, files.schema.is_none(), &mut copies)?);
            }
        }
        if sources.iter().filter(|s| s.path == Path::new("-")).count() > 1 {
            return Err(Failure::usage("standard input can be read only once; give `-` once"));
        }
        Ok(Self { sources, mapping, _copies: copies })
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The schema of the data.
    pub fn infer(&self, zone: chrono_tz::Tz) -> Result<Schema, Failure> {
        eprintln!("no schema given: inferring one from the data (time zone {zone}; see `segql schema infer`)");
        ingest::infer(&self.sources, &self.mapping, zone).map_err(Failure::io)
    }

    /// Loads the files into a store, all or nothing.
    pub fn load(
        &self,
        store: &Store,
        schema: &Schema,
        now: i64,
        files: &FileArgs,
        ui: Ui,
        cancel: &Cancel,
    ) -> Result<(Report, LoadSummary), Failure> {
        let mut progress = Progress::new("reading", ui);
        let mut loader = Loader::begin(store, schema, LoadOptions::default()).map_err(Failure::io)?;
        let options = Options { now, mapping: self.mapping.clone(), max_rejects: files.max_rejects };
        let mut sink = |batch: &crate::store::record::Batch| {
            if cancel.is_cancelled() {
                return Err(SinkError::Interrupted);
            }
            loader.push(batch).map_err(SinkError::Store)
        };
        let imported = ingest::import(&self.sources, schema, &options, &mut sink, &mut |lines| progress.set(lines));
        let mut report = match imported {
            Ok(report) => report,
            Err(ImportError::Ingest(error @ (ingest::IngestError::Columns { .. } | ingest::IngestError::Mapping { .. }))) => {
                return Err(Failure::Data(error.to_string()));
            }
            Err(ImportError::Ingest(error)) => return Err(Failure::io(error)),
            Err(ImportError::Sink(SinkError::Interrupted)) => return Err(Failure::Interrupted),
            Err(ImportError::Sink(SinkError::Store(error))) => return Err(Failure::io(error)),
            Err(ImportError::TooMany(report)) => {
                progress.finish();
                write_rejects(files, &report)?;
                return Err(too_many(&report, files));
            }
        };
        progress.set_message("writing");
        let summary = loader.finish().map_err(Failure::io)?;
        progress.finish();
        report.duplicate = summary.duplicates;
        write_rejects(files, &report)?;
        Ok((report, summary))
    }
}

enum SinkError {
    Interrupted,
    Store(StoreError),
}

fn source(
    path: &Path,
    kind: SourceKind,
    format: Option<Format>,
    twice: bool,
    copies: &mut Vec<tempfile::NamedTempFile>,
) -> Result<Source, Failure> {
    if path != Path::new("-") {
        return Ok(Source { path: path.to_owned(), kind, format });
    }
    let format = format.unwrap_or(if kind == SourceKind::Contacts { Format::Csv } else { Format::Ndjson });
    if !twice && format != Format::Parquet {
        return Ok(Source { path: path.to_owned(), kind, format: Some(format) });
    }
    // A schema is inferred in a first reading, and Parquet is read from its end, so keep what arrives.
    let failed = |e: std::io::Error| Failure::io(format!("cannot keep standard input: {e}"));
    let mut copy = tempfile::NamedTempFile::new().map_err(failed)?;
    std::io::copy(&mut std::io::stdin().lock(), &mut copy).map_err(failed)?;
    copy.flush().map_err(failed)?;
    let source = Source { path: copy.path().to_owned(), kind, format: Some(format) };
    copies.push(copy);
    Ok(source)
}

fn write_rejects(files: &FileArgs, report: &Report) -> Result<(), Failure> {
    let Some(path) = &files.rejects else { return Ok(()) };
    let mut out = Vec::new();
    for reject in &report.rejects {
        serde_json::to_writer(&mut out, reject).map_err(Failure::io)?;
        out.push(b'\n');
    }
    super::output::write(Some(path), &out)
}

fn too_many(report: &Report, files: &FileArgs) -> Failure {
    const SHOWN: usize = 5;
    for reject in report.rejects.iter().take(SHOWN) {
        eprintln!("{}:{}: {:?}: {}", reject.file, reject.line, reject.code, reject.message);
    }
    let rejected = report.rejected_lines();
    let more = rejected.saturating_sub(SHOWN as u64);
    if more > 0 {
        eprintln!("... and {more} more{}", if files.rejects.is_none() { "; `--rejects FILE` keeps them" } else { "" });
    }
    let lines = if rejected == 1 { "1 line was" } else { &format!("{rejected} lines were") };
    Failure::Data(format!("{lines} rejected, more than `--max-rejects {}` allows: nothing was kept", files.max_rejects))
}
