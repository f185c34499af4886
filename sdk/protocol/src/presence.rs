//! The messages of presence: one file an event, requests before replies.

mod event;
mod heartbeat;
mod join;
mod key;
mod leave;
mod lost;
mod snapshot;
mod sync;
mod written;

pub use event::{EventKind, LeaveReason, PresenceEvent};
pub use heartbeat::{HeartbeatReply, HeartbeatRequest};
pub use join::{JoinReply, JoinRequest, Resume, SelfEntry};
pub use key::Key;
pub use leave::{LeaveReply, LeaveRequest};
pub use lost::{Lost, LostReason};
pub use snapshot::SnapshotEntry;
pub use sync::{SyncReply, SyncRequest};
pub use written::{WrittenJoinReply, WrittenSyncReply};
