//! A socket that writes down all it is told, and checks it as a client would.

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rtm_domain::error::Refusal;
use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::ports::{Clock, Encoder, Lost, Message, Peer};
use rtm_domain::presence::event::Delivery;
use rtm_domain::presence::snapshot::Snapshot;
use rtm_domain::service::{Beat, Joined, Synced};
use rtm_domain::time::Moment;

use crate::roster::{Roster, Violation};

/// Something that a socket was told.
#[derive(Debug, Clone)]
pub enum Heard {
    /// An event of a room.
    Event(RoomId, Delivery),
    /// Its presence ended.
    Lost(RoomId, ConnId, Lost),
    /// The answer to a join.
    Joined(RoomId, Result<Joined, Refusal>),
    /// The answer to a heartbeat.
    Beat(Option<RoomId>, Result<Beat, Refusal>),
    /// The answer to a leave.
    Left(Option<RoomId>, Result<(), Refusal>),
    /// The answer to a sync.
    Synced(RoomId, Result<Synced, Refusal>),
}

/// Keeps deliveries as values.
#[derive(Debug, Default)]
pub struct ValueEncoder;

impl Encoder for ValueEncoder {
    fn encode(&self, room: &RoomId, delivery: &Delivery) -> Message {
        Arc::new((room.clone(), delivery.clone()))
    }

    fn encode_snapshot(&self, snapshot: &Snapshot) -> Message {
        Arc::new(snapshot.clone())
    }
}

/// One client.
pub struct RecordingPeer {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

struct Inner {
    log: Vec<(u64, Heard)>,
    rosters: BTreeMap<RoomId, Roster>,
    violations: Vec<Violation>,
    heard: Moment,
    /// It is gone: nothing may reach it.
    closed: bool,
    /// The server has closed it too.
    ended: bool,
    tells_own_leave: bool,
}

impl RecordingPeer {
    /// A client that was told nothing.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let heard = clock.now();
        Arc::new(Self {
            clock,
            inner: Mutex::new(Inner {
                log: Vec::new(),
                rosters: BTreeMap::new(),
                violations: Vec::new(),
                heard,
                closed: false,
                ended: false,
                tells_own_leave: false,
            }),
        })
    }

    /// An answer, in its place among the events.
    pub fn answered(&self, heard: Heard) {
        let mut inner = self.lock();
        let checked = inner.answer(&heard);
        inner.violations.extend(checked.err());
        inner.note(heard);
    }

    /// What it was told since the last call.
    pub fn take(&self) -> Vec<Heard> {
        let log = self.take_numbered();
        log.into_iter().map(|(_, heard)| heard).collect()
    }

    /// The same, numbered in the order in which all sockets were told.
    pub fn take_numbered(&self) -> Vec<(u64, Heard)> {
        mem::take(&mut self.lock().log)
    }

    /// The room as it sees it.
    pub fn roster(&self, room: &RoomId) -> Option<Roster> {
        self.lock().rosters.get(room).cloned()
    }

    /// The rooms it believes to be in.
    pub fn rooms(&self) -> Vec<RoomId> {
        self.lock().rosters.keys().cloned().collect()
    }

    /// Something arrived from it now.
    pub fn gives_sign(&self) {
        self.lock().heard = self.clock.now();
    }

    /// Its connection is gone; what is sent to it is lost, and counts as no violation.
    pub fn goes_away(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.rosters.clear();
    }

    /// The server has closed it: nothing may be sent to it any more.
    pub fn ended(&self) {
        self.goes_away();
        self.lock().ended = true;
    }

    /// Whether it was ever told its own leave without having been taken for dead.
    pub fn was_told_own_leave(&self) -> bool {
        self.lock().tells_own_leave
    }

    /// The invariants that were broken towards it.
    pub fn violations(&self) -> Vec<Violation> {
        self.lock().violations.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peer for RecordingPeer {
    fn deliver(&self, message: &Message) {
        let (room, delivery) = message
            .downcast_ref::<(RoomId, Delivery)>()
            .expect("the encoder made it");
        let mut inner = self.lock();
        if inner.ended {
            let violation = format!("told after it was closed: {delivery:?}");
            inner.violations.push(violation);
        }
        let checked = inner.fold(room, delivery);
        inner.violations.extend(checked.err());
        inner.note(Heard::Event(room.clone(), delivery.clone()));
    }

    fn lost(&self, room: &RoomId, conn: &ConnId, reason: Lost) {
        let mut inner = self.lock();
        if !inner.closed {
            let own = inner.rosters.get(room).map(Roster::own);
            if own.is_some_and(|own| own != conn) {
                let violation = format!("{conn} was lost, but it is {own:?}");
                inner.violations.push(violation);
            }
            inner.rosters.remove(room);
        }
        inner.note(Heard::Lost(room.clone(), conn.clone(), reason));
    }

    fn heard(&self) -> Moment {
        self.lock().heard
    }
}

/// Numbers what is told, over all sockets.
static TOLD: AtomicU64 = AtomicU64::new(0);

impl Inner {
    fn note(&mut self, heard: Heard) {
        self.log.push((TOLD.fetch_add(1, Ordering::SeqCst), heard));
    }

    fn fold(&mut self, room: &RoomId, delivery: &Delivery) -> Result<(), Violation> {
        if self.closed {
            return Ok(());
        }
        if let Some(roster) = self.rosters.get_mut(room) {
            self.tells_own_leave |= roster.is_own_leave(delivery);
            return roster.fold(delivery);
        }
        self.rosters
            .insert(room.clone(), Roster::entering(delivery)?);
        Ok(())
    }

    fn answer(&mut self, heard: &Heard) -> Result<(), Violation> {
        if self.closed {
            return Ok(());
        }
        match heard {
            Heard::Joined(room, Ok(joined)) => {
                let before = self.rosters.remove(room);
                let roster = Roster::joined(before, joined)?;
                self.rosters.insert(room.clone(), roster);
            }
            Heard::Synced(room, Ok(snapshot)) => match self.rosters.get(room) {
                Some(roster) => roster.equals(snapshot)?,
                None => return Err(format!("synced {room}, in which it is not")),
            },
            Heard::Left(Some(room), _) => drop(self.rosters.remove(room)),
            Heard::Left(None, _) => self.rosters.clear(),
            Heard::Joined(_, Err(_))
            | Heard::Synced(_, Err(_))
            | Heard::Beat(..)
            | Heard::Event(..)
            | Heard::Lost(..) => {}
        }
        Ok(())
    }
}
