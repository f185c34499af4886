//! What goes wrong with servers and links.

use std::collections::BTreeSet;

use rtm_domain::ports::Tasks;

use super::link::Brought;
use super::server::Server;
use super::{Cluster, Data, State};

/// What goes wrong, and for how many milliseconds.
#[derive(Debug, Clone)]
pub(crate) enum Disaster {
    /// The server cannot be reached.
    Outage { ms: u64 },
    /// The server stands still, and does later what it was asked.
    Frozen { ms: u64 },
    /// The server starts again, with its data.
    Restart { ms: u64 },
    /// The server starts again, empty.
    DataLoss { ms: u64 },
    /// A replica takes over that lacks the latest `lag` writes and whose clock is `skew_ms`
    /// ahead. Nodes that stay behind write to the old one for `split_ms` longer.
    FailOver {
        ms: u64,
        lag: usize,
        skew_ms: i64,
        stay: BTreeSet<usize>,
        split_ms: u64,
    },
    /// The server's clock jumps.
    ClockJump { by_ms: i64 },
    /// A node cannot reach the store, nor the store it.
    Cut { node: usize, ms: u64 },
    /// A node reaches the store, but neither answers nor events come back.
    OneWay { node: usize, ms: u64 },
    /// A node's subscriptions are silent, and it does not know.
    Deaf { node: usize, ms: u64 },
    /// A node's calendar is set wrong.
    Calendar { node: usize, ahead_ms: i64 },
}

impl Cluster {
    /// Lets it happen.
    pub(crate) fn strike(&self, disaster: &Disaster) {
        let now = self.now();
        let mut state = self.state();
        let primary = state.primary();
        match *disaster {
            Disaster::Outage { ms } => {
                state.servers[primary].down_until = now + ms;
                self.reconnect_all(&state, now + ms);
            }
            Disaster::Frozen { ms } => state.servers[primary].frozen_until = now + ms,
            Disaster::Restart { ms } => {
                let server = &state.servers[primary];
                let (data, ahead) = (server.data.clone(), server.ahead);
                self.replace(&mut state, (data, ahead), now + ms, &BTreeSet::new());
            }
            Disaster::DataLoss { ms } => {
                let ahead = state.servers[primary].ahead;
                self.replace(
                    &mut state,
                    (Data::default(), ahead),
                    now + ms,
                    &BTreeSet::new(),
                );
            }
            Disaster::FailOver {
                ms,
                lag,
                skew_ms,
                ref stay,
                split_ms,
            } => {
                let server = &state.servers[primary];
                let replica = (server.replica(lag), server.ahead + skew_ms);
                self.replace(&mut state, replica, now + ms, stay);
                if !stay.is_empty() {
                    self.heal_later(primary, now + split_ms);
                }
            }
            Disaster::ClockJump { by_ms } => {
                let server = &mut state.servers[primary];
                server.ahead += by_ms;
                if by_ms < 0 {
                    server.book.clock_fell();
                }
            }
            Disaster::Cut { node, ms } => {
                state.links[node].cut_until = now + ms;
                self.reconnect_later(node, now + ms);
            }
            Disaster::OneWay { node, ms } => {
                state.links[node].one_way_until = now + ms;
                self.reconnect_later(node, now + ms);
            }
            Disaster::Deaf { node, ms } => state.links[node].deaf_until = now + ms,
            Disaster::Calendar { node, ahead_ms } => state.links[node].clock.set_ahead(ahead_ms),
        }
    }

    /// Nothing goes wrong any more.
    pub(crate) fn recover(&self) {
        let now = self.now();
        let mut state = self.state();
        let primary = state.primary();
        for server in &mut state.servers[..primary] {
            server.dead = true;
        }
        let server = &mut state.servers[primary];
        server.down_until = server.down_until.min(now);
        server.frozen_until = server.frozen_until.min(now);
        for link in &mut state.links {
            link.cut_until = link.cut_until.min(now);
            link.one_way_until = link.one_way_until.min(now);
            link.deaf_until = link.deaf_until.min(now);
            link.server = primary;
        }
        self.reconnect_all(&state, now);
    }

    /// Another server takes the primary's place, and is there from `from` on.
    fn replace(
        &self,
        state: &mut State,
        (data, ahead): (Data, i64),
        from: u64,
        stay: &BTreeSet<usize>,
    ) {
        let old = state.primary();
        let mut server = Server::new(state.servers.len(), ahead, data);
        server.down_until = from;
        state.servers.push(server);
        state.servers[old].dead = stay.is_empty();
        let new = state.primary();
        for node in 0..state.links.len() {
            if stay.contains(&node) && state.links[node].server == old {
                continue;
            }
            state.links[node].server = new;
            // The demoted one may keep its subscribers for a while.
            let late = state.dice.below(10) < 3;
            let late = if late {
                state.dice.below(1500) as u64
            } else {
                0
            };
            self.reconnect_later(node, from + late);
        }
    }

    /// A split brain is over: who wrote to `old` comes to the primary.
    fn heal_later(&self, old: usize, at: u64) {
        let cluster = self.clone();
        self.shared.network.spawn(Box::pin(async move {
            cluster.sleep_until(at).await;
            let now = cluster.now();
            let mut state = cluster.state();
            state.servers[old].dead = true;
            let primary = state.primary();
            for node in 0..state.links.len() {
                if state.links[node].server == old {
                    state.links[node].server = primary;
                    cluster.reconnect_later(node, now);
                }
            }
        }));
    }

    fn reconnect_all(&self, state: &State, at: u64) {
        for node in 0..state.links.len() {
            self.reconnect_later(node, at);
        }
    }

    /// A node's feed is connected again, to the server that it sends its commands to.
    fn reconnect_later(&self, node: usize, at: u64) {
        let cluster = self.clone();
        self.shared.network.spawn(Box::pin(async move {
            cluster.sleep_until(at).await;
            let mut state = cluster.state();
            // Most notice that they were away.
            let notices = state.dice.below(10) < 8;
            let link = &mut state.links[node];
            link.feed_server = link.server;
            let (server, life, rooms) = (link.server, link.life, link.rooms.clone());
            for room in rooms {
                let ears = &mut state.servers[server].ears;
                ears.entry(room).or_default().insert(node, life);
            }
            if notices {
                state.links[node].tell(Brought::Interrupted);
            }
        }));
    }
}
