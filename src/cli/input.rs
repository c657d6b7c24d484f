//! Data files: which there are, what schema they have, and loading them.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use super::Ui;
use super::args::FileArgs;
use super::failure::Failure;
use super::progress::Progress;
use crate::exec::Cancel;
use crate::ingest::{self, Format, ImportError, Mapping, Options, Report, Source, SourceKind};
use crate::schema::Schema;
use crate::store::{LoadOptions, LoadSummary, Loader, Store};

/// Data files of a command.
pub struct Input {
    sources: Vec<Source>,
    mapping: Mapping,
    /// Copies of standard input, which can be read only once.
    _copies: Vec<tempfile::NamedTempFile>,
}

/// An import of which nothing was kept.
pub struct Failed {
    /// Why.
    pub failure: Failure,
    /// What was read until then, when lines were rejected.
    pub report: Option<Report>,
}

impl<E: Into<Failure>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self { failure: error.into(), report: None }
    }
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
            Some(path) => Mapping::read(path)?,
            None => Mapping::default(),
        };
        let stdin = [&files.contacts, &files.events].into_iter().flatten().filter(|path| *path == Path::new("-")).count();
        if stdin > 1 {
            return Err(Failure::usage("standard input can be read only once; give `-` once"));
        }
        let mut copies = Vec::new();
        let mut sources = Vec::new();
        for (paths, kind) in [(&files.contacts, SourceKind::Contacts), (&files.events, SourceKind::Events)] {
            for path in paths {
                sources.push(source(path, kind, format, files.schema.is_none(), &mut copies)?);
            }
        }
        Ok(Self { sources, mapping, _copies: copies })
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The schema of the data.
    pub fn infer(&self, zone: chrono_tz::Tz, ui: Ui, cancel: &Cancel) -> Result<Schema, Failure> {
        let mut progress = Progress::new("looking for fields and events in", ui);
        let mut hear = |lines| hear(&mut progress, lines, cancel);
        Ok(ingest::infer(&self.sources, &self.mapping, zone, &mut hear)?)
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
    ) -> Result<(Report, LoadSummary), Failed> {
        let mut progress = Progress::new("reading", ui);
        let mut loader = Loader::begin(store, schema, LoadOptions::default())?;
        let options = Options {
            now,
            mapping: self.mapping.clone(),
            max_rejects: files.max_rejects,
            read_on: files.rejects.is_some(),
            texts: Some(loader.texts()),
        };
        let mut sink = |batch: &crate::store::record::Batch| loader.push(batch);
        let mut hear = |lines| hear(&mut progress, lines, cancel);
        let imported = ingest::import(&self.sources, schema, &options, &mut sink, &mut hear);
        let mut report = match imported {
            Ok(report) => report,
            Err(ImportError::Ingest(error)) => return Err(error.into()),
            Err(ImportError::Sink(error)) => return Err(error.into()),
            Err(ImportError::TooMany(report)) => {
                progress.finish();
                write_rejects(files, &report)?;
                return Err(Failed { failure: too_many(&report, files), report: Some(report) });
            }
        };
        // Before anything is kept: a rejects file that cannot be written must not lose lines.
        write_rejects(files, &report)?;
        progress.set_message("writing");
        let summary = loader.finish_unless(&|| cancel.is_cancelled())?;
        progress.finish();
        report.duplicate = summary.duplicates;
        Ok((report, summary))
    }
}

fn hear(progress: &mut Progress, lines: u64, cancel: &Cancel) -> ControlFlow<()> {
    progress.set(lines);
    if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

fn source(
    path: &Path,
    kind: SourceKind,
    format: Option<Format>,
    twice: bool,
    copies: &mut Vec<tempfile::NamedTempFile>,
) -> Result<Source, Failure> {
    if path != Path::new("-") {
        return Ok(Source { path: path.to_owned(), copy: None, kind, format });
    }
    let format = format.unwrap_or(if kind == SourceKind::Contacts { Format::Csv } else { Format::Ndjson });
    if !twice && format != Format::Parquet {
        return Ok(Source { path: path.to_owned(), copy: None, kind, format: Some(format) });
    }
    // A schema is inferred in a first reading, and Parquet is read from its end, so keep what arrives.
    let failed = |e: std::io::Error| Failure::io(format!("cannot keep standard input: {e}"));
    let mut copy = tempfile::NamedTempFile::new().map_err(failed)?;
    std::io::copy(&mut std::io::stdin().lock(), &mut copy).map_err(failed)?;
    copy.flush().map_err(failed)?;
    let source = Source { path: path.to_owned(), copy: Some(copy.path().to_owned()), kind, format: Some(format) };
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
    match (&files.rejects, more) {
        (_, 0) => {}
        (Some(path), _) => eprintln!("... and {more} more, all in `{}`", path.display()),
        (None, _) => eprintln!("... and {more} more so far; `--rejects FILE` keeps all of them with their reasons"),
    }
    let lines = if rejected == 1 { "1 line was" } else { &format!("{rejected} lines were") };
    Failure::Data(format!(
        "{lines} rejected, more than `--max-rejects {}` allows: nothing was kept; mend the lines, or allow more",
        files.max_rejects
    ))
}
