//! Refusals as a client sees them: a sentence for a person, a stable code for a program.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::literal::False;

/// Why a request was refused (new). The codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The payload is not what the event takes.
    BadRequest,
    /// No valid identity.
    Unauthorized,
    /// The identity lacks the right.
    Forbidden,
    /// No such presence: never joined, expired or left. Join (again).
    NotPresent,
    /// An older incarnation speaks.
    StaleEpoch,
    /// An epoch higher than anything issued. Join again.
    UnknownEpoch,
    /// A limit was passed.
    TooLarge,
    /// Too many events in too short a time.
    RateLimited,
    /// The store does not answer.
    Unavailable,
    /// This node is going away. Reconnect.
    Draining,
}

impl ErrorCode {
    /// Whether the same request may succeed later without the client doing anything about it.
    /// After `not_present` and `unknown_epoch` only a new join helps, so they are not.
    pub const fn retryable(self) -> bool {
        match self {
            Self::RateLimited | Self::Unavailable | Self::Draining => true,
            Self::BadRequest
            | Self::Unauthorized
            | Self::Forbidden
            | Self::NotPresent
            | Self::StaleEpoch
            | Self::UnknownEpoch
            | Self::TooLarge => false,
        }
    }

    /// The code as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotPresent => "not_present",
            Self::StaleEpoch => "stale_epoch",
            Self::UnknownEpoch => "unknown_epoch",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Draining => "draining",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The ack of every request that was refused. What does not apply is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ErrorReply {
    /// Always `false`.
    pub ok: False,
    /// One sentence for a person. Its wording may change.
    pub error: String,
    /// Why, for a program (new).
    pub code: ErrorCode,
    /// [`ErrorCode::retryable`] of `code` (new).
    pub retryable: bool,
    /// Where in the payload the error lies, such as `resume.key` (new). Empty for the payload
    /// itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub field: Option<String>,
    /// The limit that was passed, with `too_large` and `rate_limited` (new).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub limit: Option<Limit>,
    /// The current epoch, below 2^53, with `stale_epoch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub epoch: Option<u64>,
    /// `false` in every refused heartbeat, because clients of old look at it first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub changed: Option<False>,
    /// When to try again, in milliseconds from now, with `rate_limited` (new).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub retry_after_ms: Option<u64>,
}

impl ErrorReply {
    /// A reply with nothing but what every refusal has.
    pub fn new(code: ErrorCode, error: impl Into<String>) -> Self {
        Self {
            ok: False,
            error: error.into(),
            code,
            retryable: code.retryable(),
            field: None,
            limit: None,
            epoch: None,
            changed: None,
            retry_after_ms: None,
        }
    }
}

/// A limit by name and value (new).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    /// The name under which it is configured, such as `MAX_STATE_BYTES`.
    pub name: Cow<'static, str>,
    /// Its value, in the unit that the name ends with.
    pub value: u64,
}

impl Limit {
    /// The limit `name` of `value`.
    pub const fn new(name: &'static str, value: u64) -> Self {
        Self {
            name: Cow::Borrowed(name),
            value,
        }
    }
}

/// Why a connection was refused (new): the text of `connect_error`'s `message` is this as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConnectRefusal {
    /// Why, for a program.
    pub code: ErrorCode,
    /// One sentence for a person.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_spelling() {
        for code in [
            ErrorCode::BadRequest,
            ErrorCode::Unauthorized,
            ErrorCode::Forbidden,
            ErrorCode::NotPresent,
            ErrorCode::StaleEpoch,
            ErrorCode::UnknownEpoch,
            ErrorCode::TooLarge,
            ErrorCode::RateLimited,
            ErrorCode::Unavailable,
            ErrorCode::Draining,
        ] {
            let json = serde_json::to_string(&code).unwrap();
            assert_eq!(json, format!("\"{code}\""));
        }
    }
}
