//! What has come of a message, and of a packet whose attachments have not all come; and whether
//! what comes is forbidden, or mere chatter.

use crate::attachments::Held;
use crate::opening::Opening;
use crate::stream::head::{BINARY, Head, TEXT};

/// The whole answer to a ping of Engine.IO.
const PONG: u8 = b'3';

/// Tells what a session left with the transport while it polled.
pub(crate) type Polled = Box<dyn FnOnce() -> Held + Send>;

/// Where in its messages a stream is.
pub(super) struct Messages {
    is_control: bool,
    is_last: bool,
    is_binary: bool,
    /// Whether a message has begun and not ended.
    is_open: bool,
    /// Of the frame, from the next byte on.
    mask: [u8; 4],
    /// Of the unfinished message.
    bytes: u64,
    /// Of that message, if it is text.
    opening: Opening,
    is_forbidden: bool,
    /// Whether a frame came that is answered, or taken for nothing.
    has_chattered: bool,
    /// Whether a ping was answered, in more words than needed.
    has_answered: bool,
    /// Whether a message asked to enter a namespace.
    has_asked_to_enter: bool,
    /// What complete messages left with the transport.
    held: Held,
    /// What is to be added to that with the first packet of a session that has polled.
    polled: Option<Polled>,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            is_control: false,
            is_last: false,
            is_binary: false,
            is_open: false,
            mask: [0; 4],
            bytes: 0,
            opening: Opening::Empty,
            is_forbidden: false,
            has_chattered: false,
            has_answered: false,
            has_asked_to_enter: false,
            held: Held::default(),
            polled: None,
        }
    }
}

impl Messages {
    /// Of a session that has `polled`.
    pub(super) fn after(polled: Polled) -> Self {
        Self {
            polled: Some(polled),
            ..Self::default()
        }
    }

    /// A frame begins.
    pub(super) fn begin(&mut self, head: &Head) {
        self.is_control = head.is_control();
        self.is_last = head.is_last();
        self.mask = head.mask.unwrap_or_default();
        self.is_open |= !self.is_control;
        self.is_forbidden |= !head.is_allowed();
        self.has_chattered |= head.is_chatter();
        // Other frames go on with what these begin.
        if let opcode @ (TEXT | BINARY) = head.opcode() {
            self.is_binary = opcode == BINARY;
            self.opening = Opening::Empty;
        }
    }

    /// Whether a frame that begins with `head` and goes on with `payload` answers a ping.
    pub(super) fn is_pong(&self, head: &Head, payload: &[u8]) -> bool {
        let mask = head.mask.unwrap_or_default();
        let is_one = head.is_one_byte() && !self.is_open;
        is_one && payload.first().is_some_and(|byte| byte ^ mask[0] == PONG)
    }

    /// Some of its payload has come.
    pub(super) fn payload(&mut self, payload: &[u8]) {
        if !self.is_control {
            self.open(payload);
            self.bytes += payload.len() as u64;
        }
    }

    /// It has come whole.
    pub(super) fn end(&mut self) {
        if !self.is_last || self.is_control {
            return;
        }
        // Before its first packet it asks for the upgrade.
        if self.is_binary || !matches!(self.opening, Opening::Pong | Opening::Other) {
            self.held = self.polled.take().map_or(self.held, |polled| polled());
        }
        self.has_answered |= self.opening == Opening::Pong;
        match self.is_binary {
            true => self.held.binary(self.bytes),
            false => self.held.text(self.opening, self.bytes),
        }
        self.bytes = 0;
        self.opening = Opening::Empty;
        self.is_open = false;
    }

    /// What has come of an unfinished message, and of a packet that waits for attachments.
    pub(super) fn partial(&self) -> usize {
        let bytes = self.bytes.saturating_add(self.held.bytes());
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Whether the next frame begins a message, and the transport would take any.
    pub(super) fn is_between(&self) -> bool {
        !self.is_open && !self.held.is_any()
    }

    /// Whether attachments were announced that have not all come.
    pub(super) fn announces(&self) -> bool {
        self.held.is_any() || matches!(self.opening, Opening::Announces(_))
    }

    /// Whether something has begun that nobody sends who means well: a namespace by too long a
    /// name, or a frame that no client may send.
    pub(super) fn is_forbidden(&self) -> bool {
        self.is_forbidden
    }

    /// Whether something came, since this was asked last, that costs its answer and is no event:
    /// a ping, nothing at all, or a further request to enter a namespace.
    pub(super) fn take_chatter(&mut self) -> bool {
        std::mem::take(&mut self.has_chattered)
    }

    /// Whether a message, since this was asked last, answered a ping and was handed on.
    pub(super) fn take_answer(&mut self) -> bool {
        std::mem::take(&mut self.has_answered)
    }

    /// Reads what the first bytes of a text message say.
    fn open(&mut self, payload: &[u8]) {
        if self.is_binary || self.opening.is_known() {
            return;
        }
        for (byte, mask) in payload.iter().zip(self.mask.iter().cycle()) {
            if self.opening.is_known() {
                break;
            }
            self.opening = self.opening.then(byte ^ mask);
            if self.opening == Opening::Enters {
                self.has_chattered |= self.has_asked_to_enter;
                self.has_asked_to_enter = true;
            }
        }
        self.is_forbidden |= self.opening == Opening::NamesTooMuch;
        self.mask.rotate_left(payload.len() % 4);
    }
}

#[cfg(test)]
mod tests;
