//! Messages that cross on their way, each time in the same way.

use std::sync::{Arc, OnceLock};

use rtm_domain::ids::{RoomId, UserId};
use rtm_domain::presence::event::Shown;
use rtm_domain::service::{HeartbeatAsk, ResumeAsk};
use rtm_tests::backend::InMemory;
use rtm_tests::peer::Heard;
use rtm_tests::world::{Ask, World};

use super::bench::policy;
use super::{counted, now};

#[test]
fn a_resume_is_not_fenced_by_the_presence_that_it_resumes() {
    let mut world = World::new(&InMemory, policy(), 1, None);
    let (old, new) = (world.connect(0), world.connect(0));
    let (room, user) = (RoomId::trusted("lobby"), UserId::trusted("ada"));
    world.send(old, Ask::Join(room.clone(), user.clone(), None, None));
    world.settle();
    let joined = world
        .socket(old)
        .peer
        .take()
        .into_iter()
        .find_map(|heard| match heard {
            Heard::Joined(_, joined) => joined.ok(),
            _ => None,
        });
    let joined = joined.expect("it joined");
    // The new socket has its seat, and has not asked the store yet: the old one writes.
    let session = world.socket(old).session.clone();
    let received = session.touch(Some(&room), None);
    let patch = HeartbeatAsk {
        room: Some(room.clone()),
        epoch: None,
        patch: Some(counted(1)),
        received,
    };
    world.clock.when_wall_is_read(move || {
        now(session.heartbeat(patch)).expect("it is there");
    });
    let resume = ResumeAsk {
        conn: joined.conn,
        key: joined.key,
        epoch: Some(joined.epoch.next()),
    };
    world.send(new, Ask::Join(room, user, None, Some(resume)));
    world.settle();
    let heard = world.socket(new).peer.take();
    assert!(
        heard
            .iter()
            .any(|heard| matches!(heard, Heard::Joined(_, Ok(_)))),
        "{heard:#?}"
    );
    world.check();
}

#[test]
fn who_writes_without_pause_can_be_removed() {
    let mut world = World::new(&InMemory, policy(), 2, None);
    let victim = world.connect(0);
    let (room, user) = (RoomId::trusted("lobby"), UserId::trusted("ada"));
    world.send(victim, Ask::Join(room.clone(), user, None, None));
    world.settle();
    let conn = world
        .socket(victim)
        .session
        .presence(&room)
        .map(|(conn, ..)| conn);
    let conn = conn.expect("it joined");
    // The other node is ten milliseconds away from the store; the limit is 200 events a second.
    world.node(1).store.slow(20);
    let service = world.node(1).service.clone();
    let kicked = Arc::new(OnceLock::new());
    let (outcome, of) = (kicked.clone(), room.clone());
    world.spawn(
        1,
        Box::pin(async move {
            // Set once.
            let _ = outcome.set(service.kick(&of, &conn).await);
        }),
    );
    for nth in 0..400 {
        world.send(
            victim,
            Ask::Heartbeat(Some(room.clone()), None, Some(counted(nth))),
        );
        world.advance(5);
    }
    assert_eq!(kicked.get(), Some(&Ok(true)));
}

#[test]
fn a_room_is_joined_while_its_last_member_has_just_gone() {
    let (room, ada, bob) = (
        RoomId::trusted("lobby"),
        UserId::trusted("ada"),
        UserId::trusted("bob"),
    );
    for wait in (4_900..7_000).step_by(10) {
        let mut world = World::new(&InMemory, policy(), 1, None);
        world.node(0).store.slow(200);
        let (first, second) = (world.connect(0), world.connect(0));
        world.send(first, Ask::Join(room.clone(), ada.clone(), None, None));
        world.send(first, Ask::Leave(Some(room.clone())));
        world.advance(wait);
        world.send(second, Ask::Join(room.clone(), bob.clone(), None, None));
        world.advance(1_500);
        let patch = Ask::Heartbeat(Some(room.clone()), None, Some(counted(1)));
        world.send(second, patch);
        world.advance(1_500);
        world.check();
        let roster = world.socket(second).peer.roster(&room);
        let members = roster.as_ref().and_then(|roster| roster.members());
        let members = members.unwrap_or_else(|| panic!("after {wait} ms it is not in the room"));
        let shown: Vec<_> = members.values().map(|shows| shows.state.clone()).collect();
        assert_eq!(shown, [counted(1)], "after {wait} ms");
    }
}

