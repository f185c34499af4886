//! Deliveries and snapshots as wire types, without copying the states.

use std::sync::Arc;

use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Encoder, Message};
use rtm_domain::presence::event::{Delivery, Shown};
use rtm_domain::presence::record::Reason;
use rtm_domain::presence::snapshot::SnapshotEntry;
use rtm_domain::presence::state::State;
use rtm_protocol as wire;
use rtm_protocol::{EventKind, LeaveReason, StateTexts, names};
use serde::Serialize;

use crate::frame::Frame;

/// Encodes deliveries as the payload of `presence:event`.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventEncoder;

impl Encoder for EventEncoder {
    fn encode(&self, room: &RoomId, delivery: &Delivery) -> Message {
        let (kind, state, reason) = match &delivery.kind {
            Shown::Join(state) => (EventKind::Join, Some(state), None),
            Shown::Update(state) => (EventKind::Update, Some(state), None),
            Shown::Leave(reason) => (EventKind::Leave, None, reason.map(leave_reason)),
        };
        let event = wire::PresenceEvent {
            kind,
            room_id: room.as_str(),
            user_id: delivery.user.as_str(),
            conn_id: delivery.conn.as_str(),
            state: state.map(texts),
            ts: delivery.at.0,
            epoch: delivery.epoch.number(),
            version: delivery.version.0,
            prev: delivery.prev.0,
            reason,
        };
        match Frame::new(names::PRESENCE_EVENT, &event) {
            Ok(frame) => frame.message(),
            Err(error) => {
                // States are valid JSON since they were decoded.
                tracing::error!(%error, "an event cannot be written as JSON");
                Arc::new(())
            }
        }
    }
}

pub(super) fn entry(entry: &SnapshotEntry) -> wire::SnapshotEntry<&str, impl Serialize> {
    wire::SnapshotEntry {
        conn_id: entry.conn.as_str(),
        user_id: entry.user.as_str(),
        state: texts(&entry.state),
        last_seen_ms: entry.last_seen.0,
        epoch: entry.epoch.number(),
    }
}

fn texts(state: &State) -> impl Serialize {
    StateTexts(|| state.iter())
}

fn leave_reason(reason: Reason) -> LeaveReason {
    match reason {
        Reason::Left => LeaveReason::Left,
        Reason::Disconnected => LeaveReason::Disconnected,
        Reason::Expired => LeaveReason::Expired,
        Reason::Kicked => LeaveReason::Kicked,
    }
}
