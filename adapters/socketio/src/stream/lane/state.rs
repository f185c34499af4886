//! What a lane knows of its stream.

use bytes::Bytes;
use rtm_domain::time::Moment;

use crate::limits::Limits;
use crate::open_packet;
use crate::packet;
use crate::stream::outgoing::Outgoing;
use crate::stream::pace::Pace;
use crate::stream::read_ahead::ReadAhead;
use crate::stream::written::{Written, frames};

/// How the [marker](super::MARKER)'s payload begins.
const MARKER_PAYLOAD: &[u8] = b"42[\"rtm:change-over\"";

/// Bytes that may wait before the transport has to.
const TRANSPORT_AHEAD_BYTES: usize = 64 * 1024;

pub(super) struct State {
    pub(super) outgoing: Outgoing,
    pub(super) read_ahead: ReadAhead,
    pub(super) pace: Pace,
    /// Whether a round is going to write it at its end, and whether it will when its turn comes.
    pub(super) is_prompt: bool,
    pub(super) is_in_turn: bool,
    /// When it may have a turn again.
    pub(super) next_turn: Moment,
    /// Whether a task waits for the peer to take more.
    pub(super) is_draining: bool,
    /// Whether the peer has taken something since somebody looked.
    pub(super) is_moving: bool,
    /// Whether the client has answered the last ping.
    pub(super) is_answered: bool,
    /// Messages of the transport, up to two.
    messages: u8,
    /// Attachments that the transport has still to write before anything else may be.
    attachments_left: u32,
}

impl State {
    /// Of a stream on which one message may have `message_bytes_max`.
    pub(super) fn new(message_bytes_max: usize) -> Self {
        Self {
            outgoing: Outgoing::default(),
            read_ahead: ReadAhead::new(message_bytes_max),
            pace: Pace::default(),
            is_prompt: false,
            is_in_turn: false,
            next_turn: Moment(0),
            is_draining: false,
            is_moving: false,
            is_answered: false,
            messages: 0,
            attachments_left: 0,
        }
    }

    /// Whether the transport's writer has written something.
    pub(super) fn is_past_handshake(&self) -> bool {
        self.messages > 1
    }

    /// Whether the transport has to wait.
    pub(super) fn is_far_behind(&self) -> bool {
        self.outgoing.bytes() > TRANSPORT_AHEAD_BYTES && !self.outgoing.is_idle()
    }

    /// Takes what the transport writes.
    pub(super) fn take(&mut self, bytes: &[u8], limits: &Limits) {
        let was_complete = self.attachments_left == 0;
        for written in frames(bytes) {
            if self.outgoing.is_held() && written.payload.starts_with(MARKER_PAYLOAD) {
                self.outgoing.release();
                continue;
            }
            self.outgoing.push_ahead(self.frame(&written, limits));
            if written.is_message() {
                self.messages = self.messages.saturating_add(1);
            }
            self.attachments_left = written.attachments_left(self.attachments_left);
        }
        match (was_complete, self.attachments_left == 0) {
            (true, false) => self.outgoing.hold(),
            (false, true) => self.outgoing.release(),
            (true, true) | (false, false) => {}
        }
    }

    /// A frame of the transport as the client gets it.
    fn frame(&self, written: &Written<'_>, limits: &Limits) -> Bytes {
        let opens = self.messages == 0 && written.is_message();
        opens
            .then(|| open_packet::for_clients(written.payload, limits))
            .flatten()
            .map_or_else(
                || Bytes::copy_from_slice(written.frame),
                |open| packet::text(&open),
            )
    }
}
