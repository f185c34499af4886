//! How a seat turns a command into a write, and what it learns from the answer.

use std::time::Duration;

use crate::error::Rejection;
use crate::ports::{Commit, Place, Witness};
use crate::presence::command::Command;
use crate::presence::epoch::{Revision, Version};
use crate::presence::event::{Event, Happened};
use crate::presence::policy::Policy;
use crate::presence::record::{self, Found, Phase, Record};
use crate::presence::transition::{Decision, transition};
use crate::seat::{Confirmed, Seat};
use crate::time::{Moment, Now, Timestamp};

/// What a draft is made against.
#[derive(Debug, Clone, Copy)]
pub enum Against<'a> {
    /// The seat's memory: a guess that the store checks.
    Memory,
    /// What the store has just shown.
    Found(Option<&'a Found>),
}

/// A write that the seat has decided on, ready to be committed.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What to ask of the store.
    pub commit: Commit,
    drafted: Moment,
}

impl Seat {
    /// Asks the rules what `command` makes of the record. `Ok(None)`: nothing changes.
    ///
    /// A draft that raises the epoch raises the seat's at once: whoever speaks with the older
    /// one from now on is stale, whether or not the answer arrives.
    pub fn draft(
        &mut self,
        command: Command,
        against: Against<'_>,
        (now, wall): (Now, Timestamp),
        floor: Version,
        policy: &Policy,
    ) -> Result<Option<Draft>, Rejection> {
        let own;
        let (standing, expected) = match against {
            Against::Found(found) => (
                record::Standing::of(found),
                found.map(|found| found.revision),
            ),
            Against::Memory if self.known.is_none() => (record::Standing::Absent, None),
            Against::Memory => {
                own = self.record(wall);
                (record::Standing::Live(&own), self.known)
            }
        };
        let (record, event) = match transition(standing, command, wall, policy) {
            Decision::Put { record, event } => (record, event),
            Decision::End { record, reason } => (record, Happened::Left(reason)),
            Decision::Keep => return Ok(None),
            Decision::Refuse(rejection) => return Err(rejection),
        };
        self.epoch = self.epoch.max(record.epoch);
        if self.known.is_none() {
            // What it will write again if the answer is lost.
            self.state = record.state.clone();
        }
        let commit = self.commit(expected, record, event, (now, wall), floor, policy);
        Ok(Some(Draft {
            commit,
            drafted: now.clock,
        }))
    }

    /// A draft was applied by the store, whose latest answer before was `by`: what it wrote is
    /// what the seat knows.
    pub fn applied(&mut self, draft: Draft, by: Option<Witness>) {
        let Commit {
            revision,
            record,
            keep,
            ..
        } = draft.commit;
        self.unsettled = false;
        self.known = Some(revision);
        self.epoch = record.epoch;
        self.state = record.state;
        self.confirmed = Confirmed {
            until: draft.drafted.after(keep),
            at: draft.drafted,
            by,
        };
    }

    fn commit(
        &mut self,
        expected: Option<Revision>,
        record: Record,
        happened: Happened,
        (now, wall): (Now, Timestamp),
        floor: Version,
        policy: &Policy,
    ) -> Commit {
        self.attempts += 1;
        self.unsettled = true;
        let revision = Revision {
            epoch: record.epoch,
            seat: self.id,
            attempt: self.attempts,
        };
        let (place, keep) = self.keep(&record, now, policy);
        let event = Event {
            conn: self.conn.clone(),
            user: self.user.clone(),
            epoch: record.epoch,
            writer: self.id,
            attempt: self.attempts,
            at: wall,
            kind: happened,
        };
        Commit {
            room: self.room.clone(),
            conn: self.conn.clone(),
            expected,
            revision,
            record,
            place,
            keep,
            event: Some(event),
            floor,
        }
    }

    fn keep(&self, record: &Record, now: Now, policy: &Policy) -> (Place, Duration) {
        match record.phase {
            Phase::Open => (Place::Live, self.lease_span(now, policy)),
            Phase::Closing => (Place::Live, policy.linger),
            Phase::Ended(_) => (Place::Ended, policy.lookback),
        }
    }
}
