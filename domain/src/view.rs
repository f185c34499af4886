//! What one node's clients have been told of one room: a pure machine.
//!
//! Clients only ever see the view: its snapshot, its events (chained to what was delivered
//! last), and its repairs. At every moment snapshot + deliveries = the view (P5); a delivery
//! always changes something (P3).

use std::collections::BTreeMap;
use std::mem;

use crate::ids::{ConnId, UserId};
use crate::ports::Read;
use crate::presence::epoch::{Epoch, Version};
use crate::presence::event::{Delivery, Event, Happened, Published, Shown};
use crate::presence::policy::Policy;
use crate::presence::record::{Found, Reason};
use crate::presence::snapshot::{Snapshot, SnapshotEntry};
use crate::presence::state::State;
use crate::time::Timestamp;

/// A room as this node's clients see it.
#[derive(Debug, Clone)]
pub struct View {
    shown: BTreeMap<ConnId, Member>,
    /// The store's version that it reflects.
    version: Version,
    /// The version that was delivered last.
    told: Version,
    is_open: bool,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    user: UserId,
    epoch: Epoch,
    attempt: u64,
    state: State,
    written: Timestamp,
}

#[derive(Debug, Clone)]
enum Phase {
    /// Events are applied as they come.
    On,
    /// The room is being read; events wait.
    Repairing {
        waiting: Vec<Published>,
        /// More events came than may wait: read again.
        overflown: bool,
    },
}

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fed {
    /// These deliveries, none if it changed nothing.
    Deliver(Vec<Delivery>),
    /// It waits until the room has been read.
    Wait,
    /// Events are missing before it; it waits, and the room must be read.
    Repair,
}

/// How a repair treats what is shown but not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// What was read is what is.
    Full,
    /// The store changed identity a moment ago, and owners are still writing their records
    /// again: add and update, but remove nobody and go back to nothing older.
    Settling,
}

impl View {
    /// A view that shows nobody and waits for the first reading of its room.
    pub fn opening() -> Self {
        Self {
            shown: BTreeMap::new(),
            version: Version(0),
            told: Version(0),
            is_open: false,
            phase: Phase::Repairing {
                waiting: Vec::new(),
                overflown: false,
            },
        }
    }

    /// Whether events are applied as they come.
    pub fn is_on(&self) -> bool {
        matches!(self.phase, Phase::On)
    }

    /// Its room has been read, and whatever else belongs to opening it is done.
    pub fn opened(&mut self) {
        self.is_open = true;
    }

    /// Whether its room is open.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// The store's version that it reflects.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The version that was delivered last: what a snapshot taken now carries.
    pub fn told(&self) -> Version {
        self.told
    }

    /// The highest version that it has heard of, shown or waiting: what a reading must reach.
    pub fn heard(&self) -> Version {
        let waiting = match &self.phase {
            Phase::On => None,
            Phase::Repairing { waiting, .. } => waiting.iter().map(|it| it.version).max(),
        };
        self.told.max(waiting.unwrap_or_default())
    }

    /// How many connections are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether nobody is shown.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Whether the connection is shown, in this epoch or a later one.
    pub fn holds(&self, conn: &ConnId, epoch: Epoch) -> bool {
        self.is_on()
            && self
                .shown
                .get(conn)
                .is_some_and(|member| member.epoch >= epoch)
    }

    /// In which epoch the connection is shown.
    pub fn epoch_of(&self, conn: &ConnId) -> Option<Epoch> {
        self.shown.get(conn).map(|member| member.epoch)
    }

    /// Whether the connection is shown.
    pub fn shows(&self, conn: &ConnId) -> bool {
        self.shown.contains_key(conn)
    }

    /// Whether the user is shown with another connection than this one.
    pub fn shows_other(&self, user: &UserId, than: &ConnId) -> bool {
        let other = |(conn, member): (&ConnId, &Member)| member.user == *user && conn != than;
        self.shown.iter().any(other)
    }

    /// Takes a published event.
    pub fn feed(&mut self, published: Published) -> Fed {
        if let Phase::Repairing { waiting, overflown } = &mut self.phase {
            if waiting.len() < Policy::REPAIR_BUFFER_MAX {
                waiting.push(published);
            } else {
                waiting.clear();
                *overflown = true;
            }
            return Fed::Wait;
        }
        if published.prev == self.version {
            self.version = published.version;
            Fed::Deliver(self.apply(published.event, published.version))
        } else if published.version <= self.version {
            Fed::Deliver(Vec::new())
        } else {
            self.phase = Phase::Repairing {
                waiting: vec![published],
                overflown: false,
            };
            Fed::Repair
        }
    }

    /// From now on events wait until the room has been read. False if they do already.
    pub fn begin_repair(&mut self) -> bool {
        if matches!(self.phase, Phase::Repairing { .. }) {
            return false;
        }
        self.phase = Phase::Repairing {
            waiting: Vec::new(),
            overflown: false,
        };
        true
    }

