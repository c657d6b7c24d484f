//! Files to batches: CSV, NDJSON (native and of the Segment spec) and Parquet, compressed or not, from disk or from
//! standard input.
//!
//! Goes in: [`Source`]s and a schema. Comes out: [`Batch`]es in order of arrival, and a [`Report`] of every line that was not
//! taken, with its reason. A bad line never stops the others; whether too many were bad is the caller's decision,
//! helped by [`Report::too_many`].
#![allow(clippy::disallowed_methods, reason = "the importer is where data files are opened")]

mod columns;
mod csv;
mod encode;
mod error;
mod infer;
mod input;
mod json;
mod map;
mod parquet;
mod pipeline;
mod quick;
mod raw;
mod report;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::schema::Schema;
use crate::store::Texts;
use crate::store::record::Batch;

pub use error::IngestError;
pub use infer::infer;
pub use map::Mapping;
pub use report::{Reason, Reject, Report};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Contacts.
    Contacts,
    /// Events.
    Events,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line; lines of the Segment spec are recognised.
    Ndjson,
    /// Columns.
    Parquet,
}

/// A file to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it is; `-` is standard input.
    pub path: PathBuf,
    /// Where to read it instead: a copy of what can be read only once. Messages name `path`.
    pub copy: Option<PathBuf>,
    /// What it holds.
    pub kind: SourceKind,
    /// How it is written; `None`: its name says.
    pub format: Option<Format>,
}

impl Source {
    /// The file to open.
    fn place(&self) -> &Path {
        self.copy.as_deref().unwrap_or(&self.path)
    }
}

/// What reading depends on besides the files.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The instant from which contact lines without a `ts` hold, in milliseconds.
    pub now: i64,
    /// Other names, paths and units.
    pub mapping: Mapping,
    /// Rejected lines after which reading stops.
    pub max_rejects: u64,
    /// Read on to the end all the same, so that the report has every rejected line.
    pub read_on: bool,
    /// Numbers that texts may have in batches, which then are for the [`Loader`](crate::store::Loader) that gave them out.
    pub texts: Option<Arc<Texts>>,
}

/// Reads all sources one after the other and hands their batches to `sink`, in order of arrival. `progress` hears again and
/// again how many lines have been read, and may end it.
///
/// # Errors
/// A file that cannot be read, a file whose columns do not fit the schema, too many rejected lines, `progress` that breaks,
/// or whatever `sink` returns.
pub fn import<E>(
    sources: &[Source],
    schema: &Schema,
    options: &Options,
    sink: &mut dyn FnMut(&Batch) -> Result<(), E>,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Report, ImportError<E>> {
    let mut report = Report::default();
    let names = encode::Names::new(schema);
    for source in sources {
        let encoder = || encode::Encoder::new(schema, &names, options);
        let mut consume = |encoded: encode::Encoder<'_>, file: &str| -> Result<(), ImportError<E>> {
            let (batches, outcome) = encoded.finish();
            report.add(outcome, file);
            if progress(report.lines).is_break() {
                return Err(IngestError::Interrupted.into());
            }
            if report.too_many(options.max_rejects) {
                // Nothing of it will be kept.
                return if options.read_on { Ok(()) } else { Err(ImportError::TooMany(std::mem::take(&mut report))) };
            }
            for batch in batches.iter().filter(|b| !b.is_empty()) {
                sink(batch).map_err(ImportError::Sink)?;
            }
            Ok(())
        };
        input::read(source, &options.mapping, Some(schema), &encoder, &mut consume)?;
    }
    if report.too_many(options.max_rejects) { Err(ImportError::TooMany(report)) } else { Ok(report) }
}

/// What ended an import.
#[derive(Debug)]
pub enum ImportError<E> {
    /// A file.
    Ingest(IngestError),
    /// More rejected lines than allowed; the report so far.
    TooMany(Report),
    /// What the sink returned.
    Sink(E),
}

impl<E> From<IngestError> for ImportError<E> {
    fn from(error: IngestError) -> Self {
        Self::Ingest(error)
    }
}

/// The format that a name or a word stands for: `csv`, `ndjson` (also `jsonl`, `json`, `segment`), `parquet`.
#[must_use]
pub fn format_of(word: &str) -> Option<Format> {
    match word.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "ndjson" | "jsonl" | "json" | "segment" => Some(Format::Ndjson),
        "parquet" => Some(Format::Parquet),
        _ => None,
    }
}
