//! Makes and ends subscriptions, in order, many with one command.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fred::clients::SubscriberClient;
use fred::error::Error;
use fred::interfaces::{ClientLike, PubsubInterface};
use fred::prelude::Options;
use fred::types::ClusterHash;
use fred::types::config::Server;
use fred::util::redis_keyslot;
use futures_util::future::join_all;
use tokio::sync::broadcast::Receiver as Reconnections;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::ChannelSink;
use crate::settings::RedisSettings;

/// The pause before subscriptions that could not be made again are tried again.
const RETRY: Duration = Duration::from_millis(200);

/// What is asked for.
pub(super) enum Request {
    Subscribe(String, oneshot::Sender<Result<(), Error>>),
    Unsubscribe(String),
    /// All subscriptions shall be made again, and the sink told so.
    Again,
}

/// All subscriptions of one connection.
pub(super) struct Subscriptions {
    subscriber: SubscriberClient,
    sharded: bool,
    wanted: BTreeSet<String>,
}

type Waiting = (String, oneshot::Sender<Result<(), Error>>);

impl Subscriptions {
    pub(super) fn new(subscriber: SubscriberClient, sharded: bool) -> Self {
        Self {
            subscriber,
            sharded,
            wanted: BTreeSet::new(),
        }
    }

    /// Does what is asked until nobody can ask any more.
    pub(super) async fn run(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        mut reconnected: Reconnections<Server>,
        sink: Arc<dyn ChannelSink>,
    ) {
        let mut batch = Vec::new();
        // Since when subscriptions are lost, or when they could last not be made again.
        let mut lost: Option<Instant> = None;
        loop {
            let retry = lost.map_or_else(Instant::now, |lost| lost + RETRY);
            tokio::select! {
                biased;
                again = reconnected.recv() => match again {
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                // Whatever else is asked for: it must not keep them from being made again.
                () = tokio::time::sleep_until(retry), if lost.is_some() => {}
                taken = requests.recv_many(&mut batch, RedisSettings::SUBSCRIBE_BATCH_MAX) => {
                    if taken == 0 {
                        return;
                    }
                    if !self.serve(&mut batch).await {
                        continue;
                    }
                }
            }
            lost = match self.subscribe_all().await {
                Ok(()) => None,
                Err(error) => {
                    tracing::debug!(%error, "cannot subscribe again yet");
                    Some(Instant::now())
                }
            };
            if lost.is_none() {
                sink.interrupted();
            }
        }
    }

    /// In order: what follows an unsubscription waits until that is done. True if all
    /// subscriptions shall be made again.
    async fn serve(&mut self, batch: &mut Vec<Request>) -> bool {
        let mut again = false;
        let mut joining: Vec<Waiting> = Vec::new();
        let mut leaving: Vec<String> = Vec::new();
        for request in batch.drain(..) {
            match request {
                Request::Subscribe(channel, done) => {
                    if leaving.contains(&channel) {
                        self.unsubscribe(std::mem::take(&mut leaving)).await;
                    }
                    joining.push((channel, done));
                }
                Request::Unsubscribe(channel) => {
                    if joining.iter().any(|(joined, _)| *joined == channel) {
                        self.subscribe(std::mem::take(&mut joining)).await;
                    }
                    leaving.push(channel);
                }
                Request::Again => again = true,
            }
        }
        self.subscribe(joining).await;
        self.unsubscribe(leaving).await;
        again
    }

    async fn subscribe(&mut self, waiting: Vec<Waiting>) {
        // Whoever asked and gave up is not served: there may be many by now.
        let served = waiting.into_iter().filter(|(_, done)| !done.is_closed());
        let (channels, dones): (Vec<String>, Vec<_>) = served.unzip();
        let made = self.confirmed(&channels).await;
        for ((channel, done), made) in channels.iter().zip(dones).zip(made) {
            if done.send(made.clone()).is_ok() && made.is_ok() {
                self.wanted.insert(channel.clone());
            }
        }
        // Nobody will end those that nobody waited for, or that are made after all.
        let unwanted = |channel: &String| !self.wanted.contains(channel);
        let unwanted: Vec<String> = channels.into_iter().filter(unwanted).collect();
        self.unsubscribe(unwanted).await;
    }

    async fn unsubscribe(&mut self, channels: Vec<String>) {
        if channels.is_empty() {
            // To the server, none would mean all.
            return;
        }
        for channel in &channels {
            self.wanted.remove(channel);
        }
        let ended = if self.sharded {
            // One each, as in `confirmed`.
            let one = |channel: String| self.subscriber.sunsubscribe(channel);
            let ended = join_all(channels.into_iter().map(one)).await;
            ended.into_iter().collect()
        } else {
            self.subscriber.unsubscribe(channels).await
        };
        if let Err(error) = ended {
            // It ends with the connection; until then its messages are for nobody.
            tracing::debug!(%error, "cannot unsubscribe");
        }
    }

    async fn subscribe_all(&self) -> Result<(), Error> {
        let channels: Vec<String> = self.wanted.iter().cloned().collect();
        for some in channels.chunks(RedisSettings::SUBSCRIBE_BATCH_MAX) {
            for made in self.confirmed(some).await {
                made?;
            }
        }
        Ok(())
    }

    /// Subscribes, and says of each channel whether the server has confirmed that.
    async fn confirmed(&self, channels: &[String]) -> Vec<Result<(), Error>> {
        if self.sharded {
            // The client library takes one confirmation for the answer to a command. Those of
            // further channels would count as answers to the next commands, so it is one each.
            let one = |channel: &String| self.subscriber.ssubscribe(channel.clone());
            return join_all(channels.iter().map(one)).await;
        }
        if channels.is_empty() {
            return Vec::new();
        }
        vec![self.confirmed_plain(channels.to_vec()).await; channels.len()]
    }

    /// Of plain channels the client library awaits no confirmation at all. A server answers in
    /// order: what comes after the subscription is answered when that is made.
    async fn confirmed_plain(&self, channels: Vec<String>) -> Result<(), Error> {
        self.subscriber.subscribe(channels).await?;
        // In a cluster, to the server to which the library sends all its plain subscriptions.
        let slot = redis_keyslot(self.subscriber.id().as_bytes());
        let options = Options {
            cluster_hash: Some(ClusterHash::Custom(slot)),
            ..Options::default()
        };
        self.subscriber.with_options(&options).ping(None).await
    }
}
