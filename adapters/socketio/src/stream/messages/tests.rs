//! Messages in frames, cut anywhere, and packets that wait for their attachments.

use std::ops::Deref;
use std::task::Poll;

use proptest::prelude::*;
use tokio::io::ReadBuf;

use super::*;
use crate::limits::Limits;
use crate::stream::frames::Frames;

const PING: u8 = 9;
const MASK: [u8; 4] = [0x5a, 0xff, 0x13, 0x80];

fn frame(opcode: u8, is_last: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![opcode | if is_last { 0x80 } else { 0 }];
    match payload.len() {
        bytes @ 0..126 => frame.push(0x80 | bytes as u8),
        bytes @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((bytes as u16).to_be_bytes());
        }
        bytes => {
            frame.push(0x80 | 127);
            frame.extend((bytes as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    frame
}

/// A stream's messages, as they are read.
struct Reading {
    frames: Frames,
    messages: Messages,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            frames: Frames::new(1_000_000),
            messages: Messages::default(),
        }
    }
}

impl Reading {
    fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let mut buf = [0; 512];
            let mut buf = ReadBuf::new(&mut buf);
            let more = |_, part: &mut ReadBuf<'_>| {
                let here = part.remaining().min(bytes.len());
                if here == 0 {
                    return Poll::Pending;
                }
                part.put_slice(&bytes[..here]);
                bytes = &bytes[here..];
                Poll::Ready(Ok(()))
            };
            let _ = self
                .frames
                .poll_read(&mut buf, &mut self.messages, || false, more);
        }
    }
}

impl Deref for Reading {
    type Target = Messages;

    fn deref(&self) -> &Messages {
        &self.messages
    }
}

fn of(opcode: u8, is_last: bool, bytes: usize) -> Vec<u8> {
    frame(opcode, is_last, &vec![b'x'; bytes])
}

#[test]
fn an_unfinished_message_counts_until_its_last_frame_is_complete() {
    let mut messages = Reading::default();
    messages.read(&of(TEXT, true, 5));
    assert_eq!(messages.partial(), 0);
    messages.read(&of(TEXT, false, 300));
    assert_eq!(messages.partial(), 300);
    messages.read(&of(PING, true, 100));
    assert_eq!(messages.partial(), 300);
    let last = of(0, true, 70_000);
    messages.read(&last[..last.len() - 1]);
    assert_eq!(messages.partial(), 300 + 70_000 - 1);
    messages.read(&last[last.len() - 1..]);
    assert_eq!(messages.partial(), 0);
    messages.read(&of(TEXT, false, 3));
    messages.read(&of(0, true, 0));
    assert_eq!(messages.partial(), 0);
}

#[test]
fn a_packet_counts_until_its_last_attachment_is_complete() {
    let mut messages = Reading::default();
    messages.read(&frame(TEXT, false, b"45"));
    assert!(!messages.announces());
    messages.read(&frame(PING, true, b"9-"));
    messages.read(&frame(0, false, b"2-"));
    assert!(messages.announces() && !messages.is_between());
    messages.read(&frame(0, true, b"[]"));
    messages.read(&of(BINARY, true, 300));
    messages.read(&frame(TEXT, true, b"3"));
    assert_eq!(messages.partial(), 6 + 300);
    assert!(messages.announces() && !messages.is_between());
    messages.read(&of(BINARY, false, 50));
    assert_eq!(messages.partial(), 6 + 300 + 50);
    messages.read(&of(0, true, 0));
    assert_eq!(messages.partial(), 0);
    assert!(!messages.announces() && messages.is_between());
}

#[test]
fn what_was_polled_counts_from_the_first_packet_until_its_last_attachment() {
    let mut polled = Held::default();
    polled.text(Opening::of(b"452-[]"), 6);
    polled.binary(300);
    let mut messages = Reading {
        messages: Messages::after(Box::new(move || polled)),
        ..Reading::default()
    };
    messages.read(&frame(TEXT, true, b"2probe"));
    messages.read(&frame(TEXT, true, b"5"));
    assert_eq!(messages.partial(), 0);
    messages.read(&of(BINARY, false, 50));
    messages.read(&of(0, true, 0));
    assert!(!messages.announces());
    assert_eq!(messages.partial(), 0);
    messages.read(&of(BINARY, true, 50));
    assert_eq!(messages.partial(), 50, "nobody announced it");
}

