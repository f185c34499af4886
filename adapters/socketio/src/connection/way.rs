//! The way out to a connection's client: the transport's queue at first, and while it polls; the
//! lane of its WebSocket from the first packet on that can go there.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use crate::Socket;
use crate::line::Line;
use crate::stream::lane::{Lane, MARKER};

/// Where a connection's packets go. All of them go one way at a time.
#[derive(Default)]
pub(super) struct Way {
    /// Once set, it stays.
    lane: OnceLock<Weak<Lane>>,
    /// Held while a packet enters the transport's queue, so that none follows the marker there.
    queueing: Mutex<()>,
}

/// Where the next packet goes.
pub(super) enum Next<'a> {
    /// To the lane.
    Lane(Arc<Lane>),
    /// To the transport's queue, before this is dropped.
    Queue(MutexGuard<'a, ()>),
    /// Nowhere: the stream is gone.
    Nowhere,
}

impl Way {
    /// Where the next packet goes. Changes over to the lane if it has become ready.
    pub(super) fn next(&self, line: &Line, socket: &Socket) -> Next<'_> {
        if let Some(lane) = self.lane.get() {
            return Next::to(lane);
        }
        let queueing = self.queueing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = self.lane.get() {
            return Next::to(lane);
        }
        let Some(lane) = line.lane().filter(|_| socket.connected()) else {
            return Next::Queue(queueing);
        };
        lane.hold();
        if socket.emit(MARKER, &()).is_err() {
            // The queue is full: the packet itself will say so.
            lane.release();
            return Next::Queue(queueing);
        }
        let _ = self.lane.set(Arc::downgrade(&lane));
        Next::Lane(lane)
    }
}

impl Next<'_> {
    fn to(lane: &Weak<Lane>) -> Self {
        lane.upgrade().map_or(Next::Nowhere, Next::Lane)
    }
}