#[test]
fn a_client_that_joins_while_its_node_is_drained_is_not_left_behind() {
    let (room, user) = (RoomId::trusted("lobby"), UserId::trusted("ada"));
    for wait in (0..200).step_by(2) {
        let mut world = World::new(&InMemory, policy(), 1, None);
        world.node(0).store.slow(20);
        let socket = world.connect(0);
        world.send(socket, Ask::Join(room.clone(), user.clone(), None, None));
        world.advance(wait);
        let service = world.node(0).service.clone();
        world.spawn(0, Box::pin(async move { service.drain().await }));
        world.advance(1_000);
        let service = world.node(0).service.clone();
        let read = service.snapshot(&room);
        world.node(0).store.slow(0);
        assert_eq!(
            now(read).expect("it answers").entries,
            [],
            "drained after {wait} ms"
        );
        world.check();
    }
}

/// Two join a room that their node has not read yet, and one is kicked while the node stands
/// still. The node knows which life of the store has confirmed whom, so also this one is over.
#[test]
fn a_kick_that_was_slept_through_holds_against_who_joined_while_the_room_was_opened() {
    let mut world = World::new(&InMemory, policy(), 2, None);
    let (first, second) = (world.connect(0), world.connect(0));
    let room = RoomId::trusted("lobby");
    world.node(0).store.slow(60);
    for (socket, user) in [(first, "ada"), (second, "bob")] {
        let user = UserId::trusted(user);
        world.send(socket, Ask::Join(room.clone(), user, None, None));
    }
    world.advance(480);
    world.node(0).store.slow(0);
    for socket in [first, second] {
        let own = world.socket(socket).peer.roster(&room);
        let conn = own.expect("it joined").own().clone();
        assert!(world.stage.lose_events(0, 1), "events can be lost here");
        let (kicker, from) = (world.node(1).service.clone(), room.clone());
        let kicked = world.run(1, async move { kicker.kick(&from, &conn).await });
        assert_eq!(kicked, Some(Ok(true)));
    }
    world.pause(0);
    world.advance(7000);
    world.unpause(0, false);
    world.advance(1000);
    let (service, from) = (world.node(1).service.clone(), room);
    let shown = world.run(1, async move { service.snapshot(&from).await });
    let shown = shown.expect("it answers").expect("it may");
    assert!(shown.entries.is_empty(), "{shown:?}");
    world.check();
}

/// What a node asked the store is never answered. Its next ticks renew all the same, before other
/// nodes sweep who heartbeats there.
#[test]
fn an_answer_that_never_comes_keeps_no_tick_from_renewing() {
    let mut world = World::new(&InMemory, policy(), 2, None);
    let (member, observer) = (world.connect(0), world.connect(1));
    let room = RoomId::trusted("lobby");
    for (socket, user) in [(member, "ada"), (observer, "bob")] {
        let user = UserId::trusted(user);
        world.send(socket, Ask::Join(room.clone(), user, None, None));
        world.settle();
    }
    world.advance(400);
    world.node(0).store.slow(100_000_000);
    world.advance(200);
    world.node(0).store.slow(0);
    for _ in 0..4 {
        world.advance(2_300);
        for socket in [member, observer] {
            world.send(socket, Ask::Heartbeat(Some(room.clone()), None, None));
        }
    }
    let heard = world.socket(observer).peer.take();
    let left = |heard: &&Heard| matches!(heard, Heard::Event(_, delivery) if matches!(delivery.kind, Shown::Leave(_)));
    let left = heard.iter().find(left);
    assert!(left.is_none(), "{left:?}");
    world.check();
}
