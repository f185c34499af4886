//! A module that says itself that it cannot take part.

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
    let answer = stage.client().await.ask("failing:go", json!({})).await;
    assert_eq!(answer["code"], "bad_request", "it takes no further part");
    stage.must_stop().await;
}

struct Failing;

#[async_trait]
impl RealtimeModule for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }

    async fn register(&self, _ctx: &ModuleContext) -> Result<(), ModuleError> {
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
