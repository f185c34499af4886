//! The answer that a client asked for, or did not.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use rtm_protocol::{ErrorCode, ErrorReply};
use serde::Serialize;
use socketioxide::extract::AckSender;

use crate::cluster::ClusterAdapter;
use crate::connection::Connection;
use crate::metrics::NOBODY;

/// Answers one event. Dropped without an answer, it says `unavailable`: no client that asks
/// waits for ever.
pub struct Ack {
    connection: Arc<Connection>,
    /// The module that answers, for its operator.
    module: &'static str,
    arrived: Instant,
    /// None if no answer was asked for, or it was given.
    sender: Option<AckSender<ClusterAdapter>>,
}

impl Ack {
    pub(crate) fn new(
        connection: Arc<Connection>,
        sender: Option<AckSender<ClusterAdapter>>,
    ) -> Self {
        Self {
            connection,
            module: NOBODY,
            arrived: Instant::now(),
            sender,
        }
    }

    /// A module is going to answer.
    pub(crate) fn by(&mut self, module: &'static str) {
        self.module = module;
    }

    /// Whether the client asked for an answer.
    pub fn is_wanted(&self) -> bool {
        self.sender.is_some()
    }

    /// Answers, or cuts the line.
    pub fn send<T: Serialize + ?Sized>(mut self, reply: &T) {
        self.answer(reply);
    }

    /// Answers that it was refused, or cuts the line.
    pub fn refuse(mut self, reply: &ErrorReply) {
        self.connection.metrics.refused(self.module, reply);
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
                return self.give_up();
            }
        };
        let bytes = reply.get().len() + super::PACKET_OVERHEAD;
        if self.connection.enqueue(bytes) {
            self.connection.sent(sender.send(&*reply));
        }
        self.connection.metrics.answered(self.module, self.arrived);
    }

    fn give_up(&mut self) {
        let reply = ErrorReply::new(ErrorCode::Unavailable, "the event could not be handled");
        self.connection.metrics.refused(self.module, &reply);
        self.answer(&reply);
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if self.sender.is_some() {
            self.give_up();
        }
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ack")
            .field("wanted", &self.is_wanted())
            .finish()
    }
}
