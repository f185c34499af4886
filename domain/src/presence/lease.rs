//! The name of a lease in a store, and what a node asks to be renewed.

use std::time::Duration;

use crate::ids::{ConnId, RoomId};
use crate::presence::epoch::Epoch;

/// A lease is named by whom it keeps alive, so that a late renewal of an older incarnation
/// finds nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseName {
    /// The room.
    pub room: RoomId,
    /// The connection.
    pub conn: ConnId,
    /// Its incarnation.
    pub epoch: Epoch,
}

/// A promise to be renewed: nodes say how long it shall run from now, never until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// Whose lease.
    pub lease: LeaseName,
    /// How long it shall run, by the store's clock.
    pub remaining: Duration,
}
