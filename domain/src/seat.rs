//! What one socket knows of its presence in one room: a pure machine.
//!
//! A seat remembers its record, so it can guess what the store holds: it drafts a write against
//! its own memory, and learns from the answer. It never waits and never reads a clock.
//!
//! ```text
//! Joining ─▶ Live ─▶ Closing (the socket is gone, the presence lingers)
//!    │        │  ╲       │
//!    └────────┴───╲──▶ Leaving ─▶ Gone
//!                  ╲────────────▶ Gone (a newer socket has it, or it was ended elsewhere)
//! ```

mod draft;
pub mod judge;

use std::time::Duration;

use crate::error::Rejection;
use crate::ids::{ConnId, ResumeKey, RoomId, SeatId, UserId};
use crate::ports::Witness;
use crate::presence::epoch::{Epoch, Revision};
use crate::presence::lease::{LeaseName, Renewal};
use crate::presence::policy::Policy;
use crate::presence::record::{Found, Phase, Reason, Record};
use crate::presence::state::State;
use crate::time::{Moment, Now, Timestamp};

pub use draft::{Against, Draft};

/// One socket's presence in one room.
#[derive(Debug, Clone)]
pub struct Seat {
    room: RoomId,
    conn: ConnId,
    user: UserId,
    key: ResumeKey,
    id: SeatId,
    epoch: Epoch,
    state: State,
    standing: Standing,
    /// The last write of which it is known that it was applied.
    known: Option<Revision>,
    attempts: u64,
    /// Whether a write was drafted whose outcome is unknown.
    unsettled: bool,
    /// When its client counts as silent, in listening time.
    deadline: Moment,
    confirmed: Confirmed,
}

/// Where a seat is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its first write has not been confirmed.
    Joining,
    /// Its client is in the room.
    Live,
    /// Its socket is gone; it ends when the linger is over.
    Closing {
        /// When the linger is over.
        until: Moment,
    },
    /// It is being ended, whatever the store says meanwhile.
    Leaving {
        /// Why.
        reason: Reason,
        /// When this node stops trying and leaves it to the sweepers.
        give_up: Moment,
    },
    /// It is over.
    Gone,
}

/// What the store has promised.
#[derive(Debug, Clone, Default)]
struct Confirmed {
    /// Until when the lease runs at least.
    until: Moment,
    /// When the store was asked for it.
    at: Moment,
    /// Which life of the store promised it, and its clock then or a little before.
    by: Option<Witness>,
}

impl Confirmed {
    /// Whether it was the same life of the store.
    fn is_by(&self, by: &Witness) -> bool {
        let before = self.by.as_ref();
        before.is_some_and(|before| before.identity == by.identity)
    }
}

/// What a look at the clock asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// The lease shall be renewed.
    Renew(Renewal),
    /// The client was silent for the TTL.
    Expired,
    /// The linger is over.
    LingerOver,
}

impl Seat {
    /// A seat for a presence that is about to be written for the first time by this socket.
    /// `epoch` and `state` are what its first draft replaces.
    pub fn new(id: SeatId, place: (RoomId, ConnId), owner: (UserId, ResumeKey), now: Now) -> Self {
        Self {
            room: place.0,
            conn: place.1,
            user: owner.0,
            key: owner.1,
            id,
            epoch: Epoch::first(Timestamp(0)),
            state: State::default(),
            standing: Standing::Joining,
            known: None,
            attempts: 0,
            unsettled: false,
            deadline: now.heard,
            confirmed: Confirmed::default(),
        }
    }

    /// The connection it stands for.
    pub fn conn(&self) -> &ConnId {
        &self.conn
    }

    /// Whose presence it is.
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The secret for its owner.
    pub fn key(&self) -> &ResumeKey {
        &self.key
    }

    /// Its writer's name.
    pub fn id(&self) -> SeatId {
        self.id
    }

    /// The epoch its owner has.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The epoch of its last write that was confirmed; before the first, the one it asks for.
    pub fn known_epoch(&self) -> Epoch {
        self.known.map_or(self.epoch, |known| known.epoch)
    }

    /// Where it is in its life.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// When its client was heard of last, as a span before `now`.
    pub fn silent_for(&self, now: Now, policy: &Policy) -> Duration {
        policy.ttl.saturating_sub(self.deadline.since(now.heard))
    }

    /// Whether its client was silent for the TTL.
    pub fn is_silent(&self, now: Now) -> bool {
        self.deadline <= now.heard
    }

    /// Whether a lease that the store confirmed lies ahead.
    pub fn is_confirmed(&self, now: Now) -> bool {
        self.confirmed.until > now.clock
    }

    /// Whether the outcome of a write is unknown: it may still be done, so what the seat
    /// remembers is no ground to say that nothing changes.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    /// Whether a write was ever sent, so that something may have to be ended.
    pub fn has_written(&self) -> bool {
        self.attempts > 0
    }

    /// Whether it is one for `conn` whose first write was not answered.
    pub fn is_unanswered(&self, conn: &ConnId) -> bool {
        self.standing == Standing::Joining && self.known.is_none() && self.conn == *conn
    }

