//! The way to a WebSocket's client past the transport: whole frames, which many streams may
//! share, are queued here and written in rounds. What the transport itself writes joins the queue
//! whole, so that frames never mix; neither does anything come between a packet of the transport
//! and its attachments, which it may write one by one.
//!
//! A stream starts with the transport's queue. To change over without a change of order, a
//! [marker](MARKER) goes through that queue, and what is pushed meanwhile is held until it comes
//! out here. The client never sees it.

mod state;

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rtm_domain::ports::Clock;
use socket2::SockRef;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::limits::Limits;
use crate::line::Cut;
use crate::stream::StreamHandle;
use crate::stream::outgoing::BATCH;
use crate::stream::rounds::{BETWEEN_TURNS, Rounds, Urgency};

use state::State;

/// The event that is the marker.
pub(crate) const MARKER: &str = "rtm:change-over";

/// Asks whether the client is there, in a frame.
const PING: &[u8] = b"\x81\x012";

/// A WebSocket's stream, from both sides: the transport reads and writes it, and connections
/// push frames to it.
pub(crate) struct Lane {
    writer: OwnedWriteHalf,
    /// Locked by the transport's reader alone.
    reader: Mutex<OwnedReadHalf>,
    handle: Arc<StreamHandle>,
    clock: Arc<dyn Clock>,
    rounds: Arc<Rounds>,
    limits: Arc<Limits>,
    state: Mutex<State>,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remote = self.handle.remote;
        f.debug_struct("Lane")
            .field("remote", &remote)
            .finish_non_exhaustive()
    }
}

