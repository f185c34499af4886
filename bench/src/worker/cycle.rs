//! Churn: a seat whose user joins, stays for a while, and leaves, again and again.

use crate::metric::Metric;

use super::state::{Pending, State};

impl State {
    /// Begins a cycle, or lets it wait until the one before is over: it was due all the same.
    pub(super) fn begin_cycle(&mut self, at: usize, due: u64, token: bool) {
        let user = &mut self.users[at];
        if user.busy {
            user.waiting.push_back(due);
            return;
        }
        user.busy = true;
        user.token = token;
        user.sent.last = 2 * user.life + 1;
        if self.plan.reconnect {
            self.to_connect.push((at, due));
        } else {
            self.join(at, due);
        }
    }

    pub(super) fn go_on_cycle(&mut self, at: usize, pending: Pending, now: u64) {
        match pending.metric {
            Metric::Join => self.holding.push_back((now + self.plan.hold_ns, at)),
            Metric::Leave => self.end_cycle(at, true),
            _ => {}
        }
    }

    /// Those who have stayed long enough leave.
    pub(super) fn end_holds(&mut self, now: u64) {
        while let Some((until, at)) = self.holding.front().copied() {
            if until > now {
                return;
            }
            self.holding.pop_front();
            // It may have lost its connection meanwhile.
            if self.users[at].joined {
                self.leave(at, until);
            }
        }
    }

    /// Cycles that were due, and that nothing will come of.
    pub(super) fn not_begun(&mut self, at: usize) {
        for _ in std::mem::take(&mut self.users[at].waiting) {
            self.error(Metric::Join, "not begun");
        }
    }

    pub(super) fn end_cycle(&mut self, at: usize, good: bool) {
        let reconnect = self.plan.reconnect;
        let user = &mut self.users[at];
        if !std::mem::take(&mut user.busy) {
            return;
        }
        let numbers = [2 * user.life + 1, 2 * user.life + 2];
        user.sent.last = numbers[1];
        if good {
            self.counts.cycles += 1;
        } else {
            user.sent.unsure.extend(numbers);
        }
        user.joined = false;
        user.life += 1;
        if reconnect {
            // Dropped, it is closed.
            user.connection = None;
            user.serial += 1;
        }
        let (room, token) = (user.room, std::mem::take(&mut user.token));
        if !good {
            self.not_begun(at);
        }
        if let Some(due) = self.users[at].waiting.pop_front() {
            self.begin_cycle(at, due, token);
        } else if token && good {
            self.next_in(room);
        } else if token && let Some(room) = self.rooms.get_mut(&room) {
            room.idle_tokens += 1;
        }
    }
}
