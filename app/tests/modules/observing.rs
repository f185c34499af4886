//! Modules that follow rooms and presences, and fail at it.

use std::sync::Arc;

use async_trait::async_trait;
use rtm::domain::error::StoreError;
use rtm::domain::ids::RoomId;
use rtm::domain::ports::{Change, Observer};
use rtm::{ModuleContext, ModuleError, RealtimeModule};
use serde_json::json;

use super::log;
use super::stage::Stage;

#[tokio::test]
async fn a_panic_when_a_room_opens_costs_the_module_its_say_and_nothing_else() {
    let stage = Stage::with(Nosy("nosy-opening", Place::Opening)).await;
    stage.must_work().await;
    log::assert_logged("nosy-opening", "failed to open a room");
    stage.must_stop().await;
}

#[tokio::test]
async fn a_module_that_never_opens_a_room_holds_up_one_join_and_no_more() {
    let stage = Stage::with(Nosy("nosy-hanging", Place::Hanging)).await;
    stage.must_work().await;
    log::assert_logged("nosy-hanging", "it took too long");
    stage.must_stop().await;
}

#[tokio::test]
async fn a_module_may_refuse_to_open_a_room() {
    let stage = Stage::with(Nosy("nosy-refusing", Place::Refusing)).await;
    let join = json!({ "roomId": "room", "userId": "ann" });
    let answer = stage.client().await.ask("presence:join", join).await;
    assert_eq!(answer["code"], "unavailable", "{answer}");
}

#[tokio::test]
async fn a_panic_at_a_change_harms_neither_the_next_change_nor_others() {
    for place in [Place::Changed, Place::Watching] {
        let name = if place == Place::Changed {
            "nosy-changed"
        } else {
            "nosy-watching"
        };
        let stage = Stage::with(Nosy(name, place)).await;
        stage.must_work().await;
        stage.must_work().await;
        stage.must_stop().await;
        log::assert_logged(name, "module panicked");
    }
}

struct Nosy(&'static str, Place);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Opening,
    Hanging,
    Refusing,
    Changed,
    Watching,
}

#[async_trait]
impl RealtimeModule for Nosy {
    fn name(&self) -> &'static str {
        self.0
    }

    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        assert!(match self.1 {
            Place::Watching => ctx.watch_presence(|_| async { panic!("as it was told to") }),
            place => ctx.observe_rooms(Arc::new(Eyes(place))),
        });
        Ok(())
    }
}

struct Eyes(Place);

#[async_trait]
impl Observer for Eyes {
    async fn open(&self, _: &RoomId) -> Result<(), StoreError> {
        match self.0 {
            Place::Opening => panic!("as it was told to"),
            Place::Hanging => std::future::pending().await,
            Place::Refusing => Err(StoreError::Full("as it was told to")),
            Place::Changed | Place::Watching => Ok(()),
        }
    }

    fn changed(&self, _: &Change) {
        assert!(self.0 != Place::Changed, "as it was told to");
    }
}
