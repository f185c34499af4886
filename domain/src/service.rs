//! Runs the machines over the ports: the presence service of one node.
//!
//! A command goes `Session` → `Seat` (draft) → `PresenceStore::commit` → feed → `View` →
//! peers. The service holds no rule; it performs what the machines decide. Locks are never held
//! across a call to a port that waits, but for a seat's turn, which lasts one command.

mod audit;
mod ending;
mod fencing;
mod joining;
mod observing;
mod patching;
mod room;
mod rooms;
mod session;
mod sharing;
mod upkeep;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;

use crate::error::{Refusal, StoreError};
use crate::ids::{ConnId, RoomId, SeatId, SocketId, UserId};
use crate::ports::{
    Clock, Conns, Encoder, Entropy, Feed, FeedSink, Message, Meter, Observer, Peer, PresenceStore,
    Tasks,
};
use crate::presence::epoch::Version;
use crate::presence::event::Published;
use crate::presence::policy::Policy;
use crate::presence::snapshot::{Snapshot, SnapshotEntry};
use crate::time::{Now, Timestamp};

use room::LocalRoom;
use rooms::Rooms;
use session::SessionState;
use upkeep::Upkeep;

pub use session::{Beat, HeartbeatAsk, JoinAsk, Joined, Reply, ResumeAsk, Session, Synced};

/// Everything the service needs from outside.
#[derive(Clone)]
pub struct Ports {
    /// Keeps the records.
    pub store: Arc<dyn PresenceStore>,
    /// Brings the events of rooms.
    pub feed: Arc<dyn Feed>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Runs background work.
    pub tasks: Arc<dyn Tasks>,
    /// Gives secrets.
    pub entropy: Arc<dyn Entropy>,
    /// Encodes deliveries.
    pub encoder: Arc<dyn Encoder>,
    /// Counts what is done.
    pub meter: Arc<dyn Meter>,
}

impl Ports {
    /// What telling a room's members takes.
    fn telling(&self) -> (&dyn Encoder, &dyn Meter) {
        (&*self.encoder, &*self.meter)
    }
}

/// The presence service of one node. Cheap to clone.
#[derive(Clone)]
pub struct PresenceService {
    node: Arc<Node>,
}

/// What the parts of the service share.
pub(crate) struct Node {
    policy: Policy,
    ports: Ports,
    rooms: Rooms,
    sessions: Mutex<BTreeMap<SocketId, Arc<SessionState>>>,
    upkeep: Mutex<Upkeep>,
    draining: AtomicBool,
    observers: Mutex<Arc<[Arc<dyn Observer>]>>,
    /// How many ticks wait for the store.
    renewing: AtomicUsize,
}

impl PresenceService {
    /// A service that has nobody yet. Hand [`sink`](Self::sink) to the feed, and call
    /// [`tick`](Self::tick) and [`sweep`](Self::sweep) regularly, or [`run`](Self::run) once.
    pub fn new(policy: Policy, ports: Ports) -> Self {
        let upkeep = Upkeep::new(&policy, ports.store.parts(), ports.clock.now());
        Self {
            node: Arc::new(Node {
                policy,
                ports,
                rooms: Rooms::default(),
                sessions: Mutex::default(),
                upkeep: Mutex::new(upkeep),
                draining: AtomicBool::new(false),
                observers: Mutex::new(Arc::new([])),
                renewing: AtomicUsize::new(0),
            }),
        }
    }

    /// The times and limits it goes by.
    pub fn policy(&self) -> &Policy {
        &self.node.policy
    }

    /// Where the feed puts what it brings.
    pub fn sink(&self) -> Arc<dyn FeedSink> {
        Arc::new(Sink(self.node.clone()))
    }

    /// Runs ticks and sweeps in the background for as long as the tasks run.
    pub fn run(&self) {
        let (ticking, sweeping) = (self.clone(), self.clone());
        self.node.spawn(async move {
            loop {
                ticking.node.sleep(ticking.policy().tick()).await;
                ticking.tick_soon();
            }
        });
        self.node.spawn(async move {
            loop {
                sweeping.node.sleep(sweeping.policy().sweep_interval).await;
                sweeping.sweep().await;
            }
        });
    }

    /// A socket connected. `socket` must not have been used before on this node.
    pub fn connect(&self, socket: SocketId, peer: Arc<dyn Peer>) -> Session {
        let session = SessionState::open(socket, peer);
        lock(&self.node.sessions).insert(socket, session.clone());
        Session::new(self.node.clone(), session)
    }

    /// The session of a connected socket.
    pub fn session(&self, socket: SocketId) -> Option<Session> {
        let state = lock(&self.node.sessions).get(&socket).cloned()?;
        Some(Session::new(self.node.clone(), state))
    }

