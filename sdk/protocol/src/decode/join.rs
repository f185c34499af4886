//! Reading `presence:join`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::epoch::epoch;
use super::limits::DecodeLimits;
use super::payload::{fields, given, required};
use super::refusal::{BadRequest, Refusal};
use super::state::state;
use super::text::{id, minted};
use crate::presence::{JoinRequest, Key, Resume};

/// Where the user of a join is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// In the payload: `userId` must be there.
    Payload,
    /// In the connection's token: `userId` may be left out. Whether it is the token's subject is
    /// not judged here.
    Token,
}

/// Reads a join.
pub fn join<'a>(
    payload: Option<&'a RawValue>,
    identity: Identity,
    limits: &DecodeLimits,
) -> Result<JoinRequest<Cow<'a, str>>, Refusal> {
    let payload = required(given(payload), "")?;
    let [room_id, user_id, shown, earlier] =
        fields(payload, "", ["roomId", "userId", "state", "resume"])?;

    let room_id = id(required(room_id, "roomId")?, "roomId", limits)?;
    let user_id = match (identity, user_id) {
        (Identity::Token, None) => None,
        (_, user_id) => Some(id(required(user_id, "userId")?, "userId", limits)?),
    };
    Ok(JoinRequest {
        room_id,
        user_id,
        state: shown
            .map(|value| state(value, "state", limits))
            .transpose()?,
        resume: earlier.map(resume).transpose()?,
    })
}

fn resume(value: &RawValue) -> Result<Resume<Cow<'_, str>>, BadRequest> {
    let [conn_id, key, asked] = fields(value, "resume", ["connId", "key", "epoch"])?;
    Ok(Resume {
        conn_id: minted(required(conn_id, "resume.connId")?, "resume.connId")?,
        key: Key(minted(required(key, "resume.key")?, "resume.key")?),
        epoch: epoch(asked, "resume.epoch")?,
    })
}
