//! The store in memory, shared by several pretended nodes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_channel::mpsc::{UnboundedSender, unbounded};
use futures_util::{FutureExt, StreamExt};
use rtm_domain::error::StoreError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Feed, FeedSink, PresenceStore, Tasks};
use rtm_domain::presence::event::Published;
use rtm_memory::{MemoryLimits, MemoryStore};

use super::{Backend, Stage};
use crate::clock::HandClock;

/// The store in memory. One node is connected to it as in production; several by a hub.
pub struct InMemory;

impl Backend for InMemory {
    fn open(&self, clock: &Arc<HandClock>, nodes: usize) -> Arc<dyn Stage> {
        let store = Arc::new(MemoryStore::new(clock.clone(), MemoryLimits::default()));
        if nodes == 1 {
            return Arc::new(Alone { store });
        }
        let hub = Arc::new(Hub {
            store: store.clone(),
            nodes: (0..nodes).map(|_| Mutex::default()).collect(),
        });
        store.feed_into(hub.clone());
        Arc::new(Shared { store, hub })
    }
}

struct Alone {
    store: Arc<MemoryStore>,
}

impl Stage for Alone {
    fn store(&self) -> Arc<dyn PresenceStore> {
        self.store.clone()
    }

    fn feed(&self, _: usize) -> Arc<dyn Feed> {
        self.store.clone()
    }

    fn attach(&self, _: usize, sink: Arc<dyn FeedSink>, _: &dyn Tasks) {
        self.store.feed_into(sink);
    }

    fn lose_events(&self, _: usize, _: usize) -> bool {
        false
    }

    fn dies(&self, _: usize) {}

    fn size(&self) -> Option<(usize, usize)> {
        Some(self.store.size())
    }
}

struct Shared {
    store: Arc<MemoryStore>,
    hub: Arc<Hub>,
}

impl Stage for Shared {
    fn store(&self) -> Arc<dyn PresenceStore> {
        self.store.clone()
    }

    fn feed(&self, node: usize) -> Arc<dyn Feed> {
        let hub = self.hub.clone();
        Arc::new(HubFeed { hub, node })
    }

    fn attach(&self, node: usize, sink: Arc<dyn FeedSink>, tasks: &dyn Tasks) {
        let (send, mut brought) = unbounded::<(RoomId, Published)>();
        lock(&self.hub.nodes[node]).send = Some(send);
        tasks.spawn(Box::pin(async move {
            while let Some((room, published)) = brought.next().await {
                sink.published(&room, published);
            }
        }));
    }

    fn lose_events(&self, node: usize, count: usize) -> bool {
        lock(&self.hub.nodes[node]).to_lose = count;
        true
    }

    fn dies(&self, node: usize) {
        let dead = std::mem::take(&mut *lock(&self.hub.nodes[node]));
        for room in dead.rooms {
            self.hub.no_longer_wanted(&room).now_or_never();
        }
    }

    fn size(&self) -> Option<(usize, usize)> {
        Some(self.store.size())
    }
}

/// Takes each event of the store to the nodes that are subscribed to its room. It arrives there
/// when the node gets to it.
struct Hub {
    store: Arc<MemoryStore>,
    nodes: Vec<Mutex<HubNode>>,
}

#[derive(Default)]
struct HubNode {
    rooms: BTreeSet<RoomId>,
    send: Option<UnboundedSender<(RoomId, Published)>>,
    to_lose: usize,
}

impl FeedSink for Hub {
    fn published(&self, room: &RoomId, published: Published) {
        for node in &self.nodes {
            let mut node = lock(node);
            if !node.rooms.contains(room) {
                continue;
            }
            if node.to_lose > 0 {
                node.to_lose -= 1;
                continue;
            }
            if let Some(send) = &node.send {
                // A dead node hears nothing.
                let _ = send.unbounded_send((room.clone(), published.clone()));
            }
        }
    }

    fn interrupted(&self, _: Option<&RoomId>) {}
}

struct HubFeed {
    hub: Arc<Hub>,
    node: usize,
}

#[async_trait]
impl Feed for HubFeed {
    async fn subscribe(&self, room: &RoomId) -> Result<(), StoreError> {
        lock(&self.hub.nodes[self.node]).rooms.insert(room.clone());
        self.hub.store.subscribe(room).await
    }

    async fn unsubscribe(&self, room: &RoomId) {
        lock(&self.hub.nodes[self.node]).rooms.remove(room);
        self.hub.no_longer_wanted(room).await;
    }
}

impl Hub {
    /// A node does not want a room any more: nor does the store, if none does.
    async fn no_longer_wanted(&self, room: &RoomId) {
        let wanted = |node: &Mutex<HubNode>| lock(node).rooms.contains(room);
        if !self.nodes.iter().any(wanted) {
            self.store.unsubscribe(room).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
