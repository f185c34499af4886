//! How to connect, and as whom.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rtm_protocol::State;

/// How one connection is made and bounded.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Proves who one is.
    pub token: Option<String>,
    /// How long it may take to connect.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub ack_timeout: Duration,
    /// The server's address, to connect without asking what the name in the URL stands for.
    pub address: Option<SocketAddr>,
    /// The address to connect from: a machine has some 28,000 ports for each.
    pub local_address: Option<IpAddr>,
    /// Packets that wait to be sent; more are refused.
    pub outbound_max: usize,
    /// Bytes that one message of the server may have.
    pub message_bytes_max: usize,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            token: None,
            connect_timeout: Duration::from_secs(10),
            ack_timeout: Duration::from_secs(10),
            address: None,
            local_address: None,
            outbound_max: 1_024,
            message_bytes_max: 64 * 1024 * 1024,
        }
    }
}

/// A token, or why there is none.
pub type Token = Result<Option<String>, String>;

/// Asked for a token before every attempt to connect.
pub type TokenProvider = Arc<dyn Fn() -> BoxFuture<'static, Token> + Send + Sync>;

/// How a [`Client`](crate::Client) stays connected.
#[derive(Clone)]
pub struct ClientOptions {
    /// How each connection is made. Its `token` counts where there is no provider.
    pub connection: ConnectOptions,
    /// Where tokens come from.
    pub token_provider: Option<TokenProvider>,
    /// The shortest and the longest pause between two attempts to connect, before jitter.
    pub backoff: (Duration, Duration),
    /// Time between two heartbeats; none: a third of the server's TTL.
    pub heartbeat_interval: Option<Duration>,
    /// Events that wait for whoever takes them; with more, the oldest are dropped and counted.
    pub events_max: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connection: ConnectOptions::default(),
            token_provider: None,
            backoff: (Duration::from_millis(200), Duration::from_secs(5)),
            heartbeat_interval: None,
            events_max: 1_024,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("backoff", &self.backoff)
            .field("heartbeat_interval", &self.heartbeat_interval)
            .finish_non_exhaustive()
    }
}

/// As whom to join, and what to show.
#[derive(Debug, Clone, Default)]
pub struct JoinOptions {
    /// The user; may be left out where a token names it.
    pub user_id: Option<String>,
    /// What the presence shows.
    pub state: Option<State>,
}

impl JoinOptions {
    /// Joins as a user, showing nothing.
    pub fn as_user(user_id: impl Into<String>) -> Self {
        Self {
            user_id: Some(user_id.into()),
            state: None,
        }
    }
}
