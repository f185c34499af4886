//! Nodes, sockets and a store, on one thread and by one clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rtm_domain::PresenceService;
use rtm_domain::ids::SocketId;
use rtm_domain::ports::{Clock, Tasks};
use rtm_domain::presence::policy::Policy;
use rtm_domain::service::Ports;

use crate::backend::{Backend, Stage};
use crate::clock::HandClock;
use crate::dice::{Dice, FixedEntropy};
use crate::executor::Executor;
use crate::faults::FaultyStore;
use crate::peer::{RecordingPeer, ValueEncoder};
use crate::roster::Violation;

mod socket;

pub use socket::{Ask, Socket};

/// Nodes on one store, and the sockets connected to them.
pub struct World {
    /// Everybody's clock.
    pub clock: Arc<HandClock>,
    /// The store.
    pub stage: Arc<dyn Stage>,
    nodes: Vec<Node>,
    sockets: Vec<Socket>,
    policy: Policy,
    seed: Option<u64>,
}

/// A node.
pub struct Node {
    /// Its presence service.
    pub service: PresenceService,
    /// Its way to the store.
    pub store: Arc<FaultyStore>,
    clock: Arc<dyn Clock>,
    executor: Executor,
    running: Running,
}

enum Running {
    Yes,
    /// What arrives meanwhile is decoded when it goes on.
    Paused(Vec<(usize, Ask)>),
    Dead,
}

impl World {
    /// Nodes that run in the background, all in one order or, given a seed, in any.
    pub fn new(backend: &dyn Backend, policy: Policy, nodes: usize, seed: Option<u64>) -> Self {
        let clock = HandClock::new();
        let stage = backend.open(&clock, nodes);
        Self::on(stage, clock, policy, nodes, seed)
    }

    /// The same, on a store that is open.
    pub fn on(
        stage: Arc<dyn Stage>,
        clock: Arc<HandClock>,
        policy: Policy,
        nodes: usize,
        seed: Option<u64>,
    ) -> Self {
        let node = |nth: usize| {
            let dice = seed.map(|seed| Dice::new(seed.wrapping_add(nth as u64)));
            Node::new(&stage, &clock, policy, nth, dice)
        };
        let nodes = (0..nodes).map(node).collect();
        let mut world = Self {
            clock,
            stage,
            nodes,
            sockets: Vec::new(),
            policy,
            seed,
        };
        world.settle();
        world
    }

    /// A node.
    pub fn node(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    /// A socket.
    pub fn socket(&self, socket: usize) -> &Socket {
        &self.sockets[socket]
    }

    /// All sockets, closed ones among them.
    pub fn sockets(&self) -> &[Socket] {
        &self.sockets
    }

    /// Connects a socket to a node and returns its number.
    pub fn connect(&mut self, node: usize) -> usize {
        let number = self.sockets.len();
        let Node {
            service,
            executor,
            clock,
            ..
        } = &self.nodes[node];
        let peer = RecordingPeer::new(clock.clone());
        let session = service.connect(SocketId(number as u64), peer.clone());
        self.sockets
            .push(Socket::open(node, session, peer, executor));
        number
    }

    /// A client sends something; it is done when its turn comes.
    pub fn send(&mut self, socket: usize, ask: Ask) {
        let node = &mut self.nodes[self.sockets[socket].node];
        match &mut node.running {
            Running::Yes => self.sockets[socket].decode(ask),
            Running::Paused(held) => held.push((socket, ask)),
            Running::Dead => {}
        }
    }

    /// Runs all that can run now.
    pub fn settle(&mut self) {
        loop {
            let running = |node: &&Node| matches!(node.running, Running::Yes);
            let mut ran = self.stage.run();
            for node in self.nodes.iter().filter(running) {
                ran |= node.executor.run();
            }
            if !ran && self.stage.is_idle() {
                return;
            }
        }
    }

    /// Lets time pass, with all that happens in it, in order.
    pub fn advance(&mut self, ms: u64) {
        let end = self.clock.passed() + ms;
        loop {
            self.settle();
            match self.clock.next_due().filter(|due| *due <= end) {
                Some(due) => self.clock.move_to(due),
                None => break,
            }
        }
        self.clock.move_to(end);
        self.settle();
    }

    /// A node stands still; time goes on.
    pub fn pause(&mut self, node: usize) {
        if let Running::Yes = self.nodes[node].running {
            self.nodes[node].running = Running::Paused(Vec::new());
        }
    }

    /// It goes on: decodes what has arrived meanwhile and does what is due.
    pub fn unpause(&mut self, node: usize, timers_first: bool) {
        let running = std::mem::replace(&mut self.nodes[node].running, Running::Yes);
        if timers_first {
            self.nodes[node].executor.run();
        }
        match running {
            Running::Paused(held) => {
                for (socket, ask) in held {
                    self.sockets[socket].decode(ask);
                }
            }
            Running::Yes => {}
            Running::Dead => self.nodes[node].running = Running::Dead,
        }
    }

    /// A node dies without a word.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].running = Running::Dead;
        self.nodes[node].executor.stop();
        self.stage.dies(node);
        for socket in self.sockets.iter_mut().filter(|it| it.node == node) {
            socket.goes_away();
        }
    }

