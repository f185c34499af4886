//! Requests of Engine.IO sessions: what they tell about their connection's line.
//!
//! A WebSocket's stream is the line. Long polling has no stream of its own (a proxy shares
//! them), so its line is cut by refusing its session from then on.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};
use rtm_domain::ports::Clock;

use crate::connection::Connection;
use crate::registry::Registry;
use crate::stream::StreamHandle;

/// Passes a request on, unless it belongs to a session whose line is cut.
pub(crate) async fn answer(
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    request: Request,
    next: Next,
) -> Response {
    let Some((connection, transport)) = session_of(&registry, &request) else {
        return next.run(request).await;
    };
    let line = connection.line().clone();
    line.hear(clock.now());
    if line.is_cut() {
        return session_unknown();
    }
    if transport == Transport::WebSocket {
        if let Some(stream) = request.extensions().get::<Arc<StreamHandle>>() {
            line.carried_by(stream.clone());
        }
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
    let query = request.uri().query()?;
    let value = |name: &str| {
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then_some(value)
        })
    };
    let connection = registry.find(value("sid")?)?;
    let transport = match value("transport")? {
        "websocket" => Transport::WebSocket,
        _ => Transport::Polling,
    };
    Some((connection, transport))
}

/// What Engine.IO answers for a session that it does not know; the client then starts anew.
fn session_unknown() -> Response {
    const BODY: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::BAD_REQUEST, json, BODY).into_response()
}
