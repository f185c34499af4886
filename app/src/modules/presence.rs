//! Presence as a module: gives every connection its presence, and takes it when it goes.

use async_trait::async_trait;
use dashmap::DashMap;
use rtm_domain::PresenceService;
use rtm_domain::ids::SocketId;
use rtm_domain::service::Session;
use rtm_socketio::{Connection, Socket, presence};

use crate::module::{ModuleContext, ModuleError, RealtimeModule};

/// Who is in which room, with which state.
pub struct PresenceModule {
    service: PresenceService,
    sessions: DashMap<SocketId, Session>,
}

impl PresenceModule {
    /// The module over a service.
    pub fn new(service: PresenceService) -> Self {
        Self {
            service,
            sessions: DashMap::new(),
        }
    }
}

#[async_trait]
impl RealtimeModule for PresenceModule {
    fn name(&self) -> &'static str {
        presence::OWNER
    }

    async fn register(&self, _ctx: &ModuleContext) -> Result<(), ModuleError> {
        self.service.run();
        Ok(())
    }

    fn on_connection(&self, socket: &Socket, _ctx: &ModuleContext) {
        if let Some(connection) = Connection::of(socket) {
            let session = presence::attach(&self.service, &connection);
            self.sessions.insert(connection.id(), session);
        }
    }

    async fn on_disconnected(&self, socket: &Socket, _ctx: &ModuleContext, said_farewell: bool) {
        let Some(connection) = Connection::of(socket) else {
            return;
        };
        let session = self.sessions.remove(&connection.id());
        if let Some((_, session)) = session {
            session.close(presence::farewell(said_farewell)).await;
        }
    }

    async fn on_shutdown(&self) {
        self.service.drain().await;
    }
}
