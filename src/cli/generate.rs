//! `segql gen`

use std::ops::ControlFlow;

use super::Ui;
use super::args::{GenArgs, GenFormat};
use super::failure::Failure;
use super::interrupt;
use super::progress::Progress;
use crate::generate::{FileFormat, FilesError, GenOptions, write_files};
use crate::time::parse_instant;

/// Writes generated data.
pub fn generate(args: &GenArgs, ui: Ui) -> Result<(), Failure> {
    let until = parse_instant(&args.until, chrono_tz::UTC).map_err(|e| Failure::usage(format!("`--until`: {e}")))?;
    let options = GenOptions {
        contacts: args.contacts,
        events: args.events,
        seed: args.seed,
        until,
        days: args.days,
        industries: Vec::new(),
        message_ids: args.message_ids,
    };
    let format = match args.format {
        GenFormat::Parquet => FileFormat::Parquet,
        GenFormat::Ndjson => FileFormat::Ndjson,
    };
    let cancel = interrupt::cancel();
    let mut progress = Progress::new("writing", ui);
    let written = write_files(&options, &args.out, format, |done| {
        progress.set(done.events + u64::from(done.contacts));
        if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    progress.finish();
    match written {
        Ok(()) => {
            eprintln!("wrote {} contacts and {} events to `{}`", args.contacts, args.events, args.out.display());
            Ok(())
        }
        Err(FilesError::Options(error)) => Err(Failure::usage(error)),
        Err(FilesError::Stopped(_)) => Err(Failure::Interrupted),
        Err(error) => Err(Failure::io(error)),
    }
}
