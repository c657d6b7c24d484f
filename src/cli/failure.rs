//! How a command ends: exit codes and the one line that says why.

use std::fmt::Display;
use std::path::Path;

use crate::exec::ExecError;
use crate::ingest::IngestError;
use crate::store::StoreError;
pub(super) use crate::store::reason;

/// What ended a command early. The number is the exit code.
#[derive(Debug)]
pub enum Failure {
    /// 1: errors in a script, already printed.
    Script,
    /// 2: arguments that cannot be used.
    Usage(String),
    /// 3: rejected data.
    Data(String),
    /// 4: the store or a file.
    Io(String),
    /// 130: Ctrl-C.
    Interrupted,
    /// 0: nobody reads the output any more (`| head`).
    PipeClosed,
}

impl Failure {
    /// Arguments that cannot be used.
    pub fn usage(message: impl Display) -> Self {
        Self::Usage(message.to_string())
    }

    /// The store or a file.
    pub fn io(message: impl Display) -> Self {
        Self::Io(message.to_string())
    }

    /// A failure to write the output.
    pub fn output(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::PipeClosed
        } else {
            Self::Io(format!("cannot write the output: {error}"))
        }
    }

    /// What the operating system said of a file, in words that name it.
    pub fn file(action: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::Io(format!("cannot {action} `{}`: {}", path.display(), reason(error)))
    }

    /// Exit code, and the line for standard error.
    pub fn end(self) -> (u8, Option<String>) {
        match self {
            Self::Script => (1, None),
            Self::Usage(message) => (2, Some(message)),
            Self::Data(message) => (3, Some(message)),
            Self::Io(message) => (4, Some(message)),
            Self::Interrupted => (130, Some("interrupted".to_owned())),
            Self::PipeClosed => (0, None),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Interrupted => Self::Interrupted,
            error => Self::io(error),
        }
    }
}

impl From<ExecError> for Failure {
    fn from(error: ExecError) -> Self {
        match error {
            ExecError::Cancelled => Self::Interrupted,
            ExecError::Store(error) => error.into(),
        }
    }
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Interrupted => Self::Interrupted,
            IngestError::Columns { .. } => Self::Data(error.to_string()),
            IngestError::Mapping { .. } | IngestError::UnknownFormat(_) => Self::usage(error),
            IngestError::Unreadable { .. } => Self::io(error),
        }
    }
}
