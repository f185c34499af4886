//! The port to the other nodes: named channels that carry bytes. Not for presence, which has its
//! own feed.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use thiserror::Error;

/// Messages that may be published and not be known to have left.
pub const IN_FLIGHT_MAX: usize = 1_024;

/// A message bus between nodes, as the cluster adapter needs it.
///
/// > A message reaches each node that is subscribed to its channel at most once. On one channel
/// > the messages of one node arrive in the order in which it published them. A node receives
/// > what it publishes itself, where it is subscribed. No call blocks, and every future completes
/// > within a bound of the bus' own, also while the bus is away.
///
/// While the bus is away, messages may be lost. A subscription that was confirmed is kept, and
/// holds again when the bus is back.
pub trait Bus: Send + Sync + 'static {
    /// Gives what arrives to `sink` from now on. Called once, on the runtime, before all else.
    fn start(&self, sink: Arc<dyn BusSink>);

    /// Sends a message, and tells how many nodes were reached; this one counts if it is
    /// subscribed. The message takes its place in the order when the future is first polled,
    /// which is before the next message is published. At most [`IN_FLIGHT_MAX`] are waited for
    /// at a time.
    fn publish(&self, channel: &str, message: Bytes) -> BoxFuture<'static, Result<usize, BusAway>>;

    /// Receives the messages of `channel` until [`unsubscribe`](Self::unsubscribe). On an error
    /// it is not subscribed.
    fn subscribe(&self, channel: &str) -> BoxFuture<'static, Result<(), BusAway>>;

    /// Receives no more of them; late ones may still arrive.
    fn unsubscribe(&self, channel: &str);
}

/// Takes what arrives.
pub trait BusSink: Send + Sync + 'static {
    /// A message arrived. Neither blocks nor panics; messages of one channel come in order.
    fn receive(&self, channel: &str, message: Bytes);
}

/// The bus cannot be reached, or does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the message bus is away")]
pub struct BusAway;
