//! A node: a gateway that serves on a port of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rtm_domain::ports::Clock;
use rtm_domain::time::{Moment, Timestamp, millis};
use rtm_socketio::{Bus, Cluster, Connection, Gateway, Hooks, Io, Limits, Socket, Work};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::client::Client;
use crate::hub::Hub;

pub(crate) struct Node {
    pub(crate) index: usize,
    pub(crate) cluster: Cluster,
    pub(crate) gateway: Gateway,
    address: SocketAddr,
    _stop: DropGuard,
}

impl Node {
    /// Nodes on one hub.
    pub(crate) async fn cluster(hub: &Hub, count: usize) -> Vec<Self> {
        let mut nodes = Vec::new();
        for _ in 0..count {
            let bus = hub.join();
            let index = bus.node;
            nodes.push(Self::start(index, Cluster::over(bus as Arc<dyn Bus>)).await);
            hub.subscribed(index, "all:/", true).await;
        }
        nodes
    }

    pub(crate) async fn start(index: usize, cluster: Cluster) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SteadyClock(Instant::now()));
        let gateway = Gateway::new(Limits::default(), clock.clone(), cluster.clone());
        gateway.open(Arc::new(Nothing));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let router = gateway.in_front_of(Router::new());
        let stop = CancellationToken::new();
        let serving = rtm_socketio::serve(listener, router, Limits::default(), clock, stop.clone());
        tokio::spawn(serving);
        Self {
            index,
            cluster,
            gateway,
            address,
            _stop: stop.drop_guard(),
        }
    }

    pub(crate) fn io(&self) -> &Io {
        self.gateway.io()
    }

    /// A client of this node that is in `rooms`.
    pub(crate) async fn client(&self, rooms: &[&'static str]) -> Client {
        let client = Client::connect(self.address).await;
        self.socket(&client).join(rooms.to_vec());
        client
    }

    /// A client in `rooms` that other nodes can reach there.
    pub(crate) async fn reachable(&self, hub: &Hub, rooms: &[&'static str]) -> Client {
        let client = self.client(rooms).await;
        for room in rooms {
            hub.subscribed(self.index, &channel(room), true).await;
        }
        client
    }

    /// The socket of a client.
    pub(crate) fn socket(&self, client: &Client) -> Socket {
        let id = client.id.parse().expect("it is an id");
        self.io().get_socket(id).expect("it is connected")
    }
}

/// The channel of a room.
pub(crate) fn channel(room: &str) -> String {
    format!("room:/,{room}")
}

struct Nothing;

impl Hooks for Nothing {
    fn on_connection(&self, _connection: &Arc<Connection>) {}
    fn on_connected(&self, _connection: &Arc<Connection>) {}
    fn on_disconnected(&self, _connection: &Arc<Connection>, _said_farewell: bool) -> Work {
        Box::pin(async {})
    }
}

struct SteadyClock(Instant);

impl Clock for SteadyClock {
    fn now(&self) -> Moment {
        Moment(millis(self.0.elapsed()))
    }

    fn wall(&self) -> Timestamp {
        Timestamp(millis(self.0.elapsed()))
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(span).boxed()
    }
}
