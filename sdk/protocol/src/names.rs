//! The names of all events, one constant each.

/// Client to server: join a room. Payload [`JoinRequest`](crate::JoinRequest).
pub const PRESENCE_JOIN: &str = "presence:join";
/// Client to server: renew the lease. Payload [`HeartbeatRequest`](crate::HeartbeatRequest).
pub const PRESENCE_HEARTBEAT: &str = "presence:heartbeat";
/// Client to server: leave. Payload [`LeaveRequest`](crate::LeaveRequest).
pub const PRESENCE_LEAVE: &str = "presence:leave";
/// Client to server (new): ask for the room again. Payload [`SyncRequest`](crate::SyncRequest).
pub const PRESENCE_SYNC: &str = "presence:sync";
/// Server to client: a change in a room. Payload [`PresenceEvent`](crate::PresenceEvent).
pub const PRESENCE_EVENT: &str = "presence:event";
/// Server to client (new): one's own presence ended. Payload [`Lost`](crate::Lost).
pub const PRESENCE_LOST: &str = "presence:lost";

/// Server to client (new): this node is going away. Payload [`Draining`](crate::Draining).
pub const SERVER_DRAINING: &str = "server:draining";

/// Client to server: say something in a room.
pub const CHAT_SEND: &str = "chat:send";
/// Client to server: ask for a room's latest messages.
pub const CHAT_HISTORY: &str = "chat:history";
/// Client to server (new): ask for the messages after a known one.
pub const CHAT_SINCE: &str = "chat:since";
/// Server to client: a message, to everyone in the room.
pub const CHAT_MESSAGE: &str = "chat:message";
/// Both directions (new): somebody types or has ceased to.
pub const CHAT_TYPING: &str = "chat:typing";
/// Both directions (new): somebody has read up to a message.
pub const CHAT_READ: &str = "chat:read";
/// Client to server (new): ask how far everyone has read.
pub const CHAT_RECEIPTS: &str = "chat:receipts";

/// Client to server (new): bring a fresh token of the same subject.
pub const AUTH_REFRESH: &str = "auth:refresh";
