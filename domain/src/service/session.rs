//! One socket's presences: what its client may ask, and the seats it has.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::future::join_all;
use futures_util::lock::Mutex as AsyncMutex;

use crate::error::{Excess, Limit, Refusal, Rejection};
use crate::ids::{ConnId, ResumeKey, RoomId, SocketId, UserId};
use crate::ports::{Lost, Peer};
use crate::presence::epoch::{Epoch, Version};
use crate::presence::policy::Policy;
use crate::presence::record::Reason;
use crate::presence::state::State;
use crate::seat::{Seat, Standing};
use crate::service::room::{Inner, LocalRoom};
use crate::service::sharing::SharedSnapshot;
use crate::service::{Node, lock};
use crate::time::Now;

/// A client asks to be in a room.
#[derive(Debug, Clone)]
pub struct JoinAsk {
    /// The room.
    pub room: RoomId,
    /// As whom.
    pub user: UserId,
    /// What to show; left out: what a resumed presence showed, else nothing.
    pub state: Option<State>,
    /// An earlier presence to continue.
    pub resume: Option<ResumeAsk>,
}

/// A client asks to continue an earlier presence.
#[derive(Debug, Clone)]
pub struct ResumeAsk {
    /// Which.
    pub conn: ConnId,
    /// What proves the owner.
    pub key: ResumeKey,
    /// The epoch to take; left out: one more than the presence's.
    pub epoch: Option<Epoch>,
}

/// A client says that it is there, and perhaps changes what it shows.
#[derive(Debug, Clone)]
pub struct HeartbeatAsk {
    /// Which room; left out: the only one, or all.
    pub room: Option<RoomId>,
    /// Its epoch; left out: that of its last join.
    pub epoch: Option<Epoch>,
    /// The keys that change.
    pub patch: Option<State>,
    /// When it reached the node: [`Session::touch`] says so.
    pub received: Now,
}

/// The answer to a join.
#[derive(Debug, Clone)]
pub struct Joined {
    /// Everyone shown, the joiner among them.
    pub snapshot: Arc<SharedSnapshot>,
    /// The joiner's connection.
    pub conn: ConnId,
    /// Its epoch.
    pub epoch: Epoch,
    /// The secret with which it may resume.
    pub key: ResumeKey,
}

/// The answer to a sync.
pub type Synced = Arc<SharedSnapshot>;

/// The answer to a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Whether its patch changed anything.
    pub changed: bool,
    /// The epoch that counts.
    pub epoch: Epoch,
    /// The version of the event that its patch caused.
    pub version: Option<Version>,
}

/// Takes an answer, in its place among what the socket is told.
pub type Reply<T> = Box<dyn FnOnce(Result<T, Refusal>) + Send>;

/// How a socket went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// Its client said that it goes: its presences end at once.
    Said,
    /// The connection broke: its presences linger, where that is on.
    None,
}

/// A connected socket. Its commands take effect in the order in which they are awaited.
#[derive(Clone)]
pub struct Session {
    node: Arc<Node>,
    state: Arc<SessionState>,
}

pub(crate) struct SessionState {
    socket: SocketId,
    peer: Arc<dyn Peer>,
    seats: Mutex<BTreeMap<RoomId, Arc<SeatCell>>>,
    closed: AtomicBool,
}

/// A seat and what belongs to it.
pub(crate) struct SeatCell {
    seat: Mutex<Seat>,
    /// One writer at a time. Held for one command, never while waiting for a store to return.
    pub(super) turn: AsyncMutex<()>,
    pub(super) judging: AtomicBool,
    pub(super) room: Arc<LocalRoom>,
    pub(super) socket: SocketId,
    pub(super) peer: Arc<dyn Peer>,
    session: Arc<SessionState>,
}

impl Session {
    pub(super) fn new(node: Arc<Node>, state: Arc<SessionState>) -> Self {
        Self { node, state }
    }

