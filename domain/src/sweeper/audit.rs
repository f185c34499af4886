//! Presences that nothing would ever end: a pure machine.
//!
//! A store finds what is due by its leases. A record whose lease is gone (removed by hand, or
//! evicted) is never due, and stays shown where it was shown once its node is dead. So rooms are
//! read in turn. What is found lapsed becomes a suspect, and gets as long as the longest lease: a
//! living owner writes it again by then.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::{ConnId, RoomId};
use crate::presence::epoch::Revision;
use crate::presence::policy::Policy;
use crate::presence::record::Found;
use crate::time::Moment;

/// Which room is read next, and who is under suspicion.
#[derive(Debug, Clone)]
pub struct Audit {
    patience: Duration,
    last: Option<RoomId>,
    /// Records that were read and not yet paid for by sweeps.
    debt: usize,
    suspects: BTreeMap<(RoomId, ConnId), Suspect>,
}

/// A record that was lapsed when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Suspect {
    revision: Revision,
    since: Moment,
}

impl Audit {
    /// Nobody is under suspicion.
    pub fn new(policy: &Policy) -> Self {
        Self {
            patience: policy.longest_lease(),
            last: None,
            debt: 0,
            suspects: BTreeMap::new(),
        }
    }

    /// The room to read in this sweep: the next one of `rooms`, which are in order. None while
    /// what was read lately exceeds [`Policy::AUDIT_RECORDS`] a sweep.
    pub fn next(&mut self, rooms: &[RoomId]) -> Option<RoomId> {
        self.debt = self.debt.saturating_sub(Policy::AUDIT_RECORDS);
        if self.debt > 0 {
            return None;
        }
        let after = |room: &&RoomId| self.last.as_ref().is_none_or(|last| *room > last);
        let next = rooms.iter().find(after).or(rooms.first()).cloned();
        self.last.clone_from(&next);
        next
    }

    /// Takes everything live that was read of a room.
    pub fn examine(&mut self, room: &RoomId, records: &[(ConnId, Found)], now: Moment) {
        self.debt += records.len();
        for (conn, found) in records {
            let key = (room.clone(), conn.clone());
            let known = self.suspects.get(&key).map(|suspect| suspect.revision);
            if !found.lapsed {
                self.suspects.remove(&key);
            } else if known != Some(found.revision)
                && (known.is_some() || self.suspects.len() < Policy::SUSPECTS_MAX)
            {
                let (revision, since) = (found.revision, now);
                self.suspects.insert(key, Suspect { revision, since });
            }
        }
    }

    /// Suspects whose time is over. Each is to be read once more, and then settled.
    pub fn overdue(&self, now: Moment) -> Vec<(RoomId, ConnId, Revision)> {
        let overdue = |suspect: &Suspect| now.since(suspect.since) >= self.patience;
        let suspects = self.suspects.iter();
        suspects
            .filter(|(_, suspect)| overdue(suspect))
            .map(|((room, conn), suspect)| (room.clone(), conn.clone(), suspect.revision))
            .take(Policy::SWEEP_BATCH_MAX)
            .collect()
    }

    /// A suspect is one no longer.
    pub fn settle(&mut self, room: RoomId, conn: ConnId) {
        self.suspects.remove(&(room, conn));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ResumeKey, SeatId, UserId};
    use crate::presence::epoch::{Epoch, Version};
    use crate::presence::record::{Phase, Record};
    use crate::presence::state::State;
    use crate::time::Timestamp;

    fn policy() -> Policy {
        Policy {
            ttl: Duration::from_millis(3_000),
            ..Policy::default()
        }
    }

    fn room(name: &str) -> RoomId {
        RoomId::trusted(name)
    }

    fn conn(nth: usize) -> ConnId {
        ConnId::trusted(format!("c{nth:05}"))
    }

    fn found(attempt: u64, lapsed: bool) -> Found {
        let epoch = Epoch::new(1).unwrap();
        Found {
            revision: Revision {
                epoch,
                seat: SeatId(1),
                attempt,
            },
            version: Version(1),
            lapsed,
            record: Record {
                user: UserId::trusted("ada"),
                key: ResumeKey::trusted("key"),
                epoch,
                state: State::default(),
                written: Timestamp(0),
                phase: Phase::Open,
            },
        }
    }

    fn suspects(audit: &Audit, now: u64) -> usize {
        audit.overdue(Moment(now)).len()
    }

    #[test]
    fn rooms_are_read_in_turn_as_they_come_and_go() {
        let mut audit = Audit::new(&policy());
        let mut next = |names: &[&str]| {
            let rooms: Vec<RoomId> = names.iter().map(|name| room(name)).collect();
            audit.next(&rooms).map(|room| room.as_str().to_owned())
        };
        assert_eq!(next(&[]), None);
        assert_eq!(next(&["a", "c"]).as_deref(), Some("a"));
        assert_eq!(next(&["a", "b", "c"]).as_deref(), Some("b"));
        assert_eq!(next(&["a", "c"]).as_deref(), Some("c"));
        assert_eq!(next(&["a", "c"]).as_deref(), Some("a"));
    }

    #[test]
    fn a_large_room_is_paid_for_by_the_sweeps_after_it() {
        let mut audit = Audit::new(&policy());
        let rooms = [room("a")];
        let size = Policy::AUDIT_RECORDS * 3;
        let records: Vec<_> = (0..size).map(|nth| (conn(nth), found(1, false))).collect();
        assert!(audit.next(&rooms).is_some());
        audit.examine(&rooms[0], &records, Moment(0));
        assert_eq!(audit.next(&rooms), None);
        assert_eq!(audit.next(&rooms), None);
        assert!(audit.next(&rooms).is_some());
    }

    #[test]
    fn a_suspect_has_the_time_of_the_longest_lease() {
        let mut audit = Audit::new(&policy());
        audit.examine(&room("a"), &[(conn(1), found(1, true))], Moment(100));
        audit.examine(&room("a"), &[(conn(1), found(1, true))], Moment(2_000));
        assert_eq!(suspects(&audit, 4_099), 0);
        let overdue = audit.overdue(Moment(4_100));
        assert_eq!(overdue, [(room("a"), conn(1), found(1, true).revision)]);
        audit.settle(room("a"), conn(1));
        assert_eq!(suspects(&audit, 9_000), 0);
    }

    #[test]
    fn whoever_writes_again_is_no_suspect() {
        let mut audit = Audit::new(&policy());
        audit.examine(&room("a"), &[(conn(1), found(1, true))], Moment(0));
        audit.examine(&room("a"), &[(conn(1), found(2, false))], Moment(10));
        assert_eq!(suspects(&audit, 9_000), 0);
        // Lapsed in another revision: its time begins anew.
        audit.examine(&room("a"), &[(conn(1), found(2, true))], Moment(1_000));
        audit.examine(&room("a"), &[(conn(1), found(3, true))], Moment(2_000));
        assert_eq!(suspects(&audit, 5_999), 0);
        assert_eq!(suspects(&audit, 6_000), 1);
    }

    #[test]
    fn suspects_have_a_limit() {
        let mut audit = Audit::new(&policy());
        let records: Vec<_> = (0..Policy::SUSPECTS_MAX + 1)
            .map(|nth| (conn(nth), found(1, true)))
            .collect();
        audit.examine(&room("a"), &records, Moment(0));
        assert_eq!(audit.suspects.len(), Policy::SUSPECTS_MAX);
        assert_eq!(suspects(&audit, 9_000), Policy::SWEEP_BATCH_MAX);
    }
}
