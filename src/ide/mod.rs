//! What editors do with scripts: texts and offsets in, plain data out.

pub mod rename;
