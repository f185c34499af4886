//! The domain without a runtime, a network or a clock: a store of one process, time moved by
//! hand, and two peers that print what they are told.
//!
//! `cargo run -p rtm-domain --example embed`

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_executor::block_on;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use rtm_domain::PresenceService;
use rtm_domain::error::StoreError;
use rtm_domain::ids::{ConnId, RoomId, SocketId, UserId};
use rtm_domain::ports::Part;
use rtm_domain::ports::*;
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::{Delivery, Published};
use rtm_domain::presence::lease::Renewal;
use rtm_domain::presence::policy::Policy;
use rtm_domain::presence::record::Found;
use rtm_domain::presence::snapshot::Snapshot;
use rtm_domain::presence::state::State;
use rtm_domain::service::{HeartbeatAsk, JoinAsk, Joined, Ports, Session};
use rtm_domain::time::{Moment, Timestamp, millis};

fn main() {
    let clock = Arc::new(HandClock::default());
    let store = Arc::new(OneProcess::new(clock.clone()));
    let tasks = Arc::new(Later::default());
    let service = PresenceService::new(
        Policy::default(),
        Ports {
            store: store.clone(),
            feed: store.clone(),
            clock: clock.clone(),
            tasks: tasks.clone(),
            entropy: Arc::new(Guessable::default()),
            encoder: Arc::new(AsText),
            meter: Arc::new(()),
        },
    );
    store.feed_into(service.sink());

    let ada = service.connect(SocketId(1), Arc::new(Printer("ada")));
    let bob = service.connect(SocketId(2), Arc::new(Printer("bob")));
    block_on(join(&ada, "ada", r#""typing""#));
    block_on(join(&bob, "bob", r#""reading""#));

    println!("-- ada changes what she shows");
    let beat = block_on(ada.heartbeat(beat(&ada, Some(mood(r#""away""#)))));
    println!("ada   is answered {beat:?}");

    println!("-- bob says nothing for as long as a presence lives; ada does");
    for _ in 0..service.policy().ttl.as_secs() {
        clock.advance(Duration::from_secs(1));
        let alive = block_on(ada.heartbeat(beat_of(&ada)));
        alive.expect("this store always answers");
        block_on(service.tick());
        tasks.run();
    }

    println!("-- ada leaves");
    block_on(ada.leave(None)).expect("this store always answers");
    let room = block_on(service.snapshot(&lobby())).expect("this store always answers");
    println!("-- {} left in the room", room.entries.len());
}

async fn join(session: &Session, name: &'static str, shown: &str) {
    let ask = JoinAsk {
        room: lobby(),
        user: UserId::parse(name, 256).expect("a name without control characters"),
        state: Some(mood(shown)),
        resume: None,
    };
    let answer = move |joined: Result<Joined, _>| match joined {
        Ok(joined) => {
            let users = joined.snapshot.entries.iter().map(|entry| &entry.user);
            println!("{name:<5} is in, with {:?}", users.collect::<Vec<_>>());
        }
        Err(refusal) => println!("{name:<5} may not join: {refusal}"),
    };
    session.join(ask, Box::new(answer)).await;
}

fn beat_of(session: &Session) -> HeartbeatAsk {
    beat(session, None)
}

fn beat(session: &Session, patch: Option<State>) -> HeartbeatAsk {
    HeartbeatAsk {
        room: None,
        epoch: None,
        patch,
        received: session.touch(None, None),
    }
}

fn lobby() -> RoomId {
    RoomId::trusted("lobby")
}

fn mood(json: &str) -> State {
    [("mood", json)].into_iter().collect()
}

/// A store and feed of one process. It forgets nothing and never fails.
struct OneProcess {
    clock: Arc<HandClock>,
    rooms: Mutex<BTreeMap<RoomId, Room>>,
    sink: OnceLock<Arc<dyn FeedSink>>,
}

#[derive(Default)]
struct Room {
    version: Version,
    records: BTreeMap<ConnId, Kept>,
}

struct Kept {
    found: Found,
    place: Place,
    until: Moment,
}

impl OneProcess {
    fn new(clock: Arc<HandClock>) -> Self {
        Self {
            clock,
            rooms: Mutex::default(),
            sink: OnceLock::new(),
        }
    }

    fn feed_into(&self, sink: Arc<dyn FeedSink>) {
        // The first one counts.
        let _ = self.sink.set(sink);
    }

    fn witness(&self) -> Witness {
        Witness {
            identity: Identity("one process".into()),
            time: self.clock.wall(),
        }
    }
}

#[async_trait]
impl PresenceStore for OneProcess {
    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let now = self.clock.now();
        // Held until the event is out, so that a room's events come in their order.
        let mut rooms = lock(&self.rooms);
        let room = rooms.entry(commit.room.clone()).or_default();
        let current = room.records.get(&commit.conn);
        let current = current.filter(|kept| kept.place == Place::Live || kept.until > now);
        let standing = current.map(|kept| kept.found.revision);
        let mut version = current.map_or(Version(0), |kept| kept.found.version);
        if standing == Some(commit.revision) {
            return Ok(Committed::Applied { version });
        }
        if standing != commit.expected {
            let found = current.map(|kept| kept.shown(now));
            return Ok(Committed::Conflict { found });
        }
        let prev = room.version;
        if commit.event.is_some() {
            version = Version::next(self.clock.wall(), prev, commit.floor);
            room.version = version;
        }
        let kept = Kept {
            found: Found {
                revision: commit.revision,
                version,
                lapsed: false,
                record: commit.record,
            },
            place: commit.place,
            until: now.after(commit.keep),
        };
        room.records.insert(commit.conn, kept);
        if let (Some(event), Some(sink)) = (commit.event, self.sink.get()) {
            let published = Published {
                version,
                prev,
                event,
            };
            sink.published(&commit.room, published);
        }
        Ok(Committed::Applied { version })
    }

    async fn renew(
        &self,
        _: Part,
        renewals: &[Renewal],
        ids: &[RoomId],
    ) -> Result<Renewed, StoreError> {
        let now = self.clock.now();
        let mut rooms = lock(&self.rooms);
        let mut reported = Vec::new();
        for Renewal { lease, remaining } in renewals {
            let records = rooms.get_mut(&lease.room).map(|room| &mut room.records);
            let kept = records.and_then(|records| records.get_mut(&lease.conn));
            match kept.filter(|kept| kept.runs(now) && kept.found.revision.epoch == lease.epoch) {
                Some(kept) => kept.until = kept.until.max(now.after(*remaining)),
                None => reported.push(lease.clone()),
            }
        }
        let version = |id| rooms.get(id).map_or(Version(0), |room| room.version);
        Ok(Renewed {
            reported,
            versions: ids.iter().map(version).collect(),
            witness: self.witness(),
        })
    }

    async fn read(&self, id: &RoomId, floor: Version, of: Conns<'_>) -> Result<Read, StoreError> {
        let now = self.clock.now();
        let mut rooms = lock(&self.rooms);
        let room = rooms.entry(id.clone()).or_default();
        room.version = room.version.max(floor);
        let asked = |conn: &ConnId, kept: &Kept| match of {
            Conns::Live => kept.place == Place::Live,
            Conns::One(one) => conn == one && (kept.place == Place::Live || kept.until > now),
        };
        let records = room.records.iter().filter(|(conn, kept)| asked(conn, kept));
        Ok(Read {
            version: room.version,
            records: records
                .map(|(conn, kept)| (conn.clone(), kept.shown(now)))
                .collect(),
            witness: self.witness(),
        })
    }

    async fn due(
        &self,
        _: Part,
        limit: usize,
        _longest_lease: Duration,
    ) -> Result<Due, StoreError> {
        let now = self.clock.now();
        let rooms = lock(&self.rooms);
        let all = rooms.iter().flat_map(|(id, room)| {
            let over = |(_, kept): &(_, &Kept)| kept.place == Place::Live && !kept.runs(now);
            let lapsed = room.records.iter().filter(over);
            lapsed.map(move |(conn, kept)| (id.clone(), conn.clone(), kept.shown(now)))
        });
        Ok(Due {
            lapsed: all.take(limit).collect(),
            witness: self.witness(),
        })
    }
}

#[async_trait]
impl Feed for OneProcess {
    /// Every event reaches the sink, which ignores rooms that the node is not in.
    async fn subscribe(&self, _: &RoomId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn unsubscribe(&self, _: &RoomId) {}
}

impl Kept {
    fn runs(&self, now: Moment) -> bool {
        self.place == Place::Live && self.until > now
    }

    fn shown(&self, now: Moment) -> Found {
        Found {
            lapsed: self.until <= now,
            ..self.found.clone()
        }
    }
}

/// Time that passes when it is told to.
#[derive(Default)]
struct HandClock(Mutex<u64>);

impl HandClock {
    fn advance(&self, span: Duration) {
        *lock(&self.0) += millis(span);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Moment {
        Moment(*lock(&self.0))
    }

    fn wall(&self) -> Timestamp {
        Timestamp(1_700_000_000_000 + self.now().0)
    }

    /// Only retries and time limits sleep, and this store needs neither.
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        pending().boxed()
    }
}

/// Background work waits until it is run.
#[derive(Default)]
struct Later(Mutex<Vec<BoxFuture<'static, ()>>>);

impl Later {
    fn run(&self) {
        let works = std::mem::take(&mut *lock(&self.0));
        for work in works {
            // What would sleep is dropped.
            let _ = work.now_or_never();
        }
    }
}

impl Tasks for Later {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        lock(&self.0).push(work);
    }
}

/// Numbers, so that the output is the same each time. A real one must be unpredictable.
#[derive(Default)]
struct Guessable(Mutex<u128>);

impl Entropy for Guessable {
    fn bits(&self) -> u128 {
        let mut last = lock(&self.0);
        *last += (1 << 64) + 1;
        *last
    }
}

/// What its peers send is text.
struct AsText;

impl Encoder for AsText {
    fn encode(&self, _: &RoomId, delivery: &Delivery) -> Message {
        let Delivery { user, kind, .. } = delivery;
        Arc::new(format!("{user}: {kind:?}"))
    }

    fn encode_snapshot(&self, _: &Snapshot) -> Message {
        // Its clients are printed what is in it.
        Arc::new(())
    }
}

/// A client that prints what it is told.
struct Printer(&'static str);

impl Peer for Printer {
    fn deliver(&self, message: &Message) {
        if let Some(text) = message.downcast_ref::<String>() {
            println!("{:<5} hears {text}", self.0);
        }
    }

    fn lost(&self, room: &RoomId, _: &ConnId, reason: Lost) {
        println!("{:<5} is no longer in {room}: {reason:?}", self.0);
    }

    fn heard(&self) -> Moment {
        Moment(0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
