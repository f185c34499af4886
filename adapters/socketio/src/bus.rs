//! The port to the other nodes: named channels that carry bytes. Not for presence, which has its
//! own feed.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use thiserror::Error;

/// A message bus between nodes, as the cluster adapter needs it.
///
/// > A message reaches each node that is subscribed to its channel at most once. On one channel
/// > the messages of one node arrive in the order in which it published them. A node receives
/// > what it publishes itself, where it is subscribed. Nothing here blocks.
///
/// While the bus is away, messages may be lost; subscriptions are kept, and hold again when it
/// is back.
pub trait Bus: Send + Sync + 'static {
    /// Gives what arrives to `sink` from now on. Called once, on the runtime, before all else.
    fn start(&self, sink: Arc<dyn BusSink>);

    /// Sends a message. The order of the calls is the order of the messages; the future only
    /// tells how many nodes were reached, this one included if it is subscribed. It completes
    /// within a bound of the bus' own, also while the bus is away. At most
    /// [`IN_FLIGHT_MAX`](Self::IN_FLIGHT_MAX) of them are waited for at a time.
    fn publish(&self, channel: &str, message: Bytes) -> BoxFuture<'static, Result<usize, BusAway>>;

    /// Receives the messages of `channel`, from soon on and until [`unsubscribe`](Self::unsubscribe).
    fn subscribe(&self, channel: &str);

    /// Receives no more of them.
    fn unsubscribe(&self, channel: &str);
}

impl dyn Bus {
    /// Messages that are published and not yet known to have left.
    pub const IN_FLIGHT_MAX: usize = 1_024;
}

/// Takes what arrives.
pub trait BusSink: Send + Sync + 'static {
    /// A message arrived. Neither blocks nor panics; messages of one channel come in order.
    fn receive(&self, channel: &str, message: Bytes);
}

/// A message did not leave: the bus cannot be reached, or does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the message bus is away")]
pub struct BusAway;
