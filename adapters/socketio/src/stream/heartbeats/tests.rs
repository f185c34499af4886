//! Heartbeats over real streams, tick by tick.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rtm_domain::time::Timestamp;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::*;
use crate::packet;
use crate::stream::lane::tests::{connected, message, transport_writes};
use crate::stream::rounds::Urgency;

const PING: &[u8] = b"\x81\x012";
const INTERVAL: u64 = 30;
const TIMEOUT: u64 = 20;
/// What an answer may take in the end.
const ANSWER: u64 = TIMEOUT + TICKS_OF_GRACE as u64;

/// A clock that is moved by hand.
#[derive(Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Moment {
        Moment(self.0.load(Relaxed))
    }

    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }

    fn sleep(&self, _span: Duration) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

/// Heartbeats whose time is counted in ticks.
struct Ticking {
    heartbeats: Heartbeats,
    clock: Arc<Hand>,
}

impl Ticking {
    fn new(interval: u64, timeout: u64) -> Self {
        let limits = Limits {
            ping_interval: TICK_MAX * u32::try_from(interval).unwrap(),
            ping_timeout: TICK_MAX * u32::try_from(timeout).unwrap(),
            ..Limits::default()
        };
        let clock = Arc::new(Hand::default());
        let heartbeats = Heartbeats::new(&limits, clock.clone());
        assert_eq!(heartbeats.tick, TICK_MAX);
        Self { heartbeats, clock }
    }

    async fn ticks(&self, count: u64) {
        for _ in 0..count {
            self.late_tick(0).await;
        }
    }

    /// A tick that comes so many later than it should.
    async fn late_tick(&self, late: u64) {
        self.clock
            .0
            .fetch_add((1 + late) * millis(TICK_MAX), Relaxed);
        self.heartbeats.tick().await;
    }
}

fn heartbeats() -> Ticking {
    Ticking::new(INTERVAL, TIMEOUT)
}

/// A stream over which the transport has said `messages`.
async fn stream(messages: usize) -> (Arc<Lane>, TcpStream) {
    let (lane, mut peer) = connected(&Limits::default()).await;
    let message = message("of the transport");
    for _ in 0..messages {
        transport_writes(&lane, &message).await;
    }
    let mut read = vec![0; messages * message.len()];
    peer.read_exact(&mut read).await.unwrap();
    (lane, peer)
}

async fn reads_ping(peer: &mut TcpStream) {
    let mut read = [0; PING.len()];
    peer.read_exact(&mut read).await.unwrap();
    assert_eq!(read, PING);
}

async fn reads_nothing(peer: &mut TcpStream) {
    // Whatever is to be written is by then.
    for _ in 0..10 {
        yield_now().await;
    }
    assert!(peer.read(&mut [0]).now_or_never().is_none());
}

#[tokio::test]
async fn a_client_is_asked_whenever_an_interval_has_passed() {
    let ticking = heartbeats();
    let (lane, mut peer) = stream(2).await;
    ticking.heartbeats.watch(&lane);
    for _ in 0..3 {
        assert!(lane.pong());
        ticking.ticks(INTERVAL - 1).await;
        reads_nothing(&mut peer).await;
        ticking.ticks(1).await;
        reads_ping(&mut peer).await;
    }
    assert!(!lane.handle().is_closed());
    drop(lane);
    ticking.ticks(INTERVAL * 2).await;
    assert!(ticking.heartbeats.due().at.is_empty());
}

#[tokio::test]
async fn a_client_that_does_not_answer_is_cut_and_not_asked_again() {
    let ticking = heartbeats();
    let (lane, mut peer) = stream(2).await;
    ticking.heartbeats.watch(&lane);
    assert!(lane.pong());
    ticking.ticks(INTERVAL).await;
    reads_ping(&mut peer).await;
    ticking.ticks(ANSWER - 1).await;
    reads_nothing(&mut peer).await;
    assert!(!lane.handle().is_closed());
    ticking.ticks(1).await;
    assert!(lane.handle().is_closed());
}

