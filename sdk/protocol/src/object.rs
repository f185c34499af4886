//! Walking a JSON object member by member, without recursion and without keeping anything.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Why a walk ended early.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stopped<E> {
    /// The text is no object.
    NotObject,
    /// The text is no JSON, or has a key that is not valid Unicode.
    Unreadable,
    /// The visitor refused a member.
    Refused(E),
}

/// Calls `visit` with key and value of each member of `json`, in order, duplicates included.
/// Values are handed on as text: how deeply they are nested does not matter here.
pub(crate) fn walk<'a, E>(
    json: &'a str,
    visit: impl FnMut(Cow<'a, str>, &'a RawValue) -> Result<(), E>,
) -> Result<(), Stopped<E>> {
    // The whitespace of JSON, which is less than what Rust calls so.
    if !json
        .trim_start_matches([' ', '\n', '\r', '\t'])
        .starts_with('{')
    {
        return Err(Stopped::NotObject);
    }
    let mut refusal = None;
    let walker = Walker {
        visit,
        refusal: &mut refusal,
    };
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let walked = deserializer
        .deserialize_map(walker)
        .and_then(|()| deserializer.end());
    match (walked, refusal) {
        (_, Some(refusal)) => Err(Stopped::Refused(refusal)),
        (Err(_), None) => Err(Stopped::Unreadable),
        (Ok(()), None) => Ok(()),
    }
}

/// A JSON string, borrowed if it has no escapes.
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

struct Walker<'r, V, E> {
    visit: V,
    /// Set when `visit` refused, because serde's error type cannot carry it.
    refusal: &'r mut Option<E>,
}

impl<'de, V, E> Visitor<'de> for Walker<'_, V, E>
where
    V: FnMut(Cow<'de, str>, &'de RawValue) -> Result<(), E>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((Text(key), value)) = map.next_entry()? {
            if let Err(refusal) = (self.visit)(key, value) {
                *self.refusal = Some(refusal);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_order_with_their_text() {
        let json = r#" { "b" : 1.0 , "\u0061":[ 2 ],"b":null } "#;
        let seen = members(json).unwrap();
        assert_eq!(seen, ["b=1.0", "a=[ 2 ]", "b=null"]);
    }

    #[test]
    fn what_is_no_object_is_told_from_what_is_no_json() {
        for json in ["", "1", "[{}]", "null", "\u{a0}{}"] {
            assert_eq!(members(json), Err(Stopped::NotObject), "{json}");
        }
        for json in ["{", "{}{}", "{a:1}", r#"{"a":1,}"#, r#"{"\ud800":1}"#] {
            assert_eq!(members(json), Err(Stopped::Unreadable), "{json}");
        }
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(500_000), "]".repeat(500_000));
        assert_eq!(members(&deep).unwrap().len(), 1);
        assert_eq!(members(&deep[..500_000]), Err(Stopped::Unreadable));
    }

    fn members(json: &str) -> Result<Vec<String>, Stopped<()>> {
        let mut seen = Vec::new();
        walk(json, |key, value| {
            seen.push(format!("{key}={value}"));
            Ok(())
        })?;
        Ok(seen)
    }
}
