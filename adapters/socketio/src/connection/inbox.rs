//! What a connection has sent and not yet been served: bounded, in order, one at a time.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::sync::Notify;

use crate::connection::Work;
use crate::panics::said;

/// How many pieces of work one connection does before others on its thread get their turn.
const TURN: usize = 32;

/// Work that waits. Nothing runs for an empty inbox.
pub(crate) struct Inbox {
    events_max: usize,
    bytes_max: usize,
    inner: Mutex<Inner>,
    idle: Notify,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<(usize, &'static str, Work)>,
    bytes: usize,
    /// Whether the socket may be spoken to. Until then the transport would drop what is emitted.
    open: bool,
    running: bool,
}

impl Inner {
    /// Whether somebody must start to work.
    fn start(&mut self) -> bool {
        let start = self.open && !self.running && !self.waiting.is_empty();
        self.running |= start;
        start
    }
}

impl Inbox {
    pub(crate) fn new(events_max: usize, bytes_max: usize) -> Self {
        Self {
            events_max,
            bytes_max,
            inner: Mutex::default(),
            idle: Notify::new(),
        }
    }

    /// Whether work of `bytes` has a place.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        let inner = self.lock();
        inner.waiting.is_empty()
            || inner.waiting.len() < self.events_max && inner.bytes + bytes <= self.bytes_max
    }

    /// Adds work of an owner, whose name is logged if it panics.
    pub(crate) fn push(self: &Arc<Self>, bytes: usize, owner: &'static str, work: Work) {
        let start = {
            let mut inner = self.lock();
            inner.bytes += bytes;
            inner.waiting.push_back((bytes, owner, work));
            inner.start()
        };
        if start {
            tokio::spawn(self.clone().run());
        }
    }

    /// Work is done from now on.
    pub(crate) fn open(self: &Arc<Self>) {
        let start = {
            let mut inner = self.lock();
            inner.open = true;
            inner.start()
        };
        if start {
            tokio::spawn(self.clone().run());
        }
    }

    /// Drops what waits.
    pub(crate) fn clear(&self) {
        let dropped = {
            let mut inner = self.lock();
            inner.bytes = 0;
            std::mem::take(&mut inner.waiting)
        };
        drop(dropped);
    }

    /// Completes when nothing waits or runs.
    pub(crate) async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if !self.lock().running {
                return;
            }
            idle.await;
        }
    }

    async fn run(self: Arc<Self>) {
        let mut done = 0;
        while let Some((owner, work)) = self.next() {
            if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
                let panic = said(&*panic);
                tracing::error!(module = owner, panic, "a handler panicked");
            }
            done += 1;
            if done % TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        self.idle.notify_waiters();
    }

    fn next(&self) -> Option<(&'static str, Work)> {
        let mut inner = self.lock();
        let Some((bytes, owner, work)) = inner.waiting.pop_front() else {
            inner.running = false;
            return None;
        };
        inner.bytes = inner.bytes.saturating_sub(bytes);
        Some((owner, work))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
