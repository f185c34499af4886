//! The tests that need more than one crate, in one binary.

mod architecture;
mod channels;
mod client;
mod emits;
mod invariants;
mod model;
mod races;
mod scenarios;
mod simulation;
mod store_contract;
