//! Whatever a client sends: nothing panics, and what is taken keeps its text.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its functions too"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use rtm_protocol::decode::{self, DecodeLimits, Identity, MAX_ARGS};
use rtm_protocol::{ErrorReply, State};
use serde_json::value::RawValue;

proptest! {
    #[test]
    fn no_text_makes_a_decoder_panic(text in any_text()) {
        decode_all(&text);
    }

    #[test]
    fn no_json_makes_a_decoder_panic(json in any_json()) {
        decode_all(&json);
    }

    #[test]
    fn no_payload_with_known_fields_makes_a_decoder_panic(payload in near_payload()) {
        decode_all(&payload);
        decode_all(&format!("[\"presence:join\",{payload}]"));
    }

    #[test]
    fn a_split_packet_has_its_arguments_as_sent(
        name in ".*",
        args in prop::collection::vec(any_json(), 0..=MAX_ARGS),
    ) {
        let mut items = vec![serde_json::to_string(&name).unwrap()];
        items.extend(args.iter().cloned());
        let json = format!("[{}]", items.join(" , "));
        let packet = decode::split_event(&json).unwrap();
        prop_assert_eq!(packet.name, name);
        let texts: Vec<_> = packet.args.iter().map(|arg| arg.get()).collect();
        prop_assert_eq!(texts, args);
    }

    #[test]
    fn a_state_keeps_text_and_order(entries in prop::collection::vec((".*", any_json()), 0..8)) {
        let json = object(&entries);
        let state = State::parse(&json).unwrap();

        // The same by the definition: the last value, at the first place.
        let last: BTreeMap<&str, &str> =
            entries.iter().map(|(key, value)| (&**key, &**value)).collect();
        let mut expected: Vec<(&str, &str)> = Vec::new();
        for (key, _) in &entries {
            if expected.iter().all(|(seen, _)| seen != key) {
                expected.push((key, last[&**key]));
            }
        }
        let found: Vec<_> = state.iter().map(|(key, value)| (&**key, &**value)).collect();
        prop_assert_eq!(&found, &expected);

        let text = state.to_string();
        prop_assert_eq!(state.bytes(), text.len());
        prop_assert_eq!(&State::parse(&text).unwrap(), &state);
        prop_assert_eq!(&serde_json::from_str::<State>(&json).unwrap(), &state);
        prop_assert!(entries.len() != found.len() || text == json);
    }

    #[test]
    fn a_state_is_never_larger_than_its_limit(
        entries in prop::collection::vec((".{0,4}", any_json()), 0..8),
        limit in 0usize..64,
    ) {
        match State::parse_within(&object(&entries), limit) {
            Ok(state) => prop_assert!(state.to_string().len() <= limit),
            Err(_) => prop_assert!(object(&entries).len() > limit),
        }
    }

    #[test]
    fn depth_is_that_of_the_value((json, depth) in json_and_depth()) {
        prop_assert!(!decode::exceeds_depth(&json, depth));
        prop_assert!(depth == 0 || decode::exceeds_depth(&json, depth - 1));
    }

    #[test]
    fn epochs_are_integers_below_two_to_the_53rd(number in any::<i128>(), fraction in 0u8..3) {
        let json = match fraction {
            0 => format!("{{\"epoch\":{number}}}"),
            1 => format!("{{\"epoch\":\"{number}\"}}"),
            _ => format!("{{\"epoch\":{number}.5}}"),
        };
        let payload = RawValue::from_string(json).unwrap();
        let heartbeat = decode::heartbeat(Some(&payload), &DecodeLimits::default());
        let good = fraction < 2 && (0..1 << 53).contains(&number);
        prop_assert_eq!(heartbeat.is_ok(), good);
    }
}

/// Every decoder on one text; whatever is refused can be answered.
fn decode_all(text: &str) {
    for depth in [0, 1, decode::DEPTH_MAX] {
        decode::exceeds_depth(text, depth);
    }
    if let Ok(packet) = decode::split_event(text) {
        for arg in packet.args {
            decode_payload(Some(arg));
        }
    }
    _ = State::parse(text);
    decode_payload(serde_json::from_str(text).ok());
}

fn decode_payload(payload: Option<&RawValue>) {
    let small = DecodeLimits {
        id_bytes_max: 2,
        state_bytes_max: 9,
    };
    for limits in [small, DecodeLimits::default()] {
        for identity in [Identity::Payload, Identity::Token] {
            answer(decode::join(payload, identity, &limits));
        }
        answer(decode::heartbeat(payload, &limits));
        answer(decode::leave(payload, &limits));
        answer(decode::sync(payload, &limits));
    }
}

fn answer<T>(decoded: Result<T, decode::Refusal>) {
    if let Err(refusal) = decoded {
        let reply = serde_json::to_string(&ErrorReply::from(refusal)).unwrap();
        assert!(reply.starts_with(r#"{"ok":false,"error":""#), "{reply}");
    }
}

/// Texts of JSON's own characters come near to something more often than texts of any.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r#"[\[\]{}",:\\u0-9dD8nulltruefalse \n\x00.eE+-]{0,64}"#,
        r#"\["(\\u[dD][89a-f][0-9a-f]{2}|[a-z]|\\.){0,4}"(,[0-9]){0,10}\]?"#,
    ]
}

fn any_json() -> impl Strategy<Value = String> {
    json_and_depth().prop_map(|(json, _)| json)
}

/// JSON as text, with numbers that no type holds, escapes in any spelling and free whitespace, and
/// how deeply it is nested.
fn json_and_depth() -> impl Strategy<Value = (String, usize)> {
    let string = r#""([ -!#-\[\]-~é🦀]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,8}""#;
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?",
        string,
    ];
    let leaf = leaf.prop_map(|json| (json, 0));
    leaf.prop_recursive(4, 32, 4, move |inner| {
        let member = (string, inner.clone());
        let member = member.prop_map(|(key, (value, depth))| (format!("{key} :{value}"), depth));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| enclosed("[", items, "]")),
            prop::collection::vec(member, 0..4).prop_map(|items| enclosed("{", items, "}")),
        ]
    })
}

fn enclosed(open: &str, items: Vec<(String, usize)>, close: &str) -> (String, usize) {
    let depth = items.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
    let items: Vec<_> = items.into_iter().map(|(json, _)| json).collect();
    (format!("{open}{}{close}", items.join(", ")), depth + 1)
}

/// An object with the fields that the decoders look at, of any value.
fn near_payload() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "roomId",
        "userId",
        "state",
        "patchState",
        "epoch",
        "resume",
        "connId",
        "key",
    ]);
    let value = prop_oneof![
        any_json(),
        Just("\"r\"".to_owned()),
        Just("{}".to_owned()),
        Just(r#"{"connId":"c","key":"k","epoch":1}"#.to_owned()),
    ];
    prop::collection::vec((name, value), 0..10).prop_map(|entries| object(&entries))
}

fn object(entries: &[(impl AsRef<str>, String)]) -> String {
    let members = entries.iter().map(|(key, value)| {
        let key = serde_json::to_string(key.as_ref()).unwrap();
        format!("{key}:{value}")
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}
