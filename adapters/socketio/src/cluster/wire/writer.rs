//! Writes the parts of a message.

use socketioxide::{AckError, SocketError};
use socketioxide_core::adapter::BroadcastOptions;
use socketioxide_core::{Sid, Value};

use super::{ack, value};

#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn long(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    fn length(&mut self, length: usize) {
        // Whatever is too long for this is too long for a message, which is checked as a whole.
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn sid(&mut self, sid: Sid) {
        self.0.extend_from_slice(sid.as_str().as_bytes());
    }

    pub(super) fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.length(items.len());
        for item in items {
            write(self, item);
        }
    }

    /// The selection, but for the node: that is the channel.
    pub(super) fn options(&mut self, opts: &BroadcastOptions) {
        self.byte(opts.flags());
        self.list(&opts.rooms, |out, room| out.text(room));
        self.list(&opts.except, |out, room| out.text(room));
        self.byte(u8::from(opts.sid.is_some()));
        if let Some(sid) = opts.sid {
            self.sid(sid);
        }
    }

    pub(super) fn value(&mut self, payload: &Value) {
        match payload {
            Value::Str(text, None) => {
                self.byte(value::TEXT);
                self.text(text);
            }
            Value::Str(text, Some(attachments)) => {
                self.byte(value::TEXT_AND_ATTACHMENTS);
                self.text(text);
                self.length(attachments.len());
                for attachment in attachments {
                    self.bytes(attachment);
                }
            }
            Value::Bytes(bytes) => {
                self.byte(value::BYTES);
                self.bytes(bytes);
            }
        }
    }

    pub(super) fn ack(&mut self, (sid, answer): &(Sid, Result<Value, AckError>)) {
        self.sid(*sid);
        match answer {
            Ok(answer) => {
                self.byte(ack::ANSWERED);
                self.value(answer);
            }
            Err(AckError::Timeout) => self.byte(ack::TIMEOUT),
            Err(AckError::Socket(SocketError::InternalChannelFull)) => self.byte(ack::QUEUE_FULL),
            Err(AckError::Socket(SocketError::Closed) | AckError::Decode(_)) => {
                self.byte(ack::CLOSED);
            }
        }
    }
}
