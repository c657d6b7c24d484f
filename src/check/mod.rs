//! Names, types and windows: syntax tree in, typed tree and diagnostics out.

pub mod typed;
