//! One client's Socket.IO connection: what it may send is counted and put in order, what it is
//! sent is delivered or the line is cut.

pub mod ack;
mod inbox;
mod intake;
mod way;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use bytes::Bytes;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::Extensions;
use rtm_domain::ids::{RoomId, SocketId};
use rtm_domain::ports::Clock;
use rtm_domain::service::Session;
use rtm_protocol::ErrorReply;
use serde::Serialize;
use serde_json::value::RawValue;
use socketioxide::{SendError, SocketError};

use crate::Socket;
use crate::frame::Frame;
use crate::hooks::Hooks;
use crate::identity::{Identity, Right, forbidden};
use crate::limits::Limits;
use crate::line::{Cut, Line};
use crate::metrics::Metrics;
use crate::packet;
use crate::places::place_of;
use crate::stream::{StreamHandle, Urgency};

pub use ack::Ack;
pub use intake::{Request, Work};

use inbox::Inbox;
pub(crate) use inbox::do_at_once;
pub(crate) use intake::Intake;
use way::{Next, Way};

/// A handler of one event. It is called when the event arrives and must not block; the work it
/// returns is done in the order in which the connection's events arrived. None: it is done.
pub type Handler = Arc<dyn Fn(Request) -> Option<Work> + Send + Sync>;

/// One client's connection.
pub struct Connection {
    id: SocketId,
    socket: Socket,
    sid: String,
    remote: Option<IpAddr>,
    line: Arc<Line>,
    way: Way,
    clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    limiter: DefaultDirectRateLimiter,
    inbox: Arc<Inbox>,
    /// Those that it does not share with all others.
    handlers: RwLock<HashMap<Box<str>, (&'static str, Handler)>>,
    hooks: Arc<dyn Hooks>,
    seen_off: AtomicBool,
    is_finished: AtomicBool,
    /// Its presences, if there is presence.
    session: OnceLock<Session>,
    /// None where nobody has to prove who they are.
    identity: RwLock<Option<Arc<Identity>>>,
}

impl Connection {
    pub(crate) fn new(
        id: SocketId,
        socket: Socket,
        line: Arc<Line>,
        (limits, metrics): (Arc<Limits>, Arc<Metrics>),
        clock: Arc<dyn Clock>,
        hooks: Arc<dyn Hooks>,
    ) -> Self {
        let parts = socket.req_parts();
        let per_second = limits.events_per_second_max.try_into();
        let burst = limits.events_burst_max.try_into();
        let one = std::num::NonZeroU32::MIN;
        let quota = Quota::per_second(per_second.unwrap_or(one)).allow_burst(burst.unwrap_or(one));
        Self {
            id,
            sid: socket.id.to_string(),
            remote: remote_of(&parts.extensions).map(|remote| remote.ip()),
            socket,
            line,
            way: Way::default(),
            clock,
            limiter: RateLimiter::direct(quota),
            inbox: Arc::new(Inbox::new(
                limits.events_burst_max as usize,
                limits.inbox_bytes_max,
            )),
            limits,
            metrics,
            handlers: RwLock::default(),
            hooks,
            seen_off: AtomicBool::new(false),
            is_finished: AtomicBool::new(false),
            session: OnceLock::new(),
            identity: RwLock::new(None),
        }
    }

    /// The connection of a socket, as long as it lives.
    pub fn of(socket: &Socket) -> Option<Arc<Self>> {
        // Weak, as the connection keeps the socket.
        socket.extensions.get::<Weak<Self>>()?.upgrade()
    }

    /// Its number on this node. Not the Socket.IO id, which is a secret.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The Socket.IO socket, for everything that is not done here. Never publish its `id`.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The line to the client.
    pub fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// The address at the other end.
    pub fn remote(&self) -> Option<IpAddr> {
        self.remote
    }

    /// Who it is; none where nobody has to prove that.
    pub fn identity(&self) -> Option<Arc<Identity>> {
        let identity = self.identity.read().unwrap_or_else(PoisonError::into_inner);
        identity.clone()
    }

    /// It has proven who it is (again).
    pub fn identify(&self, identity: Arc<Identity>) {
        let mut known = self
            .identity
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Some(identity);
    }

    /// Whether it has a right in a room.
    ///
    /// # Errors
    ///
    /// The reply `forbidden`.
    pub fn may(&self, right: Right, room: &RoomId) -> Result<(), ErrorReply> {
        match self.identity() {
            Some(identity) if !identity.authority.allows(right, room) => Err(forbidden(right)),
            _ => Ok(()),
        }
    }

    /// Whether the client can still be spoken to.
    pub fn is_open(&self) -> bool {
        self.socket.connected() && !self.line.is_cut()
    }

    /// Its presences, if there is presence.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.get()
    }

    /// It has presence from now on.
    pub(crate) fn begin_presence(&self, session: Session) {
        let _ = self.session.set(session);
    }

