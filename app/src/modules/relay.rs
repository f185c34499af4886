//! Relay as a module: events of applications' own, by plain Socket.IO names, to the other members
//! of the sender's room. Never stored, and never in the way of presence: what there is no place
//! for is dropped.

mod ask;
mod outbox;
mod wires;

use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rtm_domain::PresenceService;
use rtm_domain::ids::{ConnId, RoomId, UserId};
use rtm_protocol::{ErrorCode, ErrorReply, Limit, True};
use rtm_socketio::{Frame, Request, Right, Socket};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::module::{ModuleContext, ModuleError, RealtimeModule};
use ask::Ask;

pub use wires::RelayWires;

/// Limits of the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelaySettings {
    /// The names that are relayed.
    pub events: Vec<String>,
    /// Size of a payload, in bytes of JSON text.
    pub payload_bytes_max: usize,
    /// Events that one connection may have relayed each second; as many more at once.
    pub events_per_second_max: u32,
}

impl RelaySettings {
    /// Events that wait to be sent to other nodes; with more, the oldest are dropped.
    pub const WAITING_MAX: usize = 4_096;
    /// Bytes of them, likewise.
    pub const WAITING_BYTES_MAX: usize = 16 << 20;
    /// Bytes of a name.
    pub const NAME_BYTES_MAX: usize = 128;

    /// Why an event of this name cannot be relayed, if it cannot.
    pub fn refuse(name: &str) -> Option<&'static str> {
        const RESERVED: [&str; 6] = [
            "connect",
            "connect_error",
            "disconnect",
            "disconnecting",
            "newListener",
            "removeListener",
        ];
        const OURS: [&str; 5] = ["presence:", "chat:", "auth:", "server:", "rtm:"];
        if name.is_empty() || name.len() > Self::NAME_BYTES_MAX {
            return Some("a name has 1 to 128 bytes");
        }
        if name.chars().any(char::is_control) {
            return Some("a name has no control characters");
        }
        if RESERVED.contains(&name) || OURS.iter().any(|ours| name.starts_with(ours)) {
            return Some("the events of Socket.IO and of this server are not relayed");
        }
        None
    }
}

/// Relays events.
pub struct RelayModule {
    desk: Arc<Desk>,
    wires: Option<Arc<RelayWires>>,
}

struct Desk {
    presence: PresenceService,
    settings: RelaySettings,
    wires: Option<Arc<RelayWires>>,
}

/// Who sent it: the second argument that others get.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sender<'a> {
    room_id: &'a str,
    user_id: &'a str,
    conn_id: &'a str,
}

#[derive(Serialize)]
struct Relayed {
    ok: True,
}

impl RelayModule {
    /// The name of the module.
    pub const NAME: &str = "relay";

    /// The module for the rooms of a presence service, with wires to other nodes if there are any.
    pub fn new(
        presence: PresenceService,
        settings: RelaySettings,
        wires: Option<Arc<RelayWires>>,
    ) -> Self {
        let desk = Arc::new(Desk {
            presence,
            settings,
            wires: wires.clone(),
        });
        Self { desk, wires }
    }
}

#[async_trait]
impl RealtimeModule for RelayModule {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        for name in &self.desk.settings.events {
            if let Some(why) = RelaySettings::refuse(name) {
                return Err(ModuleError::new(format!("{name:?}: {why}")));
            }
        }
        if let Some(wires) = &self.wires {
            wires.start(self.desk.presence.clone(), &ctx.shutdown);
            self.desk.presence.observe(wires.clone());
        }
        Ok(())
    }

    fn on_connection(&self, socket: &Socket, ctx: &ModuleContext) {
        let rate = NonZeroU32::new(self.desk.settings.events_per_second_max);
        let quota = Quota::per_second(rate.unwrap_or(NonZeroU32::MIN));
        let limiter = Arc::new(RateLimiter::direct(quota));
        for event in &self.desk.settings.events {
            let (desk, limiter, event) = (self.desk.clone(), limiter.clone(), event.clone());
            ctx.on(socket, &event.clone(), move |request| {
                let (desk, limiter, event) = (desk.clone(), limiter.clone(), event.clone());
                async move {
                    match desk.relay(&event, &request, &limiter) {
                        Ok(()) => request.ack.send(&Relayed { ok: True }),
                        Err(refusal) => request.ack.refuse(&refusal),
                    }
                }
            });
        }
    }
}

impl Desk {
    fn relay(
        &self,
        event: &str,
        request: &Request,
        limiter: &DefaultDirectRateLimiter,
    ) -> Result<(), ErrorReply> {
        limiter.check().map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let limit = self.settings.events_per_second_max;
            let problem = format!("more than {limit} relayed events a second");
            ErrorReply {
                limit: Some(Limit::new("RELAY_EVENTS_PER_SECOND", limit.into())),
                retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)),
                ..ErrorReply::new(ErrorCode::RateLimited, problem)
            }
        })?;
        let ask = Ask::read(&request.args, self.settings.payload_bytes_max)?;
        let session = self.presence.session(request.connection.id());
        let session = session.ok_or_else(ask::not_present)?;
        let id_bytes_max = self.presence.policy().id_bytes_max;
        let room = ask.room(&session.rooms(), id_bytes_max)?;
        request.connection.may(Right::Publish, &room)?;
        let (conn, user, _) = session.presence(&room).ok_or_else(ask::not_present)?;
        let presence = &self.presence;
        tell(
            presence,
            &room,
            event,
            ask.payload,
            (&user, &conn),
            Some(&conn),
        );
        if let Some(wires) = &self.wires {
            wires.send(&room, event, ask.payload, (&user, &conn));
        }
        Ok(())
    }
}

/// Tells the members of a room on this node.
fn tell(
    presence: &PresenceService,
    room: &RoomId,
    event: &str,
    payload: &RawValue,
    (user, conn): (&UserId, &ConnId),
    except: Option<&ConnId>,
) {
    let sender = Sender {
        room_id: room.as_str(),
        user_id: user.as_str(),
        conn_id: conn.as_str(),
    };
    let frame = Frame::new(event.to_owned(), payload).and_then(|frame| frame.and(&sender));
    match frame {
        Ok(frame) => {
            presence.tell(room, &frame.in_turn().message(), except);
        }
        Err(error) => tracing::error!(event, %error, "an event cannot be written as JSON"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_of_the_server_or_of_socket_io_is_relayed() {
        for name in [
            "cursor:move",
            "a",
            "é",
            "presence",
            "disconnected",
            "__proto__",
        ] {
            assert_eq!(RelaySettings::refuse(name), None, "{name}");
        }
        let long = "x".repeat(129);
        for name in [
            "",
            "a\n",
            "connect",
            "disconnect",
            "presence:event",
            "presence:x",
            "chat:message",
            "auth:refresh",
            "server:draining",
            "rtm:change-over",
            &long,
        ] {
            assert!(RelaySettings::refuse(name).is_some(), "{name}");
        }
    }
}
