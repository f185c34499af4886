//! What was sent, by whom, and who was there: the part of the truth that the harness knows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What one sender has sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sent {
    /// Numbers 1 to this one.
    pub(crate) last: u32,
    /// Of these, those without a good answer: they may have come about, or not.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) unsure: BTreeSet<u32>,
}

/// What a room's senders have sent, and who is in it, by member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) sent: BTreeMap<u32, Sent>,
    /// Members that are in it at the end.
    pub(crate) there: BTreeSet<u32>,
    /// Members of whom that is not sure.
    pub(crate) unsure: BTreeSet<u32>,
}

/// All rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    rooms: BTreeMap<u32, Room>,
}

impl Ledger {
    pub(crate) fn room_mut(&mut self, room: u32) -> &mut Room {
        self.rooms.entry(room).or_default()
    }

    pub(crate) fn room(&self, room: u32) -> Option<&Room> {
        self.rooms.get(&room)
    }

    /// Takes in what another process knows. No sender is in two of them.
    pub(crate) fn add(&mut self, other: Self) {
        for (number, room) in other.rooms {
            let own = self.room_mut(number);
            own.sent.extend(room.sent);
            own.there.extend(room.there);
            own.unsure.extend(room.unsure);
        }
    }
}
