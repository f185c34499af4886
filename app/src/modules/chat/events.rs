//! The events of chat: each is decoded, checked against rights and membership, and answered.

use std::sync::Arc;

use futures_util::FutureExt;
use rtm_domain::PresenceService;
use rtm_domain::error::StoreError;
use rtm_domain::ids::{ConnId, RoomId, UserId};
use rtm_protocol as wire;
use rtm_protocol::decode::{self, BadRequest, DecodeLimits};
use rtm_protocol::{ErrorCode, ErrorReply, True};
use rtm_socketio::{Request, Right, Work};
use serde::Serialize;
use serde_json::value::RawValue;

use super::hall::Hall;
use super::store::{Draft, Notice, Stored};
use super::{ChatSettings, MsgId};

/// What the handlers share.
pub(super) struct Desk {
    pub(super) presence: PresenceService,
    pub(super) hall: Arc<Hall>,
    pub(super) settings: ChatSettings,
}

/// Does one event in its turn.
pub(super) type Handle = fn(Arc<Desk>, Request) -> Work;

/// `chat:send`
pub(super) fn send(desk: Arc<Desk>, request: Request) -> Work {
    async move {
        let reply = desk.send(&request).await;
        answer(request, reply);
    }
    .boxed()
}

/// `chat:history`
pub(super) fn history(desk: Arc<Desk>, request: Request) -> Work {
    async move {
        match desk.history(&request).await {
            Ok((room, messages)) => request.ack.send(&wire::ChatHistoryReply {
                ok: True,
                messages: shown(&room, &messages),
            }),
            Err(refusal) => request.ack.refuse(&refusal),
        }
    }
    .boxed()
}

/// `chat:since`
pub(super) fn since(desk: Arc<Desk>, request: Request) -> Work {
    async move {
        match desk.since(&request).await {
            Ok((room, since)) => request.ack.send(&wire::ChatSinceReply {
                ok: True,
                messages: shown(&room, &since.messages),
                complete: since.complete,
                more: since.more,
            }),
            Err(refusal) => request.ack.refuse(&refusal),
        }
    }
    .boxed()
}

/// `chat:typing`
pub(super) fn typing(desk: Arc<Desk>, request: Request) -> Work {
    async move {
        let reply = desk.typing(&request).await;
        answer(request, reply);
    }
    .boxed()
}

/// `chat:read`
pub(super) fn read(desk: Arc<Desk>, request: Request) -> Work {
    async move {
        let reply = desk.read(&request).await;
        answer(request, reply);
    }
    .boxed()
}

/// `chat:receipts`
pub(super) fn receipts(desk: Arc<Desk>, request: Request) -> Work {
    async move {
        let reply = desk.receipts(&request).await;
        answer(request, reply);
    }
    .boxed()
}

impl Desk {
    async fn send(&self, request: &Request) -> Result<wire::ChatSendReply, ErrorReply> {
        let (limits, bytes_max) = (self.limits(), self.settings.message_bytes_max);
        let send = decode::chat_send(request.payload(), &limits, bytes_max)?;
        let (room, _, user) = self.member(request, &send.room_id, Right::Publish)?;
        let draft = Draft {
            user,
            message: send.message.to_owned(),
            client_msg_id: send.client_msg_id.map(|name| name.into()),
        };
        let id = self.hall.append(&room, &draft).await.map_err(away)?.id;
        Ok(wire::ChatSendReply {
            ok: True,
            msg_id: id.to_string(),
            ts: id.millis(),
        })
    }

    async fn history(&self, request: &Request) -> Result<(RoomId, Vec<Arc<Stored>>), ErrorReply> {
        let ask = decode::chat_history(request.payload(), &self.limits())?;
        let before = ask.before.map(|before| id("before", &before)).transpose()?;
        let (room, ..) = self.member(request, &ask.room_id, Right::History)?;
        let limit = ask.limit.unwrap_or(ChatSettings::HISTORY_DEFAULT);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let limit = limit.min(self.settings.history_max);
        let page = self.hall.store().page(&room, before, limit).await;
        Ok((room, page.map_err(away)?))
    }

    async fn since(&self, request: &Request) -> Result<(RoomId, super::store::Since), ErrorReply> {
        let ask = decode::chat_since(request.payload(), &self.limits())?;
        let after = id("msgId", &ask.msg_id)?;
        let (room, ..) = self.member(request, &ask.room_id, Right::History)?;
        let since = self.hall.store().since(&room, after, MsgId::START).await;
        Ok((room, since.map_err(away)?))
    }

