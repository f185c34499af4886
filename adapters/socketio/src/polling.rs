//! Requests of Engine.IO sessions: what they tell about their connection's line.
//!
//! A WebSocket's stream is the line. Long polling has no stream of its own (a proxy shares
//! them), so its line is cut by refusing its session from then on.

mod attachments;
mod body;
mod silence;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Json, Response};
use http::{Method, StatusCode, Uri, header};
use rtm_domain::ports::Clock;

use rtm_protocol::{ConnectRefusal, ErrorCode};

use crate::bare::bare;
use crate::connection::{Connection, stream_of};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::open_packet;
use crate::partial::Partials;
use crate::pending::{Newcomer, Pending};
use crate::places::{Full, Places};
use crate::registry::Registry;
use crate::stream::{Heartbeats, Rounds};
use crate::upgrade;
use crate::way_out::WayOut;

pub(crate) use attachments::PolledAttachments;
pub(crate) use silence::{PollingSession, PollingSessions};

/// What is known of the sessions.
#[derive(Clone)]
pub(crate) struct Sessions {
    pub(crate) registry: Arc<Registry>,
    pub(crate) places: Arc<Places>,
    pub(crate) pending: Arc<Pending>,
    pub(crate) partials: Arc<Partials>,
    pub(crate) rounds: Arc<Rounds>,
    pub(crate) heartbeats: Arc<Heartbeats>,
    pub(crate) polling: Arc<PollingSessions>,
    pub(crate) way_out: WayOut,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) draining: Arc<AtomicBool>,
}

/// Passes a request on, unless it belongs to a session whose line is cut, opens one for which
/// there is no place, or brings more than a request may.
pub(crate) async fn answer(
    State(sessions): State<Sessions>,
    request: Request,
    next: Next,
) -> Response {
    if opens_session(&request) {
        return open(request, &sessions, next).await;
    }
    let transport = transport_in(request.uri());
    let is_upgrade = upgrade::is_one(&request);
    let line = session_of(&sessions.registry, &request).map(|connection| connection.line().clone());
    if let Some(line) = &line {
        line.hear(sessions.clock.now());
        if line.is_cut() {
            return session_unknown();
        }
    }
    if let Some(sid) = value_in(request.uri(), "sid") {
        sessions.polling.hear(sid);
    }
    if is_upgrade {
        return upgrade::answer(request, &sessions);
    }
    if transport != Some(Transport::Polling) {
        return next.run(request).await;
    }
    if request.method() == Method::POST {
        return attachments::post(request, &sessions, next).await;
    }
    let Some(line) = line else {
        return next.run(request).await;
    };
    let polls = request.method() == Method::GET;
    let response = tokio::select! {
        response = next.run(request) => response,
        () = line.ended() => return session_unknown(),
    };
    if polls && response.status().is_success() {
        line.drained();
    }
    response
}

/// Opens a session, if there is a place for it.
async fn open(mut request: Request, sessions: &Sessions, next: Next) -> Response {
    if sessions.draining.load(Ordering::SeqCst) {
        sessions.metrics.turned_away(ErrorCode::Draining.as_str());
        return draining();
    }
    let stream = stream_of(request.extensions()).cloned();
    match sessions
        .places
        .take(stream.as_ref().map(|stream| stream.remote.ip()))
    {
        Ok(place) => request.extensions_mut().insert(place),
        Err(full) => {
            sessions.metrics.turned_away(full.limit());
            return no_place(full);
        }
    };
    let is_web_socket = transport_in(request.uri()) == Some(Transport::WebSocket);
    let own = stream.as_ref().filter(|_| is_web_socket);
    let Ok((newcomer, oldest)) = sessions.pending.admit(own) else {
        sessions.metrics.turned_away("MAX_PENDING_SESSIONS");
        return crowded();
    };
    if let Some(oldest) = oldest {
        sessions.metrics.crowded_out("MAX_PENDING_SESSIONS", 1);
        let way_out = sessions.way_out.clone();
        tokio::spawn(async move { way_out.send(oldest).await });
    }
    request.extensions_mut().insert(newcomer.clone());
    if !is_web_socket {
        let attachments = Arc::new(PolledAttachments::default());
        request.extensions_mut().insert(attachments);
    }
    if upgrade::is_one(&request) {
        return upgrade::answer(request, sessions);
    }
    let session = sessions.polling.begin();
    request.extensions_mut().insert(session.clone());
    let (head, body) = request.into_parts();
    let (head, ()) = bare(&head).into_parts();
    let response = next.run(Request::from_parts(head, body)).await;
    name(response, newcomer, &session, sessions).await
}

