//! The line to one client: whether it is cut, when anything came over it, and how much waits to
//! go out.
//!
//! A client gets everything or its line is cut. A Socket.IO disconnect packet is no cut: it
//! fails when the queue is full, and stock clients do not come back after it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rtm_domain::time::Moment;
use socketioxide::socket::DisconnectReason;
use tokio_util::sync::CancellationToken;

use crate::limits::Limits;
use crate::stream::StreamHandle;
use crate::stream::lane::Lane;

/// Why a line was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// More waited for the client than its queue may hold.
    QueueFull,
    /// The client took nothing of what waited for it for too long.
    WriteStalled,
    /// A handler failed in a way that leaves the connection in doubt.
    Fault,
    /// The client did not answer a ping.
    PingTimeout,
    /// The client sent what is no packet, or too large a one.
    BadPacket,
    /// The client polled twice at once.
    PolledTwice,
    /// The stream broke, or something on it was no frame or too large, or had to make room.
    TransportError,
    /// What proved the client's identity has expired.
    IdentityExpired,
    /// The user was shut out.
    Revoked,
    /// The server is going away.
    Shutdown,
}

impl Cut {
    /// What the transport cut a connection for; none if it simply ended.
    pub(crate) fn by_transport(reason: DisconnectReason) -> Option<Self> {
        match reason {
            DisconnectReason::HeartbeatTimeout => Some(Cut::PingTimeout),
            DisconnectReason::PacketParsingError => Some(Cut::BadPacket),
            DisconnectReason::MultipleHttpPollingError => Some(Cut::PolledTwice),
            DisconnectReason::TransportError => Some(Cut::TransportError),
            DisconnectReason::TransportClose
            | DisconnectReason::ClientNSDisconnect
            | DisconnectReason::ServerNSDisconnect
            | DisconnectReason::ClosingServer => None,
        }
    }

    /// A stable name, for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Cut::QueueFull => "queue_full",
            Cut::WriteStalled => "write_stalled",
            Cut::Fault => "fault",
            Cut::PingTimeout => "ping_timeout",
            Cut::BadPacket => "bad_packet",
            Cut::PolledTwice => "polled_twice",
            Cut::TransportError => "transport_error",
            Cut::IdentityExpired => "identity_expired",
            Cut::Revoked => "revoked",
            Cut::Shutdown => "shutdown",
        }
    }
}

/// The line to one client, whatever it is made of: one WebSocket, or requests that come and go.
pub struct Line {
    queue_bytes_max: usize,
    /// The same while the client polls: one answer then holds all that waits.
    polled_bytes_max: usize,
    waiting_bytes: AtomicUsize,
    /// Since when something waits; of no meaning while nothing does.
    waiting_since: AtomicU64,
    heard: AtomicU64,
    is_cut: AtomicBool,
    reason: OnceLock<Cut>,
    /// Ends requests that wait for something to send.
    ended: CancellationToken,
    /// Those that carry it: one, unless a client asks for several, which the transport refuses
    /// later.
    streams: Mutex<Vec<Weak<StreamHandle>>>,
    when_cut: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.reason();
        f.debug_struct("Line")
            .field("cut", &cut)
            .finish_non_exhaustive()
    }
}

impl Line {
    /// A line over which something came at `heard`.
    pub fn new(limits: &Limits, heard: Moment) -> Self {
        Self {
            queue_bytes_max: limits.queue_bytes_max,
            polled_bytes_max: limits.queue_bytes_max.min(limits.message_bytes_max),
            waiting_bytes: AtomicUsize::new(0),
            waiting_since: AtomicU64::new(heard.0),
            heard: AtomicU64::new(heard.0),
            is_cut: AtomicBool::new(false),
            reason: OnceLock::new(),
            ended: CancellationToken::new(),
            streams: Mutex::default(),
            when_cut: OnceLock::new(),
        }
    }

    /// A stream carries it from now on.
    pub(crate) fn carried_by(self: &Arc<Self>, stream: &Arc<StreamHandle>) {
        stream.carries(self.clone());
        let (mut streams, carrier) = (self.streams(), Arc::downgrade(stream));
        if !streams.iter().any(|known| known.ptr_eq(&carrier)) {
            streams.push(carrier);
        }
        if self.is_cut() {
            stream.close();
        }
    }

    /// What to do when it is cut; it must not block. The first one stays.
    pub(crate) fn when_cut(&self, work: impl Fn() + Send + Sync + 'static) {
        let _ = self.when_cut.set(Box::new(work));
    }

    /// Counts a packet of `bytes` that is about to be queued. False, and cut, if it is too much.
    pub fn enqueue(&self, bytes: usize, now: Moment) -> bool {
        if self.is_cut() {
            return false;
        }
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before == 0 {
            self.waiting_since.store(now.0, Ordering::Relaxed);
        }
        let waiting = before + bytes;
        if before > 0
            && waiting > self.polled_bytes_max
            && !(waiting <= self.queue_bytes_max && self.is_carried())
        {
            self.cut(Cut::QueueFull);
            return false;
        }
        true
    }

