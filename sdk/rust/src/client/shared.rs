//! What a client knows, shared by its tasks.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rtm_protocol::{
    JoinReply, JoinRequest, Key, Lost, LostReason, PresenceEvent, Resume, SnapshotEntry, State,
};
use tokio::sync::{Notify, broadcast};

use super::ClientEvent;
use crate::connection::Connection;
use crate::error::{ClientError, ClosedBy};
use crate::options::{ClientOptions, JoinOptions};
use crate::view::{Fed, RoomView};

/// Events of one room that wait for its snapshot; with more, the room is asked for again.
const HELD_BACK_MAX: usize = 10_000;

pub(crate) struct Shared {
    pub(super) url: String,
    pub(super) options: ClientOptions,
    pub(super) events: broadcast::Sender<ClientEvent>,
    /// Told when a room must be asked for again, or joined again.
    pub(super) work: Notify,
    state: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    connection: Option<Connection>,
    rooms: HashMap<String, RoomState>,
    ttl_ms: Option<u64>,
    /// When the server wants to be left, in ms.
    reconnect_in_ms: Option<[u64; 2]>,
}

/// One room, as far as it is known.
#[derive(Default)]
struct RoomState {
    options: JoinOptions,
    own: Option<Own>,
    view: RoomView,
    /// Events that came while a snapshot is on its way.
    held_back: Option<Vec<PresenceEvent>>,
    todo: Todo,
    lost: Option<LostReason>,
}

struct Own {
    conn_id: String,
    key: Key,
    /// The highest epoch that was given or asked for.
    epoch: u64,
}

/// What a room needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Todo {
    #[default]
    Nothing,
    Sync,
    Join,
}

impl Shared {
    pub(super) fn new(url: &str, options: ClientOptions) -> Self {
        Self {
            url: url.to_owned(),
            events: broadcast::channel(options.events_max).0,
            options,
            work: Notify::new(),
            state: Mutex::default(),
        }
    }

    pub(crate) fn connection(&self) -> Result<Connection, ClientError> {
        let state = self.lock();
        let closed = || ClientError::Closed(ClosedBy::Stream);
        state.connection.clone().ok_or_else(closed)
    }

    pub(super) fn set_connection(&self, connection: Connection) {
        let mut state = self.lock();
        state.connection = Some(connection);
        state.reconnect_in_ms = None;
        for room in state.rooms.values_mut() {
            if room.lost.is_none() {
                room.todo = Todo::Join;
            }
        }
    }

    pub(super) fn forget_connection(&self) {
        self.lock().connection = None;
    }

    pub(super) fn tell(&self, event: ClientEvent) {
        // Nobody has to listen.
        let _ = self.events.send(event);
    }

    pub(super) fn enter(&self, room_id: &str, options: JoinOptions) {
        let mut state = self.lock();
        let room = state.rooms.entry(room_id.to_owned()).or_default();
        room.options = options;
        room.lost = None;
    }

    pub(crate) fn exit(&self, room_id: &str) {
        self.lock().rooms.remove(room_id);
    }

    /// What the rooms need.
    pub(super) fn todo(&self) -> Vec<(String, Todo)> {
        let mut state = self.lock();
        let rooms = state.rooms.iter_mut();
        rooms
            .filter(|(_, room)| room.todo != Todo::Nothing)
            .map(|(id, room)| (id.clone(), std::mem::take(&mut room.todo)))
            .collect()
    }

    pub(super) fn again(&self, room_id: &str, todo: Todo) {
        if let Some(room) = self.lock().rooms.get_mut(room_id) {
            room.todo = todo;
        }
        self.work.notify_one();
    }

    /// The next request to join a room. From now on its events wait for the answer.
    pub(super) fn join_request(&self, room_id: &str) -> Option<JoinRequest> {
        let mut state = self.lock();
        let room = state.rooms.get_mut(room_id)?;
        room.hold_back();
        let resume = room.own.as_mut().map(|own| {
            // Asked for, so that a late copy of an older request never wins.
            own.epoch += 1;
            Resume {
                conn_id: own.conn_id.clone(),
                key: own.key.clone(),
                epoch: Some(own.epoch),
            }
        });
        Some(JoinRequest {
            room_id: room_id.to_owned(),
            user_id: room.options.user_id.clone(),
            state: room.options.state.clone(),
            resume,
        })
    }

