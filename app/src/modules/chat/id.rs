//! Ids of messages: a room's are in the order of its messages.

use std::fmt;

use rtm_domain::time::Timestamp;

/// The id of a message, and a position in its room: when it was stored, and its place among
/// those of that millisecond. Below 2^53, so that every store keeps it exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MsgId(u64);

impl MsgId {
    /// Before the first message.
    pub const START: Self = Self(0);
    /// Ids in one millisecond. With more, the next millisecond's are taken.
    pub const PER_MILLI: u64 = 1024;

    const NUMBER_MAX: u64 = (1 << 53) - 1;

    /// The id of the next message of a room: not before `now`, and above the ids of all that
    /// the store (`last`) or the asking node (`floor`) knows.
    pub fn next(now: Timestamp, last: Self, floor: Self) -> Self {
        let now = now.0.saturating_mul(Self::PER_MILLI);
        Self(now.max(last.0 + 1).max(floor.0 + 1).min(Self::NUMBER_MAX))
    }

    /// Reads `<ms>-<place>`, as [`Display`](fmt::Display) writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (millis, place) = text.split_once('-')?;
        let (millis, place) = (digits(millis)?, digits(place)?);
        let number = millis.checked_mul(Self::PER_MILLI)?.checked_add(place)?;
        (place < Self::PER_MILLI && number <= Self::NUMBER_MAX).then_some(Self(number))
    }

    /// As a number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// From a number that a store kept.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// When the message was stored, in ms since 1970.
    pub const fn millis(self) -> u64 {
        self.0 / Self::PER_MILLI
    }
}

/// A number in its one spelling.
fn digits(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

impl fmt::Display for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis(), self.0 % Self::PER_MILLI)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_within_a_millisecond_and_when_clocks_go_back() {
        let at = |millis, last| MsgId::next(Timestamp(millis), last, MsgId::START);
        let one = at(5, MsgId::START);
        assert_eq!(one.to_string(), "5-0");
        let two = at(5, one);
        assert_eq!(two.to_string(), "5-1");
        assert_eq!(at(3, two).to_string(), "5-2");
        assert_eq!(at(9, two).to_string(), "9-0");
        let last_of_its_milli = MsgId::parse("5-1023").unwrap();
        assert_eq!(at(5, last_of_its_milli).to_string(), "6-0");
        assert_eq!(MsgId::next(Timestamp(1), one, two).to_string(), "5-2");
    }

    #[test]
    fn an_id_has_one_spelling() {
        for text in ["0-0", "1-0", "1732424430000-1023", "8796093022207-1023"] {
            assert_eq!(MsgId::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "01-0",
            "1-00",
            "+1-0",
            "1-+0",
            "1-1024",
            "1-0-0",
            "a-0",
            "8796093022208-0",
            "18446744073709551615-0",
            "1.5-0",
            " 1-0",
        ] {
            assert_eq!(MsgId::parse(text), None, "{text}");
        }
    }
}
