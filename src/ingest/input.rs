//! Opening files: compression and format by name, lines in blocks.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::raw::Visitor;
use super::{Format, IngestError, Mapping, Source, format_of};
use crate::schema::Schema;

/// Bytes of lines that are decoded as one job.
const BLOCK: usize = 1 << 20;
/// The longest line that is decoded.
pub(super) const MAX_LINE: usize = 16 << 20;

/// Reads a source: every job gets a visitor of its own, and `consume` gets them back in order of arrival.
pub(super) fn read<V: Visitor, E: From<IngestError>>(
    source: &Source,
    mapping: &Mapping,
    schema: Option<&Schema>,
    visitor: &(dyn Fn() -> V + Sync),
    consume: &mut dyn FnMut(V, &str) -> Result<(), E>,
) -> Result<(), E> {
    let name = source.path.display().to_string();
    if source.path != Path::new("-") {
        readable(&source.path)?;
    }
    let format =
        source.format.or_else(|| by_name(&source.path)).ok_or_else(|| IngestError::UnknownFormat(source.path.clone()))?;
    let mut consume = |visitor: V| consume(visitor, &name);
    match format {
        Format::Ndjson => super::json::read(open(source)?, source, mapping, visitor, &mut consume),
        Format::Csv => super::csv::read(open(source)?, source, mapping, schema, visitor, &mut consume),
        Format::Parquet => super::parquet::read(source, mapping, schema, visitor, &mut consume),
    }
}

/// The format that a name's ending stands for, compression aside.
fn by_name(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    format_of(name.rsplit('.').next()?)
}

/// Fails early, and in the same words for every format, when there is no file or it is a folder.
fn readable(path: &Path) -> Result<(), IngestError> {
    let metadata = std::fs::metadata(path).map_err(|error| IngestError::unreadable(path, &error))?;
    if metadata.is_dir() {
        return Err(IngestError::Unreadable { path: path.to_owned(), reason: "it is a folder".to_owned() });
    }
    Ok(())
}

/// Opens a file for reading, unpacked; `-` is standard input.
fn open(source: &Source) -> Result<Box<dyn Read + Send>, IngestError> {
    let path = source.place();
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let failed = |error: std::io::Error| IngestError::unreadable(&source.path, &error);
    let file = File::open(path).map_err(failed)?;
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    Ok(match ending {
        "gz" => Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(1 << 18, file))),
        "zst" => Box::new(zstd::Decoder::new(file).map_err(failed)?),
        _ => Box::new(file),
    })
}

/// Whole lines, about a megabyte at a time.
pub(super) struct Blocks<'p> {
    input: Box<dyn Read + Send>,
    path: &'p Path,
    rest: Vec<u8>,
    line: u64,
    done: bool,
}

/// Some whole lines and the number of the first.
pub(super) struct Block {
    pub first_line: u64,
    pub bytes: Vec<u8>,
}

impl<'p> Blocks<'p> {
    pub fn new(input: Box<dyn Read + Send>, path: &'p Path) -> Self {
        Self { input, path, rest: Vec::new(), line: 1, done: false }
    }
}

impl Iterator for Blocks<'_> {
    type Item = Result<Block, IngestError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut searched = 0;
        while !self.done {
            let start = self.rest.len();
            let mut part = self.input.by_ref().take(BLOCK as u64);
            match part.read_to_end(&mut self.rest) {
                Ok(0) => self.done = true,
                Ok(_) => {}
                Err(error) => {
                    self.done = true;
                    self.rest.clear();
                    return Some(Err(IngestError::unreadable(self.path, &error)));
                }
            }
            let from = start.max(searched);
            if let Some(end) = self.rest.get(from..).and_then(|new| memchr::memrchr(b'\n', new)) {
                let tail = self.rest.split_off(from + end + 1);
                let bytes = std::mem::replace(&mut self.rest, tail);
                return Some(Ok(self.block(bytes)));
            }
            searched = self.rest.len();
            // A line beyond the limit is cut here, so that it is rejected without being kept in memory whole.
            if self.rest.len() > MAX_LINE + BLOCK {
                self.rest.truncate(MAX_LINE + 1);
                searched = 0;
            }
        }
        let bytes = std::mem::take(&mut self.rest);
        (!bytes.is_empty()).then(|| Ok(self.block(bytes)))
    }
}

impl Blocks<'_> {
    fn block(&mut self, bytes: Vec<u8>) -> Block {
        let first_line = self.line;
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        Block { first_line, bytes }
    }
}

impl Block {
    /// The lines with their numbers, without line ends; blank ones are left out, and so is a byte order mark.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let text = match (self.first_line, self.bytes.strip_prefix(b"\xef\xbb\xbf")) {
            (1, Some(rest)) => rest,
            _ => &self.bytes,
        };
        (self.first_line..)
            .zip(text.split(|b| *b == b'\n'))
            .map(|(n, line)| (n, line.trim_ascii()))
            .filter(|(_, line)| !line.is_empty())
    }
}
