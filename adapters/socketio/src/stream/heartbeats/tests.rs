//! Heartbeats over real streams, tick by tick.

use futures_util::FutureExt;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::*;
use crate::packet;
use crate::stream::lane::tests::{connected, message, transport_writes};
use crate::stream::rounds::Urgency;

const PING: &[u8] = b"\x81\x012";

fn heartbeats() -> Heartbeats {
    Heartbeats::new(&Limits {
        ping_interval: Duration::from_secs(3),
        ping_timeout: Duration::from_secs(2),
        ..Limits::default()
    })
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

async fn ticks(heartbeats: &Heartbeats, count: u64) {
    for _ in 0..count {
        heartbeats.tick(0).await;
    }
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
    let heartbeats = heartbeats();
    let (lane, mut peer) = stream(2).await;
    heartbeats.watch(&lane);
    for _ in 0..3 {
        assert!(lane.pong());
        ticks(&heartbeats, heartbeats.interval_ticks - 1).await;
        reads_nothing(&mut peer).await;
        ticks(&heartbeats, 1).await;
        reads_ping(&mut peer).await;
    }
    assert!(!lane.handle().is_closed());
    drop(lane);
    ticks(&heartbeats, heartbeats.interval_ticks * 2).await;
    assert!(heartbeats.due().at.is_empty());
}

#[tokio::test]
async fn a_client_that_does_not_answer_is_cut_and_not_asked_again() {
    let heartbeats = heartbeats();
    let (lane, mut peer) = stream(2).await;
    heartbeats.watch(&lane);
    assert!(lane.pong());
    ticks(&heartbeats, heartbeats.interval_ticks).await;
    reads_ping(&mut peer).await;
    ticks(&heartbeats, heartbeats.timeout_ticks - 1).await;
    reads_nothing(&mut peer).await;
    assert!(!lane.handle().is_closed());
    ticks(&heartbeats, 1).await;
    assert!(lane.handle().is_closed());
}

#[tokio::test]
async fn the_transport_s_ping_has_to_be_answered_as_well() {
    let heartbeats = heartbeats();
    let (lane, _peer) = stream(2).await;
    heartbeats.watch(&lane);
    ticks(&heartbeats, heartbeats.timeout_ticks - 1).await;
    assert!(!lane.handle().is_closed());
    ticks(&heartbeats, 1).await;
    assert!(lane.handle().is_closed());
}

#[tokio::test]
async fn a_client_is_asked_as_soon_as_its_upgrade_is_done() {
    let heartbeats = heartbeats();
    let (lane, mut peer) = stream(1).await;
    heartbeats.watch_upgrade(&lane);
    ticks(&heartbeats, heartbeats.interval_ticks).await;
    reads_nothing(&mut peer).await;
    let welcome = message("welcome");
    transport_writes(&lane, &welcome).await;
    peer.read_exact(&mut vec![0; welcome.len()]).await.unwrap();
    ticks(&heartbeats, 1).await;
    reads_ping(&mut peer).await;
    ticks(&heartbeats, heartbeats.timeout_ticks).await;
    assert!(lane.handle().is_closed());
}

#[tokio::test]
async fn an_upgrade_that_is_never_done_ends() {
    let heartbeats = heartbeats();
    let (lane, _peer) = stream(1).await;
    heartbeats.watch_upgrade(&lane);
    let asked = heartbeats.interval_ticks + heartbeats.timeout_ticks;
    ticks(&heartbeats, heartbeats.upgrade_ticks + asked - 1).await;
    assert!(!lane.handle().is_closed());
    ticks(&heartbeats, 1).await;
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
async fn a_client_that_takes_long_to_answer_is_asked_at_the_next_interval_after_it() {
    let heartbeats = Heartbeats::new(&Limits {
        ping_interval: Duration::from_secs(1),
        ping_timeout: Duration::from_secs(5),
        ..Limits::default()
    });
    let interval = heartbeats.interval_ticks;
    let (lane, mut peer) = stream(2).await;
    heartbeats.watch(&lane);
    assert!(lane.pong());
    for _ in 0..3 {
        // Whoever answers at once is asked each time.
        ticks(&heartbeats, interval).await;
        reads_ping(&mut peer).await;
        assert!(lane.pong());
    }
    ticks(&heartbeats, interval).await;
    reads_ping(&mut peer).await;
    ticks(&heartbeats, interval * 2 + 1).await;
    reads_nothing(&mut peer).await;
    assert!(lane.pong());
    ticks(&heartbeats, interval - 1).await;
    reads_ping(&mut peer).await;
    ticks(&heartbeats, heartbeats.timeout_ticks).await;
    assert!(lane.handle().is_closed());
}

#[tokio::test]
async fn a_client_for_which_too_much_waits_is_neither_asked_nor_cut_for_that() {
    let limits = Limits {
        queue_bytes_max: 1_000,
        ..Limits::default()
    };
    let heartbeats = heartbeats();
    let (lane, _peer) = connected(&limits).await;
    for _ in 0..2 {
        transport_writes(&lane, &message("of the transport")).await;
    }
    heartbeats.watch(&lane);
    assert!(lane.pong());
    let large = message(&"x".repeat(32 * 1024 * 1024));
    lane.push(large, Urgency::Prompt).unwrap();
    let many = 3 * (heartbeats.interval_ticks + heartbeats.timeout_ticks);
    ticks(&heartbeats, many).await;
    assert!(!lane.handle().is_closed());
}

#[tokio::test]
async fn whose_time_has_come_while_the_node_did_not_run_is_asked_at_once_and_has_time_to_answer() {
    let heartbeats = heartbeats();
    let (asked, mut asked_peer) = stream(2).await;
    let (waits, mut waits_peer) = stream(2).await;
    heartbeats.watch(&asked);
    ticks(&heartbeats, heartbeats.timeout_ticks - 1).await;
    heartbeats.watch(&waits);
    assert!(waits.pong());
    // The first owes an answer, whose time is nearly over; the second is to be asked later.
    heartbeats.tick(0).await;
    assert!(asked.handle().is_closed());
    let (asked, mut owing_peer) = stream(2).await;
    heartbeats.watch(&asked);
    heartbeats.tick(heartbeats.interval_ticks * 10).await;
    reads_ping(&mut waits_peer).await;
    assert!(!asked.handle().is_closed());
    reads_nothing(&mut owing_peer).await;
    assert_eq!(asked_peer.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_did_not_run_counts_one_tick_and_keeps_time() {
    let heartbeats = Arc::new(heartbeats());
    tokio::spawn(Heartbeats::run(Arc::downgrade(&heartbeats)));
    yield_now().await;
    let now = || heartbeats.due().now;
    tokio::time::advance(heartbeats.tick).await;
    yield_now().await;
    assert_eq!(now(), 1);
    tokio::time::advance(heartbeats.tick * 20 + heartbeats.tick / 2).await;
    yield_now().await;
    assert_eq!(now(), 2);
    tokio::time::advance(heartbeats.tick / 2).await;
    yield_now().await;
    assert_eq!(now(), 3);
}

#[test]
fn ticks_of_whatever_length_make_up_the_times() {
    for (interval, timeout) in [
        (25_000, 255),
        (105, 25_000),
        (10, 10),
        (15, 3_600_000),
        (999, 999),
    ] {
        let heartbeats = Heartbeats::new(&Limits {
            ping_interval: Duration::from_millis(interval),
            ping_timeout: Duration::from_millis(timeout),
            ..Limits::default()
        });
        let tick = millis(heartbeats.tick);
        let near = |ticks: u64, span: u64| span - tick < ticks * tick && ticks * tick <= span;
        assert!(near(heartbeats.interval_ticks, interval), "{interval}");
        let timeout_ticks = heartbeats.timeout_ticks - TICKS_OF_GRACE;
        assert!(near(timeout_ticks, timeout), "{timeout}");
    }
}

#[tokio::test]
async fn what_is_gone_is_forgotten_soon() {
    let heartbeats = Heartbeats::new(&Limits {
        ping_interval: Duration::from_secs(3_600),
        ping_timeout: Duration::from_secs(3_600),
        ..Limits::default()
    });
    let (lane, _peer) = stream(2).await;
    heartbeats.watch(&lane);
    drop(lane);
    ticks(&heartbeats, LOOK_AFTER_MAX).await;
    assert!(heartbeats.due().at.is_empty());
}
