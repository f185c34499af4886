//! Engine.IO 4 and Socket.IO 5 packets, as text frames of the main namespace.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A packet that arrived.
#[derive(Debug)]
pub(crate) enum Packet<'a> {
    /// The transport is open.
    Open(Opened),
    /// The transport closes.
    Close,
    /// The server asks for a sign of life.
    Ping,
    /// The namespace is joined.
    Connected,
    /// The namespace is left.
    Disconnected,
    /// An event, perhaps with an ack asked for and attachments to follow.
    Event(EventPacket<'a>),
    /// An ack, perhaps with attachments to follow.
    Ack {
        /// Of which request.
        id: u64,
        /// Its first argument.
        args: Vec<&'a RawValue>,
        /// Attachments to follow.
        attachments: usize,
    },
    /// The namespace refused the connection.
    Refused(Cow<'a, str>),
    /// Something that is of no use here: other namespaces, pongs, no-ops.
    Other,
}

/// An event.
#[derive(Debug)]
pub(crate) struct EventPacket<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) args: Vec<&'a RawValue>,
    pub(crate) ack: Option<u64>,
    pub(crate) attachments: usize,
}

/// What the server says of the transport.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Opened {
    ping_interval: u64,
    ping_timeout: u64,
}

impl Opened {
    /// How long the server may be silent.
    pub(crate) fn silence_max(&self) -> Duration {
        Duration::from_millis(self.ping_interval.saturating_add(self.ping_timeout))
    }
}

/// Reads a text frame. `None` if it is no packet.
pub(crate) fn read(text: &str) -> Option<Packet<'_>> {
    let (kind, rest) = split(text)?;
    match kind {
        '0' => Some(Packet::Open(serde_json::from_str(rest).ok()?)),
        '1' => Some(Packet::Close),
        '2' => Some(Packet::Ping),
        '3' | '6' => Some(Packet::Other),
        '4' => read_message(rest),
        _ => None,
    }
}

fn read_message(text: &str) -> Option<Packet<'_>> {
    let (kind, mut rest) = split(text)?;
    let mut attachments = 0;
    if matches!(kind, '5' | '6') {
        let (count, after) = rest.split_once('-')?;
        attachments = count.parse().ok()?;
        rest = after;
    }
    if rest.starts_with('/') {
        let (namespace, after) = rest.split_once(',').unwrap_or((rest, ""));
        if namespace != "/" {
            return Some(Packet::Other);
        }
        rest = after;
    }
    match kind {
        '0' => Some(Packet::Connected),
        '1' => Some(Packet::Disconnected),
        '2' | '5' => {
            let (ack, json) = id(rest);
            let mut args: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            if args.is_empty() {
                return None;
            }
            let name = args.remove(0);
            let name: Cow<'_, str> = match serde_json::from_str::<&str>(name.get()) {
                Ok(name) => Cow::Borrowed(name),
                Err(_) => Cow::Owned(serde_json::from_str(name.get()).ok()?),
            };
            Some(Packet::Event(EventPacket {
                name,
                args,
                ack,
                attachments,
            }))
        }
        '3' | '6' => {
            let (id, json) = id(rest);
            Some(Packet::Ack {
                id: id?,
                args: serde_json::from_str(json).ok()?,
                attachments,
            })
        }
        '4' => Some(Packet::Refused(refusal(rest))),
        _ => None,
    }
}

/// The text of a refusal: an object with a `message`, or of old a string.
fn refusal(json: &str) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct Refusal {
        message: String,
    }
    let object = serde_json::from_str::<Refusal>(json).map(|refusal| refusal.message);
    let text = object.or_else(|_| serde_json::from_str::<String>(json));
    text.map_or(Cow::Borrowed(json), Cow::Owned)
}

fn split(text: &str) -> Option<(char, &str)> {
    let first = text.chars().next()?;
    Some((first, &text[first.len_utf8()..]))
}

/// The number before the JSON, if there is one.
fn id(text: &str) -> (Option<u64>, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

/// The answer to a ping.
pub(crate) const PONG: &str = "3";

/// Leaves the namespace.
pub(crate) const DISCONNECT: &str = "41";

/// Joins the namespace, with what proves who one is.
pub(crate) fn connect(token: Option<&str>) -> String {
    #[derive(Serialize)]
    struct Auth<'a> {
        token: &'a str,
    }
    match token.map(|token| serde_json::to_string(&Auth { token })) {
        Some(Ok(auth)) => format!("40{auth}"),
        _ => "40".into(),
    }
}

/// An event, with its payload as JSON.
pub(crate) fn event(id: Option<u64>, name: &str, payload: Option<&RawValue>) -> String {
    let payload_bytes = payload.map_or(0, |payload| payload.get().len());
    let mut text = String::with_capacity(name.len() + payload_bytes + 28);
    text.push_str("42");
    if let Some(id) = id {
        text.push_str(&id.to_string());
    }
    text.push('[');
    // A string can always be written.
    text.push_str(&serde_json::to_string(name).unwrap_or_default());
    if let Some(payload) = payload {
        text.push(',');
        text.push_str(payload.get());
    }
    text.push(']');
    text
}

/// An ack.
pub(crate) fn ack(id: u64, payload: &RawValue) -> String {
    format!("43{id}[{}]", payload.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.into()).unwrap()
    }

    #[test]
    fn events_and_acks_are_read() {
        let Some(Packet::Event(event)) = read(r#"42["a\"b",1.50,{"x":[]}]"#) else {
            panic!("no event");
        };
        assert_eq!(event.name, "a\"b");
        let args: Vec<&str> = event.args.iter().map(|arg| arg.get()).collect();
        assert_eq!(args, ["1.50", r#"{"x":[]}"#]);
        assert_eq!((event.ack, event.attachments), (None, 0));
        let Some(Packet::Event(event)) = read(r#"452-/,17["b",{"_placeholder":true,"num":0}]"#)
        else {
            panic!("no event");
        };
        assert_eq!((event.ack, event.attachments), (Some(17), 2));
        let Some(Packet::Ack { id, args, .. }) = read(r#"437[{"ok":true}]"#) else {
            panic!("no ack");
        };
        assert_eq!((id, args[0].get()), (7, r#"{"ok":true}"#));
        assert!(matches!(read("42/other,[\"a\"]"), Some(Packet::Other)));
        assert!(matches!(read("40{\"sid\":\"x\"}"), Some(Packet::Connected)));
        assert!(matches!(read("2"), Some(Packet::Ping)));
    }

    #[test]
    fn a_refusal_is_its_message() {
        for (text, told) in [
            (r#"44{"message":"no"}"#, "no"),
            (r#"44"no""#, "no"),
            ("44{}", "{}"),
        ] {
            let Some(Packet::Refused(message)) = read(text) else {
                panic!("no refusal");
            };
            assert_eq!(message, told);
        }
    }

    #[test]
    fn rubbish_is_no_packet() {
        for text in [
            "",
            "9",
            "4",
            "49",
            "42",
            "42[]",
            "42{}",
            "42[1]",
            "43[]",
            "45[\"a\"]",
            "45x-[\"a\"]",
            "0{}",
            "é",
            "4é",
            "42[\"a\"",
            "43a[1]",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_by_servers() {
        assert_eq!(connect(None), "40");
        assert_eq!(connect(Some("a.b")), r#"40{"token":"a.b"}"#);
        assert_eq!(
            event(Some(3), "a\"", Some(&raw("1.0"))),
            r#"423["a\"",1.0]"#
        );
        assert_eq!(event(None, "a", None), r#"42["a"]"#);
        assert_eq!(ack(5, &raw("{}")), "435[{}]");
    }
}
