//! Takes what a connection brings.

use std::sync::{Arc, Weak};

use rtm_protocol::{Draining, Lost, PresenceEvent, names};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::ClientEvent;
use super::shared::Shared;
use crate::connection::{Event, Listener};
use crate::error::ClosedBy;

/// The listener of a client's current connection.
pub(super) struct Ears(pub(super) Weak<Shared>);

impl Listener for Ears {
    fn event(&mut self, event: Event<'_>) {
        let Some(shared) = self.0.upgrade() else {
            return;
        };
        match event.name {
            names::PRESENCE_EVENT => {
                if let Some(changed) = first::<PresenceEvent>(event.args) {
                    shared.hear(&changed);
                    shared.tell(ClientEvent::Presence(Arc::new(changed)));
                }
            }
            names::PRESENCE_LOST => {
                if let Some(lost) = first::<Lost>(event.args) {
                    shared.lost(&lost);
                    shared.tell(ClientEvent::Lost(lost));
                }
            }
            names::SERVER_DRAINING => {
                if let Some(draining) = first::<Draining>(event.args) {
                    shared.drain(draining.reconnect_in_ms);
                }
            }
            name => {
                let args: Vec<Box<RawValue>> =
                    event.args.iter().map(|arg| (*arg).to_owned()).collect();
                shared.tell(ClientEvent::Other(name.into(), args.into()));
            }
        }
    }

    fn closed(&mut self, by: &ClosedBy) {
        if let Some(shared) = self.0.upgrade() {
            shared.tell(ClientEvent::Disconnected(by.clone()));
        }
    }
}

fn first<T: DeserializeOwned>(args: &[&RawValue]) -> Option<T> {
    let first = args.first()?;
    match serde_json::from_str(first.get()) {
        Ok(payload) => Some(payload),
        Err(error) => {
            tracing::warn!(%error, "an event of the server cannot be read");
            None
        }
    }
}
