//! `presence:event`: a change in a room, sent to each of its members.

use serde::{Deserialize, Serialize};

use crate::state::State;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct PresenceEvent<T = String, S = State> {
    /// How it changed. Named `type` on the wire.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The room.
    pub room_id: T,
    /// Whose presence.
    pub user_id: T,
    /// Which presence.
    pub conn_id: T,
    /// The full state; `None`, written as `null`, on `leave`.
    pub state: Option<S>,
    /// When, in milliseconds since 1970.
    pub ts: u64,
    /// The presence's epoch, below 2^53.
    pub epoch: u64,
    /// The room's version with this event, below 2^53 (new).
    pub version: u64,
    /// The version that was sent before in this room on this connection, below 2^53 (new). It
    /// shows a client whether it has missed something.
    pub prev: u64,
    /// Why it ended, on `leave` only (new).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub reason: Option<LeaveReason>,
}

/// How a room changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A presence is there; if it was shown already, its epoch is new.
    Join,
    /// A presence shows something else.
    Update,
    /// A presence has ended.
    Leave,
}

/// Why a presence ended (new).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// It asked to.
    Left,
    /// Its socket closed.
    Disconnected,
    /// No heartbeat for the TTL, or its node died.
    Expired,
    /// It was removed.
    Kicked,
}
