//! Records, commands and decisions, in few words.

use crate::error::{Excess, Limit, Rejection};
use crate::ids::{ResumeKey, SeatId, UserId};
use crate::presence::command::Command;
use crate::presence::epoch::{Epoch, Revision, Version};
use crate::presence::event::Happened;
use crate::presence::policy::Policy;
use crate::presence::record::{Found, Phase, Reason, Record, Standing};
use crate::presence::state::State;
use crate::presence::transition::{Decision, transition};
use crate::time::Timestamp;

pub(super) const REASONS: [Reason; 4] = [
    Reason::Left,
    Reason::Disconnected,
    Reason::Expired,
    Reason::Kicked,
];
pub(super) const NOW: Timestamp = Timestamp(9_000);

pub(super) fn on(command: Command, found: &Found) -> Decision {
    transition(Standing::of(Some(found)), command, NOW, &policy())
}

pub(super) fn on_absent(command: Command) -> Decision {
    transition(Standing::Absent, command, NOW, &policy())
}

pub(super) fn policy() -> Policy {
    Policy {
        state_bytes_max: 64,
        ..Policy::default()
    }
}

pub(super) fn epoch(number: u64) -> Epoch {
    Epoch::new(number).unwrap()
}

pub(super) fn state(value: &str) -> State {
    [("a", value)].into_iter().collect()
}

pub(super) fn record(number: u64, value: &str, phase: Phase) -> Record {
    Record {
        user: UserId::trusted("ada"),
        key: ResumeKey::trusted("secret"),
        epoch: epoch(number),
        state: state(value),
        written: NOW,
        phase,
    }
}

pub(super) fn found(record: Record, lapsed: bool) -> Found {
    Found {
        revision: Revision {
            epoch: record.epoch,
            seat: SeatId(1),
            attempt: 1,
        },
        version: Version(1),
        lapsed,
        record,
    }
}

pub(super) fn live(epoch: u64) -> Found {
    found(record(epoch, "1", Phase::Open), false)
}

pub(super) fn lapsed(epoch: u64) -> Found {
    found(record(epoch, "1", Phase::Open), true)
}

pub(super) fn ended(epoch: u64, reason: Reason) -> Found {
    found(record(epoch, "1", Phase::Ended(reason)), false)
}

pub(super) fn every_standing(epoch: u64) -> impl Iterator<Item = Found> {
    let tombstones = REASONS.map(|reason| ended(epoch, reason));
    [live(epoch), lapsed(epoch)].into_iter().chain(tombstones)
}

pub(super) fn resumable(epoch: u64) -> impl Iterator<Item = Found> {
    let forgotten = [Reason::Left, Reason::Kicked].map(Phase::Ended);
    every_standing(epoch).filter(move |found| !forgotten.contains(&found.record.phase))
}

pub(super) fn join(number: u64, value: &str) -> Command {
    let Record {
        user, key, epoch, ..
    } = record(number, value, Phase::Open);
    let state = state(value);
    Command::Join {
        user,
        key,
        epoch,
        state,
    }
}

pub(super) fn resume(asked: Option<u64>, value: Option<&str>) -> Command {
    let Record { user, key, .. } = record(0, "1", Phase::Open);
    let (asked, state) = (asked.map(epoch), value.map(state));
    Command::Resume {
        user,
        key,
        asked,
        state,
    }
}

pub(super) fn rejoin(epoch: u64, value: Option<&str>) -> Command {
    let own = Box::new(record(epoch, "1", Phase::Open));
    let state = value.map(state);
    Command::Rejoin { own, state }
}

pub(super) fn patch(number: u64, value: &str) -> Command {
    let (epoch, patch) = (epoch(number), state(value));
    Command::Patch { epoch, patch }
}

pub(super) fn reassert(epoch: u64) -> Command {
    let own = Box::new(record(epoch, "1", Phase::Open));
    Command::Reassert { own }
}

pub(super) fn close(epoch: u64) -> Command {
    let own = Box::new(record(epoch, "1", Phase::Open));
    Command::Close { own }
}

pub(super) fn end(epoch: u64, reason: Reason) -> Command {
    let own = Box::new(record(epoch, "1", Phase::Open));
    Command::End { own, reason }
}

pub(super) fn put_joined(record: Record) -> Decision {
    let event = Happened::Joined(record.state.clone());
    Decision::Put { record, event }
}

pub(super) fn put_updated(record: Record) -> Decision {
    let event = Happened::Updated(record.state.clone());
    Decision::Put { record, event }
}

pub(super) fn tombstone(epoch: u64, reason: Reason) -> Decision {
    let mut record = record(epoch, "1", Phase::Ended(reason));
    if matches!(reason, Reason::Left | Reason::Kicked) {
        record.state = State::default();
    }
    Decision::End { record, reason }
}

pub(super) fn refuse(rejection: Rejection) -> Decision {
    Decision::Refuse(rejection)
}

pub(super) fn stale(number: u64) -> Decision {
    let current = epoch(number);
    refuse(Rejection::StaleEpoch { current })
}

pub(super) fn too_large() -> Decision {
    let (limit, max) = (Limit::StateBytes, policy().state_bytes_max as u64);
    refuse(Rejection::TooLarge(Excess { limit, max }))
}
