//! What a case asks of the shelf: faults, other nodes' writes, and looks at what it has.

use std::time::Duration;

use rtm_domain::ids::{ConnId, RoomId, SeatId};
use rtm_domain::ports::{Commit, Committed, Identity, Place};
use rtm_domain::presence::epoch::{Epoch, Revision, Version};
use rtm_domain::presence::event::{Event, Happened};
use rtm_domain::presence::record::{Found, Phase, Reason, Record};
use rtm_domain::presence::state::State;

use super::{Call, Fault, NEVER, Shelf};

impl Shelf {
    /// No call is done or answered.
    pub(crate) fn away(&self, away: bool) {
        self.table().away = away;
    }

    /// Nothing that is committed reaches the node.
    pub(crate) fn deaf(&self, deaf: bool) {
        self.table().deaf = deaf;
    }

    /// The next such call that has no fault yet fails.
    pub(crate) fn fail(&self, call: Call, fault: Fault) {
        self.table().faults.push_back((call, fault));
    }

    /// Runs `hook` when the next such call arrives, before it is done.
    pub(crate) fn before(&self, call: Call, hook: impl FnOnce(&Shelf) + Send + 'static) {
        self.table().hooks.push_back((call, Box::new(hook)));
    }

    /// Another server answers from now on, with the same data.
    pub(crate) fn fail_over(&self) {
        let mut table = self.table();
        table.others += 1;
        table.identity = Identity(format!("server {}", table.others).into());
    }

    /// What it has of a connection is gone.
    pub(crate) fn lose(&self, room: &RoomId, conn: &ConnId) {
        self.table().records.remove(&(room.clone(), conn.clone()));
    }

    /// The lease that it has of a connection is gone.
    pub(crate) fn lose_lease(&self, room: &RoomId, conn: &ConnId) {
        let mut table = self.table();
        let kept = table.records.get_mut(&(room.clone(), conn.clone()));
        kept.unwrap().until = NEVER;
    }

    /// It has again what it had of a connection: the latest writes are lost.
    pub(crate) fn set_back(&self, room: &RoomId, conn: &ConnId, earlier: Found) {
        let mut table = self.table();
        if let Some(kept) = table.records.get_mut(&(room.clone(), conn.clone())) {
            kept.found = earlier;
        }
    }

    /// Its version of a room is at least this.
    pub(crate) fn raise(&self, room: &RoomId, version: Version) {
        let mut table = self.table();
        let last = table.versions.entry(room.clone()).or_default();
        *last = version.max(*last);
    }

    /// Another node writes what `change` makes of the record and publishes it, or not.
    pub(crate) fn write(
        &self,
        room: &RoomId,
        conn: &ConnId,
        change: impl FnOnce(&mut Record) -> Option<Happened>,
    ) -> Revision {
        let found = self.found(room, conn).unwrap();
        let mut record = found.record;
        let kind = change(&mut record);
        let attempt = {
            let mut table = self.table();
            table.others += 1;
            table.others
        };
        let revision = Revision {
            epoch: record.epoch,
            seat: SeatId(99),
            attempt,
        };
        let event = kind.map(|kind| Event {
            conn: conn.clone(),
            user: record.user.clone(),
            epoch: record.epoch,
            writer: SeatId(99),
            attempt,
            at: self.clock.calendar(),
            kind,
        });
        let place = match record.phase {
            Phase::Ended(_) => Place::Ended,
            Phase::Open | Phase::Closing => Place::Live,
        };
        let committed = self.put(Commit {
            room: room.clone(),
            conn: conn.clone(),
            expected: Some(found.revision),
            revision,
            record,
            place,
            keep: Duration::from_secs(60),
            event,
            floor: Version(0),
        });
        assert!(matches!(committed, Committed::Applied { .. }));
        revision
    }

    /// A newer socket resumes the presence on another node.
    pub(crate) fn resume_elsewhere(&self, room: &RoomId, conn: &ConnId, epoch: Epoch) {
        self.write(room, conn, |record| {
            record.epoch = epoch;
            record.phase = Phase::Open;
            Some(Happened::Joined(record.state.clone()))
        });
    }

    /// Another node ends the presence.
    pub(crate) fn end_elsewhere(&self, room: &RoomId, conn: &ConnId, reason: Reason) {
        self.write(room, conn, |record| {
            record.phase = Phase::Ended(reason);
            Some(Happened::Left(reason))
        });
    }

    /// From now on nothing fails.
    pub(crate) fn recover(&self) {
        let mut table = self.table();
        (table.away, table.deaf) = (false, false);
        table.faults.clear();
    }

    // What a case looks at.

    /// Everyone live in a room.
    pub(crate) fn live(&self, room: &RoomId) -> Vec<(ConnId, Record)> {
        let now = self.clock.steady();
        let table = self.table();
        let here = table.records.iter().filter(|(id, _)| id.0 == *room);
        let live = here.filter(|(_, kept)| kept.place == Place::Live && kept.until > now);
        live.map(|(id, kept)| (id.1.clone(), kept.found.record.clone()))
            .collect()
    }

    pub(crate) fn found(&self, room: &RoomId, conn: &ConnId) -> Option<Found> {
        let now = self.clock.steady();
        let table = self.table();
        let kept = table.records.get(&(room.clone(), conn.clone()))?;
        Some(kept.shown(now))
    }

    pub(crate) fn state(&self, room: &RoomId, conn: &ConnId) -> State {
        self.found(room, conn).unwrap().record.state
    }

    pub(crate) fn phase(&self, room: &RoomId, conn: &ConnId) -> Option<Phase> {
        Some(self.found(room, conn)?.record.phase)
    }

    pub(crate) fn version(&self, room: &RoomId) -> Version {
        let versions = &self.table().versions;
        versions.get(room).copied().unwrap_or_default()
    }

    pub(crate) fn calls(&self, call: Call) -> usize {
        self.table().calls.get(&call).copied().unwrap_or(0)
    }

    /// Every commit that was asked for, in order.
    pub(crate) fn commits(&self) -> Vec<Commit> {
        self.table().commits.clone()
    }

    pub(crate) fn is_subscribed(&self, room: &RoomId) -> bool {
        self.table().subscribed.contains(room)
    }
}
