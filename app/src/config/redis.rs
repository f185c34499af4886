//! Settings of the Redis that several nodes share.

mod url;

use std::time::Duration;

pub use url::RedisUrl;

/// The Redis that several nodes share, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisConfig {
    /// Where it is. Default: none, everything stays in this process.
    pub url: Option<RedisUrl>,
    /// What all keys and channels begin with: 1 to 64 letters, digits, `-`, `_`, `.` or `:`.
    /// Default `rtm`.
    pub prefix: String,
    /// How events are published. Default: sharded where the server has it.
    pub publishing: Publishing,
    /// How long a command may take, 50 ms to 60 s. Default 1.5 s.
    pub command_timeout: Duration,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: None,
            prefix: "rtm".into(),
            publishing: Publishing::Auto,
            command_timeout: Duration::from_millis(1500),
        }
    }
}

/// How events are published. All nodes must do it alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publishing {
    /// Sharded where the server has it (Redis 7 or later), plain otherwise.
    Auto,
    /// Plain channels.
    Plain,
    /// Sharded channels.
    Sharded,
}
