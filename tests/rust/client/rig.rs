//! A server in this process, on a free port.

use std::time::Duration;

use rtm::config::{AuthConfig, AuthMode, HttpConfig, PresenceConfig};
use rtm::{Config, RealtimeServer};
use rtm_client::{Client, ClientOptions, ConnectOptions};

/// How long anything may take here. A bound for failures, not a measure.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Rig {
    server: RealtimeServer,
    config: Config,
    port: u16,
}

impl Rig {
    pub(super) async fn start(ttl: Duration) -> Self {
        Self::start_with(config(ttl)).await
    }

    pub(super) async fn start_with(config: Config) -> Self {
        let mut server = RealtimeServer::new(config.clone());
        let address = server.start().await.expect("there is a free port");
        Self {
            server,
            config,
            port: address.port(),
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) async fn client(&self) -> Client {
        let client = Client::connect(&self.url(), options()).await;
        client.expect("the server runs")
    }

    /// Ends the server and starts another on its port. What it knew is gone.
    pub(super) async fn restart(&mut self) {
        self.server.stop().await;
        self.config.http.port = self.port;
        self.server = RealtimeServer::new(self.config.clone());
        let started = self.server.start().await;
        started.expect("its port is free again");
    }

    pub(super) async fn stop(mut self) {
        self.server.stop().await;
    }
}

pub(super) fn config(ttl: Duration) -> Config {
    Config {
        http: HttpConfig {
            port: 0,
            shutdown_timeout: Duration::from_secs(2),
            ..HttpConfig::default()
        },
        presence: PresenceConfig {
            ttl,
            reaper_interval: Duration::from_millis(50),
            ..PresenceConfig::default()
        },
        auth: AuthConfig {
            mode: AuthMode::None,
            ..AuthConfig::default()
        },
        ..Config::default()
    }
}

pub(super) fn options() -> ClientOptions {
    ClientOptions {
        connection: ConnectOptions {
            connect_timeout: PATIENCE,
            ack_timeout: PATIENCE,
            ..ConnectOptions::default()
        },
        backoff: (Duration::from_millis(20), Duration::from_millis(200)),
        ..ClientOptions::default()
    }
}

/// Awaits events of a client until `done` holds.
pub(super) async fn until(client: &Client, done: impl Fn() -> bool) {
    let mut events = client.events();
    let waited = tokio::time::timeout(PATIENCE, async {
        while !done() {
            tokio::select! {
                // Told too much at once, there is still something to look at.
                _ = events.recv() => {}
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
        }
    });
    waited.await.expect("it comes about in time");
}