    /// Takes what was read, delivers the difference to what is shown, then what waited. The
    /// flag says that events are missing again and the room must be read once more.
    pub fn repair(&mut self, read: &Read, trust: Trust, now: Timestamp) -> (Vec<Delivery>, bool) {
        let mut deliveries = self.differences(read, trust, now);
        self.version = read.version;
        if self.told == Version(0) {
            // The first reading: nobody has been told anything yet.
            self.told = read.version;
        }
        let (waiting, mut again) = match mem::replace(&mut self.phase, Phase::On) {
            Phase::On => (Vec::new(), false),
            Phase::Repairing { waiting, overflown } => (waiting, overflown),
        };
        for published in waiting {
            match self.feed(published) {
                Fed::Deliver(more) => deliveries.extend(more),
                Fed::Wait => {}
                Fed::Repair => again = true,
            }
        }
        if again {
            self.begin_repair();
        }
        (deliveries, again)
    }

    /// Everyone shown. `last_seen` knows better than the record when a member was heard of.
    pub fn snapshot(&self, last_seen: impl Fn(&ConnId, Timestamp) -> Timestamp) -> Snapshot {
        let entry = |(conn, member): (&ConnId, &Member)| SnapshotEntry {
            conn: conn.clone(),
            user: member.user.clone(),
            state: member.state.clone(),
            last_seen: last_seen(conn, member.written),
            epoch: member.epoch,
        };
        Snapshot {
            version: self.told,
            entries: self.shown.iter().map(entry).collect(),
        }
    }

    /// The `join` that tells a connection's own socket that it is in the room.
    pub fn own_join(&self, conn: &ConnId) -> Option<Delivery> {
        let member = self.shown.get(conn)?;
        Some(Delivery {
            conn: conn.clone(),
            user: member.user.clone(),
            epoch: member.epoch,
            at: member.written,
            version: self.told,
            prev: self.told,
            kind: Shown::Join(member.state.clone()),
        })
    }

    fn apply(&mut self, event: Event, version: Version) -> Vec<Delivery> {
        let Event {
            conn,
            user,
            epoch,
            attempt,
            at,
            kind,
            ..
        } = event;
        match kind {
            Happened::Left(reason) => {
                let gone = self.leave(&conn, Some(reason), at, version);
                gone.into_iter().collect()
            }
            Happened::Joined(state) | Happened::Updated(state) => {
                let member = Member {
                    user,
                    epoch,
                    attempt,
                    state,
                    written: at,
                };
                self.show(conn, member, at, version)
            }
        }
    }

    /// Shows a member as it is now. A lower epoch than shown is a `leave` and a `join`, so that
    /// no epoch falls within a stay (P2, P6).
    fn show(
        &mut self,
        conn: ConnId,
        member: Member,
        at: Timestamp,
        version: Version,
    ) -> Vec<Delivery> {
        let mut deliveries = Vec::with_capacity(1);
        if self
            .shown
            .get(&conn)
            .is_some_and(|shown| member.epoch < shown.epoch)
        {
            deliveries.extend(self.leave(&conn, None, at, version));
        }
        let state = || member.state.clone();
        let kind = match self.shown.get(&conn) {
            None => Some(Shown::Join(state())),
            Some(shown) if member.epoch > shown.epoch => Some(Shown::Join(state())),
            Some(shown) if member.state != shown.state => Some(Shown::Update(state())),
            Some(_) => None,
        };
        if let Some(kind) = kind {
            let who = (conn.clone(), member.user.clone(), member.epoch);
            deliveries.push(self.deliver(who, at, version, kind));
        }
        self.shown.insert(conn, member);
        deliveries
    }

    fn leave(
        &mut self,
        conn: &ConnId,
        reason: Option<Reason>,
        at: Timestamp,
        version: Version,
    ) -> Option<Delivery> {
        let member = self.shown.remove(conn)?;
        let who = (conn.clone(), member.user, member.epoch);
        Some(self.deliver(who, at, version, Shown::Leave(reason)))
    }

    /// Chains a delivery to the one before it. Versions never fall (P4), whatever was read.
    fn deliver(
        &mut self,
        (conn, user, epoch): (ConnId, UserId, Epoch),
        at: Timestamp,
        version: Version,
        kind: Shown,
    ) -> Delivery {
        let prev = self.told;
        self.told = self.told.max(version);
        Delivery {
            conn,
            user,
            epoch,
            at,
            version: self.told,
            prev,
            kind,
        }
    }

    fn differences(&mut self, read: &Read, trust: Trust, now: Timestamp) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        let found: BTreeMap<&ConnId, &Found> = read
            .records
            .iter()
            .map(|(conn, found)| (conn, found))
            .collect();
        if trust == Trust::Full {
            let absent = |conn: &&ConnId| !found.contains_key(conn);
            let missing: Vec<ConnId> = self.shown.keys().filter(absent).cloned().collect();
            for conn in missing {
                deliveries.extend(self.leave(&conn, None, now, read.version));
            }
        }
        for (conn, found) in found {
            let member = Member::of(found);
            match self.shown.get(conn) {
                None if found.lapsed => continue,
                Some(shown) if trust == Trust::Settling && shown.is_newer_than(&member) => continue,
                _ => deliveries.extend(self.show(conn.clone(), member, now, read.version)),
            }
        }
        deliveries
    }
}

impl Member {
    fn of(found: &Found) -> Self {
        Self {
            user: found.record.user.clone(),
            epoch: found.record.epoch,
            attempt: found.revision.attempt,
            state: found.record.state.clone(),
            written: found.record.written,
        }
    }

    fn is_newer_than(&self, other: &Member) -> bool {
        (self.epoch, self.attempt) > (other.epoch, other.attempt)
    }
}

#[cfg(test)]
mod tests;
