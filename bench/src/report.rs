//! What is reported, as it is written to JSON and read back as a baseline.

pub(crate) mod build;
mod figures;
pub(crate) mod html;
mod plot;
pub(crate) mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::audit::Faults;
use crate::plan::Plan;
use crate::threshold::Verdict;
use crate::watch::Sample;

/// The layout of the JSON. A change that a reader may stumble over raises it.
pub(crate) const FORMAT: u32 = 1;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) format: u32,
    pub(crate) outcome: String,
    pub(crate) exit_code: u8,
    /// Why it is not `passed`, in words.
    pub(crate) reasons: Vec<String>,
    /// It was interrupted.
    pub(crate) partial: bool,
    pub(crate) environment: Environment,
    pub(crate) plan: Plan,
    /// How long it was measured.
    pub(crate) measured_s: f64,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) latencies: Vec<Latency>,
    pub(crate) errors: Vec<ErrorCount>,
    pub(crate) audit: Audit,
    pub(crate) connections: Connections,
    pub(crate) server: Option<Process>,
    pub(crate) redis: Option<Process>,
    pub(crate) generator_cores: f64,
    /// What a reader of the figures has to know.
    pub(crate) notes: Vec<String>,
    pub(crate) series: Vec<Point>,
    /// All figures that a threshold may name.
    pub(crate) figures: BTreeMap<String, f64>,
}

/// Where and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Environment {
    pub(crate) version: String,
    pub(crate) started_ms: u64,
    pub(crate) os: String,
    pub(crate) cores: usize,
}

/// The latencies of an operation or an event, in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) name: String,
    pub(crate) count: u64,
    /// None of what belongs to the ramp, or to a single instant.
    pub(crate) per_second: Option<f64>,
    pub(crate) errors: u64,
    pub(crate) statistics: BTreeMap<String, f64>,
    /// Pairs of quantile and latency.
    pub(crate) curve: Vec<(f64, f64)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ErrorCount {
    pub(crate) operation: String,
    pub(crate) code: String,
    pub(crate) count: u64,
}

/// Delivery, expected against received.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Audit {
    pub(crate) expected: u64,
    pub(crate) received: u64,
    /// Clients whose view was compared with the server's.
    pub(crate) views: u64,
    pub(crate) faults: Faults,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Connections {
    pub(crate) made: u64,
    pub(crate) joined: u64,
    pub(crate) disconnects: u64,
    pub(crate) reconnects: u64,
    pub(crate) lost: u64,
    pub(crate) draining: u64,
    pub(crate) cycles: u64,
}

/// What a process used while it was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) cpu_s: f64,
    pub(crate) cores: f64,
    pub(crate) cpu_us_per_operation: Option<f64>,
    pub(crate) cpu_us_per_event: Option<f64>,
    pub(crate) rss_before: u64,
    /// Earlier reports have none.
    #[serde(default)]
    pub(crate) rss_begin: Option<u64>,
    pub(crate) rss_end: u64,
    pub(crate) rss_max: u64,
    pub(crate) rss_per_connection: Option<f64>,
    pub(crate) samples: Vec<Sample>,
}

impl Process {
    /// By what part of itself the memory has grown while it was measured; negative if it has shrunk.
    pub(crate) fn rss_growth(&self) -> Option<f64> {
        let begin = self.rss_begin.filter(|bytes| *bytes > 0)? as f64;
        Some((self.rss_end as f64 - begin) / begin)
    }
}

/// A second of the load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) second: u64,
    pub(crate) operations: u64,
    pub(crate) events: u64,
    /// Of the scenario's operation.
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    /// Of events.
    pub(crate) event_p50_ms: Option<f64>,
    pub(crate) event_p99_ms: Option<f64>,
}
