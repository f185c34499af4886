//! A store under test, and writes to try on it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rtm_domain::ids::{ConnId, ResumeKey, RoomId, SeatId, UserId};
use rtm_domain::ports::{
    Clock, Commit, Committed, Conns, Feed, FeedSink, Part, Place, PresenceStore, Read,
};
use rtm_domain::presence::epoch::{Epoch, Revision, Version};
use rtm_domain::presence::event::{Event, Happened, Published};
use rtm_domain::presence::lease::{LeaseName, Renewal};
use rtm_domain::presence::record::{Found, Phase, Reason, Record};
use rtm_domain::presence::state::State;
use rtm_domain::time::Timestamp;
use rtm_memory::{MemoryLimits, MemoryStore};
use rtm_tests::backend::Stage;
use rtm_tests::clock::HandClock;
use rtm_tests::executor::Executor;
use rtm_tests::simulation::Cluster;
use rtm_tests::world::ms;

/// A store under test.
pub(crate) trait Subject {
    fn store(&self) -> &dyn PresenceStore;
    fn feed(&self) -> &dyn Feed;
    /// The clock by which it makes versions.
    fn time(&self) -> Timestamp;
    /// Lets its time pass.
    async fn advance(&self, ms: u64);
    /// What its feed has brought so far, with all that is on its way.
    async fn heard(&self) -> Vec<(RoomId, Published)>;
    /// Whether nothing at all is kept.
    async fn is_empty(&self) -> bool;

    async fn commit(&self, commit: &Commit) -> Committed {
        self.store()
            .commit(commit.clone())
            .await
            .expect("it answers")
    }

    async fn applied(&self, commit: &Commit) -> Version {
        match self.commit(commit).await {
            Committed::Applied { version } => version,
            Committed::Conflict { found } => panic!("{commit:?} found {found:?}"),
        }
    }

    async fn conflict(&self, commit: &Commit) -> Option<Found> {
        match self.commit(commit).await {
            Committed::Conflict { found } => found,
            Committed::Applied { version } => panic!("{commit:?} was applied as {version:?}"),
        }
    }

    async fn read(&self, room: &str) -> Read {
        let room = RoomId::trusted(room);
        let read = self.store().read(&room, Version(0), Conns::Live).await;
        read.expect("it answers")
    }

    async fn find(&self, commit: &Commit) -> Option<Found> {
        let conns = Conns::One(&commit.conn);
        let read = self.store().read(&commit.room, Version(0), conns).await;
        let records = read.expect("it answers").records;
        records.into_iter().next().map(|(_, found)| found)
    }

    /// Renews one lease and returns whether it was reported.
    async fn reports(&self, commit: &Commit, ms: u64) -> bool {
        let renewal = renewal(commit, ms);
        let lease = renewal.lease.clone();
        let renewed = self.store().renew(Part(0), &[renewal], &[]).await;
        renewed.expect("it answers").reported == [lease]
    }

    async fn due(&self, limit: usize) -> Vec<String> {
        let due = self.store().due(Part(0), limit, ms(1_000_000)).await;
        let due = due.expect("it answers").lapsed;
        due.iter()
            .map(|(room, conn, _)| format!("{room}/{conn}"))
            .collect()
    }
}

/// The store in memory.
pub(crate) struct Memory {
    clock: Arc<HandClock>,
    pub(crate) store: MemoryStore,
    ear: Arc<Ear>,
}

impl Memory {
    pub(crate) fn open() -> Self {
        Self::limited(MemoryLimits::default())
    }

    pub(crate) fn limited(limits: MemoryLimits) -> Self {
        let clock = HandClock::new();
        let store = MemoryStore::new(clock.clone(), limits);
        let ear = Arc::new(Ear::default());
        store.feed_into(ear.clone());
        Self { clock, store, ear }
    }
}

impl Subject for Memory {
    fn store(&self) -> &dyn PresenceStore {
        &self.store
    }

    fn feed(&self) -> &dyn Feed {
        &self.store
    }

    fn time(&self) -> Timestamp {
        self.clock.wall()
    }

    async fn advance(&self, span: u64) {
        self.clock.advance(ms(span));
    }

    async fn heard(&self) -> Vec<(RoomId, Published)> {
        let heard = self.ear.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }

    async fn is_empty(&self) -> bool {
        self.store.size() == (0, 0)
    }
}

