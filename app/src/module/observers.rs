//! Modules that follow rooms: what one of them does wrong stays its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use rtm_domain::error::StoreError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Change, Observer};
use rtm_socketio::panics::said;
use tokio::sync::mpsc;
use tracing::Instrument;

/// How long a join waits for a module to open its room.
const OPENING_MAX: Duration = Duration::from_secs(2);

/// Changes that wait for a module; more are dropped.
const WAITING_MAX: usize = 8_192;

/// A module's observer, kept from harming others. One that has panicked or hung when a room was
/// opened has no say in that any more.
pub(super) struct Guarded {
    owner: &'static str,
    observer: Arc<dyn Observer>,
    failed: AtomicBool,
}

impl Guarded {
    pub(super) fn new(owner: &'static str, observer: Arc<dyn Observer>) -> Self {
        Self {
            owner,
            observer,
            failed: AtomicBool::new(false),
        }
    }

    fn fail(&self, why: &str) {
        self.failed.store(true, Ordering::Relaxed);
        let module = self.owner;
        tracing::error!(
            module,
            why,
            "module failed to open a room and is not asked again"
        );
    }

    fn call(&self, hook: &str, call: impl FnOnce(&dyn Observer)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| call(&*self.observer))) {
            let (module, panic) = (self.owner, said(&*panic));
            tracing::error!(module, panic, "module panicked in {hook}");
        }
    }
}

#[async_trait]
impl Observer for Guarded {
    async fn open(&self, room: &RoomId) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let opened = AssertUnwindSafe(async { self.observer.open(room).await }).catch_unwind();
        match tokio::time::timeout(OPENING_MAX, opened).await {
            Ok(Ok(opened)) => return opened,
            Ok(Err(panic)) => self.fail(said(&*panic)),
            Err(_) => self.fail("it took too long"),
        }
        Ok(())
    }

    fn close(&self, room: &RoomId) {
        self.call("close", |observer| observer.close(room));
    }

    fn changed(&self, change: &Change) {
        self.call("changed", |observer| observer.changed(change));
    }
}

/// Hands changes to a module's handler, one after the other.
pub(super) struct Watcher {
    owner: &'static str,
    changes: mpsc::Sender<Change>,
    dropped: AtomicU64,
}

impl Watcher {
    pub(super) fn start<F, W>(owner: &'static str, span: tracing::Span, handler: F) -> Arc<Self>
    where
        F: Fn(Change) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let (changes, mut waiting) = mpsc::channel(WAITING_MAX);
        let work = async move {
            while let Some(change) = waiting.recv().await {
                let handled = AssertUnwindSafe(async { handler(change).await });
                if let Err(panic) = handled.catch_unwind().await {
                    let panic = said(&*panic);
                    tracing::error!(module = owner, panic, "module panicked at a change");
                }
            }
        };
        tokio::spawn(work.instrument(span));
        Arc::new(Self {
            owner,
            changes,
            dropped: AtomicU64::new(0),
        })
    }
}

impl Observer for Watcher {
    fn changed(&self, change: &Change) {
        if self.changes.try_send(change.clone()).is_err() {
            let dropped = 1 + self.dropped.fetch_add(1, Ordering::Relaxed);
            if dropped.is_power_of_two() {
                let module = self.owner;
                tracing::error!(
                    module,
                    dropped,
                    "module is too slow for the changes it watches"
                );
            }
        }
    }
}
