//! What went wrong between the nodes: counted always, logged now and then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often one kind of trouble is logged, at most.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Messages between the nodes, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Handed to the bus, once for each channel.
    pub published: u64,
    /// Not sent, as too many waited for the bus.
    pub dropped: u64,
    /// Given to the bus, which was away.
    pub undelivered: u64,
    /// Not sent, as they were too large.
    pub oversized: u64,
    /// Received.
    pub received: u64,
    /// Received and dropped, as too many waited to be handled.
    pub overrun: u64,
    /// Received and not understood: garbage, or of another version.
    pub foreign: u64,
    /// Questions to other nodes that not all of them answered in time.
    pub unanswered: u64,
    /// Rooms of this node that other nodes cannot reach, as too many are subscribed.
    pub unsubscribed: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) published: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) dropped: Trouble,
    pub(super) undelivered: Trouble,
    pub(super) oversized: Trouble,
    pub(super) overrun: Trouble,
    pub(super) foreign: Trouble,
    pub(super) unanswered: Trouble,
    pub(super) unsubscribed: Trouble,
}

impl Counters {
    pub(super) fn read(&self) -> Counts {
        Counts {
            published: self.published.load(Ordering::Relaxed),
            dropped: self.dropped.read(),
            undelivered: self.undelivered.read(),
            oversized: self.oversized.read(),
            received: self.received.load(Ordering::Relaxed),
            overrun: self.overrun.read(),
            foreign: self.foreign.read(),
            unanswered: self.unanswered.read(),
            unsubscribed: self.unsubscribed.read(),
        }
    }
}

/// One kind of trouble.
#[derive(Default)]
pub(super) struct Trouble {
    count: AtomicU64,
    said: Mutex<Option<Instant>>,
}

impl Trouble {
    /// Counts it, and logs `what` unless it was logged lately.
    pub(super) fn happened(&self, what: &'static str) {
        let total = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
            *said = Some(Instant::now());
            tracing::warn!(total, "{what}");
        }
    }

    fn read(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
