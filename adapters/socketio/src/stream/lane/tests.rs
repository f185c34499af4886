//! A lane over a real stream, with a transport that writes by hand.

use std::future::poll_fn;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rtm_domain::time::{Moment, Timestamp, millis};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::open_packet::TRANSPORT_PING_TIMEOUT;
use crate::packet;
use crate::stream::ClientStream;
use crate::stream::pace::{BYTES_AFTER_REST, REST};
use crate::stream::written::frames;

/// More than the systems of both sides keep.
const MORE_THAN_FITS: usize = 32 * 1024 * 1024;

#[tokio::test]
async fn what_is_pushed_follows_what_the_transport_had_queued_before_and_the_marker_stays_here() {
    let (lane, mut peer) = connected(&Limits::default()).await;
    assert!(!lane.is_ready());
    transport_writes(&lane, &message("handshake")).await;
    assert!(!lane.is_ready());
    transport_writes(&lane, &message("welcome")).await;
    assert!(lane.is_ready());
    lane.hold();
    lane.push(message("pushed"), Urgency::Prompt).unwrap();
    let marker = packet::event_text(&format!(r#"["{MARKER}",null]"#));
    let queued = [message("queued"), marker, message("after")].concat();
    transport_writes(&lane, &queued).await;
    lane.push(message("pushed later"), Urgency::Prompt).unwrap();
    let order = [
        "handshake",
        "welcome",
        "queued",
        "pushed",
        "after",
        "pushed later",
    ];
    let expected = order.map(message).concat();
    let mut read = vec![0; expected.len()];
    peer.read_exact(&mut read).await.unwrap();
    assert_eq!(read, expected);
    assert!(lane.is_empty());
}

#[tokio::test]
async fn the_open_packet_names_the_time_that_this_server_waits() {
    let limits = Limits::default();
    let (lane, mut peer) = connected(&limits).await;
    let open = |timeout| format!(r#"0{{"sid":"x","pingTimeout":{}}}"#, millis(timeout));
    let (written, read) = (TRANSPORT_PING_TIMEOUT, limits.ping_timeout);
    let writes = [written, written].map(|it| packet::text(&open(it)));
    transport_writes(&lane, &writes.concat()).await;
    // Only the first message can be it.
    let expected = [read, written].map(|it| packet::text(&open(it))).concat();
    let mut taken = vec![0; expected.len()];
    peer.read_exact(&mut taken).await.unwrap();
    assert_eq!(taken, expected);
}

#[tokio::test]
async fn what_is_pushed_does_not_part_a_packet_from_its_attachments() {
    let (lane, mut peer) = connected(&Limits::default()).await;
    let header = frame(
        0x81,
        br#"452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
    );
    // It writes so much of a packet at a time, and flushes the rest with the last of it.
    let first = [header, frame(0x82, &[b'b'; 50_000])].concat();
    let writes = [message("welcome"), message("later")].concat();
    transport_writes(&lane, &writes).await;
    let packet = async {
        poll_fn(|cx| lane.poll_write(cx, &first)).await.unwrap();
        lane.push(message("pushed"), Urgency::Prompt).unwrap();
        // A ping of the client's has an answer, which is flushed meanwhile.
        poll_fn(|cx| lane.poll_flush(cx)).await.unwrap();
        lane.push(message("pushed later"), Urgency::Prompt).unwrap();
        transport_writes(&lane, &frame(0x82, b"bb")).await;
    };
    let rest = [
        frame(0x82, b"bb"),
        message("pushed").to_vec(),
        message("pushed later").to_vec(),
    ];
    let expected = [&writes[..], &first, &rest.concat()].concat();
    let mut read = vec![0; expected.len()];
    let ((), taken) = tokio::join!(packet, peer.read_exact(&mut read));
    taken.unwrap();
    assert!(read == expected);
    assert!(lane.is_empty());
}

#[tokio::test]
async fn what_the_transport_writes_last_leaves_without_a_flush() {
    let (lane, mut peer) = connected(&Limits::default()).await;
    let close = [0x88, 0];
    let taken = poll_fn(|cx| lane.poll_write(cx, &close)).await.unwrap();
    lane.close();
    let mut read = Vec::new();
    peer.read_to_end(&mut read).await.unwrap();
    assert_eq!((taken, read.as_slice()), (2, close.as_slice()));
}

#[tokio::test]
async fn the_transport_waits_for_its_own_frames_and_not_for_what_is_pushed_after_them() {
    let (lane, mut peer) = connected(&Limits::default()).await;
    let large = message(&"x".repeat(MORE_THAN_FITS));
    poll_fn(|cx| lane.poll_write(cx, &large)).await.unwrap();
    let pushed = message(&"y".repeat(MORE_THAN_FITS));
    lane.state().outgoing.push(pushed.clone());
    let mut read = vec![0; large.len()];
    let flush = poll_fn(|cx| lane.poll_flush(cx));
    let (flushed, taken) = tokio::join!(flush, peer.read_exact(&mut read));
    flushed.unwrap();
    taken.unwrap();
    assert!(!lane.is_empty());
    peer.read_exact(&mut vec![0; pushed.len()]).await.unwrap();
}

#[tokio::test]
async fn many_frames_arrive_whole_and_in_order_beside_those_of_the_transport() {
    let limits = Limits {
        queue_bytes_max: usize::MAX,
        ..Limits::default()
    };
    let (lane, mut peer) = connected(&limits).await;
    let (pushed, written) = (message(&"p".repeat(3_000)), message(&"w".repeat(5_000)));
    let count = 2_000;
    for _ in 0..count {
        lane.push(pushed.clone(), Urgency::Prompt).unwrap();
    }
    let writing = async {
        for _ in 0..count {
            transport_writes(&lane, &written).await;
        }
    };
    let mut read = vec![0; count * (pushed.len() + written.len())];
    let (_, reading) = tokio::join!(writing, peer.read_exact(&mut read));
    reading.unwrap();
    let (mut seen, mut seen_written) = (0, 0);
    for found in frames(&read) {
        match found.frame == pushed {
            true => seen += 1,
            false => {
                assert_eq!(found.frame, written);
                seen_written += 1;
            }
        }
    }
    assert_eq!((seen, seen_written), (count, count));
}

#[tokio::test]
async fn a_queue_takes_one_frame_of_any_size_and_then_the_limit() {
    let limits = Limits {
        queue_bytes_max: 1_000,
        ..Limits::default()
    };
    let (lane, _peer) = connected(&limits).await;
    lane.push(message(&"x".repeat(MORE_THAN_FITS)), Urgency::Prompt)
        .unwrap();
    assert_eq!(lane.push(message("more"), Urgency::Prompt), Err(Full));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_for_too_long_is_closed() {
    let (lane, _peer) = connected(&Limits::default()).await;
    let large = message(&"x".repeat(MORE_THAN_FITS));
    poll_fn(|cx| lane.poll_write(cx, &large)).await.unwrap();
    let error = poll_fn(|cx| lane.poll_flush(cx)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    // What is pushed to what is closed is nobody's.
    lane.push(message("late"), Urgency::Prompt).unwrap();
}

#[tokio::test]
async fn the_transport_waits_while_the_peer_is_behind_and_little_more_is_read() {
    let limits = Limits {
        message_bytes_max: 1_000,
        ..Limits::default()
    };
    let (lane, mut peer) = connected(&limits).await;
    let large = message(&"x".repeat(MORE_THAN_FITS));
    lane.push(large.clone(), Urgency::Prompt).unwrap();
    let write = message("ping");
    assert!(
        poll_fn(|cx| lane.poll_write(cx, &write))
            .now_or_never()
            .is_none()
    );

    peer.write_all(&[b'y'; 3_000]).await.unwrap();
    let mut read = 0;
    while read < limits.message_bytes_max {
        read += some_read(&lane).await;
    }
    assert!(
        some_read(&lane).now_or_never().is_none(),
        "read more than {read}"
    );

    let taking = async {
        peer.read_exact(&mut vec![0; large.len()]).await.unwrap();
        peer
    };
    let (mut peer, ()) = tokio::join!(taking, transport_writes(&lane, &write));
    let mut ping = vec![0; write.len()];
    peer.read_exact(&mut ping).await.unwrap();
    assert_eq!(ping, write);
    while read < 3_000 {
        read += some_read(&lane).await;
    }
}

#[tokio::test]
async fn a_stream_that_panics_is_closed_and_others_are_written() {
    let rounds = Arc::new(Rounds::new());
    let (broken, mut broken_peer) = connected_in(&rounds, &Limits::default()).await;
    let (fine, mut fine_peer) = connected_in(&rounds, &Limits::default()).await;
    let panics = Arc::new(Panics).into();
    broken.handle.writer.register(&panics);
    for lane in [&broken, &fine] {
        lane.push(message("pushed"), Urgency::Prompt).unwrap();
    }
    let pushed = message("pushed");
    let mut read = vec![0; pushed.len()];
    for _round in 0..2 {
        fine_peer.read_exact(&mut read).await.unwrap();
        assert_eq!(read, pushed);
        fine.push(pushed.clone(), Urgency::Prompt).unwrap();
    }
    broken_peer.read_to_end(&mut read).await.unwrap();
    assert!(broken.handle.check().is_err());
}

#[tokio::test]
async fn what_is_prompt_overtakes_what_waits_for_its_turn_elsewhere() {
    let rounds = Arc::new(Rounds::new());
    let mut lanes = Vec::new();
    for _ in 0..100 {
        lanes.push(connected_in(&rounds, &Limits::default()).await);
    }
    let (last, others) = lanes.split_last_mut().unwrap();
    for (lane, _) in others.iter() {
        lane.push(message("broadcast"), Urgency::InTurn).unwrap();
    }
    let (lane, peer) = last;
    lane.push(message("broadcast"), Urgency::InTurn).unwrap();
    lane.push(message("answer"), Urgency::Prompt).unwrap();
    while !lane.is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(others.iter().any(|(lane, _)| !lane.is_empty()));
    let expected = [message("broadcast"), message("answer")].concat();
    let mut read = vec![0; expected.len()];
    peer.read_exact(&mut read).await.unwrap();
    assert_eq!(read, expected);
    for (_, peer) in others {
        let mut read = vec![0; message("broadcast").len()];
        peer.read_exact(&mut read).await.unwrap();
    }
}

#[tokio::test]
async fn of_what_waits_for_its_turn_the_first_leaves_at_once_and_the_rest_together() {
    let (lane, mut peer) = connected(&Limits::default()).await;
    let mut read = vec![0; message("first").len()];
    let started = Instant::now();
    lane.push(message("first"), Urgency::InTurn).unwrap();
    while !lane.is_empty() {
        tokio::task::yield_now().await;
    }
    peer.read_exact(&mut read).await.unwrap();
    for text in ["second", "third"] {
        lane.push(message(text), Urgency::InTurn).unwrap();
    }
    let mut read = vec![0; 1_000];
    let bytes = peer.read(&mut read).await.unwrap();
    assert_eq!(
        read[..bytes],
        *[message("second"), message("third")].concat()
    );
    // The clock counts whole milliseconds.
    assert!(started.elapsed() >= BETWEEN_TURNS - Duration::from_millis(1));
}

#[tokio::test(start_paused = true)]
async fn from_a_client_that_asks_for_too_much_little_is_read_and_only_after_a_rest() {
    let (lane, mut peer) = connected(&Limits::default()).await;
    peer.write_all(&[b'x'; 50_000]).await.unwrap();
    lane.exceeded();
    let started = tokio::time::Instant::now();
    let mut bytes = vec![0; 50_000];
    let mut buf = ReadBuf::new(&mut bytes);
    poll_fn(|cx| lane.poll_read(cx, &mut buf)).await.unwrap();
    assert_eq!(buf.filled().len(), BYTES_AFTER_REST);
    assert!(started.elapsed() >= REST);
    lane.exceeded();
    lane.handle.close();
    let read = poll_fn(|cx| lane.poll_read(cx, &mut buf));
    assert!(
        read.now_or_never().unwrap().is_err(),
        "it rests though closed"
    );
}

/// A task that cannot be woken.
struct Panics;

impl std::task::Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("woken");
    }
}

async fn some_read(lane: &Lane) -> usize {
    let mut bytes = [0; 100];
    let mut buf = ReadBuf::new(&mut bytes);
    poll_fn(|cx| lane.poll_read(cx, &mut buf)).await.unwrap();
    buf.filled().len()
}

/// Writes and flushes as the transport does.
pub(in crate::stream) async fn transport_writes(lane: &Arc<Lane>, frames: &[u8]) {
    let taken = poll_fn(|cx| lane.poll_write(cx, frames)).await.unwrap();
    assert_eq!(taken, frames.len());
    poll_fn(|cx| lane.poll_flush(cx)).await.unwrap();
}

pub(in crate::stream) fn message(text: &str) -> Bytes {
    packet::event_text(&format!("[\"{text}\"]"))
}

/// A frame as a server writes it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    match payload.len() {
        bytes @ 0..126 => [&[first, bytes as u8], payload].concat(),
        _ => [&[first, 126], &length[..], payload].concat(),
    }
}

pub(in crate::stream) async fn connected(limits: &Limits) -> (Arc<Lane>, TcpStream) {
    connected_in(&Arc::new(Rounds::new()), limits).await
}

async fn connected_in(rounds: &Arc<Rounds>, limits: &Limits) -> (Arc<Lane>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (peer, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (tcp, remote) = accepted.unwrap();
    let handle = Arc::new(StreamHandle::new(remote));
    let stream = ClientStream::new(tcp, handle, Arc::new(Steady(Instant::now())), limits);
    (
        stream.into_lane(rounds.clone(), Arc::new(limits.clone())),
        peer.unwrap(),
    )
}

struct Steady(Instant);

impl Clock for Steady {
    fn now(&self) -> Moment {
        Moment(u64::try_from(self.0.elapsed().as_millis()).unwrap())
    }

    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }

    fn sleep(&self, _span: Duration) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}
