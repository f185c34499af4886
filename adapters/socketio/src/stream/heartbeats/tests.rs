//! Heartbeats over real streams, tick by tick.

use futures_util::FutureExt;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::*;
use crate::packet;
use crate::stream::lane::tests::{connected, message, transport_writes};

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
        heartbeats.tick().await;
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
    let until = heartbeats.interval_ticks + heartbeats.timeout_ticks;
    ticks(&heartbeats, until - 1).await;
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
async fn an_answer_may_take_longer_than_an_interval() {
    let heartbeats = Heartbeats::new(&Limits {
        ping_interval: Duration::from_secs(1),
        ping_timeout: Duration::from_secs(5),
        ..Limits::default()
    });
    let (lane, mut peer) = stream(2).await;
    heartbeats.watch(&lane);
    assert!(lane.pong());
    ticks(&heartbeats, heartbeats.timeout_ticks).await;
    reads_ping(&mut peer).await;
    ticks(&heartbeats, heartbeats.timeout_ticks - 1).await;
    reads_nothing(&mut peer).await;
    assert!(lane.pong());
    ticks(&heartbeats, 1).await;
    reads_ping(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_did_not_run_counts_one_tick() {
    let heartbeats = Arc::new(heartbeats());
    tokio::spawn(Heartbeats::run(Arc::downgrade(&heartbeats)));
    tokio::time::advance(heartbeats.tick * 5 / 2).await;
    yield_now().await;
    let before = heartbeats.due().now;
    tokio::time::advance(Duration::from_secs(60)).await;
    yield_now().await;
    assert_eq!(heartbeats.due().now, before + 1);
}
