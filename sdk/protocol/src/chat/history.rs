//! `chat:history` and `chat:since`: what was said before.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::message::ChatMessage;
use crate::literal::True;
#[cfg(test)]
use crate::typescript::Json;

/// What a client sends. The server reads it with
/// [`decode::chat_history`](crate::decode::chat_history).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct ChatHistoryRequest<T = String> {
    /// The room.
    pub room_id: T,
    /// How many at most, from 1. Left out: 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub limit: Option<u64>,
    /// Only those before this one (new).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub before: Option<T>,
}

/// The ack of a history.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String, M = Json)))]
#[serde(rename_all = "camelCase")]
pub struct ChatHistoryReply<T = String, M = Box<RawValue>> {
    /// Always `true`.
    pub ok: True,
    /// The latest messages, oldest first.
    pub messages: Vec<ChatMessage<T, M>>,
}

/// What a client sends (new). The server reads it with
/// [`decode::chat_since`](crate::decode::chat_since).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct ChatSinceRequest<T = String> {
    /// The room.
    pub room_id: T,
    /// The last message that the client knows.
    pub msg_id: T,
}

/// The ack of what came since (new).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String, M = Json)))]
#[serde(rename_all = "camelCase")]
pub struct ChatSinceReply<T = String, M = Box<RawValue>> {
    /// Always `true`.
    pub ok: True,
    /// The messages after the one that is known, oldest first.
    pub messages: Vec<ChatMessage<T, M>>,
    /// False when older ones between are gone.
    pub complete: bool,
    /// Whether there are more than one answer holds: ask again, after the last of these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub more: bool,
}
