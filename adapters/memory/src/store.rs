//! The store and the feed.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dashmap::DashMap;

use rtm_domain::error::StoreError;
use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::ports::{
    Clock, Commit, Committed, Conns, Due, Feed, FeedSink, Identity, Part, Place, PresenceStore,
    Read, Renewed, Witness,
};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::Published;
use rtm_domain::presence::lease::Renewal;
use rtm_domain::time::{Moment, Timestamp};

use crate::deadlines::Deadlines;
use crate::room::{Kept, RoomTable};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Records, tombstones among them. When full, the oldest tombstones go first; with none
    /// left, new records are refused.
    pub records_max: usize,
    /// Bytes of all tombstones, about. Over it, the oldest go.
    pub tombstone_bytes_max: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self {
            records_max: 1_000_000,
            tombstone_bytes_max: 32 * 1024 * 1024,
        }
    }
}

/// Presence storage and feed of one process.
pub struct MemoryStore {
    rooms: DashMap<RoomId, Arc<Mutex<RoomTable>>>,
    deadlines: Mutex<Deadlines>,
    limits: MemoryLimits,
    clock: Arc<dyn Clock>,
    sink: OnceLock<Arc<dyn FeedSink>>,
    identity: Identity,
}

impl MemoryStore {
    /// An empty store whose time is `clock`'s.
    pub fn new(clock: Arc<dyn Clock>, limits: MemoryLimits) -> Self {
        Self {
            rooms: DashMap::new(),
            deadlines: Mutex::default(),
            limits,
            clock,
            sink: OnceLock::new(),
            identity: Identity("memory".into()),
        }
    }

    /// Where events of subscribed rooms go. The first call counts.
    pub fn feed_into(&self, sink: Arc<dyn FeedSink>) {
        let _ = self.sink.set(sink);
    }

    /// How many rooms and records, tombstones among them, are kept.
    pub fn size(&self) -> (usize, usize) {
        (self.rooms.len(), lock(&self.deadlines).len())
    }

    /// Runs `work` on a room, which is made if need be, and forgets the room if nothing is kept
    /// of it afterwards.
    fn in_room<T>(&self, id: &RoomId, work: impl FnOnce(&mut RoomTable) -> T) -> T {
        loop {
            let table = self.rooms.entry(id.clone()).or_default().clone();
            let mut room = lock(&table);
            if room.removed {
                continue;
            }
            let result = work(&mut room);
            // A version that the clock has passed needs no memory: the next one is higher.
            if room.is_unused() {
                if room.version.is_past(self.clock.wall(), Duration::ZERO) {
                    room.removed = true;
                    self.rooms.remove(id);
                } else {
                    let unused = (room.version, id.clone());
                    lock(&self.deadlines).unused_rooms.insert(unused);
                }
            }
            return result;
        }
    }

    fn replace(&self, room: &mut RoomTable, id: (&RoomId, &ConnId), kept: Kept) {
        let mut deadlines = lock(&self.deadlines);
        self.unlist(&mut deadlines, room, id);
        let due = (kept.until, id.0.clone(), id.1.clone());
        match kept.place {
            Place::Live => deadlines.leases.insert(due),
            Place::Ended => {
                deadlines.tombstone_bytes += kept.bytes();
                deadlines.tombstones.insert(due)
            }
        };
        room.records.insert(id.1.clone(), kept);
    }

    fn forget(&self, room: &mut RoomTable, id: (&RoomId, &ConnId)) {
        self.unlist(&mut lock(&self.deadlines), room, id);
        room.records.remove(id.1);
    }

    fn unlist(&self, deadlines: &mut Deadlines, room: &RoomTable, id: (&RoomId, &ConnId)) {
        let Some(kept) = room.records.get(id.1) else {
            return;
        };
        let due = (kept.until, id.0.clone(), id.1.clone());
        match kept.place {
            Place::Live => deadlines.leases.remove(&due),
            Place::Ended => {
                deadlines.tombstone_bytes -= kept.bytes();
                deadlines.tombstones.remove(&due)
            }
        };
    }

    /// Forgets tombstones that are past their deadline or over a limit, oldest first.
    fn forget_tombstones(&self, now: Moment) {
        let mut over = lock(&self.deadlines).forgotten(now);
        loop {
            for (until, room, conn) in over {
                self.in_room(&room, |table| {
                    let is_it = |kept: &Kept| kept.place == Place::Ended && kept.until == until;
                    if table.records.get(&conn).is_some_and(is_it) {
                        self.forget(table, (&room, &conn));
                    }
                });
            }
            let deadlines = lock(&self.deadlines);
            let full = deadlines.len() >= self.limits.records_max
                || deadlines.tombstone_bytes > self.limits.tombstone_bytes_max;
            match deadlines.tombstones.first() {
                Some(oldest) if full => over = vec![oldest.clone()],
                _ => return,
            }
        }
    }

    fn is_full(&self) -> bool {
        lock(&self.deadlines).len() >= self.limits.records_max
    }

    fn witness(&self, now: Moment) -> Witness {
        Witness {
            identity: self.identity.clone(),
            time: Timestamp(now.0),
        }
    }
}

