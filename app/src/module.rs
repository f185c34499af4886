//! What a module is: a feature of the server, with direct access to Socket.IO.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use rtm_domain::PresenceService;
use rtm_redis::fred::clients::Client as RedisClient;
use rtm_socketio::{Connection, Io, Request, Socket};
use tokio_util::sync::CancellationToken;

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

/// What a module works with.
#[derive(Clone)]
pub struct ModuleContext {
    /// Socket.IO itself.
    pub io: Io,
    /// The presence service; none if the server runs without the presence module.
    pub presence: Option<PresenceService>,
    /// A Redis client of the modules' own, direct and unlimited; none in memory.
    pub redis: Option<RedisClient>,
    /// A span that carries the module's name, for its logs.
    pub logger: tracing::Span,
    /// Cancelled when the server stops.
    pub shutdown: CancellationToken,
    owner: &'static str,
}

impl ModuleContext {
    pub(crate) fn new(
        owner: &'static str,
        io: Io,
        presence: Option<PresenceService>,
        redis: Option<RedisClient>,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            io,
            presence,
            redis,
            logger: tracing::info_span!("module", name = owner),
            shutdown,
            owner,
        }
    }

    /// The name of the module that it was made for.
    pub(crate) fn owner(&self) -> &'static str {
        self.owner
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
            let handler = move |request| -> rtm_socketio::Work { Box::pin(handler(request)) };
            connection.on(self.owner, event, Arc::new(handler));
        }
    }
}

impl fmt::Debug for ModuleContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleContext")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}
