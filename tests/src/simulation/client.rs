//! What a client knows and does: joins, heartbeats, changes what it shows, goes silent, loses
//! its connection and comes back. Its older sockets go on speaking for a while.

use rtm_domain::ids::{ConnId, ResumeKey, RoomId, UserId};
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::state::State;
use rtm_domain::service::{Farewell, ResumeAsk};

use super::play::{CHAOS_MS, HALL, Play, What};
use crate::world::Ask;

/// How long a client waits for the answer to a join, in milliseconds.
const PATIENCE_MS: u64 = 2500;

/// A client.
pub(super) struct Client {
    pub(super) user: UserId,
    pub(super) room: RoomId,
    /// The socket that it uses.
    pub(super) socket: Option<usize>,
    pub(super) held: Option<Held>,
    /// Whether it believes to be in the room.
    pub(super) joined: bool,
    /// Since when it waits for the answer to a join.
    pub(super) waits_since: Option<u64>,
    pub(super) refused: u32,
    /// What it shows, as far as it was confirmed.
    pub(super) state: State,
    /// Whether a change was sent whose outcome is unknown.
    pub(super) unsure: bool,
    /// How many of a thousand heartbeats change what it shows.
    pub(super) patches_per_mille: usize,
    /// How often it heartbeats.
    pub(super) beat_ms: u64,
    /// When it does something next.
    pub(super) acts_at: u64,
}

/// A presence that it may resume.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) conn: ConnId,
    pub(super) key: ResumeKey,
    /// The epoch that it was given.
    pub(super) epoch: Epoch,
    /// The highest that it was given or has asked for.
    pub(super) asked: Epoch,
}

impl Play {
    /// A client's turn.
    pub(super) fn act(&mut self, nth: usize) {
        let now = self.now();
        let socket = self.clients[nth].socket;
        let Some(socket) = socket.filter(|it| self.world.socket(*it).is_open()) else {
            return self.connect(nth);
        };
        if let Some(since) = self.clients[nth].waits_since {
            if now < since + PATIENCE_MS {
                self.clients[nth].acts_at = since + PATIENCE_MS;
                return;
            }
            self.clients[nth].waits_since = None;
            if self.dice.below(2) == 0 {
                return self.drop_socket(nth, socket);
            }
        }
        if !self.clients[nth].joined {
            return self.join(nth, socket);
        }
        let chaos = now < CHAOS_MS && !(self.profile.quiet && self.dice.below(4) > 0);
        match self.dice.below(1000) {
            0..15 if chaos => {
                self.send(socket, What::Leave, 0);
                let client = &mut self.clients[nth];
                (client.joined, client.held) = (false, None);
                self.clients[nth].acts_at = now + self.roll(50..2500);
            }
            15..60 if chaos => self.drop_socket(nth, socket),
            60..75 if chaos => {
                self.trace.fault("client silent", || format!("k{nth}"));
                self.clients[nth].acts_at = now + self.roll(2500..5500);
            }
            75..90 if chaos => {
                // It is not sure that it is in, and joins again.
                self.clients[nth].joined = false;
                self.join(nth, socket);
            }
            90..130 if chaos => self.run_errands(nth, socket),
            _ => {
                let patches = self.dice.below(1000) < self.clients[nth].patches_per_mille;
                self.beat(nth, socket, chaos && patches);
            }
        }
    }

    fn connect(&mut self, nth: usize) {
        let now = self.now();
        let alive = |node: &usize| !self.world.node(*node).is_dead();
        let nodes: Vec<usize> = (0..self.nodes).filter(alive).collect();
        if nodes.is_empty() {
            self.clients[nth].acts_at = now + 100;
            return;
        }
        let node = nodes[self.dice.below(nodes.len())];
        let socket = self.open_socket(nth, node);
        let acts_at = now + self.roll(1..40);
        let client = &mut self.clients[nth];
        client.socket = Some(socket);
        (client.joined, client.waits_since, client.refused) = (false, None, 0);
        client.acts_at = acts_at;
        self.trace
            .line(|| format!("k{nth} connects as socket {socket} to n{node}"));
    }

