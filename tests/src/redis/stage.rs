//! Scenarios, models and histories on a real Redis, by the clock of the test.
//!
//! A call blocks the test's thread until it is answered, and a commit until its event has arrived
//! on every node. So a history is the same on every store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_channel::mpsc::{UnboundedSender, unbounded};
use futures_util::StreamExt;
use rtm_domain::error::StoreError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{
    Clock, Commit, Committed, Conns, Due, Feed, FeedSink, Part, PresenceStore, Read, Renewed, Tasks,
};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::Published;
use rtm_domain::presence::lease::Renewal;
use rtm_redis::Publishing;

use super::{RedisNode, RedisServer, runtime};
use crate::backend::{Backend, Stage};
use crate::clock::HandClock;

/// A fresh redis-server for each test.
pub struct OnRedis {
    /// How events are published.
    pub publishing: Publishing,
}

impl Backend for OnRedis {
    fn open(&self, clock: &Arc<HandClock>, nodes: usize) -> Arc<dyn Stage> {
        let server = RedisServer::start_at(clock.wall());
        let nodes = (0..nodes)
            .map(|_| Node {
                redis: RedisNode::connect(&server, self.publishing),
                mouth: Mutex::new(None),
            })
            .collect();
        let server = Arc::new(server);
        let moved = Arc::downgrade(&server);
        clock.when_moved(move |time| {
            if let Some(server) = moved.upgrade() {
                server.set_time(time);
            }
        });
        Arc::new(OnServer {
            shared: Arc::new(Shared { nodes }),
            _server: server,
        })
    }
}

struct OnServer {
    shared: Arc<Shared>,
    _server: Arc<RedisServer>,
}

struct Shared {
    nodes: Vec<Node>,
}

struct Node {
    redis: RedisNode,
    mouth: Mutex<Option<Mouth>>,
}

/// Where what a node heard goes.
enum Mouth {
    /// At once, as a store in the same process does it.
    Direct(Arc<dyn FeedSink>),
    /// When the node gets to it.
    Queue(UnboundedSender<(RoomId, Published)>),
}

impl Stage for OnServer {
    fn store(&self) -> Arc<dyn PresenceStore> {
        self.on(0)
    }

    fn feed(&self, node: usize) -> Arc<dyn Feed> {
        self.on(node)
    }

    fn attach(&self, node: usize, sink: Arc<dyn FeedSink>, tasks: &dyn Tasks) {
        let nodes = &self.shared.nodes;
        let mouth = if nodes.len() == 1 {
            Mouth::Direct(sink)
        } else {
            let (send, mut heard) = unbounded::<(RoomId, Published)>();
            tasks.spawn(Box::pin(async move {
                while let Some((room, published)) = heard.next().await {
                    sink.published(&room, published);
                }
            }));
            Mouth::Queue(send)
        };
        *lock(&nodes[node].mouth) = Some(mouth);
    }

    fn lose_events(&self, node: usize, count: usize) -> bool {
        self.shared.nodes[node].redis.lose_events(count);
        true
    }

    fn dies(&self, node: usize) {
        *lock(&self.shared.nodes[node].mouth) = None;
    }

    fn size(&self) -> Option<(usize, usize)> {
        Some(runtime().block_on(self.shared.nodes[0].redis.size()))
    }
}

impl OnServer {
    fn on(&self, node: usize) -> Arc<Beside> {
        let redis = &self.shared.nodes[node].redis;
        Arc::new(Beside {
            store: redis.store().clone(),
            feed: redis.feed().clone(),
            shared: self.shared.clone(),
        })
    }
}

impl Shared {
    /// Waits until every node has heard all that was published, and hands it on.
    fn deliver(&self) {
        let mark = runtime().block_on(self.nodes[0].redis.publish_mark());
        for node in &self.nodes {
            let events = runtime().block_on(node.redis.take_until(mark));
            for (room, published) in events {
                match &*lock(&node.mouth) {
                    Some(Mouth::Direct(sink)) => sink.published(&room, published),
                    Some(Mouth::Queue(send)) => {
                        // A dead node hears nothing.
                        let _ = send.unbounded_send((room, published));
                    }
                    None => {}
                }
            }
        }
    }
}

/// A node's way to Redis.
struct Beside {
    store: Arc<dyn PresenceStore>,
    feed: Arc<dyn Feed>,
    shared: Arc<Shared>,
}

#[async_trait]
impl PresenceStore for Beside {
    fn parts(&self) -> u16 {
        self.store.parts()
    }

    fn part_of(&self, room: &RoomId) -> Part {
        self.store.part_of(room)
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let committed = runtime().block_on(self.store.commit(commit));
        self.shared.deliver();
        committed
    }

    async fn renew(
        &self,
        part: Part,
        renewals: &[Renewal],
        rooms: &[RoomId],
    ) -> Result<Renewed, StoreError> {
        runtime().block_on(self.store.renew(part, renewals, rooms))
    }

    async fn read(
        &self,
        room: &RoomId,
        floor: Version,
        conns: Conns<'_>,
    ) -> Result<Read, StoreError> {
        runtime().block_on(self.store.read(room, floor, conns))
    }

    async fn due(
        &self,
        part: Part,
        limit: usize,
        longest_lease: Duration,
    ) -> Result<Due, StoreError> {
        runtime().block_on(self.store.due(part, limit, longest_lease))
    }
}

#[async_trait]
impl Feed for Beside {
    async fn subscribe(&self, room: &RoomId) -> Result<(), StoreError> {
        runtime().block_on(self.feed.subscribe(room))
    }

    async fn unsubscribe(&self, room: &RoomId) {
        runtime().block_on(self.feed.unsubscribe(room));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
