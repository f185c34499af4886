//! The chat module's messages (`chat:history` and `chat:send` as before, the others new). A
//! message's body is any JSON and is never looked into: it stays as it was sent.

mod history;
mod message;
mod read;
mod typing;

pub use history::{ChatHistoryReply, ChatHistoryRequest, ChatSinceReply, ChatSinceRequest};
pub use message::{ChatMessage, ChatSendReply, ChatSendRequest};
pub use read::{
    ChatRead, ChatReadReply, ChatReadRequest, ChatReceipt, ChatReceiptsReply, ChatReceiptsRequest,
};
pub use typing::{ChatTyping, ChatTypingReply, ChatTypingRequest};
