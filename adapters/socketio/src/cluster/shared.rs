//! What the namespaces of a node share: the bus, and the way in and out.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Once, PoisonError, RwLock, Weak};

use bytes::Bytes;
use socketioxide_core::Uid;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::bus::{Bus, BusSink};
use crate::cluster::adapter::ClusterAdapter;
use crate::cluster::asks::{Answer, Asks};
use crate::cluster::channel;
use crate::cluster::counters::Counters;
use crate::cluster::order::{Order, Turn};
use crate::cluster::outbox::Outbox;
use crate::cluster::queue::Queue;
use crate::cluster::wire::{self, Body, Draft, Foreign, Found, Head};

/// Messages that have arrived and wait to be handled.
const INBOX_MESSAGES_MAX: usize = 65_536;

/// Bytes of messages that have arrived and wait to be handled.
const INBOX_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How many messages are handled before others on this thread get their turn.
const TURN: usize = 32;

pub(super) struct Shared {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) asks: Arc<Asks>,
    pub(super) counters: Arc<Counters>,
    namespaces: RwLock<HashMap<String, Weak<ClusterAdapter>>>,
    started: Once,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl Shared {
    pub(super) fn new(bus: Arc<dyn Bus>) -> Self {
        let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
        Self {
            bus,
            outbox: Arc::new(Outbox::new(counters.clone())),
            asks: Arc::default(),
            counters,
            namespaces: RwLock::default(),
            started: Once::new(),
            _stop_when_dropped: stop.clone().drop_guard(),
            stop,
        }
    }

    /// Takes a namespace in, and starts with the first one.
    pub(super) fn add(self: &Arc<Self>, adapter: &Arc<ClusterAdapter>) {
        self.started.call_once(|| self.start());
        let path = adapter.local().path().to_string();
        let namespaces = self.namespaces.write();
        let mut namespaces = namespaces.unwrap_or_else(PoisonError::into_inner);
        namespaces.insert(path, Arc::downgrade(adapter));
    }

    /// Lets a namespace go.
    pub(super) fn remove(&self, path: &str) {
        let namespaces = self.namespaces.write();
        let mut namespaces = namespaces.unwrap_or_else(PoisonError::into_inner);
        namespaces.remove(path);
    }

    fn start(self: &Arc<Self>) {
        let inbox = Arc::new(Inbox {
            queue: Queue::new(INBOX_MESSAGES_MAX, INBOX_BYTES_MAX),
            counters: self.counters.clone(),
        });
        self.bus.start(inbox.clone());
        let (outbox, bus, stop) = (self.outbox.clone(), self.bus.clone(), self.stop.clone());
        tokio::spawn(stop.run_until_cancelled_owned(async move { outbox.deliver(&*bus).await }));
        let (shared, stop) = (Arc::downgrade(self), self.stop.clone());
        tokio::spawn(stop.run_until_cancelled_owned(listen(inbox, shared)));
    }

    fn take(&self, order: &mut Order, channel: &str, bytes: &[u8]) -> Result<(), Foreign> {
        let (head, body) = wire::read_head(bytes)?;
        let namespace = channel::namespace_of(channel).ok_or(Foreign)?;
        let namespaces = self.namespaces.read();
        let namespaces = namespaces.unwrap_or_else(PoisonError::into_inner);
        let adapter = namespaces.get(namespace).and_then(Weak::upgrade);
        drop(namespaces);
        let Some(adapter) = adapter else {
            // It was closed.
            return Ok(());
        };
        if head.sender == adapter.node() {
            if let Some(question) = head.question.filter(|_| head.asks()) {
                self.asks
                    .answered(question, nothing(head.sender), &self.counters);
            }
            return Ok(());
        }
        let turn = order.take(channel, &head, Instant::now());
        if turn == Turn::Copy && head.asks() {
            self.answer(&adapter, &head, Found::Sockets(Vec::new()), true);
        }
        if turn == Turn::First {
            let body = wire::read_body(&head, body)?;
            self.act(&adapter, head, body);
        }
        Ok(())
    }

    fn act(&self, adapter: &Arc<ClusterAdapter>, head: Head, body: Body) {
        match (body, head.question) {
            (Body::Ping, _) => {}
            (Body::Do(opts, action), _) => adapter.act(opts, action),
            (Body::Ask(opts, question), Some(_)) => adapter.tell(head, opts, question),
            (Body::Answer(found, last), Some(question)) => {
                let sender = head.sender;
                let answer = Answer {
                    sender,
                    found,
                    last,
                };
                self.asks.answered(question, answer, &self.counters);
            }
            (Body::Ask(..) | Body::Answer(..), None) => {
                let what = "a message without its question was ignored";
                self.counters.foreign.happened(what);
            }
        }
    }

    /// Answers the question that `head` began.
    pub(super) fn answer(&self, adapter: &ClusterAdapter, head: &Head, found: Found, last: bool) {
        let channels = vec![channel::node(adapter.local().path(), head.sender)];
        let body = Body::Answer(found, last);
        let draft = Draft::new(adapter.node(), &channels, head.question, &body);
        self.outbox.send(channels, draft);
    }
}

/// Everybody who was reached answers once, this node with what it has said already.
fn nothing(sender: Uid) -> Answer {
    Answer {
        sender,
        found: Found::Sockets(Vec::new()),
        last: true,
    }
}

/// Where messages arrive.
struct Inbox {
    queue: Queue<(String, Bytes)>,
    counters: Arc<Counters>,
}

impl BusSink for Inbox {
    fn receive(&self, channel: &str, message: Bytes) {
        let bytes = channel.len() + message.len();
        if self
            .queue
            .push(bytes, (channel.to_owned(), message))
            .is_err()
        {
            let what = "messages of other nodes come too fast: some are dropped";
            self.counters.overrun.happened(what);
        }
    }
}

/// Handles what arrives, in order.
async fn listen(inbox: Arc<Inbox>, shared: Weak<Shared>) {
    let mut order = Order::default();
    let mut done = 0;
    loop {
        let (channel, message) = inbox.queue.pop().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        shared.counters.received.fetch_add(1, Ordering::Relaxed);
        if shared.take(&mut order, &channel, &message).is_err() {
            let what = "a message of another version, or garbage, was ignored";
            shared.counters.foreign.happened(what);
        }
        done += 1;
        if done % TURN == 0 {
            tokio::task::yield_now().await;
        }
    }
}
