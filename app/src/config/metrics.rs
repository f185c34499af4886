//! Settings of metrics.

use super::Secret;

/// What is shown at `/metrics`, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsConfig {
    /// Whether they are shown at all. Default true.
    pub enabled: bool,
    /// What others than this machine must show to see them. Default: none, so they may not.
    pub token: Option<Secret>,
}

impl MetricsConfig {
    /// Bytes that a token has at least.
    pub const TOKEN_BYTES_MIN: usize = 16;
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            token: None,
        }
    }
}
