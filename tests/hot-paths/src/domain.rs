//! What the rules cost: a heartbeat, a patch, an event, a snapshot, a look at the clock.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use rtm_domain::ids::{ConnId, ResumeKey, RoomId, SeatId, UserId};
use rtm_domain::ports::{Identity, Read, Witness};
use rtm_domain::presence::command::Command;
use rtm_domain::presence::epoch::{Epoch, Revision, Version};
use rtm_domain::presence::event::{Event, Happened, Published};
use rtm_domain::presence::policy::Policy;
use rtm_domain::presence::record::{Found, Phase, Reason, Record, Standing};
use rtm_domain::presence::state::State;
use rtm_domain::presence::transition::transition;
use rtm_domain::seat::{Against, Seat};
use rtm_domain::time::{Moment, Now, Timestamp};
use rtm_domain::view::{Trust, View};

use crate::Path;

/// Members of the room that views are measured with: the map of members is what grows.
const MEMBERS: u128 = 250;
/// When it all happens.
const WALL: Timestamp = Timestamp(1_700_000_000_000);
const NOW: Now = Now {
    clock: Moment(60_000),
    heard: Moment(60_000),
};

/// The paths of `domain`.
pub fn domain() -> Vec<Path> {
    vec![
        heartbeat(),
        due(),
        renewal(),
        seat_patch(),
        overhear(),
        judge(),
        transition_patch(),
        state_patched("domain: state patched, 1 of 8 keys", 1, false),
        state_patched("domain: state patched, 1 of 64 keys", 1, true),
        state_patched("domain: state patched, nothing changes", 0, false),
        view_update(),
        view_join_and_leave(),
        view_snapshot(),
        view_repair(),
    ]
}

fn heartbeat() -> Path {
    let (mut seat, policy) = (joined(), Policy::default());
    let epoch = Some(seat.epoch());
    Path::new("domain: seat heartbeat", move || {
        let told = seat.heartbeat(black_box(epoch), black_box(NOW), &policy);
        (told.is_ok(), seat.is_confirmed(NOW))
    })
}

/// Each tick looks at every seat of the node.
fn due() -> Path {
    let (seat, policy) = (joined(), Policy::default());
    Path::new("domain: seat due, nothing", move || {
        seat.due(black_box(NOW), &policy)
    })
}

fn renewal() -> Path {
    let (mut seat, policy) = (joined(), Policy::default());
    let later = Now {
        clock: NOW.clock.after(Duration::from_secs(25)),
        heard: NOW.heard.after(Duration::from_secs(25)),
    };
    seat.extend(later, &policy);
    Path::new("domain: seat due, renewal", move || {
        seat.due(black_box(later), &policy)
    })
}

fn seat_patch() -> Path {
    let (mut seat, policy) = (joined(), Policy::default());
    let patches = [patch("1"), patch("2")];
    let mut turn = 0;
    Path::new("domain: seat drafts and learns a patch", move || {
        turn += 1;
        let command = Command::Patch {
            epoch: seat.epoch(),
            patch: patches[turn % 2].clone(),
        };
        let (against, floor) = (Against::Memory, Version(7));
        let draft = seat.draft(command, against, (NOW, WALL), floor, &policy);
        let draft = draft.ok().flatten().expect("each patch changes something");
        seat.applied(draft, Some(witness()));
    })
}

fn overhear() -> Path {
    let (seat, event) = (joined(), event(Happened::Updated(state(8))));
    Path::new("domain: seat overhears an update", move || {
        seat.overhear(black_box(&event))
    })
}

fn judge() -> Path {
    let (seat, policy) = (joined(), Policy::default());
    let (found, by) = (found(8), witness());
    Path::new("domain: seat judges a record", move || {
        seat.judge(black_box(Some(&found)), Some(&by), NOW, &policy)
    })
}

fn transition_patch() -> Path {
    let (found, policy, patch) = (found(8), Policy::default(), patch("2"));
    Path::new("domain: transition patch", move || {
        let command = Command::Patch {
            epoch: found.record.epoch,
            patch: patch.clone(),
        };
        let standing = Standing::of(black_box(Some(&found)));
        transition(standing, command, WALL, &policy)
    })
}

