//! The simulated store: servers that fail over and lose what they had, and the links on which
//! nodes reach them. What a server answers is the contract's; when, and whether the answer
//! arrives, is the weather's.

mod book;
mod disasters;
mod link;
mod node_clock;
mod server;
mod way;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_channel::mpsc::unbounded;
use futures_util::StreamExt;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Clock, Feed, FeedSink, PresenceStore, Tasks, Witness};
use rtm_domain::presence::event::Published;
use rtm_domain::time::Timestamp;

use super::data::Data;
use super::trace::Trace;
use crate::backend::Stage;
use crate::clock::HandClock;
use crate::dice::Dice;
use crate::executor::Executor;

use link::{Brought, Link};
use node_clock::NodeClock;
use server::Server;
use way::Way;

pub(super) use disasters::Disaster;

/// The store, and what connects nodes to it. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<HandClock>,
    network: Executor,
    state: Mutex<State>,
    trace: Trace,
}

struct State {
    servers: Vec<Server>,
    links: Vec<Link>,
    dice: Dice,
    weather: Weather,
}

/// Where a command is done.
struct Desk<'a> {
    servers: &'a mut [Server],
    server: usize,
    time: Timestamp,
}

/// An event on its way to a node.
struct Outgoing {
    link: usize,
    life: u64,
    server: usize,
    due: u64,
    room: RoomId,
    published: Published,
}

/// How the links are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// The longest a command, an answer or an event usually takes; zero: no time at all.
    pub usual_ms: usize,
    /// How many of a thousand commands, answers and events take longer.
    pub slow_per_mille: usize,
    /// How much longer, at most.
    pub slow_ms: usize,
    /// How many of a thousand events get lost, with nobody noticing.
    pub lost_per_mille: usize,
    /// How many of a thousand events come twice.
    pub twice_per_mille: usize,
    /// How long a node waits for an answer.
    pub timeout_ms: u64,
}

impl Cluster {
    /// One empty server, and as many nodes, in weather in which nothing takes time.
    pub fn new(clock: &Arc<HandClock>, nodes: usize) -> Self {
        Self::traced(clock, nodes, 0, Trace::default())
    }

    /// The same. Same seed, same faults.
    pub(super) fn traced(clock: &Arc<HandClock>, nodes: usize, seed: u64, trace: Trace) -> Self {
        let link = |nth| Link::new(Arc::new(NodeClock::new(clock.clone(), nth)));
        let state = State {
            servers: vec![Server::new(0, 0, Data::default())],
            links: (0..nodes as u64).map(link).collect(),
            dice: Dice::new(seed),
            weather: Weather::default(),
        };
        Self {
            shared: Arc::new(Shared {
                clock: clock.clone(),
                network: Executor::new(None),
                state: Mutex::new(state),
                trace,
            }),
        }
    }