    /// Reads the clock for a message that arrives now; if it is a heartbeat, lets it count from
    /// now on, however long it queues.
    pub fn touch(&self, room: Option<&RoomId>, epoch: Option<Epoch>) -> Now {
        let now = self.node.now();
        for cell in self.state.seats_in(room) {
            // A refusal is told when the heartbeat gets its turn.
            let _ = cell.seat().heartbeat(epoch, now, &self.node.policy);
        }
        now
    }

    /// Joins a room. The answer is given in its place among the room's events: none that the
    /// snapshot holds comes after it, none that it lacks before it.
    pub async fn join(&self, ask: JoinAsk, reply: Reply<Joined>) {
        self.node.join(&self.state, ask, reply).await;
    }

    /// Renews a presence, or all of them, and perhaps changes what it shows.
    pub async fn heartbeat(&self, ask: HeartbeatAsk) -> Result<Beat, Refusal> {
        let mut cells = self.state.seats_in(ask.room.as_ref());
        // A join that was not answered puts nobody into a room.
        cells.retain(|cell| cell.seat().standing() != Standing::Joining);
        let Some((first, rest)) = cells.split_first() else {
            return Err(Rejection::NotPresent.into());
        };
        if let Some(patch) = ask.patch {
            if !rest.is_empty() {
                return Err(Rejection::RoomNeeded.into());
            }
            return self
                .node
                .patch(first, (ask.epoch, ask.received), patch)
                .await;
        }
        let mut beat = self.node.beat(first, ask.epoch, ask.received)?;
        for cell in rest {
            let other = self.node.beat(cell, ask.epoch, ask.received)?;
            beat.epoch = beat.epoch.max(other.epoch);
        }
        Ok(beat)
    }

    /// Leaves a room, or all of them. It is no error to leave where one is not.
    pub async fn leave(&self, room: Option<&RoomId>) -> Result<(), Refusal> {
        let cells = self.state.seats_in(room);
        let leave = |cell| self.node.leave(cell, Reason::Left, None);
        let left = join_all(cells.iter().map(leave)).await;
        left.into_iter().collect()
    }

    /// The room as this socket should see it now, in its place among the room's events.
    pub fn sync(&self, room: &RoomId, reply: Reply<Synced>) {
        self.node.sync(&self.state, room, reply);
    }

    /// The socket is gone. What it asked before is done first.
    pub async fn close(&self, farewell: Farewell) {
        let cells = self.state.close();
        lock(&self.node.sessions).remove(&self.state.socket);
        join_all(cells.iter().map(|cell| self.node.part(cell, farewell))).await;
    }

    /// Which presence this socket has in a room: its connection, user and epoch.
    pub fn presence(&self, room: &RoomId) -> Option<(ConnId, UserId, Epoch)> {
        let cell = self.state.seat(room)?;
        let seat = cell.seat();
        let live = seat.standing() == Standing::Live;
        live.then(|| (seat.conn().clone(), seat.user().clone(), seat.epoch()))
    }

    /// The rooms this socket is in.
    pub fn rooms(&self) -> Vec<RoomId> {
        lock(&self.state.seats).keys().cloned().collect()
    }
}

