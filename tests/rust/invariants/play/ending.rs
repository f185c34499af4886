//! What must be so in the end, and on one node whose store answers at once after every step.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::ports::Conns;
use rtm_domain::presence::epoch::Version;
use rtm_domain::service::Farewell;
use rtm_tests::faults::Fault;
use rtm_tests::roster::Shows;
use rtm_tests::world::Ask;

use super::Play;
use crate::invariants::step::{CLIENTS, ROOMS};

impl Play {
    /// On one node whose store answers at once, every roster is the store (P5).
    pub(super) fn rosters_are_the_store(&self) -> Result<(), TestCaseError> {
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

    pub(super) fn stored(&self, room: &RoomId) -> BTreeMap<ConnId, Shows> {
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
    pub(super) fn calm_down(&mut self) -> Result<(), TestCaseError> {
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
    pub(super) fn all_leave(&mut self) -> Result<(), TestCaseError> {
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
