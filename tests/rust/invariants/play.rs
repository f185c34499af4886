//! Performs steps, keeps what clients know, and checks what they may rely on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::test_runner::TestCaseError;
use rtm_domain::ids::{ConnId, ResumeKey, RoomId, UserId};
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::policy::Policy;
use rtm_domain::presence::state::State;
use rtm_domain::service::{Farewell, ResumeAsk};
use rtm_tests::backend::InMemory;
use rtm_tests::world::{Ask, World};

use super::step::{CLIENTS, ROOMS, Step};

/// What kind of world it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flavour {
    pub(super) nodes: usize,
    /// How long a call to the store takes, twice.
    pub(super) delay_max_ms: usize,
    /// In which order what is ready runs; without it, in that of its arrival.
    pub(super) seed: Option<u64>,
}

mod ending;
mod hearing;

pub(super) struct Play {
    world: World,
    policy: Policy,
    flavour: Flavour,
    clients: Vec<Client>,
    sockets: Vec<Known>,
    /// The highest epoch that the owner of a connection was ever given. Two nodes may give two
    /// sockets theirs in any order.
    given: BTreeMap<(ConnId, Option<usize>), Epoch>,
    /// Connections that were left, in which epoch, and the store had said so.
    left: BTreeMap<ConnId, Epoch>,
    /// Connections that a second socket has asked for: what ends them is not only silence.
    contested: BTreeSet<ConnId>,
    killed: bool,
}

#[derive(Default)]
struct Client {
    /// Its sockets, the newest last.
    sockets: Vec<usize>,
    /// What it may resume, by room.
    held: BTreeMap<RoomId, Held>,
}

#[derive(Clone)]
struct Held {
    conn: ConnId,
    key: ResumeKey,
    /// The highest epoch that it was given or has asked for.
    epoch: Epoch,
}

/// What is known of a socket from outside.
#[derive(Default)]
struct Known {
    client: usize,
    /// When its unanswered messages were sent.
    sent: VecDeque<u64>,
    /// When the last message was sent that kept a room's presence alive.
    alive: BTreeMap<RoomId, u64>,
    /// What it was given.
    conns: BTreeMap<RoomId, (ConnId, Epoch)>,
}

impl Play {
    pub(super) fn new(policy: Policy, flavour: Flavour) -> Self {
        let world = World::new(&InMemory, policy, flavour.nodes, flavour.seed);
        for node in 0..flavour.nodes {
            world.node(node).store.slow(flavour.delay_max_ms);
        }
        Self {
            world,
            policy,
            flavour,
            clients: (0..CLIENTS).map(|_| Client::default()).collect(),
            sockets: Vec::new(),
            given: BTreeMap::new(),
            left: BTreeMap::new(),
            contested: BTreeSet::new(),
            killed: false,
        }
    }

    pub(super) fn run(mut self, steps: &[Step]) -> Result<(), TestCaseError> {
        for step in steps {
            self.perform(step)?;
            if !matches!(step, Step::Hurry(_)) {
                self.world.settle();
                self.look()?;
            }
        }
        self.world.settle();
        self.calm_down()?;
        self.all_leave()
    }

