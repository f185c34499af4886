//! When a sweeper may believe that a silent lease is a dead node's: a pure machine.
//!
//! A store that was away, frozen or restarted, and a node that was, have heard nobody meanwhile.
//! So a sweeper acts only when *armed*: the store has answered under one identity for as long as
//! a live node needs to renew, never with a longer gap than such a node survives.

mod audit;

use std::time::Duration;

use crate::ports::Witness;
use crate::presence::policy::Policy;
use crate::time::Moment;

pub use audit::Audit;

/// What an answer of the store says beside what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    Nothing,
    /// Its clock jumped ahead: leases may be over that this node takes for confirmed.
    ClockAhead,
    /// It has another identity than before.
    AnotherLife,
}

/// Whether this node's sweeper may act.
#[derive(Debug, Clone)]
pub struct Arming {
    arm: Duration,
    gap_max: Duration,
    heard: Option<Heard>,
}

#[derive(Debug, Clone)]
struct Heard {
    witness: Witness,
    /// Since when it has answered without a gap.
    since: Moment,
    /// When it answered last.
    last: Moment,
}

impl Heard {
    /// What has passed since, by this node's clock and by the store's.
    fn spans(&self, witness: &Witness, now: Moment) -> (Duration, Duration) {
        let there = witness.time.since(self.witness.time);
        (now.since(self.last), there)
    }
}

impl Arming {
    /// Disarmed.
    pub fn new(policy: &Policy) -> Self {
        Self {
            arm: policy.arm(),
            gap_max: policy.ttl / 3,
            heard: None,
        }
    }

    /// The store answered.
    pub fn answered(&mut self, witness: &Witness, now: Moment) -> News {
        let before = self.heard.as_ref();
        let news = before.map_or(News::Nothing, |heard| self.news(heard, witness, now));
        let unbroken = before.filter(|heard| {
            let (here, there) = heard.spans(witness, now);
            let stood = self.is_gap(here.saturating_sub(there));
            let back = self.is_gap(heard.witness.time.since(witness.time));
            news == News::Nothing && !self.is_gap(here) && !stood && !back
        });
        // Of answers that have overtaken each other the latest counts.
        let overtaken = unbroken.filter(|heard| witness.time < heard.witness.time);
        self.heard = Some(Heard {
            since: unbroken.map_or(now, |heard| heard.since),
            witness: overtaken.map_or(witness, |heard| &heard.witness).clone(),
            last: now,
        });
        news
    }

    /// The latest answer.
    pub fn witness(&self) -> Option<&Witness> {
        self.heard.as_ref().map(|heard| &heard.witness)
    }

    /// This node itself was late by `late`.
    pub fn late(&mut self, late: Duration, now: Moment) {
        if late > self.gap_max / 2
            && let Some(heard) = &mut self.heard
        {
            heard.since = now;
        }
    }

    /// Whether the sweeper may act.
    pub fn is_armed(&self, now: Moment) -> bool {
        self.heard.as_ref().is_some_and(|heard| {
            now.since(heard.since) >= self.arm && now.since(heard.last) <= self.gap_max
        })
    }

    fn news(&self, heard: &Heard, witness: &Witness, now: Moment) -> News {
        if heard.witness.identity != witness.identity {
            return News::AnotherLife;
        }
        let (here, there) = heard.spans(witness, now);
        match self.is_gap(there.saturating_sub(here)) {
            true => News::ClockAhead,
            false => News::Nothing,
        }
    }

    /// Whether a live node's leases may be over after it.
    fn is_gap(&self, span: Duration) -> bool {
        span > self.gap_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Identity;
    use crate::time::Timestamp;

    fn policy() -> Policy {
        Policy {
            ttl: Duration::from_millis(3000),
            ..Policy::default()
        }
    }

    fn witness(identity: &str, time: u64) -> Witness {
        Witness {
            identity: Identity(identity.into()),
            time: Timestamp(time),
        }
    }

    /// Answers each half second from `from` to `to`, the store's clock `ahead` of ours.
    fn answer(arming: &mut Arming, identity: &str, (from, to): (u64, u64), ahead: u64) {
        for now in (from..=to).step_by(500) {
            arming.answered(&witness(identity, now + ahead), Moment(now));
        }
    }

    #[test]
    fn it_is_armed_after_one_ttl_of_answers() {
        let mut arming = Arming::new(&policy());
        answer(&mut arming, "a", (0, 2500), 0);
        assert!(!arming.is_armed(Moment(2999)));
        answer(&mut arming, "a", (3000, 3000), 0);
        assert!(arming.is_armed(Moment(3000)));
    }

    #[test]
    fn silence_disarms() {
        let mut arming = Arming::new(&policy());
        answer(&mut arming, "a", (0, 4000), 0);
        assert!(arming.is_armed(Moment(5000)));
        assert!(!arming.is_armed(Moment(5001)));
        answer(&mut arming, "a", (6000, 6000), 0);
        assert!(!arming.is_armed(Moment(6000)));
    }

    #[test]
    fn a_new_identity_disarms_and_is_told() {
        let mut arming = Arming::new(&policy());
        answer(&mut arming, "a", (0, 4000), 0);
        let news = arming.answered(&witness("b", 4100), Moment(4100));
        assert_eq!(news, News::AnotherLife);
        assert!(!arming.is_armed(Moment(4100)));
    }

    #[test]
    fn a_jump_of_the_stores_clock_disarms() {
        for (from, to) in [(0, 3_600_000), (3_600_000, 0)] {
            let mut arming = Arming::new(&policy());
            answer(&mut arming, "a", (0, 4000), from);
            arming.answered(&witness("a", 4100 + to), Moment(4100));
            assert!(!arming.is_armed(Moment(4100)));
        }
    }

    #[test]
    fn answers_that_overtake_each_other_disarm_nobody() {
        let mut arming = Arming::new(&policy());
        answer(&mut arming, "a", (0, 4000), 0);
        for time in [4101, 4100, 4102] {
            assert_eq!(
                arming.answered(&witness("a", time), Moment(4102)),
                News::Nothing
            );
            assert!(arming.is_armed(Moment(4102)));
            assert!(arming.witness().unwrap().time >= Timestamp(4101));
        }
    }

    #[test]
    fn a_jump_ahead_is_told_once_it_is_longer_than_leases_survive() {
        let mut arming = Arming::new(&policy());
        let mut news = |now, time| arming.answered(&witness("a", time), Moment(now));
        assert_eq!(news(0, 0), News::Nothing);
        assert_eq!(news(500, 1500), News::Nothing);
        assert_eq!(news(1000, 3001), News::ClockAhead);
        assert_eq!(news(1500, 3501), News::Nothing);
        assert_eq!(news(2000, 0), News::Nothing, "a jump back ends no lease");
    }

    #[test]
    fn an_own_pause_disarms() {
        let mut arming = Arming::new(&policy());
        answer(&mut arming, "a", (0, 4000), 0);
        arming.late(Duration::from_millis(501), Moment(4400));
        assert!(!arming.is_armed(Moment(4400)));
    }
}
