//! The transport's own reader, given a client's bytes as they are and in fragments.

use std::io::{Read, Write};
use std::mem::discriminant;

use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};

use super::*;
use crate::stream::head::{BINARY, CONTINUATION, TEXT};

const PING: u8 = 9;
const LARGEST: usize = 20_000;

/// A client's bytes, of which so many are there at a time.
struct Client<'a> {
    bytes: &'a [u8],
    cut: usize,
}

impl Read for Client<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let step = self.cut.min(buf.len());
        self.bytes.read(&mut buf[..step])
    }
}

/// The same through what is tested.
struct Through<'a> {
    client: Client<'a>,
    frames: Frames,
    messages: Messages,
    /// Every second time, nothing has come yet.
    is_there: bool,
    takes_pongs: bool,
    handed_on: Vec<u8>,
}

impl<'a> Through<'a> {
    fn new(bytes: &'a [u8], cut: usize) -> Self {
        Self {
            client: Client { bytes, cut },
            frames: Frames::new(LARGEST),
            messages: Messages::default(),
            is_there: false,
            takes_pongs: false,
            handed_on: Vec::new(),
        }
    }
}

impl Read for Through<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        let read = self.frames.poll_read(
            &mut buf,
            &mut self.messages,
            || self.takes_pongs,
            |_, part| {
                self.is_there = !self.is_there;
                if !self.is_there {
                    return Poll::Pending;
                }
                let read = self.client.read(part.initialize_unfilled()).unwrap();
                part.advance(read);
                Poll::Ready(Ok(()))
            },
        );
        match read {
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
            Poll::Ready(read) => {
                read?;
                self.handed_on.extend(buf.filled());
                Ok(buf.filled().len())
            }
        }
    }
}

/// Whoever reads answers pings.
macro_rules! swallows_what_is_written {
    ($($reader:ident),*) => {$(
        impl Write for $reader<'_> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    )*};
}
swallows_what_is_written!(Client, Through);

/// What the transport understands of it, and why it reads no further.
fn understood(stream: impl Read + Write, read_buffer: usize) -> (Vec<Message>, Error) {
    let config = WebSocketConfig::default()
        .read_buffer_size(read_buffer)
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST));
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, Some(config));
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => messages.push(message),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return (messages, error),
        }
    }
}

/// A frame as a client may write it, if it wants to with wrong bits.
#[derive(Debug, Clone)]
struct Sent {
    first: u8,
    mask: Option<[u8; 4]>,
    payload: Vec<u8>,
    /// What its head says of the length, if not the truth.
    claim: Option<u64>,
}