    /// Everyone live in a room, as the store has it, also if this node has no member there.
    pub async fn snapshot(&self, room: &RoomId) -> Result<Snapshot, StoreError> {
        let node = &self.node;
        let read = node.ports.store.read(room, Version(0), Conns::Live).await?;
        let oldest = node.ports.clock.wall().before(node.policy.ttl);
        let live = read.records.into_iter().filter(|(_, found)| !found.lapsed);
        let entries = live.map(|(conn, found)| SnapshotEntry {
            conn,
            user: found.record.user,
            state: found.record.state,
            last_seen: found.record.written.max(oldest),
            epoch: found.record.epoch,
        });
        Ok(Snapshot {
            version: read.version,
            entries: entries.collect(),
        })
    }

    /// Removes one connection from a room, wherever its socket is. False if it was not there.
    pub async fn kick(&self, room: &RoomId, conn: &ConnId) -> Result<bool, Refusal> {
        self.node.kick(room, conn).await
    }

    /// Removes all connections of a user from a room. Returns how many there were.
    pub async fn kick_user(&self, room: &RoomId, user: &UserId) -> Result<usize, Refusal> {
        let snapshot = self.snapshot(room).await?;
        let mut kicked = 0;
        for entry in snapshot.entries.iter().filter(|entry| entry.user == *user) {
            kicked += usize::from(self.node.kick(room, &entry.conn).await?);
        }
        Ok(kicked)
    }

    /// Has an observer follow what happens from now on.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let mut observers = lock(&self.node.observers);
        let more = observers.iter().cloned().chain([observer]);
        *observers = more.collect();
    }

    /// Hands an encoded message to the members of a room on this node, but for one connection, in
    /// its place among the room's events. Returns how many there were.
    pub fn tell(&self, room: &RoomId, message: &Message, except: Option<&ConnId>) -> usize {
        let room = self.node.rooms.find(room);
        let meter = &*self.node.ports.meter;
        room.map_or(0, |room| room.tell(message, except, meter))
    }

    /// Refuses joins from now on.
    pub fn refuse_joins(&self) {
        self.node.draining.store(true, Ordering::SeqCst);
    }

    /// This node is going away: joins are refused from now on, and all its presences end, or
    /// linger where that is on.
    pub async fn drain(&self) {
        self.refuse_joins();
        let sessions = std::mem::take(&mut *lock(&self.node.sessions));
        let cells: Vec<_> = sessions
            .values()
            .flat_map(|session| session.close())
            .collect();
        // First all of them stop listening, so that nobody who goes is told that others go.
        for cell in &cells {
            cell.mute();
        }
        join_all(
            cells
                .iter()
                .map(|cell| self.node.part(cell, Farewell::None)),
        )
        .await;
    }

    /// How many sockets are connected, and how many rooms have a member on this node.
    pub fn load(&self) -> (usize, usize) {
        (lock(&self.node.sessions).len(), self.node.rooms.len())
    }

    /// How many presences sockets of this node hold. Looks at every room.
    pub fn presences(&self) -> usize {
        let rooms = self.node.rooms.all();
        rooms.iter().map(|room| room.seat_count()).sum()
    }
}

pub use session::Farewell;
pub use sharing::SharedSnapshot;

impl Node {
    fn now(&self) -> Now {
        lock(&self.upkeep).listening.now(self.ports.clock.now())
    }

    fn times(&self) -> (Now, Timestamp) {
        (self.now(), self.ports.clock.wall())
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    fn seat_id(&self) -> SeatId {
        // Half of the bits are enough to never meet twice, and fit a store's revision text.
        SeatId((self.ports.entropy.bits() >> 64) as u64)
    }

    fn sleep(&self, span: std::time::Duration) -> impl Future<Output = ()> + Send + use<> {
        self.ports.clock.sleep(span)
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.ports.tasks.spawn(Box::pin(work));
    }

    /// The highest version that clients of this node were shown in a room.
    fn floor(&self, room: &RoomId) -> Version {
        self.rooms
            .find(room)
            .map_or(Version(0), |room| room.floor())
    }
}

struct Sink(Arc<Node>);

impl FeedSink for Sink {
    fn published(&self, room: &RoomId, published: Published) {
        if let Some(room) = self.0.rooms.find(room) {
            self.0.take_in(&room, published);
        }
    }

    fn interrupted(&self, room: Option<&RoomId>) {
        let rooms: Vec<Arc<LocalRoom>> = match room {
            Some(room) => self.0.rooms.find(room).into_iter().collect(),
            None => self.0.rooms.all(),
        };
        for room in rooms {
            self.0.need_repair(&room);
        }
    }
}

/// Locks, also after a panic elsewhere: what the machines keep is consistent between calls.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
