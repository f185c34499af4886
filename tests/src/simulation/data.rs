//! What one server of the simulated store keeps: the contract of `domain/src/ports.rs`, as
//! plainly as it can be written, and cheap to copy to a replica.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::ports::{Commit, Committed, Conns, Place};
use rtm_domain::presence::epoch::{Revision, Version};
use rtm_domain::presence::event::Published;
use rtm_domain::presence::lease::{LeaseName, Renewal};
use rtm_domain::presence::record::{Found, Record};
use rtm_domain::time::{Timestamp, millis};

/// All rooms of a server. Its clones share what neither of them has written since.
#[derive(Debug, Clone, Default)]
pub(super) struct Data {
    rooms: BTreeMap<RoomId, Arc<Room>>,
}

#[derive(Debug, Clone, Default)]
struct Room {
    version: Version,
    records: BTreeMap<ConnId, Kept>,
}

/// A record, as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) revision: Revision,
    pub(super) version: Version,
    pub(super) record: Record,
    pub(super) place: Place,
    /// When its lease is over or it is forgotten, by the server's clock in milliseconds.
    pub(super) until: u64,
}

impl Data {
    pub(super) fn commit(
        &mut self,
        now: Timestamp,
        commit: &Commit,
    ) -> (Committed, Option<Published>) {
        let current = self.current(now, &commit.room, &commit.conn);
        if let Some(retried) = current.filter(|kept| kept.revision == commit.revision) {
            let version = retried.version;
            return (Committed::Applied { version }, None);
        }
        if current.map(|kept| kept.revision) != commit.expected {
            let found = current.map(|kept| kept.found(now));
            return (Committed::Conflict { found }, None);
        }
        let mut version = current.map_or(Version(0), |kept| kept.version);
        let room = self.room(&commit.room);
        let prev = room.version;
        if commit.event.is_some() {
            version = Version::next(now, prev, commit.floor);
            room.version = version;
        }
        let kept = Kept {
            revision: commit.revision,
            version,
            record: commit.record.clone(),
            place: commit.place,
            until: now.0 + millis(commit.keep),
        };
        room.records.insert(commit.conn.clone(), kept);
        let published = commit.event.clone().map(|event| Published {
            version,
            prev,
            event,
        });
        (Committed::Applied { version }, published)
    }

    /// Returns the leases that were absent or over.
    pub(super) fn renew(&mut self, now: Timestamp, renewals: &[Renewal]) -> Vec<LeaseName> {
        let mut reported = Vec::new();
        for Renewal { lease, remaining } in renewals {
            let runs = |kept: &&Kept| {
                let named = kept.place == Place::Live && kept.revision.epoch == lease.epoch;
                named && kept.until > now.0
            };
            let kept = self.kept(&lease.room, &lease.conn).filter(runs).cloned();
            match kept {
                None => reported.push(lease.clone()),
                Some(mut kept) => {
                    kept.until = kept.until.max(now.0 + millis(*remaining));
                    let records = &mut self.room(&lease.room).records;
                    records.insert(lease.conn.clone(), kept);
                }
            }
        }
        reported
    }

    pub(super) fn read(
        &mut self,
        now: Timestamp,
        room: &RoomId,
        floor: Version,
        conns: Conns<'_>,
    ) -> (Version, Vec<(ConnId, Found)>) {
        if floor > self.version(room) {
            self.room(room).version = floor;
        }
        let records = match conns {
            Conns::One(conn) => self
                .current(now, room, conn)
                .map(|kept| (conn.clone(), kept.found(now)))
                .into_iter()
                .collect(),
            Conns::Live => self
                .live(room)
                .map(|(conn, kept)| (conn.clone(), kept.found(now)))
                .collect(),
        };
        (self.version(room), records)
    }

    pub(super) fn due(
        &mut self,
        now: Timestamp,
        limit: usize,
        longest_lease: Duration,
    ) -> Vec<(RoomId, ConnId, Found)> {
        let latest = now.0 + millis(longest_lease);
        let mut lapsed = Vec::new();
        for (id, room) in &mut self.rooms {
            let is_over = |kept: &Kept| kept.place == Place::Ended && kept.until <= now.0;
            let is_long = |kept: &Kept| kept.place == Place::Live && kept.until > latest;
            if room
                .records
                .values()
                .any(|kept| is_over(kept) || is_long(kept))
            {
                let records = &mut Arc::make_mut(room).records;
                records.retain(|_, kept| !is_over(kept));
                for kept in records.values_mut().filter(|kept| is_long(kept)) {
                    kept.until = latest;
                }
            }
            for (conn, kept) in &room.records {
                if kept.place == Place::Live && kept.until <= now.0 {
                    lapsed.push((kept.until, id.clone(), conn.clone(), kept.found(now)));
                }
            }
        }
        self.rooms
            .retain(|_, room| !room.records.is_empty() || room.version.0 >= now.0);
        lapsed.sort_by(|one, other| (one.0, &one.1, &one.2).cmp(&(other.0, &other.1, &other.2)));
        let lapsed = lapsed.into_iter().take(limit);
        lapsed
            .map(|(_, room, conn, found)| (room, conn, found))
            .collect()
    }

    pub(super) fn version(&self, room: &RoomId) -> Version {
        self.rooms.get(room).map_or(Version(0), |room| room.version)
    }

    /// The records of a room that are not tombstones.
    pub(super) fn live(&self, room: &RoomId) -> impl Iterator<Item = (&ConnId, &Kept)> {
        let records = self.rooms.get(room).into_iter().flat_map(|it| &it.records);
        records.filter(|(_, kept)| kept.place == Place::Live)
    }

    /// What stands there: a tombstone past its deadline counts as nothing.
    pub(super) fn current(&self, now: Timestamp, room: &RoomId, conn: &ConnId) -> Option<&Kept> {
        let forgotten = |kept: &&Kept| kept.place == Place::Ended && kept.until <= now.0;
        self.kept(room, conn).filter(|kept| !forgotten(kept))
    }

    /// How many rooms and records are kept.
    pub(super) fn size(&self) -> (usize, usize) {
        let records = self.rooms.values().map(|room| room.records.len()).sum();
        (self.rooms.len(), records)
    }

    fn kept(&self, room: &RoomId, conn: &ConnId) -> Option<&Kept> {
        self.rooms.get(room)?.records.get(conn)
    }

    fn room(&mut self, room: &RoomId) -> &mut Room {
        Arc::make_mut(self.rooms.entry(room.clone()).or_default())
    }
}

impl Kept {
    fn found(&self, now: Timestamp) -> Found {
        Found {
            revision: self.revision,
            version: self.version,
            lapsed: self.until <= now.0,
            record: self.record.clone(),
        }
    }
}
