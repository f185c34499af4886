//! Chat as a module: messages in one order for all members of a room, kept for those who come
//! later, with who types and how far everyone has read.
//!
//! A message's way: [`events`] decodes and checks it, a [`ChatStore`] appends and publishes it in
//! one step, [`hall`] tells it to the members on its node, in the order in which [`tail`] lets it
//! through.

mod events;
mod hall;
mod id;
mod memory;
mod redis;
mod settings;
pub mod store;
mod tail;
mod typists;

use std::sync::Arc;

use async_trait::async_trait;
use rtm_domain::PresenceService;
use rtm_domain::ids::{RoomId, UserId};
use rtm_domain::ports::Clock;
use rtm_protocol::names;
use rtm_socketio::{Connection, Socket};

use crate::module::{ModuleContext, ModuleError, RealtimeModule};
use events::Desk;
use hall::Hall;

pub use id::MsgId;
pub use memory::MemoryChat;
pub use redis::RedisChat;
pub use settings::ChatSettings;
pub use store::{ChatStore, Draft, Stored};

/// Says and keeps messages.
pub struct ChatModule {
    hall: Arc<Hall>,
    desk: Arc<Desk>,
}

impl ChatModule {
    /// The name of the module.
    pub const NAME: &str = "chat";

    /// The module for the rooms of a presence service, over a store.
    pub fn new(
        presence: PresenceService,
        store: Arc<dyn ChatStore>,
        clock: Arc<dyn Clock>,
        settings: ChatSettings,
    ) -> Self {
        let hall = Hall::new(presence.clone(), store, clock, settings);
        let desk = Arc::new(Desk {
            presence,
            hall: hall.clone(),
            settings,
        });
        Self { hall, desk }
    }

    /// Speaks in rooms, for other modules.
    pub fn handle(&self) -> ChatHandle {
        ChatHandle(self.desk.clone())
    }
}

#[async_trait]
impl RealtimeModule for ChatModule {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        self.hall.start(&ctx.shutdown);
        self.desk.presence.observe(self.hall.clone());
        ctx.provide(self.handle());
        for (event, handle) in [
            (names::CHAT_SEND, events::send as events::Handle),
            (names::CHAT_HISTORY, events::history),
            (names::CHAT_SINCE, events::since),
            (names::CHAT_TYPING, events::typing),
            (names::CHAT_READ, events::read),
            (names::CHAT_RECEIPTS, events::receipts),
        ] {
            let desk = self.desk.clone();
            ctx.on_every(event, move |request| handle(desk.clone(), request));
        }
        Ok(())
    }

    async fn on_disconnected(&self, socket: &Socket, _ctx: &ModuleContext, _farewell: bool) {
        // Its presences may linger; who types is there.
        let session = Connection::of(socket)
            .and_then(|connection| self.desk.presence.session(connection.id()));
        let Some(session) = session else { return };
        for room in session.rooms() {
            if let Some((conn, user, _)) = session.presence(&room) {
                self.hall.end_typing(room, user, conn);
            }
        }
    }
}

/// Speaks in rooms, for other modules. Cheap to clone.
#[derive(Clone)]
pub struct ChatHandle(Arc<Desk>);

impl ChatHandle {
    /// Says something in a room as a user, who need not be there. Returns the message's id.
    ///
    /// # Errors
    ///
    /// The message is too large, or the store does not answer.
    pub async fn send(
        &self,
        room: &RoomId,
        user: &UserId,
        message: &impl serde::Serialize,
    ) -> Result<MsgId, ModuleError> {
        let message = serde_json::value::to_raw_value(message).map_err(ModuleError::new)?;
        if message.get().len() > self.0.settings.message_bytes_max {
            return Err(ModuleError::new(
                "the message is larger than MAX_CHAT_BYTES",
            ));
        }
        let draft = Draft {
            user: user.clone(),
            message,
            client_msg_id: None,
        };
        let appended = self.0.hall.append(room, &draft).await;
        Ok(appended.map_err(ModuleError::new)?.id)
    }

    /// A room's latest messages, oldest first, `limit` at most.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn history(
        &self,
        room: &RoomId,
        limit: usize,
    ) -> Result<Vec<Arc<Stored>>, ModuleError> {
        let page = self.0.hall.store().page(room, None, limit).await;
        page.map_err(ModuleError::new)
    }
}
