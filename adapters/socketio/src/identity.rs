//! Who a connection is, once that is proven, and what it may do.

use std::fmt;
use std::sync::Arc;

use rtm_domain::ids::{RoomId, UserId};
use rtm_domain::time::Timestamp;
use rtm_protocol::{ErrorCode, ErrorReply};

/// A proven identity.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The user. A connection's user never changes.
    pub user: UserId,
    /// When the proof was made, if it says so: what was proven before a revocation is void.
    pub issued: Option<Timestamp>,
    /// When the proof ends, and the connection with it unless it brings a new one.
    pub expires: Option<Timestamp>,
    /// What the user may do.
    pub authority: Arc<dyn Authority>,
}

/// Decides what a user may do in a room. Called for every event: it must not block.
pub trait Authority: fmt::Debug + Send + Sync {
    /// Whether the right is given in `room`.
    fn allows(&self, right: Right, room: &RoomId) -> bool;
}

/// Something that a user may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Be in it, and see who else is.
    Join,
    /// Change what one shows, and say something.
    Publish,
    /// Read what was said.
    History,
}

impl Right {
    /// Its name in tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Publish => "publish",
            Self::History => "history",
        }
    }
}

/// Allows everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Everything;

impl Authority for Everything {
    fn allows(&self, _: Right, _: &RoomId) -> bool {
        true
    }
}

/// The answer to somebody who lacks a right.
pub(crate) fn forbidden(right: Right) -> ErrorReply {
    let name = right.name();
    ErrorReply::new(
        ErrorCode::Forbidden,
        format!("this identity lacks the right \"{name}\" in this room"),
    )
}
