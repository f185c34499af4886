//! A room on this node: its view, who is told, and the seats in it.
//!
//! Subscription and view belong together and change under `opening`, so an unsubscription never
//! overtakes a new first member.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures_channel::oneshot;
use futures_util::lock::Mutex as AsyncMutex;
use indexmap::IndexMap;

use crate::error::{Excess, Limit, Rejection};
use crate::ids::{ConnId, RoomId, SocketId};
use crate::ports::{Encoder, Lost, Message, Meter, Peer};
use crate::presence::epoch::{Epoch, Version};
use crate::presence::event::Delivery;
use crate::presence::policy::Policy;
use crate::seat::Standing;
use crate::service::lock;
use crate::service::observing::Watches;
use crate::service::session::SeatCell;
use crate::service::sharing::{SharedSnapshot, Sharing};
use crate::time::{Moment, Now, Timestamp, millis};
use crate::view::{Fed, View};

/// A room with members on this node.
pub(super) struct LocalRoom {
    id: RoomId,
    /// Held while the room is subscribed to and read.
    pub(super) opening: AsyncMutex<()>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) view: Option<View>,
    audience: IndexMap<SocketId, Arc<dyn Peer>>,
    seats: BTreeMap<ConnId, Vec<Arc<SeatCell>>>,
    /// Connections that took a seat and were not shown when last looked at.
    coming: BTreeSet<ConnId>,
    waiting: Vec<Waiting>,
    sharing: Sharing,
    holds: usize,
    idle_since: Option<Moment>,
    pub(super) repair: Repair,
    /// How often the room could not be opened.
    pub(super) failed: u64,
    pub(super) watches: Watches,
    /// View's and store's version, when they differed at the last look.
    differed: Option<(Version, Version)>,
}

/// Whether the view is being repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Repair {
    #[default]
    None,
    Running,
    /// Running, and a new reason came meanwhile.
    RunAgain,
}

struct Waiting {
    conn: ConnId,
    epoch: Epoch,
    shown: oneshot::Sender<()>,
}

/// What came of an attempt to let a joiner in.
pub(super) enum Admission {
    /// It is in the room, and has been told.
    Done,
    /// Its presence ended meanwhile.
    Gone,
    /// The view does not show it yet; the receiver says when it does.
    NotYet(oneshot::Receiver<()>),
    /// Encode this first: that is not to be done while others wait for the room.
    Encode(Arc<SharedSnapshot>),
}

impl LocalRoom {
    pub(super) fn new(id: RoomId) -> Self {
        Self {
            id,
            opening: AsyncMutex::new(()),
            inner: Mutex::default(),
        }
    }

    pub(super) fn id(&self) -> &RoomId {
        &self.id
    }

    pub(super) fn hold(&self) {
        let mut inner = lock(&self.inner);
        inner.holds += 1;
        inner.idle_since = None;
    }