#[tokio::test]
async fn the_transport_s_ping_has_to_be_answered_as_well() {
    let ticking = heartbeats();
    let (lane, _peer) = stream(2).await;
    ticking.heartbeats.watch(&lane);
    ticking.ticks(ANSWER - 1).await;
    assert!(!lane.handle().is_closed());
    ticking.ticks(1).await;
    assert!(lane.handle().is_closed());
}

#[tokio::test]
async fn a_client_is_asked_as_soon_as_its_upgrade_is_done() {
    let ticking = heartbeats();
    let (lane, mut peer) = stream(1).await;
    ticking.heartbeats.watch_upgrade(&lane);
    ticking.ticks(INTERVAL).await;
    reads_nothing(&mut peer).await;
    let welcome = message("welcome");
    transport_writes(&lane, &welcome).await;
    peer.read_exact(&mut vec![0; welcome.len()]).await.unwrap();
    ticking.ticks(1).await;
    reads_ping(&mut peer).await;
    ticking.ticks(ANSWER).await;
    assert!(lane.handle().is_closed());
}

#[tokio::test]
async fn an_upgrade_that_is_never_done_ends() {
    let ticking = heartbeats();
    let (lane, _peer) = stream(1).await;
    ticking.heartbeats.watch_upgrade(&lane);
    let upgrade = millis(ticking.heartbeats.upgrade_max) / millis(TICK_MAX);
    assert!(upgrade > INTERVAL + ANSWER);
    ticking.ticks(upgrade - 1).await;
    assert!(!lane.handle().is_closed());
    ticking.ticks(1).await;
    assert!(lane.handle().is_closed());
}

#[tokio::test]
async fn the_transport_hears_of_answers_until_its_writer_has_the_stream() {
    let (lane, _peer) = stream(1).await;
    assert!(!lane.pong() && !lane.is_answered());
    transport_writes(&lane, &packet::text("2")).await;
    assert!(lane.pong() && lane.is_answered());
}

#[tokio::test]
async fn a_client_is_asked_each_interval_and_not_while_it_owes_an_answer() {
    let (interval, timeout) = (10, 50);
    let ticking = Ticking::new(interval, timeout);
    let (lane, mut peer) = stream(2).await;
    ticking.heartbeats.watch(&lane);
    assert!(lane.pong());
    for _ in 0..3 {
        ticking.ticks(interval).await;
        reads_ping(&mut peer).await;
        assert!(lane.pong());
    }
    ticking.ticks(interval).await;
    reads_ping(&mut peer).await;
    ticking.ticks(interval * 2 + 1).await;
    reads_nothing(&mut peer).await;
    assert!(lane.pong());
    ticking.ticks(1).await;
    reads_ping(&mut peer).await;
    // And from then on at the same times as before.
    assert!(lane.pong());
    ticking.ticks(interval - 3).await;
    reads_nothing(&mut peer).await;
    ticking.ticks(1).await;
    reads_ping(&mut peer).await;
    ticking.ticks(timeout + 2).await;
    assert!(lane.handle().is_closed());
}

#[tokio::test]
async fn a_client_for_which_too_much_waits_is_neither_asked_nor_cut_for_that() {
    let limits = Limits {
        queue_bytes_max: 1_000,
        ..Limits::default()
    };
    let ticking = heartbeats();
    let (lane, _peer) = connected(&limits).await;
    for _ in 0..2 {
        transport_writes(&lane, &message("of the transport")).await;
    }
    ticking.heartbeats.watch(&lane);
    assert!(lane.pong());
    let large = message(&"x".repeat(32 * 1024 * 1024));
    lane.push(large, Urgency::Prompt).unwrap();
    let many = 3 * (INTERVAL + ANSWER);
    ticking.ticks(many).await;
    assert!(!lane.handle().is_closed());
}

