//! `auth:refresh` (new): a fresh token on a living connection.

use serde::{Deserialize, Serialize};

use crate::literal::True;

/// What a client sends. The server reads it with [`decode::auth_refresh`](crate::decode::auth_refresh).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(rename_all = "camelCase")]
pub struct AuthRefreshRequest<T = String> {
    /// A token of the same subject.
    pub token: T,
}

/// The ack: the fresh token counts from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AuthRefreshReply {
    /// Always `true`.
    pub ok: True,
    /// When it expires, in milliseconds since 1970; left out if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub expires_at: Option<u64>,
}
