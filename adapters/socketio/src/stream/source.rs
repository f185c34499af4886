//! What a WebSocket's client sends, byte by byte: what was read with its request, then what comes
//! over the lane. A session that has to go is led out.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::ReadBuf;

use crate::pending::Newcomer;
use crate::stream::lane::Lane;
use crate::way_out;

/// Where the bytes come from.
pub(super) struct Source {
    lane: Arc<Lane>,
    /// What comes before anything over the lane.
    early: Bytes,
    /// The session that came with this stream, until it is led out.
    newcomer: Option<Arc<Newcomer>>,
    led_out: bool,
}

impl Source {
    pub(super) fn new(lane: Arc<Lane>, early: Bytes, newcomer: Option<Arc<Newcomer>>) -> Self {
        Self {
            lane,
            // Even an empty part keeps the whole buffer in which the request was read.
            early: if early.is_empty() {
                Bytes::new()
            } else {
                early
            },
            newcomer,
            led_out: false,
        }
    }

    /// Reads more; `is_between` tells whether the next byte begins a message, and the transport
    /// would take any.
    pub(super) fn poll_read(
        &mut self,
        is_between: bool,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.lane.handle().reader.register(cx.waker());
        if self.early.is_empty() && is_between && self.leads_out(false) {
            self.early = way_out::frame();
        }
        if self.early.is_empty() {
            if self.led_out {
                // Somebody closes it at the end of the way out.
                self.lane.handle().check()?;
                return Poll::Pending;
            }
            let before = buf.filled().len();
            let read = ready!(self.lane.poll_read(cx, buf));
            let is_at_end = read.is_err() || buf.filled().len() == before;
            if !is_at_end || !is_between || !self.leads_out(true) {
                return Poll::Ready(read);
            }
            self.early = way_out::frame();
        }
        let bytes = self.early.len().min(buf.remaining());
        buf.put_slice(&self.early.split_to(bytes));
        Poll::Ready(Ok(()))
    }

    /// Whether it goes the way out with this read. The transport keeps a session that never
    /// entered any namespace for as long as it may take to enter, even if it is gone.
    fn leads_out(&mut self, is_at_end: bool) -> bool {
        let is_dismissed = self.lane.handle().is_dismissed();
        if self.led_out || !(is_at_end || is_dismissed) {
            return false;
        }
        self.led_out = match self.newcomer.take() {
            Some(newcomer) => !newcomer.has_entered(),
            None => is_dismissed,
        };
        self.led_out
    }
}
