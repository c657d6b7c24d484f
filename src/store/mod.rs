//! The store: contacts, their fields and their events, in LMDB.
//!
//! Goes in: [`record::Batch`]es through a [`Loader`], all or nothing, or through a [`Writer`], each durable when it is
//! acknowledged. Comes out: [`Snapshot`]s, each one consistent state,
//! with values as columns of a chunk (65,536 contacts) that are read in place.
//!
//! Properties callers rely on: a reader never waits for a writer and never sees half an import; a damaged value is an
//! error that names it, never a wrong answer or a panic.
#![allow(clippy::disallowed_methods, reason = "the store is where its files are opened")]

mod bytes;
pub mod column;
mod copy;
mod datafile;
mod delta;
mod env;
mod error;
mod events;
mod facts;
mod key;
mod load;
mod profile;
pub mod record;
mod scan;
mod slots;
mod snapshot;
mod stats;
mod swap;
mod texts;
mod verify;
mod writer;

pub use copy::CompactSummary;
pub use env::Store;
pub use error::StoreError;
#[cfg(feature = "cli")]
pub(crate) use error::reason;
pub use events::{EventChunk, RowBlock};
pub use load::{EraseSummary, Erasure, FoldSummary, LoadOptions, LoadSummary, Loader};
pub use profile::{Profiles, StoredEvent};
pub use scan::EventColumns;
pub use snapshot::{Layer, Snapshot};
pub use stats::{Delta, EventBytes, Named, Size, Stats};
pub use texts::Texts;
pub use verify::Verified;
pub use writer::{Appended, Writer, WriterOptions};

/// Contacts in a chunk.
pub const CHUNK: u32 = 1 << 16;
/// Words of a set of contacts of one chunk.
pub const WORDS: usize = 1024;
/// A set of contacts of one chunk, one bit each.
pub type Words = [u64; WORDS];
/// The longest contact id, in bytes: a limit of the key of the dictionary.
pub const MAX_CONTACT_ID_BYTES: usize = 500;
