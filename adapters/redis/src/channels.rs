//! Channels between nodes: subscriptions that come back after a lost connection.
//!
//! One connection serves them. A single task makes and ends the subscriptions, in the order in
//! which that was asked, many with one command; another takes in what arrives.

mod ears;
mod pulse;
mod subscriptions;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fred::clients::{Client, SubscriberClient};
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::Value;
use rtm_domain::error::StoreError;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot};

use crate::gate::{Gate, Health, Purpose};
use crate::keys::Keys;
use crate::lifeline;
use crate::scripts::Script;
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
    waiting: Semaphore,
    publishing: Gate,
    subscribing: Gate,
    command_timeout: Duration,
    sharded: bool,
    keys: Arc<Keys>,
}

impl Channels {
    /// Channels over connected clients: a publisher, and a subscriber.
    pub(crate) fn open(
        (publisher, subscriber): (Client, SubscriberClient),
        keys: Arc<Keys>,
        sharded: bool,
        command_timeout: Duration,
        sink: Arc<dyn ChannelSink>,
    ) -> Self {
        let (requests, asked) = mpsc::channel(RedisSettings::SUBSCRIPTIONS_WAITING_MAX);
        ears::listen(&subscriber, sink.clone());
        let reconnected = subscriber.reconnect_rx();
        let subscriptions = Subscriptions::new(subscriber.clone(), sharded);
        tokio::spawn(subscriptions.run(asked, reconnected, sink));
        let inner = Arc::new(Inner {
            publisher,
            subscriber,
            requests,
            waiting: Semaphore::new(RedisSettings::COMMANDS_WAITING_MAX),
            publishing: Gate::new("publisher"),
            subscribing: Gate::new("subscriber"),
            command_timeout,
            sharded,
            keys,
        });
        tokio::spawn(pulse::beat(Arc::downgrade(&inner)));
        let of = Arc::downgrade(&inner);
        let health = move || of.upgrade().map(|inner| inner.subscribing.health());
        tokio::spawn(lifeline::watch(inner.subscriber.clone(), health));
        let of = Arc::downgrade(&inner);
        let health = move || of.upgrade().map(|inner| inner.publishing.health());
        tokio::spawn(lifeline::watch(inner.publisher.clone(), health));
        Self { inner }
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
        let answer = async {
            let (done, confirmed) = oneshot::channel();
            let full = |_| Error::new(ErrorKind::Backpressure, "too many subscriptions wait");
            let request = Request::Subscribe(channel, done);
            self.inner.requests.try_send(request).map_err(full)?;
            // Others may stand before it, so the time it takes is counted from here.
            let late = |_| Error::new(ErrorKind::Timeout, "no subscription in time");
            let gone = |_| Error::new(ErrorKind::Canceled, "stopped");
            let confirmed = tokio::time::timeout(self.inner.command_timeout, confirmed);
            confirmed.await.map_err(late)?.map_err(gone)?
        };
        self.inner.subscribing.pass(Purpose::Command, answer).await
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
        self.publish_for(Purpose::Upkeep, channel, payload).await
    }

    /// The same for somebody who waits for it: refused at once while Redis is known to be away.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish).
    pub async fn tell(&self, channel: &str, payload: Bytes) -> Result<u64, StoreError> {
        self.publish_for(Purpose::Command, channel, payload).await
    }

    /// Runs a script for somebody who waits for it, over the connection that publishes: what it
    /// publishes is in order with what else is. Refused at once while Redis is known to be away.
    ///
    /// # Errors
    ///
    /// Redis does not answer in time. Then it may or may not be done.
    pub async fn run(
        &self,
        script: &Script,
        keys: Vec<String>,
        args: Vec<Value>,
    ) -> Result<Value, StoreError> {
        let _place = self.inner.place()?;
        let call = script.run(&self.inner.publisher, keys, args);
        self.inner.publishing.pass(Purpose::Command, call).await
    }

    async fn publish_for(
        &self,
        purpose: Purpose,
        channel: &str,
        payload: Bytes,
    ) -> Result<u64, StoreError> {
        let _place = self.inner.place()?;
        let publisher = &self.inner.publisher;
        let call = async {
            match self.inner.sharded {
                true => publisher.spublish(channel, payload).await,
                false => publisher.publish(channel, payload).await,
            }
        };
        self.inner.publishing.pass(purpose, call).await
    }

    /// Whether Redis answers, to both connections.
    pub fn health(&self) -> Health {
        self.inner.health()
    }

    /// Subscribes anew at whichever server is the right one by now.
    pub(crate) async fn reattach(&self) {
        let Inner { subscriber, .. } = &*self.inner;
        if let Err(error) = subscriber.force_reconnection().await {
            tracing::debug!(%error, "channels do not reconnect yet");
        }
        if subscriber.is_clustered() {
            // Between servers that it was connected to before, nothing is connected anew.
            let _ = self.inner.requests.try_send(Request::Again);
        }
    }
}

impl Inner {
    fn health(&self) -> Health {
        match self.publishing.health() {
            Health::Answers => self.subscribing.health(),
            away => away,
        }
    }

    /// A place among those who wait for an answer.
    fn place(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        let full = |_| StoreError::Unreachable("too many messages wait for Redis".into());
        self.waiting.try_acquire().map_err(full)
    }
}
