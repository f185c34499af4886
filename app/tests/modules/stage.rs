//! A server with presence and a witness on either side of the module under test, and what must
//! hold of it whatever that module does.

use std::net::SocketAddr;
use std::time::Duration;

use rtm::domain::ids::RoomId;
use rtm::{Config, RealtimeModule, RealtimeServer};
use serde_json::json;

use super::client::Client;
use super::log;
use super::witness::{HELLO, PING, Witness};

/// For the whole shutdown: short, as some modules use up what they are given.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(1_200);
const ROOM: &str = "room";

pub(crate) struct Stage {
    pub(crate) server: RealtimeServer,
    pub(crate) address: SocketAddr,
    before: Witness,
    after: Witness,
}

/// Listens on a free port.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.http.port = 0;
    config.http.shutdown_timeout = SHUTDOWN_TIMEOUT;
    config
}

impl Stage {
    pub(crate) async fn with(module: impl RealtimeModule) -> Self {
        log::keep();
        let mut server = RealtimeServer::new(config());
        let (before, after) = (Witness::new("before"), Witness::new("after"));
        server.use_module(before.clone()).unwrap();
        server.use_module(module).unwrap();
        server.use_module(after.clone()).unwrap();
        let address = server.start().await.unwrap();
        Self {
            server,
            address,
            before,
            after,
        }
    }

    /// A client that the other modules serve as if nothing had been.
    pub(crate) async fn client(&self) -> Client {
        let mut client = Client::connect(self.address).await;
        for _witness in [&self.before, &self.after] {
            client.hears(HELLO, json!({})).await;
        }
        client
    }

    /// Presence and the witnesses work, from the first client to the last, and see them off.
    pub(crate) async fn must_work(&self) {
        let (mut ann, mut bob) = (self.client().await, self.client().await);
        ann.join(ROOM, "ann").await;
        bob.join(ROOM, "bob").await;
        ann.hears("presence:event", json!({ "type": "join", "userId": "bob" }))
            .await;
        assert_eq!(ann.ask(PING, json!({})).await, json!({ "ok": true }));
        bob.cut();
        let left = json!({ "type": "leave", "userId": "bob", "reason": "disconnected" });
        ann.hears("presence:event", left).await;
        assert_eq!(ann.ask(PING, json!({})).await, json!({ "ok": true }));
        let left = ann.ask("presence:leave", json!({ "roomId": ROOM })).await;
        assert_eq!(left, json!({ "ok": true }));
    }

    /// The server stops, clients are told, presences end, and every witness is asked.
    pub(crate) async fn must_stop(mut self) {
        let mut ann = self.client().await;
        ann.join(ROOM, "ann").await;
        self.server.stop().await;
        ann.hears("server:draining", json!({})).await;
        ann.closed().await;
        for witness in [&self.before, &self.after] {
            let calls = witness.calls();
            assert_eq!(calls.first(), Some(&"register"), "{calls:?}");
            let of = |call| calls.iter().filter(|it| **it == call).count();
            assert_eq!(of("on_connection"), of("on_connected"), "{calls:?}");
            assert_eq!(of("on_connection"), of("on_disconnected"), "{calls:?}");
            assert_eq!(of("on_shutdown"), 1, "{calls:?}");
        }
        let presence = self.before.presence().expect("presence is on");
        let room = RoomId::parse(ROOM, 256).unwrap();
        let left_behind = presence.snapshot(&room).await.unwrap().entries;
        assert!(left_behind.is_empty(), "{left_behind:?}");
    }
}
