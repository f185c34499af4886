//! What the application does when connections come and go.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use rtm_protocol::ConnectRefusal;

use crate::connection::{Connection, Handler, Work};
use crate::handshake::Handshake;
use crate::identity::Identity;

/// What the application does when connections come and go. A panic in a hook is the
/// application's business to catch.
pub trait Hooks: Send + Sync + 'static {
    /// Somebody wants in: who it is, or none where nobody has to prove that; or why not.
    fn authenticate(&self, handshake: Handshake) -> Authenticated {
        let _ = handshake;
        Box::pin(async { Ok(None) })
    }

    /// Whose an event of any connection is, and its handler, unless the connection itself has one.
    fn handler(&self, event: &str) -> Option<(&'static str, Handler)> {
        let _ = event;
        None
    }

    /// A connection is about to be let in: the place to register handlers of its own. It has not
    /// been told yet, so nothing may be emitted.
    fn on_connection(&self, connection: &Arc<Connection>);

    /// The connection knows that it is connected.
    fn on_connected(&self, connection: &Arc<Connection>);

    /// The connection is gone, and everything it asked before is done.
    fn on_disconnected(&self, connection: &Arc<Connection>, said_farewell: bool) -> Work;
}

/// Who somebody is, or why that is not proven.
pub type Authenticated = BoxFuture<'static, Result<Option<Identity>, ConnectRefusal>>;

/// Why a connection was not let in. Its text is what the client's `connect_error` carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectRefused(pub ConnectRefusal);

impl fmt::Display for ConnectRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&json)
    }
}
