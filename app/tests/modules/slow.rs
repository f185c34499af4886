//! A module that never comes back from one of its functions.

use std::future::pending;

use async_trait::async_trait;
use rtm::{ModuleContext, ModuleError, RealtimeModule, Request, Socket};
use serde_json::json;

use super::log;
use super::stage::Stage;

/// With time paused, tokio moves its clock on whenever nothing else is to be done.
#[tokio::test(start_paused = true)]
async fn one_that_never_registers_is_left_out() {
    let stage = Stage::with(Slow("slow-register", Place::Register)).await;
    tokio::time::resume();
    log::assert_logged("slow-register", "took too long to register");
    stage.must_work().await;
    stage.must_stop().await;
}

#[tokio::test]
async fn one_that_never_sees_a_connection_off_holds_up_no_other_module_for_ever() {
    let stage = Stage::with(Slow("slow-gone", Place::OnDisconnected)).await;
    let (mut ann, mut bob) = (stage.client().await, stage.client().await);
    ann.join("slow", "ann").await;
    bob.join("slow", "bob").await;
    bob.cut();
    tokio::time::pause();
    let left = json!({ "type": "leave", "userId": "bob", "reason": "disconnected" });
    ann.hears("presence:event", left).await;
    tokio::time::resume();
    log::assert_logged("slow-gone", "takes long to see a connection off");
}

#[tokio::test]
async fn one_that_never_shuts_down_leaves_the_others_their_time() {
    let stage = Stage::with(Slow("slow-shutdown", Place::OnShutdown)).await;
    stage.must_work().await;
    stage.must_stop().await;
    log::assert_logged("slow-shutdown", "took too long to shut down");
}

#[tokio::test]
async fn an_event_that_is_never_done_holds_up_its_own_connection_only() {
    let stage = Stage::with(Slow("slow-work", Place::Work)).await;
    let (mut ann, mut eve) = (stage.client().await, stage.client().await);
    ann.join("slow", "ann").await;
    eve.join("slow", "eve").await;
    eve.emit("slow:go", json!({})).await;
    stage.must_work().await;
    eve.cut();
    tokio::time::pause();
    let left = json!({ "type": "leave", "userId": "eve", "reason": "disconnected" });
    ann.hears("presence:event", left).await;
}

struct Slow(&'static str, Place);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Register,
    Work,
    OnDisconnected,
    OnShutdown,
}

impl Place {
    async fn or_hang(self, place: Place) {
        if self == place {
            pending::<()>().await;
        }
    }
}

#[async_trait]
impl RealtimeModule for Slow {
    fn name(&self) -> &'static str {
        self.0
    }

    async fn register(&self, _ctx: &ModuleContext) -> Result<(), ModuleError> {
        self.1.or_hang(Place::Register).await;
        Ok(())
    }

    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        let place = self.1;
        ctx.on(socket, "slow:go", move |_request: Request| {
            place.or_hang(Place::Work)
        });
    }

    async fn on_disconnected(&self, _socket: &Socket, _ctx: &ModuleContext, _farewell: bool) {
        self.1.or_hang(Place::OnDisconnected).await;
    }

    async fn on_shutdown(&self) {
        self.1.or_hang(Place::OnShutdown).await;
    }
}
