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
        let mut groups: BTreeMap<u16, Vec<Waiting>> = BTreeMap::new();
        // Whoever asked and gave up is not served: there may be many by now.
        for one in waiting.into_iter().filter(|(_, done)| !done.is_closed()) {
            groups.entry(self.group(&one.0)).or_default().push(one);
        }
        for group in groups.into_values() {
            let channels: Vec<String> = group.iter().map(|(channel, _)| channel.clone()).collect();
            let made = self.command(channels.clone()).await;
            for (channel, done) in group {
                if done.send(made.clone()).is_ok() && made.is_ok() {
                    self.wanted.insert(channel);
                }
            }
            // Nobody will end those that nobody waited for, or that are made after all.
            let unwanted = |channel: &String| !self.wanted.contains(channel);
            let unwanted: Vec<String> = channels.into_iter().filter(unwanted).collect();
            self.unsubscribe(unwanted).await;
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
        let mut groups: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for channel in &self.wanted {
            groups
                .entry(self.group(channel))
                .or_default()
                .push(channel.clone());
        }
        for group in groups.into_values() {
            for some in group.chunks(RedisSettings::SUBSCRIBE_BATCH_MAX) {
                self.command(some.to_vec()).await?;
            }
        }
        Ok(())
    }

    async fn command(&self, channels: Vec<String>) -> Result<(), Error> {
        if self.sharded {
            return self.subscriber.ssubscribe(channels).await;
        }
        self.subscriber.subscribe(channels).await?;
        // The library takes a plain subscription for made once it is sent. What comes after it
        // at the same server is answered when it really is.
        let options = Options {
            cluster_hash: Some(ClusterHash::Custom(redis_keyslot(
                self.subscriber.id().as_bytes(),
            ))),
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
