//! Who follows what happens in rooms: other features of the same node.

use async_trait::async_trait;

use crate::error::StoreError;
use crate::ids::{ConnId, RoomId, UserId};
use crate::presence::epoch::Epoch;
use crate::presence::record::Reason;
use crate::presence::state::State;
use crate::time::Timestamp;

/// Follows the rooms of this node, and the changes that it writes. Must not panic.
#[async_trait]
pub trait Observer: Send + Sync {
    /// A room is about to have members on this node; may be called again for a room that is
    /// open. No join in it is committed before this returns, and a failure refuses the join as
    /// `unavailable`. Whatever happens in the room from then on must reach the observer.
    async fn open(&self, room: &RoomId) -> Result<(), StoreError> {
        let _ = room;
        Ok(())
    }

    /// A room has had no member on this node for a while.
    fn close(&self, room: &RoomId) {
        let _ = room;
    }

    /// This node has written a change, and its own members have been told. Called in the order
    /// in which they were, with the room locked: it must return at once, and ask nothing of the
    /// service.
    ///
    /// Each change is told on one node only, at most once; one whose answer the store never gave
    /// may go untold.
    fn changed(&self, change: &Change) {
        let _ = change;
    }
}

/// A change of one connection's presence, on the node that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The room.
    pub room: RoomId,
    /// Which connection.
    pub conn: ConnId,
    /// Whose.
    pub user: UserId,
    /// The epoch it has since.
    pub epoch: Epoch,
    /// When, by the clock of this node.
    pub at: Timestamp,
    /// What happened.
    pub kind: ChangeKind,
}

/// What happened to a presence.
///
/// Where connections of one user come and go at the same moment, more than one may be called the
/// first, or the last. Never is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// It came, or its epoch rose.
    Joined {
        /// What it shows.
        state: State,
        /// Whether it was there already, and only its epoch rose.
        again: bool,
        /// Whether its user was not in the room before.
        first: bool,
    },
    /// It shows something else.
    Updated {
        /// What it shows.
        state: State,
    },
    /// It went.
    Left {
        /// Why.
        reason: Reason,
        /// Whether its user is in the room no more.
        last: bool,
    },
}
