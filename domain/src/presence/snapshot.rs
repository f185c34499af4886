//! A room's presences at a version.

use crate::ids::{ConnId, UserId};
use crate::presence::epoch::{Epoch, Version};
use crate::presence::state::State;
use crate::time::Timestamp;

/// Everyone who is shown in a room, in the order of their connection ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The version that it reflects.
    pub version: Version,
    /// The presences.
    pub entries: Vec<SnapshotEntry>,
}

/// One presence in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotEntry {
    /// Which connection.
    pub conn: ConnId,
    /// Whose.
    pub user: UserId,
    /// What it shows.
    pub state: State,
    /// When it was heard of last; at most one TTL ago.
    pub last_seen: Timestamp,
    /// Its epoch.
    pub epoch: Epoch,
}
