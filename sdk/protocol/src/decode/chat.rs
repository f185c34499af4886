//! Reading the chat module's requests.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::limits::DecodeLimits;
use super::payload::{fields, given, required};
use super::refusal::{BadRequest, Refusal, TooLarge};
use super::text::{id, minted};
use crate::chat::{
    ChatHistoryRequest, ChatReadRequest, ChatReceiptsRequest, ChatSendRequest, ChatSinceRequest,
    ChatTypingRequest,
};
use crate::error::Limit;

type Text<'a> = Cow<'a, str>;

/// Reads a message of up to `message_bytes_max` bytes of JSON text (`MAX_CHAT_BYTES`).
pub fn chat_send<'a>(
    payload: Option<&'a RawValue>,
    limits: &DecodeLimits,
    message_bytes_max: usize,
) -> Result<ChatSendRequest<Text<'a>, &'a RawValue>, Refusal> {
    let [room_id, message, client_msg_id] = of_room(payload, ["roomId", "message", "clientMsgId"])?;
    let room_id = id(required(room_id, "roomId")?, "roomId", limits)?;
    let message = required(message, "message")?;
    if message.get().len() > message_bytes_max {
        return Err(TooLarge {
            field: "message".into(),
            limit: Limit::new("MAX_CHAT_BYTES", message_bytes_max as u64),
        }
        .into());
    }
    Ok(ChatSendRequest {
        room_id,
        message,
        client_msg_id: client_msg_id
            .map(|value| id(value, "clientMsgId", limits))
            .transpose()?,
    })
}

/// Reads a question for the latest messages.
pub fn chat_history<'a>(
    payload: Option<&'a RawValue>,
    limits: &DecodeLimits,
) -> Result<ChatHistoryRequest<Text<'a>>, Refusal> {
    let [room_id, limit, before] = of_room(payload, ["roomId", "limit", "before"])?;
    Ok(ChatHistoryRequest {
        room_id: id(required(room_id, "roomId")?, "roomId", limits)?,
        limit: limit.map(|value| count(value, "limit")).transpose()?,
        before: before.map(|value| minted(value, "before")).transpose()?,
    })
}

/// Reads a question for the messages after a known one.
pub fn chat_since<'a>(
    payload: Option<&'a RawValue>,
    limits: &DecodeLimits,
) -> Result<ChatSinceRequest<Text<'a>>, Refusal> {
    let [room_id, msg_id] = of_room(payload, ["roomId", "msgId"])?;
    Ok(ChatSinceRequest {
        room_id: id(required(room_id, "roomId")?, "roomId", limits)?,
        msg_id: minted(required(msg_id, "msgId")?, "msgId")?,
    })
}

/// Reads whether somebody types.
pub fn chat_typing<'a>(
    payload: Option<&'a RawValue>,
    limits: &DecodeLimits,
) -> Result<ChatTypingRequest<Text<'a>>, Refusal> {
    let [room_id, typing] = of_room(payload, ["roomId", "typing"])?;
    Ok(ChatTypingRequest {
        room_id: id(required(room_id, "roomId")?, "roomId", limits)?,
        typing: match required(typing, "typing")?.get() {
            "true" => true,
            "false" => false,
            _ => return Err(BadRequest::new("typing", "must be true or false").into()),
        },
    })
}

/// Reads how far somebody has read.
pub fn chat_read<'a>(
    payload: Option<&'a RawValue>,
    limits: &DecodeLimits,
) -> Result<ChatReadRequest<Text<'a>>, Refusal> {
    let [room_id, msg_id] = of_room(payload, ["roomId", "msgId"])?;
    Ok(ChatReadRequest {
        room_id: id(required(room_id, "roomId")?, "roomId", limits)?,
        msg_id: minted(required(msg_id, "msgId")?, "msgId")?,
    })
}

/// Reads a question for how far everyone has read.
pub fn chat_receipts<'a>(
    payload: Option<&'a RawValue>,
    limits: &DecodeLimits,
) -> Result<ChatReceiptsRequest<Text<'a>>, Refusal> {
    let [room_id] = of_room(payload, ["roomId"])?;
    Ok(ChatReceiptsRequest {
        room_id: id(required(room_id, "roomId")?, "roomId", limits)?,
    })
}

fn of_room<'a, const N: usize>(
    payload: Option<&'a RawValue>,
    names: [&str; N],
) -> Result<[Option<&'a RawValue>; N], BadRequest> {
    fields(required(given(payload), "")?, "", names)
}

/// A whole number from 1.
fn count(value: &RawValue, field: &str) -> Result<u64, BadRequest> {
    let number: Option<u64> = value.get().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| BadRequest::new(field, "must be a whole number from 1"))
}
