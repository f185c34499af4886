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

const FOLDER: &str = "../typescript/src/protocol";
const WRITE: &str = "RTM_WRITE_TYPES";

/// Any JSON, such as a chat message's body.
#[derive(TS)]
#[ts(type = "unknown")]
pub struct Json;

/// One file of the SDK.
struct Module {
    name: &'static str,
    about: &'static str,
    imports: &'static str,
    types: &'static [fn(&mut String)],
}

#[test]
fn the_sdk_has_the_types_of_this_crate() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let modules = MODULES.iter().map(|module| (module.name, render(module)));
    for (name, fresh) in modules.chain([("names", render_names())]) {
        let file = folder.join(name).with_extension("ts");
        if env::var_os(WRITE).is_some() {
            fs::write(&file, &fresh).unwrap();
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == fresh,
            "{FOLDER}/{name}.ts is not what this crate says; run `{WRITE}=1 cargo test -p rtm-protocol typescript`"
        );
    }
}

fn head(about: &str) -> String {
    format!("// {about} Generated from the Rust crate in sdk/protocol: change it there.\n")
}

fn render_names() -> String {
    let mut text = head("The events' names.") + "\n";
    for (name, value) in NAMES {
        writeln!(text, "export const {name} = \"{value}\";").unwrap();
    }
    text
}

fn render(module: &Module) -> String {
    let mut text = head(module.about) + module.imports;
    for declare in module.types {
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

const MODULES: &[Module] = &[
    Module {
        name: "common",
        about: "What the other wire types are made of.",
        imports: "",
        types: &[
            declare::<True>,
            declare::<False>,
            declare::<State>,
            declare::<Json>,
        ],
    },
    Module {
        name: "presence",
        about: "The wire types of presence, and of a server that goes away.",
        imports: "import type { State, True } from \"./common.js\";\n",
        types: &[
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
        ],
    },
    Module {
        name: "chat",
        about: "The wire types of chat.",
        imports: "import type { Json, True } from \"./common.js\";\n",
        types: &[
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
        ],
    },
    Module {
        name: "auth",
        about: "The wire types of identity.",
        imports: "import type { True } from \"./common.js\";\n",
        types: &[declare::<AuthRefreshRequest>, declare::<AuthRefreshReply>],
    },
    Module {
        name: "errors",
        about: "Why something was refused.",
        imports: "import type { False } from \"./common.js\";\n",
        types: &[
            declare::<ErrorCode>,
            declare::<ErrorReply>,
            declare::<Limit>,
            declare::<ConnectRefusal>,
        ],
    },
];

fn declare<T: TS>(text: &mut String) {
    // Every integer on the wire is below 2^53.
    let config = Config::new().with_large_int("number");
    let docs = T::docs().unwrap_or_default();
    write!(text, "\n{docs}export {}\n", T::decl(&config)).unwrap();
}
