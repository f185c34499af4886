//! Settings of the built-in presence module.

use std::time::Duration;

/// How long a presence lives, and what keeps it alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceConfig {
    /// Whether the built-in presence module is part of the server. Default true.
    pub enabled: bool,
    /// How long a presence lives without a sign of life, 100 ms to 24 h. Default 30 s.
    pub ttl: Duration,
    /// Time between two looks for lapsed presences, 10 ms to 1 h. Default 3 s.
    pub reaper_interval: Duration,
    /// How long an ended presence is remembered, the TTL to 48 h. Default: derived by
    /// [`Self::lookback`].
    pub reaper_lookback: Option<Duration>,
    /// How long a presence outlives its connection, 0 to 24 h; 0 ends it at once. Default 0.
    pub linger: Duration,
    /// What renews a presence. Default: the client's heartbeats.
    pub lease: LeaseMode,
}

impl PresenceConfig {
    /// How long an ended presence is remembered: as set, else twice the TTL.
    #[must_use]
    pub fn lookback(&self) -> Duration {
        self.reaper_lookback.unwrap_or(self.ttl.saturating_mul(2))
    }
}

impl Default for PresenceConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            ttl: Duration::from_secs(30),
            reaper_interval: Duration::from_secs(3),
            reaper_lookback: None,
            linger: Duration::ZERO,
            lease: LeaseMode::Heartbeat,
        }
    }
}

/// What counts as a sign of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseMode {
    /// The client's heartbeats alone.
    Heartbeat,
    /// The open connection itself; heartbeats are optional.
    Transport,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lookback_follows_the_ttl_unless_set() {
        let mut presence = PresenceConfig {
            ttl: Duration::from_secs(7),
            ..PresenceConfig::default()
        };
        assert_eq!(presence.lookback(), Duration::from_secs(14));
        presence.reaper_lookback = Some(Duration::from_secs(9));
        assert_eq!(presence.lookback(), Duration::from_secs(9));
    }
}
