//! Reading `presence:sync`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::limits::DecodeLimits;
use super::payload::{fields, given, required};
use super::refusal::Refusal;
use super::text::id;
use crate::presence::SyncRequest;

/// Reads a sync.
pub fn sync<'a>(
    payload: Option<&'a RawValue>,
    limits: &DecodeLimits,
) -> Result<SyncRequest<Cow<'a, str>>, Refusal> {
    let payload = required(given(payload), "")?;
    let [room_id] = fields(payload, "", ["roomId"])?;
    Ok(SyncRequest {
        room_id: id(required(room_id, "roomId")?, "roomId", limits)?,
    })
}
