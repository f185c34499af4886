//! Rooms on a node: when they are subscribed to, how many there may be, and how full.

use rtm_domain::error::{Excess, Limit, Refusal, Rejection};
use rtm_domain::ids::UserId;
use rtm_domain::presence::policy::Policy;
use rtm_domain::service::JoinAsk;

use super::kit::*;
use super::shelf::{Call, Fault};

#[test]
fn an_empty_room_is_unsubscribed_when_it_was_idle_for_a_while() {
    let world = World::new();
    let (client, _) = world.member("1");
    world.leave(&client).unwrap();
    let idle = u64::try_from(Policy::ROOM_IDLE.as_millis()).unwrap();
    // The first tick sees that it is empty; the room is idle from then on.
    world.live(idle);
    assert!(world.shelf.is_subscribed(&room()));
    world.live(1_000);
    assert!(!world.shelf.is_subscribed(&room()));
    assert_eq!(world.service.load(), (1, 0));
    world.live(10_000);
    assert_eq!(world.shelf.calls(Call::Unsubscribe), 1);
}

#[test]
fn a_new_member_keeps_the_subscription_and_reads_nothing() {
    let world = World::new();
    let (client, _) = world.member("1");
    world.leave(&client).unwrap();
    world.live(4_000);
    let reads = world.shelf.calls(Call::Read);
    let again = world.join(&client, ask("2")).answer();
    assert!(again.is_ok());
    assert_eq!(world.shelf.calls(Call::Read), reads);
    for _ in 0..2 {
        world.live(10_000);
        world.beat(&client).unwrap();
    }
    assert!(world.shelf.is_subscribed(&room()));
}

#[test]
fn a_room_that_was_closed_is_opened_again() {
    let world = World::new();
    let (client, _) = world.member("1");
    world.leave(&client).unwrap();
    world.live(7_000);
    assert!(!world.shelf.is_subscribed(&room()));
    let joined = world.join(&client, ask("2")).answer().unwrap();
    assert_eq!(joined.snapshot.entries.len(), 1);
    assert!(world.shelf.is_subscribed(&room()));
}

#[test]
fn a_room_that_could_not_be_opened_is_forgotten() {
    let world = World::new();
    let client = world.connect();
    world.shelf.fail(Call::Read, Fault::Lost);
    assert!(world.join(&client, ask("1")).answer().is_err());
    world.live(7_000);
    assert_eq!(world.service.load(), (1, 0));
    assert!(!world.shelf.is_subscribed(&room()));
}

/// P9.
#[test]
fn a_connection_may_be_in_so_many_rooms() {
    let world = World::with(Policy {
        rooms_per_connection_max: 2,
        ..policy()
    });
    let client = world.connect();
    for name in ["one", "two"] {
        assert!(world.join(&client, elsewhere(name)).answer().is_ok());
    }
    let refused = world.join(&client, elsewhere("three")).answer();
    assert_eq!(
        refused.unwrap_err(),
        too_large(Limit::RoomsPerConnection, 2)
    );
    assert!(world.join(&client, elsewhere("two")).answer().is_ok());
}

/// P9.
#[test]
fn a_room_may_have_so_many_connections() {
    let world = World::with(Policy {
        connections_per_room_max: 1,
        ..policy()
    });
    let (_client, joined) = world.member("1");
    let second = world.connect();
    let refused = world.join(&second, ask("2")).answer();
    assert_eq!(
        refused.unwrap_err(),
        too_large(Limit::ConnectionsPerRoom, 1)
    );
    let resumed = world.join(&second, ask_resume(&joined, None)).answer();
    assert_eq!(resumed.unwrap().conn, joined.conn, "it was in already");
}

/// P9.
#[test]
fn those_that_join_at_once_are_counted_too() {
    let world = World::with(Policy {
        connections_per_room_max: 2,
        ..policy()
    });
    let (first, _) = world.member("1");
    let (second, third) = (world.connect(), world.connect());
    // The second is in the store, and the node has not heard of it yet.
    world.shelf.deaf(true);
    let joining = world.join(&second, ask("2"));
    let refused = world.join(&third, ask("3")).answer();
    assert_eq!(
        refused.unwrap_err(),
        too_large(Limit::ConnectionsPerRoom, 2)
    );
    world.shelf.deaf(false);
    world.pass(2_000);
    assert!(joining.answer().is_ok());
    // Who leaves makes room, and a refusal took none.
    world.leave(&first).unwrap();
    assert!(world.join(&third, ask("3")).answer().is_ok());
}

#[test]
fn a_user_is_one_user_in_a_room() {
    let world = World::new();
    let (client, _) = world.member("1");
    let other = JoinAsk {
        user: UserId::trusted("bob"),
        ..ask("1")
    };
    let refused = world.join(&client, other).answer().unwrap_err();
    assert_eq!(refused, Rejection::ForeignUser.into());
    assert!(world.beat(&client).is_ok());
}

#[test]
fn too_large_a_state_leaves_nothing_behind() {
    let world = World::with(Policy {
        state_bytes_max: 16,
        ..policy()
    });
    let client = world.connect();
    let text = "1".repeat(17);
    let refused = world.join(&client, ask(&text)).answer().unwrap_err();
    assert_eq!(refused, too_large(Limit::StateBytes, 16));
    assert!(client.session.rooms().is_empty());
    assert_eq!(world.shelf.calls(Call::Commit), 0);
    assert!(world.join(&client, ask("1")).answer().is_ok());
}

fn too_large(limit: Limit, max: u64) -> Refusal {
    Rejection::TooLarge(Excess { limit, max }).into()
}
