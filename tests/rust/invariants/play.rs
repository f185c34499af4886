//! Performs steps, keeps what clients know, and checks what they may rely on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::FutureExt;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rtm_domain::ids::{ConnId, ResumeKey, RoomId, UserId};
use rtm_domain::ports::{Conns, Lost};
use rtm_domain::presence::epoch::{Epoch, Version};
use rtm_domain::presence::policy::{LeaseMode, Policy};
use rtm_domain::presence::state::State;
use rtm_domain::service::{Farewell, ResumeAsk};
use rtm_tests::backend::InMemory;
use rtm_tests::faults::Fault;
use rtm_tests::peer::Heard;
use rtm_tests::roster::Shows;
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
        if std::env::var_os("TRACE").is_some() {
            println!("{} ---- {step:?}", self.world.clock.passed());
        }
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

    /// Reads what the sockets were told, and checks it.
    fn look(&mut self) -> Result<(), TestCaseError> {
        let mut told = Vec::new();
        for (nth, socket) in self.world.sockets().iter().enumerate() {
            let heard = socket.peer.take_numbered().into_iter();
            told.extend(heard.map(|(number, heard)| (number, nth, heard)));
        }
        told.sort_by_key(|(number, ..)| *number);
        for (_, socket, heard) in told {
            self.hear(socket, heard)?;
        }
        let violations = self.world.violations();
        prop_assert!(violations.is_empty(), "{}", violations.join("\n"));
        let strict = std::env::var_os("NOOWN").is_none();
        for (nth, socket) in self.world.sockets().iter().enumerate() {
            prop_assert!(
                !strict || !socket.peer.was_told_own_leave(),
                "{nth} was told its own leave"
            );
        }
        if self.flavour.nodes == 1
            && self.flavour.delay_max_ms == 0
            && self.world.node(0).is_running()
        {
            self.rosters_are_the_store()?;
        }
        Ok(())
    }

    fn hear(&mut self, socket: usize, heard: Heard) -> Result<(), TestCaseError> {
        let now = self.world.clock.passed();
        if std::env::var_os("TRACE").is_some() {
            println!("{now} {socket} {heard:?}");
        }
        let known = &mut self.sockets[socket];
        let sent = match heard {
            Heard::Event(..) | Heard::Lost(..) => now,
            Heard::Joined(..) | Heard::Beat(..) | Heard::Left(..) | Heard::Synced(..) => {
                known.sent.pop_front().unwrap_or(now)
            }
        };
        match heard {
            Heard::Joined(room, Ok(joined)) => {
                known.alive.insert(room.clone(), sent);
                let given = (joined.conn.clone(), joined.epoch);
                known.conns.insert(room.clone(), given);
                let by = (self.flavour.nodes > 1).then_some(socket);
                let before = self.given.insert((joined.conn.clone(), by), joined.epoch);
                prop_assert!(
                    before < Some(joined.epoch),
                    "P2: {} was given {:?} after {before:?}",
                    joined.conn,
                    joined.epoch
                );
                let held = &mut self.clients[known.client].held;
                match held.get_mut(&room) {
                    Some(held) if held.conn == joined.conn => {
                        held.epoch = held.epoch.max(joined.epoch);
                    }
                    _ => {
                        let Held { conn, key, epoch } = Held {
                            conn: joined.conn,
                            key: joined.key,
                            epoch: joined.epoch,
                        };
                        held.insert(room, Held { conn, key, epoch });
                    }
                }
            }
            Heard::Beat(room, Ok(_)) => {
                for (of, alive) in &mut known.alive {
                    let in_it = known.conns.contains_key(of);
                    if in_it && room.as_ref().is_none_or(|room| room == of) {
                        *alive = (*alive).max(sent);
                    }
                }
            }
            Heard::Left(room, Ok(())) => {
                let rooms = ROOMS.map(RoomId::trusted).into_iter();
                for of in rooms.filter(|of| room.as_ref().is_none_or(|room| room == of)) {
                    self.left.extend(known.conns.remove(&of));
                }
            }
            Heard::Left(room, Err(_)) => match room {
                Some(room) => drop(known.conns.remove(&room)),
                None => known.conns.clear(),
            },
            Heard::Lost(room, conn, why) => {
                known.conns.remove(&room);
                let alive = known.alive.remove(&room);
                let silent = alive.map(|alive| now - alive);
                let ttl = self.policy.ttl.as_millis() as u64;
                let heartbeats = self.policy.lease == LeaseMode::Heartbeat;
                if why == Lost::Expired && heartbeats && !self.contested.contains(&conn) {
                    prop_assert!(
                        silent.is_none_or(|silent| silent >= ttl),
                        "P7: {conn} in {room} was dropped after {silent:?} ms"
                    );
                }
            }
            Heard::Event(..)
            | Heard::Synced(..)
            | Heard::Beat(_, Err(_))
            | Heard::Joined(_, Err(_)) => {}
        }
        Ok(())
    }

    /// On one node whose store answers at once, every roster is the store (P5).
    fn rosters_are_the_store(&self) -> Result<(), TestCaseError> {
        for room in ROOMS.map(RoomId::trusted) {
            let stored = self.stored(&room);
            for (nth, socket) in self.world.sockets().iter().enumerate() {
                let roster = socket.peer.roster(&room);
                if let Some(members) = roster.as_ref().and_then(|roster| roster.members()) {
                    prop_assert_eq!(
                        members,
                        &stored,
                        "P5: {} is not what socket {} sees",
                        room,
                        nth
                    );
                }
            }
            for (conn, epoch) in &self.left {
                let since = stored.get(conn).map(|shows| shows.epoch);
                prop_assert!(
                    since.is_none_or(|since| since > *epoch),
                    "{} has left {} and is stored",
                    conn,
                    room
                );
            }
        }
        Ok(())
    }

    fn stored(&self, room: &RoomId) -> BTreeMap<ConnId, Shows> {
        let store = self.world.stage.store();
        let read = store.read(room, Version(0), Conns::Live).now_or_never();
        let read = read
            .and_then(Result::ok)
            .expect("the store in memory answers at once");
        let shows = read.records.into_iter().map(|(conn, found)| {
            let record = found.record;
            let (user, epoch, state) = (record.user, record.epoch, record.state);
            (conn, Shows { user, epoch, state })
        });
        shows.collect()
    }

    /// Faults stop and clients send heartbeats: within TTL + GRACE + ARM + one sweep all agree.
    fn calm_down(&mut self) -> Result<(), TestCaseError> {
        for node in 0..self.flavour.nodes {
            let store = &self.world.node(node).store;
            store.set(Fault::None);
            store.slow(0);
            self.world.stage.lose_events(node, 0);
        }
        let bound =
            self.policy.ttl + self.policy.grace() + self.policy.arm() + self.policy.sweep_interval;
        let bound = bound.as_millis() as u64 + 3 * self.policy.tick().as_millis() as u64;
        let end =
            self.world.clock.passed() + bound.max(self.policy.linger.as_millis() as u64 + 2500);
        while self.world.clock.passed() < end {
            self.beat();
            self.pass(500)?;
        }
        self.beat();
        self.world.settle();
        self.look()?;
        self.rosters_are_the_store()?;
        // Who is shown has somebody behind it.
        for room in ROOMS.map(RoomId::trusted) {
            for conn in self.stored(&room).keys() {
                let sits = |socket: &usize| {
                    let roster = self.world.socket(*socket).peer.roster(&room);
                    roster.is_some_and(|roster| roster.own() == conn)
                };
                let sockets: Vec<usize> = self
                    .clients
                    .iter()
                    .flat_map(|it| it.sockets.clone())
                    .collect();
                prop_assert!(
                    sockets.iter().any(sits),
                    "P7: nobody is behind {} in {}",
                    conn,
                    room
                );
            }
        }
        Ok(())
    }

    /// When everyone is gone and forgotten, nothing is left.
    fn all_leave(&mut self) -> Result<(), TestCaseError> {
        for client in 0..CLIENTS {
            for socket in std::mem::take(&mut self.clients[client].sockets) {
                self.world.send(socket, Ask::Close(Farewell::None));
            }
        }
        self.world.advance(10_000);
        self.world.advance(10_000);
        self.look()?;
        prop_assert_eq!(
            self.world.stage.size(),
            Some((0, 0)),
            "the store keeps something"
        );
        for node in 0..self.flavour.nodes {
            if self.world.node(node).is_running() {
                let load = self.world.node(node).service.load();
                prop_assert_eq!(load, (0, 0), "node {} keeps something", node);
            }
        }
        Ok(())
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
