//! What can go wrong with a store, in words for its user.

use std::path::PathBuf;

/// Why a store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing is there.
    #[error("there is no store at `{}`; make one with `segql import --store {}`", .0.display(), .0.display())]
    Missing(PathBuf),
    /// A folder with something else in it.
    #[error("`{}` is not a segql store; give the folder that `segql import --store` made", .0.display())]
    Foreign(PathBuf),
    /// A folder for a new store that has something in it.
    #[error("`{}` is not empty; give a folder that is not there yet", .0.display())]
    NotEmpty(PathBuf),
    /// Written by another version.
    #[error("the store at `{}` has format {found}, and this segql reads formats 1 to {wanted}; use the segql that wrote it or a newer one", .path.display())]
    Version {
        /// Where it is.
        path: PathBuf,
        /// The format it has.
        found: u32,
        /// The newest format this version reads.
        wanted: u32,
    },
    /// A value whose checksum or shape is wrong.
    #[error("the store is damaged: {what} cannot be read; restore a backup, or import the data again")]
    Damaged {
        /// Which value.
        what: String,
    },
    /// Another process or another part of this one is writing.
    #[error("the store at `{}` is being written by {holder}; wait until it ends", .path.display())]
    Locked {
        /// Where it is.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The file was replaced by a compaction while it was open.
    #[error("the store at `{}` has been compacted meanwhile; open it again", .0.display())]
    Replaced(PathBuf),
    /// Rows that do not fit the store's schema.
    #[error("{0}")]
    Rows(String),
    /// The same store twice in one process.
    #[error("the store at `{}` is already open in this process", .0.display())]
    AlreadyOpen(PathBuf),
    /// A schema that the store's schema cannot grow into.
    #[error("{0}")]
    Schema(String),
    /// More contacts than a store can number.
    #[error("a store holds at most 4,294,901,760 contacts")]
    TooManyContacts,
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// A folder or a file.
    #[error("cannot {action} `{}`: {}", .path.display(), reason(.error))]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// LMDB itself.
    #[error("the store at `{}` cannot be used: {error}", .path.display())]
    Engine {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        error: String,
    },
}

/// Why the operating system refused, without its numbers.
pub(crate) fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind as K;
    match error.kind() {
        K::NotFound => "there is no such file or folder".to_owned(),
        K::PermissionDenied => "you may not".to_owned(),
        K::ReadOnlyFilesystem => "it is on a file system that can only be read".to_owned(),
        K::IsADirectory => "it is a folder".to_owned(),
        K::NotADirectory => "a part of the path is a file, not a folder".to_owned(),
        K::StorageFull | K::QuotaExceeded => "the disk is full".to_owned(),
        K::FileTooLarge => "the file may not become larger".to_owned(),
        // A disk that is full in the middle of a write looks like this, too.
        _ if error.raw_os_error() == Some(5) => "reading or writing failed, or the disk is full (input/output error)".to_owned(),
        _ => error.to_string(),
    }
}

impl StoreError {
    /// A value that cannot be read.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}
