//! Whole clusters under a seed: real nodes and pretended clients on a pretended store, with all
//! that can go wrong between them. Same seed, same history.

mod campaign;
mod chaos;
mod checks;
mod client;
mod cluster;
mod data;
mod hearing;
mod play;
mod profile;
mod trace;

pub use campaign::{Campaign, Summary};
pub use cluster::{Cluster, Weather};
pub use trace::Tally;

/// What came of a schedule.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What happened, if it was asked for.
    pub trace: Vec<String>,
    /// The invariants that were broken first.
    pub violations: Vec<String>,
    /// What was injected.
    pub tally: Tally,
    /// How much happened.
    pub steps: u64,
}

/// Plays the schedule of a seed.
pub fn play(seed: u64, writes_trace: bool) -> Outcome {
    play::Play::new(seed, writes_trace).run()
}
