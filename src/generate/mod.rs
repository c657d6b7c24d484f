//! Seeded, skewed, realistic data of any size: contacts of a Polish company group and what they did.
//!
//! Goes in: [`GenOptions`]. Comes out, through a [`Sink`]: events in order of time, then contacts in order of
//! number; contacts come last because some of their fields sum up their events (`Wartość_zakupów_12m` is exactly
//! `sum(Zakup.kwota within 12mo)` at the newest instant). [`write_files`] writes both as Parquet or NDJSON with
//! their schema beside them; [`EventRow::push`] and [`ContactRow::push`] fill import batches without files.
//!
//! Properties callers rely on: the same options give the same bytes, on any number of threads; there are exactly as
//! many events and contacts as asked for; memory is about 24 bytes per contact and does not grow with the events.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "random draws: magnitudes are bounded where they are made, the last bit does not matter"
)]

mod alias;
mod contact;
pub mod demo;
mod event;
mod files;
mod ndjson;
mod parquet;
mod population;
mod schema;
mod session;
mod timeline;
mod vocabulary;
mod words;
mod world;

pub use contact::{ContactRow, FieldValue};
pub use event::{Attribute, AttributeValue, EventKind, EventRow};
pub use files::{FileFormat, FilesError, Progress, write_files};
pub use schema::{schema, schema_toml};
pub use world::World;

use crate::time::Duration;

/// What to generate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenOptions {
    /// Number of contacts, at least 1.
    pub contacts: u32,
    /// Number of events.
    pub events: u64,
    /// Seed: other data for another seed.
    pub seed: u64,
    /// The newest instant, milliseconds since 1970-01-01T00:00:00Z.
    pub until: i64,
    /// Length of the history in days of 24 hours, 1 to 36,500.
    pub days: u16,
    /// Industries whose events occur, besides messaging; empty: all.
    pub industries: Vec<Industry>,
    /// Whether message events carry a `message_id`, unique to each message: realistic, and large.
    pub message_ids: bool,
}

/// A line of business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Industry {
    /// Page visits, baskets, online purchases.
    Ecommerce,
    /// Purchases in shops.
    Retail,
    /// Account and card transactions.
    Bank,
    /// Visits of destinations, bookings.
    Travel,
    /// Appointments and visits to clinics.
    Health,
}

/// Why nothing can be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// No contact to have events.
    #[error("at least 1 contact is needed")]
    NoContacts,
    /// Too short or too long a history.
    #[error("a history of {0} days is not possible: choose 1 to 36500")]
    Days(u16),
    /// The history would begin or end in years that have no calendar here.
    #[error("the newest instant must lie between the years 1900 and 3000")]
    Until,
}

/// Where generated rows go, a batch at a time, from one thread.
pub trait Sink {
    /// What can go wrong there.
    type Error: Send;

    /// Takes the next events, in order of time.
    ///
    /// # Errors
    /// The sink's own; generation stops.
    fn events(&mut self, world: &World, rows: &[EventRow]) -> Result<(), Self::Error>;

    /// Takes the next contacts, in order of number. All events have been given before.
    ///
    /// # Errors
    /// The sink's own; generation stops.
    fn contacts(&mut self, world: &World, rows: Vec<ContactRow>) -> Result<(), Self::Error>;
}

/// Why generation stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenError<E> {
    /// The options make no sense.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The sink failed.
    #[error("{0}")]
    Sink(E),
}

impl Default for GenOptions {
    /// 10,000 contacts and 100,000 events of the year up to 2025-11-01T12:00:00Z, seed 1.
    fn default() -> Self {
        Self {
            contacts: 10_000,
            events: 100_000,
            seed: 1,
            until: 1_761_998_400_000,
            days: 365,
            industries: Vec::new(),
            message_ids: false,
        }
    }
}

impl Industry {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ecommerce, Self::Retail, Self::Bank, Self::Travel, Self::Health];

    /// How it is spelled on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ecommerce => "ecommerce",
            Self::Retail => "retail",
            Self::Bank => "bank",
            Self::Travel => "travel",
            Self::Health => "health",
        }
    }
}

/// Generates everything into a sink.
///
/// # Errors
/// Options out of range; the sink's own errors.
pub fn generate<S: Sink + Send>(options: &GenOptions, sink: &mut S) -> Result<(), GenError<S::Error>> {
    let mut world = World::new(options)?;
    world.events(sink).map_err(GenError::Sink)?;
    world.contacts(sink).map_err(GenError::Sink)
}

/// A year by the calendar, the span of `Wartość_zakupów_12m`.
const YEAR: Duration = Duration { months: 12, days: 0, millis: 0 };
/// Milliseconds of 24 hours.
const DAY_MS: i64 = 86_400_000;
/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// A well mixed 64-bit hash of two numbers (the finaliser of `SplitMix64`).
fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Appends the id of a contact: `k` and its number from 1 on, with at least eight digits.
fn write_id(number: u32, out: &mut Vec<u8>) {
    use std::io::Write as _;
    // Writing to a vector cannot fail.
    let _ = write!(out, "k{:08}", u64::from(number) + 1);
}
