//! The server: modules over one Socket.IO gateway and one HTTP listener.

mod built_in;
mod bus;
mod crew;
mod demo;
mod door;
mod http;
mod parts;
mod scrape;
mod storage;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rtm_domain::PresenceService;
use rtm_protocol::{Draining, names};
use rtm_socketio::{Gateway, Io};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::auth::{Authenticator, KeyError, Revocations};
use crate::config::{AuthMode, Config};
use crate::metrics::{Counts, Metrics, NodeState};
use crate::module::{Given, Handlers, Handles, RealtimeModule, Routes, Shared};
use crate::nodes::Nodes;
use crew::Crew;
use door::Door;
pub(crate) use http::Readiness;
pub(crate) use parts::token_authenticator;
pub(crate) use storage::redis_settings;

use parts::Parts;
use scrape::Scrape;
use storage::Storage;

/// When clients of a stopping node shall come back, in ms: spread, so that they do not all knock
/// at once.
const RECONNECT_IN_MS: [u64; 2] = [500, 3_000];

/// A realtime server. See the crate's documentation for its use.
pub struct RealtimeServer {
    config: Config,
    parts: Parts,
    modules: Vec<NamedModule>,
    authenticator: Option<Arc<dyn Authenticator>>,
    router: Option<axum::Router>,
    listener: Option<TcpListener>,
    running: Option<Running>,
    started: bool,
}

/// A module under the name that it gave when it was added.
struct NamedModule {
    name: &'static str,
    module: Arc<dyn RealtimeModule>,
}

/// Why a server cannot be set up or started.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Modules are added before the start.
    #[error("cannot register module \"{0}\" after the server has started")]
    AlreadyStarted(&'static str),
    /// Names are unique.
    #[error("cannot register module \"{0}\": there is a module of that name already")]
    DuplicateModule(&'static str),
    /// A server starts once.
    #[error("the server has started already")]
    StartedTwice,
    /// The listener cannot be opened.
    #[error("cannot listen on {address}: {error}; choose another HOST or PORT")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The connection to Redis cannot be made again by this process.
    #[error("the connection to Redis has ended for good: {0}; start again")]
    Lost(String),
    /// A key that tokens shall be checked with cannot be used.
    #[error("a key for tokens cannot be used: {0}")]
    Key(#[from] KeyError),
    /// Tokens shall be checked, and there is no key.
    #[error(
        "AUTH_MODE=jwt needs a key: set AUTH_JWT_SECRET, AUTH_JWT_PUBLIC_KEY_FILE or \
         AUTH_JWT_JWKS_FILE"
    )]
    NoKey,
    /// Anybody could be anyone, from anywhere.
    #[error(
        "HOST={0} is reachable by others, and nobody has to prove who they are: set a key \
         (AUTH_JWT_SECRET, AUTH_JWT_PUBLIC_KEY_FILE or AUTH_JWT_JWKS_FILE), or AUTH_MODE=none \
         if that is meant"
    )]
    OpenToAll(IpAddr),
    /// The Redis that is set cannot be worked with.
    #[error("{0}")]
    Redis(#[from] rtm_redis::ConnectError),
}

struct Running {
    gateway: Arc<Gateway>,
    crew: Arc<Crew>,
    storage: Arc<Storage>,
    presence: Option<PresenceService>,
    ready: Arc<AtomicBool>,
    /// Tells the modules.
    shutdown: CancellationToken,
    stop_serving: CancellationToken,
    serving: JoinHandle<()>,
}

impl NamedModule {
    fn new(module: impl RealtimeModule) -> Self {
        Self {
            name: module.name(),
            module: Arc::new(module),
        }
    }
}

impl RealtimeServer {
    /// A server with the built-in modules that `config` asks for.
    pub fn new(config: Config) -> Self {
        Self {
            parts: Parts::new(&config),
            config,
            modules: Vec::new(),
            authenticator: None,
            router: None,
            listener: None,
            running: None,
            started: false,
        }
    }

    /// Adds a module, to be registered after those added before.
    pub fn use_module(&mut self, module: impl RealtimeModule) -> Result<&mut Self, ServerError> {
        let module = NamedModule::new(module);
        if self.started {
            return Err(ServerError::AlreadyStarted(module.name));
        }
        if self.modules().contains(&module.name) {
            return Err(ServerError::DuplicateModule(module.name));
        }
        self.modules.push(module);
        Ok(self)
    }

    /// Has clients prove who they are in the application's own way, whatever the configuration
    /// says about tokens.
    pub fn authenticate_with(&mut self, authenticator: impl Authenticator) -> &mut Self {
        self.authenticator = Some(Arc::new(authenticator));
        self
    }

    /// Answers HTTP requests that are neither for Socket.IO nor for a module or a health check
    /// with the application's own router.
    pub fn serve_router(&mut self, router: axum::Router) -> &mut Self {
        self.router = Some(router);
        self
    }

    /// Accepts clients on the application's own listener, whatever the configuration says about
    /// host and port.
    pub fn listen_on(&mut self, listener: TcpListener) -> &mut Self {
        self.listener = Some(listener);
        self
    }

