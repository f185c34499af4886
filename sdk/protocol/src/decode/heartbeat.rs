//! Reading `presence:heartbeat`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::epoch::epoch;
use super::limits::DecodeLimits;
use super::payload::{fields, given};
use super::refusal::Refusal;
use super::state::state;
use super::text::id;
use crate::presence::HeartbeatRequest;

/// Reads a heartbeat. No payload means that all fields are left out.
pub fn heartbeat<'a>(
    payload: Option<&'a RawValue>,
    limits: &DecodeLimits,
) -> Result<HeartbeatRequest<Cow<'a, str>>, Refusal> {
    let [room_id, held, patch] = match given(payload) {
        Some(payload) => fields(payload, "", ["roomId", "epoch", "patchState"])?,
        None => [None; 3],
    };
    Ok(HeartbeatRequest {
        room_id: room_id
            .map(|value| id(value, "roomId", limits))
            .transpose()?,
        epoch: epoch(held, "epoch")?,
        patch_state: patch
            .map(|value| state(value, "patchState", limits))
            .transpose()?,
    })
}
