//! The modules of a running server. Whatever one of them does wrong stays its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rtm_domain::PresenceService;
use rtm_redis::fred::clients::Client as RedisClient;
use rtm_socketio::{Connection, Hooks, Io, Work};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::module::{ModuleContext, RealtimeModule};

/// How long one module may take to shut down.
const SHUTDOWN_OF_ONE_MAX: Duration = Duration::from_secs(2);

/// The modules that registered, in order, each with its context.
pub(super) struct Crew {
    members: Vec<Member>,
}

#[derive(Clone)]
struct Member {
    module: Arc<dyn RealtimeModule>,
    ctx: ModuleContext,
}

impl Crew {
    /// Registers the modules in order. One that fails is left out.
    pub(super) async fn register(
        modules: &[Arc<dyn RealtimeModule>],
        io: &Io,
        presence: Option<&PresenceService>,
        redis: Option<&RedisClient>,
        shutdown: &CancellationToken,
    ) -> Self {
        let mut members = Vec::new();
        for module in modules {
            let name = module.name();
            let ctx = ModuleContext::new(
                name,
                io.clone(),
                presence.cloned(),
                redis.cloned(),
                shutdown.clone(),
            );
            let span = ctx.logger.clone();
            let registered = AssertUnwindSafe(module.register(&ctx)).catch_unwind();
            match registered.instrument(span).await {
                Ok(Ok(())) => {
                    tracing::info!(module = name, "module registered");
                    members.push(Member {
                        module: module.clone(),
                        ctx,
                    });
                }
                Ok(Err(error)) => {
                    tracing::error!(module = name, %error, "module failed to register and is left out");
                }
                Err(panic) => {
                    let panic = said(&*panic);
                    tracing::error!(
                        module = name,
                        panic,
                        "module panicked in register and is left out"
                    );
                }
            }
        }
        Self { members }
    }

    /// Asks the modules to shut down, the last one first, in `timeout` altogether.
    pub(super) async fn shut_down(&self, timeout: Duration) {
        let end = Instant::now() + timeout;
        for Member { module, ctx } in self.members.iter().rev() {
            let name = module.name();
            let end = end.min(Instant::now() + SHUTDOWN_OF_ONE_MAX);
            let stopped = AssertUnwindSafe(module.on_shutdown()).catch_unwind();
            let stopped = stopped.instrument(ctx.logger.clone());
            match tokio::time::timeout_at(end, stopped).await {
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
                let (module, panic) = (member.module.name(), said(&*panic));
                tracing::error!(module, panic, "module panicked in {hook}");
            }
        }
    }
}

impl Hooks for Crew {
    fn on_connection(&self, connection: &Arc<Connection>) {
        let socket = connection.socket();
        self.each("on_connection", |it| {
            it.module.on_connection(socket, &it.ctx)
        });
    }

    fn on_connected(&self, connection: &Arc<Connection>) {
        let socket = connection.socket();
        self.each("on_connected", |it| it.module.on_connected(socket, &it.ctx));
    }

    fn on_disconnected(&self, connection: &Arc<Connection>, said_farewell: bool) -> Work {
        let (members, connection) = (self.members.clone(), connection.clone());
        Box::pin(async move {
            for Member { module, ctx } in members.iter().rev() {
                let gone = module.on_disconnected(connection.socket(), ctx, said_farewell);
                let gone = AssertUnwindSafe(gone).catch_unwind();
                if let Err(panic) = gone.instrument(ctx.logger.clone()).await {
                    let (module, panic) = (module.name(), said(&*panic));
                    tracing::error!(module, panic, "module panicked in on_disconnected");
                }
            }
        })
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let owned = || panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(owned).unwrap_or("it did not say why")
}