    fn perform(&mut self, step: &Step) -> Result<(), TestCaseError> {
        self.trace(|now| format!("{now} {step:?}"));
        match *step {
            Step::Join {
                client,
                room,
                state,
            } => {
                let socket = self.newest_or_new(client);
                let user = user(client);
                self.send(socket, Ask::Join(id(room), user, state.map(shown), None));
            }
            Step::Resume {
                client,
                node,
                asks_epoch,
                state,
            } => self.resume(client, node, asks_epoch, state),
            Step::Heartbeat {
                client,
                newest,
                room,
                patch,
            } => {
                if let Some(socket) = self.socket(client, newest) {
                    let patch = patch.map(|(key, value)| patched(key, value));
                    self.send(socket, Ask::Heartbeat(room.map(id), None, patch));
                }
            }
            Step::Leave {
                client,
                newest,
                room,
            } => {
                if let Some(socket) = self.socket(client, newest) {
                    self.send(socket, Ask::Leave(room.map(id)));
                }
            }
            Step::Close {
                client,
                newest,
                farewell,
            } => {
                if let Some(socket) = self.socket(client, newest) {
                    let farewell = if farewell {
                        Farewell::Said
                    } else {
                        Farewell::None
                    };
                    self.world.send(socket, Ask::Close(farewell));
                    self.clients[client].sockets.retain(|it| *it != socket);
                }
            }
            Step::Kick { client, room, node } => {
                let held = self.clients[client].held.get(&id(room)).cloned();
                if let Some(held) = held {
                    let node = self.node(node);
                    let service = self.world.node(node).service.clone();
                    let kick = async move {
                        // Whether there was somebody is told to whoever asked.
                        let _ = service.kick(&id(room), &held.conn).await;
                    };
                    self.world.spawn(node, Box::pin(kick));
                }
            }
            Step::Pass(ms) => self.pass(ms)?,
            Step::BeatAndPass(ms) => {
                self.beat();
                self.pass(ms)?;
            }
            Step::Pause {
                node,
                ms,
                timers_first,
            } => {
                let node = self.node(node);
                self.world.pause(node);
                self.pass(ms)?;
                self.world.unpause(node, timers_first);
            }
            Step::Hurry(ref step) => self.perform(step)?,
            Step::Fault(node, fault) => self.world.node(self.node(node)).store.set(fault),
            Step::Arrive(node) => {
                let node = self.node(node);
                let store = self.world.node(node).store.clone();
                self.world
                    .spawn(node, Box::pin(async move { store.arrive().await }));
            }
            Step::LoseEvents(node, count) => {
                self.world.stage.lose_events(self.node(node), count);
            }
            Step::Kill if self.flavour.nodes > 1 && !self.killed => {
                self.killed = true;
                self.world.kill(1);
                for client in &mut self.clients {
                    let world = &self.world;
                    client
                        .sockets
                        .retain(|socket| world.socket(*socket).node != 1);
                }
            }
            Step::Kill => {}
        }
        Ok(())
    }

    fn resume(&mut self, client: usize, node: usize, asks_epoch: bool, state: Option<u8>) {
        let socket = self.connect(client, node);
        for (room, mut held) in self.clients[client].held.clone() {
            let epoch = held.epoch.next();
            if asks_epoch {
                held.epoch = epoch;
            }
            self.contested.insert(held.conn.clone());
            let resume = ResumeAsk {
                conn: held.conn.clone(),
                key: held.key.clone(),
                epoch: asks_epoch.then_some(epoch),
            };
            self.clients[client].held.insert(room.clone(), held);
            let ask = Ask::Join(room, user(client), state.map(shown), Some(resume));
            self.send(socket, ask);
        }
    }

    fn beat(&mut self) {
        for client in 0..CLIENTS {
            if let Some(socket) = self.socket(client, true) {
                self.send(socket, Ask::Heartbeat(None, None, None));
            }
        }
    }

    /// Lets time pass in pieces, so that what is told meanwhile is looked at.
    fn pass(&mut self, ms: u64) -> Result<(), TestCaseError> {
        let mut left = ms;
        while left > 0 {
            let piece = left.min(250);
            self.world.advance(piece);
            left -= piece;
            self.look()?;
        }
        Ok(())
    }

    fn send(&mut self, socket: usize, ask: Ask) {
        let now = self.world.clock.passed();
        self.sockets[socket].sent.push_back(now);
        self.world.send(socket, ask);
    }

    fn connect(&mut self, client: usize, node: usize) -> usize {
        let node = self.node(node);
        let socket = self.world.connect(node);
        self.sockets.push(Known {
            client,
            ..Known::default()
        });
        self.clients[client].sockets.push(socket);
        socket
    }

    fn newest_or_new(&mut self, client: usize) -> usize {
        let newest = self.socket(client, true);
        newest.unwrap_or_else(|| self.connect(client, client))
    }

    fn socket(&self, client: usize, newest: bool) -> Option<usize> {
        let sockets = &self.clients[client].sockets;
        let nth = sockets.len().checked_sub(if newest { 1 } else { 2 })?;
        sockets.get(nth).copied()
    }

    fn node(&self, node: usize) -> usize {
        if self.killed {
            0
        } else {
            node % self.flavour.nodes
        }
    }
}

fn user(client: usize) -> UserId {
    UserId::trusted(format!("user{client}"))
}

fn id(room: usize) -> RoomId {
    RoomId::trusted(ROOMS[room])
}

fn shown(value: u8) -> State {
    [("shown", value.to_string())].into_iter().collect()
}

fn patched(key: u8, value: u8) -> State {
    [(format!("key{key}"), value.to_string())]
        .into_iter()
        .collect()
}
