//! segql: a textual segment (audience) language and its engine.

pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod diag;
#[cfg(feature = "engine")]
pub mod exec;
#[cfg(feature = "engine")]
pub mod export;
pub mod fmt;
#[cfg(feature = "engine")]
pub mod generate;
pub mod ide;
#[cfg(feature = "engine")]
pub mod ingest;
pub mod lint;
pub mod meaning;
pub mod plan;
pub mod row;
pub mod schema;
#[cfg(feature = "engine")]
pub mod store;
pub mod syntax;
pub mod testing;
pub mod time;
pub mod value;
