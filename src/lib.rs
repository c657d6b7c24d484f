//! segql: a textual segment (audience) language and its engine.

#[cfg(feature = "engine")]
pub mod store {
    //! The store.
    pub mod record;
}
pub mod check;
pub mod schema;
pub mod time;
pub mod value;
