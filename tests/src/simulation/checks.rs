//! What must be so after every step, and in the end.

use std::collections::BTreeMap;

use rtm_domain::ids::{ConnId, RoomId};

use super::play::{CHAOS_MS, Play, ROOMS};
use crate::roster::{Roster, Shows};

/// How often and how long apart it is looked whether all agree: a command may be on its way.
const LOOKS_MAX: usize = 40;
const BETWEEN_LOOKS_MS: u64 = 37;

impl Play {
    /// After every step.
    pub(super) fn look(&mut self) {
        self.hear();
        for violation in self.world.violations() {
            self.trace.violation(violation);
        }
        for (nth, socket) in self.world.sockets().iter().enumerate() {
            // A server that lost a resume may say that the older presence left.
            if self.profile.writes_last && socket.peer.was_told_own_leave() {
                self.trace
                    .violation(format!("socket {nth} was told its own leave"));
            }
        }
        self.nobody_is_shown_for_too_long();
        if let Some(fresh_ms) = self.profile.fresh_ms {
            self.rosters_are_fresh(fresh_ms);
        }
    }

    /// P7.
    fn nobody_is_shown_for_too_long(&mut self) {
        let Some(max) = self.profile.shown_ms_max else {
            return;
        };
        let max = max + self.policy.linger.as_millis() as u64;
        let now = self.now();
        let mut shown = Vec::new();
        for (nth, roster) in self.rosters() {
            let members = roster.members().into_iter().flatten();
            shown.extend(members.map(|(conn, _)| (nth, conn.clone())));
        }
        for (nth, conn) in shown {
            let sign = *self.signs.entry(conn.clone()).or_insert(now);
            if now > sign + max {
                let silent = now - sign;
                let violation = format!("P7: socket {nth} sees {conn}, silent for {silent} ms");
                self.trace.violation(violation);
            }
        }
    }

    /// P5: where nothing is lost and little takes time, what the store has is soon shown.
    fn rosters_are_fresh(&self, fresh_ms: u64) {
        for room in ROOMS.map(RoomId::trusted) {
            if self.cluster.changed_at(&room) + fresh_ms > self.now() {
                continue;
            }
            for violation in self.disagreements(&room) {
                self.trace
                    .violation(format!("{violation} after {fresh_ms} ms"));
            }
        }
    }

    /// In the end.
    pub(super) fn all_agree(&mut self) {
        let mut disagree = Vec::new();
        for _ in 0..LOOKS_MAX {
            disagree = self.disagree_in_the_end();
            if disagree.is_empty() || self.trace.is_broken() {
                return;
            }
            self.pass(BETWEEN_LOOKS_MS);
        }
        for violation in disagree {
            self.trace.violation(violation);
        }
    }

    fn disagree_in_the_end(&self) -> Vec<String> {
        debug_assert!(self.now() > CHAOS_MS, "faults are over");
        let mut broken = Vec::new();
        for room in ROOMS.map(RoomId::trusted) {
            broken.extend(self.disagreements(&room));
            let mut stored = self.stored(&room);
            for (nth, client) in self.clients.iter().enumerate() {
                if client.room != room {
                    continue;
                }
                let Some(held) = client.held.as_ref().filter(|_| client.joined) else {
                    broken.push(format!("P5: k{nth} is not in {room} in the end"));
                    continue;
                };
                match stored.remove(&held.conn) {
                    None => broken.push(format!("P7: k{nth} is missing as {}", held.conn)),
                    Some(shows) if shows.epoch != held.epoch => {
                        let (has, is) = (held.epoch, shows.epoch);
                        broken.push(format!("P2: k{nth} has {has:?}, stored is {is:?}"));
                    }
                    Some(shows) if shows.state != client.state && !client.unsure => {
                        let (has, is) = (&client.state, shows.state);
                        broken.push(format!("k{nth} showed {has:?}, stored is {is:?}"));
                    }
                    Some(_) => {}
                }
            }
            for conn in stored.keys() {
                broken.push(format!("P7: nobody is behind {conn} in {room} in the end"));
            }
        }
        broken
    }

    /// The rosters of a room that are not what the store has.
    fn disagreements(&self, room: &RoomId) -> Vec<String> {
        let stored = self.stored(room);
        let mut broken = Vec::new();
        for (nth, roster) in self.rosters() {
            let in_it = self.clients[self.sockets[nth].client].room == *room;
            if let Some(members) = roster.members().filter(|it| in_it && **it != stored) {
                broken.push(format!(
                    "P5: {room} is {stored:?}, socket {nth} sees {members:?}"
                ));
            }
        }
        broken
    }

    /// What the sockets of the nodes that run see.
    fn rosters(&self) -> Vec<(usize, Roster)> {
        let mut rosters = Vec::new();
        for (nth, socket) in self.world.sockets().iter().enumerate() {
            if socket.is_open() && self.world.node(socket.node).is_running() {
                let room = &self.clients[self.sockets[nth].client].room;
                rosters.extend(socket.peer.roster(room).map(|roster| (nth, roster)));
            }
        }
        rosters
    }

    fn stored(&self, room: &RoomId) -> BTreeMap<ConnId, Shows> {
        self.cluster.with_primary(|data, _| {
            let shows = data.live(room).map(|(conn, kept)| {
                let record = kept.record.clone();
                let (user, epoch, state) = (record.user, record.epoch, record.state);
                (conn.clone(), Shows { user, epoch, state })
            });
            shows.collect()
        })
    }
}
