//! From text to a syntax tree.
//!
//! Goes in: the text of one `.seg` file. Comes out: a [`ast::Script`] and every syntax error as a
//! [`Diagnostic`](crate::diag::Diagnostic). Parsing never fails as a whole: a broken definition is left out of the
//! tree and reported, the others are there.

pub mod ast;
mod brackets;
mod build;
mod expected;
mod habits;
pub mod json;
pub(crate) mod lex;
mod nesting;
pub(crate) mod parse;
pub(crate) mod parts;
mod patch;
pub(crate) mod pieces;
mod recover;
mod span;
mod spell;
mod structure;

pub(crate) use build::doc_above;
pub(crate) use habits::is_keyword;
pub use nesting::MAX_NESTING;
pub use parse::parse;
pub use span::{LineIndex, Position, Source, SourceId, Sources, Span};
pub use spell::quoted;
