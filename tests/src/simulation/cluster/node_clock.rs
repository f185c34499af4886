//! A node's own clocks: its steady clock means nothing elsewhere, its calendar may be wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rtm_domain::ports::Clock;
use rtm_domain::time::{Moment, Timestamp};

use crate::clock::HandClock;

pub(super) struct NodeClock {
    hands: Arc<HandClock>,
    started_before_ms: u64,
    calendar_ahead_ms: AtomicI64,
}

impl NodeClock {
    pub(super) fn new(hands: Arc<HandClock>, node: u64) -> Self {
        Self {
            hands,
            started_before_ms: node * 1_000_003,
            calendar_ahead_ms: AtomicI64::new(0),
        }
    }

    /// Sets the calendar so far ahead of the true one.
    pub(super) fn set_ahead(&self, ms: i64) {
        self.calendar_ahead_ms.store(ms, Ordering::SeqCst);
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Moment {
        Moment(self.hands.now().0 + self.started_before_ms)
    }

    fn wall(&self) -> Timestamp {
        let ahead = self.calendar_ahead_ms.load(Ordering::SeqCst);
        Timestamp(self.hands.wall().0.saturating_add_signed(ahead))
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        self.hands.sleep(span)
    }
}
