//! The tests that need more than one crate, in one binary.

#[cfg(feature = "histories")]
mod invariants;
mod model;
mod scenarios;
mod store_contract;
