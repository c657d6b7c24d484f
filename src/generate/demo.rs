//! Example scripts.
