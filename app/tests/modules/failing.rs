//! A module that says itself that it cannot take part.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rtm::{ModuleContext, ModuleError, RealtimeModule, Request, Socket};
use serde_json::json;

use super::log;
use super::stage::Stage;

#[tokio::test]
async fn a_module_that_cannot_register_is_left_out_and_named() {
    let stage = Stage::with(Failing).await;
    log::assert_logged("failing", "its database is away");
    stage.must_work().await;
    let mut client = stage.client().await;
    for event in ["failing:go", "failing:every"] {
        let answer = client.ask(event, json!({})).await;
        assert_eq!(
            answer["code"], "bad_request",
            "{event}: it takes no further part"
        );
    }
    stage.must_stop().await;
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_answered_all_the_same() {
    let stage = Stage::with(Mute).await;
    let answer = stage.client().await.ask("mute:go", json!({})).await;
    assert_eq!(answer["code"], "unavailable", "{answer}");
    stage.must_work().await;
    stage.must_stop().await;
}

struct Mute;

#[async_trait]
impl RealtimeModule for Mute {
    fn name(&self) -> &'static str {
        "mute"
    }

    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        ctx.on(socket, "mute:go", |request: Request| async move {
            // JSON has no such keys.
            request.ack.send(&BTreeMap::from([((1, 2), 3)]));
        });
    }
}

struct Failing;

#[async_trait]
impl RealtimeModule for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        // It takes no other module's event with it either.
        for event in ["failing:every", "presence:leave"] {
            let registered = ctx.on_every(event, |request: Request| async move {
                request.ack.send(&json!({ "ok": true, "by": "failing" }));
            });
            assert!(registered);
        }
        Err(ModuleError::new("its database is away"))
    }

    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        ctx.on(socket, "failing:go", |request: Request| async move {
            request.ack.send(&json!({ "ok": true }));
        });
    }

    async fn on_shutdown(&self) {
        panic!("it was never registered");
    }
}
