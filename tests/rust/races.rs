//! Real threads on one store: nothing is lost, nobody is dropped, and in the end all agree.
//! Time is still moved by hand, so no test depends on how fast the machine is.

mod bench;
mod crossing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::join_all;
use rtm_domain::error::Refusal;
use rtm_domain::ids::{RoomId, SeatId};
use rtm_domain::ports::{Committed, Conns, FeedSink, Lost, PresenceStore};
use rtm_domain::presence::epoch::{Epoch, Version};
use rtm_domain::presence::event::Published;
use rtm_domain::presence::state::State;
use rtm_domain::service::{Farewell, Joined, ResumeAsk};
use rtm_memory::{MemoryLimits, MemoryStore};
use rtm_tests::clock::HandClock;
use rtm_tests::dice::Dice;
use rtm_tests::world::ms;

use crate::store_contract::subject::write;
use bench::{Bench, Client, on_threads, policy};

#[test]
fn patches_from_one_socket_never_lose_each_other() {
    on_threads(async {
        let bench = Bench::new(policy());
        let (writer, observer) = (bench.connect(), bench.connect());
        observer.join("lobby", "bob", None).await.expect("it may");
        writer.join("lobby", "ada", None).await.expect("it may");
        let patches = (0..200).map(|nth| {
            let writer = writer.clone();
            tokio::spawn(async move { writer.patch("lobby", &format!("key{nth}"), nth).await })
        });
        for patched in join_all(patches).await {
            let beat = patched.expect("no panic").expect("it is there");
            assert!(beat.changed && beat.version.is_some());
        }
        bench.settle().await;
        let shown = bench.stored("lobby").await;
        let own = writer.own("lobby").expect("it is there");
        assert_eq!(shown[&own].state.iter().len(), 200);
        bench.check(&[&writer, &observer]).await;
    });
}

#[test]
fn a_kick_and_patches_from_all_sides_leave_one_truth() {
    on_threads(async {
        let bench = Bench::new(policy());
        let observer = bench.connect();
        observer.join("lobby", "bob", None).await.expect("it may");
        for round in 0..40 {
            let victim = bench.connect();
            let joined = victim.join("lobby", "ada", None).await.expect("it may");
            let patches = (0..8).map(|nth| {
                let victim = victim.clone();
                // Refused once it is kicked.
                tokio::spawn(async move {
                    victim
                        .patch("lobby", &format!("key{nth}"), round)
                        .await
                        .ok()
                })
            });
            let patches = join_all(patches);
            let (service, room) = (bench.service.clone(), RoomId::trusted("lobby"));
            let kick = tokio::spawn(async move {
                loop {
                    match service.kick(&room, &joined.conn).await {
                        // Others wrote in between, too often for one command.
                        Err(Refusal::Unavailable) => {}
                        outcome => return outcome,
                    }
                }
            });
            let (_, kicked) = tokio::join!(patches, kick);
            assert_eq!(kicked.expect("no panic"), Ok(true));
            bench.settle().await;
            assert_eq!(victim.take_lost(), [Lost::Kicked]);
            bench.check(&[&observer, &victim]).await;
        }
        assert_eq!(bench.stored("lobby").await.len(), 1);
    });
}

#[test]
fn writers_of_one_record_never_overwrite_each_other() {
    let clock = HandClock::new();
    let store = Arc::new(MemoryStore::new(clock.clone(), MemoryLimits::default()));
    let chain = Arc::new(Chain::default());
    store.feed_into(chain.clone());
    let first = write("r", "a");
    let room = first.room.clone();
    now(rtm_domain::ports::Feed::subscribe(&*store, &room)).expect("it answers");
    now(store.commit(first.clone())).expect("it answers");
    let applied = AtomicU64::new(1);
    std::thread::scope(|scope| {
        for writer in 1..=6 {
            let (store, first, applied) = (&store, &first, &applied);
            scope.spawn(move || {
                for attempt in 1..=300 {
                    let conns = Conns::One(&first.conn);
                    let read = now(store.read(&first.room, Version(0), conns)).expect("it answers");
                    let (_, found) = read.records.into_iter().next().expect("it is there");
                    let mut next = first.clone();
                    next.expected = Some(found.revision);
                    next.revision.seat = SeatId(100 + writer);
                    next.revision.attempt = attempt;
                    next.record.state = counted(count(&found.record.state) + 1);
                    match now(store.commit(next)).expect("it answers") {
                        Committed::Applied { .. } => applied.fetch_add(1, Ordering::SeqCst),
                        Committed::Conflict { .. } => 0,
                    };
                }
            });
        }
        scope.spawn(|| (0..500).for_each(|_| clock.advance(ms(1))));
    });
    let conns = Conns::One(&first.conn);
    let read = now(store.read(&room, Version(0), conns)).expect("it answers");
    let applied = applied.into_inner();
    assert_eq!(count(&read.records[0].1.record.state), applied);
    assert_eq!(chain.links.load(Ordering::SeqCst), applied);
    assert_eq!(chain.last.load(Ordering::SeqCst), read.version.0);
}

