//! What may be asked of a record.

use crate::ids::{ResumeKey, UserId};
use crate::presence::epoch::Epoch;
use crate::presence::record::{Reason, Record};
use crate::presence::state::State;

/// What is asked. Each one is answered in every standing by
/// [`transition`](crate::presence::transition::transition).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A new presence under a connection id that nobody had.
    Join {
        /// Whose it is.
        user: UserId,
        /// What its owner will resume it with.
        key: ResumeKey,
        /// Its first epoch.
        epoch: Epoch,
        /// What it shows.
        state: State,
    },
    /// An earlier presence, from a new socket.
    Resume {
        /// Whose it must be.
        user: UserId,
        /// What proves the owner.
        key: ResumeKey,
        /// The epoch asked for; left out: one more than the record's.
        asked: Option<Epoch>,
        /// What it shows from now on; left out: what it showed.
        state: Option<State>,
    },
    /// The owner joins the room that it is in.
    Rejoin {
        /// What the owner knows, with its next epoch already taken.
        own: Box<Record>,
        /// What it shows from now on; left out: what it showed.
        state: Option<State>,
    },
    /// The owner changes what it shows.
    Patch {
        /// The owner's epoch.
        epoch: Epoch,
        /// The keys that change.
        patch: State,
    },
    /// The owner's node writes again what it knows to be right.
    Reassert {
        /// What the owner's node knows.
        own: Box<Record>,
    },
    /// The owner's socket is gone, and the presence lingers.
    Close {
        /// What the owner's node knows.
        own: Box<Record>,
    },
    /// The owner, or the node for it, ends the presence.
    End {
        /// What the owner's node knows.
        own: Box<Record>,
        /// Why.
        reason: Reason,
    },
    /// Somebody with the right to do so removes it.
    Kick,
    /// A sweeper found its lease over.
    Expire,
}
