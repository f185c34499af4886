//! The connections to Redis, configured explicitly: the client library's own defaults are to
//! never reconnect, to wait for ever, and to queue without limit.

use fred::clients::{Client, SubscriberClient};
use fred::error::Error;
use fred::prelude::*;
use fred::types::RespVersion;
use fred::types::config::{Config, ReconnectError, TcpConfig, UnresponsiveConfig};

use tokio::sync::watch;

use crate::error::ConnectError;
use crate::settings::RedisSettings;

/// Makes clients that all speak to the same Redis.
pub(crate) struct Clients {
    builder: Builder,
    /// Why one of them has ended for good.
    ended: watch::Sender<Option<String>>,
}

impl Clients {
    pub(crate) fn new(settings: &RedisSettings) -> Result<Self, ConnectError> {
        let url = |error: Error| ConnectError::Url(error.details().to_owned());
        let mut config = Config::from_url(&settings.url).map_err(url)?;
        // Messages and answers share a connection in version 3 only.
        config.version = RespVersion::RESP3;
        config.fail_fast = true;
        let mut builder = Builder::from_config(config);
        builder.with_performance_config(|performance| {
            performance.default_command_timeout = settings.command_timeout;
            performance.broadcast_channel_capacity = RedisSettings::MESSAGES_WAITING_MAX;
        });
        builder.with_connection_config(|connection| {
            connection.connection_timeout = RedisSettings::CONNECT_TIMEOUT;
            connection.internal_command_timeout = RedisSettings::CONNECT_TIMEOUT;
            // Never reached: once it is, the library miscounts, and holds commands back for ever.
            connection.max_command_buffer_len = 8 * RedisSettings::COMMANDS_WAITING_MAX;
            // A commit may be sent again; the one who sends it again is the seat that wrote it.
            connection.max_command_attempts = 1;
            // It learns from a redirection where the slot is by now, and that is all: how it
            // follows one to a slot that is just moving mixes up answers, and ends it for good.
            connection.max_redirections = 0;
            connection.unresponsive = UnresponsiveConfig {
                max_timeout: Some(RedisSettings::UNRESPONSIVE),
                interval: RedisSettings::UNRESPONSIVE_CHECK,
            };
            connection.reconnect_errors = vec![
                ReconnectError::ReadOnly,
                ReconnectError::MasterDown,
                ReconnectError::ClusterDown,
                ReconnectError::Loading,
            ];
            connection.tcp = tcp();
        });
        let (shortest, longest, jitter) = RedisSettings::RECONNECT_MS;
        let mut policy = ReconnectPolicy::new_exponential(0, shortest, longest, 2);
        policy.set_jitter(jitter);
        builder.set_policy(policy);
        Ok(Self {
            builder,
            ended: watch::Sender::new(None),
        })
    }

    pub(crate) fn commands(&self) -> Result<Client, ConnectError> {
        self.builder.build().map_err(refused)
    }

    pub(crate) fn subscriber(&self) -> Result<SubscriberClient, ConnectError> {
        self.builder.build_subscriber_client().map_err(refused)
    }

    /// Connects a client.
    pub(crate) async fn start(&self, client: &impl ClientLike) -> Result<(), Error> {
        let running = client.init().await?;
        let ended = self.ended.clone();
        tokio::spawn(async move {
            // The library connects again for ever, but some errors end it without a word, and it
            // cannot be started a second time: it then holds commands back.
            let why = match running.await {
                Ok(Err(error)) => error.to_string(),
                Err(panic) if panic.is_panic() => "a panic".into(),
                // It was told to quit, or the process ends.
                Ok(Ok(())) | Err(_) => return,
            };
            tracing::error!(why, "the client of Redis has ended for good");
            ended.send_replace(Some(why));
        });
        Ok(())
    }

    /// Returns when one of the clients has ended for good, and why.
    pub(crate) async fn ended(&self) -> String {
        let mut ended = self.ended.subscribe();
        let why = ended.wait_for(Option::is_some).await;
        why.ok().and_then(|why| why.clone()).unwrap_or_default()
    }
}

fn tcp() -> TcpConfig {
    let mut tcp = TcpConfig {
        nodelay: Some(true),
        ..TcpConfig::default()
    };
    // Without it a connection whose other end has vanished lasts for a quarter of an hour.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    {
        tcp.user_timeout = Some(RedisSettings::UNRESPONSIVE);
    }
    tcp
}

fn refused(error: Error) -> ConnectError {
    ConnectError::Url(error.details().to_owned())
}
