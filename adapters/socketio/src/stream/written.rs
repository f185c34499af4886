//! Takes apart what the transport writes: whole frames, one behind the other.

use crate::opening::Opening;
use crate::stream::head::{BINARY, TEXT};

/// A frame as a server writes it, without a mask.
pub(super) struct Written<'a> {
    /// Head and payload.
    pub(super) frame: &'a [u8],
    pub(super) payload: &'a [u8],
}

impl Written<'_> {
    /// Whether it is (part of) a message, not a close, ping or pong of the WebSocket itself.
    pub(super) fn is_message(&self) -> bool {
        self.frame.first().is_some_and(|first| first & 0x08 == 0)
    }

    /// How many attachments of the last packet are to come after it, if `before` were so before.
    pub(super) fn attachments_left(&self, before: u32) -> u32 {
        match self.frame.first().map(|first| first & 0x0f) {
            Some(TEXT) => match Opening::of(self.payload) {
                Opening::Announces(count) => count,
                _ => before,
            },
            Some(BINARY) => before.saturating_sub(1),
            _ => before,
        }
    }
}

/// The frames in `bytes`. What is no whole frame comes as one, without a payload.
pub(super) fn frames(mut bytes: &[u8]) -> impl Iterator<Item = Written<'_>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let (frame, payload) = first(bytes).unwrap_or((bytes, &[]));
        bytes = &bytes[frame.len()..];
        Some(Written { frame, payload })
    })
}

fn first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, length) = match *bytes.get(1)? {
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        126 => (
            4,
            u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        length => (2, u64::from(length)),
    };
    let end = usize::try_from(length).ok()?.checked_add(head)?;
    let frame = bytes.get(..end)?;
    Some((frame, &frame[head..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet;

    #[test]
    fn frames_of_any_size_are_told_apart() {
        let of = |bytes: usize| packet::event_text(&"x".repeat(bytes));
        let written = [of(0), of(200), of(70_000), of(3)];
        let all = written.concat();
        let found: Vec<_> = frames(&all).collect();
        assert_eq!(found.len(), written.len());
        for (found, written) in found.iter().zip(&written) {
            assert_eq!(found.frame, written);
            assert!(found.payload.starts_with(b"42") && found.is_message());
        }
        // What it is never asked to understand is passed on.
        let cut = &all[..all.len() - 1];
        assert_eq!(
            frames(cut).map(|it| it.frame.len()).sum::<usize>(),
            cut.len()
        );
        assert!(!frames(&[0x89, 0]).next().unwrap().is_message());
    }
}
