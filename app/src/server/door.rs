//! Who is let in, and who sees to those who are.

use std::sync::Arc;

use rtm_protocol::{ConnectRefusal, ErrorCode};
use rtm_socketio::hooks::Authenticated;
use rtm_socketio::line::Cut;
use rtm_socketio::{Connection, Handler, Handshake, Hooks, Work};

use super::crew::Crew;
use crate::auth::{Authenticator, Revocations, Unauthorized};

/// The door: asks for proof where that is wanted, then hands over to the modules.
pub(super) struct Door {
    pub(super) authenticator: Option<Arc<dyn Authenticator>>,
    pub(super) revocations: Arc<Revocations>,
    pub(super) crew: Arc<Crew>,
}

impl Hooks for Door {
    fn authenticate(&self, handshake: Handshake) -> Authenticated {
        let Some(authenticator) = self.authenticator.clone() else {
            return Box::pin(async { Ok(None) });
        };
        let revocations = self.revocations.clone();
        Box::pin(async move {
            let proven = authenticator.authenticate(handshake.token.as_deref()).await;
            let identity = proven.and_then(|identity| {
                revocations.check(&identity)?;
                Ok(identity)
            });
            identity.map(Some).map_err(refused)
        })
    }

    fn handler(&self, event: &str) -> Option<(&'static str, Handler)> {
        self.crew.handler(event)
    }

    fn on_connection(&self, connection: &Arc<Connection>) {
        if let Some(identity) = connection.identity()
            && self.revocations.check(&identity).is_err()
        {
            // Shut out between proof and door.
            connection.line().cut(Cut::Revoked);
        }
        self.crew.on_connection(connection);
    }

    fn on_connected(&self, connection: &Arc<Connection>) {
        self.crew.on_connected(connection);
    }

    fn on_disconnected(&self, connection: &Arc<Connection>, said_farewell: bool) -> Work {
        self.crew.on_disconnected(connection, said_farewell)
    }
}

fn refused(why: Unauthorized) -> ConnectRefusal {
    ConnectRefusal {
        code: ErrorCode::Unauthorized,
        message: why.0,
    }
}
