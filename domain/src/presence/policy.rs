//! The numbers that the rules use. Every limit of the domain is named here, with its unit.

use std::time::Duration;

/// What keeps a presence alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseMode {
    /// The client's heartbeats.
    Heartbeat,
    /// Anything that arrives on the open connection, the transport's pongs among it.
    Transport,
}

/// Times and limits of presence. Nodes of one cluster must agree on the times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long after its last heartbeat a presence is live.
    pub ttl: Duration,
    /// How often leases of dead nodes are swept.
    pub sweep_interval: Duration,
    /// How long an ended presence is remembered.
    pub lookback: Duration,
    /// How long a presence outlives its socket unless resumed; zero ends it at once.
    pub linger: Duration,
    /// What keeps a presence alive.
    pub lease: LeaseMode,
    /// Length of room and user ids, in bytes.
    pub id_bytes_max: usize,
    /// Size of a state, also after a patch, in bytes of JSON text.
    pub state_bytes_max: usize,
    /// Rooms that one connection may be in.
    pub rooms_per_connection_max: usize,
    /// Connections that one room may have.
    pub connections_per_room_max: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(30),
            sweep_interval: Duration::from_secs(3),
            lookback: Duration::from_secs(60),
            linger: Duration::ZERO,
            lease: LeaseMode::Heartbeat,
            id_bytes_max: 256,
            state_bytes_max: 262_144,
            rooms_per_connection_max: 128,
            connections_per_room_max: 10_000,
        }
    }
}

impl Policy {
    /// Commits that one command may try when others wrote in between.
    pub const ATTEMPTS_MAX: u32 = 4;
    /// Commits that a kick or a sweep may try: more, as whoever writes without pause must be
    /// removable (P10).
    pub const OUTSIDE_ATTEMPTS_MAX: u32 = 64;
    /// How long a node waits to see its own commit before it reads the room again.
    pub const OWN_COMMIT_SEEN: Duration = Duration::from_secs(1);
    /// How long after the store changed identity a repair removes nobody.
    pub const SETTLE: Duration = Duration::from_secs(2);
    /// How long a room's view is kept after its last member on the node left.
    pub const ROOM_IDLE: Duration = Duration::from_secs(5);
    /// The first and the longest pause between two attempts to end a presence.
    pub const BACKOFF: (Duration, Duration) =
        (Duration::from_millis(50), Duration::from_millis(1000));
    /// How long a room's snapshot may be handed out while the room does not change. So old the
    /// times in it may be at which its members were heard of last.
    pub const SNAPSHOT_SHARED: Duration = Duration::from_millis(50);
    /// Events that a view holds back while it is repaired; more, and it reads the room again.
    pub const REPAIR_BUFFER_MAX: usize = 8_192;
    /// Lapsed leases that one sweep asks the store for at a time.
    pub const SWEEP_BATCH_MAX: usize = 256;
    /// Records that each sweep may read to find presences without a lease, in the long run.
    pub const AUDIT_RECORDS: usize = 256;
    /// Presences without a lease that a node has in mind at once.
    pub const SUSPECTS_MAX: usize = 4_096;
    /// Parts of the store that are swept at once.
    pub const SWEEPING_MAX: usize = 8;
    /// Ticks that may wait for the store at once: an answer that was lost must not keep the next
    /// tick from renewing, as leases outlive their deadline by GRACE only.
    pub const TICKS_WAITING_MAX: usize = 4;
    /// Leases that one call renews at most.
    pub const RENEW_BATCH_MAX: usize = 1_000;
    /// Background looks at the store that run at once.
    pub const JUDGING_MAX: usize = 32;

    /// How much longer the store's lease runs than the seat's deadline: the node's promise to
    /// end a silent client itself before anyone else may.
    pub fn grace(&self) -> Duration {
        self.ttl / 3
    }

    /// How long the store must have answered before its silence about a lease is believed.
    pub fn arm(&self) -> Duration {
        self.ttl
    }

    /// How often a node looks at its seats.
    pub fn tick(&self) -> Duration {
        let shortest = self.sweep_interval.min(self.ttl / 6);
        shortest.clamp(Duration::from_millis(1), Duration::from_secs(1))
    }

    /// The longest lease a node may ask for; anything longer in the store is clamped to it.
    pub fn longest_lease(&self) -> Duration {
        (self.ttl + self.grace()).max(self.linger)
    }
}
