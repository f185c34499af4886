//! A seat whose client joined at `JOINED` with epoch 5, and what a store may show of it.

use std::time::Duration;

use crate::error::Rejection;
use crate::ids::{ConnId, ResumeKey, RoomId, SeatId, UserId};
use crate::ports::{Identity, Witness};
use crate::presence::command::Command;
use crate::presence::epoch::{Epoch, Revision, Version};
use crate::presence::policy::Policy;
use crate::presence::record::{Found, Phase, Record};
use crate::presence::state::State;
use crate::seat::{Against, Draft, Seat};
use crate::time::{Moment, Now, Timestamp};

/// When the client of [`joined`] joined.
pub(in crate::seat) const JOINED: u64 = 10_000;
/// Its time to live.
pub(in crate::seat) const TTL: u64 = 3_000;
/// How much longer its lease runs.
pub(in crate::seat) const GRACE: u64 = 1_000;

pub(in crate::seat) fn policy() -> Policy {
    Policy {
        ttl: span(TTL),
        linger: span(2_000),
        lookback: span(6_000),
        ..Policy::default()
    }
}

pub(in crate::seat) fn span(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A node that never paused.
pub(in crate::seat) fn at(millis: u64) -> Now {
    Now {
        clock: Moment(millis),
        heard: Moment(millis),
    }
}

pub(in crate::seat) fn times(millis: u64) -> (Now, Timestamp) {
    (at(millis), Timestamp(1_000_000 + millis))
}

pub(in crate::seat) fn epoch(number: u64) -> Epoch {
    Epoch::new(number).unwrap()
}

pub(in crate::seat) fn state(value: &str) -> State {
    [("a", value)].into_iter().collect()
}

/// The answer of a store whose clock reads what it read when the client joined.
pub(in crate::seat) fn store(name: &str) -> Witness {
    store_later(name, 0)
}

/// The same, its clock ahead.
pub(in crate::seat) fn store_later(name: &str, millis: u64) -> Witness {
    Witness {
        identity: Identity(name.into()),
        time: Timestamp(5_000_000 + millis),
    }
}

pub(in crate::seat) fn fresh() -> Seat {
    let place = (RoomId::trusted("room"), ConnId::trusted("c-1"));
    let owner = (UserId::trusted("ada"), ResumeKey::trusted("secret"));
    let mut seat = Seat::new(SeatId(1), place, owner, at(JOINED));
    seat.extend(at(JOINED), &policy());
    seat
}

pub(in crate::seat) fn join() -> Command {
    Command::Join {
        user: UserId::trusted("ada"),
        key: ResumeKey::trusted("secret"),
        epoch: epoch(5),
        state: state("1"),
    }
}

pub(in crate::seat) fn patch(value: &str) -> Command {
    Command::Patch {
        epoch: epoch(5),
        patch: state(value),
    }
}

pub(in crate::seat) fn rejoin(seat: &Seat) -> Command {
    let mut own = Box::new(seat.record(Timestamp(0)));
    own.epoch = own.epoch.next();
    Command::Rejoin { own, state: None }
}

/// A seat in the room, known to the store by revision 5:1:1.
pub(in crate::seat) fn joined() -> Seat {
    let mut seat = fresh();
    let draft = seat.draft(
        join(),
        Against::Found(None),
        times(JOINED),
        Version(0),
        &policy(),
    );
    seat.applied(draft.unwrap().unwrap(), Some(store("a")));
    seat.enter();
    seat
}

/// Drafts against memory.
pub(in crate::seat) fn draft(
    seat: &mut Seat,
    command: Command,
    millis: u64,
) -> Result<Option<Draft>, Rejection> {
    let (against, times) = (Against::Memory, times(millis));
    seat.draft(command, against, times, Version(0), &policy())
}

/// What the store shows: the write `(epoch, seat, attempt)`, its lease alive.
pub(in crate::seat) fn found((number, seat, attempt): (u64, u64, u64), phase: Phase) -> Found {
    Found {
        revision: Revision {
            epoch: epoch(number),
            seat: SeatId(seat),
            attempt,
        },
        version: Version(7),
        lapsed: false,
        record: Record {
            user: UserId::trusted("ada"),
            key: ResumeKey::trusted("secret"),
            epoch: epoch(number),
            state: state("found"),
            written: Timestamp(0),
            phase,
        },
    }
}

/// The same, its lease over.
pub(in crate::seat) fn lapsed(revision: (u64, u64, u64)) -> Found {
    Found {
        lapsed: true,
        ..found(revision, Phase::Open)
    }
}
