//! `presence:heartbeat`: renew the lease, and change the state if wanted.

use serde::{Deserialize, Serialize};

use crate::literal::True;
use crate::state::State;

/// What a client sends; `null` or nothing stands for all fields left out. The server reads it with
/// [`decode::heartbeat`](crate::decode::heartbeat).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatRequest<T = String, S = State> {
    /// The room (new). May be left out by a socket that is in exactly one, and by a heartbeat
    /// without a patch: it then renews all of the socket's presences.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub room_id: Option<T>,
    /// The epoch that the client was given, below 2^53. Left out: that of its last join.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub epoch: Option<u64>,
    /// Keys to replace in the state; up to `MAX_STATE_BYTES` bytes, before and after the merge.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub patch_state: Option<S>,
}

/// The ack of a heartbeat that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatReply {
    /// Always `true`.
    pub ok: True,
    /// Whether the patch changed anything.
    pub changed: bool,
    /// The presence's epoch, below 2^53.
    pub epoch: u64,
    /// The version of the event that the patch caused, below 2^53 (new). Left out if it caused
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub version: Option<u64>,
}
