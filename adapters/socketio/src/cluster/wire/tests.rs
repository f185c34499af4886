//! Every message survives the way; nothing that arrives does harm.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;
use socketioxide::SocketError;
use socketioxide_core::adapter::BroadcastFlags;

use super::*;

/// What is written is read again, and nothing that was not written.
fn survives(channels: &[String], question: Option<u64>, number: u64, body: &Body) {
    let sender = Uid::new();
    let bytes = Draft::new(sender, channels, question, body).finish(number);
    let (head, rest) = read_head(&bytes).expect("it is a message");
    assert_eq!((head.sender, head.number), (sender, number));
    assert_eq!(head.question, question);
    let copies = if channels.len() > 1 { channels } else { &[] };
    assert_eq!(head.copies, copies);
    assert_eq!(head.asks(), matches!(body, Body::Ask(..)));
    let read = read_body(&head, rest).expect("it has a body");
    assert_eq!(format!("{read:?}"), format!("{body:?}"));
    for cut in 0..bytes.len() {
        let whole = read_head(&bytes[..cut]).and_then(|(head, rest)| read_body(&head, rest));
        assert!(whole.is_err(), "{cut} of {} bytes are enough", bytes.len());
    }
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn rooms() -> impl Strategy<Value = Vec<Room>> {
    vec(text().prop_map(Room::from), 0..4)
}

fn sid() -> impl Strategy<Value = Sid> {
    "[A-Za-z0-9_-]{16}".prop_map(|text| text.parse().expect("it is an id"))
}

fn options() -> impl Strategy<Value = BroadcastOptions> {
    let flags = (any::<bool>(), any::<bool>());
    (rooms(), rooms(), proptest::option::of(sid()), flags).prop_map(
        |(rooms, except, sid, (broadcast, volatile))| {
            let mut opts = BroadcastOptions::default();
            (opts.rooms, opts.except, opts.sid) = (rooms.into(), except.into(), sid);
            if broadcast {
                opts.add_flag(BroadcastFlags::Broadcast);
            }
            if volatile {
                opts.add_flag(BroadcastFlags::Volatile);
            }
            opts
        },
    )
}

fn payload() -> impl Strategy<Value = Value> {
    let bytes = || vec(any::<u8>(), 0..20).prop_map(Bytes::from);
    let attachments = proptest::option::of(vec(bytes(), 0..3).prop_map(VecDeque::from));
    prop_oneof![
        (text(), attachments).prop_map(|(text, bytes)| Value::Str(text.into(), bytes)),
        bytes().prop_map(Value::Bytes),
    ]
}

fn answer() -> impl Strategy<Value = Result<Value, AckError>> {
    prop_oneof![
        payload().prop_map(Ok),
        Just(()).prop_map(|()| Err(AckError::Timeout)),
        Just(()).prop_map(|()| Err(AckError::Socket(SocketError::Closed))),
        Just(()).prop_map(|()| Err(AckError::Socket(SocketError::InternalChannelFull))),
    ]
}

fn body() -> impl Strategy<Value = Body> {
    let action = prop_oneof![
        payload().prop_map(Action::Emit),
        rooms().prop_map(Action::Join),
        rooms().prop_map(Action::Leave),
        Just(()).prop_map(|()| Action::Disconnect),
    ];
    let within = any::<u32>().prop_map(|ms| Duration::from_millis(ms.into()));
    let question = prop_oneof![
        (payload(), within).prop_map(|(payload, within)| Question::Acks(payload, within)),
        Just(()).prop_map(|()| Question::Sockets),
        Just(()).prop_map(|()| Question::Rooms),
    ];
    let found = prop_oneof![
        vec((sid(), answer()), 0..3).prop_map(Found::Acks),
        vec(sid(), 0..3).prop_map(Found::Sockets),
        rooms().prop_map(Found::Rooms),
    ];
    prop_oneof![
        Just(()).prop_map(|()| Body::Ping),
        (options(), action).prop_map(|(opts, action)| Body::Do(opts, action)),
        (options(), question).prop_map(|(opts, question)| Body::Ask(opts, question)),
        (found, any::<bool>()).prop_map(|(found, last)| Body::Answer(found, last)),
    ]
}

proptest! {
    #[test]
    fn every_message_survives_and_no_part_of_it_is_one(
        channels in vec(text(), 0..4),
        question in proptest::option::of(1..=u64::MAX),
        number in any::<u64>(),
        body in body(),
    ) {
        survives(&channels, question, number, &body);
    }

    #[test]
    fn garbage_does_no_harm(bytes in vec(any::<u8>(), 0..300)) {
        if let Ok((head, rest)) = read_head(&bytes) {
            let _ = read_body(&head, rest);
        }
    }

    #[test]
    fn a_message_with_wrong_bytes_does_no_harm(
        body in body(),
        wrong in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let bytes = Draft::new(Uid::new(), &["a".into(), "b".into()], Some(1), &body).finish(1);
        let mut bytes = bytes.to_vec();
        for (at, byte) in wrong {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok((head, rest)) = read_head(&bytes) {
            let _ = read_body(&head, rest);
        }
    }
}

#[test]
fn another_format_is_foreign() {
    let bytes = Draft::new(Uid::new(), &[], None, &Body::Ping).finish(1);
    let mut bytes = bytes.to_vec();
    assert!(read_head(&bytes).is_ok());
    bytes[0] = FORMAT + 1;
    assert_eq!(read_head(&bytes), Err(Foreign));
}

#[test]
fn a_message_that_is_too_large_is_foreign() {
    let payload = Value::Bytes(vec![0; MESSAGE_BYTES_MAX].into());
    let body = Body::Do(BroadcastOptions::default(), Action::Emit(payload));
    let bytes = Draft::new(Uid::new(), &[], None, &body).finish(1);
    assert_eq!(read_head(&bytes), Err(Foreign));
}

#[test]
fn a_list_that_claims_to_be_endless_is_foreign() {
    let found = Body::Answer(Found::Sockets(Vec::new()), true);
    let bytes = Draft::new(Uid::new(), &[], Some(1), &found).finish(1);
    let mut bytes = bytes.to_vec();
    let length = bytes.len() - 4;
    bytes[length..].copy_from_slice(&u32::MAX.to_be_bytes());
    let read = read_head(&bytes).and_then(|(head, rest)| read_body(&head, rest));
    assert!(matches!(read, Err(Foreign)));
}
