//! The line to one client: whether it is cut, when anything came over it, and how much waits to
//! go out.
//!
//! A client gets everything or its line is cut. A Socket.IO disconnect packet is no cut: it
//! fails when the queue is full, and stock clients do not come back after it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rtm_domain::time::Moment;
use tokio_util::sync::CancellationToken;

use crate::stream::StreamHandle;

/// Why a line was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// More waited for the client than its queue may hold.
    QueueFull,
    /// The client took nothing of what waited for it for too long.
    WriteStalled,
    /// A handler failed in a way that leaves the connection in doubt.
    Fault,
    /// The server is going away.
    Shutdown,
}

impl Cut {
    /// A stable name, for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Cut::QueueFull => "queue_full",
            Cut::WriteStalled => "write_stalled",
            Cut::Fault => "fault",
            Cut::Shutdown => "shutdown",
        }
    }
}

/// The line to one client, whatever it is made of: one WebSocket, or requests that come and go.
#[derive(Debug)]
pub struct Line {
    queue_bytes_max: usize,
    waiting_bytes: AtomicUsize,
    heard: AtomicU64,
    is_cut: AtomicBool,
    reason: OnceLock<Cut>,
    /// Ends requests that wait for something to send.
    ended: CancellationToken,
    stream: Mutex<Option<Arc<StreamHandle>>>,
}

impl Line {
    /// A line over which something came at `heard`.
    pub fn new(queue_bytes_max: usize, heard: Moment) -> Self {
        Self {
            queue_bytes_max,
            waiting_bytes: AtomicUsize::new(0),
            heard: AtomicU64::new(heard.0),
            is_cut: AtomicBool::new(false),
            reason: OnceLock::new(),
            ended: CancellationToken::new(),
            stream: Mutex::new(None),
        }
    }

    /// The stream that carries it from now on.
    pub(crate) fn carried_by(self: &Arc<Self>, stream: Arc<StreamHandle>) {
        stream.carries(self.clone());
        if self.is_cut() {
            stream.close();
        }
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
    }

    /// Counts a packet of `bytes` that is about to be queued. False, and cut, if it is too much.
    pub fn enqueue(&self, bytes: usize) -> bool {
        if self.is_cut() {
            return false;
        }
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before > 0 && before + bytes > self.queue_bytes_max {
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
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stream) = &*stream {
            stream.close();
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_takes_one_packet_of_any_size_and_then_the_limit() {
        let line = Line::new(100, Moment(0));
        assert!(line.enqueue(5000));
        assert!(!line.enqueue(1));
        assert_eq!(line.reason(), Some(Cut::QueueFull));
    }

    #[test]
    fn what_was_written_makes_room() {
        let line = Line::new(100, Moment(0));
        assert!(line.enqueue(60));
        assert!(line.enqueue(40));
        line.drained();
        assert!(line.enqueue(100));
        assert!(!line.is_cut());
    }

    #[test]
    fn the_first_reason_counts() {
        let line = Line::new(100, Moment(0));
        line.cut(Cut::WriteStalled);
        line.cut(Cut::Shutdown);
        assert_eq!(line.reason(), Some(Cut::WriteStalled));
    }
}
