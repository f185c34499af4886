//! Packets with attachments, of sessions that poll: the transport keeps between two requests what
//! has come of them.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::StatusCode;
use tokio::sync::Mutex;

use crate::attachments::Held;
use crate::connection::Connection;
use crate::line::{Cut, Line};
use crate::opening::Opening;
use crate::partial::Partial;
use crate::polling::{Sessions, body, session_of, session_unknown};
use crate::way_out::WayOut;

/// What the transport keeps of one session. The session's first request carries it as an
/// extension, and the transport keeps that as long as the session.
#[derive(Debug, Default)]
pub(crate) struct PolledAttachments(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    held: Held,
    /// There from the first announcement on.
    partial: Option<Partial>,
}

impl PolledAttachments {
    /// The session polls no more: what is kept counts elsewhere from now on.
    pub(crate) fn hand_over(&self) -> Held {
        // While a body is being read nobody knows; a client that means well waits for its answer.
        let Ok(mut kept) = self.0.try_lock() else {
            return Held::default();
        };
        std::mem::take(&mut *kept).held
    }
}

/// Reads a session's packets, and passes them on.
pub(super) async fn post(request: Request, sessions: &Sessions, next: Next) -> Response {
    let (request, body) = match body::read(request, &sessions.limits, &sessions.partials).await {
        Ok(read) => read,
        Err(refused) => {
            sessions.metrics.request_refused(refused.status());
            return refused;
        }
    };
    let Some(connection) = session_of(&sessions.registry, &request) else {
        if follow(&mut Held::default(), &body) {
            // The transport would keep it, even when the session is gone, for as long as it may
            // take to enter. Nobody who means well has something to say before.
            let refused = body::refused(StatusCode::BAD_REQUEST);
            sessions.metrics.request_refused(refused.status());
            return refused;
        }
        return next.run(request).await;
    };
    let parts = connection.socket().req_parts();
    let Some(attachments) = parts.extensions.get::<Arc<PolledAttachments>>() else {
        return pass(request, &connection, next).await;
    };
    // Bodies are counted in the order in which the transport reads them.
    let mut kept = attachments.0.lock().await;
    let concerns = follow(&mut kept.held, &body);
    if concerns {
        let held = usize::try_from(kept.held.bytes()).unwrap_or(usize::MAX);
        kept.partial
            .get_or_insert_with(|| begin(&connection, sessions))
            .set(held);
    }
    let response = pass(request, &connection, next).await;
    if concerns && !response.status().is_success() {
        // Nobody knows how much of the body was read, and how much is kept.
        let (sid, way_out) = (connection.sid().to_owned(), sessions.way_out.clone());
        end(connection.line(), sid, way_out);
    }
    response
}

async fn pass(request: Request, connection: &Connection, next: Next) -> Response {
    tokio::select! {
        response = next.run(request) => response,
        () = connection.line().ended() => session_unknown(),
    }
}

/// Follows what is kept through a body. True if something is, or was on the way.
fn follow(held: &mut Held, body: &[u8]) -> bool {
    let mut was_any = held.is_any();
    for packet in body::packets(body) {
        match packet {
            [b'b', base64 @ ..] => held.binary(base64.len() as u64 / 4 * 3),
            text => held.text(Opening::of(text), text.len() as u64),
        }
        was_any |= held.is_any();
    }
    was_any
}

fn begin(connection: &Connection, sessions: &Sessions) -> Partial {
    let (line, sid) = (connection.line().clone(), connection.sid().to_owned());
    let way_out = sessions.way_out.clone();
    sessions
        .partials
        .begin(move || end(&line, sid.clone(), way_out.clone()))
}

/// Ends a session, and with it what is kept.
fn end(line: &Line, sid: String, way_out: WayOut) {
    // It may have been upgraded.
    line.cut(Cut::TransportError);
    tokio::spawn(async move { way_out.close_polling(&sid).await });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(held: &mut Held, packets: &[&str]) -> bool {
        follow(held, packets.join("\x1e").as_bytes())
    }

    #[test]
    fn a_packet_is_followed_from_body_to_body() {
        let mut held = Held::default();
        assert!(!followed(&mut held, &["42[]", "3", "40/x,"]));
        assert!(followed(&mut held, &["3", "453-[]", "bAAAA"]));
        assert_eq!(held.bytes(), 6 + 3);
        assert!(followed(&mut held, &["bAAAAAAAA", "3"]));
        assert_eq!(held.bytes(), 6 + 3 + 6);
        assert!(followed(&mut held, &["bAAAA", "42[]"]));
        assert_eq!(held.bytes(), 0);
    }

    #[test]
    fn what_is_complete_in_one_body_was_on_the_way() {
        let mut held = Held::default();
        assert!(followed(&mut held, &["451-[]", "bAAAA"]));
        assert!(!held.is_any());
        assert!(!followed(&mut held, &["450-[]", "42[]"]));
    }
}
