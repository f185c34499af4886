//! Lets things go wrong.

use std::collections::BTreeSet;

use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::ports::Place;

use super::cluster::Disaster;
use super::play::{CHAOS_MS, PAUSE_MS_MAX, Play, ROOMS};
use super::profile::Kind;

/// What happens to nodes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Later {
    Restart(usize),
    Unpause(usize, bool),
}

impl Play {
    /// One thing goes wrong. Returns when the next may.
    pub(super) fn go_wrong(&mut self) -> u64 {
        let kinds = self.profile.kinds;
        let kind = kinds[self.dice.below(kinds.len())];
        let node = self.dice.below(self.nodes);
        match kind {
            Kind::Crash => self.crash(node),
            Kind::Hiccup => self.pause(node, "hiccup", 20..300),
            Kind::Pause => self.pause(node, "pause", 300..PAUSE_MS_MAX),
            Kind::LongPause => self.pause(node, "long pause", 500..9000),
            Kind::Cut => {
                let ms = self.until_calm(100..9000);
                self.strike("cut", Disaster::Cut { node, ms });
            }
            Kind::OneWay => {
                let ms = self.until_calm(100..6000);
                self.strike("cut one way", Disaster::OneWay { node, ms });
            }
            Kind::Outage => {
                let ms = self.until_calm(100..9000);
                self.strike("store away", Disaster::Outage { ms });
            }
            Kind::Frozen => {
                let ms = self.until_calm(100..5000);
                self.strike("store frozen", Disaster::Frozen { ms });
            }
            Kind::Restart => {
                let ms = self.until_calm(50..6000);
                self.strike("store restarted", Disaster::Restart { ms });
            }
            Kind::DataLoss => {
                let ms = self.roll(20..500);
                self.strike("data lost", Disaster::DataLoss { ms });
            }
            Kind::FailOver => self.fail_over("failover", 0, false),
            Kind::SkewedFailOver => {
                let skews = [-5000, -1500, 1500, 5000];
                let skew_ms = skews[self.dice.below(skews.len())];
                self.fail_over("failover, clock off", skew_ms, false);
            }
            Kind::SplitBrain => self.fail_over("split brain", 0, true),
            Kind::ClockJump => {
                let jumps = [-3_600_000, -2000, 2000, 3_600_000];
                let by_ms = jumps[self.dice.below(jumps.len())];
                self.strike("store clock jumped", Disaster::ClockJump { by_ms });
            }
            Kind::Calendar => {
                let ahead_ms = self.dice.below(7_200_000) as i64 - 3_600_000;
                self.strike("node calendar off", Disaster::Calendar { node, ahead_ms });
            }
            Kind::Deaf => {
                let ms = self.until_calm(50..1500);
                self.strike("deaf", Disaster::Deaf { node, ms });
            }
            Kind::Kick => self.kick(node),
            Kind::KickUnnoticed => self.kick_unnoticed(node),
        }
        let apart_ms = self.profile.apart_ms;
        self.now() + self.roll(apart_ms..apart_ms + 3700)
    }

    /// Nothing goes wrong any more.
    pub(super) fn calm_down(&mut self) {
        self.trace.line(|| "all faults are over".into());
        for (_, later) in std::mem::take(&mut self.later) {
            self.happen(later);
        }
        self.cluster.recover();
        let mut weather = self.profile.weather;
        (weather.slow_per_mille, weather.lost_per_mille) = (0, 0);
        self.cluster.set_weather(weather);
    }

    pub(super) fn happen(&mut self, later: Later) {
        self.trace.line(|| format!("{later:?}"));
        match later {
            Later::Restart(node) => {
                self.world.restart(node);
            }
            Later::Unpause(node, timers_first) => {
                self.world.unpause(node, timers_first);
                self.decoded(node);
            }
        }
    }

    fn crash(&mut self, node: usize) {
        if !self.world.node(node).is_running() {
            return;
        }
        self.trace.fault("node crashed", || format!("n{node}"));
        self.world.kill(node);
        let at = self.now() + self.until_calm(100..6000);
        self.later.insert((at, Later::Restart(node)));
    }

    fn pause(&mut self, node: usize, name: &'static str, span: std::ops::Range<u64>) {
        if !self.world.node(node).is_running() {
            return;
        }
        let ms = self.until_calm(span);
        self.trace.fault(name, || format!("n{node} for {ms} ms"));
        self.world.pause(node);
        let timers_first = self.dice.below(2) == 0;
        let at = self.now() + ms;
        self.later.insert((at, Later::Unpause(node, timers_first)));
    }

    fn fail_over(&mut self, name: &'static str, skew_ms: i64, splits: bool) {
        let lags = [0, 1, 2, 5, 15, 40];
        let lag = lags[self.dice.below(lags.len())];
        let mut stay = BTreeSet::new();
        if splits {
            for node in 0..self.nodes {
                if self.dice.below(10) < 4 {
                    stay.insert(node);
                }
            }
        }
        let disaster = Disaster::FailOver {
            ms: self.roll(20..500),
            lag,
            skew_ms,
            stay,
            split_ms: self.until_calm(100..6000),
        };
        self.strike(name, disaster);
    }

    fn kick(&mut self, node: usize) {
        if !self.world.node(node).is_running() {
            return;
        }
        let room = RoomId::trusted(ROOMS[self.dice.below(ROOMS.len())]);
        let live: Vec<_> = self.cluster.with_primary(|data, _| {
            let live = data.live(&room).filter(|(_, it)| it.place == Place::Live);
            live.map(|(conn, _)| conn.clone()).collect()
        });
        if live.is_empty() {
            return;
        }
        let conn = live[self.dice.below(live.len())].clone();
        self.kick_conn(node, room, conn);
    }

    fn kick_unnoticed(&mut self, node: usize) {
        let client = &self.clients[self.dice.below(self.clients.len())];
        let (Some(socket), Some(held)) = (client.socket, &client.held) else {
            return;
        };
        let (room, conn) = (client.room.clone(), held.conn.clone());
        let its_node = self.world.socket(socket).node;
        if its_node != node && self.world.node(node).is_running() {
            self.pause(its_node, "long pause", 6500..9000);
            let deaf = Disaster::Deaf {
                node: its_node,
                ms: 500,
            };
            self.strike("deaf", deaf);
            self.kick_conn(node, room, conn);
        }
    }

    fn kick_conn(&mut self, node: usize, room: RoomId, conn: ConnId) {
        self.trace.fault("kick", || format!("{conn} by n{node}"));
        let service = self.world.node(node).service.clone();
        let kick = async move {
            // Whether there was somebody is told to whoever asked.
            let _ = service.kick(&room, &conn).await;
        };
        self.world.spawn(node, Box::pin(kick));
    }

    fn strike(&mut self, name: &'static str, disaster: Disaster) {
        self.trace.fault(name, || format!("{disaster:?}"));
        self.cluster.strike(&disaster);
    }

    /// A span that is over when all faults are.
    fn until_calm(&mut self, span: std::ops::Range<u64>) -> u64 {
        let left = CHAOS_MS.saturating_sub(self.now());
        self.roll(span).min(left.max(1))
    }
}
