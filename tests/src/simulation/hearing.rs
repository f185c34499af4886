//! Reads what the sockets were told, lets the clients know, and checks it.

use rtm_domain::error::{Refusal, Rejection};
use rtm_domain::ids::ConnId;
use rtm_domain::ports::{Lost, Place};
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::event::{Delivery, Shown};
use rtm_domain::presence::record::{Phase, Reason};
use rtm_domain::service::{Beat, Joined};

use super::client::Held;
use super::play::{LOOK_MS, Play, Sent, What};
use crate::peer::Heard;

/// How much later something may be looked at than it was told, in milliseconds.
const LOOKED_LATE_MS: u64 = LOOK_MS + 10;

impl Play {
    /// Reads what the sockets were told.
    pub(super) fn hear(&mut self) {
        let mut told = Vec::new();
        for (nth, socket) in self.world.sockets().iter().enumerate() {
            let heard = socket.peer.take_numbered().into_iter();
            told.extend(heard.map(|(number, heard)| (number, nth, heard)));
        }
        told.sort_by_key(|(number, ..)| *number);
        for (_, socket, heard) in told {
            self.trace
                .line(|| format!("socket {socket} is told {}", short(&heard)));
            self.heard(socket, heard);
        }
    }

    fn heard(&mut self, socket: usize, heard: Heard) {
        let sent = match heard {
            Heard::Event(_, ref delivery) => return self.told(socket, delivery),
            Heard::Lost(_, conn, why) => return self.lost(socket, &conn, why),
            Heard::Joined(..) | Heard::Beat(..) | Heard::Left(..) | Heard::Synced(..) => {
                self.sockets[socket].sent.pop_front()
            }
        };
        let Some(sent) = sent else { return };
        if matches!(sent.what, What::Errand) {
            return;
        }
        match heard {
            Heard::Joined(_, Ok(joined)) => self.joined(socket, &sent, joined),
            Heard::Joined(_, Err(refusal)) => self.join_refused(socket, &refusal),
            Heard::Beat(_, outcome) => self.beaten(socket, &sent, outcome),
            Heard::Left(..) | Heard::Synced(..) | Heard::Event(..) | Heard::Lost(..) => {}
        }
    }

    fn is_current(&self, socket: usize) -> bool {
        let client = &self.clients[self.sockets[socket].client];
        client.socket == Some(socket)
    }

    fn joined(&mut self, socket: usize, sent: &Sent, joined: Joined) {
        let now = self.now();
        let ttl_ms = self.policy.ttl.as_millis() as u64 - self.margin_ms();
        let known = &mut self.sockets[socket];
        known.given = Some((joined.conn.clone(), joined.epoch));
        known.alive = Some(now);
        known.arrived.note(sent.arrived.unwrap_or(now), ttl_ms);
        self.signs.insert(joined.conn.clone(), now);
        let joins = |sent: &Sent| matches!(sent.what, What::Join(..));
        let asks_again = self.sockets[socket].sent.iter().any(joins);
        if !self.is_current(socket) {
            return;
        }
        let acts_at = now + self.roll(1..self.clients[self.sockets[socket].client].beat_ms);
        let client = &mut self.clients[self.sockets[socket].client];
        let own = joined
            .snapshot
            .entries
            .iter()
            .find(|it| it.conn == joined.conn);
        // What it asked to show may come as an event of its own, where others raised its epoch.
        let What::Join(asked, _) = &sent.what else {
            return;
        };
        if let Some(shown) = asked.as_ref().or(own.map(|own| &own.state)) {
            client.state = shown.clone();
        }
        let before = client.held.as_ref().filter(|held| held.conn == joined.conn);
        if let Some(before) = before.filter(|before| before.epoch > joined.epoch) {
            let violation = format!(
                "P2: {} was given {:?} after {:?}",
                joined.conn, joined.epoch, before.epoch
            );
            self.trace.violation(violation);
        }
        let asked = before.map_or(joined.epoch, |held| held.asked.max(joined.epoch));
        client.held = Some(Held {
            conn: joined.conn,
            key: joined.key,
            epoch: joined.epoch,
            asked,
        });
        client.unsure = false;
        if !asks_again {
            (client.joined, client.waits_since, client.refused) = (true, None, 0);
            client.acts_at = acts_at;
        }
    }