    async fn typing(&self, request: &Request) -> Result<wire::ChatTypingReply, ErrorReply> {
        let ask = decode::chat_typing(request.payload(), &self.limits())?;
        let (room, conn, user) = self.member(request, &ask.room_id, Right::Publish)?;
        let notice = Notice::Typing {
            user,
            conn,
            typing: ask.typing,
        };
        self.hall
            .store()
            .notify(&room, &notice)
            .await
            .map_err(away)?;
        Ok(wire::ChatTypingReply { ok: True })
    }

    async fn read(&self, request: &Request) -> Result<wire::ChatReadReply, ErrorReply> {
        let ask = decode::chat_read(request.payload(), &self.limits())?;
        let upto = id("msgId", &ask.msg_id)?;
        let (room, conn, user) = self.member(request, &ask.room_id, Right::History)?;
        let store = self.hall.store();
        let moved = store.mark_read(&room, &user, upto).await.map_err(away)?;
        if let Some(upto) = moved {
            let notice = Notice::Read { user, conn, upto };
            // The position is kept, and whoever missed the notice can ask for it.
            let _ = store.notify(&room, &notice).await;
        }
        Ok(wire::ChatReadReply { ok: True })
    }

    async fn receipts(&self, request: &Request) -> Result<wire::ChatReceiptsReply, ErrorReply> {
        let ask = decode::chat_receipts(request.payload(), &self.limits())?;
        let (room, ..) = self.member(request, &ask.room_id, Right::History)?;
        let receipts = self.hall.store().receipts(&room).await.map_err(away)?;
        let receipt = |(user, upto): (UserId, MsgId)| wire::ChatReceipt {
            user_id: user.as_str().to_owned(),
            msg_id: upto.to_string(),
            ts: upto.millis(),
        };
        Ok(wire::ChatReceiptsReply {
            ok: True,
            receipts: receipts.into_iter().map(receipt).collect(),
        })
    }

    /// Who asks, if they are in the room and have the right.
    fn member(
        &self,
        request: &Request,
        room: &str,
        right: Right,
    ) -> Result<(RoomId, ConnId, UserId), ErrorReply> {
        let bad = |bad: rtm_domain::ids::BadId| BadRequest::new("roomId", bad.to_string());
        let room = RoomId::parse(room, self.presence.policy().id_bytes_max).map_err(bad)?;
        request.connection.may(right, &room)?;
        let session = self.presence.session(request.connection.id());
        match session.and_then(|session| session.presence(&room)) {
            Some((conn, user, _)) => Ok((room, conn, user)),
            None => {
                let problem = "only members of a room speak and read there: join it";
                Err(ErrorReply::new(ErrorCode::NotPresent, problem))
            }
        }
    }

    fn limits(&self) -> DecodeLimits {
        let policy = self.presence.policy();
        DecodeLimits {
            id_bytes_max: policy.id_bytes_max,
            state_bytes_max: policy.state_bytes_max,
        }
    }
}

/// A message as a client is told it.
pub(super) fn message<'a>(
    room: &'a RoomId,
    stored: &'a Stored,
) -> wire::ChatMessage<std::borrow::Cow<'a, str>, &'a RawValue> {
    wire::ChatMessage {
        msg_id: stored.id.to_string().into(),
        room_id: room.as_str().into(),
        user_id: stored.draft.user.as_str().into(),
        message: &stored.draft.message,
        ts: stored.id.millis(),
        client_msg_id: stored.draft.client_msg_id.as_deref().map(Into::into),
    }
}

fn shown<'a>(
    room: &'a RoomId,
    messages: &'a [Arc<Stored>],
) -> Vec<wire::ChatMessage<std::borrow::Cow<'a, str>, &'a RawValue>> {
    messages
        .iter()
        .map(|stored| message(room, stored))
        .collect()
}

fn answer<T: Serialize>(request: Request, reply: Result<T, ErrorReply>) {
    match reply {
        Ok(reply) => request.ack.send(&reply),
        Err(refusal) => request.ack.refuse(&refusal),
    }
}

fn id(field: &str, text: &str) -> Result<MsgId, BadRequest> {
    MsgId::parse(text).ok_or_else(|| BadRequest::new(field, "is no msgId of this server"))
}

fn away(error: StoreError) -> ErrorReply {
    tracing::debug!(%error, "a chat event is not done");
    ErrorReply::new(ErrorCode::Unavailable, "the store does not answer")
}
