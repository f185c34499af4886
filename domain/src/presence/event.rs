//! What happened, as a store publishes it, and as a node's clients are told it.

use crate::ids::{ConnId, SeatId, UserId};
use crate::presence::epoch::{Epoch, Version};
use crate::presence::record::Reason;
use crate::presence::state::State;
use crate::time::Timestamp;

/// A change of one connection's presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which connection.
    pub conn: ConnId,
    /// Whose.
    pub user: UserId,
    /// The epoch it has since.
    pub epoch: Epoch,
    /// Who wrote it.
    pub writer: SeatId,
    /// Which write of that writer it was.
    pub attempt: u64,
    /// When, by the clock of the writing node.
    pub at: Timestamp,
    /// What happened.
    pub kind: Happened,
}

/// What happened to a presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// It came, or its epoch rose. It shows this state.
    Joined(State),
    /// It shows this state now.
    Updated(State),
    /// It ended.
    Left(Reason),
}

/// An event in its place among a room's events, as the store published it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The stamp of this event.
    pub version: Version,
    /// The stamp of the room's event before it.
    pub prev: Version,
    /// The event.
    pub event: Event,
}

/// What a node's clients are told: an event in its place among those they were told before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which connection.
    pub conn: ConnId,
    /// Whose.
    pub user: UserId,
    /// The epoch it has since.
    pub epoch: Epoch,
    /// When, by the clock of the writing node.
    pub at: Timestamp,
    /// The stamp of this delivery.
    pub version: Version,
    /// The stamp of the delivery before it in this room on this node.
    pub prev: Version,
    /// What they are told.
    pub kind: Shown,
}

/// What a room's members are shown of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// It came, or its epoch rose.
    Join(State),
    /// It shows another state.
    Update(State),
    /// It went. Known only from a repair, it has no reason.
    Leave(Option<Reason>),
}
