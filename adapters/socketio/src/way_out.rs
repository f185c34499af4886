//! The way out for a session that never entered the namespace. The transport keeps each one that
//! has entered none, even when it is gone, until its time to enter has passed. So it is sent
//! into a namespace where nothing is, and closed there.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::Method;
use socketioxide::service::SocketIoService;
use tower::ServiceExt;

use crate::Socket;
use crate::cluster::ClusterAdapter;
use crate::connection::stream_of;
use crate::pending::Newcomer;
use crate::polling::{Transport, transport_in};
use crate::registry::Registry;

/// The transport itself.
pub(crate) type Service = SocketIoService<Router, ClusterAdapter>;

/// Where nothing is. Whoever enters it without having entered another one is closed.
pub(crate) const NAMESPACE: &str = "/out";

/// Enters it.
const ENTER: &str = "40/out,";

/// Closes a session.
const CLOSE: &str = "1";

/// [`ENTER`] as a client's WebSocket frame, its mask zeros.
pub(crate) fn frame() -> Bytes {
    Bytes::from_static(b"\x81\x87\0\0\0\x0040/out,")
}

/// Shows sessions out.
#[derive(Clone)]
pub(crate) struct WayOut {
    pub(crate) transport: Service,
    pub(crate) registry: Arc<Registry>,
}

impl WayOut {
    /// Sends a newcomer there.
    pub(crate) async fn send(&self, newcomer: Arc<Newcomer>) {
        if let Some(stream) = newcomer.stream() {
            if let Some(stream) = stream.upgrade() {
                stream.dismiss();
            }
        } else if let Some(sid) = newcomer.sid()
            && !self.post(sid, ENTER).await
            && !newcomer.has_entered()
        {
            // It polls no more.
            for stream in self.registry.upgrades(sid) {
                stream.dismiss();
            }
        }
    }

    /// Closes a session that has arrived there.
    pub(crate) async fn close(&self, socket: Socket) {
        let (sid, parts) = (socket.id.to_string(), socket.req_parts());
        if self.registry.find(&sid).is_some() {
            return;
        }
        if transport_in(&parts.uri) == Some(Transport::WebSocket) {
            if let Some(stream) = stream_of(&parts.extensions) {
                stream.close();
            }
        } else if !self.close_polling(&sid).await {
            for stream in self.registry.upgrades(&sid) {
                stream.close();
            }
        }
    }

    /// Closes a session, if it polls.
    pub(crate) async fn close_polling(&self, sid: &str) -> bool {
        self.post(sid, CLOSE).await
    }

    /// Posts a packet as the session's client would.
    async fn post(&self, sid: &str, packet: &'static str) -> bool {
        let uri = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
        let request = Request::builder().method(Method::POST).uri(uri);
        let Ok(request) = request.body(Body::from(packet)) else {
            return false;
        };
        let answer = self.transport.clone().oneshot(request).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}
