//! Generated data as files: contacts, events and their schema in a folder.
#![expect(clippy::disallowed_methods, reason = "writing files is what this module is for")]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::contact::ContactRow;
use super::event::EventRow;
use super::{GenOptions, OptionsError, Sink, World, ndjson, parquet, schema};
use crate::schema::Schema;

/// How generated data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// `contacts.parquet`, `events.parquet`.
    Parquet,
    /// `contacts.ndjson`, `events.ndjson`.
    Ndjson,
    /// `contacts.ndjson.zst`, `events.ndjson.zst`.
    NdjsonZst,
    /// `contacts.ndjson.gz`, `events.ndjson.gz`.
    NdjsonGz,
}

/// How far writing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Events written.
    pub events: u64,
    /// Contacts written; they come after the events.
    pub contacts: u32,
}

/// Why files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The options make no sense.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// A file or the folder could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The caller stopped it; the files are incomplete.
    #[error("stopped: the files in `{}` are incomplete", .0.display())]
    Stopped(PathBuf),
}

impl FileFormat {
    /// The end of the files' names.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Ndjson => "ndjson",
            Self::NdjsonZst => "ndjson.zst",
            Self::NdjsonGz => "ndjson.gz",
        }
    }
}

/// Writes contacts, events and `schema.toml` into a folder, which is made when missing; files of these names are
/// replaced. `progress` is called after every batch and may stop it.
///
/// # Errors
/// Options out of range; what the file system says, with the path; [`FilesError::Stopped`].
pub fn write_files(
    options: &GenOptions,
    folder: &Path,
    format: FileFormat,
    progress: impl FnMut(Progress) -> ControlFlow<()> + Send,
) -> Result<(), FilesError> {
    let mut world = World::new(options)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| FilesError::Write { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    // Written aside and moved when whole: what stops half-way leaves the files of before.
    let aside = tempfile::Builder::new().prefix(".segql-gen-").tempdir_in(folder).map_err(failed(folder))?;
    let place = |path: &Path| aside.path().join(path.file_name().unwrap_or_default());
    let path = |name: &str| folder.join(format!("{name}.{}", format.extension()));
    let (events, contacts, schema_file) = (path("events"), path("contacts"), folder.join("schema.toml"));
    fs::write(place(&schema_file), super::schema_toml()).map_err(failed(&schema_file))?;
    let create = |path: &Path| File::create(place(path)).map(BufWriter::new).map_err(failed(path));
    let outcome = |error: Failure, path: &Path| match error {
        Failure::Stopped => FilesError::Stopped(folder.to_owned()),
        Failure::Io(source) => FilesError::Write { path: path.to_owned(), source },
    };

    let writer = Writer::events(create(&events)?, format, &world).map_err(|e| outcome(e, &events))?;
    let mut files = Files { writer, schema: schema(), progress, done: Progress::default() };
    world.events(&mut files).map_err(|e| outcome(e, &events))?;
    let Files { writer, schema, progress, done } = files;
    writer.finish(&world).map_err(|e| outcome(e, &events))?;

    let writer = Writer::contacts(create(&contacts)?, format, &schema).map_err(|e| outcome(e, &contacts))?;
    let mut files = Files { writer, schema, progress, done };
    world.contacts(&mut files).map_err(|e| outcome(e, &contacts))?;
    files.writer.finish(&world).map_err(|e| outcome(e, &contacts))?;
    [schema_file, contacts, events].iter().try_for_each(|path| fs::rename(place(path), path).map_err(failed(path)))
}

/// One file at a time, and how far it has come.
struct Files<P> {
    writer: Writer,
    schema: Schema,
    progress: P,
    done: Progress,
}

enum Failure {
    Stopped,
    Io(io::Error),
}

type Out = BufWriter<File>;

/// The file being written.
enum Writer {
    EventsParquet(Box<parquet::EventsFile<Out>>),
    ContactsParquet(Box<parquet::ContactsFile<Out>>),
    Lines(Lines),
}

/// Lines, compressed or not.
enum Lines {
    Plain(Out),
    Zst(zstd::Encoder<'static, Out>),
    Gz(flate2::write::GzEncoder<Out>),
}

impl<P: FnMut(Progress) -> ControlFlow<()> + Send> Sink for Files<P> {
    type Error = Failure;

    fn events(&mut self, world: &World, rows: &[EventRow]) -> Result<(), Failure> {
        match &mut self.writer {
            Writer::EventsParquet(file) => file.push(world, rows)?,
            Writer::Lines(lines) => {
                lines.write(|out| rows.iter().try_for_each(|row| ndjson::event(out, world, row, &self.schema)))?;
            }
            Writer::ContactsParquet(_) => {}
        }
        self.done.events += rows.len() as u64;
        self.report()
    }

    fn contacts(&mut self, _world: &World, rows: Vec<ContactRow>) -> Result<(), Failure> {
        self.done.contacts += rows.len() as u32;
        match &mut self.writer {
            Writer::ContactsParquet(file) => file.push(rows)?,
            Writer::Lines(lines) => lines.write(|out| rows.iter().try_for_each(|row| ndjson::contact(out, row, &self.schema)))?,
            Writer::EventsParquet(_) => {}
        }
        self.report()
    }
}

impl<P: FnMut(Progress) -> ControlFlow<()>> Files<P> {
    fn report(&mut self) -> Result<(), Failure> {
        if (self.progress)(self.done).is_break() { Err(Failure::Stopped) } else { Ok(()) }
    }
}

impl Writer {
    fn events(out: Out, format: FileFormat, world: &World) -> Result<Self, Failure> {
        Ok(match Lines::new(out, format)? {
            Ok(lines) => Self::Lines(lines),
            Err(out) => Self::EventsParquet(Box::new(parquet::EventsFile::new(out, world)?)),
        })
    }

    fn contacts(out: Out, format: FileFormat, schema: &Schema) -> Result<Self, Failure> {
        Ok(match Lines::new(out, format)? {
            Ok(lines) => Self::Lines(lines),
            Err(out) => Self::ContactsParquet(Box::new(parquet::ContactsFile::new(out, schema.fields.clone())?)),
        })
    }

    fn finish(self, world: &World) -> Result<(), Failure> {
        match self {
            Self::EventsParquet(file) => Ok(file.finish(world)?),
            Self::ContactsParquet(file) => Ok(file.finish()?),
            Self::Lines(lines) => Ok(lines.finish()?),
        }
    }
}

impl Lines {
    /// `Err` gives the file back: its format is not one of lines.
    fn new(out: Out, format: FileFormat) -> io::Result<Result<Self, Out>> {
        Ok(match format {
            FileFormat::Parquet => Err(out),
            FileFormat::Ndjson => Ok(Self::Plain(out)),
            FileFormat::NdjsonZst => Ok(Self::Zst(zstd::Encoder::new(out, 3)?)),
            FileFormat::NdjsonGz => Ok(Self::Gz(flate2::write::GzEncoder::new(out, flate2::Compression::fast()))),
        })
    }

    fn write(&mut self, lines: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
        let mut text = Vec::new();
        lines(&mut text)?;
        match self {
            Self::Plain(out) => out.write_all(&text),
            Self::Zst(out) => out.write_all(&text),
            Self::Gz(out) => out.write_all(&text),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Zst(out) => out.finish()?.flush(),
            Self::Gz(out) => out.finish()?.flush(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<parquet::Error> for Failure {
    fn from(error: parquet::Error) -> Self {
        Self::Io(io::Error::other(error))
    }
}
