//! A message bus in one process, with the faults of a real one.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending, ready};
use rtm_socketio::{Bus, BusAway, BusSink};
use tokio::sync::watch;

/// The bus. Messages arrive before `publish` returns.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Mutex<State>>, watch::Sender<()>);

#[derive(Default)]
struct State {
    nodes: Vec<Node>,
    fault: Fault,
    /// Channels whose messages wait, and those.
    held: HashMap<String, Vec<Bytes>>,
    published: HashMap<String, usize>,
}

#[derive(Default)]
struct Node {
    sink: Option<Arc<dyn BusSink>>,
    channels: HashSet<String>,
    frozen: bool,
}

/// What is wrong with the bus.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// It says that it is away.
    Away,
    /// It says nothing.
    Silent,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self(Arc::default(), watch::Sender::new(()))
    }

    /// A node's end of it.
    pub(crate) fn join(&self) -> Arc<HubBus> {
        let mut state = self.lock();
        state.nodes.push(Node::default());
        let node = state.nodes.len() - 1;
        Arc::new(HubBus {
            hub: self.clone(),
            node,
        })
    }

    pub(crate) fn set(&self, fault: Fault) {
        self.lock().fault = fault;
    }

    /// A node stays subscribed and hears nothing more.
    pub(crate) fn freeze(&self, node: usize) {
        self.lock().nodes[node].frozen = true;
    }

    /// Keeps the messages of a channel back.
    pub(crate) fn hold(&self, channel: &str) {
        self.lock().held.insert(channel.to_owned(), Vec::new());
    }

    /// Delivers what was kept back, and what comes.
    pub(crate) fn release(&self, channel: &str) {
        let held = self.lock().held.remove(channel);
        for message in held.into_iter().flatten() {
            self.deliver(channel, &message);
        }
    }

    /// Delivers a message that no node sent.
    pub(crate) fn inject(&self, channel: &str, message: impl Into<Bytes>) {
        self.deliver(channel, &message.into());
    }

    /// How many messages were sent on a channel.
    pub(crate) fn published(&self, channel: &str) -> usize {
        self.lock().published.get(channel).copied().unwrap_or(0)
    }

    /// The room channels that a node is subscribed to.
    pub(crate) fn rooms(&self, node: usize) -> Vec<String> {
        let state = self.lock();
        let channels = state.nodes[node].channels.iter();
        let mut rooms: Vec<String> = channels
            .filter(|it| it.starts_with("room:"))
            .cloned()
            .collect();
        rooms.sort();
        rooms
    }

    /// Completes when a node is, or is not, subscribed to a channel.
    pub(crate) async fn subscribed(&self, node: usize, channel: &str, wanted: bool) {
        let mut changes = self.1.subscribe();
        while self.lock().nodes[node].channels.contains(channel) != wanted {
            let changed = tokio::time::timeout(crate::PATIENCE, changes.changed()).await;
            let what = format!("node {node} on {channel}: {wanted}");
            changed.expect(&what).expect("the hub is there");
        }
    }

    fn deliver(&self, channel: &str, message: &Bytes) -> usize {
        let mut state = self.lock();
        if let Some(held) = state.held.get_mut(channel) {
            held.push(message.clone());
            return state.count(channel);
        }
        for node in &state.nodes {
            if !node.frozen
                && node.channels.contains(channel)
                && let Some(sink) = &node.sink
            {
                sink.receive(channel, message.clone());
            }
        }
        state.count(channel)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panicked")
    }
}

impl State {
    fn count(&self, channel: &str) -> usize {
        let nodes = self.nodes.iter();
        nodes.filter(|node| node.channels.contains(channel)).count()
    }
}

/// One node's end of the bus.
pub(crate) struct HubBus {
    hub: Hub,
    pub(crate) node: usize,
}

impl Bus for HubBus {
    fn start(&self, sink: Arc<dyn BusSink>) {
        self.hub.lock().nodes[self.node].sink = Some(sink);
    }

    fn publish(&self, channel: &str, message: Bytes) -> BoxFuture<'static, Result<usize, BusAway>> {
        let fault = self.hub.lock().fault;
        match fault {
            Fault::None => {}
            Fault::Away => return ready(Err(BusAway)).boxed(),
            Fault::Silent => return pending().boxed(),
        }
        *self
            .hub
            .lock()
            .published
            .entry(channel.to_owned())
            .or_default() += 1;
        ready(Ok(self.hub.deliver(channel, &message))).boxed()
    }

    fn subscribe(&self, channel: &str) -> BoxFuture<'static, Result<(), BusAway>> {
        if self.hub.lock().fault != Fault::None {
            return ready(Err(BusAway)).boxed();
        }
        let mut state = self.hub.lock();
        state.nodes[self.node].channels.insert(channel.to_owned());
        drop(state);
        self.hub.1.send_replace(());
        ready(Ok(())).boxed()
    }

    fn unsubscribe(&self, channel: &str) {
        self.hub.lock().nodes[self.node].channels.remove(channel);
        self.hub.1.send_replace(());
    }
}
