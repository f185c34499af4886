//! What users send.

use std::fmt::Write;

use crate::clock;
use crate::mark::{KEY, Mark, Who, room_id};
use crate::metric::Metric;
use crate::plan::{Plan, Scenario, Until};

use super::state::{Awaited, Pending, State};

impl State {
    /// Begins an operation of the scenario, which was due at `due`.
    pub(super) fn begin(&mut self, at: usize, due: u64, token: bool) {
        match self.plan.scenario {
            Scenario::Presence => {
                let user = &mut self.users[at];
                let every = self.plan.patch_every;
                let patch = every > 0 && user.beats.is_multiple_of(every);
                user.beats = user.beats.wrapping_add(1);
                self.heartbeat(at, Metric::Heartbeat, due, patch, token);
            }
            Scenario::Fanout => self.heartbeat(at, Metric::Update, due, true, token),
            Scenario::Chat => self.chat(at, due, token),
            Scenario::Churn => self.begin_cycle(at, due, token),
            Scenario::Storm => self.join(at, due),
            Scenario::Idle | Scenario::Worker => {}
        }
    }

    pub(super) fn join(&mut self, at: usize, due: u64) {
        let user = &self.users[at];
        let (room, seat, life) = (user.room, user.seat, user.life);
        let comes_and_goes = seat >= self.plan.users;
        let number = comes_and_goes.then(|| 2 * life + 1);
        let sent = self.users[at].sent.last;
        let mark = Mark {
            sender: seat,
            number: number.unwrap_or(sent),
            due_ns: due,
        };
        let who = Who { member: seat, life };
        let plan = self.plan.clone();
        let payload = format!(
            r#"{{"roomId":"{}","userId":"{}","state":{}}}"#,
            room_id(&plan.run, room),
            who.user_id(&plan.run, room),
            state(&plan, mark),
        );
        self.users[at].last_beat = clock::now();
        self.request(
            at,
            "presence:join",
            &payload,
            Metric::Join,
            due,
            number,
            false,
        );
    }

    pub(super) fn leave(&mut self, at: usize, due: u64) {
        let number = 2 * self.users[at].life + 2;
        self.users[at].sent.last = number;
        self.users[at].joined = false;
        let metric = Metric::Leave;
        self.request(
            at,
            "presence:leave",
            "null",
            metric,
            due,
            Some(number),
            false,
        );
    }

    pub(super) fn heartbeat(
        &mut self,
        at: usize,
        metric: Metric,
        due: u64,
        patch: bool,
        token: bool,
    ) {
        let now = clock::now();
        self.users[at].last_beat = now;
        if !patch {
            self.request(at, "presence:heartbeat", "{}", metric, due, None, token);
            return;
        }
        let mark = self.next_mark(at, due);
        let payload = format!(r#"{{"patchState":{}}}"#, state(&self.plan, mark));
        let number = Some(mark.number);
        self.request(
            at,
            "presence:heartbeat",
            &payload,
            metric,
            due,
            number,
            token,
        );
    }

    fn chat(&mut self, at: usize, due: u64, token: bool) {
        let mark = self.next_mark(at, due);
        let room = room_id(&self.plan.run, self.users[at].room);
        let payload = format!(r#"{{"roomId":"{room}","message":"{mark}"}}"#);
        let number = Some(mark.number);
        self.request(at, "chat:send", &payload, Metric::Chat, due, number, token);
    }

    fn next_mark(&mut self, at: usize, due: u64) -> Mark {
        let user = &mut self.users[at];
        user.sent.last += 1;
        Mark {
            sender: user.seat,
            number: user.sent.last,
            due_ns: due,
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "a request is what it is, and is made in four places"
    )]
    fn request(
        &mut self,
        at: usize,
        name: &str,
        payload: &str,
        metric: Metric,
        due: u64,
        number: Option<u32>,
        token: bool,
    ) {
        if metric != Metric::Keepalive {
            self.counts.begun += 1;
        }
        if let (Some(number), Until::Delivery) = (number, self.plan.until)
            && self.plan.scenario != Scenario::Churn
        {
            self.await_delivery(at, number, due, token);
        }
        let user = &mut self.users[at];
        let id = user.ids;
        user.ids += 1;
        let mut packet = String::with_capacity(name.len() + payload.len() + 16);
        // Writing to a string never fails.
        let _ = write!(packet, "42{id}[\"{name}\",{payload}]");
        user.pending.push_back(Pending {
            id,
            metric,
            due,
            sent: clock::now(),
            number,
            token,
        });
        let sent = match &user.connection {
            Some(connection) => connection.send_packet(packet).map_err(|it| it.to_string()),
            None => Err("not connected".to_owned()),
        };
        if let Err(reason) = sent
            && let Some(pending) = user.pending.pop_back()
        {
            self.failed(at, pending, &reason);
        }
    }

    fn await_delivery(&mut self, at: usize, number: u32, due: u64, token: bool) {
        let user = &self.users[at];
        let users = &self.users;
        let Some(room) = self.rooms.get_mut(&user.room) else {
            return;
        };
        let there = room.members.iter().filter(|it| users[**it].joined);
        let awaited = Awaited {
            due,
            left: there.count(),
            answered: false,
            token,
        };
        room.awaited.insert((user.seat, number), awaited);
    }
}

/// A state with a mark, as long as the plan wants it.
fn state(plan: &Plan, mark: Mark) -> String {
    let mut json = format!(r#"{{"{KEY}":"{mark}""#);
    let length = plan.payload_bytes as usize;
    if length > 0 {
        json.push_str(r#","p":""#);
        json.extend(std::iter::repeat_n('x', length));
        json.push('"');
    }
    json.push('}');
    json
}
