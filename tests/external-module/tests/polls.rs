//! The module in a server of its own, with the application's router and listener, heard by real
//! clients.

#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod polls {
    pub(crate) mod client;
}

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use polls::client::Client;
use rtm::axum::Router;
use rtm::axum::routing::get;
use rtm::domain::ids::{RoomId, UserId};
use rtm::{Config, ModuleContext, ModuleError, RealtimeModule, RealtimeServer, ServerError};
use rtm_external_module::Polls;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_module_lives_by_the_public_api_alone() {
    let (mut server, address, _) = serve().await;
    let (mut ann, mut bob) = (
        Client::connect(address).await,
        Client::connect(address).await,
    );
    ann.join("room", "ann").await;
    ann.hears("poll:welcome", json!({ "counts": {} })).await;
    bob.join("room", "bob").await;
    let vote = |choice: Value| json!({ "roomId": "room", "choice": choice });
    let refused = ann.ask("poll:vote", vote(json!(5))).await;
    assert_eq!(refused["code"], "bad_request", "{refused}");
    let voted = ann.ask("poll:vote", vote(json!("tea"))).await;
    assert_eq!(voted, json!({ "ok": true, "counts": { "tea": 1 } }));
    bob.hears("poll:counts", json!({ "counts": { "tea": 1 } }))
        .await;
    let elsewhere = json!({ "roomId": "other", "choice": "tea" });
    assert_eq!(bob.ask("poll:vote", elsewhere).await["code"], "not_present");
    let page = http(address, "/polls").await;
    assert!(page.ends_with(r#"{"room":{"counts":{"tea":1}}}"#), "{page}");
    ann.cut();
    let said = bob
        .hears("chat:message", json!({ "userId": "polls" }))
        .await;
    assert_eq!(said["message"], "ann takes the vote for tea along");
    server.stop().await;
    bob.closed().await;
}

#[tokio::test]
async fn an_application_brings_its_router_and_its_listener() {
    let (mut server, address, _) = serve().await;
    assert!(http(address, "/own").await.ends_with("own"));
    assert!(http(address, "/healthz").await.contains("\"ok\""));
    assert!(http(address, "/nothing").await.starts_with("HTTP/1.1 404"));
    assert!(http(address, "/broken").await.starts_with("HTTP/1.1 500"));
    // The routes that overlap with the server's own are left out.
    assert!(!http(address, "/readyz").await.contains("clash"));
    server.stop().await;
}

#[tokio::test]
async fn modules_find_each_other_and_shut_users_out() {
    let (mut server, address, seen) = serve().await;
    let mut ann = Client::connect(address).await;
    ann.join("room", "ann").await;
    let ctx = seen.0.lock().unwrap().clone().unwrap();
    let polls = ctx.find::<Polls>().unwrap();
    assert_eq!(
        serde_json::to_value(polls.counts(&RoomId::trusted("room"))).unwrap(),
        json!({ "counts": {} })
    );
    assert!(ctx.find::<String>().is_none());
    // Nobody has proven who they are, so nobody can be shut out by that.
    ctx.revoke(&UserId::trusted("ann")).await.unwrap();
    ctx.emit_to_user(&UserId::trusted("ann"), "note", &json!({ "n": 1 }))
        .await
        .unwrap();
    ann.hears("note", json!({ "n": 1 })).await;
    server.stop().await;
}

#[tokio::test]
async fn names_are_unique_and_modules_come_before_the_start() {
    let mut server = RealtimeServer::new(config());
    server.use_module(Polls::default()).unwrap();
    let twice = server.use_module(Polls::default());
    assert!(matches!(twice, Err(ServerError::DuplicateModule("polls"))));
    assert_eq!(server.modules(), ["presence", "chat", "relay", "polls"]);
    server.start().await.unwrap();
    let late = server.use_module(Polls::default());
    assert!(matches!(late, Err(ServerError::AlreadyStarted("polls"))));
    server.stop().await;
}

/// Keeps the context that it is given, and has routes that fail.
#[derive(Clone, Default)]
struct Curious(Arc<Mutex<Option<ModuleContext>>>);

#[async_trait]
impl RealtimeModule for Curious {
    fn name(&self) -> &'static str {
        "curious"
    }

    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        *self.0.lock().unwrap() = Some(ctx.clone());
        let broken = || async {
            if true {
                panic!("as it was told to")
            }
        };
        ctx.add_routes(Router::new().route("/broken", get(broken)));
        ctx.add_routes(Router::new().route("/readyz", get(|| async { "clash" })));
        Ok(())
    }
}

async fn serve() -> (RealtimeServer, SocketAddr, Curious) {
    let seen = Curious::default();
    let mut server = RealtimeServer::new(config());
    server.use_module(Polls::default()).unwrap();
    server.use_module(seen.clone()).unwrap();
    server.serve_router(Router::new().route("/own", get(|| async { "own" })));
    server.listen_on(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = server.start().await.unwrap();
    (server, address, seen)
}

fn config() -> Config {
    let mut config = Config::default();
    config.http.port = 0;
    config
}

async fn http(address: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let asked = move || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    tokio::task::spawn_blocking(asked).await.unwrap().unwrap()
}
