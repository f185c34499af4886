//! A room that a client is in.

use std::sync::Arc;

use rtm_protocol::{
    HeartbeatReply, HeartbeatRequest, LeaveReply, LeaveRequest, LostReason, SnapshotEntry, State,
    names,
};

use crate::client::shared::Shared;
use crate::error::ClientError;

/// A room that a client is in, also across reconnects.
#[derive(Clone)]
pub struct Room {
    shared: Arc<Shared>,
    id: String,
}

impl Room {
    pub(crate) fn new(shared: Arc<Shared>, id: &str) -> Self {
        Self {
            shared,
            id: id.to_owned(),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Everyone shown, as the server has said so far.
    pub fn members(&self) -> Vec<SnapshotEntry> {
        self.shared.members(&self.id)
    }

    /// One's own connection id and epoch.
    pub fn own(&self) -> Option<(String, u64)> {
        self.shared.own(&self.id)
    }

    /// Why one is not in it any more, if one is not.
    pub fn lost(&self) -> Option<LostReason> {
        self.shared.lost_reason(&self.id)
    }

    /// Changes what one shows: each key of `patch` replaces the old value. Returns whether that
    /// changed anything.
    ///
    /// # Errors
    ///
    /// The server refuses, or does not answer.
    pub async fn update(&self, patch: State) -> Result<bool, ClientError> {
        let connection = self.shared.connection()?;
        let request = HeartbeatRequest {
            room_id: Some(self.id.as_str()),
            epoch: None,
            patch_state: Some(patch.clone()),
        };
        let reply = connection
            .request(names::PRESENCE_HEARTBEAT, &request)
            .await;
        let reply: HeartbeatReply = reply?;
        self.shared.patched(&self.id, &patch);
        Ok(reply.changed)
    }

    /// Leaves it.
    ///
    /// # Errors
    ///
    /// The server does not answer; one's presence then ends by itself.
    pub async fn leave(self) -> Result<(), ClientError> {
        self.shared.exit(&self.id);
        let connection = self.shared.connection()?;
        let room_id = Some(self.id.as_str());
        let request = LeaveRequest { room_id };
        let reply = connection.request(names::PRESENCE_LEAVE, &request).await;
        reply.map(|_: LeaveReply| ())
    }
}