    /// A dead node starts again under its number, knowing nothing.
    pub fn restart(&mut self, node: usize) {
        let lives = self.sockets.len() as u64 + self.clock.passed();
        let seed = self.seed.map(|seed| seed.rotate_left(17) ^ lives);
        let dice = seed.map(|seed| Dice::new(seed.wrapping_add(node as u64)));
        self.nodes[node] = Node::new(&self.stage, &self.clock, self.policy, node, dice);
    }

    /// Runs work on a node.
    pub fn spawn(&self, node: usize, work: BoxFuture<'static, ()>) {
        self.nodes[node].executor.spawn(work);
    }

    /// Runs work on a node, and what follows from it, and returns what came of it. `None` if it
    /// waits for time to pass.
    pub fn run<T: Send + 'static>(
        &mut self,
        node: usize,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let outcome = Arc::new(Mutex::new(None));
        let slot = outcome.clone();
        self.spawn(
            node,
            Box::pin(async move {
                let done = work.await;
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            }),
        );
        self.settle();
        outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Every invariant that was broken so far, and every client whose roster is not what its
    /// node would tell it now.
    pub fn violations(&self) -> Vec<Violation> {
        let mut all = Vec::new();
        for (number, socket) in self.sockets.iter().enumerate() {
            let broken = socket.violations();
            all.extend(
                broken
                    .into_iter()
                    .map(|it| format!("socket {number}: {it}")),
            );
        }
        all
    }

    /// Panics if an invariant is broken.
    pub fn check(&self) {
        let violations = self.violations();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for node in &self.nodes {
            node.executor.stop();
        }
        self.clock.abandon_sleepers();
    }
}

impl Node {
    fn new(
        stage: &Arc<dyn Stage>,
        clock: &Arc<HandClock>,
        policy: Policy,
        nth: usize,
        dice: Option<Dice>,
    ) -> Self {
        let seed = dice.clone().map_or(nth as u64 + 1, |mut dice| dice.roll());
        let executor = Executor::new(dice);
        let hands = clock;
        let clock = stage.clock(nth, hands);
        let way = (stage.way(nth), stage.feed(nth));
        let store = FaultyStore::new(way.0, way.1, hands.clone(), seed);
        let ports = Ports {
            store: store.clone(),
            feed: store.clone(),
            clock: clock.clone(),
            tasks: Arc::new(executor.clone()),
            entropy: Arc::new(FixedEntropy::new(seed)),
            encoder: Arc::new(ValueEncoder),
            meter: Arc::new(()),
        };
        let service = PresenceService::new(policy, ports);
        stage.attach(nth, service.sink(), &executor);
        service.run();
        Self {
            service,
            store,
            clock,
            executor,
            running: Running::Yes,
        }
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        matches!(self.running, Running::Yes)
    }

    /// Whether it is dead.
    pub fn is_dead(&self) -> bool {
        matches!(self.running, Running::Dead)
    }
}

/// A span in milliseconds.
pub fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}
