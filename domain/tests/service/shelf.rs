//! What the mocked store and feed do when they do not fail: one room table, as small as possible.

mod script;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use rtm_domain::error::StoreError;
use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::ports::{
    Commit, Committed, Conns, Due, FeedSink, Identity, Place, Read, Renewed, Witness,
};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::Published;
use rtm_domain::presence::lease::Renewal;
use rtm_domain::presence::record::Found;
use rtm_domain::time::{Moment, Timestamp};

use super::ports::HandClock;

/// A store's table, with the faults that a case asks for.
pub(crate) struct Shelf {
    clock: Arc<HandClock>,
    table: Mutex<Table>,
    sink: OnceLock<Arc<dyn FeedSink>>,
}

/// A call to the store or the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Commit,
    Renew,
    Read,
    Due,
    Subscribe,
    Unsubscribe,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not done.
    Lost,
    /// It is done, and the answer is lost.
    Unanswered,
}

type Hook = Box<dyn FnOnce(&Shelf) + Send>;

struct Table {
    records: BTreeMap<(RoomId, ConnId), Kept>,
    versions: BTreeMap<RoomId, Version>,
    subscribed: BTreeSet<RoomId>,
    identity: Identity,
    away: bool,
    deaf: bool,
    faults: VecDeque<(Call, Fault)>,
    hooks: VecDeque<(Call, Hook)>,
    calls: BTreeMap<Call, usize>,
    commits: Vec<Commit>,
    others: u64,
}

#[derive(Clone)]
struct Kept {
    found: Found,
    place: Place,
    /// [`NEVER`]: it has no deadline.
    until: Moment,
}

/// Stands for a deadline that is missing: long past for whoever asks for it, and never due.
const NEVER: Moment = Moment(0);

impl Shelf {
    pub(crate) fn new(clock: Arc<HandClock>) -> Self {
        let table = Table {
            records: BTreeMap::new(),
            versions: BTreeMap::new(),
            subscribed: BTreeSet::new(),
            identity: Identity("first".into()),
            away: false,
            deaf: false,
            faults: VecDeque::new(),
            hooks: VecDeque::new(),
            calls: BTreeMap::new(),
            commits: Vec::new(),
            others: 0,
        };
        Self {
            clock,
            table: Mutex::new(table),
            sink: OnceLock::new(),
        }
    }

    pub(crate) fn feed_into(&self, sink: Arc<dyn FeedSink>) {
        assert!(self.sink.set(sink).is_ok());
    }

    pub(crate) fn sink(&self) -> &dyn FeedSink {
        &**self.sink.get().unwrap()
    }

