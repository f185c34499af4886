//! Channels between nodes: subscriptions that come back after a lost connection.
//!
//! One connection serves them. A single task makes and ends the subscriptions, in the order in
//! which that was asked, many with one command; another takes in what arrives.

mod ears;
mod subscriptions;

use std::sync::Arc;

use bytes::Bytes;
use fred::clients::{Client, SubscriberClient};
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use rtm_domain::error::StoreError;
use tokio::sync::{mpsc, oneshot};

use crate::gate::{Gate, Health, Purpose};
use crate::keys::Keys;
use crate::settings::RedisSettings;
use subscriptions::{Request, Subscriptions};

/// Takes what arrives. Never blocks.
pub trait ChannelSink: Send + Sync {
    /// A message of a channel, by the channel's full name.
    fn message(&self, channel: &str, payload: &[u8]);

    /// Messages of any channel may have been lost. All subscriptions are made again by now.
    fn interrupted(&self);
}

/// Subscriptions over one connection, and publishing over another.
#[derive(Clone)]
pub struct Channels {
    inner: Arc<Inner>,
}

struct Inner {
    publisher: Client,
    subscriber: SubscriberClient,
    requests: mpsc::Sender<Request>,
    gate: Gate,
    sharded: bool,
    keys: Arc<Keys>,
}

impl Channels {
    /// Channels over connected clients.
    pub(crate) fn open(
        publisher: Client,
        subscriber: SubscriberClient,
        keys: Arc<Keys>,
        sharded: bool,
        sink: Arc<dyn ChannelSink>,
    ) -> Self {
        let (requests, asked) = mpsc::channel(RedisSettings::SUBSCRIPTIONS_WAITING_MAX);
        ears::listen(&subscriber, sink.clone());
        let reconnected = subscriber.reconnect_rx();
        tokio::spawn(Subscriptions::new(subscriber.clone(), sharded).run(asked, reconnected, sink));
        Self {
            inner: Arc::new(Inner {
                publisher,
                subscriber,
                requests,
                gate: Gate::new("channels"),
                sharded,
                keys,
            }),
        }
    }

    /// Names keys and channels.
    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    /// Returns when the subscription is confirmed: what is published from then on arrives, or is
    /// followed by [`ChannelSink::interrupted`].
    ///
    /// # Errors
    ///
    /// Redis does not answer in time. Then it is not subscribed to.
    pub async fn subscribe(&self, channel: String) -> Result<(), StoreError> {
        let gate = &self.inner.gate;
        let (done, confirmed) = oneshot::channel();
        let asked = self
            .inner
            .requests
            .try_send(Request::Subscribe(channel, done));
        if asked.is_err() {
            return Err(StoreError::Unreachable(
                "too many subscriptions wait".into(),
            ));
        }
        let answer = async {
            let gone = |_| fred::error::Error::new(fred::error::ErrorKind::Canceled, "stopped");
            confirmed.await.map_err(gone)?
        };
        // A subscription that is asked for may find out that Redis is back.
        gate.pass(Purpose::Upkeep, answer).await
    }

    /// Ends a subscription. Late messages may still arrive.
    pub fn unsubscribe(&self, channel: String) {
        // With so many waiting, one subscription too many is the lesser harm: it ends with the
        // connection.
        let _ = self.inner.requests.try_send(Request::Unsubscribe(channel));
    }

    /// Publishes to a channel, and returns to how many subscriptions.
    ///
    /// # Errors
    ///
    /// Redis does not answer in time. Then it may or may not be published.
    pub async fn publish(&self, channel: &str, payload: Bytes) -> Result<u64, StoreError> {
        let publisher = &self.inner.publisher;
        let call = async {
            match self.inner.sharded {
                true => publisher.spublish(channel, payload).await,
                false => publisher.publish(channel, payload).await,
            }
        };
        self.inner.gate.pass(Purpose::Upkeep, call).await
    }

    /// Whether Redis answers.
    pub fn health(&self) -> Health {
        self.inner.gate.health()
    }

    /// Connects anew, to whichever server is the right one by now.
    pub(crate) async fn reattach(&self) {
        if let Err(error) = self.inner.subscriber.force_reconnection().await {
            tracing::debug!(%error, "channels do not reconnect yet");
        }
    }
}
