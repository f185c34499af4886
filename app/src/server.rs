//! The server: modules over one Socket.IO gateway and one HTTP listener.

mod crew;
mod http;
mod parts;
mod storage;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rtm_domain::PresenceService;
use rtm_protocol::{Draining, names};
use rtm_socketio::{Gateway, Io, presence};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::module::RealtimeModule;
use crate::modules::PresenceModule;
use crew::Crew;
use http::Readiness;
use parts::Parts;
use storage::Storage;

/// When clients of a stopping node shall come back, in ms: spread, so that they do not all knock
/// at once.
const RECONNECT_IN_MS: [u64; 2] = [500, 3_000];

/// A realtime server. See the crate's documentation for its use.
pub struct RealtimeServer {
    config: Config,
    parts: Parts,
    modules: Vec<Arc<dyn RealtimeModule>>,
    running: Option<Running>,
    started: bool,
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

impl RealtimeServer {
    /// A server with the built-in modules that `config` asks for.
    pub fn new(config: Config) -> Self {
        Self {
            parts: Parts::new(&config),
            config,
            modules: Vec::new(),
            running: None,
            started: false,
        }
    }

    /// Adds a module, to be registered after those added before.
    pub fn use_module(&mut self, module: impl RealtimeModule) -> Result<&mut Self, ServerError> {
        let name = module.name();
        if self.started {
            return Err(ServerError::AlreadyStarted(name));
        }
        if self.modules().contains(&name) {
            return Err(ServerError::DuplicateModule(name));
        }
        self.modules.push(Arc::new(module));
        Ok(self)
    }

    /// The names of its modules, in order.
    pub fn modules(&self) -> Vec<&'static str> {
        let built_in = self.config.presence.enabled.then_some(presence::OWNER);
        let added = self.modules.iter().map(|module| module.name());
        built_in.into_iter().chain(added).collect()
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
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let bound = listener.local_addr().map_err(listen)?;
        let storage = Arc::new(Storage::open(&self.config.redis).await?);
        self.started = true;
        let presence = self.config.presence.enabled.then(|| {
            let policy = parts::policy(&self.config);
            storage.presence(policy, &self.parts.clock)
        });
        let mut modules = self.modules.clone();
        if let Some(service) = &presence {
            modules.insert(0, Arc::new(PresenceModule::new(service.clone())));
        }

        let (shutdown, stop_serving) = (CancellationToken::new(), CancellationToken::new());
        let ready = Arc::new(AtomicBool::new(false));
        let gateway = self.parts.gateway.clone();
        let crew = Arc::new(
            Crew::register(
                &modules,
                gateway.io(),
                presence.as_ref(),
                storage.redis(),
                &shutdown,
            )
            .await,
        );
        gateway.open(crew.clone());
        let readiness = Readiness {
            ready: ready.clone(),
            storage: storage.clone(),
        };
        let router = http::router(&gateway, &self.config.http, readiness);
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
