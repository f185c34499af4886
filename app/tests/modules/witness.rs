//! A module that does its work and notes what it was called for: what a failing one must not
//! disturb.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rtm::domain::PresenceService;
use rtm::{ModuleContext, ModuleError, RealtimeModule, Request, Socket};
use serde_json::json;

pub(crate) const PING: &str = "witness:ping";
pub(crate) const HELLO: &str = "witness:hello";

const SHUTDOWN_WORK: Duration = Duration::from_millis(10);

/// Cheap to clone; the clones share what they saw.
#[derive(Clone)]
pub(crate) struct Witness {
    name: &'static str,
    calls: Arc<Mutex<Vec<&'static str>>>,
    presence: Arc<Mutex<Option<PresenceService>>>,
}

impl Witness {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            calls: Arc::default(),
            presence: Arc::default(),
        }
    }

    /// What it was called for, in order.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }

    /// The presence service that it was given.
    pub(crate) fn presence(&self) -> Option<PresenceService> {
        self.presence.lock().unwrap().clone()
    }

    fn note(&self, call: &'static str) {
        self.calls.lock().unwrap().push(call);
    }
}

#[async_trait]
impl RealtimeModule for Witness {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        *self.presence.lock().unwrap() = ctx.presence.clone();
        self.note("register");
        Ok(())
    }

    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        self.note("on_connection");
        ctx.on(socket, PING, |request: Request| async move {
            request.ack.send(&json!({ "ok": true }));
        });
    }

    fn on_connected(&self, socket: &Socket, _ctx: &ModuleContext) {
        self.note("on_connected");
        socket.emit(HELLO, &json!({})).unwrap();
    }

    async fn on_disconnected(&self, _socket: &Socket, _ctx: &ModuleContext, _farewell: bool) {
        self.note("on_disconnected");
    }

    async fn on_shutdown(&self) {
        // Its work takes a moment: one that is given no time does not get this far.
        tokio::time::sleep(SHUTDOWN_WORK).await;
        self.note("on_shutdown");
    }
}
