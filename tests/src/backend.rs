//! Where the tests get a store from.

#[cfg(feature = "memory")]
mod memory;

use std::sync::Arc;

use rtm_domain::ports::{Clock, Feed, FeedSink, PresenceStore, Tasks};

use crate::clock::HandClock;

#[cfg(feature = "memory")]
pub use memory::InMemory;

/// Makes a store for a number of nodes. Each kind of store has one; the same scenarios run on
/// all.
pub trait Backend: Send + Sync {
    /// An empty store. Its time is `clock`'s, if it can be told.
    fn open(&self, clock: &Arc<HandClock>, nodes: usize) -> Arc<dyn Stage>;
}

/// A store and what connects nodes to it.
pub trait Stage: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn PresenceStore>;
    /// A node's way to the store.
    fn way(&self, _node: usize) -> Arc<dyn PresenceStore> {
        self.store()
    }
    /// A node's clocks.
    fn clock(&self, _node: usize, hands: &Arc<HandClock>) -> Arc<dyn Clock> {
        hands.clone()
    }
    /// A node's feed.
    fn feed(&self, node: usize) -> Arc<dyn Feed>;
    /// Where a node takes in what its feed brings, and who runs that.
    fn attach(&self, node: usize, sink: Arc<dyn FeedSink>, tasks: &dyn Tasks);
    /// A node's next `count` events get lost on their way. False if this cannot be done here.
    fn lose_events(&self, node: usize, count: usize) -> bool;
    /// A node is dead: its subscriptions end with its connection.
    fn dies(&self, node: usize);
    /// How many rooms and records are kept, if it tells.
    fn size(&self) -> Option<(usize, usize)>;
    /// Moves what is on its way between store and nodes and can move now. True if anything did.
    fn run(&self) -> bool {
        false
    }
    /// Whether nothing is on its way between store and nodes.
    fn is_idle(&self) -> bool {
        true
    }
}