    fn join(&mut self, nth: usize, socket: usize) {
        let now = self.now();
        let resumes = self.dice.below(100) < 95;
        let shows = self.dice.below(10) < 3;
        let state = self.some_state();
        let client = &mut self.clients[nth];
        let resume = client.held.as_mut().filter(|_| resumes).map(|held| {
            held.asked = held.asked.next();
            ResumeAsk {
                conn: held.conn.clone(),
                key: held.key.clone(),
                epoch: Some(held.asked),
            }
        });
        if resume.is_none() {
            client.held = None;
        }
        let state = (shows || resume.is_none()).then_some(state);
        client.waits_since = Some(now);
        client.acts_at = now + PATIENCE_MS;
        let resumed = resume.is_some();
        // Now and then it gives up before there was an answer, and its ask arrives late.
        let late = now < CHAOS_MS && self.dice.below(100) < 10;
        let delay = if late && self.dice.below(2) == 0 {
            self.roll(100..5000)
        } else {
            0
        };
        if late && resumed {
            self.trace
                .fault("late resume", || format!("of k{nth}, by {delay} ms"));
        }
        self.send(socket, What::Join(state, resume), delay);
        if late {
            self.clients[nth].waits_since = None;
            self.drop_socket(nth, socket);
        }
    }

    fn beat(&mut self, nth: usize, socket: usize, patches: bool) {
        let now = self.now();
        let patch = patches.then(|| self.some_state());
        let Some(held) = self.clients[nth].held.clone() else {
            return;
        };
        self.clients[nth].unsure |= patch.is_some();
        self.send(socket, What::Beat(held.epoch, patch), 0);
        let beat_ms = self.clients[nth].beat_ms;
        let hurries = now < CHAOS_MS && self.dice.below(10) < 3;
        let next = if hurries {
            self.roll(20..beat_ms)
        } else {
            beat_ms
        };
        self.clients[nth].acts_at = now + next;
    }

    /// It looks into another room, on the same socket: what it asks next has to wait.
    fn run_errands(&mut self, nth: usize, socket: usize) {
        for _ in 0..1 + self.dice.below(3) {
            self.send(socket, What::Errand, 0);
        }
        self.clients[nth].acts_at = self.now() + self.roll(1..400);
    }

    /// Its connection breaks. Its node learns of it soon or late, and may hear more from it.
    pub(super) fn drop_socket(&mut self, nth: usize, socket: usize) {
        let now = self.now();
        let client = &mut self.clients[nth];
        (client.socket, client.joined, client.waits_since) = (None, false, None);
        let held = client.held.clone();
        let acts_at = now + self.roll(1..300);
        self.clients[nth].acts_at = acts_at;
        let half_open = now < CHAOS_MS && self.dice.below(3) == 0;
        if !half_open {
            let farewell = match self.dice.below(4) {
                0 => Farewell::Said,
                _ => Farewell::None,
            };
            let delay = self.roll(1..50);
            self.send(socket, What::Close(farewell), delay);
            return;
        }
        self.trace
            .fault("half-open socket", || format!("{socket} of k{nth}"));
        if let Some(held) = held.filter(|_| self.dice.below(2) == 0) {
            self.trace
                .fault("zombie speaks", || format!("socket {socket} of k{nth}"));
            let delay = self.roll(50..3000);
            match self.dice.below(4) {
                0 => self.send(socket, What::Leave, delay),
                1 => self.send(socket, What::Beat(held.epoch, None), delay),
                _ => {
                    let state = self.some_state();
                    self.send(socket, What::Beat(held.epoch, Some(state)), delay);
                }
            }
        }
        let delay = self.roll(500..6000);
        self.send(socket, What::Close(Farewell::None), delay);
    }

    fn some_state(&mut self) -> State {
        let number = self.dice.below(1_000_000).to_string();
        [("n", number)].into_iter().collect()
    }

    /// Puts a message on its way; it overtakes none of the same socket.
    pub(super) fn send(&mut self, socket: usize, what: What, delay_ms: u64) {
        let known = &self.sockets[socket];
        let client = &self.clients[known.client];
        let room = client.room.clone();
        let ask = match &what {
            What::Join(state, resume) => {
                Ask::Join(room, client.user.clone(), state.clone(), resume.clone())
            }
            What::Beat(epoch, patch) => Ask::Heartbeat(Some(room), Some(*epoch), patch.clone()),
            What::Leave => Ask::Leave(Some(room)),
            What::Errand => Ask::Join(RoomId::trusted(HALL), client.user.clone(), None, None),
            What::Close(farewell) => Ask::Close(*farewell),
        };
        let at = self.now() + delay_ms + self.roll(1..30);
        self.post(socket, what, ask, at);
    }
}