#[tokio::test]
async fn after_a_pause_those_whose_time_it_is_are_asked_and_nobody_is_cut_for_it() {
    let ticking = heartbeats();
    let (owes, mut owes_peer) = stream(2).await;
    let (waits, mut waits_peer) = stream(2).await;
    ticking.heartbeats.watch(&owes);
    ticking.heartbeats.watch(&waits);
    assert!(waits.pong());
    ticking.ticks(ANSWER - 2).await;
    ticking.late_tick(INTERVAL * 10).await;
    reads_ping(&mut waits_peer).await;
    assert!(!owes.handle().is_closed());
    // Its answer had come, and is read now.
    assert!(owes.pong() && waits.pong());
    ticking.ticks(1).await;
    reads_ping(&mut owes_peer).await;
    reads_nothing(&mut waits_peer).await;
    ticking.ticks(ANSWER).await;
    assert!(owes.handle().is_closed() && !waits.handle().is_closed());
}

#[tokio::test]
async fn after_a_pause_clients_are_asked_at_different_times_again() {
    let ticking = heartbeats();
    let (first, mut first_peer) = stream(2).await;
    let (second, mut second_peer) = stream(2).await;
    ticking.heartbeats.watch(&first);
    ticking.ticks(10).await;
    ticking.heartbeats.watch(&second);
    assert!(first.pong() && second.pong());
    ticking.late_tick(INTERVAL * 2 - 1).await;
    reads_ping(&mut first_peer).await;
    reads_ping(&mut second_peer).await;
    assert!(first.pong() && second.pong());
    ticking.ticks(INTERVAL - 10).await;
    reads_ping(&mut first_peer).await;
    reads_nothing(&mut second_peer).await;
    ticking.ticks(10).await;
    reads_ping(&mut second_peer).await;
}

#[tokio::test]
async fn a_node_that_is_always_late_asks_in_time_and_waits_longer() {
    let ticking = heartbeats();
    let (lane, mut peer) = stream(2).await;
    ticking.heartbeats.watch(&lane);
    for _ in 0..3 {
        assert!(lane.pong());
        for _ in 0..INTERVAL / 2 {
            ticking.late_tick(1).await;
        }
        reads_ping(&mut peer).await;
    }
    for _ in 0..ANSWER - 1 {
        ticking.late_tick(1).await;
    }
    assert!(!lane.handle().is_closed());
    ticking.late_tick(1).await;
    assert!(lane.handle().is_closed());
}

#[tokio::test]
async fn times_that_are_no_multiples_of_a_tick_are_kept() {
    for (interval, timeout) in [(25_000, 255), (105, 25_000), (10, 10), (15, 3_600_000)] {
        let limits = Limits {
            ping_interval: Duration::from_millis(interval),
            ping_timeout: Duration::from_millis(timeout),
            ..Limits::default()
        };
        let clock = Arc::new(Hand::default());
        let heartbeats = Heartbeats::new(&limits, clock.clone());
        let (lane, mut peer) = stream(2).await;
        heartbeats.watch(&lane);
        let tick = millis(heartbeats.tick);
        for pings in 1..4 {
            assert!(lane.pong());
            while clock.now().0 < pings * interval + tick {
                clock.0.fetch_add(tick, Relaxed);
                heartbeats.tick().await;
            }
            reads_ping(&mut peer).await;
        }
    }
}

#[tokio::test]
async fn what_is_gone_is_forgotten_soon() {
    let hour = 36_000;
    let ticking = Ticking::new(hour, hour);
    let (lane, _peer) = stream(2).await;
    ticking.heartbeats.watch(&lane);
    drop(lane);
    ticking
        .ticks(millis(LOOK_AFTER_MAX) / millis(TICK_MAX))
        .await;
    assert!(ticking.heartbeats.due().at.is_empty());
}
