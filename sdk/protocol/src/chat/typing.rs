//! `chat:typing` (new): somebody types, or has ceased to.

use serde::{Deserialize, Serialize};

use crate::literal::True;

/// What a client sends. The server reads it with
/// [`decode::chat_typing`](crate::decode::chat_typing).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct ChatTypingRequest<T = String> {
    /// The room.
    pub room_id: T,
    /// Whether the client's user types. It ends by itself if not said again in time.
    pub typing: bool,
}

/// The ack of a typing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ChatTypingReply {
    /// Always `true`.
    pub ok: True,
}

/// What the other members get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct ChatTyping<T = String> {
    /// The room.
    pub room_id: T,
    /// Who.
    pub user_id: T,
    /// By which connection.
    pub conn_id: T,
    /// Whether they type.
    pub typing: bool,
}