impl Sent {
    fn bytes(&self) -> Vec<u8> {
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![self.first];
        match self.claim.unwrap_or(self.payload.len() as u64) {
            length @ 0..126 => bytes.push(masked | length as u8),
            length @ 126..65_536 => {
                bytes.push(masked | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                bytes.push(masked | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        bytes.extend(self.mask.iter().flatten());
        let mask = self.mask.unwrap_or_default();
        let masked = self.payload.iter().zip(mask.iter().cycle());
        bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

fn sent(first: u8, payload: Vec<u8>) -> impl Strategy<Value = Sent> {
    any::<[u8; 4]>().prop_map(move |mask| Sent {
        first,
        mask: Some(mask),
        payload: payload.clone(),
        claim: None,
    })
}

fn length() -> impl Strategy<Value = usize> {
    let fragment = FRAGMENT as usize;
    prop_oneof![
        3 => 0..300_usize,
        1 => fragment - 10..fragment + 10,
        1 => 2 * fragment - 10..2 * fragment + 10,
        1 => 0..=LARGEST,
        1 => LARGEST - 10..=LARGEST,
    ]
}

/// The answer to a ping of Engine.IO, and what is as short.
fn short() -> impl Strategy<Value = Sent> {
    prop_oneof![Just(b'3'), Just(b'2'), Just(b'5')]
        .prop_flat_map(|byte| sent(0x80 | TEXT, vec![byte]))
}

/// A message in one frame or two, with a ping between.
fn message() -> impl Strategy<Value = Vec<Sent>> {
    let text = length().prop_map(|length| {
        // Characters of one to four bytes, so that fragments end within some.
        let text = "4é漢🦀".repeat(length / 10) + &"x".repeat(length % 10);
        (TEXT, text.into_bytes())
    });
    let binary = (length(), any::<u8>())
        .prop_map(|(length, step)| (BINARY, (0..length).map(|at| at as u8 ^ step).collect()));
    (
        prop_oneof![text, binary],
        any::<prop::sample::Index>(),
        any::<bool>(),
    )
        .prop_flat_map(
            |((opcode, payload), index, is_whole): ((u8, Vec<u8>), _, _)| {
                if is_whole {
                    return sent(0x80 | opcode, payload).prop_map(|it| vec![it]).boxed();
                }
                let (first, second) = payload.split_at(index.index(payload.len() + 1));
                let frames = (
                    sent(opcode, first.to_vec()),
                    sent(0x80 | PING, b"451-".to_vec()),
                    sent(0x80 | CONTINUATION, second.to_vec()),
                );
                frames.prop_map(|(a, b, c)| vec![a, b, c]).boxed()
            },
        )
}

/// What the transport refuses.
fn fault() -> impl Strategy<Value = Sent> {
    let frame = |first: u8, bytes: usize| Sent {
        first,
        mask: Some([7; 4]),
        payload: vec![b'x'; bytes],
        claim: None,
    };
    (0..7_usize, length()).prop_map(move |(kind, bytes)| match kind {
        0 => Sent {
            mask: None,
            ..frame(0x80 | TEXT, bytes)
        },
        1 => frame(0x80 | 0x40 | TEXT, bytes),
        2 => frame(0x80 | 3, bytes),
        3 => frame(0x80 | CONTINUATION, bytes),
        4 => frame(PING, bytes),
        5 => Sent {
            claim: Some(LARGEST as u64 + 1),
            ..frame(0x80 | TEXT, 0)
        },
        _ => Sent {
            claim: Some(u64::MAX),
            ..frame(0x80 | BINARY, 0)
        },
    })
}

proptest! {
    #[test]
    fn the_transport_understands_the_same(
        messages in prop::collection::vec(prop_oneof![message(), short().prop_map(|it| vec![it])], 0..6),
        fault in prop::option::of(fault()),
        cut in prop_oneof![1..20_usize, 1..5_000_usize, Just(usize::MAX)],
        read_buffer in prop_oneof![Just(64_usize), Just(512), Just(20_000)],
    ) {
        let frames = messages.iter().flatten().chain(&fault);
        let bytes = frames.flat_map(Sent::bytes).collect::<Vec<_>>();
        let (expected, expected_end) = understood(Client { bytes: &bytes, cut }, read_buffer);
        let mut through = Through::new(&bytes, cut);
        let (found, end) = understood(&mut through, read_buffer);
        prop_assert_eq!(found, expected);
        prop_assert_eq!(discriminant(&end), discriminant(&expected_end), "{} {}", end, expected_end);
    }

    #[test]
    fn no_part_of_a_message_is_larger_than_a_fragment(
        messages in prop::collection::vec(message(), 1..4),
        cut in 1..5_000_usize,
    ) {
        let bytes = messages.iter().flatten().flat_map(Sent::bytes).collect::<Vec<_>>();
        let mut through = Through::new(&bytes, cut);
        understood(&mut through, 512);
        let mut rest = &through.handed_on[..];
        while let Some((head, len)) = Head::parse(rest) {
            prop_assert!(head.payload <= FRAGMENT);
            rest = &rest[len + head.payload as usize..];
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn answers_to_pings_are_kept_from_the_transport_and_nothing_else(
        messages in prop::collection::vec(
            prop_oneof![1 => message(), 3 => short().prop_map(|it| vec![it])],
            0..10,
        ),
        cut in prop_oneof![3 => 1..20_usize, 1 => Just(usize::MAX)],
        read_buffer in prop_oneof![Just(64_usize), Just(512)],
    ) {
        let bytes = messages.iter().flatten().flat_map(Sent::bytes).collect::<Vec<_>>();
        let (mut expected, expected_end) = understood(Client { bytes: &bytes, cut }, read_buffer);
        expected.retain(|message| *message != Message::text("3"));
        let mut through = Through { takes_pongs: true, ..Through::new(&bytes, cut) };
        let (found, end) = understood(&mut through, read_buffer);
        prop_assert_eq!(found, expected);
        prop_assert_eq!(discriminant(&end), discriminant(&expected_end), "{} {}", end, expected_end);
    }
}
