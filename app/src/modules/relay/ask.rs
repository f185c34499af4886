//! What a client asks to be relayed, and where to.

use rtm_domain::ids::RoomId;
use rtm_protocol::decode::BadRequest;
use rtm_protocol::{ErrorCode, ErrorReply, Limit};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A payload, and the room that it names, if it names one.
pub(super) struct Ask<'a> {
    pub(super) payload: &'a RawValue,
    room: Option<String>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, rename = "roomId")]
    room_id: Option<&'a RawValue>,
}

impl<'a> Ask<'a> {
    pub(super) fn read(args: &'a [Box<RawValue>], bytes_max: usize) -> Result<Self, ErrorReply> {
        let payload = match args {
            [] => RawValue::NULL,
            [payload] => payload,
            [_, _, ..] => return Err(BadRequest::new("", "must be the only argument").into()),
        };
        if payload.get().len() > bytes_max {
            let limit = Limit::new("MAX_RELAY_BYTES", bytes_max as u64);
            let problem = format!("the payload is larger than {} ({bytes_max})", limit.name);
            return Err(ErrorReply {
                limit: Some(limit),
                ..ErrorReply::new(ErrorCode::TooLarge, problem)
            });
        }
        Ok(Self {
            payload,
            room: room_named(payload)?,
        })
    }

    /// The room it names, or the only one that the sender is in.
    pub(super) fn room(&self, rooms: &[RoomId], id_bytes_max: usize) -> Result<RoomId, ErrorReply> {
        if let Some(room) = &self.room {
            let bad = |bad: rtm_domain::ids::BadId| BadRequest::new("roomId", bad.to_string());
            return Ok(RoomId::parse(room, id_bytes_max).map_err(bad)?);
        }
        match rooms {
            [] => Err(not_present()),
            [only] => Ok(only.clone()),
            [_, _, ..] => {
                let problem = "must name one of the rooms that this connection is in";
                Err(BadRequest::new("roomId", problem).into())
            }
        }
    }
}

fn room_named(payload: &RawValue) -> Result<Option<String>, ErrorReply> {
    if !payload.get().starts_with('{') {
        return Ok(None);
    }
    let named: Result<Named<'_>, _> = serde_json::from_str(payload.get());
    let text = |room: &RawValue| serde_json::from_str(room.get());
    match named.map(|named| named.room_id.map(text)) {
        Ok(None) => Ok(None),
        Ok(Some(Ok(room))) => Ok(Some(room)),
        Ok(Some(Err(_))) => Err(BadRequest::new("roomId", "must be a string").into()),
        Err(_) => Err(BadRequest::new("", "cannot be read").into()),
    }
}

pub(super) fn not_present() -> ErrorReply {
    let problem = "only members of a room send to it: join it";
    ErrorReply::new(ErrorCode::NotPresent, problem)
}
