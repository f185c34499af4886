//! What the wire costs: a packet read, a request decoded, an event and an answer written.

use std::hint::black_box;

use rtm_protocol::decode::{self, DEPTH_MAX, DecodeLimits, Identity, exceeds_depth, split_event};
use rtm_protocol::{
    EventKind, HeartbeatReply, JoinReply, Key, PresenceEvent, SelfEntry, SnapshotEntry, StateTexts,
    True,
};
use serde::Serialize;

use crate::Path;

const BEAT: &str = r#"["presence:heartbeat",{"roomId":"lobby"}]"#;
const PATCH: &str = r#"["presence:heartbeat",{"roomId":"lobby","epoch":1700000000000,"patchState":{"mood":"away","cursor":{"x":123,"y":456}}}]"#;
const JOIN: &str = r#"["presence:join",{"roomId":"lobby","userId":"ada","state":{"mood":"fine","cursor":{"x":1,"y":2},"name":"Ada Lovelace"}}]"#;
/// Entries of the snapshot in an answer to a join.
const ENTRIES: usize = 100;
const CONN: &str = "c-0123456789abcdef0123456789abcdef";
const TIME: u64 = 1_700_000_000_000;

/// The paths of `sdk/protocol`.
pub fn protocol() -> Vec<Path> {
    vec![
        Path::new("protocol: decode a plain heartbeat", || heartbeat(BEAT)),
        Path::new("protocol: decode a heartbeat with a patch", || {
            heartbeat(PATCH)
        }),
        Path::new("protocol: decode a join", join),
        depth(),
        encode_event(),
        encode_heartbeat_reply(),
        encode_join_reply(),
    ]
}

/// As the transport does with each packet: depth first, then split, then decoded.
fn heartbeat(packet: &'static str) -> bool {
    let packet = black_box(packet);
    if exceeds_depth(packet, DEPTH_MAX) {
        return false;
    }
    let event = split_event(packet).expect("it is an event");
    let payload = event.args.first().copied();
    decode::heartbeat(payload, &DecodeLimits::default()).is_ok()
}

fn join() -> bool {
    let packet = black_box(JOIN);
    if exceeds_depth(packet, DEPTH_MAX) {
        return false;
    }
    let event = split_event(packet).expect("it is an event");
    let (payload, limits) = (event.args.first().copied(), DecodeLimits::default());
    decode::join(payload, Identity::Payload, &limits).is_ok()
}

fn depth() -> Path {
    let entry = r#"{"id":"0123456789abcdef","at":[1,2,3]},"#;
    let text = format!("[\"e\",[{}0]]", entry.repeat(100));
    Path::new("protocol: depth of a message of 4 KB", move || {
        exceeds_depth(black_box(&text), DEPTH_MAX)
    })
}

fn encode_event() -> Path {
    Path::new("protocol: encode an event", || {
        json(&PresenceEvent {
            kind: EventKind::Update,
            room_id: black_box("lobby"),
            user_id: "ada",
            conn_id: CONN,
            state: Some(state()),
            ts: TIME,
            epoch: TIME,
            version: TIME + 1,
            prev: TIME,
            reason: None,
        })
    })
}

fn encode_heartbeat_reply() -> Path {
    Path::new("protocol: encode the answer to a heartbeat", || {
        json(&HeartbeatReply {
            ok: True,
            changed: black_box(false),
            epoch: TIME,
            version: None,
        })
    })
}

fn encode_join_reply() -> Path {
    Path::new("protocol: encode the answer to a join, 100 members", || {
        let entry = || SnapshotEntry {
            conn_id: CONN,
            user_id: black_box("ada"),
            state: state(),
            last_seen_ms: TIME,
            epoch: TIME,
        };
        json(&JoinReply {
            ok: True,
            snapshot: std::iter::repeat_with(entry).take(ENTRIES).collect(),
            own: SelfEntry {
                conn_id: CONN,
                epoch: TIME,
                key: Key("0123456789abcdef0123456789abcdef"),
            },
            version: TIME,
            ttl_ms: 30_000,
        })
    })
}

fn state() -> impl Serialize {
    StateTexts(|| {
        [
            ("mood", r#""away""#),
            ("cursor", r#"{"x":123,"y":456}"#),
            ("name", r#""Ada Lovelace""#),
        ]
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it is JSON")
}