#[async_trait]
impl PresenceStore for MemoryStore {
    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let now = self.clock.now();
        if commit.expected.is_none() && self.is_full() {
            self.forget_tombstones(now);
        }
        let ended = commit.place == Place::Ended;
        let id = commit.room.clone();
        let committed = self.in_room(&id, |room| {
            let current = room.current(&commit.conn, now);
            if let Some(current) = current.filter(|it| it.revision == commit.revision) {
                let version = current.version;
                return Ok(Committed::Applied { version });
            }
            if current.map(|current| current.revision) != commit.expected {
                let found = current.map(|current| current.found(now));
                return Ok(Committed::Conflict { found });
            }
            if current.is_none() && commit.place == Place::Live && self.is_full() {
                return Err(StoreError::Full("MemoryLimits::records_max"));
            }
            let mut version = current.map_or(Version(0), |current| current.version);
            let prev = room.version;
            if commit.event.is_some() {
                version = Version::next(self.clock.wall(), prev, commit.floor);
                room.version = version;
            }
            let kept = Kept {
                revision: commit.revision,
                version,
                record: commit.record,
                place: commit.place,
                until: now.after(commit.keep),
            };
            self.replace(room, (&commit.room, &commit.conn), kept);
            if let (true, Some(event), Some(sink)) =
                (room.subscribed, commit.event, self.sink.get())
            {
                // Within the transaction, so that a room's events arrive in their order.
                let published = Published {
                    version,
                    prev,
                    event,
                };
                sink.published(&commit.room, published);
            }
            Ok(Committed::Applied { version })
        });
        if ended {
            self.forget_tombstones(now);
        }
        committed
    }

    async fn renew(
        &self,
        _: Part,
        renewals: &[Renewal],
        rooms: &[RoomId],
    ) -> Result<Renewed, StoreError> {
        let now = self.clock.now();
        let mut reported = Vec::new();
        for Renewal { lease, remaining } in renewals {
            let renewed = self.in_room(&lease.room, |room| {
                let runs = |kept: &&Kept| {
                    kept.place == Place::Live
                        && kept.revision.epoch == lease.epoch
                        && kept.until > now
                };
                let Some(kept) = room.records.get(&lease.conn).filter(runs) else {
                    return false;
                };
                let until = kept.until.max(now.after(*remaining));
                let kept = Kept {
                    until,
                    ..kept.clone()
                };
                self.replace(room, (&lease.room, &lease.conn), kept);
                true
            });
            if !renewed {
                reported.push(lease.clone());
            }
        }
        let versions = rooms.iter().map(|id| self.in_room(id, |room| room.version));
        Ok(Renewed {
            reported,
            versions: versions.collect(),
            witness: self.witness(now),
        })
    }

    async fn read(
        &self,
        room: &RoomId,
        floor: Version,
        conns: Conns<'_>,
    ) -> Result<Read, StoreError> {
        let now = self.clock.now();
        Ok(self.in_room(room, |table| {
            table.version = table.version.max(floor);
            let records = match conns {
                Conns::One(conn) => table
                    .current(conn, now)
                    .map(|kept| (conn.clone(), kept.found(now)))
                    .into_iter()
                    .collect(),
                Conns::Live => table
                    .records
                    .iter()
                    .filter(|(_, kept)| kept.place == Place::Live)
                    .map(|(conn, kept)| (conn.clone(), kept.found(now)))
                    .collect(),
            };
            Read {
                version: table.version,
                records,
                witness: self.witness(now),
            }
        }))
    }

    async fn due(&self, _: Part, limit: usize, longest_lease: Duration) -> Result<Due, StoreError> {
        let now = self.clock.now();
        self.forget_tombstones(now);
        let unused = lock(&self.deadlines).take_unused_rooms(self.clock.wall());
        for room in unused {
            // Forgets it, unless it is used again.
            self.in_room(&room, |_| ());
        }
        let latest = now.after(longest_lease);
        let too_long = lock(&self.deadlines).too_long(latest);
        for (until, id, conn) in too_long {
            self.in_room(&id, |room| {
                if let Some(kept) = room.records.get(&conn).filter(|kept| kept.until == until) {
                    let kept = Kept {
                        until: latest,
                        ..kept.clone()
                    };
                    self.replace(room, (&id, &conn), kept);
                }
            });
        }
        let lapsed = lock(&self.deadlines).lapsed(now, limit);
        let lapsed = lapsed.into_iter().filter_map(|(until, id, conn)| {
            let found = self.in_room(&id, |room| {
                let kept = room.records.get(&conn)?;
                let due = kept.place == Place::Live && kept.until == until;
                due.then(|| kept.found(now))
            })?;
            Some((id, conn, found))
        });
        Ok(Due {
            lapsed: lapsed.collect(),
            witness: self.witness(now),
        })
    }
}

#[async_trait]
impl Feed for MemoryStore {
    async fn subscribe(&self, room: &RoomId) -> Result<(), StoreError> {
        self.in_room(room, |room| room.subscribed = true);
        Ok(())
    }

    async fn unsubscribe(&self, room: &RoomId) {
        self.in_room(room, |room| room.subscribed = false);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
