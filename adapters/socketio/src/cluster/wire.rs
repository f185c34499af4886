//! What nodes send each other, as bytes. Numbers are big-endian, texts and lists carry their
//! length. A message of another [`FORMAT`] is nobody's: nodes of two formats do not hear each other.

mod reader;
mod writer;

use std::time::Duration;

use bytes::Bytes;
use socketioxide::AckError;
use socketioxide_core::adapter::{BroadcastOptions, Room};
use socketioxide_core::{Sid, Uid, Value};

use reader::Reader;
use writer::Writer;

/// The number of this format.
pub(super) const FORMAT: u8 = 1;

/// Bytes of one message. A larger one stays on its node.
pub(super) const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Where a message's number stands. It is given last, when the message takes its place in the
/// order.
const NUMBER_AT: usize = 1 + 16;

/// A message that is written but for its number.
pub(super) struct Draft(Vec<u8>);

/// What is known of a message before its body is read.
#[derive(Debug, PartialEq)]
pub(super) struct Head {
    /// The node that sent it.
    pub(super) sender: Uid,
    /// Rises with each message of the sender.
    pub(super) number: u64,
    /// The channels that it was sent to, if there are several.
    pub(super) copies: Vec<String>,
    /// The question that it is, or answers.
    pub(super) question: Option<u64>,
    kind: Kind,
}

impl Head {
    /// Whether it wants an answer.
    pub(super) fn asks(&self) -> bool {
        matches!(self.kind, Kind::AskAcks | Kind::AskSockets | Kind::AskRooms)
    }
}

/// What a message is about.
#[derive(Debug)]
pub(super) enum Body {
    /// Nothing: it was sent to see whom it reaches.
    Ping,
    /// Do something with sockets.
    Do(BroadcastOptions, Action),
    /// Tell something of sockets.
    Ask(BroadcastOptions, Question),
    /// An answer, and whether it is this node's last one.
    Answer(Found, bool),
}

/// What to do with sockets.
#[derive(Debug)]
pub(super) enum Action {
    Emit(Value),
    Join(Vec<Room>),
    Leave(Vec<Room>),
    Disconnect,
}

/// What to tell of sockets.
#[derive(Debug)]
pub(super) enum Question {
    /// What they answer to an event, within a time.
    Acks(Value, Duration),
    /// Which they are.
    Sockets,
    /// Which rooms they are in.
    Rooms,
}

/// What there is to tell.
#[derive(Debug)]
pub(super) enum Found {
    Acks(Vec<(Sid, Result<Value, AckError>)>),
    Sockets(Vec<Sid>),
    Rooms(Vec<Room>),
}

/// The bytes are no message of this format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ping = 0,
    Emit = 1,
    Join = 2,
    Leave = 3,
    Disconnect = 4,
    AskAcks = 5,
    AskSockets = 6,
    AskRooms = 7,
    FoundAcks = 8,
    FoundSockets = 9,
    FoundRooms = 10,
}

/// Every kind, by its number.
const KINDS: [Kind; 11] = [
    Kind::Ping,
    Kind::Emit,
    Kind::Join,
    Kind::Leave,
    Kind::Disconnect,
    Kind::AskAcks,
    Kind::AskSockets,
    Kind::AskRooms,
    Kind::FoundAcks,
    Kind::FoundSockets,
    Kind::FoundRooms,
];

impl Draft {
    /// Writes a message that goes to `channels`.
    pub(super) fn new(
        sender: Uid,
        channels: &[String],
        question: Option<u64>,
        body: &Body,
    ) -> Self {
        let mut out = Writer::default();
        out.byte(FORMAT);
        out.sid(*sender);
        out.long(0);
        out.byte(body.kind() as u8);
        out.long(question.unwrap_or_default());
        let copies = if channels.len() > 1 { channels } else { &[] };
        out.list(copies, |out, channel| out.text(channel));
        body.write(&mut out);
        Self(out.0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Gives it its number.
    pub(super) fn finish(mut self, number: u64) -> Bytes {
        self.0[NUMBER_AT..NUMBER_AT + 8].copy_from_slice(&number.to_be_bytes());
        self.0.into()
    }
}

/// Reads a message's head; the body is what is left.
pub(super) fn read_head(bytes: &[u8]) -> Result<(Head, &[u8]), Foreign> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(Foreign);
    }
    let mut from = Reader(bytes);
    if from.byte()? != FORMAT {
        return Err(Foreign);
    }
    let sender = from.uid()?;
    let number = from.long()?;
    let kind = *KINDS.get(usize::from(from.byte()?)).ok_or(Foreign)?;
    let question = Some(from.long()?).filter(|question| *question != 0);
    let copies = from.list(Reader::text)?;
    let head = Head {
        sender,
        number,
        copies,
        question,
        kind,
    };
    Ok((head, from.0))
}

