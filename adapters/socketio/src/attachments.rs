//! Binary attachments: the transport keeps a packet that announces some, and those that have come,
//! until the last one is there. This follows what it keeps, by what a client sends.

use crate::opening::Opening;

/// What the transport keeps of one session's packet with attachments.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Held {
    /// Attachments that are still to come.
    left: u32,
    bytes: u64,
}

impl Held {
    /// The bytes of it.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether there is any.
    pub(crate) fn is_any(&self) -> bool {
        self.left > 0 || self.bytes > 0
    }

    /// A text message is complete.
    pub(crate) fn text(&mut self, opening: Opening, bytes: u64) {
        match opening {
            // The transport ends a session that sends a packet before all attachments of the
            // last one, and keeps that one until then.
            _ if self.left > 0 => {}
            Opening::Announces(count) => {
                self.left = count;
                self.bytes = bytes;
            }
            Opening::Packet
            | Opening::Enters
            | Opening::Names(_)
            | Opening::NamesTooMuch
            | Opening::Count { .. }
            | Opening::Plain => self.bytes = 0,
            Opening::Empty | Opening::Pong | Opening::Other => {}
        }
    }

    /// A binary message is complete. One that was not announced here belongs to a packet that was
    /// announced while the session polled, or ends the session: it counts until a packet says
    /// that the transport has waited for nothing.
    pub(crate) fn binary(&mut self, bytes: u64) {
        self.bytes += bytes;
        if self.left > 0 {
            self.left -= 1;
            if self.left == 0 {
                self.bytes = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use socketioxide_core::packet::PacketData;
    use socketioxide_core::parser::{Parse, ParseConfig, ParseError, ParserState};
    use socketioxide_core::{Str, Value};
    use socketioxide_parser_common::CommonParser;

    use super::*;

    #[test]
    fn a_packet_is_kept_until_its_last_attachment() {
        let mut held = Held::default();
        held.text(Opening::of(b"452-[]"), 6);
        held.binary(100);
        assert_eq!(held.bytes(), 106);
        // Neither is it over with a pong, nor with a packet that the transport refuses.
        for text in ["3", "42[]", "451-[]"] {
            held.text(Opening::of(text.as_bytes()), 50);
            assert_eq!(held.bytes(), 106, "{text}");
        }
        held.binary(0);
        assert!(!held.is_any());
    }

    #[test]
    fn what_nobody_announced_counts_until_the_next_packet() {
        let mut held = Held::default();
        held.binary(100);
        held.text(Opening::of(b"3"), 1);
        assert_eq!(held.bytes(), 100);
        held.text(Opening::of(b"42[]"), 4);
        assert!(!held.is_any());
    }

    /// What the transport itself keeps.
    fn kept(state: &ParserState) -> Option<u64> {
        let partial = state.partial_bin_packet.lock().unwrap();
        let (PacketData::BinaryEvent(value, _) | PacketData::BinaryAck(value, _)) =
            &partial.as_ref()?.packet.inner
        else {
            panic!("it keeps what has no attachments");
        };
        let Value::Str(text, attachments) = value else {
            panic!("it keeps what is no text");
        };
        let attachments = attachments.iter().flatten().map(Bytes::len);
        Some((text.len() + attachments.sum::<usize>()) as u64)
    }

    proptest! {
        #[test]
        fn as_much_counts_as_the_transport_keeps(
            packets in prop::collection::vec(prop_oneof![
                "[56][0-3]{1,2}-(/[a-z]{0,3},)?[0-9]{0,2}\\[.{0,20}".prop_map(Ok),
                "[0-7]?[0-9]{0,2}-?(/[a-z]{0,3},)?[0-9]{0,2}\\[.{0,20}".prop_map(Ok),
                prop::collection::vec(any::<u8>(), 0..50).prop_map(Err),
            ], 1..30),
        ) {
            let (config, state) = (ParseConfig::default(), ParserState::default());
            let mut held = Held::default();
            for packet in packets {
                let decoded = match &packet {
                    Ok(text) => CommonParser.decode_str(&config, &state, Str::from(text.clone())),
                    Err(binary) => CommonParser.decode_bin(&config, &state, Bytes::from(binary.clone())),
                };
                match packet {
                    Ok(text) => {
                        let text = format!("4{text}");
                        held.text(Opening::of(text.as_bytes()), text.len() as u64);
                    }
                    Err(binary) => held.binary(binary.len() as u64),
                }
                let kept = kept(&state);
                // It counts the whole message, the transport keeps what stands behind the head.
                prop_assert!(held.bytes() >= kept.unwrap_or(0));
                match decoded {
                    Ok(_) | Err(ParseError::NeedsMoreBinaryData) => {
                        prop_assert_eq!(held.is_any(), kept.is_some());
                    }
                    // The session ends.
                    Err(_) => break,
                }
            }
        }
    }
}
