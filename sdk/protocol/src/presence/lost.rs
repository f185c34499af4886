//! `presence:lost` (new): one's presence ended while the socket lives.

use serde::{Deserialize, Serialize};

/// Which presence ended, and why. Sent to its owner alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct Lost<T = String> {
    /// The room.
    pub room_id: T,
    /// The presence.
    pub conn_id: T,
    /// Why.
    pub reason: LostReason,
}

/// Why one's own presence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LostReason {
    /// No heartbeat for the TTL. Joining again helps.
    Expired,
    /// A newer socket has resumed it. A client does not resume by itself.
    Replaced,
    /// It was removed.
    Kicked,
}
