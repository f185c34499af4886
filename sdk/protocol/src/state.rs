//! A presence's state: a JSON object that is opaque below its top-level keys.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Error, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::object::{Stopped, walk};

/// A JSON object as an ordered map from key to raw JSON text. Order and number text stay as they
/// were sent, and any key (`__proto__` too) is plain data. Of a key that is given twice the last
/// value counts, at the first place, as in JavaScript.
///
/// A string inside a value may hold an unpaired surrogate escape such as `\ud800`: it is text like
/// any other. A key may not.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(type = "{ [key: string]: unknown }"))]
pub struct State {
    /// Each value is one JSON value without whitespace around it.
    entries: IndexMap<Arc<str>, Arc<str>>,
    /// The length of the whole as JSON without whitespace between entries.
    bytes: usize,
}

/// Why a text is no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotState {
    /// It is no JSON object.
    NotObject,
    /// It is no JSON, or has a key that is not valid Unicode.
    Unreadable,
    /// It is larger than it may be.
    TooLarge,
}

impl State {
    /// The empty state, `{}`.
    pub fn new() -> Self {
        Self {
            entries: IndexMap::new(),
            bytes: "{}".len(),
        }
    }

    /// Reads a state from JSON text.
    pub fn parse(json: &str) -> Result<Self, NotState> {
        Self::parse_within(json, usize::MAX)
    }

    /// Reads a state of at most `bytes_max` bytes ([`State::bytes`]). It stops at the entry that
    /// passes the limit, so that a hostile text cannot make it hold much more than that.
    pub fn parse_within(json: &str, bytes_max: usize) -> Result<Self, NotState> {
        let mut state = Self::new();
        let walked = walk(json, |key, value| {
            state.insert(key, value);
            match state.bytes <= bytes_max {
                true => Ok(()),
                false => Err(NotState::TooLarge),
            }
        });
        match walked {
            Ok(()) if state.bytes > bytes_max => Err(NotState::TooLarge),
            Ok(()) => Ok(state),
            Err(Stopped::NotObject) => Err(NotState::NotObject),
            Err(Stopped::Unreadable) => Err(NotState::Unreadable),
            Err(Stopped::Refused(refusal)) => Err(refusal),
        }
    }

    /// What `value` looks like as a state; an error if it does not serialise to a JSON object.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_string(value)?;
        Self::parse(&json).map_err(serde_json::Error::custom)
    }

    /// Sets one key. A key that is there keeps its place.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: &RawValue) {
        let (key, value) = (key.into(), value.get());
        let (key_bytes, first) = (string_bytes(&key), self.entries.is_empty());
        match self.entries.insert(key, value.into()) {
            Some(old) => self.bytes -= old.len(),
            None => self.bytes += key_bytes + usize::from(!first) + ":".len(),
        }
        self.bytes += value.len();
    }

    /// Merges shallowly, as a heartbeat's `patchState` is: each key of `patch` replaces the value
    /// here.
    pub fn merge(&mut self, patch: &State) {
        for (key, value) in patch.iter() {
            if let Ok(value) = serde_json::from_str(value) {
                self.insert(key.clone(), value);
            }
        }
    }

    /// The value of a key, as JSON text.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(|value| &**value)
    }

    /// Keys (as text, not as JSON) and values (as JSON text), in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Arc<str>)> {
        self.entries.iter()
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Its size when serialised, in bytes: what `MAX_STATE_BYTES` limits.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl IntoIterator for State {
    type Item = (Arc<str>, Arc<str>);
    type IntoIter = indexmap::map::IntoIter<Arc<str>, Arc<str>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl fmt::Display for State {
    /// The state as JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({self})")
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StateTexts(|| self.iter()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(json.get()).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for NotState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotObject => "must be an object",
            Self::Unreadable => "is no JSON or has a key that is not valid Unicode",
            Self::TooLarge => "is too large",
        })
    }
}

impl std::error::Error for NotState {}

/// A state that is held elsewhere, written without being copied: a function that gives its keys
/// (as text) and values (as JSON text) in order, for example `StateTexts(|| state.iter())`.
/// Values are checked while they are written; what is no JSON is an error, not a broken message.
#[derive(Clone, Copy)]
pub struct StateTexts<F>(pub F);

impl<F, I, K, V> Serialize for StateTexts<F>
where
    F: Fn() -> I,
    I: IntoIterator<Item = (K, V)>,
    K: AsRef<str>,
    V: AsRef<str>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in (self.0)() {
            let value: &RawValue =
                serde_json::from_str(value.as_ref()).map_err(S::Error::custom)?;
            map.serialize_entry(key.as_ref(), value)?;
        }
        map.end()
    }
}

/// The length of a text as a JSON string, in bytes.
fn string_bytes(text: &str) -> usize {
    let escaped = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0x00..=0x1f => "\\u0000".len(),
        _ => 1,
    });
    escaped.sum::<usize>() + "\"\"".len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_order_survive() {
        let json = r#"{"z":12345678901234567890,"a":[1e400, 0.1000],"__proto__":{"x":"\u0061"}}"#;
        assert_eq!(State::parse(json).unwrap().to_string(), json);
        assert_eq!(
            serde_json::from_str::<State>(json).unwrap().to_string(),
            json
        );
    }

    #[test]
    fn the_last_of_equal_keys_counts_at_the_first_place() {
        let state = State::parse(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap();
        assert_eq!(state.to_string(), r#"{"a":3,"b":2}"#);
        assert_eq!(state.get("a"), Some("3"));
    }

    #[test]
    fn a_size_at_the_limit_passes_and_one_above_does_not() {
        let json = r#"{"\"\u0000\n":"é","b":[ ]}"#;
        let bytes = State::parse(json).unwrap().to_string().len();
        assert_eq!(State::parse_within(json, bytes).unwrap().bytes(), bytes);
        assert_eq!(
            State::parse_within(json, bytes - 1),
            Err(NotState::TooLarge)
        );
        assert_eq!(State::parse_within("{}", 1), Err(NotState::TooLarge));
    }

    #[test]
    fn texts_held_elsewhere_are_written_as_they_are() {
        let texts = [("b", "1.0"), ("a", "{ }")];
        let json = serde_json::to_string(&StateTexts(|| texts)).unwrap();
        assert_eq!(json, r#"{"b":1.0,"a":{ }}"#);
        let broken = [("a", "1}, {")];
        assert!(serde_json::to_string(&StateTexts(|| broken)).is_err());
    }

    #[test]
    fn a_state_is_made_of_anything_that_is_an_object() {
        #[derive(serde::Serialize)]
        struct Cursor {
            x: u8,
        }
        assert_eq!(
            State::of(&Cursor { x: 1 }).unwrap().to_string(),
            r#"{"x":1}"#
        );
        assert!(State::of(&[1]).is_err());
    }
}