    /// From now on the links are like this.
    pub(super) fn set_weather(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// What the server that takes writes has, and its clock.
    pub(super) fn with_primary<T>(&self, look: impl FnOnce(&Data, Timestamp) -> T) -> T {
        let state = self.state();
        let server = state.primary();
        look(&state.servers[server].data, self.time(&state, server))
    }

    /// When a room changed last in the server that takes writes.
    pub(super) fn changed_at(&self, room: &RoomId) -> u64 {
        let state = self.state();
        let changed = &state.servers[state.primary()].changed_at;
        changed.get(room).copied().unwrap_or_default()
    }

    /// The clock of the server that takes writes.
    pub fn server_time(&self) -> Timestamp {
        self.with_primary(|_, time| time)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        self.shared.clock.passed()
    }

    fn trace(&self) -> &Trace {
        &self.shared.trace
    }

    fn time(&self, state: &State, server: usize) -> Timestamp {
        let wall = self.shared.clock.wall().0;
        Timestamp(wall.saturating_add_signed(state.servers[server].ahead))
    }

    /// Does something at a server, and sends what it publishes.
    fn perform<T>(
        &self,
        server: usize,
        work: impl FnOnce(&mut Desk<'_>) -> (T, Option<(RoomId, Published)>),
    ) -> (T, Witness) {
        let (done, witness, outgoing) = {
            let mut state = self.state();
            let state = &mut *state;
            let time = self.time(state, server);
            let (done, published) = work(&mut Desk {
                servers: &mut state.servers,
                server,
                time,
            });
            let at = &mut state.servers[server];
            let identity = at.identity.clone();
            let outgoing = match published {
                Some((room, published)) => {
                    at.changed_at.insert(room.clone(), self.now());
                    self.address(state, server, &room, &published)
                }
                None => Vec::new(),
            };
            (done, Witness { identity, time }, outgoing)
        };
        for outgoing in outgoing {
            self.carry(outgoing);
        }
        (done, witness)
    }

    /// To whom an event goes, and when it will be there.
    fn address(
        &self,
        state: &mut State,
        server: usize,
        room: &RoomId,
        published: &Published,
    ) -> Vec<Outgoing> {
        let now = self.now();
        let mut outgoing = Vec::new();
        let ears = state.servers[server].ears.get(room).cloned();
        for (link, life) in ears.unwrap_or_default() {
            let (times, span) = {
                let Weather {
                    lost_per_mille,
                    twice_per_mille,
                    ..
                } = state.weather;
                let lost = now < state.links[link].deaf_until || state.chance(lost_per_mille);
                let twice = state.chance(twice_per_mille);
                let span = state.span(self.trace(), "event delayed");
                (usize::from(!lost) + usize::from(twice && !lost), span)
            };
            let what = || {
                format!(
                    "for n{link}: {:?} of {}",
                    published.version, published.event.conn
                )
            };
            match times {
                0 => self.trace().fault("event lost", what),
                2 => self.trace().fault("event twice", what),
                _ => {}
            }
            for _ in 0..times {
                let told_at = &mut state.links[link].told_at;
                *told_at = (*told_at).max(now + span);
                outgoing.push(Outgoing {
                    link,
                    life,
                    server,
                    due: *told_at,
                    room: room.clone(),
                    published: published.clone(),
                });
            }
        }
        outgoing
    }

    fn carry(&self, outgoing: Outgoing) {
        if outgoing.due <= self.now() {
            return self.bring(outgoing);
        }
        let cluster = self.clone();
        self.shared.network.spawn(Box::pin(async move {
            cluster.sleep_until(outgoing.due).await;
            cluster.bring(outgoing);
        }));
    }

    fn bring(&self, outgoing: Outgoing) {
        let (now, state) = (self.now(), self.state());
        let link = &state.links[outgoing.link];
        let connected = link.life == outgoing.life && link.feed_server == outgoing.server;
        if connected && link.hears(now) && !state.servers[outgoing.server].dead {
            link.tell(Brought::Published(outgoing.room, outgoing.published));
        }
    }

    async fn sleep_until(&self, due: u64) {
        let span = Duration::from_millis(due.saturating_sub(self.now()));
        self.shared.clock.sleep(span).await;
    }
}

impl Desk<'_> {
    fn data(&mut self) -> &mut Data {
        &mut self.servers[self.server].data
    }

    /// Call before each write.
    fn remember(&mut self) {
        self.servers[self.server].remember();
    }

    fn name(&self) -> &str {
        &self.servers[self.server].identity.0
    }
}

impl State {
    /// The server that takes writes; during a split brain, the newer one.
    fn primary(&self) -> usize {
        self.servers.len() - 1
    }

    fn chance(&mut self, per_mille: usize) -> bool {
        per_mille > 0 && self.dice.below(1000) < per_mille
    }

    /// How long something takes now.
    fn span(&mut self, trace: &Trace, when_slow: &'static str) -> u64 {
        let Weather {
            usual_ms,
            slow_per_mille,
            slow_ms,
            ..
        } = self.weather;
        if usual_ms == 0 {
            return 0;
        }
        let mut span = 1 + self.dice.below(usual_ms) as u64;
        if self.chance(slow_per_mille) {
            let more = 1 + self.dice.below(slow_ms) as u64;
            trace.fault(when_slow, || format!("by {more} ms"));
            span += more;
        }
        span
    }
}

impl Stage for Cluster {
    fn store(&self) -> Arc<dyn PresenceStore> {
        self.way(0)
    }

    fn way(&self, node: usize) -> Arc<dyn PresenceStore> {
        Arc::new(Way::new(self.clone(), node))
    }

    fn clock(&self, node: usize, _: &Arc<HandClock>) -> Arc<dyn Clock> {
        self.state().links[node].clock.clone()
    }

    fn feed(&self, node: usize) -> Arc<dyn Feed> {
        Arc::new(Way::new(self.clone(), node))
    }

    fn attach(&self, node: usize, sink: Arc<dyn FeedSink>, tasks: &dyn Tasks) {
        let (ear, mut brought) = unbounded();
        self.state().links[node].begin_life(ear);
        tasks.spawn(Box::pin(async move {
            while let Some(brought) = brought.next().await {
                match brought {
                    Brought::Published(room, published) => sink.published(&room, published),
                    Brought::Interrupted => sink.interrupted(None),
                }
            }
        }));
    }

    fn lose_events(&self, node: usize, count: usize) -> bool {
        let mut state = self.state();
        let deaf_until = if count > 0 { u64::MAX } else { 0 };
        state.links[node].deaf_until = deaf_until;
        true
    }

    fn dies(&self, node: usize) {
        self.state().links[node].end_life();
    }

    fn size(&self) -> Option<(usize, usize)> {
        Some(self.with_primary(|data, _| data.size()))
    }

    fn run(&self) -> bool {
        self.shared.network.run()
    }
}
