//! One room's records. Its lock is the transaction.

use std::collections::BTreeMap;

use rtm_domain::ids::ConnId;
use rtm_domain::ports::Place;
use rtm_domain::presence::epoch::{Revision, Version};
use rtm_domain::presence::record::{Found, Record};
use rtm_domain::time::Moment;

/// What is kept of a room.
#[derive(Debug, Default)]
pub(crate) struct RoomTable {
    pub(crate) records: BTreeMap<ConnId, Kept>,
    pub(crate) version: Version,
    pub(crate) subscribed: bool,
    /// It was taken out of the map; whoever holds it must look the room up again.
    pub(crate) removed: bool,
}

/// One record, as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) revision: Revision,
    pub(crate) version: Version,
    pub(crate) record: Record,
    pub(crate) place: Place,
    /// When its lease is over, or when it is forgotten.
    pub(crate) until: Moment,
}

impl RoomTable {
    /// What stands there at `now`: a tombstone past its deadline counts as nothing.
    pub(crate) fn current(&self, conn: &ConnId, now: Moment) -> Option<&Kept> {
        let forgotten = |kept: &&Kept| kept.place == Place::Ended && kept.until <= now;
        self.records.get(conn).filter(|kept| !forgotten(kept))
    }

    pub(crate) fn is_unused(&self) -> bool {
        self.records.is_empty() && !self.subscribed
    }
}

impl Kept {
    pub(crate) fn found(&self, now: Moment) -> Found {
        Found {
            revision: self.revision,
            version: self.version,
            lapsed: self.until <= now,
            record: self.record.clone(),
        }
    }

    /// About what it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        const OVERHEAD: usize = 512;
        OVERHEAD + self.record.state.bytes()
    }
}
