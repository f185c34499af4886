//! What a module is: a feature of the server, with direct access to Socket.IO.

mod handlers;
mod handles;
mod observers;
mod routes;
mod typed;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use rtm_domain::PresenceService;
use rtm_domain::ids::UserId;
use rtm_domain::ports::{Change, Observer};
use rtm_protocol::ErrorReply;
use rtm_redis::Redis;
use rtm_redis::fred::clients::Client as RedisClient;
use rtm_socketio::{Connection, Handler, Io, Request, Socket};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::nodes::Nodes;
use observers::{Guarded, Watcher};

pub(crate) use handlers::{Handlers, Registered};
pub(crate) use handles::Handles;
pub(crate) use routes::Routes;

/// A feature of the server. Only `name` is required.
///
/// Whatever a module does wrong harms no other: an error or a panic is logged with its name.
/// One whose [`register`](Self::register) fails takes no further part.
#[async_trait]
pub trait RealtimeModule: Send + Sync + 'static {
    /// Its name: unique in a server, and what logs call it. Asked once.
    fn name(&self) -> &'static str;

    /// The server starts. Modules register in the order in which they were added, each within
    /// 10 s.
    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        let _ = ctx;
        Ok(())
    }

    /// A client is about to be told that it is connected: the place to register handlers, so
    /// that not even an event sent in that moment is lost. Nothing may be emitted yet.
    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        let _ = (socket, ctx);
    }

    /// The client knows that it is connected.
    fn on_connected(&self, socket: &Socket, ctx: &ModuleContext) {
        let _ = (socket, ctx);
    }

    /// The client is gone; what it asked before is done. A client that says farewell does not
    /// mean to come back. Modules are told in the reverse order; the next one is told after 2 s
    /// at the latest.
    async fn on_disconnected(&self, socket: &Socket, ctx: &ModuleContext, said_farewell: bool) {
        let _ = (socket, ctx, said_farewell);
    }

    /// The server stops. Modules are asked in the reverse order. They have half of the shutdown
    /// timeout together, and each its equal share of what is left of it, 2 s at most.
    async fn on_shutdown(&self) {}
}

/// Why a module cannot take part.
#[derive(Debug)]
pub struct ModuleError(Box<dyn std::error::Error + Send + Sync>);

impl ModuleError {
    /// From any error, or a text.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ModuleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// What a module works with. Cheap to clone.
#[derive(Clone)]
pub struct ModuleContext {
    /// Socket.IO itself.
    pub io: Io,
    /// The presence service: snapshots, kicks, and messages to a room's members. None if the
    /// server runs without the presence module.
    pub presence: Option<PresenceService>,
    /// A Redis client of the modules' own, direct and unlimited; none in memory.
    pub redis: Option<RedisClient>,
    /// A span that carries the module's name, for its logs.
    pub logger: tracing::Span,
    /// Cancelled when the server stops.
    pub shutdown: CancellationToken,
    node_redis: Option<Arc<Redis>>,
    shared: Arc<Shared>,
    owner: &'static str,
}

/// What all contexts of a server share, besides what they show.
pub(crate) struct Shared {
    pub(crate) nodes: Arc<Nodes>,
    pub(crate) handlers: Handlers,
    pub(crate) handles: Handles,
    pub(crate) routes: Routes,
}

/// What a context shows.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) io: Io,
    pub(crate) presence: Option<PresenceService>,
    pub(crate) redis: Option<Arc<Redis>>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) shared: Arc<Shared>,
}

impl ModuleContext {
    pub(crate) fn new(owner: &'static str, given: Given) -> Self {
        let Given {
            io,
            presence,
            redis,
            shutdown,
            shared,
        } = given;
        Self {
            io,
            presence,
            redis: redis.as_ref().map(|redis| redis.client().clone()),
            node_redis: redis,
            logger: tracing::info_span!("module", name = owner),
            shutdown,
            shared,
            owner,
        }
    }

