//! One node on real threads, with a clock that is moved by hand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::oneshot;
use futures_util::future::BoxFuture;
use rtm_domain::PresenceService;
use rtm_domain::error::Refusal;
use rtm_domain::ids::{ConnId, RoomId, SocketId, UserId};
use rtm_domain::ports::{Conns, Lost, PresenceStore, Tasks};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::policy::Policy;
use rtm_domain::presence::state::State;
use rtm_domain::service::{
    Beat, Farewell, HeartbeatAsk, JoinAsk, Joined, Ports, ResumeAsk, Session,
};
use rtm_memory::{MemoryLimits, MemoryStore};
use rtm_tests::clock::HandClock;
use rtm_tests::dice::FixedEntropy;
use rtm_tests::peer::{Heard, RecordingPeer, ValueEncoder};
use rtm_tests::roster::Shows;
use rtm_tests::world::ms;

/// A node. Ticks and sweeps are called by the tests.
pub(crate) struct Bench {
    pub(crate) service: PresenceService,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<HandClock>,
    running: Arc<AtomicUsize>,
    sockets: AtomicU64,
}

/// A client's socket. Its clones are the same socket.
#[derive(Clone)]
pub(crate) struct Client {
    session: Session,
    peer: Arc<RecordingPeer>,
    lost: Arc<Mutex<Vec<Lost>>>,
}

/// Runs a test on four threads.
pub(crate) fn on_threads(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .expect("a runtime can be built");
    runtime.block_on(test);
}

pub(crate) fn policy() -> Policy {
    Policy {
        ttl: ms(3000),
        sweep_interval: ms(500),
        lookback: ms(6000),
        ..Policy::default()
    }
}

impl Bench {
    pub(crate) fn new(policy: Policy) -> Self {
        let clock = HandClock::new();
        let store = Arc::new(MemoryStore::new(clock.clone(), MemoryLimits::default()));
        let running = Arc::new(AtomicUsize::new(0));
        let ports = Ports {
            store: store.clone(),
            feed: store.clone(),
            clock: clock.clone(),
            tasks: Arc::new(Counted(running.clone())),
            entropy: Arc::new(FixedEntropy::new(1)),
            encoder: Arc::new(ValueEncoder),
            meter: Arc::new(()),
        };
        let service = PresenceService::new(policy, ports);
        store.feed_into(service.sink());
        Self {
            service,
            store,
            clock,
            running,
            sockets: AtomicU64::new(0),
        }
    }

    pub(crate) fn connect(&self) -> Client {
        let number = self.sockets.fetch_add(1, Ordering::SeqCst);
        let peer = RecordingPeer::new(self.clock.clone());
        Client {
            session: self.service.connect(SocketId(number), peer.clone()),
            peer,
            lost: Arc::default(),
        }
    }

    /// Waits until no background work is left, by letting time pass for what sleeps.
    pub(crate) async fn settle(&self) {
        for _ in 0..100_000 {
            if self.running.load(Ordering::SeqCst) == 0 {
                return;
            }
            tokio::task::yield_now().await;
            if self.clock.next_due().is_some() {
                self.clock.advance(ms(1));
            }
        }
        panic!("background work does not end");
    }

    /// Who is in a room, by the store.
    pub(crate) async fn stored(&self, room: &str) -> BTreeMap<ConnId, Shows> {
        let room = RoomId::trusted(room);
        let read = self.store.read(&room, Version(0), Conns::Live).await;
        let records = read.expect("it answers").records.into_iter();
        let shows = records.map(|(conn, found)| {
            let record = found.record;
            let (user, epoch, state) = (record.user, record.epoch, record.state);
            (conn, Shows { user, epoch, state })
        });
        shows.collect()
    }