    fn join_refused(&mut self, socket: usize, refusal: &Refusal) {
        // Also an attempt is a sign of life.
        self.sockets[socket].alive = Some(self.now());
        if !self.is_current(socket) {
            return;
        }
        let nth = self.sockets[socket].client;
        let acts_at = self.now() + self.roll(50..300);
        let drops = self.dice.below(10) < 3;
        let client = &mut self.clients[nth];
        if let (Refusal::Rejected(Rejection::StaleEpoch { current }), Some(held)) =
            (refusal, &mut client.held)
        {
            held.asked = held.asked.max(*current);
        }
        (client.joined, client.waits_since) = (false, None);
        client.refused += 1;
        client.acts_at = acts_at;
        if drops || client.refused > 2 {
            self.drop_socket(nth, socket);
        }
    }

    fn beaten(&mut self, socket: usize, sent: &Sent, outcome: Result<Beat, Refusal>) {
        let What::Beat(epoch, patch) = &sent.what else {
            return;
        };
        self.check_beat(socket, sent, *epoch, &outcome);
        let now = self.now();
        let known = &mut self.sockets[socket];
        if !matches!(outcome, Err(Refusal::Rejected(_))) {
            known.alive = known.alive.max(sent.decoded);
        }
        if !self.is_current(socket) {
            return;
        }
        let nth = self.sockets[socket].client;
        let joined_meanwhile = self.clients[nth].held.as_ref().map(|held| held.epoch);
        let client = &mut self.clients[nth];
        match outcome {
            Ok(beat) => {
                if let Some(patch) = patch.as_ref().filter(|_| beat.epoch == *epoch) {
                    client.state = client.state.patched(patch).unwrap_or(client.state.clone());
                    // A later one may be on its way.
                    let waits = self.sockets[socket].sent.iter();
                    let mut waits = waits.map(|sent| &sent.what);
                    client.unsure = waits.any(|what| matches!(what, What::Beat(_, Some(_))));
                }
            }
            Err(Refusal::Rejected(rejection)) if client.joined => {
                if joined_meanwhile == Some(*epoch) && rejection != Rejection::NotPresent {
                    let violation = format!("k{nth} sent its own {epoch:?}: {rejection:?}");
                    self.trace.violation(violation);
                }
                if joined_meanwhile == Some(*epoch) {
                    client.joined = false;
                    client.acts_at = now + 1;
                }
            }
            Err(_) => {}
        }
    }

    fn check_beat(
        &self,
        socket: usize,
        sent: &Sent,
        epoch: Epoch,
        outcome: &Result<Beat, Refusal>,
    ) {
        let (Ok(beat), Some((conn, _))) = (outcome, &self.sockets[socket].given) else {
            return;
        };
        if let (Some(version), Some(held)) = (beat.version, sent.held)
            && version <= held
        {
            let violation = format!("P4: {conn} held {held:?}, and its patch is {version:?}");
            self.trace.violation(violation);
        }
        if beat.version.is_none() && self.profile.writes_last {
            self.check_honest(conn, epoch);
        }
        let ttl_ms = self.policy.ttl.as_millis() as u64;
        let tick_ms = self.policy.tick().as_millis() as u64;
        if let (Some(alive), Some(decoded)) = (self.sockets[socket].alive, sent.decoded)
            && !self.profile.pauses()
            && decoded > alive + ttl_ms + tick_ms + LOOKED_LATE_MS
        {
            let silent = decoded - alive;
            let violation = format!("P8: {conn} was silent for {silent} ms and need not join");
            self.trace.violation(violation);
        }
    }

