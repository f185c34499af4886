//! A module that handles an event of every client, and has another handler for some.

use async_trait::async_trait;
use rtm::{ModuleContext, ModuleError, RealtimeModule, Request, Socket};
use serde_json::{Value, json};

use super::stage::Stage;

#[tokio::test]
async fn an_event_of_every_client_is_handled_unless_the_client_has_a_handler_of_its_own() {
    let stage = Stage::with(Every).await;
    for _ in 0..2 {
        let mut client = stage.client().await;
        for (event, by) in [("every:go", "every"), ("every:own", "own")] {
            let answer = client.ask(event, json!({})).await;
            assert_eq!(answer, json!({ "ok": true, "by": by }), "{event}");
        }
        let answer = client.ask("every:late", json!({})).await;
        assert_eq!(answer["code"], "bad_request", "{answer}");
        let answer = client.ask("every:panics", json!({})).await;
        assert_eq!(answer["code"], "unavailable", "{answer}");
    }
    stage.must_work().await;
    stage.must_stop().await;
}

struct Every;

fn by(who: &'static str) -> impl Fn(Request) -> std::future::Ready<()> {
    move |request| {
        let answer: Value = json!({ "ok": true, "by": who });
        request.ack.send(&answer);
        std::future::ready(())
    }
}

#[async_trait]
impl RealtimeModule for Every {
    fn name(&self) -> &'static str {
        "every"
    }

    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        assert!(ctx.on_every("every:go", by("nobody")));
        // The last one counts.
        assert!(ctx.on_every("every:go", by("every")));
        assert!(ctx.on_every("every:own", by("every")));
        assert!(ctx.on_every("every:panics", |request: Request| async move {
            let _request = request;
            panic!("on purpose");
        }));
        Ok(())
    }

    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        ctx.on(socket, "every:own", by("own"));
        assert!(!ctx.on_every("every:late", by("late")), "it is too late");
    }
}