fn state_patched(name: &'static str, changes: usize, large: bool) -> Path {
    let state = state(if large { 64 } else { 8 });
    let patch = match changes {
        0 => state.clone(),
        _ => patch("2"),
    };
    Path::new(name, move || black_box(&state).patched(black_box(&patch)))
}

fn view_update() -> Path {
    let mut view = room();
    let updates = [state(8), patch("2")].map(|state| event(Happened::Updated(state)));
    let mut version = 1;
    Path::new("domain: view of 250 takes an update", move || {
        version += 1;
        view.feed(published(version, &updates[version as usize % 2]))
    })
}

fn view_join_and_leave() -> Path {
    let mut view = room();
    let events = [Happened::Joined(state(8)), Happened::Left(Reason::Left)].map(|kind| Event {
        conn: ConnId::mint(MEMBERS + 1),
        ..event(kind)
    });
    let mut version = 1;
    Path::new("domain: view of 250 takes a join and a leave", move || {
        for event in &events {
            version += 1;
            black_box(view.feed(published(version, event)));
        }
    })
}

fn view_snapshot() -> Path {
    let view = room();
    Path::new("domain: view of 250 gives its snapshot", move || {
        view.snapshot(|_, written| written)
    })
}

fn view_repair() -> Path {
    let (mut view, read) = (room(), read());
    Path::new(
        "domain: view of 250 is repaired, no difference",
        move || {
            view.begin_repair();
            view.repair(black_box(&read), Trust::Full, WALL)
        },
    )
}

/// A seat in the room, its lease confirmed.
fn joined() -> Seat {
    let policy = Policy::default();
    let place = (RoomId::trusted("lobby"), ConnId::mint(1));
    let owner = (UserId::trusted("ada"), ResumeKey::mint(2));
    let mut seat = Seat::new(SeatId(1), place, owner.clone(), NOW);
    seat.extend(NOW, &policy);
    let join = Command::Join {
        user: owner.0,
        key: owner.1,
        epoch: Epoch::first(WALL),
        state: state(8),
    };
    let found = Against::Found(None);
    let draft = seat.draft(join, found, (NOW, WALL), Version(0), &policy);
    let draft = draft.ok().flatten().expect("a join is a write");
    seat.applied(draft, Some(witness()));
    seat.enter();
    seat
}

/// A view of all the members, at version 1.
fn room() -> View {
    let mut view = View::opening();
    view.repair(&read(), Trust::Full, WALL);
    view
}

fn read() -> Read {
    Read {
        version: Version(1),
        records: (1..=MEMBERS)
            .map(|member| (ConnId::mint(member), found(8)))
            .collect(),
        witness: witness(),
    }
}

fn found(keys: usize) -> Found {
    let epoch = Epoch::first(WALL);
    Found {
        revision: Revision {
            epoch,
            seat: SeatId(1),
            attempt: 1,
        },
        version: Version(1),
        lapsed: false,
        record: Record {
            user: UserId::trusted("ada"),
            key: ResumeKey::mint(2),
            epoch,
            state: state(keys),
            written: WALL,
            phase: Phase::Open,
        },
    }
}

/// What one in the middle of the room does.
fn event(kind: Happened) -> Event {
    Event {
        conn: ConnId::mint(MEMBERS / 2),
        user: UserId::trusted("ada"),
        epoch: Epoch::first(WALL),
        writer: SeatId(2),
        attempt: 1,
        at: WALL,
        kind,
    }
}

fn published(version: u64, event: &Event) -> Published {
    Published {
        version: Version(version),
        prev: Version(version - 1),
        event: event.clone(),
    }
}

fn state(keys: usize) -> State {
    (0..keys)
        .map(|key| (format!("key{key}"), Arc::<str>::from(r#""value""#)))
        .collect()
}

fn patch(value: &str) -> State {
    [("key0", value)].into_iter().collect()
}

fn witness() -> Witness {
    Witness {
        identity: Identity("store".into()),
        time: WALL,
    }
}