    /// Compares the epoch that a client names with its own; none means its own.
    pub fn check_epoch(&self, epoch: Option<Epoch>) -> Result<(), Rejection> {
        match epoch {
            Some(epoch) if epoch < self.epoch => Err(Rejection::StaleEpoch {
                current: self.epoch,
            }),
            Some(epoch) if epoch > self.epoch => Err(Rejection::UnknownEpoch),
            _ => Ok(()),
        }
    }

    /// A heartbeat that reached the node at `received`: moves the deadline. A client that was
    /// silent for the TTL must join again (P8).
    pub fn heartbeat(
        &mut self,
        epoch: Option<Epoch>,
        received: Now,
        policy: &Policy,
    ) -> Result<(), Rejection> {
        if self.standing != Standing::Live || self.is_silent(received) {
            return Err(Rejection::NotPresent);
        }
        self.check_epoch(epoch)?;
        self.extend(received, policy);
        Ok(())
    }

    /// The client was heard of at `heard`.
    pub fn extend(&mut self, heard: Now, policy: &Policy) {
        self.deadline = self.deadline.max(heard.heard.after(policy.ttl));
    }

    /// The client was heard of `silent` ago. That says nothing of a presence that it does not
    /// know to have.
    pub fn extend_by(&mut self, silent: Duration, now: Now, policy: &Policy) {
        if self.standing != Standing::Live {
            return;
        }
        let remaining = policy.ttl.saturating_sub(silent);
        self.deadline = self.deadline.max(now.heard.after(remaining));
    }

    /// What the clock asks for.
    pub fn due(&self, now: Now, policy: &Policy) -> Due {
        match self.standing {
            Standing::Live if self.is_silent(now) => Due::Expired,
            Standing::Live if self.wants_renewal(now, policy) => Due::Renew(Renewal {
                lease: self.lease(),
                remaining: self.lease_span(now, policy),
            }),
            Standing::Closing { until } if until <= now.clock => Due::LingerOver,
            Standing::Joining
            | Standing::Live
            | Standing::Closing { .. }
            | Standing::Leaving { .. }
            | Standing::Gone => Due::Nothing,
        }
    }

    /// The store has confirmed, in answer to a call made at `asked`, that the lease runs for
    /// `span` from then. A lease of an earlier epoch means nothing any more. False if the record
    /// must be looked at: this is another life of the store, which may have an older one.
    pub fn renewed(
        &mut self,
        lease: &LeaseName,
        asked: Moment,
        span: Duration,
        by: &Witness,
    ) -> bool {
        if lease.epoch != self.epoch {
            return true;
        }
        if !self.confirmed.is_by(by) {
            return false;
        }
        self.confirmed.until = self.confirmed.until.max(asked.after(span));
        // Answers may overtake each other.
        if asked >= self.confirmed.at {
            self.confirmed.at = asked;
            self.confirmed.by = Some(by.clone());
        }
        true
    }

    /// The record was found as it should be in this life of the store.
    pub fn verified(&mut self, by: &Witness) {
        self.confirmed.by = Some(by.clone());
    }

    /// Its client is in the room from now on.
    pub fn enter(&mut self) {
        if self.standing == Standing::Joining {
            self.standing = Standing::Live;
        }
    }

    /// Its socket is gone and it lingers. False if it is past that.
    pub fn close(&mut self, now: Now, policy: &Policy) -> bool {
        let may = matches!(self.standing, Standing::Joining | Standing::Live);
        if may {
            let until = now.clock.after(policy.linger);
            self.standing = Standing::Closing { until };
        }
        may
    }

    /// It is being ended from now on. False if it was already.
    pub fn leave(&mut self, reason: Reason, now: Now, policy: &Policy) -> bool {
        let may = !matches!(self.standing, Standing::Leaving { .. } | Standing::Gone);
        if may {
            let give_up = now.clock.after(policy.ttl + policy.grace());
            self.standing = Standing::Leaving { reason, give_up };
        }
        may
    }

    /// It is over.
    pub fn vanish(&mut self) {
        self.standing = Standing::Gone;
    }

    /// An unknown outcome became known: takes over what it wrote itself.
    pub fn adopt(&mut self, found: &Found) {
        self.unsettled = false;
        self.known = Some(found.revision);
        self.attempts = self.attempts.max(found.revision.attempt);
        self.epoch = found.record.epoch;
        self.state = found.record.state.clone();
    }

    /// Its record, as it remembers it.
    pub fn record(&self, written: Timestamp) -> Record {
        Record {
            user: self.user.clone(),
            key: self.key.clone(),
            epoch: self.epoch,
            state: self.state.clone(),
            written,
            phase: match self.standing {
                Standing::Closing { .. } => Phase::Closing,
                _ => Phase::Open,
            },
        }
    }

    fn lease(&self) -> LeaseName {
        LeaseName {
            room: self.room.clone(),
            conn: self.conn.clone(),
            epoch: self.epoch,
        }
    }

    /// How long the store's lease shall run from `now`: until this node will have ended a silent
    /// client, and some grace.
    fn lease_span(&self, now: Now, policy: &Policy) -> Duration {
        self.deadline.since(now.heard) + policy.grace()
    }

    fn wants_renewal(&self, now: Now, policy: &Policy) -> bool {
        let wanted = now.clock.after(self.lease_span(now, policy));
        let confirmed = self.confirmed.until.since(now.clock);
        wanted > self.confirmed.until && confirmed < policy.ttl * 2 / 3
    }
}

#[cfg(test)]
mod tests;
