//! Where presences are kept: in this process, or in the Redis that nodes share.

use std::sync::Arc;

use rtm_domain::PresenceService;
use rtm_domain::ports::{Clock, Feed, PresenceStore};
use rtm_domain::presence::policy::Policy;
use rtm_domain::service::Ports;
use rtm_memory::{MemoryLimits, MemoryStore};
use rtm_redis::{ConnectError, Health, Redis, RedisSettings};
use rtm_socketio::presence::EventEncoder;

use crate::config::{Publishing, RedisConfig};
use crate::metrics::{Counts, MeteredStore};
use crate::modules::chat::{ChatSettings, ChatStore, MemoryChat, RedisChat};
use crate::modules::relay::RelayWires;
use crate::runtime::{SystemEntropy, TokioTasks};

/// Where presences are kept.
pub(super) enum Storage {
    Memory,
    Redis(Arc<Redis>),
}

impl Storage {
    /// Connects to Redis, if there shall be one.
    pub(super) async fn open(config: &RedisConfig) -> Result<Self, ConnectError> {
        let (Some(url), Some(settings)) = (&config.url, redis_settings(config)) else {
            return Ok(Self::Memory);
        };
        tracing::info!(redis = %url, "connecting");
        let redis = Redis::connect(&settings).await?;
        Ok(Self::Redis(Arc::new(redis)))
    }

    /// The presence service over it.
    pub(super) fn presence(
        &self,
        policy: Policy,
        clock: &Arc<dyn Clock>,
        counts: &Counts,
    ) -> PresenceService {
        match self {
            Self::Memory => {
                let store = MemoryStore::new(clock.clone(), MemoryLimits::default());
                let store = Arc::new(store);
                let service = service(policy, clock, counts, store.clone(), store.clone());
                store.feed_into(service.sink());
                service
            }
            Self::Redis(redis) => {
                let service = service(policy, clock, counts, redis.store(), redis.feed());
                redis.feed_into(service.sink());
                service
            }
        }
    }

    /// Where chat keeps its messages.
    pub(super) async fn chat(
        &self,
        settings: ChatSettings,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn ChatStore>, ConnectError> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryChat::new(clock.clone(), settings)),
            Self::Redis(redis) => Arc::new(RedisChat::open(redis, settings).await?),
        })
    }

    /// What carries relayed events to other nodes, if there may be any.
    pub(super) async fn relay_wires(&self) -> Result<Option<Arc<RelayWires>>, ConnectError> {
        Ok(match self {
            Self::Memory => None,
            Self::Redis(redis) => Some(RelayWires::open(redis).await?),
        })
    }

    /// The Redis itself, if there is one.
    pub(super) fn redis(&self) -> Option<&Arc<Redis>> {
        match self {
            Self::Memory => None,
            Self::Redis(redis) => Some(redis),
        }
    }

    /// Why it is of no use at the moment, if it is not.
    pub(super) fn trouble(&self) -> Option<String> {
        match self {
            Self::Memory => None,
            Self::Redis(redis) => match redis.health() {
                Health::Answers => None,
                Health::Away { for_, why } => Some(format!(
                    "Redis has not answered for {} s: {why}",
                    for_.as_secs()
                )),
            },
        }
    }

    /// Returns when it can never be used again, and why.
    pub(super) async fn ended(&self) -> String {
        match self {
            Self::Memory => std::future::pending().await,
            Self::Redis(redis) => redis.ended().await,
        }
    }

    /// Ends its connections.
    pub(super) async fn close(&self) {
        if let Self::Redis(redis) = self {
            redis.close().await;
        }
    }
}

/// How to reach the Redis that is set, if one is.
pub(crate) fn redis_settings(config: &RedisConfig) -> Option<RedisSettings> {
    let url = config.url.as_ref()?;
    Some(RedisSettings {
        prefix: config.prefix.clone(),
        publishing: match config.publishing {
            Publishing::Auto => rtm_redis::Publishing::Auto,
            Publishing::Plain => rtm_redis::Publishing::Plain,
            Publishing::Sharded => rtm_redis::Publishing::Sharded,
        },
        command_timeout: config.command_timeout,
        ..RedisSettings::new(url.expose())
    })
}

fn service(
    policy: Policy,
    clock: &Arc<dyn Clock>,
    counts: &Counts,
    store: Arc<dyn PresenceStore>,
    feed: Arc<dyn Feed>,
) -> PresenceService {
    let metrics = counts.store.clone();
    let ports = Ports {
        store: Arc::new(MeteredStore { store, metrics }),
        feed,
        clock: clock.clone(),
        tasks: Arc::new(TokioTasks),
        entropy: Arc::new(SystemEntropy),
        encoder: Arc::new(EventEncoder),
        meter: counts.service.clone(),
    };
    PresenceService::new(policy, ports)
}
