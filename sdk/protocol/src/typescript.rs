//! The TypeScript of the wire types, for the SDK: written by this test when it is told to, and
//! compared with what is committed when it is not.
//!
//! `RTM_WRITE_TYPES=1 cargo test -p rtm-protocol typescript` writes it.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use ts_rs::{Config, TS};

use crate::{
    AuthRefreshReply, AuthRefreshRequest, ChatHistoryReply, ChatHistoryRequest, ChatMessage,
    ChatRead, ChatReadReply, ChatReadRequest, ChatReceipt, ChatReceiptsReply, ChatReceiptsRequest,
    ChatSendReply, ChatSendRequest, ChatSinceReply, ChatSinceRequest, ChatTyping, ChatTypingReply,
    ChatTypingRequest, ConnectRefusal, Draining, ErrorCode, ErrorReply, EventKind, False,
    HeartbeatReply, HeartbeatRequest, JoinReply, JoinRequest, Key, LeaveReason, LeaveReply,
    LeaveRequest, Limit, Lost, LostReason, PresenceEvent, Resume, SelfEntry, SnapshotEntry, State,
    SyncReply, SyncRequest, True, names,
};

const FILE: &str = "../typescript/src/protocol.ts";
const WRITE: &str = "RTM_WRITE_TYPES";

/// Any JSON, such as a chat message's body.
#[derive(TS)]
#[ts(type = "unknown")]
pub struct Json;

#[test]
fn the_sdk_has_the_types_of_this_crate() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let fresh = render();
    if env::var_os(WRITE).is_some() {
        fs::write(&file, &fresh).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == fresh,
        "{FILE} is not what this crate says; run `{WRITE}=1 cargo test -p rtm-protocol typescript`"
    );
}

fn render() -> String {
    let mut text = String::from(
        "// The wire types, generated from the Rust crate in sdk/protocol: change them there.\n\n",
    );
    for (name, value) in NAMES {
        writeln!(text, "export const {name} = \"{value}\";").unwrap();
    }
    for declare in TYPES {
        declare(&mut text);
    }
    without_rust_links(&text)
}

/// Links to Rust items mean nothing in TypeScript: their text is kept, where they lead is not.
fn without_rust_links(text: &str) -> String {
    let mut parts = text.split("](crate::");
    let mut plain = String::from(parts.next().unwrap_or_default());
    for part in parts {
        plain.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    plain.replace("[`", "`").replace("`]", "`")
}

macro_rules! names {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), names::$name)),*] };
}

const NAMES: &[(&str, &str)] = names![
    PRESENCE_JOIN,
    PRESENCE_HEARTBEAT,
    PRESENCE_LEAVE,
    PRESENCE_SYNC,
    PRESENCE_EVENT,
    PRESENCE_LOST,
    SERVER_DRAINING,
    CHAT_SEND,
    CHAT_HISTORY,
    CHAT_SINCE,
    CHAT_MESSAGE,
    CHAT_TYPING,
    CHAT_READ,
    CHAT_RECEIPTS,
    AUTH_REFRESH,
];

const TYPES: &[fn(&mut String)] = &[
    declare::<True>,
    declare::<False>,
    declare::<State>,
    declare::<Key>,
    declare::<JoinRequest>,
    declare::<Resume>,
    declare::<JoinReply>,
    declare::<SelfEntry>,
    declare::<SnapshotEntry>,
    declare::<HeartbeatRequest>,
    declare::<HeartbeatReply>,
    declare::<LeaveRequest>,
    declare::<LeaveReply>,
    declare::<SyncRequest>,
    declare::<SyncReply>,
    declare::<PresenceEvent>,
    declare::<EventKind>,
    declare::<LeaveReason>,
    declare::<Lost>,
    declare::<LostReason>,
    declare::<Draining>,
    declare::<Json>,
    declare::<ChatSendRequest<String, Json>>,
    declare::<ChatSendReply>,
    declare::<ChatMessage<String, Json>>,
    declare::<ChatHistoryRequest>,
    declare::<ChatHistoryReply<String, Json>>,
    declare::<ChatSinceRequest>,
    declare::<ChatSinceReply<String, Json>>,
    declare::<ChatTypingRequest>,
    declare::<ChatTypingReply>,
    declare::<ChatTyping>,
    declare::<ChatReadRequest>,
    declare::<ChatReadReply>,
    declare::<ChatRead>,
    declare::<ChatReceiptsRequest>,
    declare::<ChatReceiptsReply>,
    declare::<ChatReceipt>,
    declare::<AuthRefreshRequest>,
    declare::<AuthRefreshReply>,
    declare::<ErrorCode>,
    declare::<ErrorReply>,
    declare::<Limit>,
    declare::<ConnectRefusal>,
];

fn declare<T: TS>(text: &mut String) {
    // Every integer on the wire is below 2^53.
    let config = Config::new().with_large_int("number");
    let docs = T::docs().unwrap_or_default();
    write!(text, "\n{docs}export {}\n", T::decl(&config)).unwrap();
}
