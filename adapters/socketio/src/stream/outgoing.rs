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
    held: Option<VecDeque<Bytes>>,
    /// Of both.
    bytes: usize,
}

impl Outgoing {
    /// Adds a frame that goes past the transport.
    pub(super) fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        match &mut self.held {
            Some(held) => held.push_back(frame),
            None => self.queue.push_back(frame),
        }
    }

    /// Adds frames of the transport.
    pub(super) fn push_ahead(&mut self, frames: Bytes) {
        self.bytes += frames.len();
        if !frames.is_empty() {
            self.queue.push_back(frames);
        }
    }

    /// What is pushed from now on waits.
    pub(super) fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// What was held follows what is there.
    pub(super) fn release(&mut self) {
        if let Some(held) = self.held.take() {
            self.queue.extend(held);
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
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
