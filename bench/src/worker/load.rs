//! When operations begin: at their time, whatever the server does, or as others end.

use std::sync::Arc;

use crate::clock::{self, MILLISECOND, SECOND};
use crate::metric::Metric;
use crate::plan::{Pace, Scenario};

use super::connect::connect;
use super::state::{Part, Shared, State};

/// Time between two looks for what was not answered in time, and who has been silent.
const SWEEP_NS: u64 = 100 * MILLISECOND;

/// The clockwork of a worker.
pub(super) struct Load {
    ramp_start: u64,
    ramped: usize,
    /// The next arrival of the open loop, of all processes.
    arrival: u64,
    begun: bool,
    next_sweep: u64,
}

impl Load {
    pub(super) fn new() -> Self {
        let now = clock::now();
        Self {
            ramp_start: now,
            ramped: 0,
            arrival: 0,
            begun: false,
            next_sweep: now,
        }
    }

    /// Does what is due, and says when something is due next.
    pub(super) fn turn(&mut self, shared: &Arc<Shared>, ramp: bool) -> u64 {
        let now = clock::now();
        let mut state = shared.lock();
        let mut next = self.next_sweep;
        if ramp {
            next = next.min(self.ramp(shared, &state, now));
        }
        if state.part == Part::Run
            && let Some(span) = state.span
        {
            // Also after the end: what was due before it is sent, however late.
            if now >= span.start {
                next = next.min(self.run(&mut state, span.start, span.end));
            } else {
                next = next.min(span.start);
            }
        }
        state.end_holds(now);
        if let Some((until, _)) = state.holding.front() {
            next = next.min(*until);
        }
        if now >= self.next_sweep {
            self.next_sweep = now + SWEEP_NS;
            next = next.min(self.next_sweep);
            state.sweep(now);
        }
        let to_connect = std::mem::take(&mut state.to_connect);
        drop(state);
        for (at, due) in to_connect {
            tokio::spawn(connect(shared.clone(), at, due));
        }
        next
    }

    fn ramp(&mut self, shared: &Arc<Shared>, state: &State, now: u64) -> u64 {
        let count = state.users.len();
        while self.ramped < count {
            let share = state.plan.ramp_ns as u128 * self.ramped as u128 / count as u128;
            let due = self.ramp_start + share as u64;
            if due > now {
                return due;
            }
            if state.connects_in_ramp(self.ramped) {
                tokio::spawn(connect(shared.clone(), self.ramped, due));
            }
            self.ramped += 1;
        }
        u64::MAX
    }

    fn run(&mut self, state: &mut State, start: u64, end: u64) -> u64 {
        let first = !std::mem::replace(&mut self.begun, true);
        match state.plan.pace {
            Pace::Open(rate) => self.arrivals(state, start, end, rate),
            Pace::Closed(_) => {
                if first {
                    state.give_tokens();
                }
                u64::MAX
            }
            Pace::Still => {
                if first && state.plan.scenario == Scenario::Storm {
                    for at in 0..state.users.len() {
                        state.begin(at, start, false);
                    }
                }
                u64::MAX
            }
        }
    }

    fn arrivals(&mut self, state: &mut State, start: u64, end: u64, rate: f64) -> u64 {
        let interval_ns = SECOND as f64 / rate;
        loop {
            let due = start + (self.arrival as f64 * interval_ns) as u64;
            if due >= end {
                return u64::MAX;
            }
            let now = clock::now();
            if due > now {
                return due;
            }
            let (room, seat) = state.plan.actor(self.arrival);
            self.arrival += 1;
            if let Some(at) = state.seat(room, seat) {
                state.latency(Metric::Lag, due, now);
                state.begin(at, due, false);
            }
        }
    }

    /// Whether the ramp has begun with all.
    pub(super) fn has_ramped(&self, state: &State) -> bool {
        let tried =
            |(at, user): (usize, &super::state::User)| user.tried || !state.connects_in_ramp(at);
        self.ramped == state.users.len() && state.users.iter().enumerate().all(tried)
    }

    /// Nobody else is to connect.
    pub(super) fn cut_ramp(&mut self, state: &mut State) {
        for user in &mut state.users[self.ramped..] {
            user.tried = true;
        }
        self.ramped = state.users.len();
    }
}

impl State {
    fn connects_in_ramp(&self, at: usize) -> bool {
        self.users[at].seat < self.plan.users || !self.plan.reconnect
    }

    fn seat(&self, room: u32, seat: u32) -> Option<usize> {
        let senders = &self.rooms.get(&room)?.senders;
        // In the order of their seats.
        let place = senders.binary_search_by_key(&seat, |at| self.users[*at].seat);
        place.ok().map(|place| senders[place])
    }

    /// Fills the places of a closed loop.
    fn give_tokens(&mut self) {
        let Pace::Closed(in_flight) = self.plan.pace else {
            return;
        };
        let plan = self.plan.clone();
        let shape = plan.shape();
        for room in self.rooms.keys().copied().collect::<Vec<_>>() {
            for place in 0..in_flight {
                let seat = shape.senders_from + place % shape.senders.max(1);
                if self.seat(room, seat).is_some() {
                    self.next_in(room);
                }
            }
        }
    }

    /// Begins the next operation of a closed loop.
    pub(super) fn next_in(&mut self, room: u32) {
        let now = clock::now();
        if !self.is_closed_loop() || self.span.is_none_or(|span| now >= span.end) {
            return;
        }
        match self.next_sender(room) {
            Some(at) => self.begin(at, now, true),
            None => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.idle_tokens += 1;
                }
            }
        }
    }

    fn next_sender(&mut self, room: u32) -> Option<usize> {
        let (users, plan) = (&self.users, &self.plan);
        let room = self.rooms.get_mut(&room)?;
        let count = room.senders.len();
        let able = |at: usize| {
            let user = &users[at];
            let connected = user.connection.is_some();
            match plan.scenario {
                Scenario::Churn => !user.busy && (plan.reconnect || connected),
                _ => user.joined,
            }
        };
        let places = (0..count).map(|step| (room.next_sender + step) % count);
        let place = places
            .into_iter()
            .find(|place| able(room.senders[*place]))?;
        room.next_sender = (place + 1) % count;
        Some(room.senders[place])
    }

    /// Gives up what was not answered in time, and keeps the silent alive.
    fn sweep(&mut self, now: u64) {
        for at in 0..self.users.len() {
            while let Some(pending) = self.users[at].pending.front().copied()
                && now.saturating_sub(pending.sent) > self.plan.ack_timeout_ns
            {
                self.users[at].pending.pop_front();
                self.failed(at, pending, "timeout");
            }
            let user = &self.users[at];
            if user.joined && now.saturating_sub(user.last_beat) > user.keepalive_ns {
                self.heartbeat(at, Metric::Keepalive, now, false, false);
            }
        }
        self.sweep_rooms(now);
    }

    fn sweep_rooms(&mut self, now: u64) {
        let timeout_ns = self.plan.ack_timeout_ns;
        let mut undelivered = 0;
        let mut tokens = Vec::new();
        for (number, room) in &mut self.rooms {
            let idle = &mut room.idle_tokens;
            room.awaited.retain(|_, it| {
                let over = now.saturating_sub(it.due) > timeout_ns;
                undelivered += u32::from(over);
                *idle += u32::from(over && it.token);
                !over
            });
            tokens.extend((0..std::mem::take(idle)).map(|_| *number));
        }
        for _ in 0..undelivered {
            self.error(Metric::Complete, "not delivered");
        }
        for room in tokens {
            self.next_in(room);
        }
    }
}
