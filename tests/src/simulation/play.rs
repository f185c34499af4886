//! Plays one schedule: from its seed come the nodes, the clients, what they do, and what goes
//! wrong. After every step all invariants are checked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use rtm_domain::ids::{ConnId, RoomId, UserId};
use rtm_domain::presence::epoch::{Epoch, Version};
use rtm_domain::presence::policy::Policy;
use rtm_domain::presence::state::State;
use rtm_domain::service::{Farewell, ResumeAsk};

use super::Outcome;
use super::chaos::Later;
use super::client::Client;
use super::cluster::Cluster;
use super::profile::{PROFILES, Profile};
use super::trace::Trace;
use crate::clock::HandClock;
use crate::dice::Dice;
use crate::world::{Ask, World, ms};

pub(super) const ROOMS: [&str; 2] = ["lobby", "kitchen"];
/// Where clients go on errands.
pub(super) const HALL: &str = "hall";
/// Until when things go wrong, in milliseconds.
pub(super) const CHAOS_MS: u64 = 18_000;
/// How often it is looked what sockets were told, at least.
pub(super) const LOOK_MS: u64 = 50;
/// For how long a node stands still at most where nobody may be dropped, in milliseconds.
pub(super) const PAUSE_MS_MAX: u64 = 5000;

/// One schedule.
pub(super) struct Play {
    pub(super) world: World,
    pub(super) cluster: Cluster,
    pub(super) trace: Trace,
    pub(super) policy: Policy,
    pub(super) profile: Profile,
    pub(super) nodes: usize,
    pub(super) dice: Dice,
    pub(super) clients: Vec<Client>,
    pub(super) sockets: Vec<Known>,
    /// Messages on their way to nodes, by when they arrive.
    mail: BTreeMap<(u64, u64), Letter>,
    letters: u64,
    pub(super) later: BTreeSet<(u64, Later)>,
    /// When the last sign of a connection's owner arrived at a node.
    pub(super) signs: BTreeMap<ConnId, u64>,
}

/// What is known of a socket from outside.
pub(super) struct Known {
    pub(super) client: usize,
    pub(super) sent: VecDeque<Sent>,
    /// What it was given.
    pub(super) given: Option<(ConnId, Epoch)>,
    /// When the last message that keeps it alive was decoded, as far as was answered.
    pub(super) alive: Option<u64>,
    /// When messages that keep it alive arrived.
    pub(super) arrived: Arrived,
    posted_at: u64,
}

/// When signs of life arrived.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Arrived {
    last: Option<u64>,
    /// When the last one arrived that came too late.
    late: Option<u64>,
}

impl Arrived {
    pub(super) fn note(&mut self, now: u64, ttl_ms: u64) {
        if self.last.is_some_and(|last| now >= last + ttl_ms) {
            self.late = Some(now);
        }
        self.last = Some(now);
    }

    /// Whether they came in time up to `now`, as far back as a paused node may have missed them.
    pub(super) fn in_time(self, ttl_ms: u64, now: u64) -> bool {
        let missed = |late| now < late + PAUSE_MS_MAX + ttl_ms;
        self.last.is_some_and(|last| now < last + ttl_ms) && !self.late.is_some_and(missed)
    }
}

/// A message that was sent and not answered.
pub(super) struct Sent {
    pub(super) what: What,
    /// When it arrived at its node, which may have been paused.
    pub(super) arrived: Option<u64>,
    pub(super) decoded: Option<u64>,
    /// The version that its socket held when it was sent.
    pub(super) held: Option<Version>,
}

/// What was sent.
#[derive(Debug, Clone)]
pub(super) enum What {
    Join(Option<State>, Option<ResumeAsk>),
    Beat(Epoch, Option<State>),
    Leave,
    /// Joins another room.
    Errand,
    Close(Farewell),
}

struct Letter {
    socket: usize,
    ask: Ask,
}

