//! What this node tells the others: numbered, in order, and never waited for.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, poll};
use tokio::sync::oneshot;

use crate::bus::{Bus, BusAway, IN_FLIGHT_MAX};
use crate::cluster::counters::Counters;
use crate::cluster::queue::Queue;
use crate::cluster::wire::{Draft, MESSAGE_BYTES_MAX};

/// Messages that wait for the bus.
const MESSAGES_MAX: usize = 65_536;

/// Bytes of messages that wait for the bus.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Tells how many nodes a message reached. One that is dropped reached none.
pub(super) type Reached = oneshot::Receiver<usize>;

pub(super) struct Outbox {
    queue: Queue<Letter>,
    /// The number of the latest message. Held while one takes its place, so that numbers rise
    /// on every channel.
    number: Mutex<u64>,
    counters: Arc<Counters>,
}

struct Letter {
    channel: String,
    message: Bytes,
    reached: Option<oneshot::Sender<usize>>,
}

impl Outbox {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self {
            queue: Queue::new(MESSAGES_MAX, BYTES_MAX),
            number: Mutex::new(0),
            counters,
        }
    }

    /// Sends a message to each of `channels`.
    pub(super) fn send(&self, channels: Vec<String>, draft: Draft) {
        self.push(channels, draft, |_| None);
    }

    /// Sends a message, and tells for each of `channels` how many nodes were reached.
    pub(super) fn ask(&self, channels: Vec<String>, draft: Draft) -> Vec<Reached> {
        let mut all = Vec::with_capacity(channels.len());
        self.push(channels, draft, |_| {
            let (reached, count) = oneshot::channel();
            all.push(count);
            Some(reached)
        });
        all
    }

    fn push(
        &self,
        channels: Vec<String>,
        draft: Draft,
        mut reached: impl FnMut(&str) -> Option<oneshot::Sender<usize>>,
    ) {
        if draft.len() > MESSAGE_BYTES_MAX {
            let what = "a message is too large for other nodes";
            return self.counters.oversized.happened(what);
        }
        let mut number = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        *number += 1;
        let message = draft.finish(*number);
        for channel in channels {
            let letter = Letter {
                reached: reached(&channel),
                message: message.clone(),
                channel,
            };
            if self.queue.push(message.len(), letter).is_err() {
                let what = "too many messages wait for the message bus: they are dropped";
                self.counters.dropped.happened(what);
            }
        }
    }

    /// Hands messages to the bus, for ever.
    pub(super) async fn deliver(&self, bus: &dyn Bus) {
        let mut in_flight = FuturesUnordered::new();
        loop {
            let letter = tokio::select! {
                letter = self.queue.pop(), if in_flight.len() < IN_FLIGHT_MAX => letter,
                Some(()) = in_flight.next() => continue,
            };
            self.counters.published.fetch_add(1, Ordering::Relaxed);
            let publish = bus.publish(&letter.channel, letter.message);
            let mut sent = self.settle(publish, letter.channel, letter.reached).boxed();
            // That is when it takes its place in the order.
            if poll!(&mut sent).is_pending() {
                in_flight.push(sent);
            }
        }
    }

    async fn settle(
        &self,
        publish: impl Future<Output = Result<usize, BusAway>>,
        channel: String,
        reached: Option<oneshot::Sender<usize>>,
    ) {
        match publish.await {
            Ok(count) => {
                if let Some(reached) = reached {
                    // Whoever asked may have stopped waiting.
                    let _ = reached.send(count);
                }
            }
            Err(away) => {
                tracing::debug!(%away, channel, "a message is lost");
                let what = "the message bus is away: messages to other nodes are lost";
                self.counters.undelivered.happened(what);
            }
        }
    }
}
