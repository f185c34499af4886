//! How presences end: asked, by the clock, by a closed socket, from outside, or with the node.

use rtm_domain::error::Refusal;
use rtm_domain::ids::ConnId;
use rtm_domain::ports::Lost;
use rtm_domain::presence::event::Shown;
use rtm_domain::presence::record::{Phase, Reason};
use rtm_domain::service::Farewell;

use super::kit::*;
use super::shelf::{Call, Fault};

// Leaving

#[test]
fn a_leaver_is_told_nothing_and_others_once() {
    let world = World::new();
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    witness.ear.forget();
    world.leave(&client).unwrap();
    let left = (joined.conn, Shown::Leave(Some(Reason::Left)));
    assert_eq!(witness.ear.shown(), [left]);
    assert_eq!(client.ear.told(), []);
    assert!(world.leave(&client).is_ok(), "it is no error");
}

#[test]
fn a_leave_goes_on_by_itself_when_the_store_does_not_answer() {
    for fault in [Fault::Lost, Fault::Unanswered] {
        let world = World::new();
        let (client, joined) = world.member("1");
        world.shelf.fail(Call::Commit, fault);
        assert_eq!(world.leave(&client), Err(Refusal::Unavailable));
        world.pass(50);
        let left = Phase::Ended(Reason::Left);
        assert_eq!(world.shelf.phase(&room(), &joined.conn), Some(left));
        assert_eq!(client.ear.told(), []);
    }
}

#[test]
fn a_leave_is_tried_again_after_longer_and_longer_pauses_until_a_sweeper_has_it() {
    let world = World::new();
    let (client, _) = world.member("1");
    world.shelf.away(true);
    let tries = || world.shelf.calls(Call::Commit) - 1;
    assert_eq!(world.leave(&client), Err(Refusal::Unavailable));
    assert_eq!(tries(), 1);
    for (nth, pause) in [50, 100, 200, 400, 800, 1_000, 1_000]
        .into_iter()
        .enumerate()
    {
        world.pass(pause - 1);
        assert_eq!(tries(), nth + 1);
        world.pass(1);
        assert_eq!(tries(), nth + 2);
    }
    // TTL and GRACE are over 40 s after the leave.
    world.pass(40_000);
    let last = tries();
    world.pass(60_000);
    assert_eq!(tries(), last);
}

#[test]
fn who_left_while_the_store_was_away_may_join_again() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.shelf.fail(Call::Commit, Fault::Lost);
    assert!(world.leave(&client).is_err());
    let again = world.join(&client, ask("2")).answer().unwrap();
    assert_ne!(again.conn, joined.conn);
    world.pass(50);
    let left = Phase::Ended(Reason::Left);
    assert_eq!(world.shelf.phase(&room(), &joined.conn), Some(left));
    assert!(world.beat(&client).is_ok());
    let shown = client.ear.shown();
    assert!(shown.contains(&(joined.conn, Shown::Leave(Some(Reason::Left)))));
}

// Kicks

#[test]
fn a_kick_ends_a_presence_and_tells_its_owner() {
    let world = World::new();
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    witness.ear.forget();
    assert_eq!(world.kick(&joined.conn), Ok(true));
    assert_eq!(client.ear.lost(), [Lost::Kicked]);
    let kicked = (joined.conn.clone(), Shown::Leave(Some(Reason::Kicked)));
    assert_eq!(witness.ear.shown(), [kicked]);
    assert_eq!(world.kick(&joined.conn), Ok(false), "once");
    assert!(world.beat(&client).is_err());
}

#[test]
fn a_kick_of_nobody_is_false_and_a_silent_store_is_told() {
    let world = World::new();
    let nobody = ConnId::trusted("c-nobody");
    assert_eq!(world.kick(&nobody), Ok(false));
    world.shelf.away(true);
    assert_eq!(world.kick(&nobody), Err(Refusal::Unavailable));
}

#[test]
fn a_kick_is_done_although_its_victim_writes_in_between() {
    let world = World::new();
    let (client, joined) = world.member("1");
    let conn = joined.conn.clone();
    world.shelf.before(Call::Commit, move |shelf| {
        shelf.write(&room(), &conn, |_| None);
    });
    assert_eq!(world.kick(&joined.conn), Ok(true));
    assert_eq!(client.ear.lost(), [Lost::Kicked]);
}

/// "Kicked members came back": also not by a rejoin that nobody repeated.
#[test]
fn a_kicked_member_does_not_come_back_by_itself() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.shelf.fail(Call::Commit, Fault::Lost);
    let rejoin = world.join(&client, ask("1")).answer();
    assert_eq!(rejoin.unwrap_err(), Refusal::Unavailable);
    assert_eq!(world.kick(&joined.conn), Ok(true));
    for _ in 0..4 {
        let _ = world.beat(&client);
        world.live(10_000);
    }
    let kicked = Phase::Ended(Reason::Kicked);
    assert_eq!(world.shelf.phase(&room(), &joined.conn), Some(kicked));
}

