//! A store that keeps a list and looks through all of it.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::ports::{Clock, Commit, Committed, Place};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::Published;
use rtm_domain::presence::record::Found;
use rtm_tests::clock::HandClock;

use super::{CONNS, id};
use crate::store_contract::subject::epoch;

/// Of which rooms a store may forget the version, once they are empty and the clock is past it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forgets {
    /// Those to which nobody is subscribed.
    UnheardRooms,
    /// All: it does not know who is subscribed.
    AnyRoom,
}

pub(super) struct Naive {
    forgets: Forgets,
    pub(super) records: Vec<Kept>,
    pub(super) versions: [Version; 2],
    /// Since it was set, a version may have been forgotten, which nobody notices.
    pub(super) forgotten: [bool; 2],
    pub(super) subscribed: [bool; 2],
    /// Whether late events may still arrive.
    pub(super) was_subscribed: [bool; 2],
    heard: Vec<Heard>,
}

struct Heard {
    room: RoomId,
    published: Published,
    /// Whether the version before it may have been forgotten.
    forgotten: bool,
    /// Whether it need not be heard, as the subscription had ended.
    late: bool,
}

#[derive(Clone)]
pub(super) struct Kept {
    pub(super) room: usize,
    pub(super) conn: usize,
    pub(super) found: Found,
    pub(super) place: Place,
    pub(super) until: u64,
}

impl Naive {
    pub(super) fn new(forgets: Forgets) -> Self {
        Self {
            forgets,
            records: Vec::new(),
            versions: [Version(0); 2],
            forgotten: [false; 2],
            subscribed: [false; 2],
            was_subscribed: [false; 2],
            heard: Vec::new(),
        }
    }

    pub(super) fn current(&self, room: usize, conn: usize, now: u64) -> Option<Kept> {
        let it = self
            .records
            .iter()
            .find(|it| (it.room, it.conn) == (room, conn))?;
        if it.place == Place::Ended && it.until <= now {
            return None;
        }
        let mut kept = it.clone();
        kept.found.lapsed = it.until <= now;
        Some(kept)
    }

    pub(super) fn commit(
        &mut self,
        room: usize,
        conn: usize,
        commit: Commit,
        (now, wall): (u64, u64),
    ) -> Committed {
        let there = self.current(room, conn, now);
        if let Some(kept) = &there
            && kept.found.revision == commit.revision
        {
            let version = kept.found.version;
            return Committed::Applied { version };
        }
        if there.as_ref().map(|kept| kept.found.revision) != commit.expected {
            return Committed::Conflict {
                found: there.map(|kept| kept.found),
            };
        }
        let mut version = there.map_or(Version(0), |kept| kept.found.version);
        if let Some(event) = commit.event {
            let (prev, forgotten) = (self.versions[room], self.forgotten[room]);
            version = Version(wall.max(prev.0 + 1).max(commit.floor.0 + 1));
            self.versions[room] = version;
            self.forgotten[room] = false;
            if self.subscribed[room] || self.was_subscribed[room] {
                let published = Published {
                    version,
                    prev,
                    event,
                };
                self.heard.push(Heard {
                    room: commit.room,
                    published,
                    forgotten,
                    late: !self.subscribed[room],
                });
            }
        }
        self.records.retain(|it| (it.room, it.conn) != (room, conn));
        self.records.push(Kept {
            room,
            conn,
            found: Found {
                revision: commit.revision,
                version,
                lapsed: false,
                record: commit.record,
            },
            place: commit.place,
            until: now + commit.keep.as_millis() as u64,
        });
        if commit.place == Place::Ended {
            self.forget(now);
        }
        Committed::Applied { version }
    }

    /// What must have been heard, given what was: of a version that may have been forgotten, the
    /// next event says that it was, or names it; an event after the end of a subscription may
    /// arrive or not.
    pub(super) fn heard(&self, heard: &[(RoomId, Published)]) -> Vec<(RoomId, Published)> {
        let mut expected = Vec::new();
        for one in &self.heard {
            let there = heard.get(expected.len());
            let is_it = |(room, it): &(RoomId, Published)| {
                *room == one.room && it.version == one.published.version
            };
            if one.late && !there.is_some_and(is_it) {
                continue;
            }
            let mut published = one.published.clone();
            if one.forgotten && there.map(|(_, it)| it.prev) == Some(Version(0)) {
                published.prev = Version(0);
            }
            expected.push((one.room.clone(), published));
        }
        expected
    }

    pub(super) fn renew(
        &mut self,
        (room, conn): (usize, usize),
        number: u64,
        span: u64,
        now: u64,
    ) -> bool {
        let runs = |it: &&mut Kept| {
            (it.room, it.conn) == (room, conn)
                && it.place == Place::Live
                && it.until > now
                && it.found.revision.epoch == epoch(number)
        };
        match self.records.iter_mut().find(runs) {
            Some(kept) => {
                kept.until = kept.until.max(now + span);
                true
            }
            None => false,
        }
    }

    pub(super) fn live(&self, room: usize, now: u64) -> Vec<(ConnId, Found)> {
        let conns = (0..CONNS.len()).filter_map(|conn| self.current(room, conn, now));
        conns
            .filter(|kept| kept.place == Place::Live)
            .map(|kept| (ConnId::trusted(CONNS[kept.conn]), kept.found))
            .collect()
    }

    pub(super) fn due(
        &mut self,
        limit: usize,
        longest: u64,
        now: u64,
    ) -> Vec<(RoomId, ConnId, Found)> {
        self.forget(now);
        for kept in &mut self.records {
            if kept.place == Place::Live {
                kept.until = kept.until.min(now + longest);
            }
        }
        let mut over: Vec<Kept> = self.records.clone();
        over.retain(|kept| kept.place == Place::Live && kept.until <= now);
        over.sort_by_key(|kept| (kept.until, kept.room, kept.conn));
        over.truncate(limit);
        let shown = over.into_iter().map(|mut kept| {
            kept.found.lapsed = true;
            (id(kept.room), ConnId::trusted(CONNS[kept.conn]), kept.found)
        });
        shown.collect()
    }

    pub(super) fn forget(&mut self, now: u64) {
        self.records
            .retain(|it| it.place == Place::Live || it.until > now);
    }

    /// A version may be forgotten when nothing is kept of the room, the clock alone gives a
    /// higher one, and, where the store knows, nobody hears it.
    pub(super) fn may_forget(&self, room: usize, clock: &HandClock) -> bool {
        let unused =
            (0..CONNS.len()).all(|conn| self.current(room, conn, clock.passed()).is_none());
        let unheard = self.forgets == Forgets::AnyRoom || !self.subscribed[room];
        unused && unheard && self.versions[room].0 < clock.wall().0
    }

    /// Compares a version that was told, and learns whether it had been forgotten.
    pub(super) fn told(
        &mut self,
        room: usize,
        floor: Version,
        told: Version,
    ) -> Result<(), TestCaseError> {
        let remembered = self.versions[room].max(floor);
        prop_assert!(
            told == remembered || self.forgotten[room] && told == floor,
            "{} was told, {:?} remembered",
            told.0,
            remembered
        );
        self.versions[room] = told;
        self.forgotten[room] = false;
        Ok(())
    }
}