impl Play {
    pub(super) fn new(seed: u64, writes_trace: bool) -> Self {
        let clock = HandClock::new();
        let trace = Trace::new(clock.clone(), writes_trace);
        let mut dice = Dice::new(seed);
        let profile = PROFILES[(seed % PROFILES.len() as u64) as usize];
        let nodes = 2 + dice.below(3);
        let linger = [0, 0, 0, 1500][dice.below(4)];
        let policy = Policy {
            ttl: ms(3000),
            sweep_interval: ms(500),
            lookback: ms(6000),
            linger: ms(linger),
            ..Policy::default()
        };
        let cluster = Cluster::traced(&clock, nodes, dice.roll(), trace.clone());
        cluster.set_weather(profile.weather);
        trace.line(|| {
            format!(
                "seed {seed}: {}, {nodes} nodes, linger {linger} ms",
                profile.name
            )
        });
        let stage = std::sync::Arc::new(cluster.clone());
        let world = World::on(stage, clock, policy, nodes, Some(dice.roll()));
        let count = 3 + dice.below(3);
        // Now and then all come at once.
        let within_ms = [60, 2000][dice.below(2)];
        let client = |nth| Client::new(nth, within_ms, &mut dice);
        let clients = (0..count).map(client).collect();
        Self {
            world,
            cluster,
            trace,
            policy,
            profile,
            nodes,
            dice,
            clients,
            sockets: Vec::new(),
            mail: BTreeMap::new(),
            letters: 0,
            later: BTreeSet::new(),
            signs: BTreeMap::new(),
        }
    }

    /// Plays it, until an invariant is broken or to its end.
    pub(super) fn run(mut self) -> Outcome {
        let mut wrong_at = 500 + self.roll(0..3000);
        let mut chaos = true;
        let end = CHAOS_MS + self.recovery_ms();
        while self.now() < end && !self.trace.is_broken() {
            let next = [
                self.mail.keys().next().map(|(at, _)| *at),
                self.later.first().map(|(at, _)| *at),
                self.clients.iter().map(|client| client.acts_at).min(),
                chaos.then_some(wrong_at.min(CHAOS_MS)),
                Some(self.now() + LOOK_MS),
            ];
            let next = next.into_iter().flatten().min().unwrap_or(end);
            self.world.advance(next.saturating_sub(self.now()));
            self.look();
            self.step();
            if chaos && self.now() >= CHAOS_MS {
                chaos = false;
                self.calm_down();
            } else if chaos && self.now() >= wrong_at {
                wrong_at = self.go_wrong();
            }
            self.world.settle();
            self.look();
        }
        if !self.trace.is_broken() {
            self.all_agree();
        }
        let (trace, violations, tally, steps) = self.trace.take();
        Outcome {
            trace,
            violations,
            tally,
            steps,
        }
    }

