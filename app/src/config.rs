//! Everything an operator can set, and where it came from. The table in `table.rs` drives the flags,
//! the variables, the file, the help and the documentation; nothing here uses a setting.

mod auth;
mod chat;
mod command;
mod dotenv;
mod error;
mod file;
mod flags;
mod http;
mod kind;
mod layer;
mod limits;
mod load;
mod log;
mod markdown;
mod metrics;
mod place;
mod presence;
mod redis;
mod relay;
mod secret;
mod setting;
mod suggest;
mod table;
mod value;
mod variables;

use std::time::Duration;

pub use auth::{AuthConfig, AuthMode};
pub use chat::ChatConfig;
pub use command::{NewToken, TokenCommand};
pub use error::{ConfigError, ConfigErrors, Fault};
pub use http::{CorsOrigins, HttpConfig};
pub use limits::Limits;
pub use load::{Invocation, Loaded, load};
pub use log::{LogConfig, LogFormat};
pub use markdown::markdown;
pub use metrics::MetricsConfig;
pub use place::{Given, Place};
pub use presence::{LeaseMode, PresenceConfig};
pub use redis::{Publishing, RedisConfig, RedisUrl};
pub use relay::RelayConfig;
pub use secret::Secret;
pub use setting::Setting;
pub use table::settings;
pub use variables::process_environment;

/// What the server is started with.
///
/// [`load`] fills it from flags, variables and files, and checks every range.
/// One built by hand is not checked:
///
/// ```
/// # use rtm::config::{Config, PresenceConfig};
/// # use std::time::Duration;
/// let config = Config {
///     presence: PresenceConfig { ttl: Duration::from_secs(6), ..PresenceConfig::default() },
///     ..Config::default()
/// };
/// assert_eq!(config.ping_interval(), Duration::from_secs(2));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// Where the server listens and how it treats a connection.
    pub http: HttpConfig,
    /// How much of anything one client, one room or the node may use.
    pub limits: Limits,
    /// How long a presence lives.
    pub presence: PresenceConfig,
    /// Whether members of a room can speak.
    pub chat: ChatConfig,
    /// Events of applications' own that members of a room send to each other.
    pub relay: RelayConfig,
    /// The Redis that several nodes share, if any.
    pub redis: RedisConfig,
    /// How clients prove who they are.
    pub auth: AuthConfig,
    /// What is shown at `/metrics`, and to whom.
    pub metrics: MetricsConfig,
    /// What is logged, and how.
    pub log: LogConfig,
}

impl Config {
    /// Time between two pings: as set, else the lower of 25 s and a third of the TTL.
    #[must_use]
    pub fn ping_interval(&self) -> Duration {
        let derived = Duration::from_secs(25).min(self.presence.ttl / 3);
        self.http.ping_interval.unwrap_or(derived)
    }

    /// Wait for an answer to a ping: as set, else the lower of 20 s and a third of the TTL.
    #[must_use]
    pub fn ping_timeout(&self) -> Duration {
        let derived = Duration::from_secs(20).min(self.presence.ttl / 3);
        self.http.ping_timeout.unwrap_or(derived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_follow_the_ttl_up_to_a_bound() {
        let with_ttl = |secs| Config {
            presence: PresenceConfig {
                ttl: Duration::from_secs(secs),
                ..PresenceConfig::default()
            },
            ..Config::default()
        };
        assert_eq!(with_ttl(30).ping_interval(), Duration::from_secs(10));
        assert_eq!(with_ttl(30).ping_timeout(), Duration::from_secs(10));
        assert_eq!(with_ttl(300).ping_interval(), Duration::from_secs(25));
        assert_eq!(with_ttl(300).ping_timeout(), Duration::from_secs(20));
    }

    #[test]
    fn a_ping_that_is_set_does_not_follow_the_ttl() {
        let mut config = Config::default();
        config.http.ping_interval = Some(Duration::from_secs(1));
        config.http.ping_timeout = Some(Duration::from_secs(2));
        assert_eq!(config.ping_interval(), Duration::from_secs(1));
        assert_eq!(config.ping_timeout(), Duration::from_secs(2));
    }
}
