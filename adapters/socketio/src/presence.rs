//! Presence on the wire: `presence:*` events of a connection, to and from the domain.

mod answer;
mod encode;
mod events;
mod peer;

use std::sync::Arc;

use rtm_domain::PresenceService;
use rtm_domain::service::{Farewell, Session};
use rtm_protocol::names;

use crate::connection::{Connection, Handler, Request, Work, do_at_once};

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
        (names::PRESENCE_JOIN, |it, request| {
            Some(events::join(it, request))
        }),
        (names::PRESENCE_HEARTBEAT, heartbeat),
        (names::PRESENCE_LEAVE, |it, request| {
            Some(events::leave(it, request))
        }),
        (names::PRESENCE_SYNC, |it, request| {
            Some(events::sync(it, request))
        }),
    ];
    for (event, handle) in handlers {
        let context = context.clone();
        let handler: Handler = Arc::new(move |request| handle(&context, request));
        connection.on(OWNER, event, handler);
    }
    session
}

/// Most heartbeats have nothing to wait for, and there are more of them than of all else: a task
/// for each would cost more than what it does.
fn heartbeat(context: &events::Context, request: Request) -> Option<Work> {
    let is_first = request.is_first();
    let mut work = events::heartbeat(context, request);
    let is_done = is_first && do_at_once(&mut work);
    (!is_done).then_some(work)
}

/// Decodes an event when it arrives, and says what is to be done for it; none if it is done.
type Handle = fn(&events::Context, Request) -> Option<Work>;

/// How a connection went away, in the domain's terms.
pub fn farewell(said: bool) -> Farewell {
    match said {
        true => Farewell::Said,
        false => Farewell::None,
    }
}
