//! The tests that need more than one crate, in one binary.

mod architecture;
mod emits;
mod invariants;
mod model;
mod races;
mod scenarios;
mod store_contract;
