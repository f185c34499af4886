//! `rtm bench`: puts load on a server, measures how it answers, and audits what it delivers.
//!
//! A run has a [`plan`]; a [`coordinator`] leads one or several [`worker`]s through its parts: ramp,
//! load, settle, verify. Each worker has its users' connections, an [`audit`] of what they are told,
//! and a [`record`] of how long everything took. The [`report`] is made of the sum.

mod audit;
mod bench;
mod clock;
mod coordinator;
mod exit;
mod files;
mod mark;
mod message;
mod metric;
mod options;
mod plan;
mod proc;
mod progress;
mod record;
mod report;
mod team;
mod threshold;
mod watch;
mod wire;
mod worker;

pub use bench::{Bench, command};
pub use exit::Outcome;
