//! Reads every file of `tests/wire` and compares what Rust makes of it, text by text.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its functions too"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rtm_protocol::decode::{self, BadRequest, DecodeLimits, Identity, Refusal};
use rtm_protocol::{
    AuthRefreshReply, AuthRefreshRequest, ChatHistoryReply, ChatHistoryRequest, ChatMessage,
    ChatRead, ChatReadReply, ChatReadRequest, ChatReceiptsReply, ChatReceiptsRequest,
    ChatSendReply, ChatSendRequest, ChatSinceReply, ChatSinceRequest, ChatTyping, ChatTypingReply,
    ChatTypingRequest, ConnectRefusal, Draining, ErrorReply, HeartbeatReply, HeartbeatRequest,
    JoinReply, JoinRequest, Key, LeaveReply, LeaveRequest, Limit, Lost, PresenceEvent, SelfEntry,
    SnapshotEntry, State, StateTexts, SyncReply, SyncRequest, WrittenJoinReply, WrittenSyncReply,
    read_ack,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

#[test]
fn every_fixture_is_read_and_written_as_it_says() {
    let mut files = fixture_files();
    for (name, check) in CHECKS {
        let text = files
            .remove(*name)
            .unwrap_or_else(|| panic!("{name} is missing"));
        let fixture: Fixture = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{name}: {error}");
        });
        assert!(!fixture.about.is_empty(), "{name} says nothing of itself");
        assert!(!fixture.valid.is_empty(), "{name} has no valid message");
        check(&fixture);
    }
    assert!(files.is_empty(), "no check for {:?}", files.keys());
}

#[test]
fn borrowed_types_write_the_same_text() {
    let event = fixture_file("presence-event.json");
    for Case { json, .. } in event.valid {
        let json = json.unwrap();
        let owned: PresenceEvent = serde_json::from_str(&json).unwrap();
        let borrowed = PresenceEvent {
            kind: owned.kind,
            room_id: owned.room_id.as_str(),
            user_id: owned.user_id.as_str(),
            conn_id: owned.conn_id.as_str(),
            state: owned
                .state
                .as_ref()
                .map(|state| StateTexts(|| state.iter())),
            ts: owned.ts,
            epoch: owned.epoch,
            version: owned.version,
            prev: owned.prev,
            reason: owned.reason,
        };
        assert_eq!(written(&borrowed), json);
    }
    let sync = fixture_file("presence-sync.reply.json");
    for Case { json, .. } in sync.valid {
        let json = json.unwrap();
        let owned: SyncReply = serde_json::from_str(&json).unwrap();
        let borrowed = SyncReply {
            ok: owned.ok,
            version: owned.version,
            snapshot: owned.snapshot.iter().map(borrow_entry).collect(),
        };
        assert_eq!(written(&borrowed), json);
        let around = WrittenSyncReply {
            ok: owned.ok,
            version: owned.version,
            snapshot: &to_raw_value(&owned.snapshot).unwrap(),
        };
        assert_eq!(written(&around), json);
    }
    let join = fixture_file("presence-join.reply.json");
    for Case { json, .. } in join.valid {
        let json = json.unwrap();
        let owned: JoinReply = serde_json::from_str(&json).unwrap();
        let around = WrittenJoinReply {
            ok: owned.ok,
            snapshot: &to_raw_value(&owned.snapshot).unwrap(),
            own: SelfEntry {
                conn_id: owned.own.conn_id.as_str(),
                epoch: owned.own.epoch,
                key: Key(owned.own.key.0.as_str()),
            },
            version: owned.version,
            ttl_ms: owned.ttl_ms,
        };
        assert_eq!(written(&around), json);
    }
}

type Check = fn(&Fixture);

