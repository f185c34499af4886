//! What waits to be written to a stream, in whole frames.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// How many frames are handed to the system at a time.
pub(super) const BATCH: usize = 64;

/// Places for frames that an empty queue keeps.
const PLACES_KEPT: usize = 8;

/// Frames in order. Some may be held until the transport has written what came before them.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: VecDeque<Bytes>,
    /// What waits until nothing holds it back any more.
    held: VecDeque<Bytes>,
    /// How many markers are to come.
    holds: usize,
    /// Bytes of both.
    bytes: usize,
    /// Those of them that are held.
    held_bytes: usize,
    /// Bytes up to the end of the transport's last frame.
    transport_bytes: usize,
}

impl Outgoing {
    /// Adds a frame that goes past the transport.
    pub(super) fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        if self.is_held() {
            self.held_bytes += frame.len();
            self.held.push_back(frame);
        } else {
            self.queue.push_back(frame);
        }
    }

    /// Adds frames of the transport.
    pub(super) fn push_ahead(&mut self, frames: Bytes) {
        self.bytes += frames.len();
        if !frames.is_empty() {
            self.queue.push_back(frames);
            self.transport_bytes = self.bytes - self.held_bytes;
        }
    }

    /// What is pushed from now on waits. Each hold has its own release.
    pub(super) fn hold(&mut self) {
        self.holds += 1;
    }

    /// After the last release, what was held follows what is there.
    pub(super) fn release(&mut self) {
        self.holds = self.holds.saturating_sub(1);
        if self.holds == 0 {
            self.queue.extend(std::mem::take(&mut self.held));
            self.held_bytes = 0;
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.holds > 0
    }

    /// Whether everything of the transport has been written.
    pub(super) fn is_transport_done(&self) -> bool {
        self.transport_bytes == 0
    }

    /// Bytes of everything that waits.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing can be written now.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// The first frames. Returns how many.
    pub(super) fn batch<'a>(&'a self, slices: &mut [IoSlice<'a>; BATCH]) -> usize {
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(&self.queue) {
            *slice = IoSlice::new(frame);
            count += 1;
        }
        count
    }

    /// The first so many bytes have been written.
    pub(super) fn wrote(&mut self, mut bytes: usize) {
        self.bytes -= bytes;
        self.transport_bytes = self.transport_bytes.saturating_sub(bytes);
        while let Some(first) = self.queue.front_mut() {
            if bytes < first.len() {
                first.advance(bytes);
                break;
            }
            bytes -= first.len();
            self.queue.pop_front();
        }
        if self.queue.is_empty() && self.queue.capacity() > PLACES_KEPT {
            self.queue = VecDeque::new();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes up to `bytes` of what would be written.
    fn write(outgoing: &mut Outgoing, bytes: usize) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); BATCH];
        let count = outgoing.batch(&mut slices);
        let batch: Vec<u8> = slices[..count].iter().flat_map(|it| it.to_vec()).collect();
        let written = batch[..bytes.min(batch.len())].to_vec();
        outgoing.wrote(written.len());
        written
    }

    #[test]
    fn what_is_held_follows_what_the_transport_writes() {
        let mut outgoing = Outgoing::default();
        outgoing.push(Bytes::from_static(b"a"));
        outgoing.hold();
        outgoing.push(Bytes::from_static(b"c"));
        outgoing.push_ahead(Bytes::from_static(b"b"));
        assert_eq!(write(&mut outgoing, 10), b"ab");
        assert!(outgoing.is_idle());
        assert_eq!(outgoing.bytes(), 1);
        outgoing.release();
        outgoing.push(Bytes::from_static(b"d"));
        assert_eq!(write(&mut outgoing, 10), b"cd");
        assert_eq!(outgoing.bytes(), 0);
    }

    #[test]
    fn two_holds_need_two_releases_and_the_transport_is_done_before_the_rest() {
        let mut outgoing = Outgoing::default();
        outgoing.hold();
        outgoing.hold();
        outgoing.push(Bytes::from_static(b"bb"));
        outgoing.release();
        assert!(outgoing.is_held());
        outgoing.push_ahead(Bytes::from_static(b"aaa"));
        outgoing.release();
        assert!(!outgoing.is_held() && !outgoing.is_transport_done());
        assert_eq!(write(&mut outgoing, 3), b"aaa");
        assert!(outgoing.is_transport_done() && !outgoing.is_idle());
        assert_eq!(write(&mut outgoing, 3), b"bb");
    }

    proptest! {
        #[test]
        fn all_is_written_once_and_in_order(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..200),
            steps in prop::collection::vec(1..30_usize, 1..20),
        ) {
            let mut outgoing = Outgoing::default();
            for frame in &frames {
                outgoing.push(Bytes::from(frame.clone()));
            }
            let mut written = Vec::new();
            for step in steps.iter().cycle() {
                prop_assert_eq!(outgoing.bytes() + written.len(), frames.concat().len());
                if outgoing.is_idle() {
                    break;
                }
                written.extend(write(&mut outgoing, *step));
            }
            prop_assert_eq!(written, frames.concat());
        }
    }
}
