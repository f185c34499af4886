//! Reads what the sockets were told, and checks it.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::Lost;
use rtm_domain::presence::policy::LeaseMode;
use rtm_tests::peer::Heard;

use super::{Held, Play};
use crate::invariants::step::ROOMS;

impl Play {
    /// Reads what the sockets were told, and checks it.
    pub(super) fn look(&mut self) -> Result<(), TestCaseError> {
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
        for (nth, socket) in self.world.sockets().iter().enumerate() {
            prop_assert!(
                !socket.peer.was_told_own_leave(),
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

    /// `TRACE=1` prints a history.
    pub(super) fn trace(&self, line: impl FnOnce(u64) -> String) {
        if std::env::var_os("TRACE").is_some() {
            println!("{}", line(self.world.clock.passed()));
        }
    }

    pub(super) fn hear(&mut self, socket: usize, heard: Heard) -> Result<(), TestCaseError> {
        let now = self.world.clock.passed();
        self.trace(|now| format!("{now}   socket {socket}: {heard:?}"));
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
}
