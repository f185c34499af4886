//! What a seat makes of what the store shows when that is not what it expected. A conflict is
//! judged, never outbid.

use std::time::Duration;

use crate::ports::{Lost, Witness};
use crate::presence::event::{Event, Happened};
use crate::presence::policy::Policy;
use crate::presence::record::{Found, Phase, Reason};
use crate::seat::Seat;
use crate::time::Now;

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A newer socket has the presence. Commit nothing.
    Fenced,
    /// An own write whose outcome was unknown was applied. Take it over.
    Adopt,
    /// It is as the seat knows it.
    Fine,
    /// It was ended, and rightly so.
    Ended(Lost),
    /// The seat is right: write its record again, with the same epoch.
    Reassert,
}

/// What an event of its connection means to a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overheard {
    /// Nothing: it is its own, or older.
    Nothing,
    /// The seat is over, for this reason.
    Over(Lost),
    /// The store must be asked.
    Doubt,
}

impl Seat {
    /// What an event of this connection, published by whomever, means. Another seat's write is
    /// compared with the last *confirmed* epoch: those of own writes whose outcome is unknown
    /// were given to nobody. A sweeper's may be wrong, and is looked into.
    pub fn overhear(&self, event: &Event) -> Overheard {
        if event.writer == self.id() || !self.has_written() {
            return Overheard::Nothing;
        }
        let (epoch, known) = (event.epoch, self.known_epoch());
        match event.kind {
            Happened::Left(Reason::Kicked) if epoch >= known => Overheard::Over(Lost::Kicked),
            Happened::Left(Reason::Left | Reason::Disconnected) if epoch == known => {
                Overheard::Over(Lost::Expired)
            }
            Happened::Left(Reason::Expired) if epoch > self.epoch() => {
                Overheard::Over(Lost::Replaced)
            }
            Happened::Left(Reason::Expired) if epoch == self.epoch() => Overheard::Doubt,
            Happened::Left(Reason::Expired) => Overheard::Nothing,
            _ if epoch > known => Overheard::Over(Lost::Replaced),
            _ if epoch >= self.epoch() => Overheard::Doubt,
            _ => Overheard::Nothing,
        }
    }

    /// Judges what the store shows of this connection, as `by` says. The first row that fits
    /// counts.
    pub fn judge(
        &self,
        found: Option<&Found>,
        by: Option<&Witness>,
        now: Now,
        policy: &Policy,
    ) -> Verdict {
        let Some(found) = found else {
            return match self.may_be_forgotten(by, now, policy) {
                true => Verdict::Ended(Lost::Expired),
                false => Verdict::Reassert,
            };
        };
        let revision = found.revision;
        if revision.epoch > self.epoch {
            return Verdict::Fenced;
        }
        if self.was_taken_over(found) {
            return Verdict::Fenced;
        }
        let known = self.known.map(|known| known.epoch);
        if found.record.phase == Phase::Ended(Reason::Kicked) && known <= Some(revision.epoch) {
            // Also when the epoch was raised by a write of unknown outcome.
            return Verdict::Ended(Lost::Kicked);
        }
        if revision.epoch == self.epoch {
            match found.record.phase {
                Phase::Ended(Reason::Kicked) => return Verdict::Ended(Lost::Kicked),
                Phase::Ended(Reason::Left | Reason::Disconnected) => {
                    return Verdict::Ended(Lost::Expired);
                }
                Phase::Ended(Reason::Expired) if self.is_silent(now) => {
                    return Verdict::Ended(Lost::Expired);
                }
                Phase::Ended(Reason::Expired) => return Verdict::Reassert,
                Phase::Open | Phase::Closing if revision.seat != self.id => {
                    return Verdict::Fenced;
                }
                Phase::Open | Phase::Closing => {}
            }
        }
        if revision.epoch < self.epoch {
            return Verdict::Reassert;
        }
        if self.known.is_none_or(|known| revision > known) {
            return Verdict::Adopt;
        }
        match self.known == Some(revision) && !found.lapsed {
            true => Verdict::Fine,
            false => Verdict::Reassert,
        }
    }

    /// Whether nothing was found because it ended and was forgotten since this life of the store
    /// confirmed it last. The look-back is over by the store's clock, which may have jumped.
    pub fn may_be_forgotten(&self, by: Option<&Witness>, now: Now, policy: &Policy) -> bool {
        let Some(by) = by.filter(|by| self.confirmed.is_by(by)) else {
            return false;
        };
        let before = self.confirmed.by.as_ref();
        let there = before.map_or(Duration::ZERO, |before| by.time.since(before.time));
        now.clock.since(self.confirmed.at).max(there) > policy.lookback
    }

    /// Whether another seat wrote it, above the epoch that this one is known to have: the epochs
    /// of its own writes that were never confirmed were given to nobody.
    fn was_taken_over(&self, found: &Found) -> bool {
        let by_a_seat = !matches!(
            found.record.phase,
            Phase::Ended(Reason::Kicked | Reason::Expired)
        );
        by_a_seat && found.revision.seat != self.id && found.revision.epoch > self.known_epoch()
    }

    /// Whether a seat that is leaving still has something to end in what the store shows.
    pub fn may_end(&self, found: Option<&Found>) -> bool {
        let Some(found) = found else { return true };
        let epoch = found.revision.epoch;
        match found.record.phase {
            _ if epoch > self.epoch || self.was_taken_over(found) => false,
            Phase::Ended(_) => epoch < self.epoch,
            Phase::Open | Phase::Closing => epoch < self.epoch || found.revision.seat == self.id,
        }
    }
}

#[cfg(test)]
mod tests;
