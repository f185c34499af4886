//! Leases and tombstones in the order in which they are over, so that a sweep looks only at what
//! is due.

use std::collections::BTreeSet;

use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::presence::epoch::Version;
use rtm_domain::time::{Moment, Timestamp};

/// Which record, ordered by when its deadline is.
pub(crate) type Due = (Moment, RoomId, ConnId);

/// Every record's deadline, and what the tombstones weigh.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    pub(crate) leases: BTreeSet<Due>,
    pub(crate) tombstones: BTreeSet<Due>,
    pub(crate) tombstone_bytes: usize,
    /// Rooms of which only a version is kept that the clock has not passed.
    pub(crate) unused_rooms: BTreeSet<(Version, RoomId)>,
}

impl Deadlines {
    pub(crate) fn len(&self) -> usize {
        self.leases.len() + self.tombstones.len()
    }

    /// Up to `limit` leases that are over, those that have waited longest first.
    pub(crate) fn lapsed(&self, now: Moment, limit: usize) -> Vec<Due> {
        let over = self.leases.iter().take_while(|(until, ..)| *until <= now);
        over.take(limit).cloned().collect()
    }

    /// Tombstones that are past their deadline.
    pub(crate) fn forgotten(&self, now: Moment) -> Vec<Due> {
        let over = self
            .tombstones
            .iter()
            .take_while(|(until, ..)| *until <= now);
        over.cloned().collect()
    }

    /// Takes the unused rooms whose version the clock has passed.
    pub(crate) fn take_unused_rooms(&mut self, wall: Timestamp) -> Vec<RoomId> {
        let mut rooms = Vec::new();
        while let Some(first) = self.unused_rooms.first()
            && first.0.0 < wall.0
        {
            rooms.extend(self.unused_rooms.pop_first().map(|(_, room)| room));
        }
        rooms
    }

    /// Leases that end later than `latest`.
    pub(crate) fn too_long(&self, latest: Moment) -> Vec<Due> {
        let long = self
            .leases
            .iter()
            .rev()
            .take_while(|(until, ..)| *until > latest);
        long.cloned().collect()
    }
}
