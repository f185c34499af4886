//! What concerns users on whichever node they are: an event for all of a user's connections, and
//! shutting a user out.

mod ledger;
mod letter;
mod upkeep;
mod wires;

use std::sync::{Arc, Weak};

use rtm_domain::PresenceService;
use rtm_domain::error::StoreError;
use rtm_domain::ids::UserId;
use rtm_domain::ports::Clock;
use rtm_domain::time::Timestamp;
use rtm_redis::{ConnectError, Redis};
use rtm_socketio::{Connection, Frame, Gateway};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use crate::auth::Revocations;
use ledger::Ledger;
use letter::Heard;
use upkeep::{About, Compared};
use wires::Wires;

/// This node among the others, if there are any.
pub(crate) struct Nodes {
    gateway: Arc<Gateway>,
    presence: Option<PresenceService>,
    revocations: Arc<Revocations>,
    clock: Arc<dyn Clock>,
    wires: Option<Wires>,
}

impl Nodes {
    /// Connects, and reads who is shut out.
    pub(crate) async fn open(
        (gateway, presence): (Arc<Gateway>, Option<PresenceService>),
        revocations: Arc<Revocations>,
        clock: Arc<dyn Clock>,
        redis: Option<&Redis>,
    ) -> Result<Arc<Self>, ConnectError> {
        let wires = match redis {
            Some(redis) => Some(Wires::open(redis).await?),
            None => None,
        };
        let nodes = Arc::new(Self {
            gateway,
            presence,
            revocations,
            clock,
            wires,
        });
        if let Some(wires) = &nodes.wires {
            wires.hear(Arc::downgrade(&nodes)).await?;
            let unreachable = |error: StoreError| ConnectError::Unreachable(error.to_string());
            let compared = nodes.compare_revocations(About::Noting).await;
            compared.map_err(unreachable)?;
        }
        Ok(nodes)
    }

    /// Compares from time to time with Redis who is shut out, until `shutdown`.
    pub(crate) fn run(self: &Arc<Self>, shutdown: &CancellationToken) {
        let Some(wires) = &self.wires else { return };
        let nodes = Arc::downgrade(self);
        let compare = move |about| {
            let nodes = Weak::upgrade(&nodes);
            async move {
                match nodes {
                    Some(nodes) => nodes.compare_revocations(about).await,
                    None => Ok(Compared::Over),
                }
            }
        };
        let interrupted = wires.interrupted();
        tokio::spawn(upkeep::keep_up(compare, interrupted, shutdown.clone()));
    }

    /// Sends an event to all connections of a user.
    pub(crate) async fn emit_to_user(
        &self,
        user: &UserId,
        event: &str,
        payload: &RawValue,
    ) -> Result<(), StoreError> {
        self.emit_here(user, event, payload);
        match &self.wires {
            Some(wires) => wires.send_emit(user, event, payload).await,
            None => Ok(()),
        }
    }

    /// Voids what a user has proven up to now, and ends their connections.
    pub(crate) async fn revoke(&self, user: &UserId) -> Result<(), StoreError> {
        let until = self.clock.wall();
        self.shut_out(user, until);
        match &self.wires {
            Some(wires) => wires.revoke(user, until).await,
            None => Ok(()),
        }
    }

    fn shut_out(&self, user: &UserId, until: Timestamp) {
        // First those who are about to come in, then those who are in.
        self.revocations.add(user.clone(), until);
        let cut = self.gateway.cut_user(user, until);
        if cut > 0 {
            tracing::info!(%user, cut, "a user is shut out");
        }
    }

    /// Learns whom Redis knows to be shut out, and tells it whom it has forgotten.
    async fn compare_revocations(&self, about: About) -> Result<Compared, StoreError> {
        let Some(wires) = &self.wires else {
            return Ok(Compared::Agree);
        };
        let now = self.clock.wall();
        let oldest = now.before(Revocations::KEPT);
        let stored = wires.ledger().read(oldest).await?;
        for (user, until) in &stored {
            if self.revocations.is_news(user, *until) {
                self.shut_out(user, *until);
            }
        }
        let forgotten = self.revocations.missing_from(&stored, oldest);
        if forgotten.is_empty() {
            return Ok(Compared::Agree);
        }
        if about == About::Noting {
            return Ok(Compared::Forgotten);
        }
        wires.write_back(&forgotten, now).await?;
        let users = forgotten.len();
        tracing::warn!(
            users,
            "Redis had forgotten who is shut out: it is told again"
        );
        Ok(Compared::Agree)
    }

    fn hear(&self, heard: Heard) {
        match heard {
            Heard::Revoke { user, until } => self.shut_out(&user, until),
            Heard::Emit {
                user,
                event,
                payload,
            } => self.emit_here(&user, &event, &payload),
            Heard::Reread => {
                if let Some(wires) = &self.wires {
                    wires.interrupted().notify_one();
                }
            }
        }
    }

    fn emit_here(&self, user: &UserId, event: &str, payload: &RawValue) {
        let Ok(frame) = Frame::new(event.to_owned(), payload) else {
            return;
        };
        for connection in self.gateway.all() {
            if self.is_of(&connection, user) {
                connection.emit_frame(&frame);
            }
        }
    }

    /// Where nobody has to prove who they are, whoever joined a room as the user is meant.
    fn is_of(&self, connection: &Connection, user: &UserId) -> bool {
        if let Some(identity) = connection.identity() {
            return identity.user == *user;
        }
        let presence = self.presence.as_ref();
        let session = presence.and_then(|presence| presence.session(connection.id()));
        session.is_some_and(|session| {
            let rooms = session.rooms().into_iter();
            let mut users = rooms.filter_map(|room| session.presence(&room));
            users.any(|(_, its, _)| its == *user)
        })
    }
}

/// Shuts a user out from outside of any node.
///
/// # Errors
///
/// What the client says.
pub(crate) async fn revoke_in(
    redis: &Redis,
    user: &UserId,
    until: Timestamp,
) -> Result<(), StoreError> {
    Ledger::of(redis).revoke(user, until).await
}
