//! The store shows something else than a seat expects: each verdict, and what follows from it.

use rtm_domain::error::{Refusal, Rejection};
use rtm_domain::ports::Lost;
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::event::{Happened, Shown};
use rtm_domain::presence::policy::Policy;
use rtm_domain::presence::record::{Phase, Reason, Record};
use rtm_domain::service::{HeartbeatAsk, JoinAsk};

use super::kit::*;
use super::shelf::{Call, Fault, Shelf};

// Fenced

#[test]
fn a_patch_that_meets_a_newer_socket_loses_its_presence() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.shelf.deaf(true);
    let newer = joined.epoch.next();
    world.shelf.resume_elsewhere(&room(), &joined.conn, newer);
    let refused = world.patch(&client, "2").unwrap_err();
    assert_eq!(refused, Rejection::NotPresent.into());
    assert_eq!(client.ear.lost(), [Lost::Replaced]);
    assert_eq!(world.shelf.state(&room(), &joined.conn), state("1"));
}

#[test]
fn the_event_of_a_newer_socket_silences_the_older_one_at_once() {
    let world = World::new();
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    witness.ear.forget();
    let newer = joined.epoch.next();
    world.shelf.resume_elsewhere(&room(), &joined.conn, newer);
    world.run();
    assert_eq!(client.ear.lost(), [Lost::Replaced]);
    assert_eq!(client.ear.shown(), []);
    let rejoined = (joined.conn.clone(), Shown::Join(state("1")));
    assert_eq!(witness.ear.shown(), [rejoined]);
    assert_eq!(world.beat(&client), Err(Rejection::NotPresent.into()));
}

#[test]
fn a_resume_on_the_same_node_replaces_the_older_socket() {
    let world = World::new();
    let (old, joined) = world.member("1");
    let new = world.connect();
    let asked = joined.epoch.next();
    let resumed = world.join(&new, ask_resume(&joined, Some(asked))).answer();
    let resumed = resumed.unwrap();
    assert_eq!((resumed.conn, resumed.epoch), (joined.conn.clone(), asked));
    assert_eq!(old.ear.lost(), [Lost::Replaced]);
    assert!(world.leave(&old).is_ok(), "nothing to leave any more");
    assert_eq!(world.shelf.phase(&room(), &joined.conn), Some(Phase::Open));
}

#[test]
fn a_late_resume_is_stale_and_the_wrong_key_joins_afresh() {
    let world = World::new();
    let (_, joined) = world.member("1");
    let late = world.connect();
    let refused = world.join(&late, ask_resume(&joined, Some(joined.epoch)));
    let current = joined.epoch;
    let stale = Refusal::from(Rejection::StaleEpoch { current });
    assert_eq!(refused.answer().unwrap_err(), stale);
    let mut guessed = ask_resume(&joined, None);
    if let Some(resume) = &mut guessed.resume {
        resume.key = rtm_domain::ids::ResumeKey::trusted("guessed");
    }
    let fresh = world.join(&late, guessed).answer().unwrap();
    assert_ne!(fresh.conn, joined.conn);
}

/// The row of `Fenced` has "or this epoch, another seat id, live", and events of others are
/// judged: nothing else would ever tell, as both seats renew the same lease.
#[test]
fn an_event_of_the_same_epoch_by_another_seat_fences() {
    let world = World::new();
    let (client, joined) = world.member("1");
    let same = joined.epoch;
    world.shelf.resume_elsewhere(&room(), &joined.conn, same);
    world.run();
    for _ in 0..6 {
        let _ = world.beat(&client);
        world.live(10_000);
    }
    assert_eq!(client.ear.lost(), [Lost::Replaced]);
}

#[test]
fn a_rejoin_never_outbids_a_newer_socket() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.shelf.deaf(true);
    let newer = Epoch::new(joined.epoch.number() + 7).unwrap();
    world.shelf.resume_elsewhere(&room(), &joined.conn, newer);
    let refused = world.join(&client, ask("2")).answer().unwrap_err();
    assert_eq!(refused, Rejection::NotPresent.into());
    assert_eq!(client.ear.lost(), [Lost::Replaced]);
    let found = world.shelf.found(&room(), &joined.conn).unwrap();
    assert_eq!(found.record.epoch, newer);
}

// Adopt and Reassert

#[test]
fn a_write_whose_answer_was_lost_is_adopted() {
    let world = World::new();
    let (client, joined) = world.member("1");
    world.shelf.fail(Call::Commit, Fault::Unanswered);
    assert!(world.patch(&client, "2").is_err());
    let before = world.shelf.found(&room(), &joined.conn).unwrap();
    assert!(!world.patch(&client, "2").unwrap().changed);
    let after = world.shelf.found(&room(), &joined.conn).unwrap();
    assert_eq!(before, after, "nothing is written again");
}

#[test]
fn an_older_record_is_written_over_and_the_patch_is_done() {
    let world = World::new();
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    witness.ear.forget();
    world.shelf.write(&room(), &joined.conn, go_back);
    let beat = world.patch(&client, "2").unwrap();
    assert!(beat.changed);
    let found = world.shelf.found(&room(), &joined.conn).unwrap();
    assert_eq!(found.record.epoch, joined.epoch);
    assert_eq!(found.record.state, state("2"));
    let updated = (joined.conn, Shown::Update(state("2")));
    assert_eq!(witness.ear.shown(), [updated], "P3");
}

