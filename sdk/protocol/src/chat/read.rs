//! `chat:read` and `chat:receipts` (new): how far everyone has read.

use serde::{Deserialize, Serialize};

use crate::literal::True;

/// What a client sends. The server reads it with [`decode::chat_read`](crate::decode::chat_read).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct ChatReadRequest<T = String> {
    /// The room.
    pub room_id: T,
    /// Up to here. It never goes back.
    pub msg_id: T,
}

/// The ack of a read, also when a later one was known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ChatReadReply {
    /// Always `true`.
    pub ok: True,
}

/// What the other members get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct ChatRead<T = String> {
    /// The room.
    pub room_id: T,
    /// Who.
    pub user_id: T,
    /// Up to here.
    pub msg_id: T,
}

/// What a client sends. The server reads it with
/// [`decode::chat_receipts`](crate::decode::chat_receipts).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct ChatReceiptsRequest<T = String> {
    /// The room.
    pub room_id: T,
}

/// The ack of receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct ChatReceiptsReply<T = String> {
    /// Always `true`.
    pub ok: True,
    /// How far each user has read.
    pub receipts: Vec<ChatReceipt<T>>,
}

/// How far one user has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct ChatReceipt<T = String> {
    /// Who.
    pub user_id: T,
    /// Up to here.
    pub msg_id: T,
    /// When that was said, in milliseconds since 1970.
    pub ts: u64,
}