    pub(super) fn release(&self) {
        lock(&self.inner).holds -= 1;
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut lock(&self.inner))
    }

    pub(super) fn floor(&self) -> Version {
        let view = |inner: &mut Inner| inner.view.as_ref().map_or(Version(0), View::told);
        self.with(view)
    }

    /// Takes a seat, unless the room then had more than `max` connections: those that are shown,
    /// and those of this node that are about to be.
    pub(super) fn add_seat(
        &self,
        conn: ConnId,
        cell: Arc<SeatCell>,
        max: usize,
    ) -> Result<(), Rejection> {
        self.with(|inner| {
            if !inner.has_place_for(&conn, max) {
                return Err(Rejection::TooLarge(Excess {
                    limit: Limit::ConnectionsPerRoom,
                    max: max as u64,
                }));
            }
            inner.coming.insert(conn.clone());
            inner.seats.entry(conn).or_default().push(cell);
            Ok(())
        })
    }

    pub(super) fn seats(&self) -> Vec<Arc<SeatCell>> {
        self.with(|inner| inner.seats.values().flatten().cloned().collect())
    }

    pub(super) fn seat_count(&self) -> usize {
        self.with(|inner| inner.seats.values().map(Vec::len).sum())
    }

    /// If the view shows the seat: in one step its own `join`, its answer with the view's
    /// snapshot, and it into the audience. A snapshot that is not encoded yet comes back once, if
    /// the caller `may_encode` it before.
    pub(super) fn admit(
        &self,
        cell: &SeatCell,
        (encoder, may_encode): (&dyn Encoder, bool),
        times: (Now, Timestamp),
        policy: &Policy,
        answer: &mut dyn FnMut(Arc<SharedSnapshot>),
    ) -> Admission {
        self.with(|inner| {
            let (conn, epoch, standing) = {
                let seat = cell.seat();
                (seat.conn().clone(), seat.epoch(), seat.standing())
            };
            if !matches!(standing, Standing::Joining | Standing::Live) {
                return Admission::Gone;
            }
            let shown = inner.view.as_ref().and_then(|view| view.epoch_of(&conn));
            if shown > Some(epoch) {
                // A newer socket has it, and the room has been told so.
                cell.lose_within(inner, Lost::Replaced);
                return Admission::Gone;
            }
            let Some(view) = inner.view.as_ref().filter(|view| view.holds(&conn, epoch)) else {
                let (shown, receiver) = oneshot::channel();
                inner.waiting.push(Waiting { conn, epoch, shown });
                return Admission::NotYet(receiver);
            };
            let own_join = view.own_join(&conn);
            let Some(snapshot) = inner.snapshot(times, policy) else {
                return Admission::Gone;
            };
            if may_encode && !snapshot.is_encoded() {
                return Admission::Encode(snapshot);
            }
            cell.seat().enter();
            if !inner.audience.contains_key(&cell.socket)
                && let Some(delivery) = own_join
            {
                cell.peer.deliver(&encoder.encode(&self.id, &delivery));
            }
            answer(snapshot);
            inner.audience.insert(cell.socket, cell.peer.clone());
            Admission::Done
        })
    }

    /// The view's snapshot, given to `answer` before anything that comes after it is delivered.
    pub(super) fn sync(
        &self,
        times: (Now, Timestamp),
        policy: &Policy,
        answer: &mut dyn FnMut(Arc<SharedSnapshot>),
    ) -> bool {
        self.with(|inner| {
            let snapshot = inner.snapshot(times, policy);
            snapshot.map(answer).is_some()
        })
    }

    /// The view's snapshot, to be encoded before somebody is answered with it.
    pub(super) fn snapshot(
        &self,
        times: (Now, Timestamp),
        policy: &Policy,
    ) -> Option<Arc<SharedSnapshot>> {
        self.with(|inner| inner.snapshot(times, policy))
    }

    /// Keeps no snapshot that is too old to be given to anyone.
    pub(super) fn drop_old_snapshot(&self, now: Moment) {
        self.with(|inner| inner.sharing.drop_old(now, Policy::SNAPSHOT_SHARED));
    }

    /// Hands a message to the audience, but for one connection's socket.
    pub(super) fn tell(
        &self,
        message: &Message,
        except: Option<&ConnId>,
        meter: &dyn Meter,
    ) -> usize {
        self.with(|inner| {
            let seats = except.map_or(&[][..], |conn| inner.seats_of(conn));
            let left_out = |socket| seats.iter().any(|seat| seat.socket == socket);
            let mut told = 0;
            meter.fan_out(inner.audience.len(), &mut || {
                let audience = inner.audience.iter();
                let hearers = audience.filter(|(socket, _)| !left_out(**socket));
                told = hearers.map(|(_, peer)| peer.deliver(message)).count();
            });
            told
        })
    }

    /// Compares the view with the store's version; true if they differ for the second time
    /// without either having moved.
    pub(super) fn differs_still(&self, store: Version) -> bool {
        self.with(|inner| {
            let Some(view) = inner.view.as_ref().filter(|view| view.is_on()) else {
                inner.differed = None;
                return false;
            };
            let differs = (view.version() != store).then(|| (view.version(), store));
            let still = differs.is_some() && inner.differed == differs;
            inner.differed = if still { None } else { differs };
            still
        })
    }

    /// Whether nobody has used it for `Policy::ROOM_IDLE`.
    pub(super) fn is_idle(&self, now: Moment) -> bool {
        self.with(|inner| {
            if !inner.is_unused() {
                inner.idle_since = None;
                return false;
            }
            let since = *inner.idle_since.get_or_insert(now);
            now.since(since) >= Policy::ROOM_IDLE
        })
    }

    /// Turns the view off if nobody uses it. Call with `opening` held.
    pub(super) fn turn_off(&self) -> bool {
        self.with(|inner| {
            let unused = inner.is_unused();
            if unused {
                inner.view = None;
            }
            unused
        })
    }

    pub(super) fn is_off_and_unused(&self) -> bool {
        self.with(|inner| inner.is_unused() && inner.view.is_none())
    }
}

