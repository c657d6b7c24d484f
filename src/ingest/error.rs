//! What keeps a whole file from being read.

use std::path::PathBuf;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It is not there, it is a folder, it may not be read, its compression is broken.
    #[error("cannot read `{}`: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Neither its name nor an option says how it is written.
    #[error("what `{}` holds cannot be told from its name; give `--input-format csv`, `ndjson` or `parquet`", .0.display())]
    UnknownFormat(PathBuf),
    /// Its columns do not fit.
    #[error("`{}`: {message}", .path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// What does not fit, and what to do.
        message: String,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// A mapping that cannot be used.
    #[error("`{}`: {message}", .path.display())]
    Mapping {
        /// The file of the mapping.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}

impl IngestError {
    pub(super) fn unreadable(path: &std::path::Path, error: &std::io::Error) -> Self {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
            std::io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
            std::io::ErrorKind::UnexpectedEof => "it ends in the middle; it was not written or copied completely".to_owned(),
            _ => error.to_string(),
        };
        Self::Unreadable { path: path.to_owned(), reason }
    }
}
