//! Presence on the wire: `presence:*` events of a connection, to and from the domain.

mod answer;
mod encode;
mod events;
mod peer;

use std::sync::Arc;

use rtm_domain::PresenceService;
use rtm_domain::presence::policy::Policy;
use rtm_domain::service::Farewell;
use rtm_protocol::names;

use crate::connection::{Connection, Handler, Request, Work};

pub use encode::EventEncoder;

/// Whose events these handlers are, in logs.
pub const OWNER: &str = "presence";

/// Gives a connection its presence: a session of the service.
pub fn attach(service: &PresenceService, connection: &Arc<Connection>) {
    let peer = Arc::new(peer::SocketPeer::new(connection));
    connection.begin_presence(service.connect(connection.id(), peer));
}

/// Ends the presences of a connection that is gone, if it had any.
pub async fn detach(connection: &Connection, said_farewell: bool) {
    if let Some(session) = connection.session() {
        session.close(farewell(said_farewell)).await;
    }
}

/// The handlers of its events, which all connections share.
pub fn handlers(policy: &Policy) -> [(&'static str, Handler); 4] {
    let handles: [(_, Handle); 4] = [
        (names::PRESENCE_JOIN, |it, request| {
            Some(events::join(it, request))
        }),
        (names::PRESENCE_HEARTBEAT, events::heartbeat),
        (names::PRESENCE_LEAVE, |it, request| {
            Some(events::leave(it, request))
        }),
        (names::PRESENCE_SYNC, |it, request| {
            Some(events::sync(it, request))
        }),
    ];
    let policy = Arc::new(*policy);
    handles.map(|(event, handle)| {
        let policy = policy.clone();
        let handler: Handler = Arc::new(move |request| {
            let connection = request.connection.clone();
            // Without presence its answer is `unavailable`.
            let session = connection.session()?;
            let policy = &policy;
            handle(&events::Context { session, policy }, request)
        });
        (event, handler)
    })
}

/// Decodes an event when it arrives, and says what is to be done for it; none if it is done.
type Handle = fn(&events::Context<'_>, Request) -> Option<Work>;

/// How a connection went away, in the domain's terms.
fn farewell(said: bool) -> Farewell {
    match said {
        true => Farewell::Said,
        false => Farewell::None,
    }
}
