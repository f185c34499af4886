//! `presence:join`: enter a room, or continue an earlier presence in it.

use serde::{Deserialize, Serialize};

use crate::literal::True;
use crate::presence::{Key, SnapshotEntry};
use crate::state::State;

/// What a client sends. The server reads it with [`decode::join`](crate::decode::join).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct JoinRequest<T = String, S = State> {
    /// The room: 1 to `MAX_ID_BYTES` bytes, no control characters.
    pub room_id: T,
    /// The user: 1 to `MAX_ID_BYTES` bytes, no control characters. With authentication on it may
    /// be left out, because the token names the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub user_id: Option<T>,
    /// What the presence shows: up to `MAX_STATE_BYTES` bytes. Left out: `{}` for a fresh
    /// presence, otherwise as before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub state: Option<S>,
    /// The earlier presence to continue (new).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub resume: Option<Resume<T>>,
}

/// Which presence to continue, and the proof that it is one's own (new).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct Resume<T = String> {
    /// `connId` of that presence.
    pub conn_id: T,
    /// The `key` that came with it.
    pub key: Key<T>,
    /// The epoch to take, below 2^53: higher than any that was given or asked for before. Left
    /// out: one more than the presence's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub epoch: Option<u64>,
}

/// The ack of a join that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct JoinReply<T = String, S = State> {
    /// Always `true`.
    pub ok: True,
    /// Everyone who is shown in the room, the joiner included.
    pub snapshot: Vec<SnapshotEntry<T, S>>,
    /// The joiner's own presence. Named `self` on the wire.
    #[serde(rename = "self")]
    pub own: SelfEntry<T>,
    /// The version that the snapshot reflects, below 2^53 (new).
    pub version: u64,
    /// How long the lease lasts after a heartbeat, in milliseconds (new).
    pub ttl_ms: u64,
}

/// What only the owner of a presence is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct SelfEntry<T = String> {
    /// The connection id that the server gave.
    pub conn_id: T,
    /// The presence's epoch, below 2^53.
    pub epoch: u64,
    /// The secret to resume with (new).
    pub key: Key<T>,
}
