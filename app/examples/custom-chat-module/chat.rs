//! Chat, directly on Socket.IO and Redis.

use async_trait::async_trait;
use rtm::domain::ids::RoomId;
use rtm::fred::interfaces::{KeysInterface, ListInterface};
use rtm::protocol::{ErrorCode, ErrorReply};
use rtm::{Connection, ModuleContext, RealtimeModule, Socket};
use serde::Deserialize;
use serde_json::{Value, json};

const HISTORY_MAX: i64 = 100;

pub(crate) struct CustomChat;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    room_id: String,
    #[serde(default)]
    message: Value,
}

#[async_trait]
impl RealtimeModule for CustomChat {
    fn name(&self) -> &'static str {
        "custom-chat"
    }

    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        for event in ["chat:send", "chat:history"] {
            let context = ctx.clone();
            ctx.on_request(socket, event, move |of, ask: Ask| {
                let ctx = context.clone();
                async move { answer(&ctx, &of, event, ask).await }
            });
        }
    }
}

async fn answer(
    ctx: &ModuleContext,
    of: &Connection,
    event: &str,
    ask: Ask,
) -> Result<Value, ErrorReply> {
    // Only members of the presence room speak and read.
    let room = RoomId::trusted(ask.room_id);
    let session = ctx.presence.as_ref().and_then(|it| it.session(of.id()));
    let Some((_, user, _)) = session.and_then(|it| it.presence(&room)) else {
        return Err(ErrorReply::new(ErrorCode::NotPresent, "join first"));
    };
    let Some(redis) = &ctx.redis else {
        return Err(away("REDIS_URL is not set"));
    };
    let (place, key) = (format!("chat:{room}"), format!("custom-chat:{{{room}}}"));
    of.socket().join(place.clone());
    if event == "chat:history" {
        let kept: Vec<String> = redis.lrange(&key, 0, -1).await.map_err(away)?;
        let messages = kept.iter().rev().map(|it| serde_json::from_str(it));
        let messages: Vec<Value> = messages.collect::<Result<_, _>>().map_err(away)?;
        return Ok(json!({ "messages": messages }));
    }
    let id: u64 = redis.incr(format!("{key}:ids")).await.map_err(away)?;
    let (id, room, user) = (format!("msg_{id}"), room.as_str(), user.as_str());
    let said = json!({ "msgId": id, "roomId": room, "userId": user, "message": ask.message });
    let _: () = redis.lpush(&key, said.to_string()).await.map_err(away)?;
    let _: () = redis.ltrim(&key, 0, HISTORY_MAX - 1).await.map_err(away)?;
    let emitted = ctx.io.to(place).emit("chat:message", &said).await;
    emitted.map_err(away)?;
    Ok(json!({ "msgId": id }))
}

fn away(error: impl std::fmt::Display) -> ErrorReply {
    ErrorReply::new(ErrorCode::Unavailable, error.to_string())
}
