//! Who erred: the rules said no, the store failed, or the node is going away.

use thiserror::Error;

use crate::ids::BadId;
use crate::presence::epoch::Epoch;

/// The rules said no.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejection {
    /// No such presence: never joined, expired or left.
    #[error("there is no such presence: join (again)")]
    NotPresent,
    /// An older incarnation speaks.
    #[error("a newer connection has taken this presence over")]
    StaleEpoch {
        /// The epoch that counts.
        current: Epoch,
    },
    /// The epoch is higher than any that was issued.
    #[error("this epoch was never issued: join again")]
    UnknownEpoch,
    /// A resume asks for an epoch too far above the presence's.
    #[error(
        "the epoch asked for is more than {} above the presence's",
        Epoch::STEP_MAX
    )]
    EpochTooFar,
    /// Nothing is remembered under this connection id and key. A resume becomes a fresh join.
    #[error("this presence is no longer remembered")]
    Forgotten,
    /// The presence in this room belongs to another user.
    #[error("this connection is in the room as another user")]
    ForeignUser,
    /// The command needs a room, as its connection is in several.
    #[error("this connection is in several rooms: name one")]
    RoomNeeded,
    /// Something is larger than a limit allows.
    #[error("{0}")]
    TooLarge(#[from] Excess),
}

/// Something is larger than a limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{limit} is {max}")]
pub struct Excess {
    /// The limit.
    pub limit: Limit,
    /// Its value, in the unit of its name.
    pub max: u64,
}

/// The limits that the rules know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// `Policy::id_bytes_max`.
    IdBytes,
    /// `Policy::state_bytes_max`.
    StateBytes,
    /// `Policy::rooms_per_connection_max`.
    RoomsPerConnection,
    /// `Policy::connections_per_room_max`.
    ConnectionsPerRoom,
}

impl Limit {
    /// The name under which users configure it.
    pub fn name(self) -> &'static str {
        match self {
            Limit::IdBytes => "MAX_ID_BYTES",
            Limit::StateBytes => "MAX_STATE_BYTES",
            Limit::RoomsPerConnection => "MAX_ROOMS_PER_CONNECTION",
            Limit::ConnectionsPerRoom => "MAX_CONNECTIONS_PER_ROOM",
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a text is no id, as a limit or as a mistake.
impl BadId {
    /// The limit that was passed, if it is a question of length.
    pub fn excess(self) -> Option<Excess> {
        match self {
            BadId::TooLong { bytes_max } => Some(Excess {
                limit: Limit::IdBytes,
                max: bytes_max as u64,
            }),
            BadId::Empty | BadId::Control => None,
        }
    }
}

/// Why a command was not done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The rules said no; nothing changed.
    #[error("{0}")]
    Rejected(#[from] Rejection),
    /// The store does not answer. A join or patch may have been done: repeat it.
    #[error("the store does not answer")]
    Unavailable,
    /// This node is going away.
    #[error("this node is going away")]
    Draining,
}

impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        Refusal::Unavailable
    }
}

/// The store failed. Whether a commit was done is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// No answer in time, or no connection.
    #[error("the store does not answer: {0}")]
    Unreachable(String),
    /// The store has no room for another record.
    #[error("the store is full: {0}")]
    Full(&'static str),
    /// What the store keeps cannot be read.
    #[error("what the store keeps cannot be read: {0}")]
    Corrupt(String),
}
