//! A module that panics in one of its functions.

use async_trait::async_trait;
use rtm::{ModuleContext, ModuleError, RealtimeModule, Request, Socket};
use serde_json::{Value, json};

use super::log;
use super::stage::Stage;

const EVENT: &str = "reckless:go";

#[tokio::test]
async fn a_panic_in_register_leaves_the_module_out() {
    let stage = Stage::with(Reckless("reckless-register", Place::Register)).await;
    log::assert_logged("reckless-register", "panicked in register");
    stage.must_work().await;
    let answer = stage.client().await.ask(EVENT, json!({})).await;
    assert_eq!(answer["code"], "bad_request", "it takes no further part");
    stage.must_stop().await;
}

#[tokio::test]
async fn a_panic_before_register_returns_a_future_leaves_the_module_out() {
    let stage = Stage::with(Early).await;
    log::assert_logged("reckless-early", "panicked in register");
    stage.must_work().await;
    stage.must_stop().await;
}

#[tokio::test]
async fn a_panic_in_on_connection_harms_no_other_module() {
    let stage = Stage::with(Reckless("reckless-connection", Place::OnConnection)).await;
    stage.must_work().await;
    log::assert_logged("reckless-connection", "panicked in on_connection");
    stage.must_stop().await;
}

#[tokio::test]
async fn a_panic_in_on_connected_harms_no_other_module() {
    let stage = Stage::with(Reckless("reckless-connected", Place::OnConnected)).await;
    stage.must_work().await;
    log::assert_logged("reckless-connected", "panicked in on_connected");
    // What it registered before stands.
    let answer = stage.client().await.ask(EVENT, json!({})).await;
    assert_eq!(answer, json!({ "ok": true }));
    stage.must_stop().await;
}

#[tokio::test]
async fn a_panic_of_a_handler_is_answered_and_the_connection_lives_on() {
    let stage = Stage::with(Reckless("reckless-handler", Place::Handler)).await;
    panics_and_lives_on(&stage, "reckless-handler").await;
    stage.must_stop().await;
}

#[tokio::test]
async fn a_panic_in_what_a_handler_returns_is_answered_and_the_connection_lives_on() {
    let stage = Stage::with(Reckless("reckless-work", Place::Work)).await;
    panics_and_lives_on(&stage, "reckless-work").await;
    stage.must_stop().await;
}

#[tokio::test]
async fn a_panic_of_a_raw_handler_harms_nobody() {
    let stage = Stage::with(Reckless("reckless-raw", Place::Raw)).await;
    let mut client = stage.client().await;
    client.emit(EVENT, json!({})).await;
    client.join("alive", "eve").await;
    stage.must_work().await;
    stage.must_stop().await;
}

#[tokio::test]
async fn a_panic_in_on_disconnected_harms_no_other_module() {
    let stage = Stage::with(Reckless("reckless-gone", Place::OnDisconnected)).await;
    stage.must_work().await;
    log::assert_logged("reckless-gone", "panicked in on_disconnected");
    stage.must_stop().await;
}

#[tokio::test]
async fn a_panic_in_on_shutdown_harms_no_other_module() {
    let stage = Stage::with(Reckless("reckless-shutdown", Place::OnShutdown)).await;
    stage.must_work().await;
    stage.must_stop().await;
    log::assert_logged("reckless-shutdown", "panicked in on_shutdown");
}

async fn panics_and_lives_on(stage: &Stage, name: &str) {
    let mut client = stage.client().await;
    client.join("alive", "eve").await;
    for _again in 0..2 {
        let answer = client.ask(EVENT, json!({})).await;
        assert_eq!(answer["code"], "unavailable", "{answer}");
    }
    let beat = client.ask("presence:heartbeat", Value::Null).await;
    assert_eq!(beat["ok"], true, "{beat}");
    log::assert_logged(name, "a handler panicked");
    stage.must_work().await;
}

struct Reckless(&'static str, Place);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Register,
    OnConnection,
    OnConnected,
    Handler,
    Work,
    Raw,
    OnDisconnected,
    OnShutdown,
}

impl Place {
    fn or_panic(self, place: Place) {
        assert!(self != place, "as it was told to");
    }
}

#[async_trait]
impl RealtimeModule for Reckless {
    fn name(&self) -> &'static str {
        self.0
    }

    async fn register(&self, _ctx: &ModuleContext) -> Result<(), ModuleError> {
        self.1.or_panic(Place::Register);
        Ok(())
    }

    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        let place = self.1;
        place.or_panic(Place::OnConnection);
        if place == Place::Raw {
            socket.on(EVENT, async move || place.or_panic(Place::Raw));
            return;
        }
        ctx.on(socket, EVENT, move |request: Request| {
            place.or_panic(Place::Handler);
            async move {
                place.or_panic(Place::Work);
                request.ack.send(&json!({ "ok": true }));
            }
        });
    }

    fn on_connected(&self, _socket: &Socket, _ctx: &ModuleContext) {
        self.1.or_panic(Place::OnConnected);
    }

    async fn on_disconnected(&self, _socket: &Socket, _ctx: &ModuleContext, _farewell: bool) {
        self.1.or_panic(Place::OnDisconnected);
    }

    async fn on_shutdown(&self) {
        self.1.or_panic(Place::OnShutdown);
    }
}

/// Panics before there is a future, as only one written without `async` can.
struct Early;

impl RealtimeModule for Early {
    fn name(&self) -> &'static str {
        "reckless-early"
    }

    fn register<'this, 'ctx, 'future>(
        &'this self,
        _ctx: &'ctx ModuleContext,
    ) -> futures_util::future::BoxFuture<'future, Result<(), ModuleError>>
    where
        'this: 'future,
        'ctx: 'future,
    {
        panic!("as it was told to");
    }
}
