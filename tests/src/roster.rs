//! What a client makes of what it is told of one room: snapshot plus events, by the rule of
//! versions. Whatever breaks an invariant is an error that says which.

use std::collections::BTreeMap;

use rtm_domain::ids::{ConnId, UserId};
use rtm_domain::presence::epoch::{Epoch, Version};
use rtm_domain::presence::event::{Delivery, Shown};
use rtm_domain::presence::record::Reason;
use rtm_domain::presence::snapshot::Snapshot;
use rtm_domain::presence::state::State;
use rtm_domain::service::Joined;

/// A broken invariant.
pub type Violation = String;

/// One member as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shows {
    /// Whose it is.
    pub user: UserId,
    /// Its epoch.
    pub epoch: Epoch,
    /// What it shows.
    pub state: State,
}

/// A room as one socket's client sees it.
#[derive(Debug, Clone)]
pub enum Roster {
    /// It was told of its own join, and waits for the answer.
    Entering(Delivery),
    /// It is in the room.
    In {
        /// Its own connection.
        own: ConnId,
        /// Its own epoch.
        epoch: Epoch,
        /// The version it holds.
        version: Version,
        /// Whom it sees.
        members: BTreeMap<ConnId, Shows>,
    },
}

impl Roster {
    /// What the first event of a room that one is not in amounts to.
    pub fn entering(delivery: &Delivery) -> Result<Self, Violation> {
        if !matches!(delivery.kind, Shown::Join(_)) {
            return Err(format!("P5: told of a room it is not in: {delivery:?}"));
        }
        if delivery.prev != delivery.version {
            return Err(format!(
                "P4: the own join has a gap before it: {delivery:?}"
            ));
        }
        Ok(Self::Entering(delivery.clone()))
    }

    /// The answer to a join.
    pub fn joined(before: Option<Self>, joined: &Joined) -> Result<Self, Violation> {
        let members = members(&joined.snapshot);
        let version = joined.snapshot.version;
        match &before {
            None => return Err(format!("the answer comes before the own join: {joined:?}")),
            Some(Self::Entering(own)) => {
                if own.conn != joined.conn || own.version != version {
                    return Err(format!("P5: {own:?} was followed by {joined:?}"));
                }
            }
            Some(Self::In { own, .. }) => {
                if *own != joined.conn {
                    return Err(format!("a rejoin changed {own} to {}", joined.conn));
                }
                before
                    .as_ref()
                    .map_or(Ok(()), |it| it.equals(&joined.snapshot))?;
            }
        }
        match members.get(&joined.conn) {
            Some(shows) if shows.epoch == joined.epoch => {}
            shows => return Err(format!("{} joined, shown is {shows:?}", joined.conn)),
        }
        Ok(Self::In {
            own: joined.conn.clone(),
            epoch: joined.epoch,
            version,
            members,
        })
    }

    /// One more event.
    pub fn fold(&mut self, delivery: &Delivery) -> Result<(), Violation> {
        let Self::In {
            version, members, ..
        } = self
        else {
            return Err(format!(
                "P5: told before its join was answered: {delivery:?}"
            ));
        };
        if delivery.prev != *version || delivery.version < delivery.prev {
            return Err(format!("P4: {version:?} is held, got {delivery:?}"));
        }
        *version = delivery.version;
        let before = members.get(&delivery.conn);
        if before.is_some_and(|shown| shown.user != delivery.user) {
            return Err(format!("P1: {before:?} changed its user: {delivery:?}"));
        }
        let state = match (&delivery.kind, before) {
            (Shown::Join(_), Some(shown)) if delivery.epoch <= shown.epoch => {
                return Err(format!("P6: {shown:?} joined twice: {delivery:?}"));
            }
            (Shown::Update(_) | Shown::Leave(_), None) => {
                return Err(format!("P6: it was not shown: {delivery:?}"));
            }
            (Shown::Update(state), Some(shown)) if *state == shown.state => {
                return Err(format!("P3: nothing changed: {delivery:?}"));
            }
            (Shown::Update(_), Some(shown)) if delivery.epoch != shown.epoch => {
                return Err(format!("P2: {shown:?} changed its epoch: {delivery:?}"));
            }
            (Shown::Leave(_), Some(shown)) if delivery.epoch < shown.epoch => {
                return Err(format!(
                    "P2: an older epoch of {shown:?} left: {delivery:?}"
                ));
            }
            (Shown::Join(state) | Shown::Update(state), _) => state.clone(),
            (Shown::Leave(_), Some(_)) => {
                members.remove(&delivery.conn);
                return Ok(());
            }
        };
        let shows = Shows {
            user: delivery.user.clone(),
            epoch: delivery.epoch,
            state,
        };
        members.insert(delivery.conn.clone(), shows);
        Ok(())
    }

    /// Whether an event is this client's own leave, which it is only told when others took it
    /// for dead.
    pub fn is_own_leave(&self, delivery: &Delivery) -> bool {
        let asked = matches!(
            delivery.kind,
            Shown::Leave(Some(Reason::Left | Reason::Disconnected | Reason::Kicked))
        );
        asked && self.own() == &delivery.conn
    }

    /// Its own connection.
    pub fn own(&self) -> &ConnId {
        match self {
            Self::Entering(delivery) => &delivery.conn,
            Self::In { own, .. } => own,
        }
    }

    /// The version it holds.
    pub fn version(&self) -> Option<Version> {
        match self {
            Self::Entering(_) => None,
            Self::In { version, .. } => Some(*version),
        }
    }

    /// Whom it sees.
    pub fn members(&self) -> Option<&BTreeMap<ConnId, Shows>> {
        match self {
            Self::Entering(_) => None,
            Self::In { members, .. } => Some(members),
        }
    }

    /// P5: snapshot plus events are the view.
    pub fn equals(&self, snapshot: &Snapshot) -> Result<(), Violation> {
        let Self::In {
            version,
            members: held,
            ..
        } = self
        else {
            return Err("its join was not answered".into());
        };
        let there = members(snapshot);
        if *held != there {
            return Err(format!("P5: folded {held:#?}\nbut the view has {there:#?}"));
        }
        if *version != snapshot.version {
            return Err(format!(
                "P4: {version:?} is held, {:?} sent",
                snapshot.version
            ));
        }
        Ok(())
    }
}

/// A snapshot as a roster keeps it.
pub fn members(snapshot: &Snapshot) -> BTreeMap<ConnId, Shows> {
    let entries = snapshot.entries.iter().map(|entry| {
        let shows = Shows {
            user: entry.user.clone(),
            epoch: entry.epoch,
            state: entry.state.clone(),
        };
        (entry.conn.clone(), shows)
    });
    entries.collect()
}