#[test]
fn many_sockets_fight_for_one_connection_and_one_has_it() {
    on_threads(async {
        let bench = Bench::new(policy());
        let observer = bench.connect();
        observer.join("lobby", "bob", None).await.expect("it may");
        for round in 0..12 {
            let seed = 77 + round;
            println!("seed {seed}");
            let owner = bench.connect();
            let joined = owner.join("lobby", "ada", None).await.expect("it may");
            let asked = Arc::new(AtomicU64::new(joined.epoch.number()));
            let mut sockets = vec![owner.clone()];
            let mut fights = Vec::new();
            for nth in 0..8 {
                let (socket, dice) = (bench.connect(), Dice::new(seed * 100 + nth));
                sockets.push(socket.clone());
                fights.push(tokio::spawn(fight(
                    socket,
                    joined.clone(),
                    asked.clone(),
                    dice,
                )));
            }
            for nth in 0..20 {
                // Refused once it is replaced.
                let _ = owner.patch("lobby", "old", nth).await;
            }
            for fought in join_all(fights).await {
                fought.expect("no panic");
            }
            bench.settle().await;
            let all: Vec<&Client> = sockets.iter().chain([&observer]).collect();
            bench.check(&all).await;
            let holders = sockets
                .iter()
                .filter(|it| it.own("lobby") == Some(joined.conn.clone()));
            let shown = bench.stored("lobby").await.contains_key(&joined.conn);
            assert_eq!(holders.count(), usize::from(shown), "seed {seed}");
            for socket in &sockets {
                socket.close(Farewell::Said).await;
            }
            bench.settle().await;
        }
        assert_eq!(bench.stored("lobby").await.len(), 1);
    });
}

#[test]
fn a_room_is_left_and_joined_by_many_at_once() {
    on_threads(async {
        let bench = Bench::new(policy());
        let observer = bench.connect();
        observer.join("lobby", "bob", None).await.expect("it may");
        let comings = (0..24).map(|nth| {
            let client = bench.connect();
            tokio::spawn(async move {
                let mut dice = Dice::new(nth);
                for round in 0..15 {
                    let state = [("round", round.to_string())].into_iter().collect();
                    client
                        .join("lobby", "ada", Some(state))
                        .await
                        .expect("it may");
                    if dice.below(2) == 0 {
                        client
                            .patch("lobby", "n", round)
                            .await
                            .expect("it is there");
                    }
                    if dice.below(3) > 0 {
                        client.leave("lobby").await.expect("it may");
                    }
                }
                client
            })
        });
        let clients: Vec<Client> = join_all(comings)
            .await
            .into_iter()
            .map(|it| it.expect("no panic"))
            .collect();
        bench.settle().await;
        let all: Vec<&Client> = clients.iter().chain([&observer]).collect();
        bench.check(&all).await;
        let inside = clients
            .iter()
            .filter(|it| it.own("lobby").is_some())
            .count();
        assert_eq!(bench.stored("lobby").await.len(), inside + 1);
    });
}