    /// Handles `event` from now on, for the module `owner`. The last handler of an event counts,
    /// and goes before what [hooks](Hooks::handler) say for all connections.
    pub fn on(&self, owner: &'static str, event: &str, handler: Handler) {
        let mut handlers = self
            .handlers
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        handlers.insert(event.into(), (owner, handler));
    }

    /// Sends an event, or cuts the line.
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, payload: &T) {
        match serde_json::value::to_raw_value(payload) {
            Ok(payload) => self.emit_raw(event, &payload),
            Err(error) => tracing::error!(event, %error, "an event cannot be written as JSON"),
        }
    }

    /// Sends an event that is encoded already, or cuts the line.
    pub fn emit_raw(&self, event: &str, payload: &RawValue) {
        self.send(
            Urgency::Prompt,
            || packet::event(event, &[payload]),
            event.len() + payload.get().len(),
            || self.socket.emit(event, payload),
        );
    }

    /// Sends an event that was encoded for many, or cuts the line.
    pub fn emit_frame(&self, frame: &Frame) {
        let (event, payload, besides) = (frame.event(), frame.payload(), frame.besides());
        let besides_len = besides.map_or(0, |besides| besides.get().len());
        self.send(
            frame.urgency(),
            || frame.shared().clone(),
            event.len() + payload.get().len() + besides_len,
            || match besides {
                Some(besides) => self.socket.emit(event, &(payload, besides)),
                None => self.socket.emit(event, payload),
            },
        );
    }

    /// Sends a packet of about `bytes`, or cuts the line: as a WebSocket message that goes past
    /// the transport, or by the transport's queue. What is sent by either is in one order.
    pub(crate) fn send(
        &self,
        urgency: Urgency,
        message: impl FnOnce() -> Bytes,
        bytes: usize,
        queue: impl FnOnce() -> Result<(), SendError>,
    ) {
        if self.line.is_cut() {
            return;
        }
        let bytes = bytes + PACKET_OVERHEAD;
        let sent = match self.way.next(&self.line, &self.socket) {
            Next::Lane(lane) if self.socket.connected() => lane.push(message(), urgency).is_ok(),
            Next::Queue(_queueing) => {
                self.line.enqueue(bytes, self.clock.now()) && is_queued(queue())
            }
            // A closed socket hears of nothing any more, and needs not.
            Next::Lane(_) | Next::Nowhere => return,
        };
        match sent {
            true => self.metrics.queued(bytes),
            false => self.line.cut(Cut::QueueFull),
        }
    }

    /// Counts an event; if it is one too many, when the next may come, in ms.
    fn count_event(&self) -> Result<(), u64> {
        self.limiter.check().map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)
        })
    }

    fn handler(&self, event: &str) -> Option<(&'static str, Handler)> {
        if self.is_finished.load(Ordering::SeqCst) {
            return None;
        }
        let handlers = self.handlers.read().unwrap_or_else(PoisonError::into_inner);
        let own = handlers.get(event).cloned();
        own.or_else(|| self.hooks.handler(event))
    }

    /// The transport session's id: whoever knows it can speak for the client.
    pub(crate) fn sid(&self) -> &str {
        &self.sid
    }

    /// Its session has gone or is as good as gone: another one may have its place.
    pub(crate) fn release_place(&self) {
        if let Some(place) = place_of(self.socket.req_parts()) {
            place.release();
        }
    }

    /// It may be spoken to: starts what it asked while it was let in.
    pub(crate) fn open(&self) {
        self.inbox.open();
    }

    /// True for the first who sees it off.
    pub(crate) fn part(&self) -> bool {
        !self.seen_off.swap(true, Ordering::SeqCst)
    }

    /// Does what was asked before, then nothing more.
    pub(crate) async fn finish(&self) {
        if self.line.is_cut() {
            self.inbox.clear();
        }
        if tokio::time::timeout(Limits::FAREWELL_MAX, self.inbox.idle())
            .await
            .is_err()
        {
            self.inbox.clear();
        }
        // What was asked and never begun, as it was never announced.
        self.inbox.clear();
        self.is_finished.store(true, Ordering::SeqCst);
        self.handlers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Whether a packet has found a place in the transport's queue, or needs none.
fn is_queued(queued: Result<(), SendError>) -> bool {
    match queued {
        Err(SendError::Socket(SocketError::InternalChannelFull)) => false,
        Ok(()) | Err(SendError::Socket(SocketError::Closed)) => true,
        Err(error) => {
            tracing::error!(%error, "a packet cannot be written");
            true
        }
    }
}

/// What surrounds an event's name and payload on the wire, about.
const PACKET_OVERHEAD: usize = 16;

/// The other end of the stream over which a request came.
pub fn remote_of(extensions: &Extensions) -> Option<SocketAddr> {
    stream_of(extensions).map(|stream| stream.remote)
}

/// The stream over which a request came.
pub(crate) fn stream_of(extensions: &Extensions) -> Option<&Arc<StreamHandle>> {
    extensions.get::<Arc<StreamHandle>>()
}
