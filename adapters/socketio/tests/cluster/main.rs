//! Nodes on one bus, with real clients: Socket.IO across nodes, and without the others.

mod client;
mod faults;
mod hub;
mod interest;
mod node;
mod operators;
mod reach;

use std::time::Duration;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);
