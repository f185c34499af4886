//! Socket.IO with our limits: lets connections in, announces them, and sees them off.

mod watch;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use rtm_domain::ids::UserId;
use rtm_domain::ports::Clock;
use rtm_domain::time::Timestamp;
use rtm_protocol::{ConnectRefusal, ErrorCode};
use serde::Serialize;
use socketioxide::extract::TryData;
use socketioxide::handler::ConnectHandler;
use socketioxide::layer::SocketIoLayer;
use socketioxide::socket::DisconnectReason;
use socketioxide::{ParserConfig, SocketIo};
use tokio_util::task::TaskTracker;
use tower::Layer;

use crate::cluster::{AdapterState, Cluster, ClusterAdapter};
use crate::connection::{Connection, Intake, stream_of};
use crate::handshake::Handshake;
use crate::hooks::{ConnectRefused, Hooks};
use crate::identity::Identity;
use crate::limits::Limits;
use crate::line::{Cut, Line};
use crate::metrics::Metrics;
use crate::open_packet::TRANSPORT_PING_TIMEOUT;
use crate::partial::Partials;
use crate::pending::{Pending, newcomer_of};
use crate::places::{Places, place_of};
use crate::polling::{self, PollingSessions, Transport};
use crate::registry::Registry;
use crate::stream::{Heartbeats, Rounds, StreamHandle};
use crate::way_out::{self, WayOut};
use crate::{Io, Socket};

/// How often a closing gateway looks whether clients have fetched what waits for them.
const DRAIN_EVERY: Duration = Duration::from_millis(10);

/// Socket.IO with our limits.
pub struct Gateway {
    io: Io,
    layer: SocketIoLayer<ClusterAdapter>,
    shared: Arc<Shared>,
}

struct Shared {
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
    places: Arc<Places>,
    pending: Arc<Pending>,
    partials: Arc<Partials>,
    rounds: Arc<Rounds>,
    heartbeats: Arc<Heartbeats>,
    polling: Arc<PollingSessions>,
    /// There once it is known what it stands in front of.
    way_out: OnceLock<WayOut>,
    farewells: TaskTracker,
    draining: Arc<AtomicBool>,
}

impl Gateway {
    /// A gateway that lets nobody in before [`open`](Self::open).
    pub fn new(limits: Limits, clock: Arc<dyn Clock>, cluster: Cluster) -> Self {
        let parser = ParserConfig::common()
            .max_incoming_binaries(limits.attachments_max)
            .max_incoming_binary_buf_size(limits.message_bytes_max);
        let registry = Arc::new(Registry::default());
        let state = AdapterState {
            cluster,
            registry: registry.clone(),
        };
        let (layer, io) = SocketIo::builder()
            .with_adapter::<ClusterAdapter>(state)
            .with_parser(parser)
            .max_payload(limits.message_bytes_max as u64)
            .ws_max_message_size(limits.message_bytes_max)
            .ws_max_frame_size(limits.message_bytes_max)
            .ws_read_buffer_size(Limits::READ_BUFFER_BYTES)
            .max_buffer_size(limits.queue_packets_max)
            .ping_interval(limits.ping_interval)
            .ping_timeout(TRANSPORT_PING_TIMEOUT)
            .connect_timeout(limits.connect_timeout)
            .upgrade_timeout(limits.upgrade_timeout)
            .build_layer();
        let metrics = Arc::new(Metrics::default());
        let shared = Arc::new(Shared {
            places: Arc::new(Places::new(&limits)),
            pending: Arc::new(Pending::new(&limits)),
            partials: Arc::new(Partials::new(&limits, metrics.clone())),
            rounds: Arc::new(Rounds::new()),
            heartbeats: Arc::new(Heartbeats::new(&limits, clock.clone())),
            polling: Arc::new(PollingSessions::new(&limits)),
            way_out: OnceLock::new(),
            limits: Arc::new(limits),
            metrics,
            clock,
            registry,
            farewells: TaskTracker::new(),
            draining: Arc::new(AtomicBool::new(false)),
        });
        Self { io, layer, shared }
    }

    /// Socket.IO itself.
    pub fn io(&self) -> &Io {
        &self.io
    }

