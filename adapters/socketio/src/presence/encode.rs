//! Deliveries and snapshots as wire types, without copying the states, once for all receivers.

use std::sync::Arc;

use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Encoder, Message};
use rtm_domain::presence::event::{Delivery, Shown};
use rtm_domain::presence::record::Reason;
use rtm_domain::presence::snapshot::{Snapshot, SnapshotEntry};
use rtm_domain::presence::state::State;
use rtm_domain::service::SharedSnapshot;
use rtm_protocol as wire;
use rtm_protocol::{EventKind, LeaveReason, StateTexts, names};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::frame::Frame;

/// Encodes deliveries as the payload of `presence:event`, and snapshots as a list of entries.
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

    fn encode_snapshot(&self, snapshot: &Snapshot) -> Message {
        let entries: Vec<_> = snapshot.entries.iter().map(entry).collect();
        match to_raw_value(&entries) {
            Ok(entries) => Arc::new(Entries(entries)),
            Err(error) => {
                tracing::error!(%error, "a snapshot cannot be written as JSON");
                Arc::new(())
            }
        }
    }
}

/// The entries of a snapshot as JSON text.
struct Entries(Box<RawValue>);

/// The text of a snapshot's entries, which is written once. None if it cannot be.
pub(super) fn entries(snapshot: &SharedSnapshot) -> Option<&RawValue> {
    let encoded = snapshot.encoded(&EventEncoder);
    let Entries(text) = encoded.downcast_ref()?;
    Some(text)
}

fn entry(entry: &SnapshotEntry) -> wire::SnapshotEntry<&str, impl Serialize> {
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
