//! The upgrade to WebSocket, done here: the transport is handed the bare stream and a bare
//! request, and keeps nothing of HTTP.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use socketioxide::socket::Sid;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tower::Service as _;

use crate::attachments::Held;
use crate::bare::bare;
use crate::pending::newcomer_of;
use crate::polling::{
    PolledAttachments, Sessions, Transport, is_for_socket_io, transport_in, value_in,
};
use crate::stream::{ClientStream, Polled, WebSocketStream, WhenGone};

/// Whether the transport would upgrade this request. What it would refuse, it refuses itself.
pub(crate) fn is_one(request: &Request) -> bool {
    let uri = request.uri();
    is_for_socket_io(uri)
        && request.method() == Method::GET
        && transport_in(uri) == Some(Transport::WebSocket)
        && value_in(uri, "EIO").and_then(|version| version.split('=').next()) == Some("4")
        && value_in(uri, "sid").is_none_or(|sid| sid.parse::<Sid>().is_ok())
        && request.headers().contains_key(header::SEC_WEBSOCKET_KEY)
        && request.extensions().get::<OnUpgrade>().is_some()
}

/// Upgrades it, to a new session or to one that polled.
pub(crate) fn answer(mut request: Request, sessions: &Sessions) -> Response {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY);
    let accept = derive_accept_key(key.map(HeaderValue::as_bytes).unwrap_or_default());
    let upgrade = hyper::upgrade::on(&mut request);
    let (head, _) = request.into_parts();
    let bare = bare(&head);
    drop(head);
    let sessions = sessions.clone();
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<ClientStream<TcpStream>>>() else {
            tracing::error!("a request to upgrade came over what is no stream of this server");
            return;
        };
        let (head, ()) = bare.into_parts();
        let when_gone = value_in(&head.uri, "sid").map(|sid| unless_upgraded(sid, &sessions));
        let polled = value_in(&head.uri, "sid").map(|sid| polled(sid, &sessions));
        let newcomer = newcomer_of(&head).cloned();
        let stream = parts.io.into_inner();
        let lane = stream.into_lane(sessions.rounds.clone(), sessions.limits.clone());
        match value_in(&head.uri, "sid") {
            Some(sid) => {
                sessions.registry.upgrade(sid, lane.handle());
                sessions.heartbeats.watch_upgrade(&lane);
            }
            None => sessions.heartbeats.watch(&lane),
        }
        let stream = WebSocketStream::new(
            lane,
            parts.read_buf,
            &sessions.partials,
            sessions.limits.message_bytes_max,
            newcomer,
            polled,
            when_gone,
        );
        let request = http::Request::from_parts(head, ());
        let mut transport = sessions.way_out.transport;
        if let Err(error) = transport.call((stream, request)).await {
            tracing::debug!(%error, "a WebSocket was refused");
        }
    });
    let switching = StatusCode::SWITCHING_PROTOCOLS;
    let mut response = (switching, Body::empty()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

/// What the transport keeps of a session since it polled.
fn polled(sid: &str, sessions: &Sessions) -> Polled {
    let (sid, registry) = (sid.to_owned(), sessions.registry.clone());
    Box::new(move || {
        let connection = registry.find(&sid);
        let attachments = connection.as_ref().and_then(|connection| {
            let parts = connection.socket().req_parts();
            parts.extensions.get::<Arc<PolledAttachments>>()
        });
        attachments.map_or_else(Held::default, |it| it.hand_over())
    })
}

/// A session whose upgrade fails half-way is neither here nor there: nobody would notice when it
/// ends, so it ends now.
fn unless_upgraded(sid: &str, sessions: &Sessions) -> WhenGone {
    let (sid, way_out) = (sid.to_owned(), sessions.way_out.clone());
    WhenGone(Some(Box::new(move || {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { way_out.close_polling(&sid).await });
        }
    })))
}
