//! A module that does what a test asks of it by events: what modules do with sockets and
//! presences of all nodes.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use rtm::domain::ids::{ConnId, RoomId, UserId};
use rtm::protocol::{ErrorCode, ErrorReply};
use rtm::{ModuleContext, RealtimeModule, Socket};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long a socket may take to answer `steer:ask`.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Does what it is told.
#[derive(Debug, Clone, Copy)]
pub struct Steering;

/// Whom it concerns: the sockets of a Socket.IO room, or the presences of a room.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    room: String,
    /// The room to move to, or the event to send.
    #[serde(default)]
    what: String,
    #[serde(default)]
    payload: Value,
    conn_id: Option<String>,
    user_id: Option<String>,
}

#[derive(Serialize)]
struct Kicked {
    kicked: usize,
}

#[derive(Serialize)]
struct Sockets {
    sockets: Vec<String>,
}

#[derive(Serialize)]
struct Answers {
    answers: BTreeMap<String, Value>,
}

#[async_trait]
impl RealtimeModule for Steering {
    fn name(&self) -> &'static str {
        "steering"
    }

    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        let own = socket.clone();
        ctx.on_request(socket, "steer:enter", move |_, order: Order| {
            own.join(order.room);
            async { Ok(()) }
        });
        let io = ctx.io.clone();
        ctx.on_request(socket, "steer:emit", move |_, order: Order| {
            let sent = io.to(order.room);
            async move {
                let sent = sent.emit(order.what, &order.payload).await;
                sent.map_err(failed)
            }
        });
        let io = ctx.io.clone();
        ctx.on_request(socket, "steer:ask", move |_, order: Order| {
            let asked = io.to(order.room).timeout(ANSWER_MAX);
            async move {
                let asked = asked.emit_with_ack::<_, Value>(order.what, &order.payload);
                let answers = asked.await.map_err(failed)?;
                let answers =
                    answers.map(|(id, answer)| (id.to_string(), answer.unwrap_or(Value::Null)));
                Ok(Answers {
                    answers: answers.collect().await,
                })
            }
        });
        let io = ctx.io.clone();
        ctx.on_request(socket, "steer:sockets", move |_, order: Order| {
            let told = io.to(order.room);
            async move {
                let sockets = told.fetch_sockets().await.map_err(failed)?;
                let ids = sockets.iter().map(|socket| socket.data().id.to_string());
                Ok(Sockets {
                    sockets: ids.collect(),
                })
            }
        });
        self.on_moves(socket, ctx);
        self.on_kick(socket, ctx);
    }
}

impl Steering {
    fn on_moves(self, socket: &Socket, ctx: &ModuleContext) {
        let io = ctx.io.clone();
        ctx.on_request(socket, "steer:join", move |_, order: Order| {
            let moved = io.to(order.room);
            async move { moved.join(order.what).await.map_err(failed) }
        });
        let io = ctx.io.clone();
        ctx.on_request(socket, "steer:leave", move |_, order: Order| {
            let moved = io.to(order.room);
            async move { moved.leave(order.what).await.map_err(failed) }
        });
        let io = ctx.io.clone();
        ctx.on_request(socket, "steer:disconnect", move |_, order: Order| {
            let ended = io.to(order.room);
            async move { ended.disconnect().await.map_err(failed) }
        });
    }

    fn on_kick(self, socket: &Socket, ctx: &ModuleContext) {
        let presence = ctx.presence.clone();
        ctx.on_request(socket, "steer:kick", move |_, order: Order| {
            let presence = presence.clone();
            async move {
                let presence = presence.ok_or_else(|| failed("there is no presence"))?;
                let room = RoomId::trusted(order.room);
                let kicked = match (order.conn_id, order.user_id) {
                    (Some(conn), _) => {
                        let kicked = presence.kick(&room, &ConnId::trusted(conn)).await;
                        usize::from(kicked.map_err(refused)?)
                    }
                    (None, Some(user)) => {
                        let kicked = presence.kick_user(&room, &UserId::trusted(user)).await;
                        kicked.map_err(refused)?
                    }
                    (None, None) => return Err(failed("whom?")),
                };
                Ok(Kicked { kicked })
            }
        });
    }
}

fn failed(why: impl ToString) -> ErrorReply {
    ErrorReply::new(ErrorCode::BadRequest, why.to_string())
}

fn refused(why: impl std::fmt::Debug) -> ErrorReply {
    ErrorReply::new(ErrorCode::Unavailable, format!("{why:?}"))
}
