//! `chat:send` and `chat:message`: saying something.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::literal::True;
#[cfg(test)]
use crate::typescript::Json;

/// What a client sends. The server reads it with [`decode::chat_send`](crate::decode::chat_send).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String, M = Json)))]
#[serde(rename_all = "camelCase")]
pub struct ChatSendRequest<T = String, M = Box<RawValue>> {
    /// The room, of which the sender is a member.
    pub room_id: T,
    /// What is said: any JSON.
    pub message: M,
    /// The client's own name for it (new): sent again under the same name, it is stored and sent
    /// once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub client_msg_id: Option<T>,
}

/// The ack of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct ChatSendReply<T = String> {
    /// Always `true`.
    pub ok: True,
    /// Its id. Ids of a room are in the order of its messages.
    pub msg_id: T,
    /// When it was stored, in milliseconds since 1970.
    pub ts: u64,
}

/// A message, as all members get it once, its sender included.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String, M = Json)))]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage<T = String, M = Box<RawValue>> {
    /// Its id.
    pub msg_id: T,
    /// The room.
    pub room_id: T,
    /// Who said it.
    pub user_id: T,
    /// What was said.
    pub message: M,
    /// When it was stored, in milliseconds since 1970.
    pub ts: u64,
    /// Its sender's own name for it (new).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub client_msg_id: Option<T>,
}