    /// Lets connections in from now on.
    pub fn open(&self, hooks: Arc<dyn Hooks>) {
        let (shared, greeter, watcher) = (self.shared.clone(), hooks.clone(), hooks.clone());
        let let_in = move |socket: Socket, auth: TryData<serde_json::Value>| {
            let (shared, hooks) = (shared.clone(), hooks.clone());
            let handshake = Handshake::read(auth.0.as_ref().ok(), socket.req_parts());
            async move {
                let identity = hooks.authenticate(handshake).await;
                match identity {
                    Ok(identity) => shared.let_in(socket, identity, &hooks),
                    Err(refusal) => Err(shared.turn_away(refusal.code.as_str(), refusal)),
                }
            }
        };
        let registry = self.shared.registry.clone();
        let announce = move |socket: Socket| async move {
            if let Some(connection) = Connection::of(&socket) {
                registry.announced(&connection);
                connection.open();
                greeter.on_connected(&connection);
            }
        };
        // Handlers are registered in the middleware: a client that emits at once is answered.
        self.io.ns("/", announce.with(let_in));
        let shared = self.shared.clone();
        self.io.ns(way_out::NAMESPACE, move |socket: Socket| {
            let way_out = shared.way_out.get().cloned();
            async move {
                if let Some(way_out) = way_out {
                    way_out.close(socket).await;
                }
            }
        });
        watch::start(&self.shared, watcher);
        let heartbeats = Arc::downgrade(&self.shared.heartbeats);
        tokio::spawn(Heartbeats::run(heartbeats));
    }

    /// Serves Socket.IO in front of `router`.
    pub fn in_front_of(&self, router: Router) -> Router {
        // A service, not a layer of the router: a router may apply a layer anew for every request,
        // and each application is a transport with no sessions.
        let socket_io = self.layer.layer(router);
        let way_out = WayOut {
            transport: socket_io.clone(),
            registry: self.shared.registry.clone(),
        };
        let sessions = polling::Sessions {
            registry: self.shared.registry.clone(),
            places: self.shared.places.clone(),
            pending: self.shared.pending.clone(),
            partials: self.shared.partials.clone(),
            rounds: self.shared.rounds.clone(),
            heartbeats: self.shared.heartbeats.clone(),
            polling: self.shared.polling.clone(),
            way_out: self.shared.way_out.get_or_init(|| way_out).clone(),
            limits: self.shared.limits.clone(),
            metrics: self.shared.metrics.clone(),
            clock: self.shared.clock.clone(),
            draining: self.shared.draining.clone(),
        };
        let known = axum::middleware::from_fn_with_state(sessions, polling::answer);
        Router::new().fallback_service(socket_io).layer(known)
    }

    /// All connections of this node.
    pub fn all(&self) -> Vec<Arc<Connection>> {
        self.shared.registry.all()
    }

    /// What is counted on a connection's way in and out.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// How many connections there are by WebSocket, and how many by polling. Looks at each.
    pub fn transports(&self) -> (usize, usize) {
        let connections = self.shared.registry.all();
        let carried = connections.iter().filter(|it| it.line().is_carried());
        let websockets = carried.count();
        (websockets, connections.len() - websockets)
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.shared.registry.len()
    }

    /// Sends an event to every connection of this node.
    pub fn emit_to_all<T: Serialize + ?Sized>(&self, event: &str, payload: &T) {
        for connection in self.shared.registry.all() {
            connection.emit(event, payload);
        }
    }

    /// Cuts a user's connections whose identity was proven at `until` or earlier, or at an
    /// unknown time. Returns how many there were.
    pub fn cut_user(&self, user: &UserId, until: Timestamp) -> usize {
        let mut cut = 0;
        for connection in self.shared.registry.all() {
            let is_theirs = |identity: Arc<Identity>| {
                identity.user == *user && identity.issued.is_none_or(|issued| issued <= until)
            };
            if connection.identity().is_some_and(is_theirs) {
                connection.line().cut(Cut::Revoked);
                cut += 1;
            }
        }
        cut
    }

    /// Lets nobody in any more.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::SeqCst);
    }

    /// Closes all connections: politely within `patience`, then by cutting them.
    pub async fn close(&self, patience: Duration) {
        let connections = self.shared.registry.all();
        let fetched = async {
            while !connections
                .iter()
                .all(|it| it.line().is_drained() || it.line().is_cut())
            {
                tokio::time::sleep(DRAIN_EVERY).await;
            }
        };
        // What waits for a polling client is lost when its session is closed.
        let _ = tokio::time::timeout(patience, fetched).await;
        if tokio::time::timeout(patience, self.io.close())
            .await
            .is_err()
        {
            tracing::debug!("some connections did not close in time and are cut");
        }
        for connection in connections {
            connection.line().cut(Cut::Shutdown);
        }
        self.shared.farewells.close();
        if tokio::time::timeout(patience, self.shared.farewells.wait())
            .await
            .is_err()
        {
            tracing::debug!("some connections were not seen off in time");
        }
    }
}

