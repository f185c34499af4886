//! What users are told.

use crate::audit::Told;
use crate::clock;
use crate::mark::Who;
use crate::metric::Metric;
use crate::plan::{Scenario, Until};
use crate::wire::{self, Answer, Chat, Event, Heard, Joined, Kind};

use super::state::{Part, Pending, State};

impl State {
    /// A packet came. `false`: it is for the connection itself.
    pub(super) fn hear(&mut self, at: usize, packet: &str) -> bool {
        let Some(heard) = wire::read(packet) else {
            return false;
        };
        if self.part == Part::Over {
            return true;
        }
        let now = clock::now();
        match heard {
            Heard::Presence(event) => self.presence(at, &event, now),
            Heard::Chat(message) => self.message(at, &message, now),
            Heard::Ack(id, body) => self.answered(at, id, body, now),
            Heard::Lost => self.counts.lost += 1,
            Heard::Draining => self.counts.draining += 1,
            Heard::Unreadable => self.faults.unreadable += 1,
        }
        true
    }

    fn presence(&mut self, at: usize, event: &Event<'_>, now: u64) {
        let Some(who) = Who::read(&self.plan.run, &event.user_id) else {
            return;
        };
        self.count_event(now);
        let comes_and_goes = who.member >= self.plan.users;
        let told = match (event.kind, event.mark) {
            (Kind::Join, _) if comes_and_goes => Told::Number(who.member, 2 * who.life + 1),
            (Kind::Leave, _) if comes_and_goes => Told::Number(who.member, 2 * who.life + 2),
            (Kind::Join, _) => Told::Join(who),
            (Kind::Leave, _) => Told::Leave(who),
            (Kind::Update, Some(mark)) => Told::Number(mark.sender, mark.number),
            (Kind::Update, None) => {
                self.faults.unreadable += 1;
                return;
            }
        };
        if let Some(mark) = event.mark {
            let metric = match event.kind {
                Kind::Update => Metric::EventUpdate,
                _ => Metric::EventJoin,
            };
            self.delivered(metric, mark.due_ns, now);
        }
        self.take(at, told, event.version);
    }

    fn message(&mut self, at: usize, message: &Chat<'_>, now: u64) {
        self.count_event(now);
        let Some(mark) = message.mark() else {
            self.faults.unreadable += 1;
            return;
        };
        self.delivered(Metric::EventChat, mark.due_ns, now);
        let told = Told::Message(mark.sender, mark.number);
        self.take(at, told, message.order());
    }

    fn take(&mut self, at: usize, told: Told, order: Option<u64>) {
        if let Some(receiver) = &mut self.users[at].receiver {
            receiver.take(told, order, &mut self.faults);
        }
        if let (Told::Number(sender, number) | Told::Message(sender, number), Until::Delivery) =
            (told, self.plan.until)
        {
            self.reached(at, (sender, number));
        }
    }

    fn count_event(&mut self, now: u64) {
        self.counts.events += 1;
        if self
            .span
            .is_some_and(|span| (span.measure..span.end).contains(&now))
        {
            self.counts.measured_events += 1;
        }
    }

    fn delivered(&mut self, metric: Metric, due: u64, now: u64) {
        self.latency(metric, due, now);
        if now.saturating_sub(due) > self.plan.late_ns {
            self.faults.late += 1;
        }
    }

    /// One more member was told of an event that has to reach all.
    fn reached(&mut self, at: usize, event: (u32, u32)) {
        let room = self.users[at].room;
        let awaited = self.rooms.get_mut(&room).map(|room| &mut room.awaited);
        if let Some(awaited) = awaited.and_then(|awaited| awaited.get_mut(&event)) {
            awaited.left = awaited.left.saturating_sub(1);
            self.complete(room, event);
        }
    }

    /// Ends an event that was answered and has reached all.
    fn complete(&mut self, room: u32, event: (u32, u32)) {
        let Some(awaiting) = self.rooms.get_mut(&room).map(|room| &mut room.awaited) else {
            return;
        };
        let over = |it: &super::state::Awaited| it.left == 0 && it.answered;
        if awaiting.get(&event).is_some_and(over)
            && let Some(awaited) = awaiting.remove(&event)
        {
            self.latency(Metric::Complete, awaited.due, clock::now());
            if awaited.token {
                self.next_in(room);
            }
        }
    }

