//! What the coordinator and its workers tell each other: within a process through channels, between
//! processes as lines of JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::audit::{Faults, Ledger};
use crate::metric::Metric;
use crate::plan::Plan;
use crate::record::{Sparse, Totals};

/// To a worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Get ready, as this one of the processes. The first order of all.
    Prepare(Box<Plan>, u32),
    /// Connect, and join.
    Ramp,
    /// Apply the load.
    Run(Span),
    /// Wait for what is due.
    Settle(Box<Ledger>),
    /// Compare with what the server shows.
    Verify,
    /// End the current part early.
    Hurry,
}

/// When the load begins, when it is measured from, and when it ends; on the machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) measure: u64,
    pub(crate) end: u64,
}

/// From a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Word {
    /// All have tried to connect and to join.
    Ramped,
    /// How it goes; each second.
    Second(Box<Second>),
    /// The load is over, and this was sent.
    Ran(Box<Ledger>),
    /// All that was due has come, or the time is over.
    Settled,
    /// The end.
    Report(Box<WorkerReport>),
    /// It cannot go on.
    Failed(String),
}

/// Counts that only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) connected: u64,
    pub(crate) joined: u64,
    /// Operations that the load began.
    pub(crate) begun: u64,
    /// Of those, answered well within the time that is measured.
    pub(crate) measured: u64,
    /// Events that came within it.
    pub(crate) measured_events: u64,
    pub(crate) errors: u64,
    /// All events that came.
    pub(crate) events: u64,
    pub(crate) disconnects: u64,
    pub(crate) reconnects: u64,
    pub(crate) lost: u64,
    pub(crate) draining: u64,
    /// Members that have come and gone.
    pub(crate) cycles: u64,
}

/// A second of a worker.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Second {
    /// Which, counted from the start of the load; before it 0.
    pub(crate) number: u64,
    pub(crate) counts: Counts,
    pub(crate) latencies: BTreeMap<Metric, Sparse>,
}

/// All that a worker has to say at the end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WorkerReport {
    pub(crate) counts: Counts,
    pub(crate) totals: Totals,
    pub(crate) faults: Faults,
    pub(crate) expected: u64,
    pub(crate) received: u64,
    pub(crate) views: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.connected += other.connected;
        self.joined += other.joined;
        self.begun += other.begun;
        self.measured += other.measured;
        self.measured_events += other.measured_events;
        self.errors += other.errors;
        self.events += other.events;
        self.disconnects += other.disconnects;
        self.reconnects += other.reconnects;
        self.lost += other.lost;
        self.draining += other.draining;
        self.cycles += other.cycles;
    }
}