    /// Lets time pass without faults.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now() + ms;
        while self.now() < end {
            let next = [
                self.mail.keys().next().map(|(at, _)| *at),
                self.clients.iter().map(|client| client.acts_at).min(),
            ];
            let next = next.into_iter().flatten().min().unwrap_or(end).min(end);
            self.world.advance(next.saturating_sub(self.now()));
            self.look();
            if self.now() < end {
                self.step();
                self.world.settle();
                self.look();
            }
        }
    }

    /// Does one thing that is due.
    fn step(&mut self) {
        let now = self.now();
        if let Some(first) = self.mail.first_entry().filter(|it| it.key().0 <= now) {
            let letter = first.remove();
            return self.deliver(letter);
        }
        if let Some(&(at, later)) = self.later.first()
            && at <= now
        {
            self.later.remove(&(at, later));
            return self.happen(later);
        }
        let due = |client: &Client| client.acts_at <= now;
        if let Some(client) = self.clients.iter().position(due) {
            self.act(client);
        }
    }

    pub(super) fn open_socket(&mut self, client: usize, node: usize) -> usize {
        let socket = self.world.connect(node);
        self.sockets.push(Known {
            client,
            sent: VecDeque::new(),
            given: None,
            alive: None,
            arrived: Arrived::default(),
            posted_at: 0,
        });
        socket
    }

    pub(super) fn post(&mut self, socket: usize, what: What, ask: Ask, at: u64) {
        self.trace
            .line(|| format!("socket {socket} sends {what:?}, to arrive at {at}"));
        let room = &self.clients[self.sockets[socket].client].room;
        let roster = self.world.socket(socket).peer.roster(room);
        let held = roster.and_then(|roster| roster.version());
        let known = &mut self.sockets[socket];
        known.posted_at = known.posted_at.max(at);
        if !matches!(what, What::Close(_)) {
            known.sent.push_back(Sent {
                what,
                arrived: None,
                decoded: None,
                held,
            });
        }
        self.letters += 1;
        let key = (known.posted_at, self.letters);
        self.mail.insert(key, Letter { socket, ask });
    }

    fn deliver(&mut self, letter: Letter) {
        let now = self.now();
        let Letter { socket, ask } = letter;
        if !self.world.socket(socket).is_open() {
            return;
        }
        let node = self.world.socket(socket).node;
        let decoded = self.world.node(node).is_running().then_some(now);
        let ttl_ms = self.policy.ttl.as_millis() as u64 - self.margin_ms();
        let known = &mut self.sockets[socket];
        if !matches!(ask, Ask::Close(_))
            && let Some(sent) = known.sent.iter_mut().find(|sent| sent.arrived.is_none())
        {
            (sent.arrived, sent.decoded) = (Some(now), decoded);
            let signs = match &sent.what {
                What::Join(_, resume) => resume.as_ref().map(|resume| resume.conn.clone()),
                What::Beat(epoch, _) => {
                    let given = known.given.as_ref().filter(|(_, given)| given == epoch);
                    if given.is_some() {
                        known.arrived.note(now, ttl_ms);
                    }
                    given.map(|(conn, _)| conn.clone())
                }
                What::Leave | What::Errand | What::Close(_) => None,
            };
            if let Some(conn) = signs {
                self.signs.insert(conn, now);
            }
        }
        self.world.send(socket, ask);
    }

    /// A node goes on, and reads what has arrived meanwhile.
    pub(super) fn decoded(&mut self, node: usize) {
        let now = self.now();
        for (nth, known) in self.sockets.iter_mut().enumerate() {
            if self.world.socket(nth).node == node {
                for sent in known.sent.iter_mut().filter(|sent| sent.arrived.is_some()) {
                    sent.decoded.get_or_insert(now);
                }
            }
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.world.clock.passed()
    }

    pub(super) fn roll(&mut self, span: Range<u64>) -> u64 {
        span.start + self.dice.below((span.end - span.start) as usize) as u64
    }

    /// How long after the last fault all must agree: TTL + GRACE + ARM + one sweep, and, as
    /// clients give up and come back too, their patience.
    fn recovery_ms(&self) -> u64 {
        let policy = &self.policy;
        let bound = policy.ttl + policy.grace() + policy.arm() + policy.sweep_interval;
        (bound + policy.linger + policy.ttl).as_millis() as u64 + 3000
    }
}

impl Client {
    fn new(nth: usize, within_ms: usize, dice: &mut Dice) -> Self {
        Self {
            user: UserId::trusted(format!("k{nth}")),
            room: RoomId::trusted(ROOMS[usize::from(dice.below(3) == 0)]),
            socket: None,
            held: None,
            joined: false,
            waits_since: None,
            refused: 0,
            state: State::default(),
            unsure: false,
            patches_per_mille: [450, 450, 60][dice.below(3)],
            beat_ms: [900, 2550][dice.below(2)],
            acts_at: dice.below(within_ms) as u64,
        }
    }
}