#[test]
fn who_sends_heartbeats_is_never_swept() {
    on_threads(async {
        let bench = Bench::new(policy());
        let clients: Vec<Client> = (0..6).map(|_| bench.connect()).collect();
        for client in &clients {
            client.join("lobby", "ada", None).await.expect("it may");
        }
        for step in 0..200 {
            // All of this at once; time goes on when each has sent its heartbeat.
            let beats = clients.iter().cloned().enumerate().map(|(nth, client)| {
                tokio::spawn(async move {
                    if (step + nth) % 8 == 0 {
                        client
                            .patch("lobby", "step", step)
                            .await
                            .expect("it is there");
                    } else if (step + nth) % 4 == 0 {
                        client.beat("lobby").await.expect("it is there");
                    }
                })
            });
            let (ticking, sweeping) = (bench.service.clone(), bench.service.clone());
            let tick = tokio::spawn(async move { ticking.tick().await });
            let sweep = tokio::spawn(async move { sweeping.sweep().await });
            for done in join_all(beats.chain([tick, sweep])).await {
                done.expect("no panic");
            }
            bench.clock.advance(ms(250));
        }
        bench.settle().await;
        for client in &clients {
            assert_eq!(client.take_lost(), []);
        }
        assert_eq!(bench.stored("lobby").await.len(), clients.len());
        bench.check(&clients.iter().collect::<Vec<_>>()).await;
    });
}

#[test]
fn a_room_that_goes_idle_is_joined_at_that_moment() {
    on_threads(async {
        let bench = Bench::new(policy());
        let client = bench.connect();
        for round in 0..300 {
            let joined = client.join("lobby", "ada", None).await.expect("it may");
            let beat = client
                .patch("lobby", "round", round)
                .await
                .expect("it is there");
            assert!(beat.changed);
            let late = Bench::witness(&client, &joined);
            client.leave("lobby").await.expect("it may");
            bench.service.tick().await;
            bench.clock.advance(ms(5000));
            let service = bench.service.clone();
            let tick = tokio::spawn(async move { service.tick().await });
            let other = bench.connect();
            other.join("lobby", "bob", None).await.expect("it may");
            other
                .patch("lobby", "round", round)
                .await
                .expect("it is there");
            tick.await.expect("no panic");
            bench.check(&[&other]).await;
            assert!(late, "round {round}: its own patch was not shown");
            other.close(Farewell::Said).await;
        }
        bench.clock.advance(ms(5000));
        bench.service.tick().await;
        bench.clock.advance(ms(60_000));
        for _ in 0..3 {
            bench.service.tick().await;
            bench.service.sweep().await;
            bench.clock.advance(ms(6_000));
        }
        client.close(Farewell::Said).await;
        assert_eq!(bench.service.load(), (0, 0));
        assert_eq!(bench.store.size(), (0, 0));
    });
}

/// A socket that resumes, writes, and goes, over and over.
async fn fight(socket: Client, joined: Joined, asked: Arc<AtomicU64>, mut dice: Dice) {
    for nth in 0..12 {
        let epoch = asked.fetch_add(1, Ordering::SeqCst) + 1;
        let resume = ResumeAsk {
            conn: joined.conn.clone(),
            key: joined.key.clone(),
            epoch: Epoch::new(epoch),
        };
        // Each of these is refused when another socket was faster.
        let _ = socket.resume("lobby", "ada", resume).await;
        let _ = socket.patch("lobby", "n", nth).await;
        if dice.below(4) == 0 {
            let _ = socket.beat("lobby").await;
        }
        tokio::task::yield_now().await;
    }
}

/// Counts events and checks that they form a chain.
#[derive(Default)]
struct Chain {
    last: AtomicU64,
    links: AtomicU64,
}

impl FeedSink for Chain {
    fn published(&self, _: &RoomId, published: Published) {
        let last = self.last.swap(published.version.0, Ordering::SeqCst);
        assert_eq!(published.prev.0, last);
        assert!(published.version > published.prev);
        self.links.fetch_add(1, Ordering::SeqCst);
    }

    fn interrupted(&self, _: Option<&RoomId>) {}
}

fn counted(count: u64) -> State {
    [("n", count.to_string())].into_iter().collect()
}

fn count(state: &State) -> u64 {
    let (_, text) = state.iter().next().expect("it has a key");
    text.parse().expect("it is a number")
}

/// The store in memory never waits.
fn now<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never()
        .expect("the store in memory never waits")
}
