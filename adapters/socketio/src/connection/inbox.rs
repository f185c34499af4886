//! What a connection has sent and not yet been served: bounded, in order, one at a time.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::task::coop;

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

/// Where work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nothing is before it: it may be done at once.
    First,
    /// Other work has to be done first.
    Behind,
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

    /// Where work of `bytes` would stand; none if there is no place for it.
    pub(crate) fn place(&self, bytes: usize) -> Option<Place> {
        let inner = self.lock();
        if inner.waiting.is_empty() {
            let is_idle = inner.open && !inner.running;
            return Some(if is_idle { Place::First } else { Place::Behind });
        }
        let has_room =
            inner.waiting.len() < self.events_max && inner.bytes + bytes <= self.bytes_max;
        has_room.then_some(Place::Behind)
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

/// Does work that has nothing to wait for, without an inbox. False if it is not done: then it is for
/// one. Nothing may hold a lock by then: the inbox may have other work before it.
///
/// It is done by the reader that brought it, on whose budget it is, so that others get their turn.
pub(crate) fn do_at_once(work: &mut Work) -> bool {
    if !coop::has_budget_remaining() {
        return false;
    }
    // Whoever does the rest polls it anew.
    let mut nobody = Context::from_waker(Waker::noop());
    let _ = pin!(coop::consume_budget()).poll(&mut nobody);
    work.as_mut().poll(&mut nobody).is_ready()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_is_first_unless_other_work_waits_or_runs() {
        let inbox = Arc::new(Inbox::new(2, 100));
        assert_eq!(inbox.place(1), Some(Place::Behind), "it is not open");
        inbox.open();
        assert_eq!(inbox.place(1_000), Some(Place::First));
        let (go, waits) = oneshot::channel::<()>();
        inbox.push(60, "test", Box::pin(async move { drop(waits.await) }));
        assert_eq!(inbox.place(1), Some(Place::Behind));
        assert_eq!(inbox.place(50), None);
        go.send(()).unwrap();
        inbox.idle().await;
        assert_eq!(inbox.place(1), Some(Place::First));
    }

    #[tokio::test]
    async fn what_has_to_wait_is_done_by_the_inbox() {
        let inbox = Arc::new(Inbox::new(2, 100));
        inbox.open();
        let done = Arc::new(AtomicUsize::new(0));
        let (go, waits) = oneshot::channel::<()>();
        let count = done.clone();
        let mut work: Work = Box::pin(async move {
            waits.await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        });
        assert!(!do_at_once(&mut work));
        inbox.push(1, "test", work);
        go.send(()).unwrap();
        inbox.idle().await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_reader_does_no_more_at_once_than_others_can_wait_for() {
        let work = || -> Work { Box::pin(async {}) };
        let mut done = 0;
        while do_at_once(&mut work()) {
            done += 1;
            assert!(done < 1_000, "it never ends");
        }
        assert!(done > TURN);
    }
}
