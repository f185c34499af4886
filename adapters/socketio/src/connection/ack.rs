//! The answer that a client asked for, or did not.

use std::fmt;
use std::sync::Arc;

use rtm_protocol::{ErrorCode, ErrorReply};
use serde::Serialize;
use socketioxide::extract::AckSender;

use crate::cluster::ClusterAdapter;
use crate::connection::Connection;

/// Answers one event. Dropped without an answer, it says `unavailable`: no client that asks
/// waits for ever.
pub struct Ack {
    connection: Arc<Connection>,
    /// None if no answer was asked for, or it was given.
    sender: Option<AckSender<ClusterAdapter>>,
}

impl Ack {
    pub(crate) fn new(
        connection: Arc<Connection>,
        sender: Option<AckSender<ClusterAdapter>>,
    ) -> Self {
        Self { connection, sender }
    }

    /// Whether the client asked for an answer.
    pub fn is_wanted(&self) -> bool {
        self.sender.is_some()
    }

    /// Answers, or cuts the line.
    pub fn send<T: Serialize + ?Sized>(mut self, reply: &T) {
        self.answer(reply);
    }

    fn answer<T: Serialize + ?Sized>(&mut self, reply: &T) {
        let Some(sender) = self.sender.take() else {
            return;
        };
        let reply = match serde_json::value::to_raw_value(reply) {
            Ok(reply) => reply,
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                self.sender = Some(sender);
                return self.answer(&unavailable());
            }
        };
        let bytes = reply.get().len() + super::PACKET_OVERHEAD;
        if self.connection.enqueue(bytes) {
            self.connection.sent(sender.send(&*reply));
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if self.sender.is_some() {
            self.answer(&unavailable());
        }
    }
}

fn unavailable() -> ErrorReply {
    ErrorReply::new(ErrorCode::Unavailable, "the event could not be handled")
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ack")
            .field("wanted", &self.is_wanted())
            .finish()
    }
}