#[test]
fn a_lost_record_is_written_again_when_its_renewal_is_reported() {
    let world = World::new();
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    witness.ear.forget();
    world.live(5_000);
    world.shelf.lose(&room(), &joined.conn);
    world.live(8_000);
    assert!(world.shelf.found(&room(), &joined.conn).is_none());
    for _ in 0..2 {
        world.beat(&client).unwrap();
        world.beat(&witness).unwrap();
        world.live(10_000);
    }
    let found = world.shelf.found(&room(), &joined.conn).unwrap();
    assert_eq!(found.record.epoch, joined.epoch);
    assert_eq!((witness.ear.shown(), client.ear.lost()), (vec![], vec![]));
}

#[test]
fn who_was_taken_for_dead_comes_back_with_the_same_epoch() {
    let world = World::new();
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    witness.ear.forget();
    let conn = joined.conn;
    world.shelf.end_elsewhere(&room(), &conn, Reason::Expired);
    world.run();
    let leave = (conn.clone(), Shown::Leave(Some(Reason::Expired)));
    let join = (conn.clone(), Shown::Join(state("1")));
    assert_eq!(witness.ear.shown(), [leave, join]);
    assert_eq!(client.ear.lost(), []);
    assert_eq!(world.beat(&client).unwrap().epoch, joined.epoch);
}

#[test]
fn what_was_ended_elsewhere_is_lost() {
    let reasons = [
        (Reason::Kicked, Lost::Kicked),
        (Reason::Left, Lost::Expired),
        (Reason::Disconnected, Lost::Expired),
    ];
    for (reason, lost) in reasons {
        let world = World::new();
        let (client, joined) = world.member("1");
        world.shelf.end_elsewhere(&room(), &joined.conn, reason);
        world.run();
        assert_eq!(client.ear.lost(), [lost]);
        let ended = Phase::Ended(reason);
        assert_eq!(world.shelf.phase(&room(), &joined.conn), Some(ended));
    }
}

// Limits

/// P9.
#[test]
fn a_patch_gives_up_when_others_write_before_each_attempt() {
    let world = World::new();
    let (client, joined) = world.member("1");
    for _ in 0..40 {
        let conn = joined.conn.clone();
        let disturb = move |shelf: &Shelf| {
            shelf.write(&room(), &conn, go_back);
        };
        world.shelf.before(Call::Commit, disturb);
    }
    let before = world.shelf.calls(Call::Commit);
    assert_eq!(world.patch(&client, "2"), Err(Refusal::Unavailable));
    let attempts = world.shelf.calls(Call::Commit) - before;
    assert_eq!(attempts, 1 + Policy::ATTEMPTS_MAX as usize);
}

#[test]
fn a_resume_that_gave_way_to_others_keeps_what_they_wrote_when_it_is_repeated() {
    let world = World::new();
    let (old, joined) = world.member("1");
    let new = world.connect();
    let asked = Some(joined.epoch.next());
    for _ in 0..Policy::ATTEMPTS_MAX {
        let conn = joined.conn.clone();
        let disturb = move |shelf: &Shelf| {
            shelf.write(&room(), &conn, |record| {
                record.state = state("2");
                None
            });
        };
        world.shelf.before(Call::Commit, disturb);
    }
    let resume = || JoinAsk {
        state: None,
        ..ask_resume(&joined, asked)
    };
    let refused = world.join(&new, resume()).answer();
    assert_eq!(refused.unwrap_err(), Refusal::Unavailable);
    let conn = joined.conn.clone();
    world.shelf.write(&room(), &conn, |record| {
        record.state = state("3");
        None
    });
    let resumed = world.join(&new, resume()).answer().unwrap();
    assert_eq!((&resumed.conn, Some(resumed.epoch)), (&conn, asked));
    assert_eq!(world.shelf.state(&room(), &conn), state("3"));
    assert_eq!(old.ear.lost(), [Lost::Replaced]);
}

#[test]
fn no_attempt_reuses_the_name_of_another() {
    let world = World::new();
    let (client, _) = world.member("1");
    for value in ["2", "3", "4"] {
        world.shelf.fail(Call::Commit, Fault::Unanswered);
        let _ = world.patch(&client, value);
    }
    let _ = world.join(&client, ask("5")).answer();
    let names = world.shelf.commits().into_iter();
    let mut names: Vec<_> = names.map(|commit| commit.revision).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_heartbeat_of_another_epoch_is_told_which_one_counts() {
    let world = World::new();
    let (client, joined) = world.member("1");
    let beat = |number: u64| {
        let session = client.session.clone();
        let ask = HeartbeatAsk {
            room: Some(room()),
            epoch: Epoch::new(number),
            patch: Some(state("2")),
            received: session.touch(Some(&room()), Epoch::new(number)),
        };
        world.done(async move { session.heartbeat(ask).await })
    };
    let current = joined.epoch;
    let stale = Rejection::StaleEpoch { current };
    assert_eq!(beat(current.number() - 1), Err(stale.into()));
    let unknown = Rejection::UnknownEpoch;
    assert_eq!(beat(current.number() + 1), Err(unknown.into()));
    assert!(beat(current.number()).is_ok());
}

/// An old record, as a failover may bring it back.
fn go_back(record: &mut Record) -> Option<Happened> {
    record.epoch = Epoch::new(1).unwrap();
    None
}
