//! The rows of chat.

use super::limits::bytes;
use super::{DAY, MINUTE, count, millis};
use crate::config::kind::Kind;
use crate::config::setting::Setting;

pub(super) fn rows() -> impl Iterator<Item = Setting> {
    let rows = [
        Setting::new(
            "CHAT_ENABLED",
            "true",
            "Members of a room can speak: the chat module runs, where presence does.",
            Kind::Switch {
                set: |c, on| c.chat.enabled = on,
            },
        ),
        Setting::new(
            "CHAT_MAX_HISTORY",
            "100",
            "Messages kept per room.",
            count("messages", 1..=10_000, |c, n| {
                c.chat.max_history = n as usize
            }),
        ),
        Setting::new(
            "CHAT_TYPING_MS",
            "5000",
            "How long somebody types who does not say so again.",
            millis(100..=MINUTE, |c, d| c.chat.typing = d),
        ),
        Setting::new(
            "CHAT_RETENTION_MS",
            "604800000",
            "How long messages are kept after the last one in their room.",
            millis(1000..=30 * DAY, |c, d| c.chat.retention = d),
        ),
        Setting::new(
            "CHAT_MEMORY_BYTES",
            "268435456",
            "Most bytes of messages kept without Redis; the rooms silent for longest are forgotten first.",
            bytes(1 << 20..=2 << 30, |c, n| c.chat.memory_bytes = n),
        ),
    ];
    Setting::under("Chat", rows)
}