/// Each file and what is to be true of it. A file that is not here fails the test.
const CHECKS: &[(&str, Check)] = &[
    ("auth-refresh.reply.json", is_reply::<AuthRefreshReply>),
    ("auth-refresh.request.json", |fixture| {
        is_request::<AuthRefreshRequest>(fixture, |_, payload| {
            let token = decode::auth_refresh(payload)?;
            Ok(written(&AuthRefreshRequest { token }))
        });
    }),
    ("chat-history.reply.json", is_reply::<ChatHistoryReply>),
    ("chat-history.request.json", |fixture| {
        is_request::<ChatHistoryRequest>(fixture, |case, payload| {
            Ok(written(&decode::chat_history(payload, &case.limits())?))
        });
    }),
    ("chat-message.json", round_trips::<ChatMessage>),
    ("chat-read.json", round_trips::<ChatRead>),
    ("chat-read.reply.json", is_reply::<ChatReadReply>),
    ("chat-read.request.json", |fixture| {
        is_request::<ChatReadRequest>(fixture, |case, payload| {
            Ok(written(&decode::chat_read(payload, &case.limits())?))
        });
    }),
    ("chat-receipts.reply.json", is_reply::<ChatReceiptsReply>),
    ("chat-receipts.request.json", |fixture| {
        is_request::<ChatReceiptsRequest>(fixture, |case, payload| {
            Ok(written(&decode::chat_receipts(payload, &case.limits())?))
        });
    }),
    ("chat-send.reply.json", is_reply::<ChatSendReply>),
    ("chat-send.request.json", |fixture| {
        is_request::<ChatSendRequest>(fixture, |case, payload| {
            let max = case.chat_bytes_max();
            Ok(written(&decode::chat_send(payload, &case.limits(), max)?))
        });
    }),
    ("chat-since.reply.json", is_reply::<ChatSinceReply>),
    ("chat-since.request.json", |fixture| {
        is_request::<ChatSinceRequest>(fixture, |case, payload| {
            Ok(written(&decode::chat_since(payload, &case.limits())?))
        });
    }),
    ("chat-typing.json", round_trips::<ChatTyping>),
    ("chat-typing.reply.json", is_reply::<ChatTypingReply>),
    ("chat-typing.request.json", |fixture| {
        is_request::<ChatTypingRequest>(fixture, |case, payload| {
            Ok(written(&decode::chat_typing(payload, &case.limits())?))
        });
    }),
    ("connect-error.json", round_trips::<ConnectRefusal>),
    ("error.reply.json", is_error_reply),
    ("event-packet.json", is_event_packet),
    ("presence-event.json", round_trips::<PresenceEvent>),
    ("presence-heartbeat.reply.json", is_reply::<HeartbeatReply>),
    ("presence-heartbeat.request.json", |fixture| {
        is_request::<HeartbeatRequest>(fixture, |case, payload| {
            Ok(written(&decode::heartbeat(payload, &case.limits())?))
        });
    }),
    ("presence-join.reply.json", is_reply::<JoinReply>),
    ("presence-join.request.json", |fixture| {
        is_request::<JoinRequest>(fixture, |case, payload| {
            let join = decode::join(payload, case.identity(), &case.limits())?;
            Ok(written(&join))
        });
    }),
    ("presence-leave.reply.json", is_reply::<LeaveReply>),
    ("presence-leave.request.json", |fixture| {
        is_request::<LeaveRequest>(fixture, |case, payload| {
            Ok(written(&decode::leave(payload, &case.limits())?))
        });
    }),
    ("presence-lost.json", round_trips::<Lost>),
    ("presence-sync.reply.json", is_reply::<SyncReply>),
    ("presence-sync.request.json", |fixture| {
        is_request::<SyncRequest>(fixture, |case, payload| {
            Ok(written(&decode::sync(payload, &case.limits())?))
        });
    }),
    ("server-draining.json", round_trips::<Draining>),
    ("state.json", is_state),
];

/// What the server or a client reads back from its own writing is the same text.
fn round_trips<T: Serialize + DeserializeOwned>(fixture: &Fixture) {
    for case in &fixture.valid {
        let value: T = serde_json::from_str(case.expected()).expect(&case.name);
        assert_eq!(written(&value), case.expected(), "{}", case.name);
    }
}

fn is_reply<T: Serialize + DeserializeOwned>(fixture: &Fixture) {
    round_trips::<T>(fixture);
    for case in &fixture.valid {
        let reply = read_ack::<T>(case.expected()).expect(&case.name);
        assert!(reply.is_ok(), "{}", case.name);
    }
}

fn is_error_reply(fixture: &Fixture) {
    round_trips::<ErrorReply>(fixture);
    for case in &fixture.valid {
        let reply = read_ack::<LeaveReply>(case.expected()).expect(&case.name);
        let error = reply.expect_err(&case.name);
        assert_eq!(error.retryable, error.code.retryable(), "{}", case.name);
    }
}

fn is_request<T: Serialize + DeserializeOwned>(
    fixture: &Fixture,
    decode: impl Fn(&Case, Option<&RawValue>) -> Result<String, Refusal>,
) {
    assert!(!fixture.invalid.is_empty());
    for case in &fixture.valid {
        let decoded = decode(case, case.payload().as_deref()).expect(&case.name);
        assert_eq!(decoded, case.expected(), "{}", case.name);
    }
    round_trips::<T>(fixture);
    for case in &fixture.invalid {
        match decode(case, case.payload().as_deref()) {
            Ok(decoded) => panic!("{}: taken as {decoded}", case.name),
            Err(refusal) => case.assert_refused(refusal.into()),
        }
    }
}