/// More waited than may.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Lane {
    pub(super) fn new(
        tcp: TcpStream,
        handle: Arc<StreamHandle>,
        clock: Arc<dyn Clock>,
        rounds: Arc<Rounds>,
        limits: Arc<Limits>,
    ) -> Arc<Self> {
        rounds.run_here();
        let (reader, writer) = tcp.into_split();
        let lane = Arc::new(Self {
            writer,
            reader: Mutex::new(reader),
            clock,
            rounds,
            state: Mutex::new(State::new(limits.message_bytes_max)),
            limits,
            handle,
        });
        lane.handle.lane_is(&lane);
        lane
    }

    pub(crate) fn handle(&self) -> &Arc<StreamHandle> {
        &self.handle
    }

    /// Whether the session's queue ends here and nowhere else from now on. The first message is
    /// the handshake's; the next one comes from the transport's writer, which keeps the queue.
    pub(crate) fn is_ready(&self) -> bool {
        self.state().is_past_handshake()
    }

    /// What is pushed from now on waits for the marker.
    pub(crate) fn hold(&self) {
        self.state().outgoing.hold();
    }

    /// There will be no marker.
    pub(crate) fn release(self: &Arc<Self>) {
        let mut state = self.state();
        state.outgoing.release();
        self.gather(&mut state, Urgency::Prompt);
    }

    /// The client asks for more than it may.
    pub(crate) fn exceeded(&self) {
        self.state().pace.exceeded();
    }

    /// Asks whether the client is there. One for which too much waits is left to the limits of
    /// that.
    pub(super) fn ping(self: &Arc<Self>) {
        self.state().is_answered = false;
        if self
            .push(Bytes::from_static(PING), Urgency::Prompt)
            .is_err()
        {
            self.state().is_answered = true;
        }
    }

    /// The client answers. False as long as the transport is the one to hear of it.
    pub(super) fn pong(&self) -> bool {
        let mut state = self.state();
        state.is_answered |= state.is_past_handshake();
        state.is_past_handshake()
    }

    /// Whether the client has answered since it was asked last.
    pub(super) fn is_answered(&self) -> bool {
        self.state().is_answered
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.state().outgoing.bytes() == 0
    }

    /// Queues a frame, to be written with what else is pushed in this round. One frame of any
    /// size may enter an empty queue.
    pub(crate) fn push(self: &Arc<Self>, frame: Bytes, urgency: Urgency) -> Result<(), Full> {
        let mut state = self.state();
        if self.handle.check().is_err() {
            return Ok(());
        }
        let waiting = state.outgoing.bytes();
        if waiting > 0 && waiting + frame.len() > self.limits.queue_bytes_max {
            return Err(Full);
        }
        state.outgoing.push(frame);
        self.gather(&mut state, urgency);
        Ok(())
    }

    /// Has a round write it, unless somebody does so anyway.
    fn gather(self: &Arc<Self>, state: &mut State, urgency: Urgency) {
        if state.is_draining || state.is_prompt || state.outgoing.is_idle() {
            return;
        }
        match urgency {
            Urgency::Prompt => state.is_prompt = true,
            Urgency::InTurn if state.is_in_turn => return,
            Urgency::InTurn => {
                state.is_in_turn = true;
                if self.clock.now() < state.next_turn {
                    return self.rounds.add_later(self.clone());
                }
            }
        }
        self.rounds.add(self.clone(), urgency);
    }

    /// The round is over, or its turn has come.
    pub(super) fn write_gathered(self: &Arc<Self>, urgency: Urgency) {
        let mut state = self.state();
        match urgency {
            Urgency::Prompt => state.is_prompt = false,
            Urgency::InTurn => {
                state.is_in_turn = false;
                state.next_turn = self.clock.now().after(BETWEEN_TURNS);
            }
        }
        if !state.is_draining {
            self.write(&mut state);
        }
    }

    /// Takes messages of the transport, all of them or none.
    pub(super) fn poll_write(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.handle.writer.register(cx.waker());
        self.handle.check()?;
        let mut state = self.state();
        if state.is_far_behind() && !state.is_draining {
            self.write(&mut state);
        }
        if state.is_far_behind() {
            return Poll::Pending;
        }
        state.take(buf, &self.limits);
        if !state.is_draining {
            // It may not be flushed: the answer to a close is the last that is written.
            self.write(&mut state);
        }
        Poll::Ready(Ok(buf.len()))
    }

    /// Writes what can be written, and waits until all of the transport is.
    pub(super) fn poll_flush(self: &Arc<Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.handle.writer.register(cx.waker());
        self.handle.check()?;
        let mut state = self.state();
        if !state.is_draining {
            self.write(&mut state);
        }
        self.handle.check()?;
        if !state.outgoing.is_transport_done() {
            return Poll::Pending;
        }
        drop(state);
        self.handle.with_line(|line| line.drained());
        Poll::Ready(Ok(()))
    }

    /// Nothing is written after what is there.
    pub(super) fn shut_down(&self) -> io::Result<()> {
        SockRef::from(self.writer.as_ref()).shutdown(std::net::Shutdown::Write)
    }

    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.handle.reader.register(cx.waker());
        self.handle.check()?;
        let bytes_max = {
            let mut state = self.state();
            if state.read_ahead.is_used_up() {
                // Whoever writes wakes it.
                return Poll::Pending;
            }
            ready!(state.pace.poll_bytes(cx))
        };
        let bytes = buf.remaining().min(bytes_max);
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(bytes));
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        // What did not fill its part was all there is: the system is not asked again for that.
        ready!(Pin::new(&mut *reader).poll_read(cx, &mut part))?;
        drop(reader);
        let read = part.filled().len();
        buf.advance(read);
        let mut state = self.state();
        state.read_ahead.read(read);
        state.pace.read(read);
        drop(state);
        if read > 0 {
            let now = self.clock.now();
            self.handle.with_line(|line| line.hear(now));
        }
        Poll::Ready(Ok(()))
    }

    /// Closes the stream for good, whatever waits.
    pub(super) fn close(&self) {
        // The peer may have closed it before.
        let _ = SockRef::from(self.writer.as_ref()).shutdown(std::net::Shutdown::Both);
    }

    /// Hands to the system what it takes.
    fn write(self: &Arc<Self>, state: &mut State) {
        while !state.outgoing.is_idle() {
            let mut slices = [IoSlice::new(&[]); BATCH];
            let count = state.outgoing.batch(&mut slices);
            let written = match &slices[..count] {
                // The system takes one part by a shorter way than several.
                [only] => self.writer.try_write(only),
                parts => self.writer.try_write_vectored(parts),
            };
            match written {
                Ok(bytes) => {
                    state.outgoing.wrote(bytes);
                    state.is_moving = true;
                    self.handle.writer.wake();
                    if state.read_ahead.wrote(bytes) {
                        self.handle.reader.wake();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    state.read_ahead.waits();
                    if !state.is_draining {
                        state.is_draining = true;
                        tokio::spawn(self.clone().drain());
                    }
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, remote = %self.handle.remote, "a stream broke");
                    state.outgoing.clear();
                    self.handle.close();
                }
            }
        }
        if state.read_ahead.all_written() {
            self.handle.reader.wake();
        }
        self.handle.writer.wake();
    }

    /// Writes whenever the peer has taken something, until nothing waits. It runs only while a
    /// peer is behind.
    async fn drain(self: Arc<Self>) {
        while timeout(self.limits.write_stall_max, self.moves())
            .await
            .is_ok()
        {
            let mut state = self.state();
            if state.outgoing.is_idle() {
                state.is_draining = false;
                return;
            }
        }
        self.handle.cut(Cut::WriteStalled);
    }

    /// Completes when something was written, or nothing will be.
    async fn moves(self: &Arc<Self>) {
        loop {
            let is_writable = self.writer.writable().await.is_ok();
            let mut state = self.state();
            if is_writable {
                self.write(&mut state);
            } else {
                state.outgoing.clear();
            }
            if std::mem::take(&mut state.is_moving) || state.outgoing.is_idle() {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests;