    /// All that was queued when the last writing began has been written.
    ///
    /// What was queued during that writing is forgotten with it, so up to twice the limit may
    /// wait: the transport writes everything it finds in one go, and does not say how much.
    pub(crate) fn drained(&self) {
        self.waiting_bytes.store(0, Ordering::Relaxed);
    }

    /// Whether nothing waits to be sent.
    pub(crate) fn is_drained(&self) -> bool {
        let is_empty = |stream: &Weak<StreamHandle>| {
            let lane = stream.upgrade().and_then(|stream| stream.lane());
            lane.is_none_or(|lane| lane.is_empty())
        };
        self.waiting_bytes.load(Ordering::Relaxed) == 0 && self.streams().iter().all(is_empty)
    }

    /// The way past the transport's queue, once that queue ends in one of the streams.
    pub(crate) fn lane(&self) -> Option<Arc<Lane>> {
        let streams = self.streams();
        let mut lanes = streams.iter().filter_map(|stream| stream.upgrade()?.lane());
        lanes.find(|lane| lane.is_ready())
    }

    /// Cuts it if it has no stream, which would notice by itself, and something has waited for
    /// `stall_max`: a client that polls no more.
    pub(crate) fn check_stalled(&self, now: Moment, stall_max: Duration) {
        let since = Moment(self.waiting_since.load(Ordering::Relaxed));
        if !self.is_drained() && now.since(since) > stall_max && !self.is_carried() {
            self.cut(Cut::WriteStalled);
        }
    }

    /// The client asks for more than it may: it is read more slowly for a while. A client that
    /// polls is slow enough.
    pub(crate) fn exceeded(&self) {
        for stream in self.streams().iter().filter_map(Weak::upgrade) {
            if let Some(lane) = stream.lane() {
                lane.exceeded();
            }
        }
    }

    /// Something came over it.
    pub(crate) fn hear(&self, now: Moment) {
        self.heard.fetch_max(now.0, Ordering::Relaxed);
    }

    /// When something came over it last.
    pub fn heard(&self) -> Moment {
        Moment(self.heard.load(Ordering::Relaxed))
    }

    /// Cuts it: the stream is closed, and nothing more is sent or accepted.
    pub fn cut(&self, reason: Cut) {
        if self.is_cut.swap(true, Ordering::SeqCst) {
            return;
        }
        let _ = self.reason.set(reason);
        self.ended.cancel();
        for stream in self.streams().iter().filter_map(Weak::upgrade) {
            stream.close();
        }
        if let Some(work) = self.when_cut.get() {
            work();
        }
    }

    /// The transport cut it. What the client asked before is done all the same.
    pub(crate) fn was_cut(&self, reason: Cut) {
        let _ = self.reason.set(reason);
    }

    /// Whether it was cut.
    pub fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::SeqCst)
    }

    /// Why it was cut.
    pub fn reason(&self) -> Option<Cut> {
        self.reason.get().copied()
    }

    /// Completes when it is cut.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Whether a stream carries it, or the client polls.
    pub(crate) fn is_carried(&self) -> bool {
        !self.streams().is_empty()
    }

    /// Its streams that are still there.
    fn streams(&self) -> MutexGuard<'_, Vec<Weak<StreamHandle>>> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|stream| stream.strong_count() > 0);
        streams
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            queue_bytes_max: 100,
            ..Limits::default()
        }
    }

    #[test]
    fn a_queue_takes_one_packet_of_any_size_and_then_the_limit() {
        let line = Line::new(&limits(), Moment(0));
        assert!(line.enqueue(5000, Moment(0)));
        assert!(!line.enqueue(1, Moment(0)));
        assert_eq!(line.reason(), Some(Cut::QueueFull));
    }

    #[test]
    fn what_was_written_makes_room() {
        let line = Line::new(&limits(), Moment(0));
        assert!(line.enqueue(60, Moment(0)));
        assert!(line.enqueue(40, Moment(0)));
        line.drained();
        assert!(line.enqueue(100, Moment(0)));
        assert!(!line.is_cut());
    }

    #[test]
    fn a_line_without_a_stream_is_cut_when_nobody_fetches_what_waits() {
        let line = Line::new(&limits(), Moment(0));
        let stall_max = Duration::from_millis(50);
        line.check_stalled(Moment(1000), stall_max);
        assert!(line.enqueue(10, Moment(1000)));
        line.check_stalled(Moment(1050), stall_max);
        assert!(!line.is_cut());
        line.check_stalled(Moment(1051), stall_max);
        assert_eq!(line.reason(), Some(Cut::WriteStalled));
    }

    #[test]
    fn the_first_reason_counts() {
        let line = Line::new(&limits(), Moment(0));
        line.cut(Cut::WriteStalled);
        line.cut(Cut::Shutdown);
        assert_eq!(line.reason(), Some(Cut::WriteStalled));
    }
}
