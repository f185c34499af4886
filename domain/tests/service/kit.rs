//! The node under test, what a case does with it, and ears that note what sockets are told.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_channel::oneshot;
use futures_executor::LocalPool;
use futures_util::FutureExt;
use futures_util::task::LocalSpawnExt;

use rtm_domain::PresenceService;
use rtm_domain::error::Refusal;
use rtm_domain::ids::{ConnId, ResumeKey, RoomId, SocketId, UserId};
use rtm_domain::ports::{Lost, Message, Peer};
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::event::{Delivery, Shown};
use rtm_domain::presence::policy::Policy;
use rtm_domain::presence::state::State;
use rtm_domain::service::{
    Beat, Farewell, HeartbeatAsk, JoinAsk, Joined, Ports, ResumeAsk, Session,
};
use rtm_domain::time::Moment;

use super::ports::{AsIs, Counting, HandClock, Queue, channel_over, store_over};
use super::shelf::Shelf;

/// One node, its store and its time.
pub(crate) struct World {
    pub(crate) service: PresenceService,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) encoder: Arc<AsIs>,
    tasks: Arc<Queue>,
    pool: RefCell<LocalPool>,
    sockets: AtomicU64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(policy())
    }

    pub(crate) fn with(policy: Policy) -> Self {
        let clock = Arc::new(HandClock::default());
        let shelf = Arc::new(Shelf::new(clock.clone()));
        let tasks = Arc::new(Queue::default());
        let encoder = Arc::new(AsIs::default());
        let ports = Ports {
            store: Arc::new(store_over(&shelf)),
            feed: Arc::new(channel_over(&shelf)),
            clock: clock.clone(),
            tasks: tasks.clone(),
            entropy: Arc::new(Counting::default()),
            encoder: encoder.clone(),
            meter: Arc::new(()),
        };
        let service = PresenceService::new(policy, ports);
        shelf.feed_into(service.sink());
        Self {
            service,
            shelf,
            clock,
            encoder,
            tasks,
            pool: RefCell::default(),
            sockets: AtomicU64::new(1),
        }
    }

    /// Another node on the same store, which has no members and hears nothing.
    pub(crate) fn node_elsewhere(&self) -> PresenceService {
        let ports = Ports {
            store: Arc::new(store_over(&self.shelf)),
            feed: Arc::new(channel_over(&self.shelf)),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            entropy: Arc::new(Counting::default()),
            encoder: self.encoder.clone(),
            meter: Arc::new(()),
        };
        PresenceService::new(*self.service.policy(), ports)
    }

    /// Begins something, and runs what can be run.
    pub(crate) fn begin<T: 'static>(&self, work: impl Future<Output = T> + 'static) -> Begun<T> {
        let (sender, receiver) = oneshot::channel();
        let work = async move { drop(sender.send(work.await)) };
        self.pool.borrow().spawner().spawn_local(work).unwrap();
        self.run();
        Begun(receiver)
    }

    /// Does something that needs no time to pass.
    pub(crate) fn done<T: 'static>(&self, work: impl Future<Output = T> + 'static) -> T {
        self.begin(work).answer()
    }

    /// Does something and, unlike `done`, leaves background work that it starts for later.
    pub(crate) fn done_alone<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        // A join lets others go first, once.
        let answer = (&mut work).now_or_never();
        let answer = answer.or_else(|| work.now_or_never());
        answer.expect("it waits for something")
    }

    /// Runs what can be run without time passing.
    pub(crate) fn run(&self) {
        let mut pool = self.pool.borrow_mut();
        loop {
            pool.run_until_stalled();
            let spawned = self.tasks.take();
            if spawned.is_empty() {
                return;
            }
            for work in spawned {
                pool.spawner().spawn_local(work).unwrap();
            }
        }
    }

    /// Lets time pass, without ticks.
    pub(crate) fn pass(&self, millis: u64) {
        let until = self.clock.steady().0 + millis;
        while self.clock.wake_next(until) {
            self.run();
        }
        self.run();
    }

    pub(crate) fn tick(&self) {
        let service = self.service.clone();
        self.begin(async move { service.tick().await });
    }

    pub(crate) fn sweep(&self) {
        let service = self.service.clone();
        self.begin(async move { service.sweep().await });
    }

    /// Lets time pass with ticks, as a running node does.
    pub(crate) fn live(&self, millis: u64) {
        let tick = u64::try_from(self.service.policy().tick().as_millis()).unwrap();
        for _ in 0..millis / tick {
            self.pass(tick);
            self.tick();
        }
    }

    pub(crate) fn connect(&self) -> Client {
        let ear = Arc::new(Ear::default());
        let socket = SocketId(self.sockets.fetch_add(1, Ordering::SeqCst));
        let session = self.service.connect(socket, ear.clone());
        Client { session, ear }
    }

    /// A client that is in the room.
    pub(crate) fn member(&self, value: &str) -> (Client, Joined) {
        let client = self.connect();
        let joined = self.join(&client, ask(value)).answer().unwrap();
        client.ear.forget();
        (client, joined)
    }

    pub(crate) fn join(&self, client: &Client, ask: JoinAsk) -> Begun<Result<Joined, Refusal>> {
        let session = client.session.clone();
        let (sender, receiver) = oneshot::channel();
        let reply = Box::new(move |answer| drop(sender.send(answer)));
        self.begin(async move { session.join(ask, reply).await });
        Begun(receiver)
    }

    pub(crate) fn beat(&self, client: &Client) -> Result<Beat, Refusal> {
        self.heartbeat(client, None)
    }

    pub(crate) fn patch(&self, client: &Client, value: &str) -> Result<Beat, Refusal> {
        self.heartbeat(client, Some(state(value)))
    }

    pub(crate) fn leave(&self, client: &Client) -> Result<(), Refusal> {
        let session = client.session.clone();
        self.done(async move { session.leave(None).await })
    }

    pub(crate) fn close(&self, client: &Client, farewell: Farewell) -> Begun<()> {
        let session = client.session.clone();
        self.begin(async move { session.close(farewell).await })
    }

    pub(crate) fn kick(&self, conn: &ConnId) -> Result<bool, Refusal> {
        let (service, conn) = (self.service.clone(), conn.clone());
        self.done(async move { service.kick(&room(), &conn).await })
    }

    fn heartbeat(&self, client: &Client, patch: Option<State>) -> Result<Beat, Refusal> {
        let session = client.session.clone();
        let ask = HeartbeatAsk {
            room: None,
            epoch: None,
            patch,
            received: session.touch(None, None),
        };
        self.done(async move { session.heartbeat(ask).await })
    }
}

