//! One node's connections to a test's Redis, and what its feed has brought.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rtm_domain::ids::{ConnId, ResumeKey, RoomId, SeatId, UserId};
use rtm_domain::ports::{Commit, Committed, Feed, FeedSink, Place, PresenceStore};
use rtm_domain::presence::epoch::{Epoch, Revision, Version};
use rtm_domain::presence::event::{Event, Happened, Published};
use rtm_domain::presence::record::{Phase, Record};
use rtm_domain::presence::state::State;
use rtm_domain::time::Timestamp;
use rtm_redis::fred::clients::Client;
use rtm_redis::{Keys, Publishing, Redis, RedisFeed, RedisSettings, RedisStore};
use tokio::sync::watch;

use super::{RedisServer, remove_leases, runtime, size};

/// A room of its own, whose events say that all before them have arrived.
const BARRIER: &str = "(barrier)";
/// How long Redis may take to answer, and an event to arrive: time is moved by hand, and a busy
/// machine must not look like a silent server.
const PATIENCE: Duration = Duration::from_secs(20);

/// A node's Redis.
pub struct RedisNode {
    redis: Redis,
    store: Arc<RedisStore>,
    feed: Arc<RedisFeed>,
    ears: Arc<Ears>,
}

/// Keeps what a feed brings.
#[derive(Default)]
struct Ears {
    events: Mutex<Vec<(RoomId, Published)>>,
    to_lose: AtomicUsize,
    mark: watch::Sender<u64>,
}

impl RedisNode {
    /// Connects. Rooms are in one part, so that a tick is one call, as it is in memory.
    pub fn connect(server: &RedisServer, publishing: Publishing) -> Self {
        let settings = RedisSettings {
            publishing,
            command_timeout: PATIENCE,
            ..RedisSettings::new(server.url())
        };
        let keys = Keys::with_partitions(RedisSettings::PREFIX, 1).expect("the prefix is legal");
        let ears = Arc::new(Ears::default());
        let redis = runtime().spawn({
            let ears = ears.clone();
            async move {
                let redis = Redis::connect_with(&settings, keys).await;
                let redis = redis.expect("the server was started");
                redis.feed_into(ears);
                let barrier = RoomId::trusted(BARRIER);
                let subscribed = redis.feed().subscribe(&barrier).await;
                subscribed.expect("the server was started");
                redis
            }
        });
        let redis = futures_util::FutureExt::map(redis, |redis| redis.expect("it connects"));
        let redis = std::thread::scope(|scope| {
            // Off this thread, which may be one that drives a runtime itself.
            scope.spawn(|| runtime().block_on(redis)).join()
        });
        let redis = redis.expect("it connects");
        Self {
            store: redis.store(),
            feed: redis.feed(),
            redis,
            ears,
        }
    }

    /// The store.
    pub fn store(&self) -> &Arc<RedisStore> {
        &self.store
    }

    /// The feed, whose events stay here until they are taken.
    pub fn feed(&self) -> &Arc<RedisFeed> {
        &self.feed
    }

    /// The next events get lost on their way.
    pub fn lose_events(&self, count: usize) {
        self.ears.to_lose.store(count, Ordering::SeqCst);
    }

    /// Everything that was published until now and arrived here.
    pub async fn heard(&self) -> Vec<(RoomId, Published)> {
        let mark = self.publish_mark().await;
        self.arrived(mark).await;
        lock(&self.ears.events).clone()
    }

    /// Publishes a mark, which arrives on every node after all that was published before.
    pub async fn publish_mark(&self) -> u64 {
        static MARKS: AtomicU64 = AtomicU64::new(1);
        let mark = MARKS.fetch_add(1, Ordering::SeqCst);
        let applied = self.store.commit(barrier(mark)).await;
        assert!(
            matches!(applied, Ok(Committed::Applied { .. })),
            "{applied:?}"
        );
        mark
    }

    /// Takes what arrived before a mark.
    pub async fn take_until(&self, mark: u64) -> Vec<(RoomId, Published)> {
        self.arrived(mark).await;
        std::mem::take(&mut *lock(&self.ears.events))
    }

    /// How many rooms and records, tombstones among them, are kept.
    pub async fn size(&self) -> (usize, usize) {
        size(self.redis.client(), &[BARRIER]).await
    }

    /// Redis itself, to write there what the store does not.
    pub fn client(&self) -> &Client {
        self.redis.client()
    }

    /// The leases of all records are gone.
    pub async fn remove_leases(&self) {
        remove_leases(self.redis.client()).await;
    }

    async fn arrived(&self, mark: u64) {
        let mut marks = self.ears.mark.subscribe();
        let arrived = marks.wait_for(|seen| *seen >= mark);
        let arrived = tokio::time::timeout(PATIENCE, arrived).await;
        assert!(arrived.is_ok(), "a feed does not bring mark {mark}");
    }
}

impl FeedSink for Ears {
    fn published(&self, room: &RoomId, published: Published) {
        if room.as_str() == BARRIER {
            self.mark.send_replace(published.event.attempt);
            return;
        }
        let left = self.to_lose.load(Ordering::SeqCst);
        if left > 0 {
            self.to_lose.store(left - 1, Ordering::SeqCst);
            return;
        }
        lock(&self.events).push((room.clone(), published));
    }

    fn interrupted(&self, room: Option<&RoomId>) {
        panic!("the connection broke in the middle of a test, heard of {room:?}");
    }
}

/// A write whose event says "mark".
fn barrier(mark: u64) -> Commit {
    let conn = ConnId::trusted(format!("mark-{mark}"));
    let epoch = Epoch::first(Timestamp(1));
    let user = UserId::trusted("nobody");
    Commit {
        room: RoomId::trusted(BARRIER),
        conn: conn.clone(),
        expected: None,
        revision: Revision {
            epoch,
            seat: SeatId(0),
            attempt: mark,
        },
        record: Record {
            user: user.clone(),
            key: ResumeKey::trusted(""),
            epoch,
            state: State::default(),
            written: Timestamp(0),
            phase: Phase::Open,
        },
        place: Place::Ended,
        keep: Duration::ZERO,
        event: Some(Event {
            conn,
            user,
            epoch,
            writer: SeatId(0),
            attempt: mark,
            at: Timestamp(0),
            kind: Happened::Updated(State::default()),
        }),
        floor: Version(0),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
