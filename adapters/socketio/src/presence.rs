//! Presence on the wire: `presence:*` events of a connection, to and from the domain.

mod answer;
mod encode;
mod events;
mod peer;

use std::sync::Arc;

use rtm_domain::PresenceService;
use rtm_domain::service::{Farewell, Session};
use rtm_protocol::names;

use crate::connection::{Connection, Handler, Request, Work};

pub use encode::EventEncoder;

/// Whose events these handlers are, in logs.
pub const OWNER: &str = "presence";

/// Gives a connection its presence: a session of the service, and handlers for its events.
pub fn attach(service: &PresenceService, connection: &Arc<Connection>) -> Session {
    let session = service.connect(connection.id(), Arc::new(peer::SocketPeer::new(connection)));
    let context = Arc::new(events::Context {
        session: session.clone(),
        policy: *service.policy(),
    });
    let handlers: [(&str, Handle); 4] = [
        (names::PRESENCE_JOIN, events::join),
        (names::PRESENCE_HEARTBEAT, events::heartbeat),
        (names::PRESENCE_LEAVE, events::leave),
        (names::PRESENCE_SYNC, events::sync),
    ];
    for (event, handle) in handlers {
        let context = context.clone();
        let handler: Handler = Arc::new(move |request| handle(&context, request));
        connection.on(OWNER, event, handler);
    }
    session
}

/// Decodes an event when it arrives, and says what is to be done for it.
type Handle = fn(&events::Context, Request) -> Work;

/// How a connection went away, in the domain's terms.
pub fn farewell(said: bool) -> Farewell {
    match said {
        true => Farewell::Said,
        false => Farewell::None,
    }
}