#[test]
fn too_long_a_name_of_a_namespace_is_noticed_and_not_forgotten() {
    let max = Limits::NAMESPACE_BYTES_MAX;
    for (bytes, is_too_much) in [(max, false), (max + 1, true)] {
        let name = format!("40/{}", "n".repeat(bytes));
        let (first, second) = name.split_at(100);
        let mut messages = Reading::default();
        messages.read(&frame(TEXT, false, first.as_bytes()));
        messages.read(&frame(PING, true, b"40/x"));
        assert!(!messages.is_forbidden());
        messages.read(&frame(0, true, second.as_bytes()));
        messages.read(&frame(TEXT, true, b"3"));
        assert_eq!(messages.is_forbidden(), is_too_much, "{bytes}");
    }
}

#[derive(Debug, Clone)]
struct Message {
    is_binary: bool,
    payload: Vec<u8>,
}

fn message() -> impl Strategy<Value = Message> {
    let text = prop_oneof![
        "4[56][0-3]{1,3}-.{0,99}",
        "4[2-6]?[0-9]{0,3}-?.{0,99}",
        "[0-9].{0,9}"
    ];
    let text = text.prop_map(|text| (false, text.into_bytes()));
    let binary = prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| (true, bytes));
    prop_oneof![text, binary].prop_map(|(is_binary, payload)| Message { is_binary, payload })
}

/// The message in frames of `part` bytes, each followed by a ping.
fn frames(message: &Message, part: usize) -> Vec<u8> {
    let mut frames = Vec::new();
    let mut opcode = if message.is_binary { BINARY } else { TEXT };
    for payload in message.payload.chunks(part) {
        frames.extend(frame(opcode, false, payload));
        frames.extend(frame(PING, true, b"451-"));
        opcode = 0;
    }
    frames.extend(frame(opcode, true, b""));
    frames
}

proptest! {
    #[test]
    fn it_does_not_matter_how_the_bytes_are_cut(
        messages in prop::collection::vec((message(), 1..200_usize), 1..20),
        cut in 1..50_usize,
    ) {
        let (mut whole, mut parts) = (Reading::default(), Reading::default());
        let mut held = Held::default();
        for (message, part) in &messages {
            let bytes = frames(message, *part);
            whole.read(&bytes);
            for part in bytes.chunks(cut) {
                parts.read(part);
            }
            let len = message.payload.len() as u64;
            match message.is_binary {
                true => held.binary(len),
                false => held.text(Opening::of(&message.payload), len),
            }
            for read in [&whole, &parts] {
                prop_assert_eq!(read.partial() as u64, held.bytes());
                prop_assert_eq!(read.is_between(), !held.is_any());
                prop_assert_eq!(read.announces(), held.is_any());
            }
        }
        // Of one that is not complete, all that has come counts besides.
        let unfinished = of(TEXT, false, 500);
        whole.read(&unfinished[..200]);
        for part in unfinished[..200].chunks(cut) {
            parts.read(part);
        }
        prop_assert_eq!(whole.partial(), parts.partial());
        prop_assert_eq!(whole.partial() as u64, held.bytes() + 200 - 8);
    }
}

#[test]
fn what_no_client_may_send_is_forbidden_from_its_head_on() {
    let large_ping = frame(PING, true, &[0; 126]);
    let mut unmasked = frame(TEXT, true, b"40");
    unmasked[1] &= 0x7f;
    for bytes in [&large_ping[..8], &unmasked[..2]] {
        let mut messages = Reading::default();
        messages.read(bytes);
        assert!(messages.is_forbidden(), "{bytes:?}");
    }
    let mut messages = Reading::default();
    messages.read(&frame(PING, true, &[0; 125]));
    assert!(!messages.is_forbidden());
}

#[test]
fn pings_fragments_of_nothing_and_further_requests_to_enter_are_chatter() {
    let mut messages = Reading::default();
    for (bytes, is_chatter) in [
        (frame(TEXT, true, b"40"), false),
        (frame(TEXT, true, b"42[\"event\"]"), false),
        (frame(PING, true, b""), true),
        (frame(TEXT, true, b"40/x,"), true),
        (frame(TEXT, false, b""), true),
        (frame(0, true, b"42[\"event\"]"), false),
    ] {
        messages.read(&bytes);
        assert_eq!(messages.messages.take_chatter(), is_chatter, "{bytes:?}");
    }
}

#[test]
fn a_message_that_has_begun_with_nothing_is_not_over() {
    let mut messages = Reading::default();
    messages.read(&frame(TEXT, false, b""));
    assert!(!messages.is_between());
    messages.read(&frame(0, true, b""));
    assert!(messages.is_between());
}