    /// No client was told anything wrong, and what each believes is what the store has.
    pub(crate) async fn check(&self, clients: &[&Client]) {
        let stored = self.stored("lobby").await;
        let room = RoomId::trusted("lobby");
        for client in clients {
            let violations = client.peer.violations();
            assert!(violations.is_empty(), "{}", violations.join("\n"));
            let roster = client.peer.roster(&room);
            if let Some(members) = roster.as_ref().and_then(|roster| roster.members()) {
                assert_eq!(*members, stored, "P5");
            }
        }
    }

    /// Whether a client was shown its own latest write.
    pub(crate) fn witness(client: &Client, joined: &Joined) -> bool {
        let roster = client.peer.roster(&RoomId::trusted("lobby"));
        let members = roster.as_ref().and_then(|roster| roster.members());
        let own = members.and_then(|members| members.get(&joined.conn));
        own.is_some_and(|own| own.state.iter().len() == 1)
    }
}

impl Client {
    pub(crate) async fn join(
        &self,
        room: &str,
        user: &str,
        state: Option<State>,
    ) -> Result<Joined, Refusal> {
        self.ask(room, user, state, None).await
    }

    pub(crate) async fn resume(
        &self,
        room: &str,
        user: &str,
        resume: ResumeAsk,
    ) -> Result<Joined, Refusal> {
        self.ask(room, user, None, Some(resume)).await
    }

    async fn ask(
        &self,
        room: &str,
        user: &str,
        state: Option<State>,
        resume: Option<ResumeAsk>,
    ) -> Result<Joined, Refusal> {
        let room = RoomId::trusted(room);
        let ask = JoinAsk {
            room: room.clone(),
            user: UserId::trusted(user),
            state,
            resume,
        };
        let (send, answer) = oneshot::channel();
        let peer = self.peer.clone();
        let reply = move |joined: Result<Joined, Refusal>| {
            peer.answered(Heard::Joined(room, joined.clone()));
            // Whoever asked waits for it.
            let _ = send.send(joined);
        };
        self.session.join(ask, Box::new(reply)).await;
        answer.await.expect("a join is answered")
    }

    pub(crate) async fn patch(
        &self,
        room: &str,
        key: &str,
        value: impl ToString + Send,
    ) -> Result<Beat, Refusal> {
        let patch = [(key, value.to_string())].into_iter().collect();
        self.heartbeat(room, Some(patch)).await
    }

    pub(crate) async fn beat(&self, room: &str) -> Result<Beat, Refusal> {
        self.heartbeat(room, None).await
    }

    async fn heartbeat(&self, room: &str, patch: Option<State>) -> Result<Beat, Refusal> {
        let room = RoomId::trusted(room);
        let received = self.session.touch(Some(&room), None);
        let ask = HeartbeatAsk {
            room: Some(room),
            epoch: None,
            patch,
            received,
        };
        self.session.heartbeat(ask).await
    }

    pub(crate) async fn leave(&self, room: &str) -> Result<(), Refusal> {
        let room = RoomId::trusted(room);
        let left = self.session.leave(Some(&room)).await;
        self.peer.answered(Heard::Left(Some(room), left.clone()));
        left
    }

    pub(crate) async fn close(&self, farewell: Farewell) {
        self.peer.goes_away();
        self.session.close(farewell).await;
        self.peer.ended();
    }

    /// Its connection, if it believes to be in the room.
    pub(crate) fn own(&self, room: &str) -> Option<ConnId> {
        let roster = self.peer.roster(&RoomId::trusted(room))?;
        Some(roster.own().clone())
    }

    /// Why it lost its presences, since this was asked last.
    pub(crate) fn take_lost(&self) -> Vec<Lost> {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.extend(
            self.peer
                .take()
                .into_iter()
                .filter_map(|heard| match heard {
                    Heard::Lost(_, _, why) => Some(why),
                    _ => None,
                }),
        );
        std::mem::take(&mut lost)
    }
}

/// Spawns on the runtime's threads, and counts what runs.
struct Counted(Arc<AtomicUsize>);

impl Tasks for Counted {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        let running = self.0.clone();
        running.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            work.await;
            running.fetch_sub(1, Ordering::SeqCst);
        });
    }
}
