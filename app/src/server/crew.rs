//! The modules of a running server. Whatever one of them does wrong stays its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rtm_socketio::panics::said;
use rtm_socketio::{Connection, Handler, Work};
use tokio::time::Instant;
use tracing::Instrument;

use crate::module::{Given, ModuleContext, RealtimeModule, Registered};
use crate::server::NamedModule;

/// How long one module may take to register; one that takes longer is left out.
const REGISTER_OF_ONE_MAX: Duration = Duration::from_secs(10);

/// How long one module may take to shut down.
const SHUTDOWN_OF_ONE_MAX: Duration = Duration::from_secs(2);

/// How long the other modules wait for one that sees a connection off.
const GOODBYE_OF_ONE_MAX: Duration = Duration::from_secs(2);

/// The modules that registered, in order, each with its context.
pub(super) struct Crew {
    members: Vec<Member>,
    /// What all connections share.
    handlers: Registered,
}

#[derive(Clone)]
struct Member {
    module: Arc<dyn RealtimeModule>,
    ctx: ModuleContext,
}

impl Crew {
    /// Registers the modules in order. One that fails is left out.
    pub(super) async fn register(modules: &[NamedModule], given: &Given) -> Self {
        let mut members = Vec::new();
        for NamedModule { name, module } in modules {
            let name = *name;
            let ctx = ModuleContext::new(name, given.clone());
            let span = ctx.logger.clone();
            // Called within the guard too: a module may panic before it returns a future.
            let registered = AssertUnwindSafe(async { module.register(&ctx).await });
            let registered = registered.catch_unwind().instrument(span);
            match tokio::time::timeout(REGISTER_OF_ONE_MAX, registered).await {
                Ok(Ok(Ok(()))) => {
                    tracing::info!(module = name, "module registered");
                    members.push(Member {
                        module: module.clone(),
                        ctx,
                    });
                }
                Ok(Ok(Err(error))) => {
                    tracing::error!(module = name, %error, "module failed to register and is left out");
                }
                Ok(Err(panic)) => {
                    let panic = said(&*panic);
                    tracing::error!(
                        module = name,
                        panic,
                        "module panicked in register and is left out"
                    );
                }
                Err(_) => {
                    tracing::error!(
                        module = name,
                        "module took too long to register and is left out"
                    );
                }
            }
        }
        let takes_part = |owner: &str| members.iter().any(|it: &Member| it.ctx.owner() == owner);
        let handlers = given.shared.handlers.take(takes_part);
        Self { members, handlers }
    }

    /// Whose an event is, and its handler.
    pub(super) fn handler(&self, event: &str) -> Option<(&'static str, Handler)> {
        self.handlers.get(event).cloned()
    }

    /// Asks the modules to shut down, the last one first, in `timeout` altogether. None may use
    /// up what the others need.
    pub(super) async fn shut_down(&self, timeout: Duration) {
        let end = Instant::now() + timeout;
        for (after, Member { module, ctx }) in self.members.iter().enumerate().rev() {
            let name = ctx.owner();
            let left = end.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(after + 1).unwrap_or(u32::MAX);
            let stopped = AssertUnwindSafe(async { module.on_shutdown().await });
            let stopped = stopped.catch_unwind().instrument(ctx.logger.clone());
            match tokio::time::timeout(share.min(SHUTDOWN_OF_ONE_MAX), stopped).await {
                Ok(Ok(())) => tracing::debug!(module = name, "module shut down"),
                Ok(Err(panic)) => {
                    let panic = said(&*panic);
                    tracing::error!(module = name, panic, "module panicked in on_shutdown");
                }
                Err(_) => tracing::error!(module = name, "module took too long to shut down"),
            }
        }
    }

    fn each(&self, hook: &str, call: impl Fn(&Member)) {
        for member in &self.members {
            let _entered = member.ctx.logger.enter();
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| call(member))) {
                let (module, panic) = (member.ctx.owner(), said(&*panic));
                tracing::error!(module, panic, "module panicked in {hook}");
            }
        }
    }
}

impl Crew {
    /// A connection is about to be let in.
    pub(super) fn on_connection(&self, connection: &Arc<Connection>) {
        let socket = connection.socket();
        self.each("on_connection", |it| {
            it.module.on_connection(socket, &it.ctx)
        });
    }

    /// A connection knows that it is connected.
    pub(super) fn on_connected(&self, connection: &Arc<Connection>) {
        let socket = connection.socket();
        self.each("on_connected", |it| it.module.on_connected(socket, &it.ctx));
    }

    /// A connection is gone.
    pub(super) fn on_disconnected(
        &self,
        connection: &Arc<Connection>,
        said_farewell: bool,
    ) -> Work {
        let (members, connection) = (self.members.clone(), connection.clone());
        Box::pin(async move {
            for member in members.into_iter().rev() {
                let name = member.ctx.owner();
                // In a task: one that takes long goes on while the next one has its turn.
                let goodbye = tokio::spawn(member.see_off(connection.clone(), said_farewell));
                let waited = tokio::time::timeout(GOODBYE_OF_ONE_MAX, goodbye).await;
                if waited.is_err() {
                    tracing::warn!(module = name, "module takes long to see a connection off");
                }
            }
        })
    }
}

impl Member {
    async fn see_off(self, connection: Arc<Connection>, said_farewell: bool) {
        let Self { module, ctx } = self;
        let (socket, span) = (connection.socket(), ctx.logger.clone());
        let gone = async { module.on_disconnected(socket, &ctx, said_farewell).await };
        if let Err(panic) = AssertUnwindSafe(gone).catch_unwind().instrument(span).await {
            let (module, panic) = (ctx.owner(), said(&*panic));
            tracing::error!(module, panic, "module panicked in on_disconnected");
        }
    }
}