    /// P7: `ok` means that a lease lies ahead.
    fn check_honest(&self, conn: &ConnId, epoch: Epoch) {
        let room = self.clients.iter().find_map(|client| {
            let held = client.held.as_ref()?;
            (held.conn == *conn).then_some(&client.room)
        });
        let Some(room) = room else { return };
        let lookback_ms = self.policy.lookback.as_millis() as u64;
        let over = self.cluster.with_primary(|data, now| {
            let over_at = match data.current(now, room, conn) {
                None => return true,
                Some(kept) if kept.record.epoch > epoch => return false,
                Some(kept) if kept.place == Place::Live => kept.until,
                Some(kept) => match kept.record.phase {
                    Phase::Ended(Reason::Expired) => kept.until - lookback_ms,
                    Phase::Open | Phase::Closing | Phase::Ended(_) => return false,
                },
            };
            over_at + LOOKED_LATE_MS < now.0
        });
        if over && !self.profile.clock_jumps() {
            let violation = format!("P7: {conn} was answered ok, and its lease is over");
            self.trace.violation(violation);
        }
    }

    fn lost(&mut self, socket: usize, conn: &ConnId, why: Lost) {
        let now = self.now();
        let known = &self.sockets[socket];
        let nth = known.client;
        let ttl_ms = self.policy.ttl.as_millis() as u64;
        let heard = known.arrived.in_time(ttl_ms - self.margin_ms(), now);
        let current = self.is_current(socket);
        let client = &self.clients[nth];
        let own = client.held.as_ref().is_some_and(|held| held.conn == *conn);
        if !current || !own {
            return;
        }
        if why == Lost::Expired && self.profile.nobody_is_dropped && heard && client.joined {
            let violation = format!("P7: {conn} was dropped, and it was heard of");
            self.trace.violation(violation);
        }
        if why == Lost::Replaced && self.profile.writes_last {
            let violation = format!("{conn} was replaced by an older attempt of its own client");
            self.trace.violation(violation);
        }
        let acts_at = now + self.roll(1..100);
        let client = &mut self.clients[nth];
        client.joined = false;
        if client.waits_since.is_none() {
            client.acts_at = acts_at;
        }
        if why == Lost::Kicked {
            client.held = None;
        }
    }

    fn told(&mut self, socket: usize, delivery: &Delivery) {
        let reason = match delivery.kind {
            Shown::Leave(reason) => reason,
            Shown::Join(_) | Shown::Update(_) => return,
        };
        if !matches!(reason, None | Some(Reason::Expired)) {
            return;
        }
        let now = self.now();
        let ttl_ms = self.policy.ttl.as_millis() as u64;
        let heartbeats = self.clients.iter().any(|client| {
            let here = client.held.as_ref().is_some_and(|held| {
                held.conn == delivery.conn && held.epoch == delivery.epoch && client.joined
            });
            let known = client.socket.map(|socket| &self.sockets[socket]);
            here && known.is_some_and(|it| it.arrived.in_time(ttl_ms - self.margin_ms(), now))
        });
        if !heartbeats {
            return;
        }
        if self.profile.nobody_is_missed {
            let violation = format!("P7: socket {socket} misses {}, who is there", delivery.conn);
            self.trace.violation(violation);
        } else {
            self.trace
                .fault("false leave shown", || format!("of {}", delivery.conn));
        }
    }
}

impl Play {
    /// How much earlier than a TTL a sign must come to count as in time: a pause that begins
    /// between two ticks cannot be told from listening up to the next.
    pub(super) fn margin_ms(&self) -> u64 {
        let tick_ms = self.policy.tick().as_millis() as u64;
        LOOKED_LATE_MS + if self.profile.pauses() { tick_ms } else { 0 }
    }
}

fn short(heard: &Heard) -> String {
    match heard {
        Heard::Event(_, it) => format!(
            "e{} v{}<-{} {} {:?}",
            it.epoch.number(),
            it.version.0,
            it.prev.0,
            it.conn,
            it.kind
        ),
        Heard::Joined(_, Ok(joined)) => {
            let shown = joined.snapshot.entries.iter();
            let shown: Vec<String> = shown.map(|it| it.conn.to_string()).collect();
            let (conn, epoch, version) = (&joined.conn, joined.epoch, joined.snapshot.version);
            format!(
                "joined as {conn} e{} v{} {shown:?}",
                epoch.number(),
                version.0
            )
        }
        other => format!("{other:?}"),
    }
}
