//! Answers around a snapshot that is JSON text already: it is written once, for all who ask.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::literal::True;
use crate::presence::SelfEntry;

/// A [`JoinReply`](crate::JoinReply).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WrittenJoinReply<'a> {
    /// Always `true`.
    pub ok: True,
    /// The list of the entries.
    pub snapshot: &'a RawValue,
    /// The joiner's own presence.
    #[serde(rename = "self")]
    pub own: SelfEntry<&'a str>,
    /// The version that the snapshot reflects.
    pub version: u64,
    /// How long the lease lasts after a heartbeat, in milliseconds.
    pub ttl_ms: u64,
}

/// A [`SyncReply`](crate::SyncReply).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WrittenSyncReply<'a> {
    /// Always `true`.
    pub ok: True,
    /// The version that the snapshot reflects.
    pub version: u64,
    /// The list of the entries.
    pub snapshot: &'a RawValue,
}
