//! The tests that need more than one crate, in one binary.

mod invariants;
mod model;
mod scenarios;
mod store_contract;
