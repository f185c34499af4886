//! Presences whose lease is missing in the store: nobody finds them due.

use rtm_domain::ids::ConnId;
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::event::Shown;
use rtm_domain::presence::record::{Phase, Reason};

use super::kit::*;
use super::shelf::Call;

/// A member of this node sees one whose lease is gone, and its node with it.
fn abandoned(world: &World) -> (Client, ConnId) {
    let (witness, _) = world.member("w");
    let (_client, joined) = world.member("1");
    let epoch = Epoch::new(joined.epoch.number() + 1).unwrap();
    world.shelf.resume_elsewhere(&room(), &joined.conn, epoch);
    world.shelf.lose_lease(&room(), &joined.conn);
    witness.ear.forget();
    (witness, joined.conn)
}

/// Lets time pass with ticks, sweeps, and heartbeats of these.
fn run(world: &World, clients: &[&Client], millis: u64) {
    let every = u64::try_from(world.service.policy().sweep_interval.as_millis()).unwrap();
    for _ in 0..millis / every {
        world.live(every);
        for client in clients {
            world.beat(client).unwrap();
        }
        world.sweep();
    }
}

#[test]
fn one_without_a_lease_is_ended_after_the_longest_lease() {
    let world = World::new();
    let (witness, conn) = abandoned(&world);
    // TTL and GRACE, from the first look on.
    run(&world, &[&witness], 39_000);
    assert_eq!(witness.ear.shown(), []);
    run(&world, &[&witness], 6_000);
    let expired = (conn.clone(), Shown::Leave(Some(Reason::Expired)));
    assert_eq!(witness.ear.shown(), [expired]);
    let ended = Some(Phase::Ended(Reason::Expired));
    assert_eq!(world.shelf.phase(&room(), &conn), ended);
    run(&world, &[&witness], 60_000);
    assert_eq!(witness.ear.shown().len(), 1, "once");
}

#[test]
fn its_living_owner_writes_it_again_and_keeps_it() {
    let world = World::new();
    let (witness, _) = world.member("w");
    let (client, joined) = world.member("1");
    run(&world, &[&witness, &client], 3_000);
    world.shelf.lose_lease(&room(), &joined.conn);
    witness.ear.forget();
    run(&world, &[&witness, &client], 120_000);
    let left = |(_, kind)| matches!(kind, Shown::Leave(_));
    assert!(!witness.ear.shown().into_iter().any(left));
    assert_eq!(client.ear.lost(), []);
}

#[test]
fn one_that_is_written_meanwhile_is_kept() {
    let world = World::new();
    let (witness, conn) = abandoned(&world);
    run(&world, &[&witness], 36_000);
    // Its node was slow, and writes again with a lease.
    world.shelf.write(&room(), &conn, |_| None);
    run(&world, &[&witness], 36_000);
    assert_eq!(witness.ear.shown(), []);
}

#[test]
fn a_sweeper_that_is_not_armed_ends_nobody() {
    let world = World::new();
    let (witness, conn) = abandoned(&world);
    run(&world, &[&witness], 36_000);
    // Another server answers: what it says of leases is not believed yet.
    world.shelf.fail_over();
    run(&world, &[&witness], 24_000);
    let left = (conn, Shown::Leave(Some(Reason::Expired)));
    assert!(!witness.ear.shown().contains(&left));
    run(&world, &[&witness], 12_000);
    assert!(witness.ear.shown().contains(&left));
}

#[test]
fn an_audit_reads_one_room_a_sweep() {
    let world = World::new();
    let clients: Vec<Client> = (0..3).map(|_| world.connect()).collect();
    for (client, name) in clients.iter().zip(["one", "two", "three"]) {
        assert!(world.join(client, elsewhere(name)).answer().is_ok());
    }
    let reads = world.shelf.calls(Call::Read);
    for _ in 0..5 {
        world.sweep();
    }
    assert_eq!(world.shelf.calls(Call::Read), reads + 5);
}
