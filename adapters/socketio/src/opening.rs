//! The first bytes of a text message, which say what may have to be kept because of it.

use crate::limits::Limits;

/// What they say: `3` answers a ping, `4` is a packet of Socket.IO, `40/…` asks to enter a namespace, and `45…` and
/// `46…` tell how many attachments follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Nothing has come.
    Empty,
    /// A packet of which no more is known.
    Packet,
    /// Asks to enter the namespace, or one that is named next.
    Enters,
    /// So many bytes of a namespace's name, unless more come.
    Names(usize),
    /// A name longer than any namespace may have.
    NamesTooMuch,
    /// So many attachments, unless more digits come.
    Count { count: u32, has_digits: bool },
    /// A packet with so many attachments.
    Announces(u32),
    /// A packet without any.
    Plain,
    /// The answer to a ping.
    Pong,
    /// Nothing that is kept.
    Other,
}

impl Opening {
    /// Of a message that is complete.
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut opening = Opening::Empty;
        for byte in text {
            if opening.is_known() {
                break;
            }
            opening = opening.then(*byte);
        }
        opening
    }

    /// Whether more bytes change nothing.
    pub(crate) fn is_known(self) -> bool {
        matches!(
            self,
            Opening::NamesTooMuch
                | Opening::Announces(_)
                | Opening::Plain
                | Opening::Pong
                | Opening::Other
        )
    }

    /// With one more byte.
    pub(crate) fn then(self, byte: u8) -> Self {
        match (self, byte) {
            (Opening::Empty, b'4') => Opening::Packet,
            (Opening::Empty, b'3') => Opening::Pong,
            (Opening::Empty, _) => Opening::Other,
            (Opening::Packet, b'0') => Opening::Enters,
            (Opening::Enters, b'/') => Opening::Names(0),
            (Opening::Names(_), b',') => Opening::Plain,
            (Opening::Names(Limits::NAMESPACE_BYTES_MAX), _) => Opening::NamesTooMuch,
            (Opening::Names(bytes), _) => Opening::Names(bytes + 1),
            (Opening::Packet, b'5' | b'6') => Opening::Count {
                count: 0,
                has_digits: false,
            },
            (Opening::Count { count, .. }, b'0'..=b'9') => Opening::Count {
                count: count
                    .saturating_mul(10)
                    .saturating_add((byte - b'0').into()),
                has_digits: true,
            },
            (
                Opening::Count {
                    count,
                    has_digits: true,
                },
                b'-',
            ) if count > 0 => Opening::Announces(count),
            // The rest of counts the transport refuses, and ends the session.
            (Opening::Packet | Opening::Enters | Opening::Count { .. }, _) => Opening::Plain,
            (
                known @ (Opening::NamesTooMuch
                | Opening::Announces(_)
                | Opening::Plain
                | Opening::Pong
                | Opening::Other),
                _,
            ) => known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_opening_tells_how_many_attachments_follow() {
        for (text, announced) in [
            (r#"451-["x",{"_placeholder":true,"num":0}]"#, Some(1)),
            ("4610-/admin,7[]", Some(10)),
            ("45001-", Some(1)),
            ("4599999999999999999999-", Some(u32::MAX)),
            ("450-[]", None),
            ("45-[]", None),
            ("451", None),
            ("451[]", None),
            ("45/a,1-[]", None),
            ("421-[]", None),
            ("551-[]", None),
            ("", None),
        ] {
            let counted = match Opening::of(text.as_bytes()) {
                Opening::Announces(count) => Some(count),
                _ => None,
            };
            assert_eq!(counted, announced, "{text}");
        }
    }

    #[test]
    fn the_opening_tells_whether_a_namespace_has_too_long_a_name() {
        let name = |bytes: usize| "n".repeat(bytes);
        let max = Limits::NAMESPACE_BYTES_MAX;
        for (text, fine) in [
            (format!("40/{},{{}}", name(max)), true),
            (format!("40/{}", name(max)), true),
            (format!("40/{}", name(max + 1)), false),
            (format!("40/{},", name(max + 1)), false),
            (format!("42[\"/{}\"]", name(max + 1)), true),
            (format!("40{{\"token\":\"{}\"}}", name(max + 1)), true),
        ] {
            let is_fine = Opening::of(text.as_bytes()) != Opening::NamesTooMuch;
            assert_eq!(is_fine, fine, "{text}");
        }
    }
}
