//! Splitting the JSON of a Socket.IO event packet into its name and arguments.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::refusal::BadRequest;
use super::text::string;

/// The most arguments of one event.
pub const MAX_ARGS: usize = 8;

/// One event as a client emitted it.
#[derive(Debug, Clone)]
pub struct EventPacket<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its arguments as JSON text, at most [`MAX_ARGS`].
    pub args: Vec<&'a RawValue>,
}

/// Splits `["name", arg, …]`. Packet type, namespace and ack id must have been cut off already.
pub fn split_event(json: &str) -> Result<EventPacket<'_>, BadRequest> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = deserializer.deserialize_seq(ItemsVisitor);
    let Ok(items) = read.and_then(|items| deserializer.end().map(|()| items)) else {
        return Err(BadRequest::new("", "must be a JSON array"));
    };
    let Some(name) = items.name else {
        return Err(BadRequest::new("", "must name an event"));
    };
    if items.more {
        let problem = format!("has more than {MAX_ARGS} arguments");
        return Err(BadRequest::new("", problem));
    }
    let name = string(name, "")
        .map_err(|_| BadRequest::new("", "must begin with an event name in valid Unicode"))?;
    let args = items.args;
    Ok(EventPacket { name, args })
}

struct Items<'a> {
    name: Option<&'a RawValue>,
    args: Vec<&'a RawValue>,
    /// Whether arguments were passed over because there are too many.
    more: bool,
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let name = seq.next_element()?;
        let mut args = Vec::new();
        while args.len() < MAX_ARGS {
            match seq.next_element()? {
                Some(arg) => args.push(arg),
                None => break,
            }
        }
        let mut more = false;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok(Items { name, args, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_kept_as_text() {
        let packet = split_event(r#" [ "a\u0062" , {"n": 1.0} ,[ ], null] "#).unwrap();
        assert_eq!(packet.name, "ab");
        let args: Vec<_> = packet.args.iter().map(|arg| arg.get()).collect();
        assert_eq!(args, [r#"{"n": 1.0}"#, "[ ]", "null"]);
    }

    #[test]
    fn more_arguments_than_the_limit_are_not_kept() {
        let with = |args: usize| format!("[\"e\"{}]", ",0".repeat(args));
        assert_eq!(split_event(&with(MAX_ARGS)).unwrap().args.len(), MAX_ARGS);
        let bad = split_event(&with(100_000)).unwrap_err();
        assert_eq!(bad.problem, "has more than 8 arguments");
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let deep = "[".repeat(500_000);
        assert!(split_event(&format!("[\"e\",{deep}")).is_err());
        assert!(split_event(&deep).is_err());
    }
}