    pub(super) fn joined(&self, room_id: &str, reply: JoinReply) {
        let mut state = self.lock();
        if state.ttl_ms.replace(reply.ttl_ms) != Some(reply.ttl_ms) {
            // The next heartbeat may be due sooner.
            self.work.notify_one();
        }
        let Some(room) = state.rooms.get_mut(room_id) else {
            return;
        };
        room.own = Some(Own {
            conn_id: reply.own.conn_id,
            key: reply.own.key,
            epoch: reply.own.epoch,
        });
        room.lost = None;
        room.set(reply.snapshot, reply.version);
    }

    /// From now on the room's events wait for its snapshot.
    pub(super) fn begin_sync(&self, room_id: &str) {
        if let Some(room) = self.lock().rooms.get_mut(room_id) {
            room.hold_back();
        }
    }

    pub(super) fn synced(&self, room_id: &str, snapshot: Vec<SnapshotEntry>, version: u64) {
        if let Some(room) = self.lock().rooms.get_mut(room_id) {
            room.set(snapshot, version);
        }
    }

    /// A resume is over: a newer socket has the presence.
    pub(super) fn replaced(&self, room_id: &str) {
        if let Some(room) = self.lock().rooms.get_mut(room_id) {
            room.lost = Some(LostReason::Replaced);
            room.todo = Todo::Nothing;
        }
    }

    pub(super) fn hear(&self, event: &PresenceEvent) {
        let mut state = self.lock();
        let Some(room) = state.rooms.get_mut(&event.room_id) else {
            return;
        };
        match &mut room.held_back {
            Some(held) if held.len() < HELD_BACK_MAX => held.push(event.clone()),
            Some(_) => {}
            None => {
                if room.view.feed(event.clone()) == Fed::Gap && room.todo == Todo::Nothing {
                    room.todo = Todo::Sync;
                    self.work.notify_one();
                }
            }
        }
    }

    pub(super) fn lost(&self, lost: &Lost) {
        let mut state = self.lock();
        let Some(room) = state.rooms.get_mut(&lost.room_id) else {
            return;
        };
        if room
            .own
            .as_ref()
            .is_none_or(|own| own.conn_id != lost.conn_id)
        {
            return;
        }
        room.view.clear();
        if lost.reason == LostReason::Expired {
            room.todo = Todo::Join;
            self.work.notify_one();
        } else {
            room.lost = Some(lost.reason);
        }
    }

    /// Every room must be joined again: the server knows of no presence.
    pub(super) fn rejoin_all(&self) {
        for room in self.lock().rooms.values_mut() {
            if room.lost.is_none() {
                room.todo = Todo::Join;
            }
        }
        self.work.notify_one();
    }

    pub(super) fn is_in_a_room(&self) -> bool {
        let state = self.lock();
        state
            .rooms
            .values()
            .any(|room| room.own.is_some() && room.lost.is_none())
    }

    pub(super) fn ttl_ms(&self) -> Option<u64> {
        self.lock().ttl_ms
    }

    pub(super) fn drain(&self, reconnect_in_ms: [u64; 2]) {
        self.lock().reconnect_in_ms = Some(reconnect_in_ms);
        self.work.notify_one();
    }

    pub(super) fn take_draining(&self) -> Option<[u64; 2]> {
        self.lock().reconnect_in_ms.take()
    }

    pub(crate) fn members(&self, room_id: &str) -> Vec<SnapshotEntry> {
        let state = self.lock();
        let room = state.rooms.get(room_id);
        room.map_or_else(Vec::new, |room| room.view.members().cloned().collect())
    }

    pub(crate) fn own(&self, room_id: &str) -> Option<(String, u64)> {
        let state = self.lock();
        let own = state.rooms.get(room_id)?.own.as_ref()?;
        Some((own.conn_id.clone(), own.epoch))
    }

    pub(crate) fn lost_reason(&self, room_id: &str) -> Option<LostReason> {
        self.lock().rooms.get(room_id)?.lost
    }

    /// Remembers what a patch made of the state, so that a fresh join shows it too.
    pub(crate) fn patched(&self, room_id: &str, patch: &State) {
        if let Some(room) = self.lock().rooms.get_mut(room_id) {
            let state = room.options.state.get_or_insert_with(State::new);
            state.merge(patch);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RoomState {
    fn hold_back(&mut self) {
        self.held_back.get_or_insert_with(Vec::new);
    }

    fn set(&mut self, snapshot: Vec<SnapshotEntry>, version: u64) {
        self.view.set(snapshot, version);
        let held = self.held_back.take().unwrap_or_default();
        let overflowed = held.len() >= HELD_BACK_MAX;
        let mut gap = overflowed;
        for event in held {
            gap |= self.view.feed(event) == Fed::Gap;
        }
        if gap {
            self.todo = Todo::Sync;
        }
    }
}
