//! `presence:leave`: end one's presence.

use serde::{Deserialize, Serialize};

use crate::literal::True;

/// What a client sends; `null` or nothing stands for all fields left out. The server reads it with
/// [`decode::leave`](crate::decode::leave).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct LeaveRequest<T = String> {
    /// The room to leave (new). Left out: all rooms of this socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub room_id: Option<T>,
}

/// The ack of a leave, also when there was nothing to leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LeaveReply {
    /// Always `true`.
    pub ok: True,
}
