//! The tests that need more than one crate, in one binary.

mod model;
mod scenarios;
mod store_contract;
