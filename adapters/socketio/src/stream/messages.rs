//! Follows the frames of a WebSocket in what is read, to know how much of a message has come, and
//! how much of a packet whose attachments have not all come.

use crate::attachments::{Held, Opening};

/// The largest head of a frame: two bytes, eight of length, four of mask.
const HEAD_MAX: usize = 14;

const TEXT: u8 = 1;
const BINARY: u8 = 2;

/// Where in its frames a stream is.
#[derive(Debug)]
pub(super) struct Messages {
    head: [u8; HEAD_MAX],
    head_len: u8,
    is_control: bool,
    is_last: bool,
    is_binary: bool,
    /// Payload of the frame that is still to come.
    left: u64,
    /// Of the unfinished message.
    bytes: u64,
    /// Of that message, if it is text.
    opening: Opening,
    /// What complete messages left with the transport.
    held: Held,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            head: [0; HEAD_MAX],
            head_len: 0,
            is_control: false,
            is_last: false,
            is_binary: false,
            left: 0,
            bytes: 0,
            opening: Opening::Empty,
            held: Held::default(),
        }
    }
}

impl Messages {
    /// More has come.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let here = self.left.min(bytes.len() as u64);
                let (payload, rest) = bytes.split_at(here as usize);
                if !self.is_control {
                    self.open(payload);
                    self.bytes += here;
                }
                self.left -= here;
                bytes = rest;
            } else {
                self.head[usize::from(self.head_len)] = bytes[0];
                self.head_len += 1;
                bytes = &bytes[1..];
                if usize::from(self.head_len) < self.head_needs() {
                    continue;
                }
                self.begin_frame();
            }
            if self.left == 0 && self.is_last && !self.is_control {
                self.complete();
            }
        }
    }

    /// What has come of an unfinished message, and of a packet that waits for attachments.
    pub(super) fn partial(&self) -> usize {
        let bytes = self.bytes.saturating_add(self.held.bytes());
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Whether the next byte begins a message, and the transport would take any.
    pub(super) fn is_between(&self) -> bool {
        self.left == 0 && self.head_len == 0 && self.bytes == 0 && !self.held.is_any()
    }

    /// Whether attachments were announced that have not all come.
    pub(super) fn announces(&self) -> bool {
        self.held.is_any() || matches!(self.opening, Opening::Announces(_))
    }

    /// Reads what the first bytes of a text message say.
    fn open(&mut self, payload: &[u8]) {
        if self.is_binary || self.opening.is_known() {
            return;
        }
        let mask = self.mask();
        let at = (self.payload_len() - self.left) as usize % mask.len();
        for (byte, mask) in payload.iter().zip(mask.iter().cycle().skip(at)) {
            if self.opening.is_known() {
                return;
            }
            self.opening = self.opening.then(byte ^ mask);
        }
    }

    fn complete(&mut self) {
        match self.is_binary {
            true => self.held.binary(self.bytes),
            false => self.held.text(self.opening, self.bytes),
        }
        self.bytes = 0;
        self.opening = Opening::Empty;
    }

    fn head_needs(&self) -> usize {
        if self.head_len < 2 {
            return 2;
        }
        let mask = if self.is_masked() { 4 } else { 0 };
        2 + self.length_bytes() + mask
    }

    /// Bytes of the head that hold the length, besides the first two.
    fn length_bytes(&self) -> usize {
        match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    fn is_masked(&self) -> bool {
        self.head[1] & 0x80 != 0
    }

    fn mask(&self) -> [u8; 4] {
        let at = 2 + self.length_bytes();
        match self.head.get(at..at + 4) {
            Some(&[a, b, c, d]) if self.is_masked() => [a, b, c, d],
            _ => [0; 4],
        }
    }

    fn payload_len(&self) -> u64 {
        match self.length_bytes() {
            0 => u64::from(self.head[1] & 0x7f),
            bytes => {
                let digits = self.head[2..2 + bytes].iter();
                digits.fold(0, |number, byte| number << 8 | u64::from(*byte))
            }
        }
    }

    /// The head is complete, and stays as long as its frame.
    fn begin_frame(&mut self) {
        self.left = self.payload_len();
        self.is_control = self.head[0] & 0x08 != 0;
        self.is_last = self.head[0] & 0x80 != 0;
        self.head_len = 0;
        // Other frames go on with what these begin.
        if let opcode @ (TEXT | BINARY) = self.head[0] & 0x0f {
            self.is_binary = opcode == BINARY;
            self.opening = Opening::Empty;
        }
    }
}

#[cfg(test)]
mod tests;
