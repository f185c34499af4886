//! How much chat keeps, and for how long.

use std::time::Duration;

/// Limits and times of chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatSettings {
    /// Messages kept per room, exactly.
    pub history_max: usize,
    /// Size of a message, in bytes of JSON text.
    pub message_bytes_max: usize,
    /// Size of the messages in one answer, in bytes. One larger message may be alone in it.
    pub page_bytes_max: usize,
    /// How long after it was said last that somebody types, they do no more.
    pub typing: Duration,
    /// How long after its last message a room's messages are kept.
    pub retention: Duration,
    /// Size of everything kept in memory, in bytes; where more is said, the rooms that were
    /// silent for longest are forgotten. Without meaning for Redis.
    pub memory_bytes_max: usize,
}

impl ChatSettings {
    /// Messages that a history holds if its client does not say how many.
    pub const HISTORY_DEFAULT: u64 = 50;
    /// Users shown as typing per room.
    pub const TYPISTS_MAX: usize = 1_000;
    /// Messages of a room that wait while it is read; with more, it is read again.
    pub const REPAIR_BUFFER_MAX: usize = 256;
    /// Rooms that are read at once to repair what members were told.
    pub const REPAIRS_MAX: usize = 16;
    /// How long a node waits to see its own message before it reads the room.
    pub const OWN_SEEN: Duration = Duration::from_secs(1);
    /// How often last messages are compared with the store's.
    pub const CHECK_EVERY: Duration = Duration::from_secs(2);
    /// The first and the longest pause between two attempts to read a room.
    pub const BACKOFF: (Duration, Duration) =
        (Duration::from_millis(50), Duration::from_millis(1_000));
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            history_max: 100,
            message_bytes_max: 65_536,
            page_bytes_max: 524_288,
            typing: Duration::from_secs(5),
            retention: Duration::from_secs(7 * 24 * 60 * 60),
            memory_bytes_max: 256 << 20,
        }
    }
}
