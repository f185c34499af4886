//! Makes and ends subscriptions, in order, many with one command.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fred::clients::SubscriberClient;
use fred::error::Error;
use fred::interfaces::PubsubInterface;
use fred::types::config::Server;
use fred::util::redis_keyslot;
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
        let mut groups: BTreeMap<u16, Vec<Waiting>> = BTreeMap::new();
        for one in waiting {
            groups.entry(self.group(&one.0)).or_default().push(one);
        }
        for group in groups.into_values() {
            let channels: Vec<String> = group.iter().map(|(channel, _)| channel.clone()).collect();
            let made = self.command(channels.clone()).await;
            if made.is_ok() {
                self.wanted.extend(channels);
            }
            for (_, done) in group {
                // Whoever asked may have given up.
                let _ = done.send(made.clone());
            }
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
        match self.sharded {
            true => self.subscriber.ssubscribe(channels).await,
            false => self.subscriber.subscribe(channels).await,
        }
    }

    /// Channels that one command may name: those of one slot, if they are sharded.
    fn group(&self, channel: &str) -> u16 {
        match self.sharded {
            true => redis_keyslot(channel.as_bytes()),
            false => 0,
        }
    }
}
