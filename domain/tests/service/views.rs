//! What a node's members are shown when the feed loses events, and when that is noticed.

use rtm_domain::ids::ConnId;
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::{Happened, Published, Shown};

use super::kit::*;
use super::shelf::{Call, Shelf};

#[test]
fn an_own_commit_that_is_not_seen_within_a_second_has_the_room_read() {
    let world = World::new();
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    witness.ear.forget();
    world.shelf.deaf(true);
    let reads = world.shelf.calls(Call::Read);
    assert!(world.patch(&client, "2").is_ok());
    world.pass(999);
    assert_eq!(world.shelf.calls(Call::Read), reads);
    world.pass(1);
    assert_eq!(world.shelf.calls(Call::Read), reads + 1);
    let updated = (joined.conn, Shown::Update(state("2")));
    assert_eq!(witness.ear.shown(), [updated]);
}

#[test]
fn an_own_commit_that_is_seen_has_nothing_read() {
    let world = World::new();
    let (client, _) = world.member("1");
    let reads = world.shelf.calls(Call::Read);
    assert!(world.patch(&client, "2").is_ok());
    world.pass(5_000);
    assert_eq!(world.shelf.calls(Call::Read), reads);
}

#[test]
fn a_join_that_the_feed_lost_is_answered_when_the_room_was_read() {
    let world = World::new();
    let (_witness, _) = world.member("w");
    let client = world.connect();
    world.shelf.deaf(true);
    let mut join = world.join(&client, ask("1"));
    world.pass(999);
    assert!(join.poll().is_none());
    world.pass(1);
    let joined = join.poll().expect("answered").unwrap();
    assert_eq!(joined.snapshot.entries.len(), 2);
}

#[test]
fn a_join_that_cannot_be_shown_is_unavailable_after_a_second_look() {
    let world = World::new();
    let (_witness, _) = world.member("w");
    let client = world.connect();
    world.shelf.deaf(true);
    let mut join = world.join(&client, ask("1"));
    world.shelf.away(true);
    world.pass(1_000);
    assert!(join.poll().is_none());
    world.pass(1_000);
    assert!(join.poll().expect("answered").is_err());
}

#[test]
fn a_quiet_room_that_differs_for_two_ticks_is_read() {
    let world = World::new();
    let (witness, joined) = world.member("1");
    world.live(2_000);
    world.shelf.deaf(true);
    let reads = world.shelf.calls(Call::Read);
    world.shelf.write(&room(), &joined.conn, |record| {
        record.state = state("2");
        Some(Happened::Updated(record.state.clone()))
    });
    world.live(1_000);
    assert_eq!(world.shelf.calls(Call::Read), reads);
    world.live(1_000);
    assert_eq!(world.shelf.calls(Call::Read), reads + 1);
    let updated = (joined.conn, Shown::Update(state("2")));
    assert_eq!(witness.ear.shown(), [updated]);
    world.live(5_000);
    assert_eq!(world.shelf.calls(Call::Read), reads + 1, "once");
}

#[test]
fn an_interrupted_feed_has_the_room_read() {
    let world = World::new();
    let (_client, _) = world.member("1");
    let reads = world.shelf.calls(Call::Read);
    world.shelf.sink().interrupted(None);
    world.run();
    assert_eq!(world.shelf.calls(Call::Read), reads + 1);
    world.shelf.sink().interrupted(Some(&room()));
    world.run();
    assert_eq!(world.shelf.calls(Call::Read), reads + 2);
}

#[test]
fn a_repair_goes_on_until_the_store_answers() {
    let world = World::new();
    let (client, _) = world.member("1");
    world.shelf.away(true);
    world.shelf.sink().interrupted(None);
    world.pass(3_000);
    let sync = || {
        let (sender, mut receiver) = futures_channel::oneshot::channel();
        let reply = Box::new(move |answer| drop(sender.send(answer)));
        client.session.sync(&room(), reply);
        receiver.try_recv().unwrap().unwrap()
    };
    assert!(sync().is_err(), "it may be wrong meanwhile");
    world.shelf.away(false);
    world.pass(1_000);
    assert_eq!(sync().unwrap().entries.len(), 1);
}

/// Events that wait while a room is opened, with one missing before them, as when the feed loses
/// one: the room is read again, and nobody waits for it.
#[test]
fn a_gap_behind_the_first_reading_has_the_room_read_again() {
    let world = World::new();
    let client = world.connect();
    world.shelf.before(Call::Read, |shelf| {
        shelf.sink().published(&room(), stray(4, 5));
    });
    world.shelf.before(Call::Read, |shelf| {
        shelf.raise(&room(), Version(5));
    });
    let mut join = world.join(&client, ask("1"));
    assert!(join.poll().expect("answered without a wait").is_ok());
}

/// P9: a failover may lose an event that this node has heard of.
#[test]
fn a_waiting_event_that_the_store_has_forgotten_is_not_waited_for_without_a_pause() {
    let world = World::new();
    let (_client, _) = world.member("1");
    let before = world.shelf.calls(Call::Read);
    for _ in 0..50 {
        world.shelf.before(Call::Read, |_| {});
    }
    world
        .shelf
        .before(Call::Read, |shelf: &Shelf| shelf.away(true));
    let version = world.shelf.version(&room()).0;
    let lost = stray(version + 10, version + 20);
    world.shelf.sink().published(&room(), lost);
    world.run();
    let reads = world.shelf.calls(Call::Read) - before;
    assert!(reads <= 5, "{reads} readings at one moment");
}

/// An event of somebody else at `(prev, version)`.
fn stray(prev: u64, version: u64) -> Published {
    use rtm_domain::ids::{SeatId, UserId};
    use rtm_domain::presence::epoch::Epoch;
    use rtm_domain::presence::event::Event;
    use rtm_domain::presence::record::Reason;
    use rtm_domain::time::Timestamp;
    Published {
        version: Version(version),
        prev: Version(prev),
        event: Event {
            conn: ConnId::trusted("c-stray"),
            user: UserId::trusted("bob"),
            epoch: Epoch::new(1).unwrap(),
            writer: SeatId(77),
            attempt: 1,
            at: Timestamp(0),
            kind: Happened::Left(Reason::Left),
        },
    }
}
