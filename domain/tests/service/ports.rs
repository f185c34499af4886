//! The ports of the node under test: mocks over the shelf, and time, work and secrets by hand.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mockall::mock;

use rtm_domain::error::StoreError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{
    Clock, Commit, Committed, Conns, Due, Encoder, Entropy, Feed, Message, Part, PresenceStore,
    Read, Renewed, Tasks,
};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::Delivery;
use rtm_domain::presence::lease::Renewal;
use rtm_domain::presence::snapshot::Snapshot;
use rtm_domain::time::{Moment, Timestamp};

use super::shelf::Shelf;

mock! {
    pub(crate) Store {}

    #[async_trait]
    impl PresenceStore for Store {
        async fn commit(&self, commit: Commit) -> Result<Committed, StoreError>;
        async fn renew(
            &self,
            part: Part,
            renewals: &[Renewal],
            rooms: &[RoomId],
        ) -> Result<Renewed, StoreError>;
        async fn read<'s, 'r, 'c>(
            &'s self,
            room: &'r RoomId,
            floor: Version,
            conns: Conns<'c>,
        ) -> Result<Read, StoreError>;
        async fn due(
            &self,
            part: Part,
            limit: usize,
            longest_lease: Duration,
        ) -> Result<Due, StoreError>;
    }
}

mock! {
    pub(crate) Channel {}

    #[async_trait]
    impl Feed for Channel {
        async fn subscribe(&self, room: &RoomId) -> Result<(), StoreError>;
        async fn unsubscribe(&self, room: &RoomId);
    }
}

/// A clock that a case moves.
pub(crate) struct HandClock {
    now: Mutex<u64>,
    sleepers: Mutex<Vec<(u64, oneshot::Sender<()>)>>,
    /// Runs when somebody looks at the calendar next.
    glance: Mutex<Option<Work>>,
}

impl Default for HandClock {
    fn default() -> Self {
        Self {
            now: Mutex::new(10_000),
            sleepers: Mutex::default(),
            glance: Mutex::default(),
        }
    }
}

impl HandClock {
    pub(crate) fn steady(&self) -> Moment {
        Moment(*self.now.lock().unwrap())
    }

    pub(crate) fn calendar(&self) -> Timestamp {
        Timestamp(1_700_000_000_000 + self.steady().0)
    }

    pub(crate) fn at_the_next_glance(&self, work: impl FnOnce() + Send + 'static) {
        *self.glance.lock().unwrap() = Some(Box::new(work));
    }

    /// Moves to whatever is due next, at most to `until`; true if there may be more.
    pub(crate) fn wake_next(&self, until: u64) -> bool {
        let mut sleepers = self.sleepers.lock().unwrap();
        let next = sleepers.iter().map(|(at, _)| *at).min();
        let next = next.filter(|at| *at <= until);
        let mut now = self.now.lock().unwrap();
        *now = next.unwrap_or(until).max(*now);
        let (due, later) = sleepers.drain(..).partition(|(at, _)| *at <= *now);
        *sleepers = later;
        drop((now, sleepers));
        let due: Vec<_> = due;
        for (_, sleeper) in due {
            // Whoever slept may have been dropped.
            let _ = sleeper.send(());
        }
        next.is_some()
    }
}

impl Clock for HandClock {
    fn now(&self) -> Moment {
        self.steady()
    }

    fn wall(&self) -> Timestamp {
        let glance = self.glance.lock().unwrap().take();
        if let Some(work) = glance {
            work();
        }
        self.calendar()
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        let (sender, receiver) = oneshot::channel();
        let until = self.steady().after(span).0;
        self.sleepers.lock().unwrap().push((until, sender));
        receiver.map(drop).boxed()
    }
}

/// Background work that has not begun.
#[derive(Default)]
pub(crate) struct Queue(Mutex<VecDeque<BoxFuture<'static, ()>>>);

impl Queue {
    pub(crate) fn take(&self) -> VecDeque<BoxFuture<'static, ()>> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Tasks for Queue {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.0.lock().unwrap().push_back(work);
    }
}

#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn bits(&self) -> u128 {
        let next = u128::from(self.0.fetch_add(1, Ordering::SeqCst) + 1);
        next << 64 | next
    }
}

type Work = Box<dyn FnOnce() + Send>;

/// Encodes nothing, and does what a case asks for at its n-th encoding from now.
#[derive(Default)]
pub(crate) struct AsIs(Mutex<Option<(usize, Work)>>);

impl AsIs {
    pub(crate) fn at_encoding(&self, nth: usize, work: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap() = Some((nth, Box::new(work)));
    }

    fn due(&self) -> Option<Work> {
        let mut planned = self.0.lock().unwrap();
        let (nth, work) = planned.take()?;
        if nth == 1 {
            return Some(work);
        }
        *planned = Some((nth - 1, work));
        None
    }
}

impl Encoder for AsIs {
    fn encode(&self, _: &RoomId, delivery: &Delivery) -> Message {
        if let Some(work) = self.due() {
            work();
        }
        Arc::new(delivery.clone())
    }

    fn encode_snapshot(&self, snapshot: &Snapshot) -> Message {
        Arc::new(snapshot.clone())
    }
}

pub(crate) fn store_over(shelf: &Arc<Shelf>) -> MockStore {
    let mut store = MockStore::new();
    let it = shelf.clone();
    store
        .expect_commit()
        .returning(move |commit| it.commit(commit));
    let it = shelf.clone();
    let renew = move |_, renewals: &[Renewal], rooms: &[RoomId]| it.renew(renewals, rooms);
    store.expect_renew().returning(renew);
    let it = shelf.clone();
    store
        .expect_read()
        .returning(move |room, floor, conns| it.read(room, floor, conns));
    let it = shelf.clone();
    store
        .expect_due()
        .returning(move |_, limit, _| it.due(limit));
    store
}

pub(crate) fn channel_over(shelf: &Arc<Shelf>) -> MockChannel {
    let mut channel = MockChannel::new();
    let it = shelf.clone();
    channel
        .expect_subscribe()
        .returning(move |room| it.subscribe(room));
    let it = shelf.clone();
    channel
        .expect_unsubscribe()
        .returning(move |room| it.unsubscribe(room));
    channel
}