impl Shared {
    fn let_in(
        self: &Arc<Self>,
        socket: Socket,
        identity: Option<Identity>,
        hooks: &Arc<dyn Hooks>,
    ) -> Result<(), ConnectRefused> {
        if self.draining.load(Ordering::SeqCst) {
            let refusal = ConnectRefusal {
                code: ErrorCode::Draining,
                message: "this server is going away: reconnect".into(),
            };
            return Err(self.turn_away(refusal.code.as_str(), refusal));
        }
        let place = place_of(socket.req_parts());
        if let Some(full) = place.and_then(|place| place.over()) {
            return Err(self.turn_away(full.limit(), full.into()));
        }
        if let Some(newcomer) = newcomer_of(socket.req_parts()) {
            newcomer.enters();
        }
        let now = self.clock.now();
        let line = Arc::new(Line::new(&self.limits, now));
        let id = self.registry.next_id();
        let connection = Arc::new(Connection::new(
            id,
            socket,
            line,
            (self.limits.clone(), self.metrics.clone()),
            self.clock.clone(),
            hooks.clone(),
        ));
        if let Some(identity) = identity {
            connection.identify(Arc::new(identity));
        }
        self.registry.add(&connection, now);
        for stream in self.streams_of(&connection) {
            connection.line().carried_by(&stream);
        }
        let socket = connection.socket();
        socket.extensions.insert(Arc::downgrade(&connection));
        socket.on_fallback(Intake(Arc::downgrade(&connection)));
        let (shared, on_disconnect) = (self.clone(), hooks.clone());
        let gone = Arc::downgrade(&connection);
        socket.on_disconnect(move |reason: DisconnectReason| async move {
            if let Some(connection) = gone.upgrade() {
                let said_farewell = reason == DisconnectReason::ClientNSDisconnect;
                shared.registry.remove(&connection);
                if let Some(cut) = Cut::by_transport(reason) {
                    connection.line().was_cut(cut);
                }
                if !leaves_session(reason) {
                    connection.release_place();
                }
                shared.see_off(&connection, &on_disconnect, said_farewell);
            }
        });
        let (shared, when_cut) = (Arc::downgrade(self), hooks.clone());
        let cut = Arc::downgrade(&connection);
        connection.line().when_cut(move || {
            // The transport may take its time to notice; its presences end now.
            if let (Some(shared), Some(connection)) = (shared.upgrade(), cut.upgrade()) {
                connection.release_place();
                shared.see_off(&connection, &when_cut, false);
            }
        });
        hooks.on_connection(&connection);
        self.metrics.let_in();
        Ok(())
    }

    fn turn_away(&self, reason: &'static str, refusal: ConnectRefusal) -> ConnectRefused {
        self.metrics.turned_away(reason);
        ConnectRefused(refusal)
    }

    /// The streams that are a connection's line: that which was a WebSocket from the start, or
    /// those to which it was upgraded.
    fn streams_of(&self, connection: &Connection) -> Vec<Arc<StreamHandle>> {
        let parts = connection.socket().req_parts();
        match stream_of(&parts.extensions) {
            Some(own) if polling::transport_in(&parts.uri) == Some(Transport::WebSocket) => {
                vec![own.clone()]
            }
            _ => self.registry.upgrades(connection.sid()),
        }
    }

    fn see_off(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        hooks: &Arc<dyn Hooks>,
        said_farewell: bool,
    ) {
        if !connection.part() {
            return;
        }
        let (id, remote) = (connection.id().0, connection.remote());
        match connection.line().reason() {
            None | Some(Cut::Shutdown) => tracing::debug!(connection = id, "a connection ended"),
            Some(cut) => {
                self.metrics.cut(cut);
                let reason = cut.name();
                tracing::info!(connection = id, ?remote, reason, "a connection was cut");
            }
        }
        let (connection, hooks) = (connection.clone(), hooks.clone());
        self.farewells.spawn(async move {
            connection.finish().await;
            hooks.on_disconnected(&connection, said_farewell).await;
        });
    }
}

/// Whether the transport session goes on without the namespace.
fn leaves_session(reason: DisconnectReason) -> bool {
    use DisconnectReason::{ClientNSDisconnect, ServerNSDisconnect};
    matches!(reason, ClientNSDisconnect | ServerNSDisconnect)
}
