//! What the harness writes into states, messages and user ids, to know them again.

/// The key of a state that holds a [`Mark`].
pub(crate) const KEY: &str = "b";

/// Names one event: its sender within the room, its number, and when it was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) sender: u32,
    /// Counted from 1; 0 stands for a first join.
    pub(crate) number: u32,
    /// On the clock of the machine.
    pub(crate) due_ns: u64,
}

impl Mark {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mark = Self {
            sender: parts.next()?.parse().ok()?,
            number: parts.next()?.parse().ok()?,
            due_ns: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(mark)
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.sender, self.number, self.due_ns)
    }
}

/// Who a user of the harness is: a member of a room, in one of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) member: u32,
    /// Counts its lives from 0: a reconnect, or a cycle of churn, begins another.
    pub(crate) life: u32,
}

impl Who {
    /// The id of a user in a run. Each run has its own, so that runs do not meet.
    pub(crate) fn user_id(self, run: &str, room: u32) -> String {
        format!("{run}:{room}:{}:{}", self.member, self.life)
    }

    /// Whose id it is, if it is one of this run.
    pub(crate) fn read(run: &str, user_id: &str) -> Option<Self> {
        let mut parts = user_id.strip_prefix(run)?.strip_prefix(':')?.split(':');
        parts.next()?;
        let who = Self {
            member: parts.next()?.parse().ok()?,
            life: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(who)
    }
}

/// The id of a room in a run.
pub(crate) fn room_id(run: &str, room: u32) -> String {
    format!("{run}:{room}")
}

/// The id of who only looks: no member.
pub(crate) fn observer_id(run: &str, room: u32, process: u32) -> String {
    format!("{run}:{room}:observer-{process}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mark = Mark {
            sender: 3,
            number: 70,
            due_ns: 123_456_789_012_345,
        };
        assert_eq!(Mark::read(&mark.to_string()), Some(mark));
        for bad in ["", "1.2", "1.2.3.4", "a.1.2", "1.-2.3"] {
            assert_eq!(Mark::read(bad), None, "{bad}");
        }
        let who = Who { member: 4, life: 2 };
        assert_eq!(Who::read("abc", &who.user_id("abc", 9)), Some(who));
        assert_eq!(Who::read("abd", &who.user_id("abc", 9)), None);
        assert_eq!(Who::read("abc", &observer_id("abc", 9, 0)), None);
    }
}
