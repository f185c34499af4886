//! The wire types: every message that clients and server exchange, as it looks in JSON.
//!
//! Both ends are here. Replies and events are serialised by the server and deserialised by the
//! Rust client; requests go the other way, and the server reads them with [`decode`], which is
//! strict and says what is wrong with a message. The files in `tests/wire` hold every kind of
//! message as text; this crate and the TypeScript SDK are tested against them.
//!
//! This is deliberately no transport (Socket.IO packets end where their JSON begins), knows no
//! rule of presence, and keeps nothing.
//!
//! Types that are written often are generic over their text `T` and their state `S`: with the
//! defaults they own what they hold, with `&str` and a borrowed state they are written without
//! being copied together first.

mod ack;
mod auth;
mod chat;
pub mod decode;
mod draining;
mod error;
mod literal;
pub mod names;
mod object;
mod presence;
mod state;
#[cfg(test)]
mod typescript;

pub use ack::read_ack;
pub use auth::{AuthRefreshReply, AuthRefreshRequest};
pub use chat::{
    ChatHistoryReply, ChatHistoryRequest, ChatMessage, ChatRead, ChatReadReply, ChatReadRequest,
    ChatReceipt, ChatReceiptsReply, ChatReceiptsRequest, ChatSendReply, ChatSendRequest,
    ChatSinceReply, ChatSinceRequest, ChatTyping, ChatTypingReply, ChatTypingRequest,
};
pub use draining::Draining;
pub use error::{ConnectRefusal, ErrorCode, ErrorReply, Limit};
pub use literal::{False, True};
pub use presence::{
    EventKind, HeartbeatReply, HeartbeatRequest, JoinReply, JoinRequest, Key, LeaveReason,
    LeaveReply, LeaveRequest, Lost, LostReason, PresenceEvent, Resume, SelfEntry, SnapshotEntry,
    SyncReply, SyncRequest, WrittenJoinReply, WrittenSyncReply,
};
pub use state::{NotState, State, StateTexts};

/// The highest epoch, version or time on the wire: what a JavaScript number holds exactly.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
