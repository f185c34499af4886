//! The head of a WebSocket's frame, as a client writes it.

pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;

const PING: u8 = 9;
const PONG: u8 = 10;

/// The largest payload of a frame that belongs to no message (RFC 6455, 5.5).
const CONTROL_PAYLOAD_MAX: u64 = 125;

const LAST: u8 = 0x80;
const CONTROL: u8 = 0x08;
const MASKED: u8 = 0x80;

/// What a head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Whether the frame is the message's last, three reserved bits, and the opcode.
    first: u8,
    pub(super) mask: Option<[u8; 4]>,
    /// Bytes of payload that follow.
    pub(super) payload: u64,
}

impl Head {
    /// The head at the beginning of `bytes` and its own length, once it has come whole.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let [first, second, rest @ ..] = bytes else {
            return None;
        };
        let (payload, rest) = match second & !MASKED {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u16::from_be_bytes(*length).into(), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length), rest)
            }
            length => (length.into(), rest),
        };
        let (mask, rest) = match second & MASKED {
            0 => (None, rest),
            _ => rest
                .split_first_chunk()
                .map(|(mask, rest)| (Some(*mask), rest))?,
        };
        let head = Self {
            first: *first,
            mask,
            payload,
        };
        Some((head, bytes.len() - rest.len()))
    }

    pub(super) fn opcode(&self) -> u8 {
        self.first & 0x0f
    }

    /// The heads of the same message in fragments: of its first `payload` bytes, and of the rest.
    pub(super) fn split(self, payload: u64) -> (Self, Option<Self>) {
        if payload >= self.payload {
            return (self, None);
        }
        let first = Self {
            first: self.first & !LAST,
            payload,
            ..self
        };
        let rest = Self {
            first: self.first & LAST | CONTINUATION,
            payload: self.payload - payload,
            ..self
        };
        (first, Some(rest))
    }

    /// Writes it, as short as it can be.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        to.push(self.first);
        match self.payload {
            length @ 0..126 => to.push(masked | length as u8),
            length @ 126..65_536 => {
                to.push(masked | 126);
                to.extend((length as u16).to_be_bytes());
            }
            length => {
                to.push(masked | 127);
                to.extend(length.to_be_bytes());
            }
        }
        to.extend(self.mask.iter().flatten());
    }

    /// Whether it speaks of the WebSocket itself and belongs to no message.
    pub(super) fn is_control(&self) -> bool {
        self.first & CONTROL != 0
    }

    /// Whether a client may send its frame: masked, and short if it belongs to no message.
    pub(super) fn is_allowed(&self) -> bool {
        self.mask.is_some() && (!self.is_control() || self.payload <= CONTROL_PAYLOAD_MAX)
    }

    /// Whether its frame is a whole text of one byte.
    pub(super) fn is_one_byte(&self) -> bool {
        self.payload == 1 && self.first == LAST | TEXT && self.mask.is_some()
    }

    /// Whether its frame is answered, or taken for nothing: who means well sends few of these.
    pub(super) fn is_chatter(&self) -> bool {
        matches!(self.opcode(), PING | PONG) || (self.payload == 0 && !self.is_last())
    }

    /// Whether its frame is the message's last.
    pub(super) fn is_last(&self) -> bool {
        self.first & LAST != 0
    }
}
