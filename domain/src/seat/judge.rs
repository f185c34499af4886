//! What a seat makes of what the store shows when that is not what it expected. A conflict is
//! judged, never outbid.

use crate::ports::{Identity, Lost};
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

impl Seat {
    /// Judges what the store, in its life `by`, shows of this connection. The first row that
    /// fits counts.
    pub fn judge(
        &self,
        found: Option<&Found>,
        by: Option<&Identity>,
        now: Now,
        policy: &Policy,
    ) -> Verdict {
        let Some(found) = found else {
            let forgotten = by.is_some()
                && self.confirmed.by.as_ref() == by
                && now.clock.since(self.confirmed.at) > policy.lookback;
            return match forgotten {
                true => Verdict::Ended(Lost::Expired),
                false => Verdict::Reassert,
            };
        };
        let revision = found.revision;
        if revision.epoch > self.epoch {
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

    /// Whether a seat that is leaving still has something to end in what the store shows.
    pub fn may_end(&self, found: Option<&Found>) -> bool {
        let Some(found) = found else { return true };
        let epoch = found.revision.epoch;
        match found.record.phase {
            _ if epoch > self.epoch => false,
            Phase::Ended(_) => epoch < self.epoch,
            Phase::Open | Phase::Closing => epoch < self.epoch || found.revision.seat == self.id,
        }
    }
}

#[cfg(test)]
mod tests;
