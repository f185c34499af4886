//! One node's Redis: connects, checks, and hands out the store, the feed and the channels.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use rtm_domain::ports::FeedSink;

use crate::channels::{ChannelSink, Channels};
use crate::checks;
use crate::clients::Clients;
use crate::error::ConnectError;
use crate::feed::{FeedEars, RedisFeed};
use crate::gate::{Health, is_absence};
use crate::keys::Keys;
use crate::lifeline;
use crate::settings::RedisSettings;
use crate::store::RedisStore;

/// A node's connections to Redis. Separate ones for the store, for the feed and for modules, so
/// that none waits for another.
pub struct Redis {
    clients: Clients,
    keys: Arc<Keys>,
    publish: &'static str,
    store: Arc<RedisStore>,
    feed: Arc<RedisFeed>,
    ears: Arc<FeedEars>,
    open: Client,
    commands: Client,
    command_timeout: Duration,
}

impl Redis {
    /// Connects and checks. A server that cannot be reached is tried for a few seconds.
    ///
    /// # Errors
    ///
    /// What is wrong, and what to do about it.
    pub async fn connect(settings: &RedisSettings) -> Result<Self, ConnectError> {
        Self::connect_with(settings, Keys::new(&settings.prefix)?).await
    }

    /// The same with other keys, for tests.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_with(settings: &RedisSettings, keys: Keys) -> Result<Self, ConnectError> {
        let clients = Clients::new(settings)?;
        let keys = Arc::new(keys);
        let commands = connected(&clients, Clients::commands).await?;
        let publish = checks::check(&commands, &keys, settings.publishing).await?;
        let open = connected(&clients, Clients::commands).await?;
        let alone = !commands.is_clustered();
        let store = RedisStore::new(commands.clone(), keys.clone(), publish, alone);
        let ears = Arc::new(FeedEars {
            keys: keys.clone(),
            sink: OnceLock::new(),
        });
        let subscriber = connected(&clients, Clients::subscriber).await?;
        let sharded = publish == "SPUBLISH";
        let channels = Channels::open(
            (commands.clone(), subscriber),
            keys.clone(),
            sharded,
            settings.command_timeout,
            ears.clone(),
        );
        let store = Arc::new(store);
        follow(&store, channels.clone());
        let of = Arc::downgrade(&store);
        let health = move || of.upgrade().map(|store| store.health());
        tokio::spawn(lifeline::watch(commands.clone(), health.clone()));
        // What modules ask over it, nobody else knows; a network that swallows does so for all.
        tokio::spawn(lifeline::watch(open.clone(), health));
        let feed = RedisFeed { channels };
        Ok(Self {
            clients,
            keys,
            publish,
            store,
            feed: Arc::new(feed),
            ears,
            open,
            commands,
            command_timeout: settings.command_timeout,
        })
    }

    /// Where presences are kept.
    pub fn store(&self) -> Arc<RedisStore> {
        self.store.clone()
    }

    /// What brings the events of rooms. They go to [`feed_into`](Self::feed_into).
    pub fn feed(&self) -> Arc<RedisFeed> {
        self.feed.clone()
    }

    /// Where events of subscribed rooms go. The first call counts.
    pub fn feed_into(&self, sink: Arc<dyn FeedSink>) {
        let _ = self.ears.sink.set(sink);
    }

    /// Opens channels of their own connection, for messages between nodes.
    ///
    /// # Errors
    ///
    /// Redis cannot be reached.
    pub async fn channels(&self, sink: Arc<dyn ChannelSink>) -> Result<Channels, ConnectError> {
        let subscriber = connected(&self.clients, Clients::subscriber).await?;
        let publisher = connected(&self.clients, Clients::commands).await?;
        let sharded = self.publish == "SPUBLISH";
        let channels = Channels::open(
            (publisher, subscriber),
            self.keys.clone(),
            sharded,
            self.command_timeout,
            sink,
        );
        follow(&self.store, channels.clone());
        Ok(channels)
    }

    /// A client for modules: whatever they do with it, presence does not wait.
    pub fn client(&self) -> &Client {
        &self.open
    }

    /// Names keys and channels.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Whether events and messages stay on the servers of one slot.
    pub fn is_sharded(&self) -> bool {
        self.publish == "SPUBLISH"
    }

    /// Whether Redis answers.
    pub fn health(&self) -> Health {
        match self.store.health() {
            Health::Answers => self.feed.channels.health(),
            away => away,
        }
    }

    /// Returns when it can never be reached again from this process, and why.
    pub async fn ended(&self) -> String {
        self.clients.ended().await
    }

    /// Ends the connections.
    pub async fn close(&self) {
        for client in [&self.commands, &self.open] {
            // It may be away, and the process ends anyway.
            let _ = client.quit().await;
        }
    }
}

/// Has channels follow the store to another server.
fn follow(store: &RedisStore, channels: Channels) {
    let mut moved = store.moved.subscribe();
    tokio::spawn(async move {
        while moved.changed().await.is_ok() {
            tracing::info!("the store is another server than before; subscribing there");
            channels.reattach().await;
        }
    });
}

/// Connects a client, for as long as patience lasts if nobody answers.
async fn connected<C: ClientLike>(
    clients: &Clients,
    make: impl Fn(&Clients) -> Result<C, ConnectError>,
) -> Result<C, ConnectError> {
    let start = Instant::now();
    loop {
        let client = make(clients)?;
        match clients.start(&client).await {
            Ok(()) => return Ok(client),
            Err(error) => {
                let left = RedisSettings::START_PATIENCE.saturating_sub(start.elapsed());
                if !may_pass(&error) || left.is_zero() {
                    return Err(ConnectError::Unreachable(error.details().to_owned()));
                }
                tracing::warn!(%error, "Redis cannot be reached; trying again");
                tokio::time::sleep(left.min(Duration::from_millis(500))).await;
            }
        }
    }
}

fn may_pass(error: &Error) -> bool {
    // A cluster that is just being made says that it is not one yet.
    is_absence(error) || *error.kind() == ErrorKind::Protocol
}
