//! What a client has been shown of a room: a pure reducer over snapshot and events.

use indexmap::IndexMap;
use rtm_protocol::{EventKind, PresenceEvent, SnapshotEntry};

/// Everyone shown in a room, by connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomView {
    members: IndexMap<String, SnapshotEntry>,
    version: Option<u64>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fed {
    /// It changed the view.
    Applied,
    /// The view knew it already, or has no snapshot yet.
    Ignored,
    /// Something is missing before it: the room must be asked for again.
    Gap,
}

impl RoomView {
    /// A snapshot sets everything, the version too, up or down.
    pub fn set(&mut self, snapshot: Vec<SnapshotEntry>, version: u64) {
        self.members = snapshot
            .into_iter()
            .map(|entry| (entry.conn_id.clone(), entry))
            .collect();
        self.version = Some(version);
    }

    /// Takes in an event of this room.
    pub fn feed(&mut self, event: PresenceEvent) -> Fed {
        match self.version {
            Some(version) if event.prev == version => {}
            Some(version) if event.version > version => return Fed::Gap,
            _ => return Fed::Ignored,
        }
        self.version = Some(event.version);
        match (event.kind, event.state) {
            (EventKind::Join | EventKind::Update, Some(state)) => {
                let entry = SnapshotEntry {
                    conn_id: event.conn_id.clone(),
                    user_id: event.user_id,
                    state,
                    last_seen_ms: event.ts,
                    epoch: event.epoch,
                };
                self.members.insert(event.conn_id, entry);
            }
            _ => {
                self.members.shift_remove(&event.conn_id);
            }
        }
        Fed::Applied
    }

    /// Nothing is known any more.
    pub fn clear(&mut self) {
        self.members.clear();
        self.version = None;
    }

    /// The version that it reflects.
    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// Everyone shown.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &SnapshotEntry> {
        self.members.values()
    }

    /// One connection's presence.
    pub fn member(&self, conn_id: &str) -> Option<&SnapshotEntry> {
        self.members.get(conn_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtm_protocol::State;

    fn event(kind: EventKind, conn: &str, (prev, version): (u64, u64)) -> PresenceEvent {
        PresenceEvent {
            kind,
            room_id: "r".into(),
            user_id: "u".into(),
            conn_id: conn.into(),
            state: (kind != EventKind::Leave).then(State::new),
            ts: 1,
            epoch: 1,
            version,
            prev,
            reason: None,
        }
    }

    #[test]
    fn events_are_applied_in_their_place_only() {
        let mut view = RoomView::default();
        assert_eq!(view.feed(event(EventKind::Join, "a", (0, 1))), Fed::Ignored);
        view.set(Vec::new(), 5);
        assert_eq!(view.feed(event(EventKind::Join, "a", (5, 7))), Fed::Applied);
        assert_eq!(view.feed(event(EventKind::Join, "a", (5, 7))), Fed::Ignored);
        assert_eq!(view.feed(event(EventKind::Leave, "a", (8, 9))), Fed::Gap);
        assert_eq!(view.members().len(), 1);
        // After a repair several events carry one version.
        assert_eq!(view.feed(event(EventKind::Join, "b", (7, 7))), Fed::Applied);
        assert_eq!(
            view.feed(event(EventKind::Leave, "a", (7, 7))),
            Fed::Applied
        );
        assert!(view.member("b").is_some() && view.member("a").is_none());
        view.set(Vec::new(), 3);
        assert_eq!(view.version(), Some(3));
    }
}