fn is_state(fixture: &Fixture) {
    round_trips::<State>(fixture);
    for case in &fixture.valid {
        let state = State::parse(case.json.as_ref().unwrap()).expect(&case.name);
        assert_eq!(state.to_string(), case.expected(), "{}", case.name);
        assert_eq!(Some(state.bytes()), case.bytes, "{}", case.name);
        assert_eq!(state.bytes(), case.expected().len(), "{}", case.name);
    }
    for case in &fixture.invalid {
        let state = case.json.as_ref().unwrap();
        assert!(State::parse(state).is_err(), "{}", case.name);
        let join = format!(r#"{{"roomId":"r","userId":"u","state":{state}}}"#);
        let join = RawValue::from_string(join).unwrap();
        let refusal = decode::join(Some(&join), Identity::Payload, &case.limits());
        case.assert_refused(refusal.expect_err(&case.name).into());
    }
}

fn is_event_packet(fixture: &Fixture) {
    for case in &fixture.valid {
        let packet = decode::split_event(case.json.as_ref().unwrap()).expect(&case.name);
        assert_eq!(Some(&*packet.name), case.event.as_deref(), "{}", case.name);
        let args: Vec<_> = packet.args.iter().map(|arg| arg.get()).collect();
        assert_eq!(Some(args), case.args(), "{}", case.name);
    }
    for case in &fixture.invalid {
        let bad: BadRequest =
            decode::split_event(case.json.as_ref().unwrap()).expect_err(&case.name);
        case.assert_refused(bad.into());
    }
}

fn borrow_entry(entry: &SnapshotEntry) -> SnapshotEntry<&str, impl Serialize> {
    SnapshotEntry {
        conn_id: &entry.conn_id,
        user_id: &entry.user_id,
        state: StateTexts(|| entry.state.iter()),
        last_seen_ms: entry.last_seen_ms,
        epoch: entry.epoch,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    about: String,
    valid: Vec<Case>,
    #[serde(default)]
    invalid: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    json: Option<String>,
    encoded: Option<String>,
    identity: Option<String>,
    #[serde(default)]
    limits: BTreeMap<String, usize>,
    code: Option<String>,
    field: Option<String>,
    limit: Option<Limit>,
    bytes: Option<usize>,
    event: Option<String>,
    args: Option<Vec<String>>,
}

impl Case {
    fn payload(&self) -> Option<Box<RawValue>> {
        let json = self.json.clone()?;
        Some(RawValue::from_string(json).expect(&self.name))
    }

    fn expected(&self) -> &str {
        let expected = self.encoded.as_ref().or(self.json.as_ref());
        expected.expect(&self.name)
    }

    fn args(&self) -> Option<Vec<&str>> {
        let args = self.args.as_ref()?;
        Some(args.iter().map(String::as_str).collect())
    }

    fn identity(&self) -> Identity {
        match self.identity.as_deref() {
            None => Identity::Payload,
            Some("token") => Identity::Token,
            Some(other) => panic!("{}: identity {other}", self.name),
        }
    }

    fn limits(&self) -> DecodeLimits {
        let mut limits = DecodeLimits::default();
        for (name, value) in &self.limits {
            match name.as_str() {
                "MAX_ID_BYTES" => limits.id_bytes_max = *value,
                "MAX_STATE_BYTES" => limits.state_bytes_max = *value,
                "MAX_CHAT_BYTES" => {}
                other => panic!("{}: limit {other}", self.name),
            }
        }
        limits
    }

    fn chat_bytes_max(&self) -> usize {
        self.limits.get("MAX_CHAT_BYTES").copied().unwrap_or(65_536)
    }

    fn assert_refused(&self, reply: ErrorReply) {
        let name = &self.name;
        assert_eq!(Some(reply.code.as_str()), self.code.as_deref(), "{name}");
        assert_eq!(reply.field, self.field, "{name}");
        assert_eq!(reply.limit, self.limit, "{name}");
    }
}

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

fn fixture_file(name: &str) -> Fixture {
    serde_json::from_str(&fixture_files()[name]).unwrap()
}

fn fixture_files() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/wire");
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name != "README.md" {
            files.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
    files
}