    pub(crate) fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        self.table().commits.push(commit.clone());
        self.answer(Call::Commit, || self.put(commit))
    }

    pub(crate) fn renew(
        &self,
        renewals: &[Renewal],
        rooms: &[RoomId],
    ) -> Result<Renewed, StoreError> {
        self.answer(Call::Renew, || {
            let now = self.clock.steady();
            let mut table = self.table();
            let mut reported = Vec::new();
            for Renewal { lease, remaining } in renewals {
                let id = (lease.room.clone(), lease.conn.clone());
                let runs = |kept: &&mut Kept| {
                    let epoch = kept.found.revision.epoch;
                    kept.place == Place::Live && epoch == lease.epoch && kept.until > now
                };
                match table.records.get_mut(&id).filter(runs) {
                    Some(kept) => kept.until = kept.until.max(now.after(*remaining)),
                    None => reported.push(lease.clone()),
                }
            }
            let version = |room| table.versions.get(room).copied().unwrap_or_default();
            Renewed {
                reported,
                versions: rooms.iter().map(version).collect(),
                witness: table.witness(now),
            }
        })
    }

    pub(crate) fn read(
        &self,
        room: &RoomId,
        floor: Version,
        conns: Conns<'_>,
    ) -> Result<Read, StoreError> {
        self.answer(Call::Read, || {
            let now = self.clock.steady();
            let mut table = self.table();
            let version = table.versions.entry(room.clone()).or_default();
            *version = (*version).max(floor);
            let version = *version;
            let wanted = |conn: &ConnId, kept: &Kept| match conns {
                Conns::One(one) => one == conn && !kept.is_forgotten(now),
                Conns::Live => kept.place == Place::Live,
            };
            let here = table.records.iter().filter(|(id, _)| id.0 == *room);
            let records = here
                .filter(|(id, kept)| wanted(&id.1, kept))
                .map(|(id, kept)| (id.1.clone(), kept.shown(now)));
            Read {
                version,
                records: records.collect(),
                witness: table.witness(now),
            }
        })
    }

    pub(crate) fn due(&self, limit: usize) -> Result<Due, StoreError> {
        self.answer(Call::Due, || {
            let now = self.clock.steady();
            let table = self.table();
            let over =
                |kept: &Kept| kept.place == Place::Live && kept.until <= now && kept.until != NEVER;
            let lapsed = table.records.iter().filter(|(_, kept)| over(kept));
            let lapsed = lapsed.map(|(id, kept)| (id.0.clone(), id.1.clone(), kept.shown(now)));
            Due {
                lapsed: lapsed.take(limit).collect(),
                witness: table.witness(now),
            }
        })
    }

    pub(crate) fn subscribe(&self, room: &RoomId) -> Result<(), StoreError> {
        self.answer(Call::Subscribe, || {
            self.table().subscribed.insert(room.clone());
        })
    }

    pub(crate) fn unsubscribe(&self, room: &RoomId) {
        let mut table = self.table();
        *table.calls.entry(Call::Unsubscribe).or_default() += 1;
        table.subscribed.remove(room);
    }

    fn answer<T>(&self, call: Call, work: impl FnOnce() -> T) -> Result<T, StoreError> {
        let hook = {
            let mut table = self.table();
            *table.calls.entry(call).or_default() += 1;
            let nth = table.hooks.iter().position(|(of, _)| *of == call);
            nth.and_then(|nth| table.hooks.remove(nth))
        };
        if let Some((_, hook)) = hook {
            hook(self);
        }
        let (away, fault) = {
            let mut table = self.table();
            let nth = table.faults.iter().position(|(of, _)| *of == call);
            let fault = nth.and_then(|nth| table.faults.remove(nth));
            (table.away, fault.map(|(_, fault)| fault))
        };
        let unreachable = || StoreError::Unreachable("asked for by the case".into());
        match fault {
            _ if away => Err(unreachable()),
            Some(Fault::Lost) => Err(unreachable()),
            Some(Fault::Unanswered) => {
                work();
                Err(unreachable())
            }
            None => Ok(work()),
        }
    }

    fn put(&self, commit: Commit) -> Committed {
        let (now, wall) = (self.clock.steady(), self.clock.calendar());
        let mut table = self.table();
        let id = (commit.room.clone(), commit.conn.clone());
        let current = table
            .records
            .get(&id)
            .filter(|kept| !kept.is_forgotten(now));
        let revision = current.map(|kept| kept.found.revision);
        if revision == Some(commit.revision) {
            let version = current.map_or(Version(0), |kept| kept.found.version);
            return Committed::Applied { version };
        }
        if revision != commit.expected {
            let found = current.map(|kept| kept.shown(now));
            return Committed::Conflict { found };
        }
        let before = current.map_or(Version(0), |kept| kept.found.version);
        let last = table.versions.entry(commit.room.clone()).or_default();
        let prev = *last;
        let version = match commit.event {
            Some(_) => Version::next(wall, prev, commit.floor),
            None => before,
        };
        *last = prev.max(version);
        let found = Found {
            revision: commit.revision,
            version,
            lapsed: false,
            record: commit.record,
        };
        let kept = Kept {
            found,
            place: commit.place,
            until: now.after(commit.keep),
        };
        table.records.insert(id, kept);
        let heard = !table.deaf && table.subscribed.contains(&commit.room);
        drop(table);
        if let (true, Some(event)) = (heard, commit.event) {
            let published = Published {
                version,
                prev,
                event,
            };
            self.sink().published(&commit.room, published);
        }
        Committed::Applied { version }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap()
    }
}

impl Table {
    fn witness(&self, now: Moment) -> Witness {
        Witness {
            identity: self.identity.clone(),
            time: Timestamp(now.0),
        }
    }
}

impl Kept {
    fn shown(&self, now: Moment) -> Found {
        Found {
            lapsed: self.until <= now,
            ..self.found.clone()
        }
    }

    fn is_forgotten(&self, now: Moment) -> bool {
        self.place == Place::Ended && self.until <= now
    }
}
