//! Rights per room, as a token carries them.

use rtm_domain::ids::RoomId;
use rtm_socketio::{Authority, Right};
use serde_json::{Map, Value};

use super::pattern::Pattern;

/// Rooms by pattern, each with what may be done in them. What no pattern names is forbidden;
/// what several name, each of them allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoomRights {
    rooms: Vec<(Pattern, Vec<Right>)>,
}

impl RoomRights {
    /// Patterns that one token may carry.
    pub const PATTERNS_MAX: usize = 64;
    /// Bytes that one pattern may have.
    pub const PATTERN_BYTES_MAX: usize = 512;

    /// Reads `{ "<pattern>": ["join", "publish", "history"], … }`. A right that is not known is
    /// passed over: a later version may know it.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(rooms: &Map<String, Value>) -> Result<Self, String> {
        if rooms.len() > Self::PATTERNS_MAX {
            return Err(format!("more than {} room patterns", Self::PATTERNS_MAX));
        }
        let mut read = Vec::with_capacity(rooms.len());
        for (pattern, rights) in rooms {
            if pattern.len() > Self::PATTERN_BYTES_MAX {
                let max = Self::PATTERN_BYTES_MAX;
                return Err(format!("a room pattern longer than {max} bytes"));
            }
            let Some(rights) = rights.as_array() else {
                return Err("rights that are no list".into());
            };
            let rights = rights.iter().filter_map(Value::as_str).filter_map(right);
            read.push((Pattern::parse(pattern), rights.collect()));
        }
        Ok(Self { rooms: read })
    }
}

impl Authority for RoomRights {
    fn allows(&self, right: Right, room: &RoomId) -> bool {
        self.rooms
            .iter()
            .any(|(pattern, rights)| rights.contains(&right) && pattern.matches(room.as_str()))
    }
}

fn right(name: &str) -> Option<Right> {
    let all = [Right::Join, Right::Publish, Right::History];
    all.into_iter().find(|right| right.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rights(rooms: &Value) -> Result<RoomRights, String> {
        RoomRights::read(rooms.as_object().unwrap())
    }

    #[test]
    fn what_no_pattern_names_is_forbidden() {
        let rights = rights(&json!({
            "lobby": ["join", "publish", "history"],
            "news-*": ["join", "history", "fly"],
            "news-draft": ["publish"],
        }));
        let rights = rights.unwrap();
        let allows = |right, room: &str| rights.allows(right, &RoomId::trusted(room));
        assert!(allows(Right::Publish, "lobby"));
        assert!(allows(Right::Join, "news-1") && !allows(Right::Publish, "news-1"));
        assert!(allows(Right::Publish, "news-draft") && allows(Right::Join, "news-draft"));
        assert!(!allows(Right::Join, "secret") && !allows(Right::Join, "lobby2"));
    }

    #[test]
    fn what_is_no_list_or_too_much_is_refused() {
        assert!(rights(&json!({ "lobby": "join" })).is_err());
        assert!(rights(&json!({ "x".repeat(513): ["join"] })).is_err());
        let many: Map<String, Value> = (0..65).map(|n| (n.to_string(), json!([]))).collect();
        assert!(RoomRights::read(&many).is_err());
    }
}
