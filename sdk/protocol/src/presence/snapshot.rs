//! One line of a snapshot, as in the acks of join and sync.

use serde::{Deserialize, Serialize};

use crate::state::State;

/// One presence in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct SnapshotEntry<T = String, S = State> {
    /// Which connection.
    pub conn_id: T,
    /// Whose.
    pub user_id: T,
    /// What it shows.
    pub state: S,
    /// When it was heard of last, in milliseconds since 1970; at most one TTL ago.
    pub last_seen_ms: u64,
    /// Its epoch, below 2^53.
    pub epoch: u64,
}
