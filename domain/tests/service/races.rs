//! What may happen between two steps of the service: other tasks, and other threads.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_executor::block_on;

use rtm_domain::ports::Lost;
use rtm_domain::presence::event::Happened;
use rtm_domain::service::{Farewell, HeartbeatAsk};

use super::kit::*;
use super::shelf::Call;

/// P7: who joins again between the tick that found it silent and the work that follows is there.
#[test]
fn a_rejoin_that_overtakes_its_expiry_stays() {
    let world = World::new();
    let (client, _) = world.member("1");
    world.live(29_000);
    world.pass(1_000);
    world.done_alone(world.service.tick());
    // The tick's work waits for its turn; the client is quicker.
    let session = client.session.clone();
    let (sender, mut receiver) = futures_channel::oneshot::channel();
    let reply = Box::new(move |answer| drop(sender.send(answer)));
    world.done_alone(session.join(ask("1"), reply));
    let joined = receiver.try_recv().unwrap().expect("answered").unwrap();
    world.run();
    assert_eq!(client.ear.lost(), []);
    assert!(world.shelf.found(&room(), &joined.conn).is_some());
    assert!(world.beat(&client).is_ok());
}

/// Another thread takes in an event of the old socket while the resume is about to be drafted.
#[test]
fn an_event_of_the_old_socket_does_not_fence_a_resume_that_has_not_written() {
    let world = World::with(lingering());
    let (old, joined) = world.member("1");
    world.close(&old, Farewell::None).answer();
    // Somebody else keeps the room open, and another node has the presence now.
    let (_witness, _) = world.member("w");
    let newer = joined.epoch.next();
    world.shelf.resume_elsewhere(&room(), &joined.conn, newer);
    let (shelf, clock) = (world.shelf.clone(), world.clock.clone());
    let conn = joined.conn.clone();
    world.shelf.before(Call::Read, move |_| {
        clock.at_the_next_glance(move || {
            shelf.write(&room(), &conn, |record| {
                record.state = state("2");
                Some(Happened::Updated(record.state.clone()))
            });
        });
    });
    let client = world.connect();
    let resumed = world.join(&client, ask_resume(&joined, Some(newer.next())));
    assert_eq!(resumed.answer().map(|joined| joined.conn), Ok(joined.conn));
    assert!(!client.ear.lost().contains(&Lost::Replaced));
}

/// Locks are taken in one order: a room's, then those of its seats. The join holds the room's
/// while it makes its snapshot of all seats; the patch has its seat's and asks for the floor.
#[test]
fn a_patch_and_a_join_on_two_threads_do_not_wait_for_each_other() {
    let world = World::new();
    let (patching, _) = world.member("1");
    let joining = world.connect();
    let (begin, begun) = mpsc::channel();
    let (looked, glance) = mpsc::channel();
    let clock = world.clock.clone();
    // The first encoding tells the others of the join; the second is within the answer to it.
    world.encoder.at_encoding(2, move || {
        clock.at_the_next_glance(move || looked.send(()).unwrap());
        begin.send(()).unwrap();
        glance.recv_timeout(PATIENCE).unwrap();
        for _ in 0..CHANCES {
            thread::yield_now();
        }
    });
    let (done, all_done) = mpsc::channel();
    let patched = done.clone();
    thread::spawn(move || {
        let session = patching.session;
        let ask = HeartbeatAsk {
            room: None,
            epoch: None,
            patch: Some(state("2")),
            received: session.touch(None, None),
        };
        begun.recv_timeout(PATIENCE).unwrap();
        assert!(block_on(session.heartbeat(ask)).is_ok());
        patched.send(()).unwrap();
    });
    thread::spawn(move || {
        block_on(joining.session.join(ask("w"), Box::new(|_| {})));
        done.send(()).unwrap();
    });
    for _ in 0..2 {
        let done = all_done.recv_timeout(PATIENCE);
        done.expect("they wait for each other");
    }
}

/// After which two threads count as stuck.
const PATIENCE: Duration = Duration::from_secs(5);
/// Turns that the other thread gets to reach its lock; it needs a few.
const CHANCES: usize = 20_000;
