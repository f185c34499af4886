//! A client's TCP stream with a switch: it can be closed from anywhere, and it closes itself
//! when its peer takes nothing for too long. From a peer that does not take what it is sent,
//! little more is read, as every packet may have an answer.

mod frames;
mod head;
mod heartbeats;
pub(crate) mod lane;
mod messages;
mod outgoing;
mod pace;
mod read_ahead;
mod rounds;
mod source;
mod websocket;
mod written;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use rtm_domain::ports::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::limits::Limits;
use crate::line::{Cut, Line};

pub(crate) use heartbeats::Heartbeats;
use lane::Lane;
pub(crate) use messages::Polled;
use read_ahead::ReadAhead;
pub(crate) use rounds::{Rounds, Urgency};
pub(crate) use websocket::{WebSocketStream, WhenGone};

/// The switch of a stream, and what is known of it. Requests carry it as an extension.
#[derive(Debug)]
pub(crate) struct StreamHandle {
    /// The other end.
    pub(crate) remote: SocketAddr,
    closed: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
    line: Mutex<Option<Arc<Line>>>,
    lane: OnceLock<Weak<Lane>>,
    dismissed: AtomicBool,
}

impl StreamHandle {
    /// The handle of an open stream.
    pub(crate) fn new(remote: SocketAddr) -> Self {
        Self {
            remote,
            closed: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
            line: Mutex::default(),
            lane: OnceLock::new(),
            dismissed: AtomicBool::new(false),
        }
    }

    /// Closes the stream; whoever reads or writes it gets an error.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.reader.wake();
        self.writer.wake();
        if let Some(lane) = self.lane() {
            lane.close();
        }
    }

    /// The line that this stream carries from now on.
    pub(crate) fn carries(&self, line: Arc<Line>) {
        let mut carried = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        *carried = Some(line);
    }

    /// Whether its session has entered the namespace.
    fn carries_line(&self) -> bool {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.is_some()
    }

    /// Does something with the line that it carries, if there is one. It must not block.
    fn with_line(&self, work: impl FnOnce(&Arc<Line>)) {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = &*line {
            work(line);
        }
    }

    /// The stream is a WebSocket.
    fn lane_is(&self, lane: &Arc<Lane>) {
        let _ = self.lane.set(Arc::downgrade(lane));
    }

    /// The way past the transport, if the stream is a WebSocket.
    pub(crate) fn lane(&self) -> Option<Arc<Lane>> {
        self.lane.get()?.upgrade()
    }

    /// Cuts the line that it carries; closes it, if there is none.
    fn cut(&self, reason: Cut) {
        let mut line = None;
        self.with_line(|carried| line = Some(carried.clone()));
        match line {
            Some(line) => line.cut(reason),
            None => {
                let (remote, reason) = (self.remote, reason.name());
                tracing::info!(%remote, reason, "a stream was cut");
                self.close();
            }
        }
    }

    /// Its session has not entered and has to go: it is led out.
    pub(crate) fn dismiss(&self) {
        self.dismissed.store(true, Ordering::SeqCst);
        self.reader.wake();
    }

    fn is_dismissed(&self) -> bool {
        self.dismissed.load(Ordering::SeqCst)
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn check(&self) -> io::Result<()> {
        if self.is_closed() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}

/// A stream that obeys its handle.
pub(crate) struct ClientStream<S> {
    inner: S,
    handle: Arc<StreamHandle>,
    clock: Arc<dyn Clock>,
    stall_max: Duration,
    stall: Option<Pin<Box<Sleep>>>,
    read_ahead: ReadAhead,
}

impl<S> ClientStream<S> {
    /// Puts a switch on `inner`.
    pub(crate) fn new(
        inner: S,
        handle: Arc<StreamHandle>,
        clock: Arc<dyn Clock>,
        limits: &Limits,
    ) -> Self {
        Self {
            inner,
            handle,
            clock,
            stall_max: limits.write_stall_max,
            stall: None,
            read_ahead: ReadAhead::new(limits.message_bytes_max),
        }
    }

    /// The peer takes nothing: waits `stall_max` for that to change.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let stall_max = self.stall_max;
        let stall = self
            .stall
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(stall_max)));
        ready!(stall.as_mut().poll(cx));
        self.handle.cut(Cut::WriteStalled);
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl ClientStream<TcpStream> {
    /// The stream becomes a WebSocket.
    pub(crate) fn into_lane(self, rounds: Arc<Rounds>, limits: Arc<Limits>) -> Arc<Lane> {
        Lane::new(self.inner, self.handle, self.clock, rounds, limits)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.handle.reader.register(cx.waker());
        this.handle.check()?;
        if this.read_ahead.is_used_up() {
            // Whoever writes wakes it.
            return Poll::Pending;
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        let read = buf.filled().len() - before;
        this.read_ahead.read(read);
        if read > 0 {
            let now = this.clock.now();
            this.handle.with_line(|line| line.hear(now));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.handle.writer.register(cx.waker());
        this.handle.check()?;
        match Pin::new(&mut this.inner).poll_write(cx, buf) {
            Poll::Ready(written) => {
                this.stall = None;
                if let Ok(bytes) = &written
                    && this.read_ahead.wrote(*bytes)
                {
                    this.handle.reader.wake();
                }
                Poll::Ready(written)
            }
            Poll::Pending => {
                this.read_ahead.waits();
                this.poll_stalled(cx).map(Err)
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.handle.writer.register(cx.waker());
        this.handle.check()?;
        ready!(Pin::new(&mut this.inner).poll_flush(cx))?;
        if this.read_ahead.all_written() {
            this.handle.reader.wake();
        }
        this.handle.with_line(|line| line.drained());
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
