//! What is measured, by name.

use serde::{Deserialize, Serialize};

/// Something whose latency is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Metric {
    #[serde(rename = "connect")]
    Connect,
    #[serde(rename = "join")]
    Join,
    #[serde(rename = "heartbeat")]
    Heartbeat,
    #[serde(rename = "update")]
    Update,
    #[serde(rename = "chat")]
    Chat,
    #[serde(rename = "leave")]
    Leave,
    #[serde(rename = "keepalive")]
    Keepalive,
    #[serde(rename = "event.join")]
    EventJoin,
    #[serde(rename = "event.update")]
    EventUpdate,
    #[serde(rename = "event.chat")]
    EventChat,
    #[serde(rename = "complete")]
    Complete,
    #[serde(rename = "lag")]
    Lag,
}

impl Metric {
    /// All of them, in the order of a report.
    pub(crate) const ALL: [Self; 12] = [
        Self::Connect,
        Self::Join,
        Self::Heartbeat,
        Self::Update,
        Self::Chat,
        Self::Leave,
        Self::Keepalive,
        Self::EventJoin,
        Self::EventUpdate,
        Self::EventChat,
        Self::Complete,
        Self::Lag,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Join => "join",
            Self::Heartbeat => "heartbeat",
            Self::Update => "update",
            Self::Chat => "chat",
            Self::Leave => "leave",
            Self::Keepalive => "keepalive",
            Self::EventJoin => "event.join",
            Self::EventUpdate => "event.update",
            Self::EventChat => "event.chat",
            Self::Complete => "complete",
            Self::Lag => "lag",
        }
    }

    /// Whether it is an event that was delivered.
    pub(crate) fn is_event(self) -> bool {
        matches!(self, Self::EventJoin | Self::EventUpdate | Self::EventChat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_everywhere() {
        for (at, metric) in Metric::ALL.into_iter().enumerate() {
            let json = serde_json::to_string(&metric).unwrap();
            assert_eq!(json.trim_matches('"'), metric.name());
            assert_eq!(metric as usize, at);
        }
    }
}
