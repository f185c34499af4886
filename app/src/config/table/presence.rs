//! The rows of the presence module.

use super::{DAY, HOUR, millis};
use crate::config::LeaseMode;
use crate::config::kind::Kind;
use crate::config::setting::Setting;

pub(super) fn rows() -> impl Iterator<Item = Setting> {
    let rows = [
        Setting::new(
            "PRESENCE_ENABLED",
            "true",
            "Whether the built-in presence module is part of the server.",
            Kind::Switch {
                set: |c, on| c.presence.enabled = on,
            },
        ),
        Setting::new(
            "PRESENCE_TTL_MS",
            "30000",
            "How long a presence lives without a sign of life.",
            millis(100..=DAY, |c, d| c.presence.ttl = d),
        ),
        Setting::new(
            "PRESENCE_REAPER_INTERVAL_MS",
            "3000",
            "Time between two looks for lapsed presences.",
            millis(10..=HOUR, |c, d| c.presence.reaper_interval = d),
        ),
        Setting::new(
            "PRESENCE_REAPER_LOOKBACK_MS",
            "twice PRESENCE_TTL_MS",
            "How long an ended presence is remembered; not less than PRESENCE_TTL_MS.",
            millis(100..=2 * DAY, |c, d| c.presence.reaper_lookback = Some(d)),
        ),
        Setting::new(
            "PRESENCE_LINGER_MS",
            "0",
            "How long a presence outlives its connection; 0 ends it at once.",
            millis(0..=DAY, |c, d| c.presence.linger = d),
        ),
        Setting::new(
            "PRESENCE_LEASE",
            "heartbeat",
            "What renews a presence: the client's heartbeats, or the open connection itself.",
            Kind::Choice {
                options: &[
                    ("heartbeat", |c| c.presence.lease = LeaseMode::Heartbeat),
                    ("transport", |c| c.presence.lease = LeaseMode::Transport),
                ],
            },
        ),
    ];
    Setting::under("Presence", rows)
}
