//! The rooms in which this node has, had a moment ago, or is about to have a member.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::ids::RoomId;
use crate::service::lock;
use crate::service::room::LocalRoom;

/// The node's rooms by name.
#[derive(Default)]
pub(super) struct Rooms {
    rooms: Mutex<BTreeMap<RoomId, Arc<LocalRoom>>>,
}

impl Rooms {
    pub(super) fn find(&self, id: &RoomId) -> Option<Arc<LocalRoom>> {
        lock(&self.rooms).get(id).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<LocalRoom>> {
        lock(&self.rooms).values().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.rooms).len()
    }

    /// Finds or makes a room, and keeps it from being closed while the answer is held.
    pub(super) fn hold(&self, id: &RoomId) -> RoomHold {
        let mut rooms = lock(&self.rooms);
        let room = rooms
            .entry(id.clone())
            .or_insert_with(|| Arc::new(LocalRoom::new(id.clone())));
        RoomHold::new(room.clone())
    }

    /// Whether it was not forgotten.
    pub(super) fn has(&self, room: &Arc<LocalRoom>) -> bool {
        let found = self.find(room.id());
        found.is_some_and(|found| Arc::ptr_eq(&found, room))
    }

    /// Forgets a room that is off and unused.
    pub(super) fn forget(&self, room: &Arc<LocalRoom>) {
        let mut rooms = lock(&self.rooms);
        let is_it = |found: &Arc<LocalRoom>| Arc::ptr_eq(found, room);
        if rooms.get(room.id()).is_some_and(is_it) && room.is_off_and_unused() {
            rooms.remove(room.id());
        }
    }
}

/// Keeps a room from being closed.
pub(super) struct RoomHold {
    room: Arc<LocalRoom>,
}

impl RoomHold {
    fn new(room: Arc<LocalRoom>) -> Self {
        room.hold();
        Self { room }
    }

    pub(super) fn room(&self) -> &Arc<LocalRoom> {
        &self.room
    }
}

impl Drop for RoomHold {
    fn drop(&mut self) {
        self.room.release();
    }
}