/// Reads the body of the message that `head` began.
pub(super) fn read_body(head: &Head, bytes: &[u8]) -> Result<Body, Foreign> {
    let mut from = Reader(bytes);
    let body = match head.kind {
        Kind::Ping => Body::Ping,
        Kind::Emit => Body::Do(from.options()?, Action::Emit(from.value()?)),
        Kind::Join => Body::Do(from.options()?, Action::Join(from.list(Reader::room)?)),
        Kind::Leave => Body::Do(from.options()?, Action::Leave(from.list(Reader::room)?)),
        Kind::Disconnect => Body::Do(from.options()?, Action::Disconnect),
        Kind::AskAcks => {
            let (opts, within) = (from.options()?, Duration::from_millis(from.long()?));
            Body::Ask(opts, Question::Acks(from.value()?, within))
        }
        Kind::AskSockets => Body::Ask(from.options()?, Question::Sockets),
        Kind::AskRooms => Body::Ask(from.options()?, Question::Rooms),
        Kind::FoundAcks => {
            let last = from.flag()?;
            Body::Answer(Found::Acks(from.list(Reader::ack)?), last)
        }
        Kind::FoundSockets => {
            let last = from.flag()?;
            Body::Answer(Found::Sockets(from.list(Reader::sid)?), last)
        }
        Kind::FoundRooms => {
            let last = from.flag()?;
            Body::Answer(Found::Rooms(from.list(Reader::room)?), last)
        }
    };
    from.end()?;
    Ok(body)
}

impl Body {
    fn kind(&self) -> Kind {
        match self {
            Self::Ping => Kind::Ping,
            Self::Do(_, Action::Emit(_)) => Kind::Emit,
            Self::Do(_, Action::Join(_)) => Kind::Join,
            Self::Do(_, Action::Leave(_)) => Kind::Leave,
            Self::Do(_, Action::Disconnect) => Kind::Disconnect,
            Self::Ask(_, Question::Acks(..)) => Kind::AskAcks,
            Self::Ask(_, Question::Sockets) => Kind::AskSockets,
            Self::Ask(_, Question::Rooms) => Kind::AskRooms,
            Self::Answer(Found::Acks(_), _) => Kind::FoundAcks,
            Self::Answer(Found::Sockets(_), _) => Kind::FoundSockets,
            Self::Answer(Found::Rooms(_), _) => Kind::FoundRooms,
        }
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Self::Ping => {}
            Self::Do(opts, action) => {
                out.options(opts);
                match action {
                    Action::Emit(value) => out.value(value),
                    Action::Join(rooms) | Action::Leave(rooms) => {
                        out.list(rooms, |out, room| out.text(room));
                    }
                    Action::Disconnect => {}
                }
            }
            Self::Ask(opts, question) => {
                out.options(opts);
                if let Question::Acks(value, within) = question {
                    out.long(u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
                    out.value(value);
                }
            }
            Self::Answer(found, last) => {
                out.byte(u8::from(*last));
                match found {
                    Found::Acks(acks) => out.list(acks, Writer::ack),
                    Found::Sockets(sids) => out.list(sids, |out, sid| out.sid(*sid)),
                    Found::Rooms(rooms) => out.list(rooms, |out, room| out.text(room)),
                }
            }
        }
    }
}

/// What an acknowledgement is, on the wire. An answer that cannot be decoded is found out where
/// it is asked for, so here a socket only answers, or does not.
mod ack {
    pub(super) const ANSWERED: u8 = 0;
    pub(super) const TIMEOUT: u8 = 1;
    pub(super) const CLOSED: u8 = 2;
    pub(super) const QUEUE_FULL: u8 = 3;
}

/// What a payload is, on the wire.
mod value {
    pub(super) const TEXT: u8 = 0;
    pub(super) const TEXT_AND_ATTACHMENTS: u8 = 1;
    pub(super) const BYTES: u8 = 2;
}

#[cfg(test)]
mod tests;
