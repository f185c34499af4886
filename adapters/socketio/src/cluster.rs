//! Socket.IO across nodes: `io.to(room).emit(..)` and its kin reach the sockets of every node.
//!
//! > What concerns this node's sockets is done first and at once; other nodes are told over the
//! > [`Bus`](crate::bus::Bus), which is never waited for. A node hears of the rooms in which it has
//! > a socket, and of nothing else but what is for all sockets or for itself. Each socket gets a
//! > message once at most; messages of one node for the same rooms arrive in order.
//!
//! Without a bus it is the local adapter. Presence does not pass here: it has no rooms in
//! Socket.IO, so nothing of it is ever subscribed.

mod acks;
mod adapter;
mod asks;
mod bridges;
mod channel;
mod counters;
mod here;
mod interest;
mod order;
mod outbox;
mod queue;
mod shared;
mod wire;

use std::fmt;
use std::sync::Arc;

use crate::bus::Bus;
use shared::Shared;

pub use acks::ClusterAcks;
pub(crate) use adapter::AdapterState;
pub use adapter::ClusterAdapter;
pub use counters::Counts;

/// The other nodes, if there are any.
#[derive(Clone, Default)]
pub struct Cluster(Option<Arc<Shared>>);

impl Cluster {
    /// One node alone.
    pub fn alone() -> Self {
        Self(None)
    }

    /// The nodes that share a bus. For one [`SocketIo`](socketioxide::SocketIo).
    pub fn over(bus: Arc<dyn Bus>) -> Self {
        Self(Some(Arc::new(Shared::new(bus))))
    }

    /// What was sent and received, and what went wrong.
    pub fn counts(&self) -> Counts {
        let shared = self.0.as_ref();
        shared.map_or_else(Counts::default, |shared| shared.counters.read())
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cluster").field(&self.counts()).finish()
    }
}
