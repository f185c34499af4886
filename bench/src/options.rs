//! The command line of `rtm bench`, with the variables of the harness that it replaces.

mod addresses;
mod duration;
mod plan;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::plan::{Scenario, Until};

/// What was asked for.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// What kind of load
    #[arg(value_enum, default_value = "presence")]
    pub(crate) scenario: Scenario,

    /// The server; several, with commas between them, share out the members of each room
    #[arg(
        long,
        env = "TARGET_URL",
        value_name = "URL",
        value_delimiter = ',',
        default_value = "http://localhost:3000"
    )]
    pub(crate) url: Vec<String>,

    /// Rooms; default: 100 in presence and idle, 1 in storm, else 10
    #[arg(long, env = "ROOM_COUNT", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Load")]
    pub(crate) rooms: Option<u32>,

    /// Members of each room; default: 2 in presence and churn, 1000 in storm, else 10
    #[arg(long, env = "USERS_PER_ROOM", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Load")]
    pub(crate) users: Option<u32>,

    /// presence: heartbeats a second of each user, such as 0.1
    #[arg(long, env = "HEARTBEATS_PER_SEC", value_name = "RATE", default_value = "0.1", value_parser = rate, help_heading = "Load")]
    pub(crate) heartbeats: f64,

    /// presence: every Nth heartbeat changes the state, which the room is told; 0: none does
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Load")]
    pub(crate) patch_every: u32,

    /// Operations a second; fanout (default 10) and chat (1): in each room; churn (50): cycles in all
    #[arg(long, value_name = "RATE", value_parser = rate, help_heading = "Load")]
    pub(crate) rate: Option<f64>,

    /// Closed loop: so many operations in flight in each room, instead of a rate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000), conflicts_with = "rate", help_heading = "Load")]
    pub(crate) in_flight: Option<u32>,

    /// Closed loop with one operation of each sender in flight
    #[arg(long, conflicts_with_all = ["rate", "in_flight"], help_heading = "Load")]
    pub(crate) saturate: bool,

    /// When an operation of a closed loop is over
    #[arg(long, value_enum, default_value = "ack", help_heading = "Load")]
    pub(crate) until: Until,

    /// fanout, chat: members of each room that send; default: all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Load")]
    pub(crate) senders: Option<u32>,

    /// Bytes that each state has besides the harness's own 30 or so
    #[arg(long, value_name = "BYTES", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1_000_000), help_heading = "Load")]
    pub(crate) payload_bytes: u32,

    /// churn: those of each room who come and go; default: enough for the rate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Load")]
    pub(crate) churners: Option<u32>,

    /// churn: how long they stay
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration::read, help_heading = "Load")]
    pub(crate) hold: Duration,

    /// churn: each cycle has a connection of its own
    #[arg(long, help_heading = "Load")]
    pub(crate) reconnect: bool,

    /// idle: connect only, without joining a room
    #[arg(long, help_heading = "Load")]
    pub(crate) no_join: bool,

    /// How long the load lasts; a number without a unit is milliseconds
    #[arg(long, env = "TEST_DURATION_MS", value_name = "TIME", default_value = "60s", value_parser = duration::read, help_heading = "Time")]
    pub(crate) duration: Duration,

    /// How long connecting and joining are spread over
    #[arg(long, env = "RAMP_UP_MS", value_name = "TIME", default_value = "5s", value_parser = duration::read, help_heading = "Time")]
    pub(crate) ramp: Duration,

    /// Load before the duration begins, which is audited but not measured
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::read, help_heading = "Time")]
    pub(crate) warm_up: Duration,

    /// How long an answer may take
    #[arg(long, env = "ACK_TIMEOUT_MS", value_name = "TIME", default_value = "10s", value_parser = duration::read, help_heading = "Time")]
    pub(crate) ack_timeout: Duration,

    /// An event that comes later than this after it was due is a fault
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::read, help_heading = "Time")]
    pub(crate) late: Duration,

    /// How long to wait for missing events at the end
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::read, help_heading = "Time")]
    pub(crate) settle: Duration,

    /// Time between two lines of progress, where there is no terminal
    #[arg(long, env = "REPORT_INTERVAL_MS", value_name = "TIME", default_value = "5s", value_parser = duration::read, help_heading = "Time")]
    pub(crate) report_interval: Duration,

    /// Processes that share the load; one keeps one core busy
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256), help_heading = "Machine")]
    pub(crate) processes: u32,

    /// Addresses to connect from, such as 127.0.0.1-127.0.0.8: each has some 28,000 ports
    #[arg(long, value_name = "LIST", value_parser = addresses::read, help_heading = "Machine")]
    pub(crate) local_addresses: Option<Addresses>,

    /// Process of the server on this machine, to measure its CPU and memory
    #[arg(long, value_name = "PID", help_heading = "Machine")]
    pub(crate) server_pid: Option<u32>,

    /// The same of Redis
    #[arg(long, value_name = "PID", help_heading = "Machine")]
    pub(crate) redis_pid: Option<u32>,

    /// What must hold, such as 'heartbeat.p99<50ms'; may be given several times
    #[arg(
        long = "threshold",
        value_name = "WHAT<VALUE",
        help_heading = "Verdict"
    )]
    pub(crate) thresholds: Vec<String>,

    /// Most errors, as a part of all operations
    #[arg(long, env = "MAX_ERROR_RATE", value_name = "PART", default_value = "0.01", value_parser = part, help_heading = "Verdict")]
    pub(crate) max_error_rate: f64,

    /// Fewest good answers, as a part of all operations
    #[arg(long, env = "MIN_SUCCESS_RATE", value_name = "PART", value_parser = part, help_heading = "Verdict")]
    pub(crate) min_success_rate: Option<f64>,

    /// Longest latency of 95 % of the scenario's operations
    #[arg(long, env = "MAX_P95_LATENCY_MS", value_name = "TIME", value_parser = duration::read, help_heading = "Verdict")]
    pub(crate) max_p95: Option<Duration>,

    /// The same of 99 %
    #[arg(long, env = "MAX_P99_LATENCY_MS", value_name = "TIME", value_parser = duration::read, help_heading = "Verdict")]
    pub(crate) max_p99: Option<Duration>,

    /// Write the report to a file, as JSON
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) json: Option<PathBuf>,

    /// Write the report to a file, as a page with plots
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) html: Option<PathBuf>,

    /// An earlier report (JSON) to compare with
    #[arg(long, value_name = "FILE.json", help_heading = "Report")]
    pub(crate) baseline: Option<PathBuf>,
}

/// Addresses to connect from.
pub(crate) type Addresses = std::sync::Arc<[IpAddr]>;

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 1e9 => Ok(rate),
        _ => Err("a number above 0, such as 0.1".into()),
    }
}

fn part(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(part) if (0.0..=1.0).contains(&part) => Ok(part),
        _ => Err("a number from 0 to 1".into()),
    }
}
