//! Another server answers in the store's place.

use rtm_domain::presence::event::Shown;
use rtm_domain::presence::policy::Policy;

use super::kit::*;
use super::shelf::{Call, Fault};

#[test]
fn every_seat_is_judged_and_what_was_lost_is_written_again_unseen() {
    let world = World::new();
    let (witness, one) = world.member("w");
    let (_client, two) = world.member("1");
    world.live(2_000);
    witness.ear.forget();
    world.shelf.fail_over();
    for conn in [&one.conn, &two.conn] {
        world.shelf.lose(&room(), conn);
    }
    world.live(1_000);
    for joined in [&one, &two] {
        let found = world.shelf.found(&room(), &joined.conn).unwrap();
        assert_eq!(found.record.epoch, joined.epoch);
    }
    world.live(10_000);
    assert_eq!(witness.ear.shown(), [], "nobody was shown to leave");
}

#[test]
fn every_room_is_read_at_once_and_again_when_it_has_settled() {
    let world = World::new();
    let (_client, _) = world.member("1");
    world.live(2_000);
    let reads = || world.shelf.calls(Call::Read);
    let subscriptions = || world.shelf.calls(Call::Subscribe);
    let before = (reads(), subscriptions());
    world.shelf.fail_over();
    world.pass(1_000);
    world.tick();
    // The room, and the seat.
    assert_eq!((reads(), subscriptions()), (before.0 + 2, before.1 + 1));
    let settle = u64::try_from(Policy::SETTLE.as_millis()).unwrap();
    world.pass(settle - 1);
    assert_eq!((reads(), subscriptions()), (before.0 + 2, before.1 + 1));
    world.pass(1);
    assert_eq!((reads(), subscriptions()), (before.0 + 3, before.1 + 2));
}

#[test]
fn members_of_other_nodes_are_removed_only_when_it_has_settled() {
    let world = World::new();
    let (witness, _) = world.member("w");
    let (client, other) = world.member("1");
    // Its seat goes without a trace, as that of another node: the socket is replaced, and the
    // newer one is not here.
    let newer = other.epoch.next();
    world.shelf.resume_elsewhere(&room(), &other.conn, newer);
    world.live(2_000);
    assert_eq!(client.ear.lost().len(), 1);
    witness.ear.forget();
    world.shelf.fail_over();
    world.shelf.lose(&room(), &other.conn);
    world.live(1_000);
    assert_eq!(witness.ear.shown(), []);
    world.live(3_000);
    let vanished = (other.conn, Shown::Leave(None));
    assert_eq!(witness.ear.shown(), [vanished]);
}

/// The look is not answered, and the lease has the same name: only the renewal shows that another
/// server answers.
#[test]
fn an_older_record_is_written_over_also_if_the_first_look_at_it_was_lost() {
    let world = World::new();
    let (client, joined) = world.member("1");
    let earlier = world.shelf.found(&room(), &joined.conn).unwrap();
    world.patch(&client, "2").unwrap();
    world.live(2_000);
    world.shelf.fail_over();
    world.shelf.set_back(&room(), &joined.conn, earlier);
    // The room's, which is repeated, and the seat's.
    for _ in 0..2 {
        world.shelf.fail(Call::Read, Fault::Lost);
    }
    world.live(1_000);
    for _ in 0..25 {
        world.beat(&client).unwrap();
        world.live(1_000);
    }
    assert_eq!(world.shelf.state(&room(), &joined.conn), state("2"));
}

#[test]
fn the_first_identity_is_no_change() {
    let world = World::new();
    let (_client, _) = world.member("1");
    let before = world.shelf.calls(Call::Read);
    world.live(5_000);
    assert_eq!(world.shelf.calls(Call::Read), before);
}
