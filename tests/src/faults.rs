//! A node's way to the store, which can be slow, cut, or lose the answers.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rtm_domain::error::StoreError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{
    Clock, Commit, Committed, Conns, Due, Feed, Part, PresenceStore, Read, Renewed,
};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::lease::Renewal;

use crate::clock::HandClock;
use crate::dice::Dice;

/// What is wrong with the way to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Calls fail and are not done.
    Down,
    /// Commits fail and are not done; all else works.
    CommitsLost,
    /// Commits are done and fail; all else works.
    AnswersLost,
    /// Commits fail and are done when [`FaultyStore::arrive`] is called.
    CommitsLate,
}

/// One node's way to the store.
pub struct FaultyStore {
    store: Arc<dyn PresenceStore>,
    feed: Arc<dyn Feed>,
    clock: Arc<HandClock>,
    state: Mutex<State>,
    calls: AtomicU64,
}

struct State {
    fault: Fault,
    /// Each call takes up to so many milliseconds, before and after it is done.
    delay_max_ms: usize,
    dice: Dice,
    late: Vec<Commit>,
}

impl FaultyStore {
    /// A way without faults.
    pub fn new(
        store: Arc<dyn PresenceStore>,
        feed: Arc<dyn Feed>,
        clock: Arc<HandClock>,
        seed: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            feed,
            clock,
            state: Mutex::new(State {
                fault: Fault::None,
                delay_max_ms: 0,
                dice: Dice::new(seed),
                late: Vec::new(),
            }),
            calls: AtomicU64::new(0),
        })
    }

    /// From now on this is wrong.
    pub fn set(&self, fault: Fault) {
        self.state().fault = fault;
    }

    /// From now on calls take up to `delay_max_ms` twice.
    pub fn slow(&self, delay_max_ms: usize) {
        self.state().delay_max_ms = delay_max_ms;
    }

    /// How often the store was called since this was asked last.
    pub fn take_calls(&self) -> u64 {
        self.calls.swap(0, Ordering::SeqCst)
    }

    /// Late commits arrive at the store.
    pub async fn arrive(&self) {
        let late = std::mem::take(&mut self.state().late);
        for commit in late {
            // Whoever sent it has stopped waiting for the answer.
            let _ = self.store.commit(commit).await;
        }
    }

    fn fault(&self) -> Fault {
        self.state().fault
    }

    async fn call<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.dawdle().await;
        if self.fault() == Fault::Down {
            return Err(no_answer());
        }
        let answer = work.await;
        self.dawdle().await;
        answer
    }

    async fn dawdle(&self) {
        let delay_ms = {
            let mut state = self.state();
            let end = state.delay_max_ms + 1;
            state.dice.below(end) as u64
        };
        if delay_ms > 0 {
            self.clock.sleep(Duration::from_millis(delay_ms)).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl PresenceStore for FaultyStore {
    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let work = async {
            match self.fault() {
                Fault::None | Fault::Down => self.store.commit(commit).await,
                Fault::CommitsLost => Err(no_answer()),
                Fault::CommitsLate => {
                    self.state().late.push(commit);
                    Err(no_answer())
                }
                Fault::AnswersLost => {
                    self.store.commit(commit).await?;
                    Err(no_answer())
                }
            }
        };
        self.call(work).await
    }

    fn parts(&self) -> u16 {
        self.store.parts()
    }

    fn part_of(&self, room: &RoomId) -> Part {
        self.store.part_of(room)
    }

    async fn renew(
        &self,
        part: Part,
        renewals: &[Renewal],
        rooms: &[RoomId],
    ) -> Result<Renewed, StoreError> {
        self.call(self.store.renew(part, renewals, rooms)).await
    }

    async fn read(
        &self,
        room: &RoomId,
        floor: Version,
        conns: Conns<'_>,
    ) -> Result<Read, StoreError> {
        self.call(self.store.read(room, floor, conns)).await
    }

    async fn due(
        &self,
        part: Part,
        limit: usize,
        longest_lease: Duration,
    ) -> Result<Due, StoreError> {
        self.call(self.store.due(part, limit, longest_lease)).await
    }
}

#[async_trait]
impl Feed for FaultyStore {
    async fn subscribe(&self, room: &RoomId) -> Result<(), StoreError> {
        self.call(self.feed.subscribe(room)).await
    }

    async fn unsubscribe(&self, room: &RoomId) {
        self.dawdle().await;
        self.feed.unsubscribe(room).await;
    }
}

fn no_answer() -> StoreError {
    StoreError::Unreachable("no answer".into())
}
