//! `chat:history` and `chat:since`: what was said before.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::message::ChatMessage;
use crate::literal::True;

/// What a client sends. The server reads it with
/// [`decode::chat_history`](crate::decode::chat_history).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatHistoryRequest<T = String> {
    /// The room.
    pub room_id: T,
    /// How many at most, from 1. Left out: 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Only those before this one (new).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<T>,
}

/// The ack of a history.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
#[serde(rename_all = "camelCase")]
pub struct ChatSinceRequest<T = String> {
    /// The room.
    pub room_id: T,
    /// The last message that the client knows.
    pub msg_id: T,
}

/// The ack of what came since (new).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatSinceReply<T = String, M = Box<RawValue>> {
    /// Always `true`.
    pub ok: True,
    /// The messages after the one that is known, oldest first.
    pub messages: Vec<ChatMessage<T, M>>,
    /// False when older ones between are gone.
    pub complete: bool,
}
