//! Where events of a connection arrive: counted, checked, and put in order.
//!
//! The stock handlers of socketioxide run each event in a task of its own and lose the order of
//! a few percent of them. This one runs in the reader, so it must neither block nor panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;
use rtm_protocol::decode::{BadRequest, exceeds_depth, split_event};
use rtm_protocol::{ErrorCode, ErrorReply, Limit};
use serde_json::value::RawValue;
use socketioxide::handler::MessageHandler;
use socketioxide::socket::Socket as RawSocket;
use socketioxide_core::Value;

use crate::cluster::ClusterAdapter;
use crate::connection::inbox::Place;
use crate::connection::{Ack, Connection};
use crate::line::Cut;
use crate::metrics::NOBODY;
use crate::panics::said;

/// What is to be done for an event.
pub type Work = BoxFuture<'static, ()>;

/// An event that arrived.
pub struct Request {
    /// Who sent it.
    pub connection: Arc<Connection>,
    /// Its arguments, as JSON text, without the acknowledgement.
    pub args: Vec<Box<RawValue>>,
    /// Takes the answer.
    pub ack: Ack,
    place: Place,
}

impl Request {
    /// The first argument, if there is one.
    pub fn payload(&self) -> Option<&RawValue> {
        self.args.first().map(|arg| &**arg)
    }

    /// Whether nothing that its connection asked waits for its turn.
    pub(crate) fn is_first(&self) -> bool {
        self.place == Place::First
    }
}

/// The handler of all events of one connection. The socket must not keep its connection alive.
pub(crate) struct Intake(pub(crate) Weak<Connection>);

/// Tells the trait's implementations apart; it has no other use.
pub(crate) enum ByHand {}

impl MessageHandler<ClusterAdapter, ByHand> for Intake {
    fn call(&self, socket: Arc<RawSocket<ClusterAdapter>>, value: Value, ack: Option<i64>) {
        let Some(connection) = self.0.upgrade() else {
            return;
        };
        let ack = Ack::new(connection.clone(), ack.map(|id| (socket, id)));
        let taken = AssertUnwindSafe(|| connection.take(&value, ack));
        if let Err(panic) = catch_unwind(taken) {
            let panic = said(&*panic);
            tracing::error!(panic, "an event could not be taken in");
            connection.line.cut(Cut::Fault);
        }
    }
}

impl Connection {
    fn take(self: &Arc<Self>, value: &Value, mut ack: Ack) {
        if self.line.is_cut() {
            return;
        }
        if let Err(retry_after_ms) = self.count_event() {
            self.line.exceeded();
            let limit = self.limits.events_per_second_max;
            let problem = format!("more than {limit} events a second");
            let limit = Limit::new("MAX_EVENTS_PER_SECOND", limit.into());
            return ack.refuse(&rate_limited(problem, limit, retry_after_ms));
        }
        let Value::Str(text, attachments) = value else {
            return ack.refuse(&BadRequest::new("", "must be text").into());
        };
        if attachments.as_ref().is_some_and(|it| !it.is_empty()) {
            let problem = "must not have binary attachments";
            return ack.refuse(&BadRequest::new("", problem).into());
        }
        if exceeds_depth(text, self.limits.nesting_max) {
            let limit = Limit::new("MAX_NESTING", self.limits.nesting_max as u64);
            let problem = format!("must not be nested deeper than {}", limit.value);
            return ack.refuse(&ErrorReply {
                limit: Some(limit),
                ..BadRequest::new("", problem).into()
            });
        }
        let event = match split_event(text) {
            Ok(event) => event,
            Err(bad) => return ack.refuse(&bad.into()),
        };
        let Some((owner, handler)) = self.handler(&event.name) else {
            self.metrics.event(NOBODY);
            let problem = "is no event of this server";
            return ack.refuse(&BadRequest::new("", problem).into());
        };
        ack.by(owner);
        self.metrics.event(owner);
        let Some(place) = self.inbox.place(text.len()) else {
            self.line.exceeded();
            let problem = "too many events of this connection wait for their turn";
            let limit = Limit::new("MAX_INBOX_BYTES", self.limits.inbox_bytes_max as u64);
            return ack.refuse(&rate_limited(problem.into(), limit, INBOX_RETRY_MS));
        };
        let request = Request {
            connection: self.clone(),
            args: event.args.into_iter().map(ToOwned::to_owned).collect(),
            ack,
            place,
        };
        match catch_unwind(AssertUnwindSafe(|| handler(request))) {
            Ok(Some(work)) => self.inbox.push(text.len(), owner, work),
            Ok(None) => {}
            Err(panic) => {
                let panic = said(&*panic);
                tracing::error!(module = owner, panic, "a handler panicked");
            }
        }
    }
}

/// When to try again after the inbox was full, in ms.
const INBOX_RETRY_MS: u64 = 1_000;

fn rate_limited(problem: String, limit: Limit, retry_after_ms: u64) -> ErrorReply {
    ErrorReply {
        limit: Some(limit),
        retry_after_ms: Some(retry_after_ms),
        ..ErrorReply::new(ErrorCode::RateLimited, problem)
    }
}
