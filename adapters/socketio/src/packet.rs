//! Events and answers as whole WebSocket messages: an Engine.IO message that holds a Socket.IO
//! packet of the main namespace, in one text frame as a server writes it.

use bytes::{Buf, Bytes};
use serde::Serialize;
use serde_json::value::RawValue;

/// A text frame that ends its message.
const TEXT: u8 = 0x81;

/// The largest head of a frame that is not masked.
const HEAD_MAX: usize = 10;

/// Engine.IO's message, Socket.IO's event.
const EVENT: &[u8] = b"42";

/// Engine.IO's message, Socket.IO's answer.
const ANSWER: &[u8] = b"43";

/// An event and its arguments.
pub(crate) fn event(event: &str, args: &[&RawValue]) -> Bytes {
    let args_len: usize = args.iter().map(|arg| arg.get().len() + 1).sum();
    let mut message = begin(EVENT, event.len() + args_len + 8);
    message.push(b'[');
    // A string can be written as JSON.
    let _ = serde_json::to_writer(&mut message, event);
    for arg in args {
        message.push(b',');
        message.extend_from_slice(arg.get().as_bytes());
    }
    message.push(b']');
    finish(message)
}

/// An event as Socket.IO's text: an array of its name and arguments.
pub(crate) fn event_text(array: &str) -> Bytes {
    let mut message = begin(EVENT, array.len());
    message.extend_from_slice(array.as_bytes());
    finish(message)
}

/// Any text of Engine.IO.
pub(crate) fn text(text: &str) -> Bytes {
    finish(begin(text.as_bytes(), 0))
}

/// The answer to the event `id` of a client.
///
/// # Errors
///
/// It cannot be written as JSON.
pub(crate) fn answer<T: Serialize + ?Sized>(
    id: i64,
    reply: &T,
) -> Result<Bytes, serde_json::Error> {
    let mut message = begin(ANSWER, ANSWER_BYTES);
    serde_json::to_writer(&mut message, &id)?;
    message.push(b'[');
    serde_json::to_writer(&mut message, reply)?;
    message.push(b']');
    Ok(finish(message))
}

/// Bytes of a short answer, such as a heartbeat's.
const ANSWER_BYTES: usize = 80;

/// A message with room for its head.
fn begin(kind: &[u8], bytes: usize) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEAD_MAX + kind.len() + bytes);
    message.resize(HEAD_MAX, 0);
    message.extend_from_slice(kind);
    message
}

/// Puts the head in front of the payload.
fn finish(mut message: Vec<u8>) -> Bytes {
    let bytes = message.len() - HEAD_MAX;
    let start = match bytes {
        0..126 => {
            message[HEAD_MAX - 1] = bytes as u8;
            HEAD_MAX - 2
        }
        126..65_536 => {
            message[HEAD_MAX - 3] = 126;
            message[HEAD_MAX - 2..HEAD_MAX].copy_from_slice(&(bytes as u16).to_be_bytes());
            HEAD_MAX - 4
        }
        _ => {
            message[1] = 127;
            message[2..HEAD_MAX].copy_from_slice(&(bytes as u64).to_be_bytes());
            0
        }
    };
    message[start] = TEXT;
    let mut message = Bytes::from(message);
    message.advance(start);
    message
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;
    use tokio_tungstenite::tungstenite::protocol::frame::FrameSocket;

    use super::*;

    /// The payloads of frames, as the transport's own library reads them.
    fn payloads(frames: &[u8]) -> Vec<String> {
        let mut socket = FrameSocket::new(std::io::Cursor::new(frames));
        let mut payloads = Vec::new();
        while let Some(frame) = socket.read(None).unwrap() {
            assert!(frame.header().is_final);
            payloads.push(frame.into_text().unwrap().to_string());
        }
        payloads
    }

    #[test]
    fn an_event_is_what_socket_io_sends() {
        let (one, two) = (to_raw_value(&json!({"a": 1})), to_raw_value("x"));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(
            payloads(&event("a \"quoted\" name", &[&one, &two])),
            [r#"42["a \"quoted\" name",{"a":1},"x"]"#]
        );
        assert_eq!(payloads(&event("none", &[])), [r#"42["none"]"#]);
        assert_eq!(payloads(&event_text(r#"["e",1]"#)), [r#"42["e",1]"#]);
        assert_eq!(payloads(&text("0{}")), ["0{}"]);
    }

    #[test]
    fn an_answer_names_what_it_answers() {
        let reply = answer(7, &json!({"ok": true})).unwrap();
        assert_eq!(payloads(&reply), [r#"437[{"ok":true}]"#]);
    }

    #[test]
    fn every_length_has_its_head() {
        for bytes in [0, 113, 114, 115, 65_000, 65_523, 65_524, 65_525, 70_000] {
            let text = to_raw_value(&"x".repeat(bytes)).unwrap();
            let frames = [event("e", &[&text]), event("e", &[])].concat();
            let expected = format!(r#"42["e",{text}]"#);
            assert_eq!(payloads(&frames), [expected.as_str(), r#"42["e"]"#]);
        }
    }
}
