//! To the other nodes, over one channel that all of them hear.

use std::sync::{Arc, OnceLock, Weak};

use rtm_domain::error::StoreError;
use rtm_domain::ids::UserId;
use rtm_domain::time::Timestamp;
use rtm_redis::{ChannelSink, Channels, ConnectError, Redis};
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::Nodes;
use super::ledger::Ledger;
use super::letter::Letter;

pub(super) struct Wires {
    node: u64,
    channels: Channels,
    ledger: Ledger,
    ears: Arc<Ears>,
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
            channels: redis.channels(ears.clone()).await?,
            ledger: Ledger::of(redis),
            ears,
        })
    }

    /// Hears from now on.
    pub(super) async fn hear(&self, nodes: Weak<Nodes>) -> Result<(), ConnectError> {
        let _ = self.ears.nodes.set(nodes);
        let channel = self.ledger.channel().to_owned();
        let subscribed = self.channels.subscribe(channel).await;
        subscribed.map_err(|error| ConnectError::Unreachable(error.to_string()))
    }

    /// Notified when messages may have been lost, or another node says that there is more to read
    /// than messages tell.
    pub(super) fn interrupted(&self) -> Arc<Notify> {
        self.ears.interrupted.clone()
    }

    /// Who is shut out, as Redis keeps it.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) async fn send_emit(
        &self,
        user: &UserId,
        event: &str,
        payload: &RawValue,
    ) -> Result<(), StoreError> {
        let letter = serde_json::to_vec(&Letter::emit(self.node, user, event, payload));
        let letter = letter.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let published = self.channels.tell(self.ledger.channel(), letter.into());
        published.await.map(|_| ())
    }

    pub(super) async fn revoke(&self, user: &UserId, now: Timestamp) -> Result<(), StoreError> {
        let letter = Letter::revoke(self.node, user, now);
        let (keys, args) = self.ledger.entry(&[(user.clone(), now)], &letter, now);
        let asked = self.channels.run(self.ledger.script(), keys, args);
        asked.await.map(|_| ())
    }

    pub(super) async fn write_back(
        &self,
        users: &[(UserId, Timestamp)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.ledger.write_back(users, (self.node, now)).await
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
        if let Some(heard) = letter.read() {
            nodes.hear(heard);
        }
    }

    fn interrupted(&self) {
        self.interrupted.notify_one();
    }
}
