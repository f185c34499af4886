//! Polls in a room, as somebody would write them who knows `rtm` by its documentation alone: typed
//! events, who comes and goes, messages to a room and to a user, an HTTP route, and another
//! module's handle.

mod steering;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rtm::axum::routing::get;
use rtm::axum::{Json, Router};
use rtm::domain::ids::{RoomId, UserId};
use rtm::domain::ports::{Change, ChangeKind};
use rtm::modules::chat::ChatHandle;
use rtm::protocol::{ErrorCode, ErrorReply};
use rtm::{Connection, Frame, ModuleContext, ModuleError, RealtimeModule, Right, Socket};
use serde::{Deserialize, Serialize};

pub use steering::Steering;

/// Lets the members of a room vote.
#[derive(Clone, Default)]
pub struct Polls {
    votes: Arc<Mutex<BTreeMap<RoomId, BTreeMap<UserId, String>>>>,
}

/// `poll:vote`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vote {
    room_id: String,
    choice: String,
}

/// The answer: how many votes each choice has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    counts: BTreeMap<String, usize>,
}

#[async_trait]
impl RealtimeModule for Polls {
    fn name(&self) -> &'static str {
        "polls"
    }

    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        let (polls, context) = (self.clone(), ctx.clone());
        let watches = ctx.watch_presence(move |change| {
            let (polls, ctx) = (polls.clone(), context.clone());
            async move { polls.changed(&change, &ctx).await }
        });
        if !watches {
            return Err(ModuleError::new("polls need presence"));
        }
        let polls = self.clone();
        let all = move || async move { Json(polls.all()) };
        ctx.add_routes(Router::new().route("/polls", get(all)));
        ctx.provide(self.clone());
        Ok(())
    }

    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        let (polls, context) = (self.clone(), ctx.clone());
        ctx.on_request(socket, "poll:vote", move |connection, vote| {
            let (polls, ctx) = (polls.clone(), context.clone());
            async move { polls.vote(&connection, vote, &ctx) }
        });
    }
}

impl Polls {
    /// The votes of a room, for other modules.
    pub fn counts(&self, room: &RoomId) -> Counts {
        let mut counts = BTreeMap::new();
        for choice in self.lock().get(room).into_iter().flat_map(BTreeMap::values) {
            *counts.entry(choice.clone()).or_default() += 1;
        }
        Counts { counts }
    }

    fn vote(
        &self,
        connection: &Connection,
        vote: Vote,
        ctx: &ModuleContext,
    ) -> Result<Counts, ErrorReply> {
        let refused = |code, why: &str| ErrorReply::new(code, why);
        let room = RoomId::parse(&vote.room_id, 256)
            .map_err(|bad| refused(ErrorCode::BadRequest, &bad.to_string()))?;
        connection.may(Right::Publish, &room)?;
        let presence = ctx.presence.as_ref();
        let session = presence.and_then(|presence| presence.session(connection.id()));
        let Some((_, user, _)) = session.and_then(|session| session.presence(&room)) else {
            return Err(refused(ErrorCode::NotPresent, "join the room to vote"));
        };
        self.lock()
            .entry(room.clone())
            .or_default()
            .insert(user, vote.choice);
        let counts = self.counts(&room);
        // Told to the members on this node, in order with what else they hear of the room.
        if let (Some(presence), Ok(frame)) = (presence, Frame::new("poll:counts", &counts)) {
            presence.tell(&room, &frame.message(), None);
        }
        Ok(counts)
    }

    /// Who comes is told how to vote; who goes takes the vote along, and the room is told by chat.
    async fn changed(&self, change: &Change, ctx: &ModuleContext) {
        match &change.kind {
            ChangeKind::Joined { first: true, .. } => {
                let counts = self.counts(&change.room);
                let told = ctx.emit_to_user(&change.user, "poll:welcome", &counts);
                // They may be gone again.
                let _ = told.await;
            }
            ChangeKind::Left { last: true, .. } => {
                let voted = self
                    .lock()
                    .get_mut(&change.room)
                    .and_then(|votes| votes.remove(&change.user));
                if let (Some(choice), Some(chat)) = (voted, ctx.find::<ChatHandle>()) {
                    let text = format!("{} takes the vote for {choice} along", change.user);
                    // The vote is gone whether or not the room hears of it.
                    let _ = chat
                        .send(&change.room, &UserId::trusted("polls"), &text)
                        .await;
                }
            }
            ChangeKind::Joined { .. } | ChangeKind::Updated { .. } | ChangeKind::Left { .. } => {}
        }
    }

    fn all(&self) -> BTreeMap<String, Counts> {
        let rooms: Vec<RoomId> = self.lock().keys().cloned().collect();
        let counts = rooms
            .iter()
            .map(|room| (room.to_string(), self.counts(room)));
        counts.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RoomId, BTreeMap<UserId, String>>> {
        self.votes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
