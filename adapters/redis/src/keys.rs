//! The names of keys and channels. All of a room's share one slot of a cluster.

use std::fmt::Write;

use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::ports::Part;
use rtm_domain::presence::lease::LeaseName;

use crate::error::ConnectError;
use crate::settings::RedisSettings;

/// What this version writes to `<prefix>:layout`, so that nodes that would not find each other's
/// rooms do not run together.
pub(crate) const LAYOUT: &str = "1 fnv1a64";

/// Names keys and channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    prefix: String,
    partitions: u16,
}

impl Keys {
    /// Keys that begin with `prefix`, in [`RedisSettings::PARTITIONS`] parts.
    ///
    /// # Errors
    ///
    /// The prefix is empty, longer than 64 bytes, or has characters that mean something in keys.
    pub fn new(prefix: &str) -> Result<Self, ConnectError> {
        Self::with_partitions(prefix, RedisSettings::PARTITIONS)
    }

    /// The same with another number of parts, for tests.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_partitions(prefix: &str, partitions: u16) -> Result<Self, ConnectError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if prefix.is_empty() || prefix.len() > 64 || !prefix.chars().all(legal) {
            return Err(ConnectError::Prefix(prefix.into()));
        }
        Ok(Self {
            prefix: prefix.into(),
            partitions: partitions.max(1),
        })
    }

    /// How many parts there are.
    pub fn partitions(&self) -> u16 {
        self.partitions
    }

    /// The part in which a room lives.
    pub fn part_of(&self, room: &RoomId) -> Part {
        self.part_named(room.as_str())
    }

    fn part_named(&self, name: &str) -> Part {
        // The remainder is below a u16.
        Part((fnv1a(name.as_bytes()) % u64::from(self.partitions)) as u16)
    }

    pub(crate) fn layout(&self) -> (String, String) {
        let key = format!("{}:layout", self.prefix);
        (key, format!("{LAYOUT} {}", self.partitions))
    }

    pub(crate) fn records(&self, part: Part, room: &str) -> String {
        self.of(part, "room:", room)
    }

    pub(crate) fn leases(&self, part: Part) -> String {
        self.of(part, "leases", "")
    }

    pub(crate) fn tombstones(&self, part: Part) -> String {
        self.of(part, "tombstones", "")
    }

    pub(crate) fn versions(&self, part: Part) -> String {
        self.of(part, "versions", "")
    }

    pub(crate) fn events(&self, part: Part, room: &RoomId) -> String {
        self.of(part, "events:", room.as_str())
    }

    /// The room of an event channel.
    pub(crate) fn room_of_events<'a>(&self, channel: &'a str) -> Option<&'a str> {
        let (_, rest) = channel.strip_prefix(&self.prefix)?.split_once('}')?;
        rest.strip_prefix(":events:")
    }

    /// The channel under which nodes exchange messages about `name`, which is any text.
    pub fn channel(&self, name: &str) -> String {
        self.of(self.part_named(name), "channel:", name)
    }

    /// The name under which nodes know a channel.
    pub fn name_of_channel<'a>(&self, channel: &'a str) -> Option<&'a str> {
        let (_, rest) = channel.strip_prefix(&self.prefix)?.split_once('}')?;
        rest.strip_prefix(":channel:")
    }

    /// The name of a key or channel of a room, in the slot where all of the room's are. `kind` is
    /// a word that nobody else uses, such as a module's name.
    pub fn of_room(&self, kind: &str, room: &RoomId) -> String {
        self.of(self.part_of(room), "of-room:", &format!("{kind}:{room}"))
    }

    /// The room of such a key or channel.
    pub fn room_of<'a>(&self, kind: &str, key: &'a str) -> Option<&'a str> {
        let (_, rest) = key.strip_prefix(&self.prefix)?.split_once('}')?;
        let named = rest.strip_prefix(":of-room:")?.strip_prefix(kind)?;
        named.strip_prefix(':')
    }

    fn of(&self, part: Part, kind: &str, name: &str) -> String {
        let mut key =
            String::with_capacity(self.prefix.len() + kind.len() + name.len() + "::{65535}".len());
        // Writing to a string does not fail.
        let _ = write!(key, "{}:{{{}}}:{kind}{name}", self.prefix, part.0);
        key
    }
}

/// The name of a lease in its part, as the scripts make it.
pub(crate) fn lease_member(lease: &LeaseName) -> String {
    format!("{}\n{}\n{}", lease.room, lease.conn, lease.epoch.number())
}

/// What a room's record calls its lease: `-` for a tombstone, which has none.
pub(crate) fn lease_of(epoch: Option<u64>) -> String {
    epoch.map_or_else(|| "-".into(), |epoch| epoch.to_string())
}

pub(crate) fn ids(room: &str, conn: &str) -> (RoomId, ConnId) {
    (RoomId::trusted(room), ConnId::trusted(conn))
}

/// FNV-1a, 64 bits: fixed for ever, as it decides where rooms live.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_room_lives_never_changes() {
        // The published test vectors of FNV-1a.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
        let keys = Keys::new("rtm").unwrap();
        assert_eq!(keys.part_of(&RoomId::trusted("lobby")), Part(51));
        assert_eq!(keys.part_of(&RoomId::trusted("{1}")), Part(36));
    }

    #[test]
    fn a_room_named_like_a_hash_tag_stays_in_its_part() {
        let keys = Keys::new("rtm").unwrap();
        let room = RoomId::trusted("{7}:events:x");
        let channel = keys.events(Part(3), &room);
        assert_eq!(channel, "rtm:{3}:events:{7}:events:x");
        assert_eq!(keys.room_of_events(&channel), Some(room.as_str()));
        assert_eq!(keys.name_of_channel(&channel), None);
        let channel = keys.channel("a}b");
        assert_eq!(keys.name_of_channel(&channel), Some("a}b"));
        let key = keys.of_room("chat", &room);
        assert_eq!(keys.room_of("chat", &key), Some(room.as_str()));
        assert_eq!(keys.room_of("cha", &key), None);
        assert_eq!(keys.room_of_events(&key), None);
    }

    #[test]
    fn a_prefix_that_would_break_the_keys_is_refused() {
        for prefix in ["", "{x}", "a b", "é", &"x".repeat(65)] {
            assert!(Keys::new(prefix).is_err(), "{prefix}");
        }
    }
}
