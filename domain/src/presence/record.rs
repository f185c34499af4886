//! What a store keeps of one connection in one room.

use crate::ids::{ResumeKey, UserId};
use crate::presence::epoch::{Epoch, Revision, Version};
use crate::presence::state::State;
use crate::time::Timestamp;

/// A connection's presence in a room. Opaque to the store (P1: one per room and connection).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose presence it is. Never changes.
    pub user: UserId,
    /// What its owner resumes it with. Never changes.
    pub key: ResumeKey,
    /// The owner's incarnation.
    pub epoch: Epoch,
    /// What it shows.
    pub state: State,
    /// When the owner wrote it last, by the clock of the writing node.
    pub written: Timestamp,
    /// Where it is in its life.
    pub phase: Phase,
}

/// Where a record is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A socket holds it.
    Open,
    /// Its socket is gone; it lingers until resumed or until its lease is over.
    Closing,
    /// It is a tombstone.
    Ended(Reason),
}

/// Why a presence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Its owner asked.
    Left,
    /// Its socket went away.
    Disconnected,
    /// No heartbeat for the TTL, or its node died.
    Expired,
    /// A module removed it.
    Kicked,
}

/// What a store shows of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name of the write that left it so.
    pub revision: Revision,
    /// The version of that write's event.
    pub version: Version,
    /// Whether its lease is over, by the store's clock, or missing. Of no meaning for a tombstone.
    pub lapsed: bool,
    /// The record.
    pub record: Record,
}

/// How a record stands at the moment at which it was read.
#[derive(Debug, Clone, Copy)]
pub enum Standing<'a> {
    /// No record, or one that is forgotten.
    Absent,
    /// Its lease runs.
    Live(&'a Record),
    /// Its lease is over, and nobody has said so yet.
    Lapsed(&'a Record),
    /// A tombstone.
    Ended(&'a Record, Reason),
}

impl<'a> Standing<'a> {
    /// How what a store shows stands.
    pub fn of(found: Option<&'a Found>) -> Self {
        let Some(Found { record, lapsed, .. }) = found else {
            return Standing::Absent;
        };
        match record.phase {
            Phase::Ended(reason) => Standing::Ended(record, reason),
            Phase::Open | Phase::Closing if *lapsed => Standing::Lapsed(record),
            Phase::Open | Phase::Closing => Standing::Live(record),
        }
    }
}
