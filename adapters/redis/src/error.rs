//! Why a node cannot begin to work with its Redis.

use thiserror::Error;

/// Why a node cannot begin to work with its Redis. Says what to do; never repeats the URL, which
/// may hold a password.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The URL cannot be read.
    #[error("REDIS_URL cannot be read: {0}")]
    Url(String),
    /// The prefix would break the keys.
    #[error("REDIS_PREFIX is {0:?}: it must be 1 to 64 letters, digits, '-', '_', '.' or ':'")]
    Prefix(String),
    /// Nobody answers, or the answer is no.
    #[error("Redis does not let us in: {0}; check REDIS_URL, and that the server runs")]
    Unreachable(String),
    /// The server is too old.
    #[error("Redis {0} is too old: version 6 or later is needed")]
    TooOld(String),
    /// Sharded channels were asked for, and the server has none.
    #[error("Redis {0} has no sharded channels: set REDIS_PUBLISHING=plain or auto")]
    NoShardedChannels(String),
    /// The server may drop records when its memory is full.
    #[error(
        "Redis may drop presences when its memory is full: its maxmemory-policy is {0}; \
         set it to noeviction"
    )]
    Evicts(String),
    /// Another version of this software laid out the keys differently.
    #[error(
        "the keys under this REDIS_PREFIX are laid out as {found:?}, this version needs {needed:?}; \
         use another REDIS_PREFIX"
    )]
    Layout {
        /// What is there.
        found: String,
        /// What this version writes.
        needed: String,
    },
    /// The server refuses what is needed.
    #[error("Redis refuses a command that is needed: {0}")]
    Refused(String),
}
