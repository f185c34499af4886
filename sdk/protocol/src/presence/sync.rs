//! `presence:sync` (new): ask for a room again after something was missed.

use serde::{Deserialize, Serialize};

use crate::literal::True;
use crate::presence::SnapshotEntry;
use crate::state::State;

/// What a client sends. The server reads it with [`decode::sync`](crate::decode::sync).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct SyncRequest<T = String> {
    /// The room, of which the socket must be a member.
    pub room_id: T,
}

/// The room as it is. It sets the client's version, up or down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct SyncReply<T = String, S = State> {
    /// Always `true`.
    pub ok: True,
    /// The version that the snapshot reflects, below 2^53.
    pub version: u64,
    /// Everyone who is shown in the room.
    pub snapshot: Vec<SnapshotEntry<T, S>>,
}
