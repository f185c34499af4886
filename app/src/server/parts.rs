//! Builds what a server consists of from its configuration, but for where it keeps things.

use std::sync::Arc;

use rtm_domain::ports::Clock;
use rtm_domain::presence::policy::{LeaseMode, Policy};
use rtm_socketio::{Cluster, Gateway, Limits};

use crate::auth::{KeyRing, TokenAuthenticator, TokenRules};
use crate::config::{self, Config};
use crate::modules::RelaySettings;
use crate::modules::chat::ChatSettings;
use crate::runtime::SystemClock;
use crate::server::ServerError;
use crate::server::bus::RedisBus;

/// What a server consists of before it starts, besides its modules.
pub(super) struct Parts {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) gateway: Arc<Gateway>,
    pub(super) cluster: Cluster,
    /// To the other nodes, if there may be any.
    pub(super) bus: Option<Arc<RedisBus>>,
}

impl Parts {
    pub(super) fn new(config: &Config) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let bus = config.redis.url.is_some();
        let bus = bus.then(|| Arc::new(RedisBus::default()));
        let cluster = match bus.clone() {
            Some(bus) => Cluster::over(bus),
            None => Cluster::alone(),
        };
        let gateway = Gateway::new(limits(config), clock.clone(), cluster.clone());
        Self {
            clock,
            gateway: Arc::new(gateway),
            cluster,
            bus,
        }
    }
}

pub(super) fn chat(config: &Config) -> ChatSettings {
    let (chat, limits) = (&config.chat, &config.limits);
    ChatSettings {
        history_max: chat.max_history,
        message_bytes_max: limits.chat_bytes,
        // An answer must find its place beside what else waits to be sent.
        page_bytes_max: limits.queue_bytes / 2,
        typing: chat.typing,
        retention: chat.retention,
        memory_bytes_max: chat.memory_bytes,
    }
}

pub(super) fn relay(config: &Config) -> RelaySettings {
    RelaySettings {
        events: config.relay.events.clone(),
        payload_bytes_max: config.limits.relay_bytes,
        events_per_second_max: config.relay.events_per_second,
    }
}

pub(super) fn policy(config: &Config) -> Policy {
    let (presence, limits) = (&config.presence, &config.limits);
    Policy {
        ttl: presence.ttl,
        sweep_interval: presence.reaper_interval,
        lookback: presence.lookback(),
        linger: presence.linger,
        lease: match presence.lease {
            config::LeaseMode::Heartbeat => LeaseMode::Heartbeat,
            config::LeaseMode::Transport => LeaseMode::Transport,
        },
        id_bytes_max: limits.id_bytes,
        state_bytes_max: limits.state_bytes,
        rooms_per_connection_max: limits.rooms_per_connection,
        connections_per_room_max: limits.connections_per_room,
    }
}

/// What checks tokens, with the keys that are set.
pub(crate) fn token_authenticator(config: &Config) -> Result<TokenAuthenticator, ServerError> {
    let auth = &config.auth;
    let mut keys = KeyRing::default();
    if let Some(secret) = &auth.jwt_secret {
        keys.add_secret(secret.expose())?;
    }
    if let Some(path) = &auth.jwt_public_key_file {
        keys.add_public_key_file(path)?;
    }
    if let Some(path) = &auth.jwt_jwks_file {
        keys.add_jwks_file(path)?;
    }
    if keys.is_empty() {
        return Err(ServerError::NoKey);
    }
    let rules = TokenRules {
        audience: auth.jwt_audience.clone(),
        issuer: auth.jwt_issuer.clone(),
        leeway_secs: auth.jwt_leeway.as_secs(),
        id_bytes_max: config.limits.id_bytes,
    };
    Ok(TokenAuthenticator::new(keys, rules))
}

pub(super) fn limits(config: &Config) -> Limits {
    let (http, limits) = (&config.http, &config.limits);
    Limits {
        message_bytes_max: limits.message_bytes,
        attachments_max: limits.attachments,
        nesting_max: limits.nesting,
        events_per_second_max: limits.events_per_second,
        events_burst_max: limits.events_burst,
        inbox_bytes_max: limits.inbox_bytes,
        connections_max: limits.connections,
        connections_per_address_max: limits.connections_per_address,
        queue_bytes_max: limits.queue_bytes,
        queue_packets_max: limits.queue_packets,
        write_stall_max: http.write_stall,
        ping_interval: config.ping_interval(),
        ping_timeout: config.ping_timeout(),
        connect_timeout: http.connect_timeout,
        upgrade_timeout: http.upgrade_timeout,
    }
}