impl SessionState {
    pub(super) fn open(socket: SocketId, peer: Arc<dyn Peer>) -> Arc<Self> {
        Arc::new(Self {
            socket,
            peer,
            seats: Mutex::default(),
            closed: AtomicBool::new(false),
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn seat(&self, room: &RoomId) -> Option<Arc<SeatCell>> {
        lock(&self.seats).get(room).cloned()
    }

    /// Takes a new seat, if the socket is open and may have one more, and so may the room.
    pub(super) fn add_seat(
        self: &Arc<Self>,
        room: &Arc<LocalRoom>,
        seat: Seat,
        policy: &Policy,
    ) -> Result<Arc<SeatCell>, Rejection> {
        let mut seats = lock(&self.seats);
        if self.is_closed() {
            return Err(Rejection::NotPresent);
        }
        self.may_add_seat(&seats, policy.rooms_per_connection_max)?;
        let conn = seat.conn().clone();
        let cell = Arc::new(SeatCell {
            seat: Mutex::new(seat),
            turn: AsyncMutex::new(()),
            judging: AtomicBool::new(false),
            room: room.clone(),
            socket: self.socket,
            peer: self.peer.clone(),
            session: self.clone(),
        });
        seats.insert(room.id().clone(), cell.clone());
        drop(seats);
        let added = room.add_seat(conn, cell.clone(), policy.connections_per_room_max);
        if added.is_err() {
            self.forget(&cell);
        }
        added.map(|()| cell)
    }

    pub(super) fn check_room_for_seat(&self, rooms_max: usize) -> Result<(), Rejection> {
        self.may_add_seat(&lock(&self.seats), rooms_max)
    }

    fn may_add_seat(
        &self,
        seats: &BTreeMap<RoomId, Arc<SeatCell>>,
        rooms_max: usize,
    ) -> Result<(), Rejection> {
        if seats.len() < rooms_max {
            return Ok(());
        }
        Err(Rejection::TooLarge(Excess {
            limit: Limit::RoomsPerConnection,
            max: rooms_max as u64,
        }))
    }

    fn seats_in(&self, room: Option<&RoomId>) -> Vec<Arc<SeatCell>> {
        let seats = lock(&self.seats);
        match room {
            Some(room) => seats.get(room).cloned().into_iter().collect(),
            None => seats.values().cloned().collect(),
        }
    }

    pub(super) fn close(&self) -> Vec<Arc<SeatCell>> {
        let seats = lock(&self.seats);
        self.closed.store(true, Ordering::SeqCst);
        seats.values().cloned().collect()
    }

    /// True if this was the socket's seat in the room, and not an earlier one.
    fn forget(&self, cell: &SeatCell) -> bool {
        let mut seats = lock(&self.seats);
        let room = cell.room.id();
        let current = seats
            .get(room)
            .is_some_and(|seat| std::ptr::eq(&**seat, cell));
        if current {
            seats.remove(room);
        }
        current
    }
}

impl SeatCell {
    pub(super) fn seat(&self) -> MutexGuard<'_, Seat> {
        lock(&self.seat)
    }

    /// Whether its socket is gone.
    pub(super) fn is_orphaned(&self) -> bool {
        self.session.is_closed()
    }

    /// Its socket hears the room no more.
    pub(super) fn mute(&self) {
        self.room.with(|inner| inner.mute(self.socket));
    }

    /// Its client no longer has this seat: off the socket's rooms and out of the audience.
    pub(super) fn detach(&self) {
        self.room.with(|inner| self.detach_within(inner));
    }

    /// It is over.
    pub(super) fn remove(&self) {
        self.seat().vanish();
        self.room.with(|inner| {
            self.detach_within(inner);
            inner.remove_seat(self);
        });
    }

    /// It is over although its socket lives, and its client is told why.
    pub(super) fn lose(&self, why: Lost) {
        self.room.with(|inner| self.lose_within(inner, why));
    }

    /// The same, in one step with what else happens in the room.
    pub(super) fn lose_within(&self, inner: &mut Inner, why: Lost) {
        let conn = {
            let mut seat = self.seat();
            if seat.standing() == Standing::Gone {
                return;
            }
            seat.vanish();
            seat.conn().clone()
        };
        let was_current = self.detach_within(inner);
        inner.remove_seat(self);
        if was_current && !self.is_orphaned() {
            self.peer.lost(self.room.id(), &conn, why);
        }
    }

    fn detach_within(&self, inner: &mut Inner) -> bool {
        // A later seat of the same socket in this room stays in the audience.
        let was_current = self.session.forget(self);
        if was_current {
            inner.mute(self.socket);
        }
        was_current
    }
}