/// Reads in a session's first answer what it is called, and completes that answer.
async fn name(
    response: Response,
    newcomer: Arc<Newcomer>,
    session: &PollingSession,
    sessions: &Sessions,
) -> Response {
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, OPENING_BYTES_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Some(open) = open_packet::for_clients(&body, &sessions.limits) else {
        return Response::from_parts(head, Body::from(body));
    };
    let sid = open
        .split_once(r#""sid":""#)
        .and_then(|(_, rest)| rest.split('"').next());
    if let Some(sid) = sid {
        session.is_called(sid);
        if newcomer.is_called(sid) {
            let way_out = sessions.way_out.clone();
            tokio::spawn(async move { way_out.send(newcomer).await });
        }
    }
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(open))
}

/// Bytes of the answer that opens a session, or refuses to.
const OPENING_BYTES_MAX: usize = 4_096;

/// How a request speaks Engine.IO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Polling,
    WebSocket,
}

/// The transport that a request names, as Engine.IO reads it.
pub(crate) fn transport_in(uri: &Uri) -> Option<Transport> {
    match value_in(uri, "transport")?.split('=').next()? {
        "polling" => Some(Transport::Polling),
        "websocket" => Some(Transport::WebSocket),
        _ => None,
    }
}

fn session_of(registry: &Registry, request: &Request) -> Option<Arc<Connection>> {
    registry.find(value_in(request.uri(), "sid")?)
}

fn opens_session(request: &Request) -> bool {
    is_for_socket_io(request.uri()) && value_in(request.uri(), "sid").is_none()
}

/// Whether the transport answers it.
pub(crate) fn is_for_socket_io(uri: &Uri) -> bool {
    let below = uri.path().strip_prefix("/socket.io");
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// A value of a query, as it is written there.
pub(crate) fn value_in<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let mut pairs = uri.query()?.split('&');
    pairs.find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then_some(value)
    })
}

fn draining() -> Response {
    refused(&ConnectRefusal {
        code: ErrorCode::Draining,
        message: "this server is going away: reconnect".into(),
    })
}

fn no_place(full: Full) -> Response {
    refused(&full.into())
}

fn crowded() -> Response {
    refused(&ConnectRefusal {
        code: ErrorCode::TooLarge,
        message: "too many sessions are about to enter: MAX_PENDING_SESSIONS".into(),
    })
}

fn refused(refusal: &ConnectRefusal) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Json(refusal)).into_response()
}

/// What Engine.IO answers for a session that it does not know; the client then starts anew.
fn session_unknown() -> Response {
    const BODY: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::BAD_REQUEST, json, BODY).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transport_is_the_one_that_engine_io_reads() {
        for (query, transport) in [
            ("EIO=4&transport=websocket", Some(Transport::WebSocket)),
            (
                "transport=polling&transport=websocket",
                Some(Transport::Polling),
            ),
            (
                "transport=websocket=polling&EIO=4",
                Some(Transport::WebSocket),
            ),
            ("transport=%77ebsocket", None),
            ("transport", None),
            ("", None),
        ] {
            let uri = format!("/socket.io/?{query}").parse().unwrap();
            assert_eq!(transport_in(&uri), transport, "{query}");
        }
    }
}
