//! Names of rooms, users and connections: checked once where they enter, trusted inside.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadId {
    /// The text has no characters.
    #[error("must not be empty")]
    Empty,
    /// The text has more bytes than `Policy::id_bytes_max`.
    #[error("is longer than {bytes_max} bytes")]
    TooLong {
        /// The limit, in bytes of UTF-8.
        bytes_max: usize,
    },
    /// The text has a control character (Unicode category Cc).
    #[error("must not contain control characters")]
    Control,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Accepts 1 to `bytes_max` bytes of UTF-8 without control characters; every other
            /// character is legal.
            pub fn parse(text: &str, bytes_max: usize) -> Result<Self, BadId> {
                if text.is_empty() {
                    return Err(BadId::Empty);
                }
                if text.len() > bytes_max {
                    return Err(BadId::TooLong { bytes_max });
                }
                if text.chars().any(char::is_control) {
                    return Err(BadId::Control);
                }
                Ok(Self(text.into()))
            }

            /// Takes a text that was checked before it was stored.
            pub fn trusted(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

id! {
    /// A named group whose members see each other.
    RoomId
}
id! {
    /// Who. A user may have several connections.
    UserId
}
id! {
    /// One client's place in a room, minted by the server; a resume moves it to another socket.
    ConnId
}

impl ConnId {
    /// Mints an id from 128 random bits.
    pub fn mint(random: u128) -> Self {
        Self(format!("c-{random:032x}").into())
    }
}

/// The secret with which its owner resumes a presence. Never shown in debug output.
#[derive(Clone)]
pub struct ResumeKey(Arc<str>);

impl ResumeKey {
    /// Mints a key from 128 random bits.
    pub fn mint(random: u128) -> Self {
        Self(format!("{random:032x}").into())
    }

    /// Takes what a client sent or a store kept.
    pub fn trusted(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for its owner and the store.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl PartialEq for ResumeKey {
    /// Takes the same time wherever the texts differ, so that a key cannot be guessed bytewise.
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (x, y)| diff | (x ^ y)) == 0
    }
}

impl Eq for ResumeKey {}

impl fmt::Debug for ResumeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeKey(…)")
    }
}

/// One client socket of this node. Local, never on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

/// One seat, or one write of a sweeper: random, so that two writers never share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatId(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_hold_any_character_but_controls() {
        for text in ["a", "{}", "*", "a:b", " ", "🦀", "__proto__", "é"] {
            assert_eq!(RoomId::parse(text, 256).unwrap().as_str(), text);
        }
        for text in ["\0", "a\nb", "\u{7f}", "\u{85}"] {
            assert_eq!(RoomId::parse(text, 256), Err(BadId::Control));
        }
    }

    #[test]
    fn the_length_of_an_id_counts_bytes() {
        assert_eq!(UserId::parse("", 4), Err(BadId::Empty));
        assert!(UserId::parse("🦀", 4).is_ok());
        assert_eq!(
            UserId::parse("🦀a", 4),
            Err(BadId::TooLong { bytes_max: 4 })
        );
    }

    #[test]
    fn a_key_stays_out_of_debug_output() {
        let key = ResumeKey::mint(7);
        assert!(!format!("{key:?}").contains(key.reveal()));
    }
}
