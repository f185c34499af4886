//! A store that does not answer: what clients are told meanwhile, and what goes on by itself.

use rtm_domain::error::{Refusal, Rejection};
use rtm_domain::ports::Lost;
use rtm_domain::presence::record::{Phase, Reason};
use rtm_domain::service::Farewell;

use super::kit::*;
use super::shelf::{Call, Fault};

// Joins

#[test]
fn a_join_is_unavailable_while_the_room_cannot_be_subscribed_to_or_read() {
    for call in [Call::Subscribe, Call::Read] {
        let world = World::new();
        let client = world.connect();
        world.shelf.fail(call, Fault::Lost);
        let refused = world.join(&client, ask("1")).answer();
        assert_eq!(refused.unwrap_err(), Refusal::Unavailable);
        assert_eq!(world.shelf.calls(Call::Commit), 0, "nothing was written");
        assert!(world.join(&client, ask("1")).answer().is_ok());
    }
}

#[test]
fn a_retried_join_keeps_its_connection_whether_or_not_the_first_was_done() {
    for fault in [Fault::Lost, Fault::Unanswered] {
        let world = World::new();
        let client = world.connect();
        world.shelf.fail(Call::Commit, fault);
        let refused = world.join(&client, ask("1")).answer();
        assert_eq!(refused.unwrap_err(), Refusal::Unavailable);
        let first = world.shelf.commits()[0].conn.clone();
        let joined = world.join(&client, ask("1")).answer().unwrap();
        assert_eq!(joined.conn, first);
        assert_eq!(joined.snapshot.entries.len(), 1);
        assert_eq!(world.shelf.state(&room(), &first), state("1"));
    }
}

/// "The state is kept unless `state` is given."
#[test]
fn a_retried_resume_keeps_the_state_whether_or_not_the_first_was_done() {
    for fault in [Fault::Lost, Fault::Unanswered] {
        let world = World::with(lingering());
        let (before, joined) = world.member("1");
        world.close(&before, Farewell::None).answer();
        let client = world.connect();
        world.shelf.fail(Call::Commit, fault);
        let resume = || ask_resume(&joined, None);
        let refused = world.join(&client, resume()).answer();
        assert_eq!(refused.unwrap_err(), Refusal::Unavailable);
        let resumed = world.join(&client, resume()).answer().unwrap();
        assert_eq!(resumed.conn, joined.conn);
        assert!(resumed.epoch > joined.epoch);
        let kept = world.shelf.state(&room(), &joined.conn);
        assert_eq!(kept, state("1"), "{fault:?}");
    }
}

/// Nobody ever asked for the state that would be shown in between.
#[test]
fn a_retried_join_shows_others_no_state_but_the_one_asked_for() {
    let world = World::new();
    let (witness, _) = world.member("w");
    let client = world.connect();
    world.shelf.fail(Call::Commit, Fault::Unanswered);
    assert!(world.join(&client, ask("1")).answer().is_err());
    world.join(&client, ask("1")).answer().unwrap();
    for (_, shown) in witness.ear.shown() {
        use rtm_domain::presence::event::Shown;
        if let Shown::Join(shown) | Shown::Update(shown) = shown {
            assert_eq!(shown, state("1"));
        }
    }
}

#[test]
fn a_join_that_was_not_answered_ends_with_its_socket() {
    let world = World::new();
    let client = world.connect();
    world.shelf.fail(Call::Commit, Fault::Unanswered);
    assert!(world.join(&client, ask("1")).answer().is_err());
    let conn = world.shelf.commits()[0].conn.clone();
    world.close(&client, Farewell::None).answer();
    let ended = Phase::Ended(Reason::Disconnected);
    assert_eq!(world.shelf.phase(&room(), &conn), Some(ended));
}

// Heartbeats

#[test]
fn a_heartbeat_costs_no_call() {
    let world = World::new();
    let (client, joined) = world.member("1");
    let before = world.shelf.calls(Call::Commit) + world.shelf.calls(Call::Read);
    let beat = world.beat(&client).unwrap();
    assert!(!beat.changed);
    assert_eq!((beat.epoch, beat.version), (joined.epoch, None));
    let after = world.shelf.calls(Call::Commit) + world.shelf.calls(Call::Read);
    assert_eq!(before, after);
}

#[test]
fn heartbeats_count_while_the_store_is_away_and_say_that_it_is() {
    let world = World::new();
    let (client, _) = world.member("1");
    world.shelf.away(true);
    // The join's lease runs for 40 s; heartbeats are answered honestly and keep the client.
    for second in 1..=60 {
        world.live(1_000);
        let beat = world.beat(&client);
        let expected = match second {
            0..40 => Ok(()),
            _ => Err(Refusal::Unavailable),
        };
        assert_eq!(beat.map(|_| ()), expected, "after {second} s");
    }
    assert_eq!(client.ear.lost(), []);
    world.shelf.away(false);
    world.live(1_000);
    assert!(world.beat(&client).is_ok());
    assert_eq!(client.ear.lost(), []);
}

#[test]
fn a_client_that_is_silent_for_the_ttl_is_told_and_must_join_again() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.live(29_000);
    assert_eq!(client.ear.lost(), []);
    world.live(1_000);
    assert_eq!(client.ear.lost(), [Lost::Expired]);
    let ended = Phase::Ended(Reason::Expired);
    assert_eq!(world.shelf.phase(&room(), &joined.conn), Some(ended));
    let refused = world.beat(&client).unwrap_err();
    assert_eq!(refused, Rejection::NotPresent.into());
    let again = world.join(&client, ask("1")).answer().unwrap();
    assert_ne!(again.conn, joined.conn);
}

#[test]
fn a_heartbeat_for_all_rooms_is_not_spoilt_by_a_join_that_was_not_answered() {
    let world = World::new();
    let (client, _) = world.member("1");
    world.shelf.fail(Call::Commit, Fault::Lost);
    let mut other = ask("1");
    other.room = rtm_domain::ids::RoomId::trusted("another");
    assert!(world.join(&client, other).answer().is_err());
    assert!(world.beat(&client).is_ok(), "it is in one room");
}

// Patches

#[test]
fn a_patch_is_unavailable_and_counts_as_a_heartbeat() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.live(20_000);
    world.shelf.fail(Call::Commit, Fault::Lost);
    assert_eq!(world.patch(&client, "2"), Err(Refusal::Unavailable));
    world.live(25_000);
    assert_eq!(client.ear.lost(), []);
    assert_eq!(world.shelf.state(&room(), &joined.conn), state("1"));
}

#[test]
fn a_repeated_patch_is_done_whether_or_not_the_first_was() {
    for fault in [Fault::Lost, Fault::Unanswered] {
        let world = World::new();
        let (witness, _) = world.member("w");
        let (client, joined) = world.member("1");
        witness.ear.forget();
        world.shelf.fail(Call::Commit, fault);
        assert_eq!(world.patch(&client, "2"), Err(Refusal::Unavailable));
        assert!(world.patch(&client, "2").is_ok());
        assert_eq!(world.shelf.state(&room(), &joined.conn), state("2"));
        assert_eq!(witness.ear.shown().len(), 1, "P3: it is shown once");
    }
}

#[test]
fn a_patch_that_goes_back_after_an_unanswered_one_is_done() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.shelf.fail(Call::Commit, Fault::Unanswered);
    assert!(world.patch(&client, "2").is_err());
    let beat = world.patch(&client, "1").unwrap();
    assert!(beat.changed, "the store had the other value");
    assert_eq!(world.shelf.state(&room(), &joined.conn), state("1"));
}