    /// The name of the module that it was made for.
    pub(crate) fn owner(&self) -> &'static str {
        self.owner
    }

    /// The node's Redis as the built-in modules use it: names of keys that lie in a room's slot,
    /// and channels between nodes. None in memory.
    pub fn shared_redis(&self) -> Option<&Arc<Redis>> {
        self.node_redis.as_ref()
    }

    /// Handles `event` of every socket that has no handler of its own for it, as [`on`](Self::on)
    /// does for one: it costs nothing for each connection. Call it in
    /// [`register`](RealtimeModule::register); afterwards it is too late, and false. The last
    /// handler of an event counts.
    pub fn on_every<F, W>(&self, event: &str, handler: F) -> bool
    where
        F: Fn(Request) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        self.handle_every(event, handlers::in_turn(handler))
    }

    pub(crate) fn handle_every(&self, event: &str, handler: Handler) -> bool {
        self.shared.handlers.add(self.owner, event, handler)
    }

    /// Handles `event` of a socket: in the order in which its events arrive, counted against its
    /// limits, and safe against panics. An event that nobody handles is refused if it asks for
    /// an answer. `socket.on` stays available for what needs none of this.
    pub fn on<F, W>(&self, socket: &Socket, event: &str, handler: F)
    where
        F: Fn(Request) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        if let Some(connection) = Connection::of(socket) {
            connection.on(self.owner, event, handlers::in_turn(handler));
        }
    }

    /// The same with types: a payload that is no `T` is refused with `bad_request`, a reply is
    /// answered as `{ ok: true, … }` with its fields (`()` has none), an error as it is.
    pub fn on_request<T, R, F, W>(&self, socket: &Socket, event: &str, handler: F)
    where
        T: DeserializeOwned + Send + 'static,
        R: Serialize + Send + 'static,
        F: Fn(Arc<Connection>, T) -> W + Send + Sync + 'static,
        W: Future<Output = Result<R, ErrorReply>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.on(socket, event, move |request| {
            let handler = handler.clone();
            async move {
                let reply = match typed::payload(&request) {
                    Ok(payload) => handler(request.connection.clone(), payload).await,
                    Err(refusal) => Err(refusal),
                };
                typed::answer(request, reply);
            }
        });
    }

    /// Handles every change of a presence that this node writes, one after the other, in the
    /// order in which members are told. Of 8,192 that wait, later ones are dropped, and that is
    /// logged. False if the server runs without presence.
    ///
    /// Call it in [`register`](RealtimeModule::register). On many nodes each change is handled on
    /// the one that wrote it; see [`Change`](rtm_domain::ports::Change).
    pub fn watch_presence<F, W>(&self, handler: F) -> bool
    where
        F: Fn(Change) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let Some(presence) = &self.presence else {
            return false;
        };
        presence.observe(Watcher::start(self.owner, self.logger.clone(), handler));
        true
    }

    /// Follows the rooms of this node, with a say in whether one can be opened: an error refuses
    /// the join. An observer that panics, or takes more than 2 s, has no say any more. False if
    /// the server runs without presence.
    pub fn observe_rooms(&self, observer: Arc<dyn Observer>) -> bool {
        let Some(presence) = &self.presence else {
            return false;
        };
        presence.observe(Arc::new(Guarded::new(self.owner, observer)));
        true
    }

    /// Sends an event to all connections of a user, on all nodes. Looks at every connection, so
    /// it is for what happens now and then; what a room hears goes over
    /// [`PresenceService::tell`] or Socket.IO rooms.
    ///
    /// # Errors
    ///
    /// The payload cannot be written as JSON, or other nodes cannot be reached; the user's
    /// connections on this node were sent it then.
    pub async fn emit_to_user<T: Serialize + ?Sized>(
        &self,
        user: &UserId,
        event: &str,
        payload: &T,
    ) -> Result<(), ModuleError> {
        let payload = serde_json::value::to_raw_value(payload).map_err(ModuleError::new)?;
        let emitted = self.shared.nodes.emit_to_user(user, event, &payload).await;
        emitted.map_err(ModuleError::new)
    }

    /// Shuts a user out: whatever they have proven up to now is void, and their connections end,
    /// on all nodes. Whoever signs in again later is let in.
    ///
    /// # Errors
    ///
    /// Other nodes may not have been reached: repeat it.
    pub async fn revoke(&self, user: &UserId) -> Result<(), ModuleError> {
        let revoked = self.shared.nodes.revoke(user).await;
        revoked.map_err(ModuleError::new)
    }

    /// Answers HTTP requests. Call it in [`register`](RealtimeModule::register); routes that
    /// overlap with those of others are left out, and that is logged.
    pub fn add_routes(&self, router: axum::Router) {
        self.shared.routes.add(self.owner, router);
    }

    /// Offers other modules a handle, to be found by its type.
    pub fn provide<T: Send + Sync + 'static>(&self, handle: T) {
        self.shared.handles.provide(Arc::new(handle));
    }

    /// The handle of this type that another module offers: one that was added before, or, after
    /// the start, any.
    pub fn find<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.shared.handles.find()
    }
}

impl fmt::Debug for ModuleContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleContext")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}
