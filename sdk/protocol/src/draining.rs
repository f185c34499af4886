//! `server:draining`: a node says goodbye.

use serde::{Deserialize, Serialize};

/// This node is going away (new): reconnect after a random time in the range, so that not all
/// clients arrive elsewhere at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Draining {
    /// The least and the most time to wait, in milliseconds.
    pub reconnect_in_ms: [u64; 2],
}
