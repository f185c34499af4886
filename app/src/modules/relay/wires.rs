//! Relayed events between nodes: a channel per room, over connections that nothing else waits for.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use rtm_domain::PresenceService;
use rtm_domain::error::StoreError;
use rtm_domain::ids::{ConnId, RoomId, UserId};
use rtm_domain::ports::Observer;
use rtm_redis::{ChannelSink, Channels, ConnectError, Keys, Redis};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::outbox::Outbox;
use super::tell;

const CHANNEL: &str = "relay-channel";

/// Events on their way to Redis at once.
const SENDING_MAX: usize = 64;

/// To the other nodes.
pub struct RelayWires {
    channels: Channels,
    outbox: Outbox,
    ears: Arc<Ears>,
}

/// An event as nodes send it to each other.
#[derive(Serialize, Deserialize)]
struct Letter<T, P> {
    /// The node that sent it, which has told its own members.
    node: u64,
    event: T,
    user: T,
    conn: T,
    payload: P,
}

impl RelayWires {
    /// Wires over a connected Redis.
    ///
    /// # Errors
    ///
    /// Redis cannot be reached.
    pub async fn open(redis: &Redis) -> Result<Arc<Self>, ConnectError> {
        let mut node = [0; 8];
        // Without it nodes could not tell their own events from others'.
        getrandom::fill(&mut node).expect("the operating system gives random bits");
        let ears = Arc::new(Ears {
            keys: redis.keys().clone(),
            node: u64::from_ne_bytes(node),
            presence: OnceLock::new(),
        });
        Ok(Arc::new(Self {
            channels: redis.channels(ears.clone()).await?,
            outbox: Outbox::default(),
            ears,
        }))
    }

    /// How many events were dropped as they came faster than they could be sent.
    pub fn dropped(&self) -> u64 {
        self.outbox.dropped()
    }

    /// Sends and hears from now on.
    pub(super) fn start(self: &Arc<Self>, presence: PresenceService, shutdown: &CancellationToken) {
        let _ = self.ears.presence.set(presence);
        let (wires, shutdown) = (self.clone(), shutdown.clone());
        tokio::spawn(async move {
            // In order, and what does not arrive is not sent again.
            let mut sending = FuturesOrdered::new();
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    letter = wires.outbox.next(), if sending.len() < SENDING_MAX => {
                        sending.push_back(wires.clone().publish(letter));
                    }
                    Some(()) = sending.next(), if !sending.is_empty() => {}
                }
            }
        });
    }

    async fn publish(self: Arc<Self>, (channel, letter): (String, Vec<u8>)) {
        let _ = self.channels.publish(&channel, letter.into()).await;
    }

    pub(super) fn send(
        &self,
        room: &RoomId,
        event: &str,
        payload: &RawValue,
        (user, conn): (&UserId, &ConnId),
    ) {
        let letter = Letter {
            node: self.ears.node,
            event,
            user: user.as_str(),
            conn: conn.as_str(),
            payload,
        };
        match serde_json::to_vec(&letter) {
            Ok(letter) => self.outbox.push((self.channel(room), letter)),
            Err(error) => tracing::error!(event, %error, "an event cannot be written as JSON"),
        }
    }

    fn channel(&self, room: &RoomId) -> String {
        self.ears.keys.of_room(CHANNEL, room)
    }
}

#[async_trait]
impl Observer for RelayWires {
    async fn open(&self, room: &RoomId) -> Result<(), StoreError> {
        self.channels.subscribe(self.channel(room)).await
    }

    fn close(&self, room: &RoomId) {
        self.channels.unsubscribe(self.channel(room));
    }
}

struct Ears {
    keys: Keys,
    node: u64,
    presence: OnceLock<PresenceService>,
}

impl ChannelSink for Ears {
    fn message(&self, channel: &str, payload: &[u8]) {
        let room = self.keys.room_of(CHANNEL, channel);
        let (Some(room), Some(presence)) = (room, self.presence.get()) else {
            return;
        };
        let room = RoomId::trusted(room);
        let letter: Letter<String, Box<RawValue>> = match serde_json::from_slice(payload) {
            Ok(letter) => letter,
            Err(error) => {
                tracing::error!(%room, %error, "a relayed event cannot be read");
                return;
            }
        };
        if letter.node != self.node {
            let (user, conn) = (UserId::trusted(letter.user), ConnId::trusted(letter.conn));
            let (event, payload) = (letter.event, &*letter.payload);
            tell(presence, &room, &event, payload, (&user, &conn), None);
        }
    }

    fn interrupted(&self) {
        tracing::debug!("relayed events of other nodes may have been lost");
    }
}