    /// The names of its modules, in order.
    pub fn modules(&self) -> Vec<&'static str> {
        // The built-in ones are made at the start, when it is known where they keep things.
        let auth = self.authenticator.is_some() || self.config.auth.is_on();
        let built_in = built_in::names(&self.config, auth).into_iter();
        let modules = self.modules.iter().map(|module| module.name);
        match self.started {
            true => modules.collect(),
            false => built_in.chain(modules).collect(),
        }
    }

    /// Socket.IO itself.
    pub fn io(&self) -> &Io {
        self.parts.gateway.io()
    }

    /// Opens the listener, registers the modules, and only then serves. Returns the address.
    pub async fn start(&mut self) -> Result<SocketAddr, ServerError> {
        if self.started {
            return Err(ServerError::StartedTwice);
        }
        let address = self.config.http.address();
        let listen = |error| ServerError::Listen { address, error };
        let own = self.listener.take();
        let host = match &own {
            Some(own) => own.local_addr().map_err(listen)?.ip(),
            None => address.ip(),
        };
        let authenticator = self.authenticator(host)?;
        let listener = match own {
            Some(own) => own,
            None => TcpListener::bind(address).await.map_err(listen)?,
        };
        let bound = listener.local_addr().map_err(listen)?;
        let storage = Arc::new(Storage::open(&self.config.redis).await?);
        if let (Some(bus), Storage::Redis(redis)) = (&self.parts.bus, &*storage) {
            bus.open(redis).await?;
        }
        self.started = true;
        let counts = Counts::default();
        let presence = self.config.presence.enabled.then(|| {
            let policy = parts::policy(&self.config);
            storage.presence(policy, &self.parts.clock, &counts)
        });
        let revocations = Arc::new(Revocations::default());
        let built_in = built_in::Materials {
            config: &self.config,
            clock: &self.parts.clock,
            storage: &storage,
            authenticator: authenticator.as_ref(),
            revocations: &revocations,
            presence: presence.as_ref(),
        };
        self.modules.splice(..0, built_in.make().await?);

        let (shutdown, stop_serving) = (CancellationToken::new(), CancellationToken::new());
        let ready = Arc::new(AtomicBool::new(false));
        let gateway = self.parts.gateway.clone();
        let users = (gateway.clone(), presence.clone());
        let clock = self.parts.clock.clone();
        let nodes = Nodes::open(
            users,
            revocations.clone(),
            clock,
            storage.redis().map(|redis| &**redis),
        )
        .await?;
        nodes.run(&shutdown);
        let given = Given {
            io: gateway.io().clone(),
            presence: presence.clone(),
            redis: storage.redis().cloned(),
            shutdown: shutdown.clone(),
            shared: Arc::new(Shared {
                nodes,
                handlers: Handlers::default(),
                handles: Handles::default(),
                routes: Routes::default(),
            }),
        };
        let crew = Arc::new(Crew::register(&self.modules, &given).await);
        gateway.open(Arc::new(Door {
            authenticator,
            revocations,
            crew: crew.clone(),
        }));
        let readiness = Readiness {
            ready: ready.clone(),
            storage: storage.clone(),
        };
        let scrape = self.config.metrics.enabled.then(|| {
            let node = NodeState {
                gateway: gateway.clone(),
                presence: presence.clone(),
                cluster: self.parts.cluster.clone(),
                readiness: readiness.clone(),
            };
            Scrape {
                metrics: Metrics::new(&counts, node),
                token: self.config.metrics.token.clone(),
            }
        });
        let (routes, own) = (&given.shared.routes, self.router.take());
        let state = (readiness, scrape);
        let router = http::router(&gateway, &self.config.http, state, routes, own);
        let clock = self.parts.clock.clone();
        let limits = parts::limits(&self.config);
        let serving = rtm_socketio::serve(listener, router, limits, clock, stop_serving.clone());
        ready.store(true, Ordering::SeqCst);
        self.running = Some(Running {
            gateway,
            crew,
            storage,
            presence,
            ready,
            shutdown,
            stop_serving,
            serving: tokio::spawn(serving),
        });
        Ok(bound)
    }

    /// Returns when a running server can do its work no more, and why: stop it, and start another.
    pub async fn failed(&self) -> ServerError {
        match &self.running {
            Some(running) => ServerError::Lost(running.storage.ended().await),
            None => std::future::pending().await,
        }
    }

    /// What clients are asked for; none if they need to prove nothing.
    fn authenticator(&self, host: IpAddr) -> Result<Option<Arc<dyn Authenticator>>, ServerError> {
        if let Some(own) = &self.authenticator {
            return Ok(Some(own.clone()));
        }
        let auth = &self.config.auth;
        if auth.is_on() {
            let authenticator = parts::token_authenticator(&self.config)?;
            return Ok(Some(Arc::new(authenticator)));
        }
        if auth.mode != AuthMode::None && !host.is_loopback() {
            return Err(ServerError::OpenToAll(host));
        }
        tracing::warn!("no authentication: a client is whoever it says it is");
        Ok(None)
    }

    /// Stops: tells clients, ends presences, asks the modules, closes all connections. Takes no
    /// longer than the configured shutdown timeout.
    pub async fn stop(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        let timeout = self.config.http.shutdown_timeout;
        let end = Instant::now() + timeout;
        running.ready.store(false, Ordering::SeqCst);
        running.gateway.drain();
        if let Some(presence) = &running.presence {
            // Before anyone is told to go, so that nobody joins after that.
            presence.refuse_joins();
        }
        running.shutdown.cancel();
        running.gateway.emit_to_all(
            names::SERVER_DRAINING,
            &Draining {
                reconnect_in_ms: RECONNECT_IN_MS,
            },
        );
        // Half of the time for the modules, what they leave of it for the connections.
        running.crew.shut_down(timeout / 2).await;
        let patience = (timeout / 8).min(Duration::from_secs(1));
        let _ = tokio::time::timeout_at(end, running.gateway.close(patience)).await;
        // The listener goes last, as polling clients fetch their last messages through it.
        running.stop_serving.cancel();
        let _ = tokio::time::timeout_at(end, running.serving).await;
        let _ = tokio::time::timeout_at(end, running.storage.close()).await;
    }
}
