//! Events, readings and deliveries, in few words.

use std::sync::Arc;

use crate::ids::{ConnId, ResumeKey, SeatId, UserId};
use crate::ports::{Identity, Read, Witness};
use crate::presence::epoch::{Epoch, Revision, Version};
use crate::presence::event::{Delivery, Event, Happened, Published, Shown};
use crate::presence::record::{Found, Phase, Reason, Record};
use crate::presence::snapshot::SnapshotEntry;
use crate::presence::state::State;
use crate::time::Timestamp;
use crate::view::{Fed, Trust, View};

/// When repairs are made.
pub(super) const NOW: Timestamp = Timestamp(9_000);

pub(super) fn conn(name: &str) -> ConnId {
    ConnId::trusted(name)
}

pub(super) fn epoch(number: u64) -> Epoch {
    Epoch::new(number).unwrap()
}

pub(super) fn state(value: &str) -> State {
    [("a", value)].into_iter().collect()
}

pub(super) fn joined(value: &str) -> Happened {
    Happened::Joined(state(value))
}

pub(super) fn updated(value: &str) -> Happened {
    Happened::Updated(state(value))
}

/// An event of `(connection, epoch)` at `(prev, version)`.
pub(super) fn event(
    (name, number): (&str, u64),
    (prev, version): (u64, u64),
    kind: Happened,
) -> Published {
    Published {
        version: Version(version),
        prev: Version(prev),
        event: Event {
            conn: conn(name),
            user: UserId::trusted("ada"),
            epoch: epoch(number),
            writer: SeatId(1),
            attempt: version,
            at: Timestamp(version),
            kind,
        },
    }
}

pub(super) fn left(who: (&str, u64), versions: (u64, u64)) -> Published {
    event(who, versions, Happened::Left(Reason::Left))
}

/// A live record of `(connection, epoch)` as its `attempt`-th write left it.
pub(super) fn found((name, number): (&str, u64), attempt: u64, value: &str) -> (ConnId, Found) {
    let epoch = epoch(number);
    let found = Found {
        revision: Revision {
            epoch,
            seat: SeatId(1),
            attempt,
        },
        version: Version(attempt),
        lapsed: false,
        record: Record {
            user: UserId::trusted("ada"),
            key: ResumeKey::trusted("secret"),
            epoch,
            state: state(value),
            written: Timestamp(attempt),
            phase: Phase::Open,
        },
    };
    (conn(name), found)
}

pub(super) fn lapsed(who: (&str, u64), attempt: u64, value: &str) -> (ConnId, Found) {
    let (conn, found) = found(who, attempt, value);
    let lapsed = true;
    (conn, Found { lapsed, ..found })
}

pub(super) fn read(version: u64, records: impl IntoIterator<Item = (ConnId, Found)>) -> Read {
    Read {
        version: Version(version),
        records: records.into_iter().collect(),
        witness: Witness {
            identity: Identity(Arc::from("a")),
            time: Timestamp(0),
        },
    }
}

/// A view that has read `records` at `version`.
pub(super) fn on(version: u64, records: impl IntoIterator<Item = (ConnId, Found)>) -> View {
    let mut view = View::opening();
    let (_, again) = view.repair(&read(version, records), Trust::Full, NOW);
    assert!(!again && view.is_on());
    view
}

/// The deliveries of an event that neither waits nor shows a gap.
pub(super) fn delivered(fed: Fed) -> Vec<Delivery> {
    match fed {
        Fed::Deliver(deliveries) => deliveries,
        other => panic!("not delivered: {other:?}"),
    }
}

/// What is told, in short: whom, its epoch, what, and `(prev, version)`.
pub(super) fn told(deliveries: &[Delivery]) -> Vec<(String, u64, Kind, (u64, u64))> {
    let short = |delivery: &Delivery| {
        let versions = (delivery.prev.0, delivery.version.0);
        let kind = match &delivery.kind {
            Shown::Join(state) => Kind::Join(text(state)),
            Shown::Update(state) => Kind::Update(text(state)),
            Shown::Leave(reason) => Kind::Leave(*reason),
        };
        let name = delivery.conn.to_string();
        (name, delivery.epoch.number(), kind, versions)
    };
    deliveries.iter().map(short).collect()
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Join(String),
    Update(String),
    Leave(Option<Reason>),
}

pub(super) fn join(value: &str) -> Kind {
    Kind::Join(value.into())
}

pub(super) fn update(value: &str) -> Kind {
    Kind::Update(value.into())
}

pub(super) fn leave() -> Kind {
    Kind::Leave(Some(Reason::Left))
}

/// A leave that is known from a repair only.
pub(super) fn vanish() -> Kind {
    Kind::Leave(None)
}

/// One line of what is told.
pub(super) fn line(
    (name, epoch): (&str, u64),
    kind: Kind,
    versions: (u64, u64),
) -> (String, u64, Kind, (u64, u64)) {
    (name.into(), epoch, kind, versions)
}

/// Who is in the view's snapshot: connection, epoch and state.
pub(super) fn entries(view: &View) -> Vec<(String, u64, String)> {
    let snapshot = view.snapshot(|_, written| written);
    let entry = |entry: &SnapshotEntry| {
        let name = entry.conn.to_string();
        (name, entry.epoch.number(), text(&entry.state))
    };
    snapshot.entries.iter().map(entry).collect()
}

fn text(state: &State) -> String {
    state.iter().map(|(_, value)| value.to_string()).collect()
}
