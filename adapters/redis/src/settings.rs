//! How to reach Redis, and the limits of the conversation with it.

use std::time::Duration;

/// How events and channel messages are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Publishing {
    /// Sharded where the server has it (Redis 7 or later), plain otherwise.
    #[default]
    Auto,
    /// Plain channels: `PUBLISH`, which a cluster sends to all its servers.
    Plain,
    /// Sharded channels: `SPUBLISH`, which stays on the servers of one slot.
    Sharded,
}

/// Where Redis is and what of it is ours.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://`, `rediss://`, `redis-sentinel://`, `redis-cluster://` and their kin, with user,
    /// password and database.
    pub url: String,
    /// What all keys and channels begin with. Several deployments may share one Redis.
    pub prefix: String,
    /// How to publish. All nodes must do it alike.
    pub publishing: Publishing,
    /// How long a command may take: the longest that a client waits for an answer because of
    /// Redis.
    pub command_timeout: Duration,
}

impl RedisSettings {
    /// The prefix of who does not choose one.
    pub const PREFIX: &str = "rtm";
    /// Parts into which rooms are divided. Fixed for ever: all nodes must agree.
    pub const PARTITIONS: u16 = 64;

    /// The command timeout of who does not choose one.
    pub const COMMAND_TIMEOUT: Duration = Duration::from_millis(1500);
    /// How long a connection may take to be made.
    pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
    /// The shortest, and the longest pause between two attempts to connect; and what is added at
    /// random.
    pub(crate) const RECONNECT_MS: (u32, u32, u32) = (50, 1_000, 100);
    /// A connection that has not answered for so long is given up.
    pub(crate) const UNRESPONSIVE: Duration = Duration::from_secs(4);
    /// How often that is looked at.
    pub(crate) const UNRESPONSIVE_CHECK: Duration = Duration::from_secs(1);
    /// How often a subscribed connection is asked whether it still works.
    pub(crate) const PULSE: Duration = Duration::from_secs(1);
    /// The same while it does not.
    pub(crate) const PULSE_WHILE_AWAY: Duration = Duration::from_millis(250);
    /// Commands of the store, and messages to channels, that wait for an answer; more fail at once.
    pub(crate) const COMMANDS_WAITING_MAX: usize = 16_384;
    /// Messages that wait to be taken in; more are lost, which is noticed and repaired.
    pub(crate) const MESSAGES_WAITING_MAX: usize = 8_192;
    /// Subscriptions that wait to be made; more fail at once.
    pub(crate) const SUBSCRIPTIONS_WAITING_MAX: usize = 65_536;
    /// Channels that one command subscribes to.
    pub(crate) const SUBSCRIBE_BATCH_MAX: usize = 256;
    /// How long a node waits at its start for a Redis that cannot be reached.
    pub(crate) const START_PATIENCE: Duration = Duration::from_secs(10);
    /// Deadlines that one sweep of a part touches of each kind.
    pub(crate) const DEADLINES_TOUCHED_MAX: usize = 1_000;

    /// Settings for a URL, everything else as usual.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: Self::PREFIX.into(),
            publishing: Publishing::Auto,
            command_timeout: Self::COMMAND_TIMEOUT,
        }
    }
}
