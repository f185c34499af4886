//! Presence as a module: gives every connection its presence, and takes it when it goes.

use async_trait::async_trait;
use rtm_domain::PresenceService;
use rtm_socketio::{Connection, Socket, presence};

use crate::module::{ModuleContext, ModuleError, RealtimeModule};

/// Who is in which room, with which state.
pub struct PresenceModule {
    service: PresenceService,
}

impl PresenceModule {
    /// The module over a service.
    pub fn new(service: PresenceService) -> Self {
        Self { service }
    }
}

#[async_trait]
impl RealtimeModule for PresenceModule {
    fn name(&self) -> &'static str {
        presence::OWNER
    }

    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        for (event, handler) in presence::handlers(self.service.policy()) {
            ctx.handle_every(event, handler);
        }
        self.service.run();
        Ok(())
    }

    fn on_connection(&self, socket: &Socket, _ctx: &ModuleContext) {
        if let Some(connection) = Connection::of(socket) {
            presence::attach(&self.service, &connection);
        }
    }

    async fn on_disconnected(&self, socket: &Socket, _ctx: &ModuleContext, said_farewell: bool) {
        if let Some(connection) = Connection::of(socket) {
            presence::detach(&connection, said_farewell).await;
        }
    }

    async fn on_shutdown(&self) {
        self.service.drain().await;
    }
}
