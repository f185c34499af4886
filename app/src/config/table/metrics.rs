//! The rows of metrics.

use super::text;
use crate::config::kind::Kind;
use crate::config::setting::Setting;
use crate::config::{MetricsConfig, Secret};

pub(super) fn rows() -> impl Iterator<Item = Setting> {
    let rows = [
        Setting::new(
            "METRICS_ENABLED",
            "true",
            "Metrics for Prometheus are served at /metrics.",
            Kind::Switch {
                set: |c, on| c.metrics.enabled = on,
            },
        ),
        Setting::new(
            "METRICS_TOKEN",
            "none",
            "Bearer token that a scrape must show; without one, only this machine may scrape.",
            text("16 bytes or more, or none", |c, t| {
                c.metrics.token = match t {
                    "none" => None,
                    short if short.len() < MetricsConfig::TOKEN_BYTES_MIN => {
                        return Err("make one with: openssl rand -hex 16".into());
                    }
                    token => Some(Secret::new(token)),
                };
                Ok(())
            }),
        )
        .secret(),
    ];
    Setting::under("Metrics", rows)
}
