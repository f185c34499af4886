//! A stream that has become a WebSocket, as the transport reads and writes it: what has come of
//! an unfinished message is counted, and a session that has to go is led out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::partial::{Partial, Partials};
use crate::pending::Newcomer;
use crate::stream::StreamHandle;
use crate::stream::lane::Lane;
use crate::stream::messages::Messages;
use crate::way_out;

/// A WebSocket's stream.
pub(crate) struct WebSocketStream {
    lane: Arc<Lane>,
    handle: Arc<StreamHandle>,
    /// What was read with the request.
    early: Bytes,
    messages: Messages,
    partial: Partial,
    /// The session that came with this stream, until it is led out.
    newcomer: Option<Arc<Newcomer>>,
    led_out: bool,
    /// What to do when the transport lets go of it.
    _when_gone: Option<WhenGone>,
}

/// Does something when it is dropped.
pub(crate) struct WhenGone(pub(crate) Option<Box<dyn FnOnce() + Send>>);

impl Drop for WhenGone {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

impl WebSocketStream {
    /// `early` was read before it became one.
    pub(crate) fn new(
        lane: Arc<Lane>,
        early: Bytes,
        partials: &Arc<Partials>,
        newcomer: Option<Arc<Newcomer>>,
        when_gone: Option<WhenGone>,
    ) -> Self {
        let handle = lane.handle().clone();
        let given_up = Arc::downgrade(&handle);
        let partial = partials.begin(move || {
            if let Some(handle) = given_up.upgrade() {
                handle.close();
            }
        });
        Self {
            lane,
            handle,
            early,
            messages: Messages::default(),
            partial,
            newcomer,
            led_out: false,
            _when_gone: when_gone,
        }
    }

    /// Whether it goes the way out with this read. The transport keeps a session that never
    /// entered any namespace for as long as it may take to enter, even if it is gone.
    fn leads_out(&mut self, is_at_end: bool) -> bool {
        let must_go = is_at_end || self.handle.is_dismissed();
        if self.led_out || !must_go || !self.messages.is_between() {
            return false;
        }
        let newcomer = self.newcomer.take();
        self.led_out = match newcomer {
            Some(newcomer) => !newcomer.has_entered(),
            None => self.handle.is_dismissed(),
        };
        self.led_out
    }
}

impl Drop for WebSocketStream {
    fn drop(&mut self) {
        // Others may still hold the lane.
        self.handle.close();
    }
}

impl AsyncRead for WebSocketStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.handle.reader.register(cx.waker());
        let before = buf.filled().len();
        if this.early.is_empty() && this.leads_out(false) {
            this.early = way_out::frame();
        }
        if this.early.is_empty() {
            if this.led_out {
                // Somebody closes it at the end of the way out.
                this.handle.check()?;
                return Poll::Pending;
            }
            let read = ready!(this.lane.poll_read(cx, buf));
            let is_at_end = read.is_err() || buf.filled().len() == before;
            if is_at_end && !this.leads_out(true) {
                return Poll::Ready(read);
            }
            if is_at_end {
                this.early = way_out::frame();
            }
        }
        let bytes = this.early.len().min(buf.remaining());
        buf.put_slice(&this.early.split_to(bytes));
        let read = buf.filled().get(before..).unwrap_or_default();
        this.messages.read(read);
        if this.messages.announces() && !this.handle.carries_line() {
            // The transport would keep it, even when it is gone, for as long as it may take to
            // enter. Nobody who means well has something to say before.
            buf.set_filled(before);
            this.handle.close();
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        this.partial.set(this.messages.partial());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WebSocketStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.lane.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lane.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.lane.poll_flush(cx))?;
        Poll::Ready(self.lane.shut_down())
    }
}
