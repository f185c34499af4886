//! The answer that a client asked for, or did not.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rtm_protocol::{ErrorCode, ErrorReply};
use serde::Serialize;
use socketioxide::SendError;
use socketioxide::extract::AckSender;
use socketioxide::handler::FromMessageParts;
use socketioxide::socket::Socket as RawSocket;
use socketioxide_core::Value;

use crate::cluster::ClusterAdapter;
use crate::connection::Connection;
use crate::metrics::NOBODY;
use crate::packet;
use crate::stream::Urgency;

/// Answers one event. Dropped without an answer, it says `unavailable`: no client that asks
/// waits for ever.
pub struct Ack {
    connection: Arc<Connection>,
    /// The module that answers, for its operator.
    module: &'static str,
    arrived: Instant,
    /// None if no answer was asked for, or it was given.
    asked: Option<Asked>,
}

/// Who asked, and the number of the question.
type Asked = (Arc<RawSocket<ClusterAdapter>>, i64);

impl Ack {
    pub(crate) fn new(connection: Arc<Connection>, asked: Option<Asked>) -> Self {
        Self {
            connection,
            module: NOBODY,
            arrived: Instant::now(),
            asked,
        }
    }

    /// A module is going to answer.
    pub(crate) fn by(&mut self, module: &'static str) {
        self.module = module;
    }

    /// Whether the client asked for an answer.
    pub fn is_wanted(&self) -> bool {
        self.asked.is_some()
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
        let Some((socket, id)) = self.asked.take() else {
            return;
        };
        let message = match packet::answer(id, reply) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                self.asked = Some((socket, id));
                return self.give_up();
            }
        };
        let bytes = message.len();
        self.connection.send(
            Urgency::Prompt,
            || message,
            bytes,
            || reply_by_queue(&socket, id, reply),
        );
        self.connection.metrics.answered(self.module, self.arrived);
    }

    fn give_up(&mut self) {
        let reply = ErrorReply::new(ErrorCode::Unavailable, "the event could not be handled");
        self.connection.metrics.refused(self.module, &reply);
        self.answer(&reply);
    }
}

/// Has the transport answer.
fn reply_by_queue<T: Serialize + ?Sized>(
    socket: &Arc<RawSocket<ClusterAdapter>>,
    id: i64,
    reply: &T,
) -> Result<(), SendError> {
    let Ok(sender) =
        AckSender::from_message_parts(socket, &mut Value::Bytes(Bytes::new()), &Some(id));
    // As text, as the transport would spread a tuple. It has been written once already.
    match serde_json::value::to_raw_value(reply) {
        Ok(reply) => sender.send(&reply),
        Err(_) => Ok(()),
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if self.asked.is_some() {
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
