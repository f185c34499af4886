//! Reads as much of a packet as the audit needs, and no more: a state stays text, and nothing is
//! copied.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::mark::Mark;

/// More messages of one millisecond than there are.
const PLACE_BITS: u32 = 20;

/// What came.
#[derive(Debug)]
pub(crate) enum Heard<'a> {
    Presence(Event<'a>),
    Chat(Chat<'a>),
    /// An answer, not yet read.
    Ack(u64, &'a str),
    /// One's own presence ended.
    Lost,
    /// The node wants to be left.
    Draining,
    /// One of these, but not to be read.
    Unreadable,
}

/// `presence:event`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    #[serde(borrow)]
    pub(crate) user_id: Cow<'a, str>,
    #[serde(default, deserialize_with = "marked", rename = "state")]
    pub(crate) mark: Option<Mark>,
    /// Older servers have none.
    pub(crate) version: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Join,
    Update,
    Leave,
}

/// `chat:message`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Chat<'a> {
    #[serde(borrow)]
    pub(crate) msg_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) message: &'a RawValue,
}

impl Chat<'_> {
    pub(crate) fn mark(&self) -> Option<Mark> {
        Mark::read(self.message.get().trim_matches('"'))
    }

    /// Where it stands among the messages of its room, if its id says so: `<ms>-<place>`.
    pub(crate) fn order(&self) -> Option<u64> {
        let (ms, place) = self.msg_id.split_once('-')?;
        let (ms, place): (u64, u64) = (ms.parse().ok()?, place.parse().ok()?);
        Some((ms << PLACE_BITS) + place)
    }
}

/// Any answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer<'a> {
    pub(crate) ok: bool,
    pub(crate) changed: Option<bool>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
}

impl Answer<'_> {
    /// Why it was refused: the code, or the first words of an older server's text.
    pub(crate) fn reason(&self) -> String {
        let text = self.code.as_deref().or(self.error.as_deref());
        let line = text.unwrap_or("refused").lines().next().unwrap_or_default();
        line.chars().take(60).collect()
    }
}

/// The answer to a join.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Joined<'a> {
    #[serde(borrow)]
    pub(crate) snapshot: Vec<Entry<'a>>,
    pub(crate) version: Option<u64>,
    pub(crate) ttl_ms: Option<u64>,
}

/// One presence of a snapshot.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry<'a> {
    #[serde(borrow)]
    pub(crate) user_id: Cow<'a, str>,
    #[serde(default, deserialize_with = "marked", rename = "state")]
    pub(crate) mark: Option<Mark>,
}

/// The answer to `chat:history`.
#[derive(Debug, Deserialize)]
pub(crate) struct History<'a> {
    #[serde(borrow)]
    pub(crate) messages: Vec<Chat<'a>>,
}

/// Reads a packet. `None`: it is for the connection itself.
pub(crate) fn read<'a>(packet: &'a str) -> Option<Heard<'a>> {
    if let Some(answer) = packet.strip_prefix("43") {
        let end = answer.find('[')?;
        let id = answer[..end].parse().ok()?;
        let body = answer[end + 1..].strip_suffix(']')?;
        return Some(Heard::Ack(id, body));
    }
    let event = packet.strip_prefix("42[\"")?;
    let (name, rest) = event.split_once('"')?;
    let payload = rest.strip_prefix(',').and_then(|it| it.strip_suffix(']'));
    let payload = payload.unwrap_or_default();
    let heard = match name {
        "presence:event" => serde_json::from_str(payload).map(Heard::Presence),
        "chat:message" => serde_json::from_str(payload).map(Heard::Chat),
        "presence:lost" => Ok(Heard::Lost),
        "server:draining" => Ok(Heard::Draining),
        _ => return None,
    };
    Some(heard.unwrap_or(Heard::Unreadable))
}

fn marked<'de, D: Deserializer<'de>>(state: D) -> Result<Option<Mark>, D::Error> {
    #[derive(Deserialize)]
    struct Marked<'a> {
        #[serde(borrow, default)]
        b: Option<Cow<'a, str>>,
    }
    let state = Option::<Marked<'de>>::deserialize(state)?;
    Ok(state.and_then(|state| Mark::read(&state.b?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_this_server_and_of_older_ones_are_read() {
        let new = r#"42["presence:event",{"type":"update","roomId":"r","userId":"u","connId":"c","state":{"p":"]","b":"1.2.3"},"ts":1,"epoch":1,"version":9,"prev":8}]"#;
        let Some(Heard::Presence(event)) = read(new) else {
            panic!("no event");
        };
        assert_eq!((event.kind, event.version), (Kind::Update, Some(9)));
        assert_eq!(event.mark, Mark::read("1.2.3"));
        let old = r#"42["presence:event",{"type":"leave","userId":"u","state":null}]"#;
        let Some(Heard::Presence(event)) = read(old) else {
            panic!("no event");
        };
        assert_eq!((event.kind, event.version), (Kind::Leave, None));
        assert_eq!(event.mark, None);
    }

    #[test]
    fn the_rest_is_left_to_the_connection_or_said_to_be_unreadable() {
        assert!(read("2").is_none());
        assert!(read("42[\"other\",1]").is_none());
        let bad = "42[\"presence:event\",{\"type\":\"update\"}]";
        assert!(matches!(read(bad), Some(Heard::Unreadable)));
        assert!(matches!(read("4317[{}]"), Some(Heard::Ack(17, "{}"))));
        let chat = r#"42["chat:message",{"msgId":"5-1","message":"1.2.3","ts":1}]"#;
        let Some(Heard::Chat(chat)) = read(chat) else {
            panic!("no message");
        };
        assert_eq!(chat.mark(), Mark::read("1.2.3"));
    }

    #[test]
    fn a_refusal_has_a_reason() {
        let reason = |json| serde_json::from_str::<Answer<'_>>(json).unwrap().reason();
        assert_eq!(
            reason(r#"{"ok":false,"code":"too_large","error":"x"}"#),
            "too_large"
        );
        assert_eq!(reason(r#"{"ok":false,"error":"first\nsecond"}"#), "first");
        assert_eq!(reason(r#"{"ok":false}"#), "refused");
    }
}