    fn answered(&mut self, at: usize, id: u64, body: &str, now: u64) {
        let user = &mut self.users[at];
        let Some(place) = user.pending.iter().position(|it| it.id == id) else {
            return;
        };
        let Some(pending) = user.pending.remove(place) else {
            return;
        };
        let answer: Answer<'_> = match serde_json::from_str(body) {
            Ok(answer) => answer,
            Err(_) => return self.failed(at, pending, "unreadable answer"),
        };
        if !answer.ok {
            return self.failed(at, pending, &answer.reason());
        }
        let patched = pending.number.is_some();
        let beat = matches!(pending.metric, Metric::Heartbeat | Metric::Update);
        if beat && patched && answer.changed == Some(false) {
            return self.failed(at, pending, "unchanged");
        }
        if pending.metric == Metric::Join && !self.joined(at, body) {
            return self.failed(at, pending, "unreadable answer");
        }
        self.latency(pending.metric, pending.due, now);
        let measured = self
            .span
            .is_some_and(|span| (span.measure..span.end).contains(&now));
        if measured && pending.metric != Metric::Keepalive {
            self.counts.measured += 1;
        }
        self.go_on(at, pending, now);
        if pending.metric == Metric::Join && self.plan.scenario == Scenario::Storm {
            let all = self.users.iter().all(|user| user.joined);
            // From the instant at which all began.
            if all {
                self.latency(Metric::Complete, pending.due, now);
            }
        }
    }

    /// Takes in the answer to a join, if it can be read.
    fn joined(&mut self, at: usize, body: &str) -> bool {
        let Ok(joined) = serde_json::from_str::<Joined<'_>>(body) else {
            return false;
        };
        let plan = self.plan.clone();
        let entries = joined.snapshot.iter().filter_map(|entry| {
            let who = Who::read(&plan.run, &entry.user_id)?;
            Some((who, entry.mark.map_or(0, |mark| mark.number)))
        });
        let user = &mut self.users[at];
        if let Some(receiver) = &mut user.receiver {
            receiver.snapshot(entries, joined.version, user.away);
        }
        if let Some(ttl_ms) = joined.ttl_ms {
            user.keepalive_ns = ttl_ms * clock::MILLISECOND / 3;
        }
        user.joined = true;
        user.tried = true;
        self.counts.joined += 1;
        if std::mem::take(&mut user.away) {
            self.counts.reconnects += 1;
        }
        true
    }

    /// What follows a good answer.
    fn go_on(&mut self, at: usize, pending: Pending, now: u64) {
        let (room, seat) = (self.users[at].room, self.users[at].seat);
        if seat >= self.plan.users {
            return self.go_on_cycle(at, pending, now);
        }
        let key = pending.number.map(|number| (seat, number));
        let awaiting = self.rooms.get_mut(&room).map(|room| &mut room.awaited);
        if let (Some(key), Some(awaiting)) = (key, awaiting)
            && let Some(awaited) = awaiting.get_mut(&key)
        {
            awaited.answered = true;
            return self.complete(room, key);
        }
        if pending.token {
            self.next_in(room);
        }
    }

    /// What follows a bad answer, or none.
    pub(super) fn failed(&mut self, at: usize, pending: Pending, reason: &str) {
        self.error(pending.metric, reason);
        let user = &mut self.users[at];
        let (room, seat) = (user.room, user.seat);
        user.sent.unsure.extend(pending.number);
        if pending.metric == Metric::Join {
            user.tried = true;
        }
        if seat >= self.plan.users {
            return self.end_cycle(at, false);
        }
        if let (Some(number), Some(room)) = (pending.number, self.rooms.get_mut(&room)) {
            room.awaited.remove(&(seat, number));
        }
        if pending.token {
            // Not at once: a server that refuses all is not to be asked without pause.
            if let Some(room) = self.rooms.get_mut(&room) {
                room.idle_tokens += 1;
            }
        }
    }
}