/// A socket and what it is told.
pub(crate) struct Client {
    pub(crate) session: Session,
    pub(crate) ear: Arc<Ear>,
}

/// Something that was begun.
pub(crate) struct Begun<T>(oneshot::Receiver<T>);

impl<T> Begun<T> {
    pub(crate) fn answer(self) -> T {
        let answer = self.0.now_or_never();
        answer.expect("it still waits").expect("nobody answers")
    }

    pub(crate) fn poll(&mut self) -> Option<T> {
        self.0.try_recv().expect("nobody answers")
    }
}

/// Notes what a socket is told.
#[derive(Default)]
pub(crate) struct Ear {
    told: Mutex<Vec<Told>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Event(Delivery),
    Message(String),
    Lost(ConnId, Lost),
}

impl Ear {
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    pub(crate) fn forget(&self) {
        self.told.lock().unwrap().clear();
    }

    /// What it was shown of connections, in short.
    pub(crate) fn shown(&self) -> Vec<(ConnId, Shown)> {
        let event = |told| match told {
            Told::Event(delivery) => Some((delivery.conn, delivery.kind)),
            Told::Message(_) | Told::Lost(..) => None,
        };
        self.told().into_iter().filter_map(event).collect()
    }

    pub(crate) fn lost(&self) -> Vec<Lost> {
        let lost = |told| match told {
            Told::Lost(_, why) => Some(why),
            Told::Event(_) | Told::Message(_) => None,
        };
        self.told().into_iter().filter_map(lost).collect()
    }
}

impl Peer for Ear {
    fn deliver(&self, message: &Message) {
        let told = match message.downcast_ref::<String>() {
            Some(text) => Told::Message(text.clone()),
            None => Told::Event(message.downcast_ref::<Delivery>().unwrap().clone()),
        };
        self.told.lock().unwrap().push(told);
    }

    fn lost(&self, _: &RoomId, conn: &ConnId, reason: Lost) {
        let lost = Told::Lost(conn.clone(), reason);
        self.told.lock().unwrap().push(lost);
    }

    fn heard(&self) -> Moment {
        Moment(0)
    }
}

pub(crate) fn policy() -> Policy {
    Policy {
        ttl: Duration::from_secs(30),
        ..Policy::default()
    }
}

pub(crate) fn lingering() -> Policy {
    Policy {
        linger: Duration::from_secs(20),
        ..policy()
    }
}

pub(crate) fn room() -> RoomId {
    RoomId::trusted("room")
}

pub(crate) fn state(value: &str) -> State {
    [("a", value)].into_iter().collect()
}

pub(crate) fn ask(value: &str) -> JoinAsk {
    JoinAsk {
        room: room(),
        user: UserId::trusted("ada"),
        state: Some(state(value)),
        resume: None,
    }
}

/// Asks for another room.
pub(crate) fn elsewhere(name: &str) -> JoinAsk {
    JoinAsk {
        room: RoomId::trusted(name),
        ..ask("1")
    }
}

/// Asks for an earlier presence, with the state that it had.
pub(crate) fn ask_resume(joined: &Joined, epoch: Option<Epoch>) -> JoinAsk {
    let resume = ResumeAsk {
        conn: joined.conn.clone(),
        key: ResumeKey::trusted(joined.key.reveal()),
        epoch,
    };
    JoinAsk {
        state: None,
        resume: Some(resume),
        ..ask("unused")
    }
}
