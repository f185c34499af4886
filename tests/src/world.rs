//! Nodes, sockets and a store, on one thread and by one clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use rtm_domain::PresenceService;
use rtm_domain::ids::{RoomId, SocketId, UserId};
use rtm_domain::ports::Tasks;
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::policy::Policy;
use rtm_domain::presence::state::State;
use rtm_domain::service::{Farewell, HeartbeatAsk, JoinAsk, Ports, ResumeAsk, Session};

use crate::backend::{Backend, Stage};
use crate::clock::HandClock;
use crate::dice::{Dice, FixedEntropy};
use crate::executor::Executor;
use crate::faults::FaultyStore;
use crate::peer::{Heard, RecordingPeer, ValueEncoder};
use crate::roster::{Roster, Violation};

/// Nodes on one store, and the sockets connected to them.
pub struct World {
    /// Everybody's clock.
    pub clock: Arc<HandClock>,
    /// The store.
    pub stage: Arc<dyn Stage>,
    nodes: Vec<Node>,
    sockets: Vec<Socket>,
}

/// A node.
pub struct Node {
    /// Its presence service.
    pub service: PresenceService,
    /// Its way to the store.
    pub store: Arc<FaultyStore>,
    executor: Executor,
    running: Running,
}

enum Running {
    Yes,
    /// What arrives meanwhile is decoded when it goes on.
    Paused(Vec<(usize, Ask)>),
    Dead,
}

/// A client's socket.
pub struct Socket {
    /// Its node.
    pub node: usize,
    /// Its session there.
    pub session: Session,
    /// What it was told.
    pub peer: Arc<RecordingPeer>,
    inbox: UnboundedSender<Work>,
    open: bool,
}

/// What a client may send.
#[derive(Debug, Clone)]
pub enum Ask {
    /// `presence:join`.
    Join(RoomId, UserId, Option<State>, Option<ResumeAsk>),
    /// `presence:heartbeat`.
    Heartbeat(Option<RoomId>, Option<Epoch>, Option<State>),
    /// `presence:leave`.
    Leave(Option<RoomId>),
    /// `presence:sync`.
    Sync(RoomId),
    /// Its connection ends.
    Close(Farewell),
}

type Work = BoxFuture<'static, ()>;

impl World {
    /// Nodes that run in the background, all in one order or, given a seed, in any.
    pub fn new(backend: &dyn Backend, policy: Policy, nodes: usize, seed: Option<u64>) -> Self {
        let clock = HandClock::new();
        let stage = backend.open(&clock, nodes);
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
        let peer = RecordingPeer::new(self.clock.clone());
        let Node {
            service, executor, ..
        } = &self.nodes[node];
        let session = service.connect(SocketId(number as u64), peer.clone());
        let (inbox, queue) = unbounded();
        executor.spawn(Box::pin(work_off(queue)));
        self.sockets.push(Socket {
            node,
            session,
            peer,
            inbox,
            open: true,
        });
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
            let mut ran = false;
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
            socket.open = false;
            socket.peer.goes_away();
        }
    }

    /// Runs work on a node.
    pub fn spawn(&self, node: usize, work: Work) {
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
        let store = FaultyStore::new(stage.store(), stage.feed(nth), clock.clone(), seed);
        let ports = Ports {
            store: store.clone(),
            feed: store.clone(),
            clock: clock.clone(),
            tasks: Arc::new(executor.clone()),
            entropy: Arc::new(FixedEntropy::new(seed)),
            encoder: Arc::new(ValueEncoder),
        };
        let service = PresenceService::new(policy, ports);
        stage.attach(nth, service.sink(), &executor);
        service.run();
        Self {
            service,
            store,
            executor,
            running: Running::Yes,
        }
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        matches!(self.running, Running::Yes)
    }
}

impl Socket {
    /// Whether its client has not gone away.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// What the adapter does with a message: notes when it came, and queues it.
    fn decode(&mut self, ask: Ask) {
        self.peer.gives_sign();
        let (session, peer) = (self.session.clone(), self.peer.clone());
        let received = match &ask {
            Ask::Heartbeat(room, epoch, _) => Some(session.touch(room.as_ref(), *epoch)),
            Ask::Close(_) => {
                self.open = false;
                peer.goes_away();
                None
            }
            Ask::Join(..) | Ask::Leave(_) | Ask::Sync(_) => None,
        };
        let work: Work = Box::pin(async move {
            match ask {
                Ask::Join(room, user, state, resume) => {
                    let ask = JoinAsk {
                        room: room.clone(),
                        user,
                        state,
                        resume,
                    };
                    let reply = move |outcome| peer.answered(Heard::Joined(room, outcome));
                    session.join(ask, Box::new(reply)).await;
                }
                Ask::Heartbeat(room, epoch, patch) => {
                    let Some(received) = received else { return };
                    let ask = HeartbeatAsk {
                        room: room.clone(),
                        epoch,
                        patch,
                        received,
                    };
                    let outcome = session.heartbeat(ask).await;
                    peer.answered(Heard::Beat(room, outcome));
                }
                Ask::Leave(room) => {
                    let outcome = session.leave(room.as_ref()).await;
                    peer.answered(Heard::Left(room, outcome));
                }
                Ask::Sync(room) => {
                    let reply = {
                        let room = room.clone();
                        move |outcome| peer.answered(Heard::Synced(room, outcome))
                    };
                    session.sync(&room, Box::new(reply));
                }
                Ask::Close(farewell) => {
                    session.close(farewell).await;
                    peer.ended();
                }
            }
        });
        // A socket whose node is dead is not worked off.
        let _ = self.inbox.unbounded_send(work);
    }

    fn violations(&self) -> Vec<Violation> {
        let mut all = self.peer.violations();
        if !self.open {
            return all;
        }
        for room in self.peer.rooms() {
            let Some(roster @ Roster::In { .. }) = self.peer.roster(&room) else {
                continue;
            };
            let seen = Arc::new(Mutex::new(None));
            let reply = {
                let seen = seen.clone();
                move |snapshot| {
                    *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
                }
            };
            self.session.sync(&room, Box::new(reply));
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(Ok(snapshot)) = seen {
                all.extend(roster.equals(&snapshot).err());
            }
        }
        all
    }
}

async fn work_off(mut queue: UnboundedReceiver<Work>) {
    while let Some(work) = queue.next().await {
        work.await;
    }
}

/// A span in milliseconds.
pub fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}
