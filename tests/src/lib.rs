//! What the tests stand on: a hand-moved clock, an executor that runs until nothing is left to
//! do, peers that check all they are told, and a world that puts nodes, sockets and a store
//! together. Nothing here sleeps, and nothing waits for luck.

pub mod backend;
pub mod clock;
pub mod dice;
pub mod executor;
pub mod faults;
pub mod peer;
#[cfg(feature = "memory")]
pub mod redis;
pub mod roster;
#[cfg(feature = "memory")]
pub mod script;
pub mod simulation;
#[cfg(feature = "memory")]
pub mod text;
pub mod world;
