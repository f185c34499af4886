//! Settings of chat.

use std::time::Duration;

/// Whether members of a room can speak, and what is kept of it. Needs presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatConfig {
    /// Whether the chat module runs, where presence does. Default true.
    pub enabled: bool,
    /// Messages kept per room, 1 to 10,000. Default 100.
    pub max_history: usize,
    /// How long somebody types who does not say so again, 100 ms to 60 s. Default 5 s.
    pub typing: Duration,
    /// How long messages are kept after a room's last one, 1 s to 30 days. Default 7 days.
    pub retention: Duration,
    /// Most bytes kept in memory, without Redis, 1 MiB to 2 GiB. Default 256 MiB.
    pub memory_bytes: usize,
}

impl Default for ChatConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            max_history: 100,
            typing: Duration::from_secs(5),
            retention: Duration::from_secs(7 * 24 * 60 * 60),
            memory_bytes: 256 << 20,
        }
    }
}
