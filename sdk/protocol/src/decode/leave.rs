//! Reading `presence:leave`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::limits::DecodeLimits;
use super::payload::{fields, given};
use super::refusal::Refusal;
use super::text::id;
use crate::presence::LeaveRequest;

/// Reads a leave. No payload means that the room is left out. A room that is `null` is refused:
/// it is more likely a client's mistake than a wish to leave all rooms.
pub fn leave<'a>(
    payload: Option<&'a RawValue>,
    limits: &DecodeLimits,
) -> Result<LeaveRequest<Cow<'a, str>>, Refusal> {
    let [room_id] = match given(payload) {
        Some(payload) => fields(payload, "", ["roomId"])?,
        None => [None],
    };
    Ok(LeaveRequest {
        room_id: room_id
            .map(|value| id(value, "roomId", limits))
            .transpose()?,
    })
}
