//! Questions about sets of contacts beside their sizes: how they overlap, and how they went.

pub mod overlap;
pub mod trend;
