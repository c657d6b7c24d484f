//! What editors and the prompt do with scripts: texts and offsets in, plain data out.

pub mod complete;
pub mod outline;
pub mod rename;
pub mod tokens;