impl Inner {
    /// Seats of this node for one connection.
    pub(super) fn seats_of(&self, conn: &ConnId) -> &[Arc<SeatCell>] {
        self.seats.get(conn).map_or(&[], Vec::as_slice)
    }

    pub(super) fn remove_seat(&mut self, cell: &SeatCell) {
        let conn = cell.seat().conn().clone();
        if let Some(seats) = self.seats.get_mut(&conn) {
            seats.retain(|other| !std::ptr::eq(&**other, cell));
            if seats.is_empty() {
                self.seats.remove(&conn);
                self.coming.remove(&conn);
            }
        }
    }

    /// Its socket hears the room no more.
    pub(super) fn mute(&mut self, socket: SocketId) {
        self.audience.swap_remove(&socket);
    }

    /// The view has changed: tells the audience, and whoever waits to be shown.
    pub(super) fn deliver(
        &mut self,
        room: &RoomId,
        deliveries: &[Delivery],
        (encoder, meter): (&dyn Encoder, &dyn Meter),
    ) {
        self.sharing.changed();
        if !self.audience.is_empty() {
            for delivery in deliveries {
                let message = encoder.encode(room, delivery);
                meter.fan_out(self.audience.len(), &mut || {
                    for peer in self.audience.values() {
                        peer.deliver(&message);
                    }
                });
            }
        }
        self.wake();
        self.tell_observers();
    }

    /// Feeds the view; true if the room must be read.
    pub(super) fn feed(
        &mut self,
        room: &RoomId,
        published: crate::presence::event::Published,
        by: (&dyn Encoder, &dyn Meter),
    ) -> bool {
        match self.view.as_mut().map(|view| view.feed(published)) {
            Some(Fed::Deliver(deliveries)) => {
                self.deliver(room, &deliveries, by);
                false
            }
            Some(Fed::Repair) => true,
            Some(Fed::Wait) | None => false,
        }
    }

    fn wake(&mut self) {
        let Some(view) = &self.view else { return };
        if self.waiting.is_empty() {
            return;
        }
        let (shown, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .filter(|waiting| !waiting.shown.is_canceled())
            .partition(|waiting| view.holds(&waiting.conn, waiting.epoch));
        self.waiting = waiting;
        let shown: Vec<Waiting> = shown;
        for waiting in shown {
            // Whoever waited may have given up; that is its business.
            let _ = waiting.shown.send(());
        }
    }

    /// The snapshot of a view that is on.
    fn snapshot(
        &mut self,
        (now, wall): (Now, Timestamp),
        policy: &Policy,
    ) -> Option<Arc<SharedSnapshot>> {
        let view = self.view.as_ref().filter(|view| view.is_on())?;
        // At most one TTL ago also for the last one who is given it.
        let oldest = wall.before(policy.ttl.saturating_sub(Policy::SNAPSHOT_SHARED));
        let seats = &self.seats;
        let make = || {
            view.snapshot(|conn, written| {
                let here = seats.get(conn).into_iter().flatten().map(|cell| {
                    let silent = cell.seat().silent_for(now, policy);
                    Timestamp(wall.0.saturating_sub(millis(silent)))
                });
                here.max()
                    .unwrap_or(written)
                    .max(oldest)
                    .min(wall.max(oldest))
            })
        };
        let sharing = &mut self.sharing;
        Some(sharing.take(now.clock, Policy::SNAPSHOT_SHARED, make))
    }

    fn has_place_for(&mut self, conn: &ConnId, max: usize) -> bool {
        let view = self.view.as_ref();
        let shown = |conn: &ConnId| view.is_some_and(|view| view.shows(conn));
        self.coming.retain(|conn| !shown(conn));
        let taken = view.map_or(0, View::len) + self.coming.len();
        taken < max || shown(conn) || self.coming.contains(conn)
    }

    fn is_unused(&self) -> bool {
        self.holds == 0 && self.seats.is_empty()
    }
}
