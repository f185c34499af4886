//! A stream whose peer stands still, by a hand-moved clock.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rtm_domain::time::{Moment, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::yield_now;

use super::*;

/// What fits between the two sides, in either direction.
const PIPE: usize = 10;
const READ_AHEAD: usize = 100;

#[tokio::test(start_paused = true)]
async fn from_a_peer_that_takes_nothing_little_more_is_read() {
    let (here, peer) = connected();
    let (mut reader, mut writer) = tokio::io::split(here);
    let (mut taking, mut giving) = tokio::io::split(peer);
    let writing = tokio::spawn(async move {
        writer.write_all(&[b'x'; 3 * PIPE]).await.unwrap();
        writer.flush().await.unwrap();
        writer
    });
    yield_now().await;
    let _giving =
        tokio::spawn(async move { while giving.write_all(&[b'y'; PIPE]).await.is_ok() {} });
    let reading = tokio::spawn(async move {
        reader.read_exact(&mut [0; READ_AHEAD]).await.unwrap();
        // As much as a peer that takes nothing may send.
        let more = reader.read_exact(&mut [0; PIPE]).now_or_never();
        assert!(more.is_none(), "read {more:?} more");
        reader.read_exact(&mut [0; READ_AHEAD * 2]).await.unwrap();
    });
    for _turn in 0..100 {
        yield_now().await;
    }
    assert!(!reading.is_finished());

    taking.read_exact(&mut [0; 3 * PIPE]).await.unwrap();
    let _writer = writing.await.unwrap();
    reading.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_for_too_long_is_closed() {
    let (mut here, _peer) = connected();
    let stalled = here.write_all(&[b'x'; 3 * PIPE]).await.unwrap_err();
    assert_eq!(stalled.kind(), io::ErrorKind::TimedOut);
    let closed = here.read(&mut [0; PIPE]).await.unwrap_err();
    assert_eq!(closed.kind(), io::ErrorKind::ConnectionAborted);
}

/// Our side and the peer's.
fn connected() -> (ClientStream<DuplexStream>, DuplexStream) {
    let limits = Limits {
        message_bytes_max: READ_AHEAD,
        ..Limits::default()
    };
    let (here, peer) = duplex(PIPE);
    let handle = Arc::new(StreamHandle::new(([127, 0, 0, 1], 1).into()));
    let here = ClientStream::new(here, handle, Arc::new(NoClock), &limits);
    (here, peer)
}

struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Moment {
        Moment(0)
    }

    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }

    fn sleep(&self, _span: Duration) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}
