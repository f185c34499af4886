//! Makes and ends subscriptions, in order, many with one command.

use std::collections::{BTreeMap, BTreeSet};
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

use super::ChannelSink;
use crate::settings::RedisSettings;

/// The pause before subscriptions that could not be made again are tried again.
const RETRY: Duration = Duration::from_millis(200);

/// What is asked for.
pub(super) enum Request {
    Subscribe(String, oneshot::Sender<Result<(), Error>>),
    Unsubscribe(String),
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
        let mut lost = false;
        loop {
            tokio::select! {
                biased;
                again = reconnected.recv() => match again {
                    Ok(_) | Err(RecvError::Lagged(_)) => lost = true,
                    Err(RecvError::Closed) => return,
                },
                () = tokio::time::sleep(RETRY), if lost => {}
                taken = requests.recv_many(&mut batch, RedisSettings::SUBSCRIBE_BATCH_MAX) => {
                    if taken == 0 {
                        return;
                    }
                    self.serve(&mut batch).await;
                    continue;
                }
            }
            if lost && self.subscribe_all().await.is_ok() {
                lost = false;
                sink.interrupted();
            }
        }
    }

    /// In order: what follows an unsubscription waits until that is done.
    async fn serve(&mut self, batch: &mut Vec<Request>) {
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
            }
        }
        self.subscribe(joining).await;
        self.unsubscribe(leaving).await;
    }

    async fn subscribe(&mut self, waiting: Vec<Waiting>) {
        let channels: Vec<String> = waiting.iter().map(|(name, _)| name.clone()).collect();
        let made = self.confirmed(&channels).await;
        for ((channel, done), made) in waiting.into_iter().zip(made) {
            if made.is_ok() {
                self.wanted.insert(channel);
            }
            // Whoever asked may have given up.
            let _ = done.send(made);
        }
    }

    async fn unsubscribe(&mut self, channels: Vec<String>) {
        let mut groups: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for channel in channels {
            self.wanted.remove(&channel);
            groups
                .entry(self.group(&channel))
                .or_default()
                .push(channel);
        }
        for group in groups.into_values() {
            let ended = match self.sharded {
                true => self.subscriber.sunsubscribe(group).await,
                false => self.subscriber.unsubscribe(group).await,
            };
            if let Err(error) = ended {
                // It ends with the connection; until then its messages are for nobody.
                tracing::debug!(%error, "cannot unsubscribe");
            }
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

    /// Channels that one command may name: those of one slot, if they are sharded.
    fn group(&self, channel: &str) -> u16 {
        match self.sharded {
            true => redis_keyslot(channel.as_bytes()),
            false => 0,
        }
    }
}
