//! To the other nodes, over one channel that all of them hear.

use std::sync::{Arc, OnceLock, Weak};

use rtm_domain::error::StoreError;
use rtm_domain::ids::{RoomId, UserId};
use rtm_domain::time::{Timestamp, millis};
use rtm_redis::fred::clients::Client;
use rtm_redis::fred::error::Error;
use rtm_redis::fred::interfaces::SortedSetsInterface;
use rtm_redis::fred::types::Value;
use rtm_redis::{ChannelSink, Channels, ConnectError, Keys, Redis, Script};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::Nodes;
use crate::auth::Revocations;

/// Revocations that are read at a time.
const READ_BATCH: i64 = 1_000;

/// What another node says.
pub(super) enum Heard {
    Revoke {
        user: UserId,
        until: Timestamp,
    },
    Emit {
        user: UserId,
        event: String,
        payload: Box<RawValue>,
    },
}

#[derive(Serialize, Deserialize)]
struct Letter<T, P> {
    /// The node that says it, which has done it itself; 0: no node.
    node: u64,
    user: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_until: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<P>,
}

pub(super) struct Wires {
    node: u64,
    client: Client,
    channels: Channels,
    names: Names,
    ears: Arc<Ears>,
}

/// The keys, and the command that publishes.
struct Names {
    set: String,
    channel: String,
    publish: &'static str,
}

impl Wires {
    pub(super) async fn open(redis: &Redis) -> Result<Self, ConnectError> {
        let mut node = [0; 8];
        // Without it nodes could not tell their own messages from others'.
        getrandom::fill(&mut node).expect("the operating system gives random bits");
        let node = u64::from_ne_bytes(node).max(1);
        let ears = Arc::new(Ears {
            node,
            nodes: OnceLock::new(),
            interrupted: Arc::new(Notify::new()),
        });
        Ok(Self {
            node,
            client: redis.client().clone(),
            channels: redis.channels(ears.clone()).await?,
            names: Names::of(redis),
            ears,
        })
    }

    /// Hears from now on.
    pub(super) async fn hear(&self, nodes: Weak<Nodes>) -> Result<(), ConnectError> {
        let _ = self.ears.nodes.set(nodes);
        let subscribed = self.channels.subscribe(self.names.channel.clone()).await;
        subscribed.map_err(|error| ConnectError::Unreachable(error.to_string()))
    }

    /// Notified when messages may have been lost.
    pub(super) fn interrupted(&self) -> Arc<Notify> {
        self.ears.interrupted.clone()
    }

    pub(super) async fn send_emit(
        &self,
        user: &UserId,
        event: &str,
        payload: &RawValue,
    ) -> Result<(), StoreError> {
        let letter = Letter {
            node: self.node,
            user: user.as_str(),
            revoked_until: None,
            event: Some(event),
            payload: Some(payload),
        };
        let letter = serde_json::to_vec(&letter);
        let letter = letter.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let published = self.channels.tell(&self.names.channel, letter.into());
        published.await.map(|_| ())
    }

    pub(super) async fn revoke(&self, user: &UserId, until: Timestamp) -> Result<(), StoreError> {
        let (script, keys, args) = revocation(&self.names, (user, until), self.node);
        self.channels.run(&script, keys, args).await.map(|_| ())
    }

    /// Who is shut out, and until when what they have proven is void.
    pub(super) async fn revocations(
        &self,
        oldest: Timestamp,
    ) -> Result<Vec<(UserId, Timestamp)>, StoreError> {
        let mut all = Vec::new();
        loop {
            let page = Some((all.len() as i64, READ_BATCH));
            let (set, from) = (&self.names.set, oldest.0 as f64);
            let read = self
                .client
                .zrangebyscore(set, from, f64::INFINITY, true, page);
            let read: Vec<(String, f64)> = read.await.map_err(unreachable)?;
            let count = read.len() as i64;
            let read = read.into_iter();
            all.extend(read.map(|(user, until)| (UserId::trusted(user), Timestamp(until as u64))));
            if count < READ_BATCH || all.len() >= Revocations::USERS_MAX {
                return Ok(all);
            }
        }
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
    let names = Names::of(redis);
    let (script, keys, args) = revocation(&names, (user, until), 0);
    let asked = script.run(redis.client(), keys, args);
    asked.await.map(|_| ()).map_err(unreachable)
}

/// What shuts a user out: a script, its keys and arguments.
fn revocation(
    names: &Names,
    (user, until): (&UserId, Timestamp),
    node: u64,
) -> (Script, Vec<String>, Vec<Value>) {
    let letter: Letter<&str, ()> = Letter {
        node,
        user: user.as_str(),
        revoked_until: Some(until.0),
        event: None,
        payload: None,
    };
    let letter = serde_json::to_string(&letter).unwrap_or_default();
    let kept = Revocations::KEPT;
    let script = Script::new(include_str!("revoke.lua"));
    let args = vec![
        user.as_str().into(),
        until.0.to_string().into(),
        until.before(kept).0.to_string().into(),
        Revocations::USERS_MAX.to_string().into(),
        millis(kept).to_string().into(),
        names.publish.into(),
        letter.into(),
    ];
    let keys = vec![names.set.clone(), names.channel.clone()];
    (script, keys, args)
}

impl Names {
    fn of(redis: &Redis) -> Self {
        let keys: &Keys = redis.keys();
        // In one slot, as one script uses both.
        let all = RoomId::trusted("all");
        Self {
            set: keys.of_room("revoked", &all),
            channel: keys.of_room("nodes", &all),
            publish: if redis.is_sharded() {
                "SPUBLISH"
            } else {
                "PUBLISH"
            },
        }
    }
}

struct Ears {
    node: u64,
    nodes: OnceLock<Weak<Nodes>>,
    interrupted: Arc<Notify>,
}

impl ChannelSink for Ears {
    fn message(&self, _: &str, payload: &[u8]) {
        let Some(nodes) = self.nodes.get().and_then(Weak::upgrade) else {
            return;
        };
        let letter: Letter<String, Box<RawValue>> = match serde_json::from_slice(payload) {
            Ok(letter) => letter,
            Err(error) => {
                tracing::error!(%error, "what another node says cannot be read");
                return;
            }
        };
        if letter.node == self.node {
            return;
        }
        let user = UserId::trusted(letter.user);
        if let Some(until) = letter.revoked_until {
            let until = Timestamp(until);
            nodes.hear(Heard::Revoke { user, until });
        } else if let (Some(event), Some(payload)) = (letter.event, letter.payload) {
            nodes.hear(Heard::Emit {
                user,
                event,
                payload,
            });
        }
    }

    fn interrupted(&self) {
        self.interrupted.notify_one();
    }
}

fn unreachable(error: Error) -> StoreError {
    StoreError::Unreachable(error.to_string())
}