/// The store of the simulation, in weather in which nothing goes wrong.
pub(crate) struct Simulated {
    clock: Arc<HandClock>,
    cluster: Cluster,
    store: Arc<dyn PresenceStore>,
    feed: Arc<dyn Feed>,
    executor: Executor,
    ear: Arc<Ear>,
}

impl Simulated {
    pub(crate) fn open() -> Self {
        let clock = HandClock::new();
        let cluster = Cluster::new(&clock, 1);
        let (executor, ear) = (Executor::new(None), Arc::new(Ear::default()));
        let (store, feed) = (cluster.way(0), cluster.feed(0));
        cluster.attach(0, ear.clone(), &executor);
        Self {
            clock,
            cluster,
            store,
            feed,
            executor,
            ear,
        }
    }
}

impl Subject for Simulated {
    fn store(&self) -> &dyn PresenceStore {
        &*self.store
    }

    fn feed(&self) -> &dyn Feed {
        &*self.feed
    }

    fn time(&self) -> Timestamp {
        self.cluster.server_time()
    }

    async fn advance(&self, span: u64) {
        self.clock.advance(ms(span));
    }

    async fn heard(&self) -> Vec<(RoomId, Published)> {
        self.executor.run();
        let heard = self.ear.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }

    async fn is_empty(&self) -> bool {
        self.cluster.size() == Some((0, 0))
    }
}

#[derive(Default)]
struct Ear(Mutex<Vec<(RoomId, Published)>>);

impl FeedSink for Ear {
    fn published(&self, room: &RoomId, published: Published) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push((room.clone(), published));
    }

    fn interrupted(&self, _: Option<&RoomId>) {}
}

/// A first write: a `join` in epoch 1 by the seat 1, with a lease of 1000 ms.
pub(crate) fn write(room: &str, conn: &str) -> Commit {
    let conn = ConnId::trusted(conn);
    let state: State = [("n", "1")].into_iter().collect();
    let record = Record {
        user: UserId::trusted("ada"),
        key: ResumeKey::trusted("secret"),
        epoch: epoch(1),
        state: state.clone(),
        written: Timestamp(1),
        phase: Phase::Open,
    };
    let event = Event {
        conn: conn.clone(),
        user: record.user.clone(),
        epoch: record.epoch,
        writer: SeatId(1),
        attempt: 1,
        at: Timestamp(1),
        kind: Happened::Joined(state),
    };
    Commit {
        room: RoomId::trusted(room),
        conn,
        expected: None,
        revision: Revision {
            epoch: epoch(1),
            seat: SeatId(1),
            attempt: 1,
        },
        record,
        place: Place::Live,
        keep: ms(1000),
        event: Some(event),
        floor: Version(0),
    }
}

/// The next write of the same seat, over an earlier one.
pub(crate) fn over(before: &Commit) -> Commit {
    let mut next = before.clone();
    next.expected = Some(before.revision);
    next.revision.attempt += 1;
    next.record.state = [("n", next.revision.attempt.to_string().as_str())]
        .into_iter()
        .collect();
    if let Some(event) = &mut next.event {
        event.attempt = next.revision.attempt;
        event.kind = Happened::Updated(next.record.state.clone());
    }
    next
}

/// The write that ends it, remembered for 1000 ms.
pub(crate) fn end(before: &Commit) -> Commit {
    let mut next = over(before);
    next.place = Place::Ended;
    next.record.phase = Phase::Ended(Reason::Left);
    if let Some(event) = &mut next.event {
        event.kind = Happened::Left(Reason::Left);
    }
    next
}

/// The same without an event.
pub(crate) fn quiet(mut commit: Commit) -> Commit {
    commit.event = None;
    commit
}

/// The same with another lease, or remembered for another time.
pub(crate) fn keep(mut commit: Commit, span: u64) -> Commit {
    commit.keep = ms(span);
    commit
}

pub(crate) fn renewal(commit: &Commit, span: u64) -> Renewal {
    Renewal {
        lease: LeaseName {
            room: commit.room.clone(),
            conn: commit.conn.clone(),
            epoch: commit.revision.epoch,
        },
        remaining: Duration::from_millis(span),
    }
}

pub(crate) fn epoch(number: u64) -> Epoch {
    Epoch::new(number).expect("it is small")
}
