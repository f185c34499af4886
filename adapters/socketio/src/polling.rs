//! Requests of Engine.IO sessions: what they tell about their connection's line.
//!
//! A WebSocket's stream is the line. Long polling has no stream of its own (a proxy shares
//! them), so its line is cut by refusing its session from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, Uri, header};
use rtm_domain::ports::Clock;

use crate::connection::Connection;
use crate::registry::Registry;
use crate::stream::StreamHandle;

/// What is known of the sessions.
#[derive(Clone)]
pub(crate) struct Sessions {
    pub(crate) registry: Arc<Registry>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) draining: Arc<AtomicBool>,
}

/// Passes a request on, unless it belongs to a session whose line is cut, or opens one on a
/// server that is going away.
pub(crate) async fn answer(
    State(sessions): State<Sessions>,
    request: Request,
    next: Next,
) -> Response {
    if opens_session(&request) && sessions.draining.load(Ordering::SeqCst) {
        return draining();
    }
    if let (Some(sid), Some("websocket"), Some(stream)) = (
        query_value(&request, "sid"),
        query_value(&request, "transport"),
        request.extensions().get::<Arc<StreamHandle>>(),
    ) {
        sessions.registry.upgrade(sid, stream);
    }
    let Some((connection, transport)) = session_of(&sessions.registry, &request) else {
        return next.run(request).await;
    };
    let clock = &sessions.clock;
    let line = connection.line().clone();
    line.hear(clock.now());
    if line.is_cut() {
        return session_unknown();
    }
    if transport == Transport::WebSocket {
        return next.run(request).await;
    }
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
    Polling,
    WebSocket,
}

fn session_of(registry: &Registry, request: &Request) -> Option<(Arc<Connection>, Transport)> {
    let connection = registry.find(query_value(request, "sid")?)?;
    let transport = match query_value(request, "transport")? {
        "websocket" => Transport::WebSocket,
        _ => Transport::Polling,
    };
    Some((connection, transport))
}

fn opens_session(request: &Request) -> bool {
    request.uri().path().starts_with("/socket.io") && query_value(request, "sid").is_none()
}

fn query_value<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    value_in(request.uri(), name)
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
    const BODY: &str = r#"{"code":"draining","message":"this server is going away: reconnect"}"#;
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::SERVICE_UNAVAILABLE, json, BODY).into_response()
}

/// What Engine.IO answers for a session that it does not know; the client then starts anew.
fn session_unknown() -> Response {
    const BODY: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::BAD_REQUEST, json, BODY).into_response()
}
