//! Follows the frames of a WebSocket in what is read, and hands large ones on in fragments. The
//! answer to a ping is not handed on, if somebody else takes it.
//!
//! The transport reads a whole frame into a buffer that never shrinks again and stays as long as
//! its stream. What comes in fragments it collects in one that leaves with the message.

use std::io;
use std::task::{Poll, ready};

use tokio::io::ReadBuf;

use crate::limits::Limits;
use crate::stream::head::Head;
use crate::stream::messages::Messages;

/// A mask has four bytes: a fragment of a multiple of them begins with the first.
const FRAGMENT: u64 = Limits::FRAGMENT_BYTES as u64;
const _: () = assert!(FRAGMENT.is_multiple_of(4));

/// Where in its frames a stream is.
#[derive(Debug)]
pub(super) struct Frames {
    /// Payload of a frame above which the transport refuses it.
    payload_max: u64,
    /// What has to stand before what is read next: a head's beginning, or all of it.
    lead: Vec<u8>,
    /// Payload still to come of the frame whose head the transport has got.
    left: u64,
    /// What is to follow as frames of its own.
    rest: Option<Head>,
}

impl Frames {
    /// Frames of up to `payload_max` bytes of payload.
    pub(super) fn new(payload_max: usize) -> Self {
        Self {
            payload_max: payload_max as u64,
            lead: Vec::new(),
            left: 0,
            rest: None,
        }
    }

    /// Reads what the client has sent by `more`, which is told whether that begins a message, and
    /// hands it on in `buf`. At the end it adds nothing, as `more` does. What `takes_pong` takes is
    /// not handed on.
    pub(super) fn poll_read(
        &mut self,
        buf: &mut ReadBuf<'_>,
        messages: &mut Messages,
        takes_pong: impl Fn() -> bool,
        mut more: impl FnMut(bool, &mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        loop {
            let lead = self.lead.len();
            let room = self.room().min(buf.remaining().saturating_sub(lead));
            if room == 0 {
                // The transport has room for the largest head wherever one may come.
                return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
            }
            let is_between = self.is_between() && messages.is_between();
            let bytes = buf.initialize_unfilled_to(lead + room);
            let mut part = ReadBuf::new(&mut bytes[lead..]);
            ready!(more(is_between, &mut part))?;
            let read = part.filled().len();
            if read == 0 {
                return Poll::Ready(Ok(()));
            }
            bytes[..lead].copy_from_slice(&self.lead);
            let handed_on = self.read(&mut bytes[..lead + read], messages, &takes_pong);
            buf.advance(handed_on);
            if handed_on > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Whether the next byte begins a frame.
    fn is_between(&self) -> bool {
        self.left == 0 && self.lead.is_empty()
    }

    /// How much may be read at a time: no more than one fragment can end in it.
    fn room(&self) -> usize {
        let fragment = self.rest.is_some().then_some(self.left);
        fragment.unwrap_or(FRAGMENT).min(FRAGMENT) as usize
    }

    /// Goes through what has come, the lead first. Returns how much of it is to be handed on.
    fn read(
        &mut self,
        bytes: &mut [u8],
        messages: &mut Messages,
        takes_pong: &impl Fn() -> bool,
    ) -> usize {
        let is_fragment = self.left > 0;
        let mut at = if is_fragment { self.lead.len() } else { 0 };
        let mut end = bytes.len();
        self.lead.clear();
        while at < end {
            if self.left == 0 {
                let parsed = Head::parse(&bytes[at..end]);
                // A frame that may be an answer is looked at as a whole.
                let parsed = parsed.filter(|(head, len)| !head.is_one_byte() || at + len < end);
                let Some((head, len)) = parsed else {
                    self.lead.extend_from_slice(&bytes[at..end]);
                    return at;
                };
                if messages.is_pong(&head, &bytes[at + len..end]) && takes_pong() {
                    bytes.copy_within(at + len + 1..end, at);
                    end -= len + 1;
                    continue;
                }
                messages.begin(&head);
                self.left = head.payload;
                if self.is_large(&head) {
                    self.next_fragment(head);
                    // The head of a fragment is not longer than that of what it is a part of.
                    let spare = len - self.lead.len();
                    bytes.copy_within(at + len..end, at + self.lead.len());
                    bytes[at..at + self.lead.len()].copy_from_slice(&self.lead);
                    end -= spare;
                    at += self.lead.len();
                    self.lead.clear();
                } else {
                    at += len;
                }
            }
            let here = self.left.min((end - at) as u64);
            let payload = &bytes[at..at + here as usize];
            messages.payload(payload);
            at += payload.len();
            self.left -= here;
            if self.left == 0 {
                match self.rest.take() {
                    Some(rest) => self.next_fragment(rest),
                    None => messages.end(),
                }
            }
        }
        end
    }

    /// Whether to hand it on in fragments. What the transport refuses at once, it sees as it is.
    fn is_large(&self, head: &Head) -> bool {
        head.payload > FRAGMENT
            && head.payload <= self.payload_max
            && head.mask.is_some()
            && !head.is_control()
    }

    /// The next fragment is the first of `head`.
    fn next_fragment(&mut self, head: Head) {
        let (fragment, rest) = head.split(FRAGMENT);
        fragment.write(&mut self.lead);
        self.left = fragment.payload;
        self.rest = rest;
    }
}

#[cfg(test)]
mod tests;
