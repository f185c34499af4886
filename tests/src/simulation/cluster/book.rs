//! Looks at every write of every record, as only the store can.

use std::collections::{BTreeMap, BTreeSet};

use rtm_domain::ids::{ConnId, RoomId, SeatId};
use rtm_domain::ports::{Commit, Place};
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::event::Happened;
use rtm_domain::presence::record::{Phase, Reason};
use rtm_domain::presence::state::State;
use rtm_domain::time::{Timestamp, millis};

use crate::roster::Violation;
use crate::simulation::data::Kept;

/// What was written before in one life of a server, as far as it must count later.
#[derive(Default)]
pub(super) struct Book {
    kicked: BTreeMap<(RoomId, ConnId), Kick>,
    /// The seats that wrote anything.
    wrote: BTreeSet<SeatId>,
    /// The seats whose nodes know that this server has what they wrote.
    answered: BTreeSet<SeatId>,
    /// Whether its clock was ever set back.
    fell: bool,
}

/// Who was kicked.
struct Kick {
    epoch: Epoch,
    /// Until when that is remembered, by the server's clock.
    until: u64,
    /// The same by the true time, if the clock was not to be trusted.
    truly_until: Option<u64>,
    /// The seats whose nodes cannot take it for lost.
    binds: BTreeSet<SeatId>,
}

impl Kick {
    /// Whether this write brings back who was kicked, against what is promised
    /// (`docs/presence.md`, "What a kick outlasts").
    fn is_broken_by(
        &self,
        (now, truly): (Timestamp, u64),
        commit: &Commit,
        was_lost: bool,
    ) -> bool {
        let stands = now.0 < self.until && !(was_lost && commit.record.epoch > self.epoch);
        let remembered = self.binds.contains(&commit.revision.seat)
            && self.truly_until.is_none_or(|until| truly >= until);
        stands || (commit.record.epoch <= self.epoch && remembered)
    }
}

impl Book {
    /// A node that took this server for the store has heard that a write was applied.
    pub(super) fn answered(&mut self, seat: SeatId) {
        self.answered.insert(seat);
    }

    /// Whether a seat wrote anything to this server.
    pub(super) fn knows(&self, seat: SeatId) -> bool {
        self.wrote.contains(&seat)
    }

    /// The server's clock was set back.
    pub(super) fn clock_fell(&mut self) {
        self.fell = true;
    }

    /// What is wrong with a write that was applied over `before`, at a time by the server's clock
    /// and truly. `was_lost`: another server had an earlier write of this seat.
    pub(super) fn check(
        &mut self,
        (now, truly): (Timestamp, u64),
        before: Option<&Kept>,
        commit: &Commit,
        was_lost: bool,
    ) -> Vec<Violation> {
        self.wrote.insert(commit.revision.seat);
        let mut broken = Vec::new();
        let conn = &commit.conn;
        let epoch = commit.record.epoch;
        if let Some(before) = before.filter(|before| before.record.epoch > epoch) {
            let newer = before.record.epoch;
            broken.push(format!("P2: {conn}: {epoch:?} was written over {newer:?}"));
        }
        let id = (commit.room.clone(), conn.clone());
        if commit.record.phase == Phase::Ended(Reason::Kicked) {
            let keep = millis(commit.keep);
            let kick = Kick {
                epoch,
                until: now.0 + keep,
                truly_until: self.fell.then_some(truly + keep),
                binds: self.answered.clone(),
            };
            self.kicked.insert(id, kick);
        } else if commit.place == Place::Live
            && let Some(kick) = self.kicked.get(&id)
            && kick.is_broken_by((now, truly), commit, was_lost)
        {
            let kicked = kick.epoch;
            broken.push(format!(
                "{conn} was kicked in {kicked:?} and is back in {epoch:?}"
            ));
        }
        let (was, is) = (before.and_then(|it| seen(now, it)), shown(commit));
        match commit
            .event
            .as_ref()
            .map(|event| (event.epoch, &event.kind))
        {
            None if was != is => {
                broken.push(format!(
                    "P3: no event says that {conn} was {was:?} and is {is:?}"
                ));
            }
            Some((said, Happened::Joined(state) | Happened::Updated(state)))
                if is != Some((said, state)) =>
            {
                broken.push(format!("P3: {:?} says not that {is:?}", commit.event));
            }
            Some((_, Happened::Left(_))) if is.is_some() => {
                broken.push(format!("P3: {conn} left and is there"));
            }
            None | Some(_) => {}
        }
        broken
    }
}

/// What others see of a record. A lease that is over is seen by some and not by others.
fn seen(now: Timestamp, kept: &Kept) -> Option<(Epoch, &State)> {
    let seen = kept.place == Place::Live && kept.until > now.0;
    seen.then_some((kept.record.epoch, &kept.record.state))
}

fn shown(commit: &Commit) -> Option<(Epoch, &State)> {
    let live = commit.place == Place::Live;
    live.then_some((commit.record.epoch, &commit.record.state))
}
