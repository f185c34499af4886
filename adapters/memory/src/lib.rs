//! Storage and feed of one process: what `rtm` uses without Redis, and what tests use.
//!
//! It never fails but when it is full, and it is gone with its process.

mod deadlines;
mod room;
mod store;

pub use store::{MemoryLimits, MemoryStore};
