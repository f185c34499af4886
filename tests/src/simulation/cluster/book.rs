//! Looks at every write of every record, as only the store can.

use std::collections::BTreeMap;

use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::ports::{Commit, Place};
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::event::Happened;
use rtm_domain::presence::record::{Phase, Reason};
use rtm_domain::presence::state::State;
use rtm_domain::time::{Timestamp, millis};

use crate::roster::Violation;
use crate::simulation::data::Kept;

/// What was written before, as far as it must count later.
#[derive(Default)]
pub(super) struct Book {
    /// Who was kicked, in which epoch, and until when that is remembered.
    kicked: BTreeMap<(RoomId, ConnId), (Epoch, u64)>,
}

impl Book {
    /// Another server answers: it may have lost kicks, and nodes cannot know what it forgot.
    pub(super) fn close(&mut self) {
        self.kicked.clear();
    }

    /// What is wrong with a write that was applied over `before`.
    pub(super) fn check(
        &mut self,
        now: Timestamp,
        before: Option<&Kept>,
        commit: &Commit,
    ) -> Vec<Violation> {
        let mut broken = Vec::new();
        let conn = &commit.conn;
        let epoch = commit.record.epoch;
        if let Some(before) = before.filter(|before| before.record.epoch > epoch) {
            let newer = before.record.epoch;
            broken.push(format!("P2: {conn}: {epoch:?} was written over {newer:?}"));
        }
        let id = (commit.room.clone(), conn.clone());
        if commit.record.phase == Phase::Ended(Reason::Kicked) {
            let until = now.0 + millis(commit.keep);
            self.kicked.insert(id, (epoch, until));
        } else if commit.place == Place::Live
            && let Some((kicked, until)) = self.kicked.get(&id)
            && (epoch <= *kicked || now.0 < *until)
        {
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