// Closed sockets

#[test]
fn a_closed_socket_ends_its_presence_at_once_without_a_linger() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.close(&client, Farewell::None).answer();
    let gone = Phase::Ended(Reason::Disconnected);
    assert_eq!(world.shelf.phase(&room(), &joined.conn), Some(gone));
}

#[test]
fn a_broken_socket_lingers_and_then_is_gone() {
    let world = World::with(lingering());
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    witness.ear.forget();
    world.close(&client, Farewell::None).answer();
    let phase = || world.shelf.phase(&room(), &joined.conn);
    assert_eq!(phase(), Some(Phase::Closing));
    world.live(19_000);
    assert_eq!(
        (phase(), witness.ear.shown()),
        (Some(Phase::Closing), vec![])
    );
    world.live(1_000);
    assert_eq!(phase(), Some(Phase::Ended(Reason::Disconnected)));
    assert_eq!(witness.ear.shown().len(), 1);
}

#[test]
fn a_said_farewell_does_not_linger() {
    let world = World::with(lingering());
    let (client, joined) = world.member("1");
    world.close(&client, Farewell::Said).answer();
    let gone = Phase::Ended(Reason::Disconnected);
    assert_eq!(world.shelf.phase(&room(), &joined.conn), Some(gone));
}

#[test]
fn a_lingering_presence_is_resumed_without_a_leave() {
    let world = World::with(lingering());
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    witness.ear.forget();
    world.close(&client, Farewell::None).answer();
    world.live(10_000);
    let new = world.connect();
    let resumed = world
        .join(&new, ask_resume(&joined, None))
        .answer()
        .unwrap();
    for _ in 0..6 {
        world.live(10_000);
        world.beat(&new).unwrap();
        world.beat(&witness).unwrap();
    }
    let rejoined = (joined.conn, Shown::Join(state("1")));
    assert_eq!(witness.ear.shown(), [rejoined]);
    assert_eq!(resumed.epoch, joined.epoch.next());
}

/// P5: what others were shown is what the store has.
#[test]
fn a_presence_lingers_with_the_state_that_an_unanswered_patch_showed() {
    let world = World::with(lingering());
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    witness.ear.forget();
    world.shelf.fail(Call::Commit, Fault::Unanswered);
    assert!(world.patch(&client, "2").is_err());
    world.close(&client, Farewell::None).answer();
    let (_, last) = witness.ear.shown().pop().unwrap();
    let stored = world.shelf.state(&room(), &joined.conn);
    assert_eq!(last, Shown::Update(stored));
}

// The node

#[test]
fn a_draining_node_ends_its_presences_and_refuses_joins() {
    let world = World::new();
    let (client, joined) = world.member("1");
    let service = world.service.clone();
    world.done(async move { service.drain().await });
    let gone = Phase::Ended(Reason::Disconnected);
    assert_eq!(world.shelf.phase(&room(), &joined.conn), Some(gone));
    for client in [client, world.connect()] {
        let refused = world.join(&client, ask("1")).answer();
        assert_eq!(refused.unwrap_err(), Refusal::Draining);
    }
}

#[test]
fn a_draining_node_lets_presences_linger_for_others_to_resume() {
    let world = World::with(lingering());
    let (_client, joined) = world.member("1");
    let service = world.service.clone();
    world.done(async move { service.drain().await });
    let closing = Some(Phase::Closing);
    assert_eq!(world.shelf.phase(&room(), &joined.conn), closing);
    assert_eq!(world.service.load().0, 0);
}

// Ended while the node stood still

/// Nothing was renewed yet: the commit itself says which store has the record.
#[test]
fn who_was_ended_and_forgotten_during_a_pause_does_not_come_back() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.pass(61_000);
    world.shelf.lose(&room(), &joined.conn);
    world.live(1_000);
    assert_eq!(client.ear.lost(), [Lost::Expired]);
    assert_eq!(world.shelf.found(&room(), &joined.conn), None);
}

#[test]
fn nor_does_a_patch_bring_it_back() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.pass(61_000);
    world.shelf.lose(&room(), &joined.conn);
    assert!(world.patch(&client, "2").is_err());
    assert_eq!(client.ear.lost(), [Lost::Expired]);
    assert_eq!(world.shelf.found(&room(), &joined.conn), None);
}

#[test]
fn nor_does_a_closed_socket_let_it_linger() {
    let world = World::with(lingering());
    let (client, joined) = world.member("1");
    world.pass(61_000);
    world.shelf.lose(&room(), &joined.conn);
    world.close(&client, Farewell::None).answer();
    assert_eq!(world.shelf.found(&room(), &joined.conn), None);
}
