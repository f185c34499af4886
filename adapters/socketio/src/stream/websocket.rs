//! A stream that has become a WebSocket, as the transport reads and writes it: what has come of
//! an unfinished message is counted, and large frames are read in fragments.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::partial::{Partial, Partials};
use crate::pending::Newcomer;
use crate::stream::frames::Frames;
use crate::stream::lane::Lane;
use crate::stream::messages::{Messages, Polled};
use crate::stream::source::Source;

/// A WebSocket's stream.
pub(crate) struct WebSocketStream {
    lane: Arc<Lane>,
    source: Source,
    frames: Frames,
    messages: Messages,
    partial: Partial,
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
        payload_max: usize,
        newcomer: Option<Arc<Newcomer>>,
        polled: Option<Polled>,
        when_gone: Option<WhenGone>,
    ) -> Self {
        let given_up = Arc::downgrade(lane.handle());
        let partial = partials.begin(move || {
            if let Some(handle) = given_up.upgrade() {
                handle.close();
            }
        });
        Self {
            source: Source::new(lane.clone(), early, newcomer),
            lane,
            frames: Frames::new(payload_max),
            messages: polled.map_or_else(Messages::default, Messages::after),
            partial,
            _when_gone: when_gone,
        }
    }
}

impl Drop for WebSocketStream {
    fn drop(&mut self) {
        // Others may still hold the lane.
        self.lane.handle().close();
    }
}

impl AsyncRead for WebSocketStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let (frames, source) = (&mut this.frames, &mut this.source);
        let more = |is_between, part: &mut ReadBuf<'_>| source.poll_read(is_between, cx, part);
        let takes_pong = || this.lane.pong();
        ready!(frames.poll_read(buf, &mut this.messages, takes_pong, more))?;
        let handle = this.lane.handle();
        // Attachments that are announced before it has entered, the transport would keep, even
        // when the session is gone, for as long as it may take to enter.
        let announces_early = this.messages.announces() && !handle.carries_line();
        if announces_early || this.messages.is_forbidden() {
            // Nobody who means well says this.
            buf.set_filled(before);
            handle.close();
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if this.messages.take_answer() {
            this.lane.pong();
        }
        if this.messages.take_chatter() {
            this.lane.exceeded();
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
