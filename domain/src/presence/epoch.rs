//! The incarnation of a connection (the fence) and the unique name of one write.

use std::time::Duration;

use crate::ids::SeatId;
use crate::time::{Timestamp, millis};

/// A connection's incarnation. Whoever speaks with an older one changes nothing (P2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// The highest epoch: what a JavaScript number holds exactly.
    pub const MAX: Epoch = Epoch((1 << 53) - 1);

    /// How far above the presence's epoch a resume may ask for.
    pub const STEP_MAX: u64 = 1_000_000;

    /// An epoch from a number up to [`Epoch::MAX`].
    pub fn new(number: u64) -> Option<Self> {
        (number <= Self::MAX.0).then_some(Self(number))
    }

    /// The first epoch of a fresh presence: the wall clock, so that a presence that was
    /// forgotten everywhere starts above what its clients may remember.
    pub fn first(now: Timestamp) -> Self {
        Self(now.0.min(Self::MAX.0 - Self::STEP_MAX))
    }

    /// One higher; the highest stays.
    pub fn next(self) -> Self {
        Self((self.0 + 1).min(Self::MAX.0))
    }

    /// Whether a resume may ask for this epoch, with `held` the presence's.
    pub fn within_step_of(self, held: Epoch) -> bool {
        self.0 <= held.0.saturating_add(Self::STEP_MAX)
    }

    /// The number on the wire.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Unique name of one write of a record. Used to compare and set, never on the wire: a retry is
/// recognised by it, and a lost reply resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// The record's epoch.
    pub epoch: Epoch,
    /// Who wrote it.
    pub seat: SeatId,
    /// One more for every attempt of that writer, never used again.
    pub attempt: u64,
}

/// Stamp of a room's latest event. With the one before it, it shows gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(pub u64);

impl Version {
    /// The version of a room's next event: the highest of the store's clock, one more than the
    /// last, and one more than any the writing node has shown.
    pub fn next(store_clock: Timestamp, last: Version, floor: Version) -> Self {
        Self(store_clock.0.max(last.0 + 1).max(floor.0 + 1))
    }

    /// Whether the store may forget this version: its clock alone will give a higher one.
    pub fn is_past(self, store_clock: Timestamp, margin: Duration) -> bool {
        self.0.saturating_add(millis(margin)) < store_clock.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_never_passes_what_javascript_holds() {
        assert_eq!(Epoch::new(1 << 53), None);
        assert_eq!(Epoch::MAX.next(), Epoch::MAX);
        assert!(Epoch::first(Timestamp(u64::MAX)).next() > Epoch::first(Timestamp(u64::MAX)));
    }

    #[test]
    fn a_version_rises_whatever_the_clock_says() {
        assert_eq!(
            Version::next(Timestamp(10), Version(50), Version(3)),
            Version(51)
        );
        assert_eq!(
            Version::next(Timestamp(10), Version(5), Version(80)),
            Version(81)
        );
        assert_eq!(
            Version::next(Timestamp(100), Version(5), Version(8)),
            Version(100)
        );
    }
}
