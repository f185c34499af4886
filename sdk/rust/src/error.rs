//! What can go wrong, and who closed a connection.

use std::sync::Arc;

use rtm_protocol::{ConnectRefusal, ErrorReply};
use thiserror::Error;

/// Why something was not done.
#[derive(Debug, Clone, Error)]
pub enum ClientError {
    /// The URL is none that can be connected to.
    #[error("{0} is no http or https URL")]
    Url(String),
    /// No connection can be made.
    #[error("cannot connect: {0}")]
    Connect(Arc<str>),
    /// The server refused the connection.
    #[error("the server refused the connection: {}", .0.message)]
    Refused(ConnectRefusal),
    /// The server refused the request.
    #[error("{}", .0.error)]
    Reply(Box<ErrorReply>),
    /// The server did not answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection is closed.
    #[error("the connection is closed: {0}")]
    Closed(ClosedBy),
    /// More waits than may wait.
    #[error("too much waits to be sent")]
    QueueFull,
    /// The other end does not speak the protocol.
    #[error("the other end does not speak the protocol: {0}")]
    Protocol(Arc<str>),
    /// The token provider failed.
    #[error("no token: {0}")]
    Token(Arc<str>),
}

/// Who closed a connection, or what.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClosedBy {
    /// This end.
    #[error("closed here")]
    Us,
    /// The server said so, in a packet.
    #[error("closed by the server")]
    Server,
    /// The stream ended or broke.
    #[error("the stream broke")]
    Stream,
    /// No ping came for too long.
    #[error("no ping came")]
    PingTimeout,
    /// What came was no packet, or too large.
    #[error("bad packet")]
    BadPacket,
}

impl From<ErrorReply> for ClientError {
    fn from(reply: ErrorReply) -> Self {
        Self::Reply(Box::new(reply))
    }
}

impl ClientError {
    pub(crate) fn protocol(why: impl Into<Arc<str>>) -> Self {
        Self::Protocol(why.into())
    }
}
